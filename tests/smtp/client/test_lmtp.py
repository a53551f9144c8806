"""The client as a client of LMTP, RFC 2033."""

import pytest

from empath.mail.protocol import Protocol
from empath.smtp.client.events import HostFailed, Ready, SessionClosed, TransactionEnded
from empath.smtp.client.session import ClientSession
from tests.smtp.client.kit import EXTENSIONS, GO_ON, LATER, NO, OK, Dialogue, fates, greeting, transaction

TAKEN = b"250 2.0.0 Saved\r\n"
FULL = b"452 4.2.2 Full\r\n"
THREE = ("b@x.test", "c@x.test", "d@x.test")


def connected() -> Dialogue:
    """A session of LMTP after the banner."""
    session = ClientSession("me.test", protocol=Protocol.LMTP)
    return Dialogue(session).hear(b"220 store.test LMTP\r\n")


def sent(*rcpt: bytes, content: bytes = b"a\r\n") -> Dialogue:
    """A session that has sent a message to three recipients, with these replies to RCPT."""
    dialogue = connected().hear(greeting(EXTENSIONS)).begin(transaction(*THREE))
    return dialogue.hear(OK, *(rcpt or (OK, OK, OK)), GO_ON).send(content).forget()


def test_the_host_is_greeted_with_lhlo() -> None:
    """
    RFC 2033 §4.1: EHLO must not be used.
    """
    dialogue = connected()
    assert [b"LHLO me.test\r\n"] == dialogue.sent
    assert [Ready()] == dialogue.hear(greeting(EXTENSIONS)).events


@pytest.mark.parametrize("refusal", [b"500 5.5.1 What?\r\n", b"451 4.3.2 Later\r\n", b"503 5.5.1 No\r\n"])
def test_a_host_that_refuses_lhlo_gives_no_session(refusal: bytes) -> None:
    """
    LMTP has no HELO to fall back to.
    """
    dialogue = connected().hear(refusal)
    assert [HostFailed, SessionClosed] == [type(event) for event in dialogue.events]
    assert b"QUIT\r\n" == dialogue.sent[-1]


def test_each_accepted_recipient_has_a_reply_of_its_own() -> None:
    """
    RFC 2033 §4.2: in the order of the RCPT commands that were accepted.
    """
    dialogue = sent(OK, NO, OK).hear(TAKEN)
    assert [] == dialogue.events
    dialogue.hear(FULL)
    assert [("end-of-data", "250 2.0.0 Saved"), ("rcpt", "550 5.1.1 No"), ("end-of-data", "452 4.2.2 Full")] == fates(
        dialogue
    )
    assert dialogue.session.is_ready


def test_replies_may_come_at_once() -> None:
    """
    All three in one segment, with a permanent refusal and a reply of the wrong kind among them.
    """
    dialogue = sent().hear(TAKEN + b"503 5.1.1 No\r\n" + b"354 What?\r\n")
    assert ["250", "503", "554"] == [reply[:3] for _, reply in fates(dialogue)]
    assert not dialogue.session.is_usable


@pytest.mark.parametrize(("end", "in_doubt"), [(b"", True), (b"HTTP/1.1\r\n", True), (b"421 4.3.2 Bye\r\n", False)])
def test_a_session_that_breaks_between_the_replies_keeps_those_that_came(end: bytes, in_doubt: bool) -> None:
    """
    Who has the mail must not get it again; the rest is deferred.
    """
    dialogue = sent().hear(TAKEN, end)
    [ended] = [event for event in dialogue.events if isinstance(event, TransactionEnded)]
    codes = [(said.reply.code // 100, said.reply.is_from_host) for said in ended.results.values()]
    is_from_host = not in_doubt
    assert ([(2, True), (4, is_from_host), (4, is_from_host)], in_doubt) == (codes, ended.is_in_doubt)


def test_a_timeout_between_the_replies_leaves_the_rest_in_doubt() -> None:
    """
    Each reply has a deadline of its own: `answered` tells the driver when one came.
    """
    dialogue = sent()
    before = dialogue.session.answered
    dialogue.hear(TAKEN)
    assert before + 1 == dialogue.session.answered
    dialogue.session.lost("10 min", is_timeout=True)
    assert ["250", "451", "451"] == [reply[:3] for _, reply in fates(dialogue.note())]


def test_nothing_is_sent_when_every_recipient_was_refused() -> None:
    """
    RFC 2033 §4.2: DATA fails with 503 then. A host that says 354 would never answer the dot.
    """
    dialogue = connected().hear(greeting(EXTENSIONS)).begin(transaction(*THREE)).forget()
    dialogue.hear(OK, NO, NO, LATER, GO_ON)
    assert ([], ["550", "550", "450"]) == (dialogue.sent, [reply[:3] for _, reply in fates(dialogue)])
    assert SessionClosed() == dialogue.events[-1]


def test_the_session_is_used_again() -> None:
    """
    RSET begins the next transaction, as in SMTP.
    """
    dialogue = sent().hear(TAKEN * 3).forget().begin(transaction("e@x.test"))
    assert dialogue.sent[0].startswith(b"RSET\r\nMAIL FROM")
    dialogue.hear(OK, OK, OK, GO_ON).send(b"b").hear(TAKEN)
    assert [("end-of-data", "250 2.0.0 Saved")] == fates(dialogue)
