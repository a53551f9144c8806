"""The table of the server is complete, and the session follows it."""

from empath.mail.protocol import Protocol
from empath.mail.reply import Reply
from empath.smtp.server.events import CloseReason, Connected
from empath.smtp.server.extensions import ALL, KNOWN, Extensions
from empath.smtp.server.states import IN_CONTENT, TRANSACTION, ServerSignal, ServerState
from empath.smtp.server.table import (
    CLOSE_REASONS,
    EFFECTS,
    EFFECTS_OF_REFUSAL,
    ENDS,
    NEXT,
    REFUSALS,
    ServerAction,
    ServerEffect,
)
from tests.kit.cases import in_one_test
from tests.kit.conversation import Answer, Conversation

ENVELOPE = b"MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\n"
WAY = {  # the client's commands that lead to a state
    ServerState.UNGREETED: [],
    ServerState.REFUSED: [],
    ServerState.READY: [b"EHLO client.example\r\n"],
    ServerState.MAIL_GIVEN: [b"HELO client.example\r\n", b"MAIL FROM:<a@a.example>\r\n"],
    ServerState.RCPT_GIVEN: [b"HELO client.example\r\n", ENVELOPE],
    ServerState.CHUNKS: [b"HELO client.example\r\n", ENVELOPE, b"BDAT 1\r\nx"],
    ServerState.CHUNKS_LOST: [b"HELO client.example\r\n", ENVELOPE, b"BDAT 1\r\n\0"],
}
LINE = {
    b"EHLO": b"EHLO client.example\r\n",
    b"HELO": b"HELO client.example\r\n",
    b"MAIL": b"MAIL FROM:<c@c.example>\r\n",
    b"RCPT": b"RCPT TO:<d@d.example>\r\n",
    b"VRFY": b"VRFY someone\r\n",
    b"AUTH": b"AUTH PLAIN\r\n",
    b"BDAT": b"BDAT 1\r\nx",
    b"BDAT LAST": b"BDAT 1 LAST\r\nx",
    b"BDAT x": b"BDAT x\r\n",
    b"LHLO": b"LHLO client.example\r\n",
}
OTHER_WORDS = {
    b"FOO": ServerSignal.UNKNOWN,
    b"GET": ServerSignal.FORBIDDEN,
    b"BDAT LAST": ServerSignal.BDAT_LAST,
    b"BDAT x": ServerSignal.BDAT_MALFORMED,
}
# The row of the signal that ends a chunk follows that of an accepted BDAT.
NEXT_ROW = {ServerState.CHUNK: ServerSignal.END_OF_CHUNK, ServerState.CONTENT: ServerSignal.END_OF_DATA}
PAIRS = [(state, word, signal) for state in WAY for word, signal in {**ALL.verbs, **OTHER_WORDS}.items()]


LMTP = Extensions(KNOWN, Protocol.LMTP)


def arrive(state):
    refusal: dict[type, Reply | Answer] = {Connected: Reply.of("554 5.3.2 No service")}
    answers = refusal if state is ServerState.REFUSED else {}
    conversation = Conversation(answers=answers).open()
    for octets in WAY[state]:
        conversation.say(octets)
    return conversation


def appearance(state):
    return state is ServerState.CLOSED, state in IN_CONTENT, state in TRANSACTION


@in_one_test(("state", "word", "signal"), PAIRS)
def test_every_state_answers_every_verb_as_the_table_says(state, word, signal):
    """
    The reply decides which of the two states of the row follows.
    """
    conversation = arrive(state)
    step = NEXT[state, signal]
    reply = conversation.say(LINE.get(word, word + b"\r\n"))
    session = conversation.session
    if step.action is not ServerAction.OBEY:
        assert REFUSALS[Protocol.SMTP][step.action].octets == reply
    elif word.startswith(b"BDAT") and step.accepted in NEXT_ROW:
        step = NEXT[step.accepted, NEXT_ROW[step.accepted]]
    expected = step.accepted if int(reply[:3]) < 400 else step.refused
    assert appearance(expected) == (session.is_closed, session.is_in_content, session.has_transaction)


def test_the_table_has_every_state_with_every_signal():
    """
    The client may do anything at any time.
    """
    assert {(state, signal) for state in ServerState for signal in ServerSignal} == set(NEXT)


def test_a_refused_command_changes_no_state():
    """
    503 and 554 only tell the client its mistake. A chunk is another matter: the transaction cannot get it again.
    """
    chunks = (ServerSignal.BDAT, ServerSignal.BDAT_LAST)
    refusals = {
        pair: step for pair, step in NEXT.items() if step.action is not ServerAction.OBEY and pair[1] not in chunks
    }
    assert {(state, signal): (state, state) for state, signal in refusals} == {
        pair: (step.accepted, step.refused) for pair, step in refusals.items()
    }


def test_every_action_but_two_has_its_reply():
    """
    The reader of a command or the driver answers an obeyed command. A closed session does not answer.
    """
    assert set(ServerAction) - {ServerAction.OBEY, ServerAction.IGNORE} == set(REFUSALS[Protocol.SMTP])
    assert set(REFUSALS[Protocol.SMTP]) == set(REFUSALS[Protocol.LMTP])
    assert set(ServerAction) == {step.action for step in NEXT.values()}


def test_the_table_leads_everywhere_and_out_again():
    """
    Every state can be reached and left.
    """
    assert set(ServerState) == {state for step in NEXT.values() for state in (step.accepted, step.refused)}
    for signal in ENDS:
        assert {ServerState.CLOSED} == {NEXT[state, signal].accepted for state in ServerState}
    obeyed = {pair for pair, step in NEXT.items() if step.action is ServerAction.OBEY}
    assert set(WAY) == {state for state, signal in obeyed if signal is ServerSignal.QUIT}
    assert {ServerSignal.END_OF_CHUNK, *ENDS} == {signal for state, signal in obeyed if state is ServerState.CHUNK}
    assert {ServerSignal.END_OF_DATA, *ENDS} == {signal for state, signal in obeyed if state is ServerState.CONTENT}
    assert {ServerSignal.CONNECT, *ENDS} == {signal for state, signal in obeyed if state is ServerState.CONNECTING}


def test_whatever_closes_a_session_has_its_reason():
    """
    The log names it.
    """
    closing = {
        signal for (state, signal), step in NEXT.items() if ServerState.CLOSED in step[1:] and step.accepted != state
    }
    assert closing == set(CLOSE_REASONS)
    assert set(CloseReason) == set(CLOSE_REASONS.values())


def test_every_effect_belongs_to_a_command():
    """
    An effect that no command has would never take place.
    """
    assert set(ServerEffect) == {effect for effects in EFFECTS.values() for effect in effects}
    assert set(ServerEffect) >= {effect for effects in EFFECTS_OF_REFUSAL.values() for effect in effects}


def test_lmtp_has_a_greeting_of_its_own_and_refuses_data_without_recipients_with_503():
    """
    RFC 2033 §4.1, §4.2. SMTP answers 554 to the second.
    """
    conversation = Conversation(extensions=LMTP).open()
    assert [b"500", b"500", b"503"] == [
        conversation.say(line)[:3] for line in (b"EHLO a.example\r\n", b"HELO a.example\r\n", b"MAIL FROM:<>\r\n")
    ]
    assert b"250-mx.example.test\r\n250-PIPELINING\r\n" == conversation.say(b"LHLO a.example\r\n")[:37]
    conversation.say(b"MAIL FROM:<a@a.example>\r\n")
    assert b"503 5.5.1 No valid recipients\r\n" == conversation.say(b"DATA\r\n")
    assert b"500" == Conversation().open().say(b"LHLO a.example\r\n")[:3]


def test_lmtp_answers_a_refused_last_chunk_once_for_each_recipient():
    """
    RFC 2033 §4.3: a client that pipelines counts on it, and waits for ever where one reply is missing. Without a
    recipient there is none. A chunk that is not the last has one, and so has BDAT outside a transaction.
    """
    conversation = Conversation(extensions=LMTP).open()
    conversation.say(b"LHLO client.example\r\n")
    envelope = b"MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nRCPT TO:<e@d.example>\r\n"
    conversation.say(envelope)
    assert 1 == conversation.say(b"BDAT 3\r\n\0\r\n").count(b"\r\n")
    assert 2 * b"551 5.0.0 Chunk discarded after an earlier error\r\n" == conversation.say(b"BDAT 1 LAST\r\nx")
    assert b"503 5.5.1 Send MAIL first\r\n" == conversation.say(b"BDAT 1 LAST\r\nx")
    assert 2 * b"250 2.0.0 Ok\r\n" == conversation.say(b"MAIL FROM:<>\r\nBDAT 1 LAST\r\nxNOOP\r\n")


def test_lmtp_answers_the_end_of_data_once_for_each_recipient():
    """
    RFC 2033 §4.2, §4.3. All have the same fate: one commit holds them.
    """
    conversation = Conversation(extensions=LMTP).open()
    conversation.say(b"LHLO a.example\r\n")
    envelope = b"MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\nRCPT TO:<c@b.example>\r\n"
    ok, go_on = b"250 2.0.0 Ok\r\n", b"354 Go ahead\r\n"
    conversation.say(envelope + b"DATA\r\n")
    assert ok * 2 == conversation.say(b"a\r\n.\r\n")
    assert ok * 6 == conversation.say(envelope + b"BDAT 1\r\naBDAT 1 LAST\r\nb")
    conversation.say(envelope + b"DATA\r\n")
    assert b"554 5.6.0 Message has a NUL octet\r\n" * 2 == conversation.say(b"\0\r\n.\r\n")
    assert ok * 3 + go_on == conversation.say(envelope + b"DATA\r\n")
