"""The session reads a stream: neither the pieces nor the amount of its octets may matter."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from empath.mail.reply import Reply
from empath.smtp.server.events import (
    Closed,
    Connected,
    ContentEnded,
    DataOffered,
    Greeted,
    MailOffered,
    RecipientOffered,
)
from tests.kit.conversation import LIMITS, Conversation, cut, merged

SMALL = replace(LIMITS, message_octets=200, recipients=2, command_octets=80, line_octets=40, errors=5, junk=3)
LINES = st.sampled_from(
    [
        b"EHLO client.example\r\n",
        b"HELO client.example\n",
        b"EHLO\r\n",
        b"MAIL FROM:<a@a.example>\r\n",
        b"mail from: <> SIZE=10 BODY=8BITMIME\r\n",
        b"MAIL FROM:<a@a.example> SIZE=201\r\n",
        b"RCPT TO:<b@b.example>\r\n",
        b"RCPT TO:<b@\xff>\r\n",
        b"RCPT TO:<b\0@b.example>\r\n",
        b"DATA\r\n",
        b"\r\n.\r\n",
        b".\r\n",
        b"..\r\n",
        b"\n.\r\n",
        b"text\r\n",
        b"te\rxt\n",
        b"\0\r\n",
        b"a" * 90 + b"\r\n",
        b"RSET\r\n",
        b"NOOP\r\n",
        b"VRFY x\r\n",
        b"HELP\r\n",
        b"FOO\r\n",
        b"GET / HTTP/1.0\r\n",
        b"QUIT\r\n",
    ]
)
GROUPS = [
    [b"EHLO client.example\r\n"],
    [b"MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n"],
    [b"text\r\n..\r\n.\r\nRSET\r\nMAIL FROM:<>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n"],
]
RANDOM_TURN = st.lists(LINES | st.binary(max_size=6), max_size=5).map(b"".join)
TURNS = st.tuples(st.integers(0, 3), st.lists(RANDOM_TURN, max_size=6)).map(
    lambda drawn: [turn for group in GROUPS[: drawn[0]] for turn in group] + drawn[1]
)
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        Connected: st.sampled_from(["421 4.3.2 Later", "554 5.3.2 No"]).map(Reply.of),
        Greeted: st.sampled_from(["550 5.7.1 No", "250 one\ntwo"]).map(Reply.of),
        MailOffered: st.sampled_from(["452 4.3.1 Full", "521 5.3.2 No"]).map(Reply.of),
        RecipientOffered: st.sampled_from(["450 4.2.1 Later", "550 5.1.1 No"]).map(Reply.of),
        DataOffered: st.just(Reply.of("451 4.3.0 Later")),
        ContentEnded: st.sampled_from(["451 4.3.0 Later", "554 5.6.0 No"]).map(Reply.of),
    },
)


def talk(turns, answers, pieces_of):
    """A dialogue in turns, each in pieces; the replies and the events."""
    conversation = Conversation(SMALL, answers)
    replies = [conversation.say(b"")] + [conversation.say(*pieces_of(turn)) for turn in turns]
    return replies, merged(conversation.events)


@given(turns=TURNS, borders=st.lists(st.integers(1, 100), max_size=8), answers=ANSWERS)
def test_events_and_replies_do_not_depend_on_how_octets_are_cut(turns, borders, answers):
    """
    TCP has no message borders: any reads give the same as one read. A turn ends where the client waits for its replies,
    because octets before them are a matter of time.
    """
    whole = talk(turns, answers, lambda turn: [turn])
    assert whole == talk(turns, answers, lambda turn: cut(turn, range(len(turn))))
    assert whole == talk(turns, answers, lambda turn: cut(turn, borders))


@given(octets=st.lists(LINES | st.binary(max_size=100)).map(b"".join), answers=ANSWERS)
def test_no_octets_harm_a_session(octets, answers):
    """
    Any input raises no exception, gives exactly one Closed, as the last event, and keeps every buffer within its bound.
    """
    conversation = Conversation(SMALL, answers)
    conversation.open()
    for piece in cut(octets, range(0, len(octets), 7)):
        conversation.say(piece)
        assert conversation.session.held_octets < SMALL.command_octets
    conversation.hang_up()
    assert conversation.session.is_closed
    assert [conversation.events[-1]] == [event for event in conversation.events if isinstance(event, Closed)]


def test_a_command_without_an_end_is_not_held():
    """
    Bounded buffers: octets of an endless line are dropped once it is known to be too long.
    """
    conversation = Conversation().open()
    for _ in range(1000):
        conversation.say(b"a" * 4096)
        assert conversation.session.held_octets < LIMITS.command_octets
    assert b"500 5.5.2 Command line too long\r\n" == conversation.say(b"\r\n")
    assert b"250 2.0.0 Ok\r\n" == conversation.say(b"NOOP\r\n")


def test_commands_that_are_read_are_not_held():
    """
    A client that sends many at once and then nothing costs no memory.
    """
    conversation = Conversation().open()
    conversation.say(b"NOOP " + b"a" * 500 + b"\r\n")
    assert 0 == conversation.session.held_octets


def test_a_command_of_exactly_the_limit_is_read():
    """
    RFC 5321 §4.5.3.1.4 counts the line end in.
    """
    conversation = Conversation().open()
    assert b"250 " == conversation.say(b"NOOP ".ljust(LIMITS.command_octets - 2, b"a") + b"\r\n")[:4]
    assert b"500 " == conversation.say(b"NOOP ".ljust(LIMITS.command_octets - 1, b"a") + b"\r\n")[:4]


def test_content_flows_out_while_it_arrives():
    """
    Bounded buffers: the session never holds a large message as a whole.
    """
    conversation = Conversation(replace(LIMITS, message_octets=10_000_000)).open()
    conversation.say(b"HELO client.example\r\n")
    conversation.say(b"MAIL FROM:<>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n")
    for received in range(1, 100):
        conversation.say(b"a" * 98 + b"\r\n")
        assert received * 100 - 2 == len(conversation.message())
        assert 0 == conversation.session.held_octets
