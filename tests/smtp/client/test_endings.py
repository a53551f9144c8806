"""How a client session ends, and the results of the transaction under way."""

import pytest

from empath.mail.outcome import Stage
from empath.smtp.client.events import SessionClosed, TransactionEnded
from empath.smtp.client.session import ClientRecipient, ClientSession, Transaction
from tests.smtp.client.kit import BYE, GO_ON, NO, OK, fates, ready, transaction


@pytest.mark.parametrize(
    ("replies", "stage"),
    [
        ([], "mail"),
        ([OK], "rcpt"),
        ([OK + OK], "rcpt"),
        ([OK + OK + OK], "data"),
        ([OK + OK + OK + GO_ON], "content"),
    ],
)
@pytest.mark.parametrize(
    ("last", "said"),
    [(BYE, "421 4.3.2 Bye"), (b"", "451 4.4.2 Connection lost at"), (b"ok\r\n", "451 4.5.0 Protocol error")],
)
def test_a_session_that_ends_defers_what_was_under_way(replies, stage, last, said):
    """
    A session can end by 421, a lost connection, or octets that are not a reply.
    """
    dialogue = ready().begin(transaction("b@x.test", "c@x.test")).hear(*replies, last)
    assert [(stage, said)] * 2 == [(stage, text[: len(said)]) for stage, text in fates(dialogue)]
    assert (SessionClosed(), False) == (dialogue.events[-1], dialogue.session.is_usable)


@pytest.mark.parametrize(("is_timeout", "said"), [(True, "Timed out"), (False, "Connection lost")])
def test_a_message_whose_answer_was_lost_is_deferred(is_timeout, said):
    """
    The reply says that it may be delivered twice.
    """
    dialogue = ready().begin(transaction()).hear(OK + OK + GO_ON).send(b"")
    dialogue.session.lost("reset by the peer", is_timeout=is_timeout)
    text = f"451 4.4.2 {said} at end-of-data: reset by the peer; the message may be delivered twice"
    assert [("end-of-data", text)] == fates(dialogue.note())


@pytest.mark.parametrize(
    ("last", "is_in_doubt"),
    [(b"", True), (b"600 what\r\n", True), (BYE, False), (NO, False), (GO_ON, False), (OK, False)],
)
def test_a_message_is_in_doubt_only_where_no_answer_came(last, is_in_doubt):
    """
    421 is an answer: the peer did not take the message.
    """
    dialogue = ready().begin(transaction()).hear(OK + OK + GO_ON).send(b"").hear(last)
    [ended] = [event for event in dialogue.events if isinstance(event, TransactionEnded)]
    assert is_in_doubt == ended.is_in_doubt


def test_a_recipient_keeps_its_own_answer_when_the_connection_is_lost():
    """
    An earlier refusal stays.
    """
    dialogue = ready().begin(transaction("b@x.test", "c@x.test")).hear(OK + NO, b"")
    assert [("rcpt", "550 5.1.1 No"), ("rcpt", "451 4.4.2 Co")] == [(s, t[:12]) for s, t in fates(dialogue)]


@pytest.mark.parametrize(("before", "then"), [(OK + NO + NO, b""), (OK + NO + GO_ON, BYE), (NO + NO, b"")])
def test_what_is_known_is_told_when_the_connection_is_lost_in_cleaning_up(before, then):
    """
    The end may come at RSET, at the lone dot, or among replies without consequences.
    """
    dialogue = ready().begin(transaction()).hear(before, then)
    assert "550 5.1.1 No" == fates(dialogue)[0][1]
    assert SessionClosed() == dialogue.events[-1]


@pytest.mark.parametrize(
    ("replies", "is_stale"), [([b""], True), ([BYE], True), ([OK, b""], False), ([NO, b""], False), ([b"x\r\n"], False)]
)
def test_a_session_that_ended_before_any_answer_is_stale(replies, is_stale):
    """
    A peer that closed an idle connection did not refuse the mail; a new connection may be tried at once.
    """
    dialogue = ready().begin(transaction()).hear(*replies)
    ended = dialogue.events[0]
    assert isinstance(ended, TransactionEnded)
    assert is_stale == ended.is_stale


def test_a_timeout_does_not_make_a_session_stale():
    """
    A silent peer would be silent on a new connection, too.
    """
    dialogue = ready().begin(transaction())
    dialogue.session.lost("300 s", is_timeout=True)
    ended = dialogue.note().events[0]
    assert isinstance(ended, TransactionEnded)
    assert not ended.is_stale


@pytest.mark.parametrize("answer", [b"221 2.0.0 Bye\r\n", NO, GO_ON, b"", b"x\r\n"])
def test_quit_ends_a_session_whatever_the_answer(answer):
    """
    Its reply may also be missing.
    """
    dialogue = ready()
    dialogue.session.quit()
    assert ([b"QUIT\r\n"], Stage.QUIT, False) == (
        dialogue.note().sent,
        dialogue.session.stage,
        dialogue.session.is_usable,
    )
    assert [SessionClosed()] == dialogue.hear(answer).events


def test_quit_says_nothing_while_the_peer_waits_for_something_else():
    """
    In the middle of a message QUIT would become part of it.
    """
    dialogue = ready().begin(transaction()).hear(OK + OK + GO_ON).forget()
    dialogue.session.quit()
    assert [] == dialogue.note().sent


def test_nothing_happens_after_the_end():
    """
    The session may end while the driver sends a message.
    """
    dialogue = ready().begin(transaction()).hear(OK + OK + GO_ON, b"").forget()
    dialogue.session.quit()
    dialogue.session.lost("once more", is_timeout=True)
    dialogue.send(b"a").hear(OK, b"x\r\n", b"")
    assert ([], []) == (dialogue.sent, dialogue.events)


def test_a_250_before_the_whole_message_is_out_promises_nothing():
    """
    This process still has the dot, and the host may refuse it.
    """
    session = ClientSession("me.test")
    for octets in (b"220 x\r\n", b"250-x\r\n250 PIPELINING\r\n"):
        session.octets_to_send()
        session.receive(octets)
    assert session.begin(Transaction("a@b.test", {1: ClientRecipient("c@d.test")}, 10))
    session.octets_to_send()
    session.receive(b"250 Ok\r\n250 Ok\r\n354 Go\r\n")
    session.content(b"text\r\n")
    session.end_content()
    session.octets_to_send()
    session.receive(b"250 2.0.0 premature\r\n", is_all_sent=False)
    events = []
    while (event := session.next_event()) is not None:
        events.append(event)
    [ended] = [event for event in events if isinstance(event, TransactionEnded)]
    assert "451 4.5.0" == ended.results[1].reply.escaped()[:9]
    assert not session.is_usable or not session.is_ready
