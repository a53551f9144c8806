"""Replies of a host before its turn: on an idle connection, behind another reply, and while content goes out."""

import socket
import struct
import threading

import pytest

from empath.policy.hosts.search import Host
from empath.smtp.client.session import ClientRecipient, Transaction
from tests.daemon.worker.kit import MAIL, said, send
from tests.kit.peer import END_OF_DATA, ScriptedPeer
from tests.kit.waiting import DEADLINE_S, eventually

BIG = b"x" * 1_000_000 + b"\r\n"
TWO = Transaction("a@b.test", {1: ClientRecipient("good@d.test"), 2: ClientRecipient("bad@d.test")}, 10)


@pytest.mark.parametrize("octets", [b"250 2.0.0 Ok\r\n", b"250 half", b"421 4.3.2 Closing\r\n", b"what\r\n"])
def test_f15_a_connection_over_which_the_host_has_spoken_is_not_used_again(make_pool, octets):
    """
    An unasked 250 would shift all replies by one, and a good recipient would bounce with its neighbour's 550.
    """
    pool = make_pool(idle="1h")
    with ScriptedPeer().reply_to_recipient("bad@d.test", "550 5.1.1 No such user") as peer:
        send(pool, peer)
        peer.say(octets)
        result = send(pool, peer, TWO)
        assert (True, "end-of-data", "250 2.0.0") == said(result)
        assert "550 5.1.1 No such user" == result.results[2].reply.escaped()
        assert (2, 2) == (len(peer.sessions), len(peer.messages))


@pytest.mark.parametrize("octets", [b"250 2.0.0 Ok\r\n", b"250 half", b"421 4.3.2 Closing\r\n"])
def test_octets_behind_the_answer_to_a_message_do_not_undo_it(make_pool, octets):
    """
    They arrive in the same segment. The next message gets a new connection.
    """
    pool = make_pool(idle="1h")
    with ScriptedPeer().reply(END_OF_DATA, b"250 2.0.0 Taken\r\n" + octets) as peer:
        assert [(True, "end-of-data", "250 2.0.0")] * 2 == [said(send(pool, peer)) for _ in range(2)]
        assert (2, 2) == (len(peer.sessions), len(peer.messages))


@pytest.mark.parametrize(
    ("octets", "reply"),
    [
        (b"421 4.3.2 closing\r\n", "421 4.3.2"),
        (b"25", "451 4.7.0"),
        (b"250 2.1.0 Ok\r\n", "451 4.7.0"),
        (b"554 5.7.1 Go away\r\n", "554 5.7.1"),
    ],
)
def test_octets_behind_the_reply_to_ehlo_are_the_end_of_the_host(make_pool, octets, reply):
    """
    The next host is asked, as after any host that gave no session.
    """
    with ScriptedPeer().reply("EHLO", b"250 x\r\n" + octets) as peer:
        assert (False, "ehlo", reply) == said(send(make_pool(), peer))
        assert [] == peer.messages


@pytest.mark.parametrize(
    ("octets", "reply"),
    [
        (b"552 5.3.4 Too big\r\n", "552 5.3.4"),
        (b"421 4.3.2 Closing\r\n", "421 4.3.2"),
        (b"250 2.0.0 Ok\r\n", "451 4.5.0"),
        (b"250 2.0.", "451 4.5.0"),
    ],
)
def test_f15_what_the_host_says_while_content_goes_out_decides(make_pool, octets, reply):
    """
    A 552 bounces, a 421 closes, and a 250 before the final dot promises nothing: the dot may get another answer.
    """
    with ScriptedPeer() as peer:

        def pieces():
            yield BIG  # takes some time
            peer.say(octets)
            yield b"last\r\n"

        assert (True, "content", reply) == said(send(make_pool(), peer, pieces=pieces))
        peer.wait_until(lambda: peer.open_sessions == 0)
        assert [] == peer.messages


def test_f15_a_failed_write_is_followed_by_a_look_at_what_the_host_said(make_pool):
    """
    A host may refuse a message that is too big and close. With "connection lost" the mail would be sent again for five
    days.
    """
    with ScriptedPeer() as peer:

        def pieces():
            yield BIG
            peer.say(b"552 5.3.4 Too big\r\n", is_last=True)
            peer.wait_until(lambda: peer.open_sessions == 0)
            yield from [BIG] * 20

        assert (True, "content", "552 5.3.4") == said(send(make_pool(), peer, pieces=pieces))


def test_a_host_that_refuses_and_reads_no_more_is_heard(make_pool):
    """
    The write is blocked, and only the refusal ends the wait.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    is_over = threading.Event()

    def refuse():
        connection, _ = listener.accept()
        for turn in (b"220 x\r\n", b"250-x\r\n250 PIPELINING\r\n", b"250 Ok\r\n250 Ok\r\n354 Go\r\n"):
            connection.sendall(turn)
            connection.recv(10_000)
        connection.sendall(b"552 5.3.4 Too big\r\n")
        is_over.wait(10)
        connection.close()

    thread = threading.Thread(target=refuse)
    thread.start()
    peer = ScriptedPeer(*listener.getsockname())
    try:
        result = send(make_pool(), peer, pieces=lambda: iter([BIG] * 100))
    finally:
        is_over.set()
        thread.join()
        listener.close()
    assert (True, "content", "552 5.3.4") == said(result)


@pytest.mark.parametrize(
    ("misdeed", "expected"),
    [
        ("close", "451 4.4.2"),
        ("reset", "451 4.4.2"),
        ("shut down", "451 4.4.2"),
        ("garbage", "451 4.5.0"),
        ("half a reply", "451 4.5.0"),
    ],
)
def test_f6_a_host_that_is_lost_while_content_flows_has_no_mail_and_leaves_no_doubt(make_pool, misdeed, expected):
    """
    It cannot have the whole message, so another host may be asked.
    """
    listener = socket.create_server(("127.0.0.1", 0))

    def fail():
        connection, _ = listener.accept()
        with connection:
            for turn in (b"220 x\r\n", b"250-x\r\n250 PIPELINING\r\n", b"250 Ok\r\n250 Ok\r\n354 Go\r\n"):
                connection.sendall(turn)
                connection.recv(10_000)
            if misdeed == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif misdeed == "shut down":
                connection.shutdown(socket.SHUT_WR)
            elif misdeed == "garbage":
                connection.sendall(b"\xff\x00 what?\r\n")
            elif misdeed == "half a reply":
                connection.sendall(b"2")
            if misdeed not in ("close", "reset"):
                while connection.recv(100_000):
                    pass

    thread = threading.Thread(target=fail)
    thread.start()
    try:
        result = send(make_pool(), ScriptedPeer(*listener.getsockname()), pieces=lambda: iter([BIG] * 40))
    finally:
        thread.join()
        listener.close()
    assert (True, "content", expected, False) == (*said(result), result.is_in_doubt)


def test_a_look_for_early_words_finds_none_in_a_decent_host(make_pool):
    """
    One connection carries all messages, even large ones.
    """
    pool = make_pool(idle="1h")
    with ScriptedPeer() as peer:
        for _ in range(3):
            send(pool, peer, pieces=lambda: iter([BIG] * 5))
        assert (1, 3) == (len(peer.sessions), len(peer.messages))
        assert eventually(lambda: peer.open_sessions == 1)


def test_f15_a_250_before_the_dot_has_arrived_is_not_believed(make_pool):
    """
    The kernel takes a small message whole, while the host reads nothing: the 250 was said before the host had it.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

        def serve():
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as lines:
                connection.sendall(b"220 x\r\n")
                for reply in (b"250 x\r\n", b"250 Ok\r\n", b"250 Ok\r\n", b"354 Go\r\n"):
                    lines.readline()
                    connection.sendall(reply)
                sent.wait(DEADLINE_S)
                connection.sendall(b"250 2.0.0 Premature\r\n")
                is_decided.wait(DEADLINE_S)

        def may_end():
            sent.set()
            return True

        sent, is_decided = threading.Event(), threading.Event()
        host = threading.Thread(target=serve)
        host.start()
        pool = make_pool()
        content = b"x" * 70 + b"\r\n"
        result = pool.send(Host("x", *listener.getsockname()), MAIL, lambda: iter([content * 500]), may_end)
        is_decided.set()
        host.join()
        assert "451 4.5.0" in result.results[1].reply.escaped()
        assert result.is_in_doubt
