"""The scripted peer follows its script; other tests rely on it."""

import socket

import pytest

from tests.kit.peer import END_OF_DATA, GREETING, ScriptedPeer

HELLO = [b"EHLO me.test\r\n", b"MAIL FROM:<a@x.test> SIZE=3\r\n", b"RCPT TO:<b@x.test>\r\n", b"DATA\r\n"]


class Client:
    """A raw connection to a peer."""

    def __init__(self, peer: ScriptedPeer) -> None:
        self.socket = socket.create_connection((peer.host, peer.port), timeout=10)
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self.socket.close()

    def read(self) -> bytes:
        """One reply of any number of lines; empty at the end of the connection."""
        lines = [self.file.readline()]
        while lines[-1][3:4] == b"-":
            lines.append(self.file.readline())
        return b"".join(lines)

    def ask(self, *commands: bytes) -> list[bytes]:
        """Send all at once, then read as many replies."""
        self.socket.sendall(b"".join(commands))
        return [self.read() for _ in commands]

    def codes(self, *commands: bytes) -> list[bytes]:
        """The codes of the replies."""
        return [reply[:3] for reply in self.ask(*commands)]


def test_a_peer_without_a_script_takes_every_message() -> None:
    """
    Most tests need only this.
    """
    with ScriptedPeer() as peer, Client(peer) as client:
        assert b"220 peer.test ESMTP\r\n" == client.read()
        assert [b"250", b"250", b"250", b"354"] == client.codes(*HELLO)
        assert [b"250", b"221"] == client.codes(b"a\r\n..\r\n..b\r\n.\r\n", b"QUIT\r\n")
        (message,) = peer.wait_for_messages(1)
        assert ("a@x.test", ("b@x.test",), b"a\r\n.\r\n.b\r\n", b"a\r\n..\r\n..b\r\n") == (
            message.reverse_path,
            message.recipients,
            message.content,
            message.raw,
        )
        assert "MAIL FROM:<a@x.test> SIZE=3" == message.mail


def test_an_empty_message_is_a_message() -> None:
    """
    The end of data follows the 354 at once.
    """
    with ScriptedPeer() as peer, Client(peer) as client:
        client.read()
        assert [b"250"] * 3 + [b"354", b"250"] == client.codes(*HELLO, b".\r\n")
        assert [b""] == [message.content for message in peer.messages]


def test_replies_go_in_sequence_over_all_sessions() -> None:
    """
    A retry on a new connection must meet the next reply.
    """
    with ScriptedPeer().reply("MAIL", "451 4.3.0 Later", "250 2.1.0 Ok") as peer:
        codes = []
        for _ in range(3):
            with Client(peer) as client:
                client.read()
                codes += client.codes(*HELLO[:2])[1:]
        assert [b"451", b"250", b"250"] == codes
        assert [["EHLO", "MAIL"]] * 3 == [session.verbs for session in peer.sessions]


def test_a_recipient_may_have_replies_of_its_own() -> None:
    """
    One transaction with several fates.
    """
    with (
        ScriptedPeer().reply_to_recipient("b@x.test", "450 4.2.1 Later", "250 2.1.5 Ok") as peer,
        Client(peer) as client,
    ):
        client.read()
        commands = [b"RCPT TO:<b@x.test>\r\n", b"RCPT TO:<c@x.test>\r\n", b"RCPT TO:<b@x.test>\r\n"]
        assert [b"450", b"250", b"250"] == client.codes(*commands)


def test_only_recipients_that_were_accepted_belong_to_a_message() -> None:
    """
    A recipient of a reset transaction does not.
    """
    with ScriptedPeer().reply_to_recipient("c@x.test", "550 5.1.1 No") as peer, Client(peer) as client:
        client.read()
        client.ask(
            *HELLO[:3], b"RSET\r\n", HELLO[1], b"RCPT TO:<c@x.test>\r\n", b"RCPT TO:<d@x.test>\r\n", HELLO[3], b".\r\n"
        )
        assert [("d@x.test",)] == [message.recipients for message in peer.messages]


def test_extensions_are_offered_as_told() -> None:
    """
    They keep their order, after the name of the peer.
    """
    with ScriptedPeer().extensions("SIZE 10", "DSN") as peer, Client(peer) as client:
        client.read()
        assert [b"250-peer.test\r\n250-SIZE 10\r\n250 DSN\r\n"] == client.ask(HELLO[0])


def test_octets_are_sent_as_they_are() -> None:
    """
    A test may need a malformed reply.
    """
    with ScriptedPeer().greeting(b"\xff\x00 hello\n") as peer, Client(peer) as client:
        assert b"\xff\x00 hello\n" == client.file.readline()


def test_a_reply_of_several_lines_is_text() -> None:
    """
    Each line has its own code, so that a test can mix them.
    """
    with ScriptedPeer().greeting("220-a\n554 b") as peer, Client(peer) as client:
        assert b"220-a\r\n554 b\r\n" == client.read()


def test_an_unknown_command_is_answered() -> None:
    """
    Servers do this.
    """
    with ScriptedPeer() as peer, Client(peer) as client:
        client.read()
        assert [b"500"] == client.codes(b"XYZZY\r\n")


@pytest.mark.parametrize("step", [GREETING, "EHLO", "MAIL", "RCPT", "DATA", END_OF_DATA])
def test_a_connection_can_be_dropped_at_each_step(step: str) -> None:
    """
    The peer drops it instead of answering; earlier commands are on record.
    """
    steps = [GREETING, "EHLO", "MAIL", "RCPT", "DATA", END_OF_DATA]
    with ScriptedPeer().drop_at(step) as peer, Client(peer) as client:
        answers = [client.read()]
        for command in [*HELLO, b"a\r\n.\r\n"]:
            if answers[-1]:
                answers += client.ask(command)
        assert (steps.index(step), b"") == (len(answers) - 1, answers[-1])
        peer.wait_until(lambda: peer.sessions[0].is_over)
        assert [False] * (step == END_OF_DATA) == [message.is_accepted for message in peer.sessions[0].messages]
        assert [] == peer.messages


def test_a_connection_can_be_reset() -> None:
    """
    The client then has an error, not an end of file.
    """
    with ScriptedPeer().drop_at("EHLO", is_reset=True) as peer, Client(peer) as client:
        client.read()
        with pytest.raises(ConnectionResetError):
            client.ask(HELLO[0])


def test_a_connection_can_be_dropped_after_some_commands() -> None:
    """
    Each of them is answered.
    """
    with ScriptedPeer().drop_after(2) as peer, Client(peer) as client:
        client.read()
        assert [b"250", b"250", b""] == [*client.codes(*HELLO[:2]), client.read()]


def test_a_connection_can_be_dropped_when_a_message_is_taken() -> None:
    """
    Some servers do not wait for QUIT.
    """
    with ScriptedPeer().drop_once_answered(END_OF_DATA) as peer, Client(peer) as client:
        client.read()
        client.ask(*HELLO)
        assert [b"250", b""] == [*client.codes(b".\r\n"), client.read()]
        assert 1 == len(peer.messages)


def test_a_peer_that_hangs_is_stopped_all_the_same() -> None:
    """
    Otherwise it would block the tests.
    """
    with ScriptedPeer().hang_at("EHLO") as peer, Client(peer) as client:
        client.read()
        client.socket.sendall(HELLO[0])
        peer.wait_until(lambda: peer.sessions[0].verbs == ["EHLO"])
        assert 1 == peer.open_sessions
        peer.stop()
        assert (b"", True) == (client.read(), peer.sessions[0].is_over)


def test_a_delay_comes_before_the_answer_and_does_not_outlive_the_peer() -> None:
    """
    The end of a test must not wait for it.
    """
    with ScriptedPeer().delay("EHLO", 0.01).delay("MAIL", 3600) as peer, Client(peer) as client:
        client.read()
        assert [b"250"] == client.codes(HELLO[0])
        client.socket.sendall(HELLO[1])
        peer.wait_until(lambda: len(peer.sessions[0].commands) == 2)


def test_replies_in_pieces_are_whole_in_the_end() -> None:
    """
    The client has to put them together.
    """
    with ScriptedPeer().in_pieces(1) as peer, Client(peer) as client:
        assert b"220 peer.test ESMTP\r\n" == client.read()


def test_a_peer_may_start_again_on_its_port() -> None:
    """
    Tests often need a peer that is away for a while.
    """
    peer = ScriptedPeer()
    for _ in range(2):
        with peer, Client(peer) as client:
            assert b"220" == client.read()[:3]
    assert 2 == len(peer.sessions)
    with pytest.raises(ConnectionRefusedError):
        Client(peer)


def test_a_wait_in_vain_names_what_came() -> None:
    """
    The record has the reason of the failure.
    """
    with ScriptedPeer() as peer, Client(peer) as client:
        client.read()
        client.ask(HELLO[0])
        with pytest.raises(TimeoutError, match=r"EHLO me\.test"):
            peer.wait_for_messages(1, deadline_s=0.01)


@pytest.mark.parametrize(("host", "address"), [("127.0.0.1", "127.0.0.1:25"), ("::1", "[::1]:25")])
def test_an_address_is_written_as_routes_have_it(host: str, address: str) -> None:
    """
    IPv6 in brackets.
    """
    assert address == ScriptedPeer(host, 25).address
