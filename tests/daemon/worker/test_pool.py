"""Connections that wait for more mail, with a scripted peer."""

import resource
import socket

import pytest

from empath.daemon.worker.connection import Abandoned
from empath.errors import StorageFailure, SyntaxViolation
from empath.mail.outcome import Stage
from empath.net.stream import OutOfResources
from empath.policy.hosts.search import Host
from empath.smtp.client.session import ClientRecipient, Transaction
from tests.daemon.worker.kit import MAIL, said, send
from tests.kit.peer import END_OF_DATA, GREETING, ScriptedPeer


def test_one_connection_carries_one_mail_after_another(make_pool):
    """
    The result names the host and its address each time.
    """
    pool = make_pool()
    with ScriptedPeer() as peer:
        results = [send(pool, peer) for _ in range(3)]
        assert [(True, "end-of-data", "250 2.0.0")] * 3 == list(map(said, results))
        assert {peer.address} == {result.peer for result in results}
        assert (1, 3) == (len(peer.sessions), len(peer.messages))


def test_a_connection_past_its_time_is_left_with_quit(make_pool):
    """
    The time of reuse is bounded, so that the slowest host does not gather all mail.
    """
    pool = make_pool(reuse="0s")
    with ScriptedPeer() as peer:
        for _ in range(2):
            send(pool, peer)
        peer.wait_until(lambda: ["QUIT", "QUIT"] == [session.verbs[-1] for session in peer.sessions])


def test_idle_connections_are_left_with_quit(make_pool):
    """
    A peer has its own limit of connections.
    """
    pool = make_pool(idle="0s")
    with ScriptedPeer() as peer:
        send(pool, peer)
        pool.close_idle()
        peer.wait_until(lambda: peer.open_sessions == 0)
        assert "QUIT" == peer.sessions[0].verbs[-1]


def test_connections_that_may_wait_wait(make_pool):
    """
    They wait until they are used, or until all of them are closed.
    """
    pool = make_pool(idle="1h")
    with ScriptedPeer() as peer:
        send(pool, peer)
        pool.close_idle()
        send(pool, peer)
        assert 1 == len(peer.sessions)
        pool.close_idle(all_of_them=True)
        peer.wait_until(lambda: peer.open_sessions == 0)


def test_a_transaction_that_is_given_up_before_its_dot_delivers_nothing(make_pool):
    """
    The connection is closed, because the peer waits for the dot.
    """
    pool = make_pool()
    with ScriptedPeer() as peer:
        with pytest.raises(Abandoned):
            send(pool, peer, may_end=lambda: False)
        peer.wait_until(lambda: peer.sessions != [] and peer.open_sessions == 0)
        assert [] == peer.messages


def test_a_host_is_not_blamed_for_a_limit_of_this_process(make_pool):
    """
    The host was not asked, so its lease must not count it as silent.
    """
    pool = make_pool()
    with ScriptedPeer() as peer:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with socket.socket() as last:
            lowest_free = last.fileno()
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
        try:
            with pytest.raises(OutOfResources, match="too many open files"):
                send(pool, peer)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_content_that_cannot_be_read_closes_the_connection(make_pool):
    """
    Half a message must not become a whole one.
    """

    def pieces():
        yield b"half\r\n"
        raise StorageFailure("no such file")

    pool = make_pool()
    with ScriptedPeer() as peer:
        with pytest.raises(StorageFailure):
            send(pool, peer, pieces=pieces)
        peer.wait_until(lambda: peer.sessions != [] and peer.open_sessions == 0)
        assert [] == peer.messages


def test_a_path_that_no_command_can_carry_closes_the_connection(make_pool):
    """
    No part of the command is sent.
    """
    pool = make_pool()
    with ScriptedPeer() as peer:
        with pytest.raises(SyntaxViolation):
            send(pool, peer, Transaction("a@b.test", {1: ClientRecipient("c\r\nQUIT@d.test")}, 10))
        peer.wait_until(lambda: peer.sessions != [] and peer.open_sessions == 0)
        assert ["EHLO"] == peer.sessions[0].verbs


@pytest.mark.parametrize(
    ("step", "setting", "stage"),
    [
        (GREETING, "greeting_timeout", "greeting"),
        ("EHLO", "ehlo_timeout", "ehlo"),
        ("MAIL", "mail_timeout", "mail"),
        (END_OF_DATA, "end_of_data_timeout", "end-of-data"),
    ],
)
def test_a_peer_that_falls_silent_is_not_waited_for_beyond_the_time_of_its_stage(make_pool, step, setting, stage):
    """
    RFC 5321 §4.5.3.2: each stage has its own.
    """
    pool = make_pool(**{setting: "1s"})
    with ScriptedPeer().hang_at(step) as peer:
        assert (step not in (GREETING, "EHLO"), stage, "451 4.4.2") == said(send(pool, peer))


def test_a_host_that_refuses_the_connection_was_not_reached(make_pool):
    """
    4.4.1, with the name and address that were tried.
    """
    peer = ScriptedPeer().start()
    peer.stop()
    result = send(make_pool(), peer)
    assert (False, Stage.CONNECT) == (result.was_reached, result.results[1].stage)
    expected = f"451 4.4.1 connect to peer.test[127.0.0.1]:{peer.port}: connection refused"
    assert expected == str(result.results[1].reply)


def test_a_large_message_goes_in_pieces(make_pool):
    """
    Dots at the borders of pieces are doubled, too.
    """
    pieces = [b"x" * 100_000 + b"\r\n", b".\r\n", b".", b"\r\n..\r", b"\n"] * 20
    pool = make_pool()
    with ScriptedPeer() as peer:
        send(pool, peer, pieces=lambda: iter(pieces))
        assert b"".join(pieces) == peer.messages[0].content


def test_a_peer_that_goes_in_the_middle_of_content_is_a_lost_connection(make_pool):
    """
    The amount of unsent content does not matter.
    """
    pool = make_pool()
    with ScriptedPeer().drop_once_answered("DATA") as peer:
        result = send(pool, peer, pieces=lambda: iter([b"x" * 100_000 + b"\r\n"] * 100))
        assert (True, "451 4.4.2") == (result.was_reached, str(result.results[1].reply)[:9])


@pytest.mark.parametrize(
    ("place", "reply"), [((10, True), "550 5.4.6"), ((20, False), "451 4.4.4"), ((None, True), "451 4.3.5")]
)
@pytest.mark.parametrize(("step", "words"), [(GREETING, "220 MX.example.test ESMTP"), ("EHLO", "250 mx.example.test")])
def test_a_host_that_greets_by_our_name_gets_no_mail(make_pool, step, words, place, reply):
    """
    5.4.6 for the best exchanger (E5), a deferral for a route of our own (E7).
    """
    with ScriptedPeer().reply(step, words) as peer:
        pool = make_pool(mx_port=peer.port)
        host = Host("peer.test", peer.host, peer.port, *place)
        result = pool.send(host, MAIL, lambda: iter((b"text\r\n",)), lambda: True)
        assert (False, "ehlo", reply) == said(result)
        peer.wait_until(lambda: peer.sessions[0].is_over)
        assert "QUIT" == peer.sessions[0].verbs[-1]


def test_each_stage_is_measured_where_somebody_counts(make_pool):
    """
    A connection that is used again has no new opening. Pieces of one message are no stages of their own.
    """
    measured = []
    pool = make_pool(measure=lambda stage, seconds: measured.append((stage, seconds >= 0.0)))
    with ScriptedPeer() as peer:
        for _ in range(2):
            send(pool, peer)
    stages = ["connect", "opening", "envelope", "content", "envelope", "content"]
    assert [(stage, True) for stage in stages] == measured
