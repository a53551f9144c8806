"""Refusals, with the recipients that they concern, and unexpected replies."""

import pytest

from empath.mail.outcome import Stage
from empath.smtp.client.events import ContentWanted, HostFailed, SessionClosed, TransactionEnded
from tests.smtp.client.kit import (
    BYE,
    DELIVERED,
    EXTENSIONS,
    GO_ON,
    LATER,
    NO,
    OK,
    ONE_AT_A_TIME,
    Dialogue,
    delivered,
    fates,
    greeting,
    ready,
    transaction,
)

SEQUENCE = b"503 5.5.1 Sender already specified\r\n"


def test_recipients_have_fates_of_their_own():
    """
    One transaction may deliver, defer and bounce.
    """
    dialogue = ready().begin(transaction("b@x.test", "c@x.test", "d@x.test", "e@x.test"))
    dialogue.hear(OK + OK + LATER + NO + b"251 2.1.5 Will forward\r\n" + GO_ON).send(b"").hear(OK)
    assert [DELIVERED, ("rcpt", "450 4.2.1 Later"), ("rcpt", "550 5.1.1 No"), DELIVERED] == fates(dialogue)


@pytest.mark.parametrize(
    ("extensions", "replies"),
    [(EXTENSIONS, [OK + NO + LATER + b"554 5.5.1 No recipients\r\n"]), (ONE_AT_A_TIME, [OK, NO, LATER])],
)
def test_when_all_recipients_are_refused_the_transaction_ends(extensions, replies):
    """
    The peer gets no empty message, and the session stays usable: RSET begins the next transaction.
    """
    dialogue = ready(extensions).begin(transaction("b@x.test", "c@x.test")).hear(*replies)
    assert [("rcpt", "550 5.1.1 No"), ("rcpt", "450 4.2.1 Later")] == fates(dialogue)
    assert (True, ContentWanted() in dialogue.events) == (dialogue.session.is_ready, False)


@pytest.mark.parametrize("reply", [OK, NO, LATER])
def test_when_data_is_accepted_without_recipients_a_lone_dot_ends_it(reply):
    """
    DATA was pipelined and the peer said 354; its answer to the dot has no consequences.
    """
    dialogue = ready().begin(transaction()).hear(OK + NO + GO_ON)
    assert ([], b".\r\n") == (dialogue.events, dialogue.sent[-1])
    dialogue.hear(reply)
    assert ([("rcpt", "550 5.1.1 No")], True) == (fates(dialogue), dialogue.session.is_ready)


@pytest.mark.parametrize(
    ("extensions", "replies"),
    [
        (EXTENSIONS, [NO + b"503 5.5.1 MAIL first\r\n" * 3]),
        (EXTENSIONS, [NO + OK + OK + b"554 5.5.1 No recipients\r\n"]),
        (ONE_AT_A_TIME, [NO]),
    ],
)
def test_a_refusal_of_mail_is_for_all_recipients(extensions, replies):
    """
    The answers to later commands of the group have no consequences.
    """
    dialogue = ready(extensions).begin(transaction("b@x.test", "c@x.test")).hear(*replies)
    assert ([("mail", "550 5.1.1 No")] * 2, True) == (fates(dialogue), dialogue.session.is_ready)


def test_a_refusal_of_mail_spares_the_groups_not_sent():
    """
    The peer would count a thousand useless commands as errors of this host.
    """
    addresses = [f"recipient-{number:04}@example.net" for number in range(1000)]
    dialogue = ready().begin(transaction(*addresses))
    dialogue.hear(NO * dialogue.sent[0].count(b"\r\n"))
    assert (1, [("mail", "550 5.1.1 No")] * 1000) == (len(dialogue.sent), fates(dialogue))


def test_a_refusal_of_data_is_for_the_recipients_that_were_accepted():
    """
    Recipients refused earlier keep their own reply.
    """
    dialogue = ready().begin(transaction("b@x.test", "c@x.test")).hear(OK + OK + NO + LATER)
    assert [("data", "450 4.2.1 Later"), ("rcpt", "550 5.1.1 No")] == fates(dialogue)
    assert dialogue.session.is_ready


@pytest.mark.parametrize(("reply", "said"), [(NO, "550 5.1.1 No"), (LATER, "450 4.2.1 Later")])
def test_a_refusal_of_the_message_is_for_the_recipients_that_were_accepted(reply, said):
    """
    It ends only this message; the session goes on.
    """
    dialogue = ready().begin(transaction("b@x.test", "c@x.test")).hear(OK + OK + NO + GO_ON).send(b"").hear(reply)
    assert ([("end-of-data", said), ("rcpt", "550 5.1.1 No")], True) == (fates(dialogue), dialogue.session.is_ready)


@pytest.mark.parametrize(
    ("replies", "stages"),
    [
        ([GO_ON + NO + NO + NO], ["mail", "mail"]),
        ([OK + GO_ON + OK + NO], ["rcpt", "data"]),
        ([OK + GO_ON + NO + NO], ["rcpt", "rcpt"]),
        ([OK + OK + OK + OK], ["data", "data"]),
        ([NO + GO_ON + OK + NO], ["mail", "mail"]),
        ([NO + NO + NO + OK], ["mail", "mail"]),
        ([GO_ON + NO + NO + GO_ON, OK], ["mail", "mail"]),
        ([NO + NO + NO + GO_ON, GO_ON], ["mail", "mail"]),
    ],
)
def test_a_session_out_of_step_is_not_used_again(replies, stages):
    """
    After one unexpected reply all later ones may be shifted by one.
    """
    dialogue = ready().begin(transaction("b@x.test", "c@x.test")).hear(*replies)
    assert (stages, b"QUIT\r\n") == ([stage for stage, _ in fates(dialogue)], dialogue.sent[-1])
    assert (False, False) == (dialogue.session.is_ready, dialogue.session.is_usable)


def test_an_answer_of_another_kind_is_a_protocol_error_5_5_0():
    """
    Only the recipient of that reply is refused.
    """
    dialogue = ready().begin(transaction("b@x.test", "c@x.test")).hear(OK + GO_ON + OK + GO_ON).send(b"").hear(OK)
    assert [("rcpt", "554 5.5.0 Protocol error: 354 Go ahead in answer to rcpt"), DELIVERED] == fates(dialogue)
    assert (b"QUIT\r\n", False) == (dialogue.sent[-1], dialogue.session.is_usable)


@pytest.mark.parametrize("replies", [(OK, GO_ON, GO_ON), (OK, OK, OK), (GO_ON,), (OK, OK, GO_ON, GO_ON)])
def test_the_words_of_a_protocol_error_are_ours(replies):
    """
    The host never said 554: a report must not name it as the diagnostic of the host.
    """
    dialogue = ready(ONE_AT_A_TIME).begin(transaction())
    for reply in replies:
        dialogue.hear(reply)
        if isinstance(dialogue.events[-1] if dialogue.events else None, ContentWanted):
            dialogue.send(b"")
    *_, ended = (event for event in dialogue.events if isinstance(event, TransactionEnded))
    assert [(554, False)] == [(said.reply.code, said.reply.is_from_host) for said in ended.results.values()]


def test_a_banner_of_another_kind_is_no_word_of_the_host():
    """
    The host never said 554.
    """
    failed, _ = Dialogue().hear(b"354 Go ahead\r\n").events
    assert isinstance(failed, HostFailed)
    assert (554, False) == (failed.reply.code, failed.reply.is_from_host)


def test_a_message_that_is_told_to_go_on_is_a_protocol_error():
    """
    Such a reply neither delivers nor refuses.
    """
    dialogue = ready().begin(transaction()).hear(OK + OK + GO_ON).send(b"").hear(GO_ON)
    assert [("end-of-data", "554 5.5.0 Protocol error: 354 Go ahead in answer to end-of-data")] == fates(dialogue)
    assert b"QUIT\r\n" == dialogue.sent[-1]


@pytest.mark.parametrize("reply", [OK, GO_ON])
def test_a_promise_before_the_end_of_data_is_not_believed(reply):
    """
    The peer does not have the message yet; to count it as delivered would lose it.
    """
    dialogue = ready().begin(transaction()).hear(OK + OK + GO_ON + reply)
    ((stage, said),) = fates(dialogue)
    assert ("content", "451 4.5.0", SessionClosed()) == (stage, said[:9], dialogue.events[-1])


def test_half_a_promise_before_the_end_of_data_is_not_believed_either():
    """
    Its other half would look like the answer to the message. The client sends no dot, so nothing is delivered.
    """
    dialogue = ready().begin(transaction()).hear(OK + OK + GO_ON + b"250 2.0").send(b"a\r\n").hear(b".0 Ok\r\n")
    ((stage, said),) = fates(dialogue)
    assert ("content", "451 4.5.0", 1) == (stage, said[:9], len(dialogue.sent))


@pytest.mark.parametrize(("reply", "said"), [(NO, "550 5.1.1 No"), (LATER, "450 4.2.1 Later"), (BYE, "421 4.3.2 Bye")])
def test_a_peer_may_refuse_while_content_flows(reply, said):
    """
    The refusal counts; the connection closes because the peer would read the rest of the content as commands.
    """
    dialogue = ready().begin(transaction()).hear(OK + OK + GO_ON)
    dialogue.session.content(b"a" * 100)
    dialogue.hear(reply).send(b"b" * 100)
    assert ([("content", said)], SessionClosed(), 1) == (fates(dialogue), dialogue.events[-1], len(dialogue.sent))


@pytest.mark.parametrize("octets", [OK, GO_ON, LATER, BYE, b"", b"x\r\n"])
def test_a_peer_that_speaks_unasked_ends_an_idle_session(octets):
    """
    It is about to close, or its replies are shifted by one.
    """
    dialogue = delivered().hear(octets)
    assert ([SessionClosed()], False) == (dialogue.events, dialogue.session.is_ready)


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (BYE, "421 4.3.2 Bye"),
        (NO, "550 5.1.1 No"),
        (OK, "451 4.7.0 Protocol error: 250 2.0.0 Ok before MAIL"),
        (GO_ON, "451 4.7.0 Protocol error: 354 Go ahead before MAIL"),
        (b"what\r\n", "451 4.5.0 Protocol error: not a reply"),
    ],
)
def test_octets_behind_the_reply_to_ehlo_fail_the_host(octets, said):
    """
    The next host may be asked: no transaction was begun.
    """
    dialogue = Dialogue().hear(b"220 x\r\n", greeting(EXTENSIONS) + octets)
    _, failed, closed = dialogue.events
    assert isinstance(failed, HostFailed)
    assert (Stage.EHLO, said, SessionClosed()) == (failed.stage, failed.reply.escaped()[: len(said)], closed)


def test_half_a_reply_behind_the_reply_to_ehlo_fails_the_host():
    """
    The other half would look like the answer to MAIL.
    """
    dialogue = ready().hear(b"250 2.")
    assert (False, False) == (dialogue.session.is_ready, dialogue.session.ensure_ready())
    failed, closed = dialogue.note().events
    assert isinstance(failed, HostFailed)
    assert ("451 4.7.0 Protocol error: half a reply before MAIL", SessionClosed()) == (failed.reply.escaped(), closed)


@pytest.mark.parametrize("octets", [b"250 2.", OK, BYE, b""])
@pytest.mark.parametrize("is_used", [False, True])
def test_no_transaction_begins_in_a_session_that_is_over(octets, is_used):
    """
    The driver gets a value, and takes another connection.
    """
    dialogue = (delivered() if is_used else ready()).hear(octets)
    assert (False, [], False) == (dialogue.session.begin(transaction()), dialogue.sent, dialogue.session.is_usable)


def test_no_transaction_begins_after_quit():
    """
    The peer reads nothing more.
    """
    session = ready().session
    session.quit()
    assert not session.begin(transaction())


# One recipient at a time, so that every reply has a turn of its own; a session that has delivered resets first.
_UNTIL: dict[str, list[bytes | None]] = {
    "MAIL": [],
    "RCPT": [OK],
    "DATA": [OK, OK],
    "CONTENT": [OK, OK, GO_ON],
    "END": [OK, OK, GO_ON, None],
}


def _last_words(dialogue, step, reply):
    """The end of a transaction with this *reply* of the peer at *step*."""
    dialogue.begin(transaction())
    if b"RSET" in dialogue.sent[0]:
        dialogue.hear(OK)
    for octets in [*_UNTIL[step], reply]:
        dialogue.send(b"x") if octets is None else dialogue.hear(octets)
    for _ in range(3):
        dialogue.hear(NO)
    [ended] = [event for event in dialogue.events if isinstance(event, TransactionEnded)]
    return ended


@pytest.mark.parametrize("extensions", [EXTENSIONS, ONE_AT_A_TIME])
@pytest.mark.parametrize(
    ("step", "reply"),
    [
        *[("MAIL", LATER), ("DATA", LATER), ("MAIL", NO), ("DATA", NO)],
        *[("RCPT", BYE), ("DATA", BYE), ("CONTENT", BYE), ("RCPT", b""), ("DATA", b"")],
        *[(step, SEQUENCE) for step in ("MAIL", "RCPT", "DATA", "CONTENT", "END")],
    ],
)
def test_a_session_that_has_had_its_allowance_is_spent(extensions, step, reply):
    """
    A host accepts some messages, then refuses whole transactions until the client reconnects, even by 5yz ("too many
    messages in this session"). No message bounces if the host gives no new session.
    """
    ended = _last_words(delivered(extensions), step, reply)
    assert (True, {4}) == (ended.is_spent, {said.reply.klass for said in ended.results.values()})
    fresh = _last_words(ready(extensions), step, reply)
    assert (False, False) == (fresh.is_spent, fresh.is_stale)


@pytest.mark.parametrize(
    ("step", "reply"),
    [("RCPT", NO), ("CONTENT", NO), ("CONTENT", b""), ("END", NO), ("END", LATER), ("END", BYE)],
)
def test_a_refusal_of_the_message_or_a_recipient_is_not_for_the_session(step, reply):
    """
    A new session would get the same reply, or the peer may have the message.
    """
    ended = _last_words(delivered(), step, reply)
    assert (False, False) == (ended.is_spent, ended.is_stale)


@pytest.mark.parametrize("extensions", [EXTENSIONS, ONE_AT_A_TIME])
def test_answers_that_an_unasked_reply_shifted_are_not_believed(extensions):
    """
    The 550 is for the second recipient, but would make the first one bounce.
    """
    dialogue = delivered(extensions).begin(transaction("good@x.test", "bad@x.test"))
    dialogue.hear(OK, OK, OK, OK, NO, GO_ON)
    ended = next(event for event in dialogue.events if isinstance(event, TransactionEnded))
    assert (True, {4}) == (ended.is_spent, {said.reply.klass for said in ended.results.values()})


@pytest.mark.parametrize("octets", [[OK, OK, OK, NO, OK, GO_ON], [OK, OK, b"zzz\r\n"]])
def test_shifted_answers_are_not_believed_in_a_session_that_has_only_refused(octets):
    """
    Cyrus writes a second answer to a recipient that it defers. Then 250 to DATA made the next message bounce, or the
    550 to one recipient hit another one.
    """
    dialogue = ready().begin(transaction()).hear(OK + LATER + NO).forget()
    dialogue.begin(transaction("good@x.test", "bad@x.test")).hear(*octets)
    assert [True] == [event.is_stale for event in dialogue.events if isinstance(event, TransactionEnded)]


@pytest.mark.parametrize("extensions", [EXTENSIONS, ONE_AT_A_TIME])
def test_every_transaction_but_the_first_begins_with_rset(extensions):
    """
    Some hosts keep the recipients of the previous transaction, and would give them this message, too.
    """
    dialogue = ready(extensions).begin(transaction())
    assert not dialogue.sent[0].startswith(b"RSET")
    dialogue = delivered(extensions).begin(transaction())
    command = b"RSET\r\nMAIL FROM:<a@example.org> SIZE=5\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"
    assert [command if extensions is EXTENSIONS else b"RSET\r\n"] == dialogue.sent
    dialogue.hear(OK, OK, OK, GO_ON).send(b"a").hear(OK)
    assert ([DELIVERED], True) == (fates(dialogue), dialogue.session.is_ready)


def test_rset_follows_a_transaction_that_the_peer_refused():
    """
    The peer refused its recipients, but may have kept its reverse path.
    """
    dialogue = ready().begin(transaction()).hear(OK + NO + NO).forget().begin(transaction())
    assert b"RSET\r\n" == dialogue.sent[0][:6]


@pytest.mark.parametrize("extensions", [EXTENSIONS, ONE_AT_A_TIME])
@pytest.mark.parametrize("reply", [NO, LATER, GO_ON, BYE, SEQUENCE, b"", b"600 what\r\n"])
def test_a_session_that_does_not_reset_is_stale(extensions, reply):
    """
    The reply says nothing about the message, so a new connection may be tried at once.
    """
    dialogue = delivered(extensions).begin(transaction()).hear(reply)
    ended, closed = dialogue.events
    assert isinstance(ended, TransactionEnded)
    assert (True, SessionClosed()) == (ended.is_stale, closed)
    assert 1 == len(dialogue.sent)


_STRAY = "451 4.7.0 Protocol error: 250 2.0.0 Ok before"


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        ([b"220 a\r\n220 b\r\n"], "451 4.7.0 Protocol error: 220 b before ehlo"),
        ([b"220 a\r\n22"], "451 4.7.0 Protocol error: half a reply before ehlo"),
        ([b"220 a\r\n", b"220 b\r\n"], "451 4.7.0 Protocol error: 220 b before ehlo"),
        ([b"220 a\r\n", NO + OK], f"{_STRAY} helo"),
        ([b"220 a\r\n", NO, b"252 a\r\n"], "451 4.7.0 Protocol error: 252 a before helo"),
        ([b"220 a\r\n" + BYE], "421 4.3.2 Bye"),
    ],
)
def test_a_stray_reply_in_the_greetings_fails_the_host(octets, said):
    """
    All later replies would be shifted by one. Only 250 is the success of EHLO and HELO.
    """
    failed, closed = Dialogue().hear(*octets).events
    assert isinstance(failed, HostFailed)
    assert (Stage.EHLO, said, SessionClosed()) == (failed.stage, failed.reply.escaped(), closed)


@pytest.mark.parametrize(
    ("extensions", "octets", "command"),
    [
        (ONE_AT_A_TIME, [OK + OK], "rcpt"),
        (ONE_AT_A_TIME, [OK, OK + OK], "rcpt"),
        (ONE_AT_A_TIME, [OK, NO + OK], "rcpt"),
        (ONE_AT_A_TIME, [OK, OK, NO + OK], "data"),
        (EXTENSIONS, [OK + NO + NO + GO_ON + OK], "lone-dot"),
    ],
)
@pytest.mark.parametrize("is_used", [False, True])
def test_a_stray_reply_before_a_group_ends_the_transaction_for_now(extensions, octets, command, is_used):
    """
    Earlier replies about recipients may be shifted, too, so none of them bounces.
    """
    dialogue = (delivered if is_used else ready)(extensions).begin(transaction("b@x.test", "c@x.test"))
    if is_used:
        dialogue.hear(*[OK] if extensions is ONE_AT_A_TIME else [])
        octets = octets if extensions is ONE_AT_A_TIME else [OK + octets[0]]
    dialogue.hear(*octets)
    assert [f"{_STRAY} {command}"] * 2 == [text for _, text in fates(dialogue)]
    ended, closed = dialogue.events
    assert isinstance(ended, TransactionEnded)
    assert (is_used, SessionClosed()) == (ended.is_stale, closed)


def test_half_a_stray_reply_before_a_group_is_one():
    """
    Its other half would be taken for the answer.
    """
    dialogue = ready(ONE_AT_A_TIME).begin(transaction()).hear(OK + b"25")
    assert [("rcpt", "451 4.7.0 Protocol error: half a reply before rcpt")] == fates(dialogue)
    assert 1 == len(dialogue.sent)
