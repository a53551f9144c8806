"""A client session and the scripted peer over a real connection, with the buffers of two hosts."""

import socket

import pytest

from empath.smtp.client.events import ContentWanted, HostFailed, Ready, SessionClosed, TransactionEnded
from empath.smtp.client.session import ClientSession, Transaction
from tests.kit.peer import END_OF_DATA, ScriptedPeer
from tests.smtp.client.kit import transaction


def deliver(peer: ScriptedPeer, what: Transaction, content: bytes = b"a\r\n") -> list[tuple[str, int]]:
    """Deliver one message with a blocking driver; give stage and code of each recipient."""
    session = ClientSession("me.test")
    results: list[tuple[str, int]] = []
    with socket.create_connection((peer.host, peer.port), timeout=10) as connection:
        is_over = False
        while not is_over:
            while (event := session.next_event()) is not None:
                match event:
                    case Ready():
                        session.begin(what)
                    case ContentWanted():
                        session.content(content)
                        session.end_content()
                    case TransactionEnded():
                        results = [(str(result.stage), result.reply.code) for result in event.results.values()]
                        session.quit()
                    case HostFailed():
                        results = [(str(event.stage), event.reply.code)]
                    case SessionClosed():
                        is_over = True
            if octets := session.octets_to_send():
                connection.sendall(octets)
            if not is_over:
                session.receive(connection.recv(65536))
    return results


@pytest.mark.parametrize("extensions", [(), ("PIPELINING",)])
def test_content_arrives_as_it_was(extensions):
    """
    The content has dots at line starts and is larger than all buffers between the two.
    """
    content = b".\r\n..\r\n.a\r\n" + b"x" * 70 + b"\r\n.\r\n" * 500_000
    with ScriptedPeer().extensions(*extensions).in_pieces(3) as peer:
        assert [("end-of-data", 250)] == deliver(peer, transaction(), content)
        assert [content] == [message.content for message in peer.messages]


@pytest.mark.parametrize("is_wordy", [False, True])
def test_a_thousand_recipients_do_not_block_both_sides(is_wordy):
    """
    RFC 2920 §3.1: a peer that blocks in writing its answers reads no more commands.
    """
    addresses = tuple(f"recipient-{number:04}@example.net" for number in range(1000))
    with (
        ScriptedPeer().reply("RCPT", "250 " + "a" * 1000 * is_wordy).reply_to_recipient(addresses[7], "550 No") as peer
    ):
        results = deliver(peer, transaction(*addresses))
        assert [("end-of-data", 250)] * 7 + [("rcpt", 550)] + [("end-of-data", 250)] * 992 == results
        assert [addresses[:7] + addresses[8:]] == [message.recipients for message in peer.messages]


@pytest.mark.parametrize(
    ("step", "result"),
    [
        ("GREETING", ("greeting", 451)),
        ("EHLO", ("ehlo", 451)),
        ("MAIL", ("mail", 451)),
        ("RCPT", ("rcpt", 451)),
        ("DATA", ("data", 451)),
        (END_OF_DATA, ("end-of-data", 451)),
        ("QUIT", ("end-of-data", 250)),
    ],
)
def test_a_peer_that_goes_away_defers_the_message(step, result):
    """
    Only after QUIT a lost connection has no consequences.
    """
    with ScriptedPeer().drop_at(step) as peer:
        assert [result] == deliver(peer, transaction())


def test_all_recipients_refused_leave_a_session_that_can_say_goodbye():
    """
    The peer asked for a message and gets none.
    """
    with ScriptedPeer().reply("RCPT", "550 5.1.1 No").reply(END_OF_DATA, "554 5.5.1 No recipients") as peer:
        assert [("rcpt", 550)] == deliver(peer, transaction())
        assert ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"] == peer.sessions[0].verbs
        assert [] == peer.messages
