"""The transition table is whole, and the session obeys it."""

import pytest

from empath.mail.reply import Reply
from empath.smtp.server.command import VERBS, Verb
from empath.smtp.server.events import Connected
from empath.smtp.server.states import NEXT, REFUSALS, TRANSACTION, State
from tests.kit.conversation import Conversation

WAY = {  # what a client says to get there
    State.UNGREETED: [],
    State.REFUSED: [],
    State.READY: [b"EHLO client.example\r\n"],
    State.MAIL_GIVEN: [b"HELO client.example\r\n", b"MAIL FROM:<a@a.example>\r\n"],
    State.RCPT_GIVEN: [b"HELO client.example\r\n", b"MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\n"],
}
LINE = {
    Verb.EHLO: b"EHLO client.example\r\n",
    Verb.HELO: b"HELO client.example\r\n",
    Verb.MAIL: b"MAIL FROM:<c@c.example>\r\n",
    Verb.RCPT: b"RCPT TO:<d@d.example>\r\n",
    Verb.VRFY: b"VRFY someone\r\n",
    Verb.AUTH: b"AUTH PLAIN\r\n",
    Verb.BDAT: b"BDAT 1 LAST\r\n",
}
PAIRS = [(state, verb) for state in WAY for verb in VERBS.values()]


def arrive(state):
    answers = {Connected: Reply.of("554 5.3.2 No service")} if state is State.REFUSED else {}
    conversation = Conversation(answers=answers).open()
    for octets in WAY[state]:
        conversation.say(octets)
    return conversation


def appearance(state):
    return state is State.CLOSED, state is State.CONTENT, state in TRANSACTION


@pytest.mark.parametrize(("state", "verb"), PAIRS)
def test_every_state_answers_every_verb_as_the_table_says(state, verb):
    """
    A pair is either in NEXT, and then the command is obeyed, or refused as out of sequence with no effect.
    """
    conversation = arrive(state)
    replies = conversation.say(LINE.get(verb, verb.encode() + b"\r\n"))
    session = conversation.session
    is_refused = replies[:3] in (b"503", b"554")
    assert ((state, verb) not in NEXT) == is_refused
    expected = state if is_refused else NEXT[state, verb]
    assert appearance(expected) == (session.is_closed, session.is_in_content, session.has_transaction)
    if is_refused:
        assert REFUSALS.get((state, verb), Reply.of("503 5.5.1 Bad sequence of commands")).octets == replies


def test_the_table_leads_everywhere_and_out_again():
    """
    No state that cannot be reached, none without a way to the end but through the content of a message.
    """
    reached = set(NEXT.values()) | {State.CONNECTING, State.REFUSED}
    assert set(State) == reached
    assert {state for state, verb in NEXT if verb is Verb.QUIT} == set(WAY)
    assert [Verb.END_OF_DATA] == [verb for state, verb in NEXT if state is State.CONTENT]
    assert [Verb.CONNECT] == [verb for state, verb in NEXT if state is State.CONNECTING]


def test_no_pair_is_both_allowed_and_refused():
    """
    A refusal that is never given would be a wrong comment.
    """
    assert set() == NEXT.keys() & REFUSALS.keys()
