"""The client session: greetings, one transaction after another, and the calls of a driver."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import DriverError
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.smtp.client.capabilities import NO_CAPABILITIES
from empath.smtp.client.events import ContentWanted, HostFailed, Ready, SessionClosed, TransactionEnded
from empath.smtp.client.session import ClientSession
from empath.smtp.client.states import ClientState
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


def test_a_session_is_ready_after_ehlo():
    """
    RFC 5321 §3.2: the peer speaks first.
    """
    dialogue = Dialogue().hear(b"220-peer.test\r\n220 ESMTP\r\n", greeting(EXTENSIONS))
    assert ([b"EHLO me.test\r\n"], [Ready()]) == (dialogue.sent, dialogue.events)
    assert (True, True, 100000) == (
        dialogue.session.is_ready,
        dialogue.session.is_usable,
        dialogue.session.extensions.size_limit,
    )


def test_noise_before_the_banner_is_passed_over():
    """
    A loader writes it, or a shell. So is noise before and within the reply to EHLO.
    """
    dialogue = Dialogue().hear(b"\r\n", b"ld.so: warning\r\n220 peer.test\r\n", b"\r\n", greeting(EXTENSIONS))
    assert ([b"EHLO me.test\r\n"], [Ready()]) == (dialogue.sent, dialogue.events)
    within = Dialogue().hear(b"220 peer.test\r\n", b"250-peer.test\r\n\r\n250 SIZE 9\r\n")
    assert ([Ready()], 9) == (within.events, within.session.extensions.size_limit)


@pytest.mark.parametrize(
    "reply", [b"\r\n250 2.0.0 Ok\r\n", b"scanning...\r\n250 2.0.0 Ok\r\n", b"\x00250 2.0.0 Ok\r\n"]
)
def test_without_pipelining_a_line_that_is_no_reply_is_passed_over(reply):
    """
    Mail that the host has taken would be sent again, and again.
    """
    dialogue = ready(ONE_AT_A_TIME).begin(transaction()).hear(b"\r\n" + OK, OK, GO_ON).send(b"").hear(reply)
    assert [DELIVERED] == fates(dialogue)
    assert dialogue.session.is_ready


@pytest.mark.parametrize("noise", [b"\r\n", b"scanning...\r\n", b"\x00"])
def test_with_pipelining_a_line_that_is_no_reply_ends_the_session(noise):
    """
    It may stand for a reply, and then all that follow would be shifted by one.
    """
    dialogue = ready().begin(transaction()).hear(OK + noise + OK + GO_ON)
    [(stage, said)] = fates(dialogue)
    assert ("rcpt", "451 4.5.0 Protocol error: not a reply:") == (stage, said[:38])


@pytest.mark.parametrize("noise", [b"\r\n", b"scanning...\r\n", b"\x00"])
def test_with_pipelining_a_line_that_is_no_reply_is_passed_over_where_one_reply_is_due(noise):
    """
    Some filters write an empty line before the answer to a message. It would be sent again at each attempt.
    """
    dialogue = ready().begin(transaction()).hear(OK + OK + GO_ON).send(b"").hear(noise, OK)
    assert ([DELIVERED], True) == (fates(dialogue), dialogue.session.is_ready)
    dialogue.forget().begin(transaction()).hear(OK + noise + OK + OK + GO_ON)
    [(stage, said)] = fates(dialogue)
    assert ("mail", "451 4.5.0 Protocol error: not a reply:") == (stage, said[:38])


def test_the_lines_that_are_passed_over_have_a_bound():
    """
    A peer that speaks another language must not be heard to its end.
    """
    dialogue = ready(ONE_AT_A_TIME).begin(transaction()).hear(b"x\r\n" * 21)
    assert [("mail", '451 4.5.0 Protocol error: not a reply: "x"')] == fates(dialogue)


def test_a_peer_that_does_not_know_ehlo_is_greeted_with_helo():
    """
    RFC 5321 §3.2; such a peer has no extensions.
    """
    dialogue = Dialogue().hear(b"220 old\r\n", b"502 What?\r\n", b"250-old\r\n250 SIZE 1\r\n")
    assert ([b"EHLO me.test\r\n", b"HELO me.test\r\n"], [Ready()]) == (dialogue.sent, dialogue.events)
    assert NO_CAPABILITIES == dialogue.session.extensions


@pytest.mark.parametrize("reply", [NO, LATER])
@pytest.mark.parametrize("before", [(), (b"220 x\r\n", NO), (b"220 x\r\n", LATER)])
def test_a_peer_that_turns_us_away_hears_quit(before, reply):
    """
    The next host may be tried. RFC 5321 §3.1: the peer waits for QUIT before it closes.
    """
    dialogue = Dialogue().hear(*before, reply)
    stage = Stage.EHLO if before else Stage.GREETING
    said = Reply.of(reply.decode().strip())
    assert ([HostFailed(stage, said), SessionClosed()], b"QUIT\r\n") == (dialogue.events, dialogue.sent[-1])
    assert not dialogue.session.is_usable


def test_a_peer_that_refuses_ehlo_for_now_is_greeted_with_helo():
    """
    Some hosts say 4yz to every command that they do not know. 421 still ends the session.
    """
    dialogue = Dialogue().hear(b"220 x\r\n", LATER, OK)
    assert ([b"EHLO me.test\r\n", b"HELO me.test\r\n"], [Ready()]) == (dialogue.sent, dialogue.events)
    assert [b"EHLO me.test\r\n"] == Dialogue().hear(b"220 x\r\n", BYE).sent


@pytest.mark.parametrize(
    ("refusal", "said"),
    [(NO, ["554 5.6.3", "553 5.6.7", "553 5.6.7"]), (LATER, ["451 4.6.3", "451 4.6.7", "451 4.6.7"])],
)
def test_mail_that_needs_an_extension_does_not_bounce_at_a_peer_that_refused_ehlo_for_now(refusal, said):
    """
    Such a peer may offer the extension the next time.
    """
    found = []
    for needs in ({"has_8bit": True}, {"reverse_path": "\u00e4@x.test"}, {}):
        dialogue = Dialogue().hear(b"220 x\r\n", refusal, OK)
        address = "b@x.test" if needs else "\u00e4@x.test"
        found += [reply[:9] for _, reply in fates(dialogue.begin(transaction(address, **needs)))]
    assert said == found


@pytest.mark.parametrize("before", [(), (b"220 x\r\n",), (b"220 x\r\n", NO)])
def test_a_greeting_that_goes_on_is_a_protocol_error(before):
    """
    3yz is not a valid reply as banner or to EHLO.
    """
    dialogue = Dialogue().hear(*before, GO_ON)
    failed, _ = dialogue.events
    assert isinstance(failed, HostFailed)
    assert "554 5.5.0 Protocol error" == failed.reply.escaped()[:24]


@pytest.mark.parametrize(
    ("octets", "said"),
    [
        (b"", "451 4.4.2 Connection lost at"),
        (BYE, "421 4.3.2 Bye"),
        (b"HTTP/1.1 400 Bad Request\r\n", "451 4.5.0 Protocol error: not"),
    ],
)
@pytest.mark.parametrize("before", [(), (b"220 x\r\n",), (b"220 x\r\n", NO)])
def test_a_session_that_ends_in_the_greeting_fails_the_host(before, octets, said):
    """
    The connection broke, the peer said 421, or it speaks another protocol.
    """
    dialogue = Dialogue().hear(*before).forget().hear(octets)
    failed, closed = dialogue.events
    assert isinstance(failed, HostFailed)
    assert (said, SessionClosed(), []) == (failed.reply.escaped()[: len(said)], closed, dialogue.sent)


def test_one_recipient_costs_two_round_trips():
    """
    RFC 2920: MAIL, RCPT and DATA go out together.
    """
    dialogue = ready().begin(transaction()).hear(OK + OK + GO_ON).send(b"a\r\n.\r\n").hear(OK)
    assert [
        b"MAIL FROM:<a@example.org> SIZE=5\r\nRCPT TO:<b@example.net>\r\nDATA\r\n",
        b"a\r\n..\r\n.\r\n",
    ] == dialogue.sent
    assert [ContentWanted(), *dialogue.events[1:]] == dialogue.events
    assert ([DELIVERED], True) == (fates(dialogue), dialogue.session.is_ready)


def test_without_pipelining_each_command_waits_for_its_answer():
    """
    RFC 5321 §4.1.1: a client must not assume PIPELINING.
    """
    dialogue = ready(ONE_AT_A_TIME).begin(transaction("b@x.test", "c@x.test")).hear(OK, OK, OK, GO_ON)
    assert [
        b"MAIL FROM:<a@example.org> SIZE=5\r\n",
        b"RCPT TO:<b@x.test>\r\n",
        b"RCPT TO:<c@x.test>\r\n",
        b"DATA\r\n",
    ] == dialogue.sent


def test_a_session_serves_one_transaction_after_another():
    """
    Reuse saves the greeting.
    """
    dialogue = ready()
    for resets in (b"", OK, OK):
        dialogue.forget().begin(transaction()).hear(resets + OK + OK + GO_ON).send(b"a").hear(OK)
        assert [DELIVERED] == fates(dialogue)


@given(
    answers=st.lists(st.sampled_from([OK, OK, OK, GO_ON, NO, LATER, BYE]), max_size=6),
    addresses=st.sampled_from([("a@x.test",), ("a@x.test", "b@x.test"), ("a@x.test", "é@x.test")]),
    extensions=st.sampled_from([EXTENSIONS, EXTENSIONS[:1], ONE_AT_A_TIME, (*EXTENSIONS, "CHUNKING")]),
    is_first=st.booleans(),
    alone=st.integers(0, 3),
)
def test_answers_that_come_together_mean_what_they_mean_one_by_one(answers, addresses, extensions, is_first, alone):
    """
    The usual answers to a group of commands are taken at once.
    """
    apart, together = (ready(extensions) if is_first else delivered(extensions) for _ in range(2))
    for dialogue in (apart, together):
        dialogue.begin(transaction(*addresses, may_chunk=True))
    for answer in answers:
        apart.session.receive(answer)
    for octets in (*answers[:alone], b"".join(answers[alone:])):
        if octets:
            together.session.receive(octets)
    for dialogue in (apart, together):
        dialogue.note()
    found = [(d.session.state, d.session.answered, d.session.is_usable, d.sent, d.events) for d in (apart, together)]
    assert found[0] == found[1]
    for dialogue in (apart, together):
        if dialogue.session.state is ClientState.CONTENT:
            dialogue.send(b"a").hear(OK)
    assert (apart.sent, apart.events) == (together.sent, together.events)


def test_many_recipients_go_in_groups_of_bounded_size():
    """
    RFC 2920 §3.1: a group larger than the buffers between two hosts may block both in a write.
    """
    addresses = [f"recipient-{number:04}@example.net" for number in range(1000)]
    dialogue = ready().begin(transaction(*addresses))
    while not dialogue.events:
        dialogue.hear(
            OK * dialogue.sent[-1].count(b"\r\n")
            if b"DATA" not in dialogue.sent[-1]
            else OK * dialogue.sent[-1].count(b"RCPT") + GO_ON
        )
    commands = b"".join(dialogue.sent).split(b"\r\n")
    assert [
        b"MAIL FROM:<a@example.org> SIZE=5",
        *(f"RCPT TO:<{a}>".encode() for a in addresses),
        b"DATA",
        b"",
    ] == commands
    assert (True, True) == (len(dialogue.sent) > 2, max(map(len, dialogue.sent)) < 16 * 1024)
    dialogue.send(b"").hear(OK)
    assert [DELIVERED] * 1000 == fates(dialogue)


def test_nothing_is_sent_without_recipients():
    """
    A transaction without recipients ends at once.
    """
    dialogue = ready().begin(transaction(recipients={}))
    assert ([], [TransactionEnded({})], True) == (dialogue.sent, dialogue.events, dialogue.session.is_ready)


def test_calls_out_of_turn_are_errors_of_the_driver():
    """
    Content must not go where the peer reads commands.
    """
    for session in (ClientSession("me.test"), ready().begin(transaction()).session):
        for call in (lambda s: s.begin(transaction()), lambda s: s.content(b"a"), ClientSession.end_content):
            with pytest.raises(DriverError):
                call(session)


def test_each_stage_has_its_timeout():
    """
    RFC 5321 §4.5.3.2.
    """
    dialogue = Dialogue()
    seen = [dialogue.session.stage]
    for reply in (b"220 x\r\n", greeting(ONE_AT_A_TIME)):
        seen.append(dialogue.hear(reply).session.stage)
    dialogue.begin(transaction())
    for reply in (OK, OK, GO_ON):
        seen.append(dialogue.hear(reply).session.stage)
    seen.append(dialogue.send(b"").session.stage)
    assert [
        Stage.GREETING,
        Stage.EHLO,
        Stage.MAIL,
        Stage.RCPT,
        Stage.DATA,
        Stage.CONTENT,
        Stage.END_OF_DATA,
    ] == seen


@pytest.mark.parametrize(
    "octets",
    [
        [b"220 me.test ESMTP\r\n"],
        [b"220 ME.test. ESMTP\r\n"],
        [b"220-me.test\r\n220 ESMTP\r\n"],
        [b"220 x\r\n", b"250-Me.Test hello\r\n250 PIPELINING\r\n"],
        [b"220 x\r\n", NO, b"250 me.test\r\n"],
    ],
)
def test_a_peer_that_greets_by_our_own_name_is_this_host(octets):
    """
    Mail would come back to us, again and again.
    """
    dialogue = Dialogue().hear(*octets)
    failed, closed = dialogue.events
    assert isinstance(failed, HostFailed)
    assert ("me.test", SessionClosed(), b"QUIT\r\n") == (failed.own_name, closed, dialogue.sent[-1])


@pytest.mark.parametrize("words", [b"", b"not.me.test", b"Hello me.test"])
def test_a_peer_that_only_names_us_is_another_host(words):
    """
    Hosts greet the client by its name too.
    """
    dialogue = Dialogue().hear(b"220 " + words + b"\r\n")
    assert [b"EHLO me.test\r\n"] == dialogue.sent
