"""The session's reactions to its driver's decisions; tests/transcripts has dialogues from the client's side."""

from dataclasses import replace

import pytest

from empath.errors import DriverError
from empath.mail.address import ForwardPath, ReversePath
from empath.mail.envelope import BodyType
from empath.mail.reply import Reply
from empath.smtp.server import replies
from empath.smtp.server.events import (
    AuthOffered,
    AuthResponded,
    Closed,
    CloseReason,
    Connected,
    Content,
    ContentEnded,
    ContentRefused,
    DataOffered,
    Greeted,
    MailOffered,
    RecipientOffered,
    TransactionReset,
)
from empath.smtp.server.extensions import KNOWN, Extensions, authentication
from empath.smtp.server.session import ServerSession
from tests.kit.conversation import BANNER, LIMITS, Conversation

GREETING = b"HELO client.example\r\n"
ENVELOPE = b"MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\n"
OK = b"250 2.0.0 Ok\r\n"
STOP = Reply.of("421 4.3.2 Stopping")


def greeted(limits=LIMITS, answers=None):
    conversation = Conversation(limits, answers).open()
    conversation.say(GREETING)
    return conversation


def in_content(answers=None):
    conversation = greeted(answers=answers)
    conversation.say(ENVELOPE + b"DATA\r\n")
    return conversation


def test_one_message_is_these_events():
    """
    One dialogue has the whole contract with the driver.
    """
    conversation = in_content()
    conversation.say(b"Subject: x\r\n\r\n.\r\n")
    conversation.say(b"QUIT\r\n")
    assert [
        Connected(),
        Greeted("HELO", "client.example"),
        MailOffered(ReversePath.parse("a@a.example"), None, BodyType.SEVEN_BIT, False, None, None),
        RecipientOffered(ForwardPath.parse("b@b.example"), None, None),
        DataOffered(),
        Content(b"Subject: x\r\n\r\n"),
        ContentEnded(14),
        Closed("quit"),
    ] == conversation.events


def test_the_state_that_timeouts_and_stops_ask_for():
    """
    A11: a stop lets a session in content go on until its message is answered.
    """
    seen: list[tuple[object, ...]] = []

    def look(_event=None):
        session = conversation.session
        seen.append((session.is_in_content, session.has_transaction, session.is_closed))
        return Reply.of("250 2.0.0 Ok")

    conversation = greeted(answers={ContentEnded: look})
    look()
    conversation.say(ENVELOPE)
    look()
    conversation.say(b"DATA\r\n")
    look()
    conversation.say(b"text\r\n.\r\n")
    look()
    conversation.say(b"QUIT\r\n")
    look()
    assert [
        (False, False, False),
        (False, True, False),
        (True, True, False),
        (True, True, False),
        (False, False, False),
        (False, False, True),
    ] == seen


def test_extensions_follow_the_answer_to_ehlo():
    """
    RFC 5321 §4.1.1.1: one extension a line, after all lines of the driver's answer.
    """
    conversation = Conversation(answers={Greeted: Reply.of("250 mx.example.test\nwelcome")}).open()
    assert (
        b"250-mx.example.test\r\n250-welcome\r\n250-PIPELINING\r\n250-SIZE 10000\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
        b"250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n250-CHUNKING\r\n250-LIMITS RCPTMAX=1000\r\n"
        b"250-DELIVERBY 60\r\n250-MT-PRIORITY\r\n250-STARTTLS\r\n250 REQUIRETLS\r\n"
    ) == conversation.say(b"EHLO client.example\r\n")
    assert b"250-mx.example.test\r\n250 welcome\r\n" == conversation.say(GREETING)


def test_a_refused_greeting_changes_nothing():
    """
    RFC 5321 §4.1.4: the transaction goes on.
    """
    conversation = greeted()
    conversation.say(ENVELOPE)
    conversation.answers[Greeted] = Reply.of("550 5.7.1 No")
    assert b"550 5.7.1 No\r\n" == conversation.say(b"EHLO other.example\r\n")
    assert b"354 Go ahead\r\n" == conversation.say(b"DATA\r\n")
    assert TransactionReset() not in conversation.events


@pytest.mark.parametrize("command", [b"RSET\r\n", b"EHLO client.example\r\n", GREETING])
def test_a_transaction_that_is_cut_off_is_told_to_the_driver_once(command):
    """
    A9: the driver drops the envelope once; a second RSET has nothing to drop.
    """
    conversation = greeted()
    conversation.say(ENVELOPE)
    conversation.say(command)
    conversation.say(command)
    assert 1 == conversation.events.count(TransactionReset())
    assert not conversation.session.has_transaction


def test_a_refusing_banner_still_waits_for_quit():
    """
    A9, RFC 5321 §3.1: 554 replaces the banner, then every command but QUIT gets 503.
    """
    conversation = Conversation(answers={Connected: Reply.of("554 5.7.1 Go away")}).open()
    assert b"554 5.7.1 Go away\r\n" == conversation.greeting
    assert replies.BAD_SEQUENCE.octets == conversation.say(b"EHLO client.example\r\n")
    assert b"221 2.0.0 mx.example.test closing connection\r\n" == conversation.say(b"QUIT\r\n")
    assert [Connected(), Closed(CloseReason.QUIT)] == conversation.events


@pytest.mark.parametrize("line", ["421 4.7.0 Too many connections", "521 5.3.2 No mail here"])
@pytest.mark.parametrize("event", [Connected, Greeted, MailOffered, RecipientOffered, DataOffered, ContentEnded])
def test_421_and_521_end_the_session_wherever_they_are_said(event, line):
    """
    RFC 5321 §3.8, RFC 7504 §3: the server closes and reads no further octets.
    """
    conversation = Conversation(answers={event: Reply.of(line)})
    said = [
        conversation.say(octets)
        for octets in (b"", GREETING, ENVELOPE + b"DATA\r\n", b"text\r\n.\r\nMAIL FROM:<>\r\n", b"QUIT\r\n")
    ]
    assert Reply.of(line).octets == b"".join(said)[-len(line) - 2 :]
    assert Closed("refused") == conversation.events[-1]
    assert conversation.session.is_closed


@pytest.mark.parametrize("line", ["421 4.7.0 Too many connections", "521 5.3.2 No mail here"])
def test_421_and_521_to_bdat_do_not_wait_for_the_chunk(line):
    """
    The session is over, and with it the chunk.
    """
    conversation = Conversation(answers={DataOffered: Reply.of(line)}).open()
    conversation.say(b"EHLO client.example\r\n")
    assert OK * 2 + Reply.of(line).octets == conversation.say(ENVELOPE + b"BDAT 4000 LAST\r\ntext")
    assert conversation.session.is_closed


def test_a_refused_data_leaves_the_transaction():
    """
    RFC 5321 §4.1.1.4: the client may try DATA again, or reset.
    """
    conversation = greeted(answers={DataOffered: Reply.of("451 4.3.0 Not now")})
    assert OK * 2 + b"451 4.3.0 Not now\r\n" == conversation.say(ENVELOPE + b"DATA\r\n")
    assert conversation.session.has_transaction
    assert replies.NO_ARGUMENT_ALLOWED.octets == conversation.say(b"DATA now\r\n")


@pytest.mark.parametrize("line", ["451 4.3.0 Queue trouble", "554 5.4.0 Too many hops"])
def test_a_message_that_is_refused_ends_its_transaction_too(line):
    """
    RFC 5321 §4.1.1.4: the end of data clears the buffers, whatever the reply is.
    """
    conversation = in_content(answers={ContentEnded: Reply.of(line)})
    assert Reply.of(line).octets == conversation.say(b"text\r\n.\r\n")
    assert not conversation.session.has_transaction
    assert OK == conversation.say(b"MAIL FROM:<>\r\n")


@pytest.mark.parametrize(
    ("content", "reply"),
    [
        (b"a" * 500 + b"\r\n" + (b"b" * 500 + b"\r\n") * 19 + b".\r\n", replies.TOO_BIG),
        (b"a\0b\r\n.\r\n", replies.HAS_NUL),
        (b"a" * 999 + b"\r\n.\r\n", replies.LINE_TOO_LONG),
    ],
)
def test_content_that_breaks_a_rule_is_refused_by_the_session(content, reply):
    """
    B3, B5, B9: the driver only drops the content, and the connection stays usable.
    """
    conversation = in_content()
    assert reply.octets == conversation.say(content)
    assert ContentRefused(reply) == conversation.events[-1]
    assert len(conversation.message()) <= LIMITS.message_octets
    assert OK * 2 == conversation.say(ENVELOPE)
    assert 1 == conversation.session.errors


def test_no_limit_on_lines_where_the_role_has_none():
    """
    B9: submission and internal follow their configuration.
    """
    conversation = greeted(replace(LIMITS, line_octets=None))
    conversation.say(ENVELOPE + b"DATA\r\n")
    assert OK == conversation.say(b"a" * 9000 + b"\r\n.\r\n")


def test_errors_are_the_clients_faults_only():
    """
    A7: a 4yz is a problem of this host. An accepted message sets the number of errors to zero.
    """
    conversation = greeted(answers={RecipientOffered: Reply.of("450 4.2.1 Later")})
    conversation.say(b"FOO\r\nMAIL FROM:<>\r\nRCPT TO:<a@a.example>\r\nRCPT TO:<a>\r\n")
    assert 2 == conversation.session.errors
    del conversation.answers[RecipientOffered]
    conversation.answers[RecipientOffered] = Reply.of("250 2.1.5 Ok")
    conversation.say(b"RCPT TO:<a@a.example>\r\nDATA\r\n")
    assert 2 == conversation.session.errors
    conversation.say(b".\r\n")
    assert 0 == conversation.session.errors


def test_the_twentieth_error_is_the_last():
    """
    A7: it gets its own reply, and 421 follows at once.
    """
    conversation = greeted()
    said = conversation.say(b"FOO\r\n" * 30)
    assert replies.UNKNOWN_COMMAND.octets * 20 + replies.TOO_MANY_ERRORS.octets == said
    assert Closed("too-many-errors") == conversation.events[-1]


def test_junk_is_free_a_hundred_times():
    """
    A7: after that each NOOP, VRFY, RSET or HELP is an error, in any mixture.
    """
    conversation = greeted()
    for command in (b"NOOP\r\n", b"VRFY x\r\n", b"RSET\r\n", b"HELP\r\n") * 25:
        conversation.say(command)
    assert 0 == conversation.session.errors
    conversation.say(b"RSET\r\n" * 3)
    assert 3 == conversation.session.errors


def test_vrfy_needs_something_to_verify():
    """
    RFC 5321 §4.1.1.6.
    """
    conversation = greeted()
    assert replies.ARGUMENT_NEEDED.octets == conversation.say(b"VRFY\r\n")
    assert replies.CANNOT_VERIFY.octets == conversation.say(b"VRFY someone\r\n")


def test_a_thousand_recipients_over_the_limit_cost_no_error():
    """
    A4: a list server that sends too many must return with the rest. A client that never stops is cut off.
    """
    conversation = greeted(replace(LIMITS, recipients=100))
    conversation.say(b"MAIL FROM:<>\r\n" + b"RCPT TO:<b@b.example>\r\n" * 100)
    said = conversation.say(b"RCPT TO:<b@b.example>\r\n" * 1000)
    assert replies.TOO_MANY_RECIPIENTS.octets * 1000 == said
    assert 0 == conversation.session.errors
    assert 100 == sum(isinstance(event, RecipientOffered) for event in conversation.events)
    conversation.say(b"RCPT TO:<b@b.example>\r\n")
    assert 1 == conversation.session.errors
    conversation.say(b"RSET\r\nMAIL FROM:<>\r\n")
    assert OK == conversation.say(b"RCPT TO:<b@b.example>\r\n")
    assert replies.BAD_RECIPIENT.octets == conversation.say(b"RCPT TO:<b>\r\n")


@pytest.mark.parametrize(
    "command", [b"EHLO client.example\r\n", b"NOOP\r\n", b"DATA\r\n", b"DATA x\r\n", b"NOOP \xff\r\n"]
)
def test_octets_before_the_reply_was_taken_break_the_step(command):
    """
    A5: the reply was not sent yet, so 554 replaces it, in the same read or a later one.
    """
    for pieces in ([command + b"RSET\r\n"], [command, b"R"]):
        conversation = greeted()
        conversation.say(ENVELOPE)
        assert replies.OUT_OF_STEP.octets == conversation.say(*pieces)
        assert Closed("synchronization") == conversation.events[-1]


def test_octets_after_the_reply_was_taken_are_in_step():
    """
    A5: a client may be fast as long as it waited for the reply.
    """
    conversation = greeted()
    for command in (b"NOOP\r\n", b"EHLO client.example\r\n", b"VRFY x\r\n", b"RSET\r\n"):
        assert b"2" == conversation.say(command)[:1]
    assert not conversation.session.is_closed


def test_taking_earlier_replies_does_not_end_the_wait():
    """
    A5: a driver may send earlier replies while it still decides about DATA.
    """
    session = ServerSession("mx.example.test", LIMITS)
    taken = []

    def answer(octets, line):
        if octets:
            session.receive(octets)
        event = session.next_event()
        taken.append(session.octets_to_send())
        session.answer(Reply.of(line))
        return event

    assert Connected() == answer(b"", "220 mx.example.test")
    session.octets_to_send()
    assert Greeted("HELO", "client.example") == answer(GREETING, "250 mx.example.test")
    session.octets_to_send()
    answer(ENVELOPE + b"DATA\r\ntext", "250 2.1.0 Ok")
    answer(b"", "250 2.1.5 Ok")
    assert DataOffered() == answer(b"", "354 Go ahead")
    assert b"250 2.1.5 Ok\r\n" == taken[-1]
    assert replies.OUT_OF_STEP.octets == session.octets_to_send()
    assert Closed("synchronization") == session.next_event()
    assert session.next_event() is None


def test_nothing_is_read_while_an_event_waits_for_its_answer():
    """
    Replies keep the order of commands.
    """
    session = ServerSession("mx.example.test", LIMITS)
    assert Connected() == session.next_event()
    assert session.next_event() is None
    session.answer(BANNER)
    assert session.next_event() is None
    assert BANNER.octets == session.octets_to_send()
    assert b"" == session.octets_to_send()


def test_an_answer_without_a_question_is_an_error_of_the_driver():
    """
    An ignored answer would shift every later reply by one.
    """
    conversation = greeted()
    with pytest.raises(DriverError):
        conversation.session.answer(BANNER)


def test_termination_says_its_words_and_takes_nothing_more():
    """
    A11: 421 in the middle of a message discards the message.
    """
    conversation = in_content()
    conversation.say(b"text\r\n")
    conversation.session.terminate(STOP)
    conversation.session.terminate(STOP)
    conversation.session.receive(b".\r\nQUIT\r\n")
    assert STOP.octets == conversation.say(b"")
    assert [Content(b"text"), Closed("terminated")] == conversation.events[-2:]


def test_an_answer_after_termination_is_ignored():
    """
    The commit of a message may finish after its session ended.
    """

    def cut_off(_event):
        conversation.session.terminate(STOP)
        return Reply.of("250 2.0.0 Ok")

    conversation = in_content(answers={ContentEnded: cut_off})
    assert STOP.octets == conversation.say(b".\r\n")


def test_end_of_file_comes_after_what_was_sent_before_it():
    """
    A client may close its side at once, and still gets the reply to its message.
    """

    def hang_up(_event):
        conversation.session.receive(b"")
        return Reply.of("250 2.0.0 Ok")

    conversation = in_content(answers={ContentEnded: hang_up})
    assert OK * 2 == conversation.say(b"text\r\n.\r\nRSET\r\nRSE")
    assert Closed("eof") == conversation.events[-1]


def test_end_of_file_in_content_ends_no_message():
    """
    RFC 5321 §4.1.1.4: only a complete end of data does.
    """
    conversation = in_content()
    conversation.say(b"text\r\n.\r")
    assert b"" == conversation.hang_up()
    assert [Content(b"text"), Closed("eof")] == conversation.events[-2:]


def test_a_command_may_end_in_a_bare_line_feed():
    """
    B1: smuggling concerns content only.
    """
    conversation = greeted()
    assert OK == conversation.say(b"RSET\n")
    assert replies.UNKNOWN_COMMAND.octets == conversation.say(b"RSET\r\r\n")
    assert OK == conversation.say(b"RSET \t \r\n")


def test_a_lenient_session_takes_cr_before_the_line_end_of_a_command():
    """
    Programs that write CR CR LF in the content write it after commands, too.
    """
    conversation = Conversation(LIMITS, None, is_lenient=True).open()
    conversation.say(b"EHLO my scanner\r\r\n")
    assert OK == conversation.say(b"RSET\r\r\n")
    assert OK == conversation.say(b"RSET\r \r\r\n")


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (b"MAIL FROM:<a b@x>\r\n", [("MAIL", "a b@x", 501)]),
        (b"MAIL FROM: a@x\r\n", [("MAIL", "a@x", 501)]),
        (b"MAIL FROM:<a@x>\r\nRCPT TO:<b> X=y\r\nRSET\r\nNOPE\r\n", [("RCPT", "b", 501), ("unknown command", "", 500)]),
        (b"MAIL FROM:<" + 400 * b"a" + b"\r\n", [("MAIL", 300 * "a", 501)]),
        (b"DATA\r\n", [("DATA", "", 503)]),
    ],
)
def test_each_refusal_is_told_once_for_the_log(octets, expected):
    """
    Each refusal leaves a line, even if the driver was not asked. The client's text is bounded.
    """
    conversation = Conversation().open()
    conversation.say(b"EHLO c.example\r\n")
    conversation.say(octets)
    refusals = conversation.session.take_refusals()
    assert expected == [(str(refusal.signal), refusal.path, refusal.reply.code) for refusal in refusals]
    assert [] == conversation.session.take_refusals()


def test_a_timeout_or_a_stop_refuses_nothing():
    conversation = Conversation().open()
    conversation.session.terminate(Reply.of("421 4.4.2 Timed out"))
    assert [] == conversation.session.take_refusals()


def test_a_secret_is_in_no_refusal_and_in_no_text_form():
    """
    C4: refusals go into the log, and a crash prints events.
    """
    refused = Reply.of("535 5.7.8 No")
    extensions = Extensions((*KNOWN, authentication(("PLAIN",))))
    offered = Conversation(
        answers={AuthOffered: Reply.of("334 "), AuthResponded: refused}, extensions=extensions
    ).open()
    absent = Conversation().open()
    for conversation in (offered, absent):
        conversation.say(b"EHLO c.example\r\n")
        conversation.say(b"AUTH PLAIN c2VjcmV0\r\n")
        conversation.say(b"c2VjcmV0\r\n")
        first, *_ = conversation.session.take_refusals()
        assert "c2VjcmV0" not in repr(first)
        assert "secret" not in repr(conversation.events)
