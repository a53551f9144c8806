"""Content by BDAT: RFC 3030."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.mail.protocol import Protocol
from empath.smtp.client.events import ContentWanted, TransactionEnded
from empath.smtp.client.session import ClientSession
from tests.kit import strategies
from tests.smtp.client.kit import (
    DELIVERED,
    EXTENSIONS,
    GO_ON,
    LATER,
    NO,
    OK,
    ONE_AT_A_TIME,
    Dialogue,
    greeting,
    ready,
    transaction,
)

CHUNKING = (*EXTENSIONS, "CHUNKING")


def said(dialogue):
    """Results of the last transaction, as stage and reply."""
    ended = dialogue.events[-1]
    assert isinstance(ended, TransactionEnded)
    return [(str(one.stage), str(one.reply)) for one in ended.results.values()]


def test_content_follows_the_recipients_without_data():
    """
    The host is not asked before the content, and dots are not doubled.
    """
    dialogue = ready(CHUNKING).begin(transaction(size=5, may_chunk=True))
    assert [b"MAIL FROM:<a@example.org> SIZE=5\r\nRCPT TO:<b@example.net>\r\n"] == dialogue.sent
    dialogue.hear(OK + OK)
    assert [ContentWanted()] == dialogue.events
    dialogue.send(b".", b"", b"x\r\n.")
    assert b"BDAT 5 LAST\r\n.x\r\n." == dialogue.sent[-1]
    assert [DELIVERED] == said(dialogue.hear(OK))


def test_a_host_without_pipelining_gets_bdat_after_each_answer():
    """
    As the other commands.
    """
    dialogue = ready((*ONE_AT_A_TIME, "CHUNKING")).begin(transaction("b@x.test", "c@x.test", may_chunk=True))
    dialogue.hear(OK, NO, OK).send(b"hello")
    assert b"BDAT 5 LAST\r\nhello" == dialogue.sent[-1]
    assert [("rcpt", "550 5.1.1 No"), DELIVERED] == said(dialogue.hear(OK))


def test_the_last_octets_wait_until_the_driver_ends_the_content():
    """
    With them the host takes the message. Until then the driver may give it up.
    """
    dialogue = ready(CHUNKING).begin(transaction(size=6, may_chunk=True)).hear(OK + OK)
    dialogue.session.content(b"abc")
    dialogue.session.content(b"def")
    assert b"BDAT 6 LAST\r\nabc" == dialogue.session.octets_to_send()
    dialogue.session.end_content()
    assert b"def" == dialogue.session.octets_to_send()


@pytest.mark.parametrize("size", [0, 5])
def test_the_command_itself_waits_for_the_first_content(size):
    """
    An empty message is taken with the command alone.
    """
    dialogue = ready(CHUNKING).begin(transaction(size=size, may_chunk=True)).hear(OK + OK).forget()
    assert b"" == dialogue.session.octets_to_send()
    assert [b"BDAT %d LAST\r\n" % size] == dialogue.send().sent


@pytest.mark.parametrize(
    ("extensions", "parameters"),
    [
        (EXTENSIONS, {"may_chunk": True}),
        (CHUNKING, {}),
        (CHUNKING, {"may_chunk": True, "is_size_exact": False}),
    ],
)
def test_data_serves_where_bdat_cannot(extensions, parameters):
    """
    The host must offer it, the operator must want it, and the size comes before the content.
    """
    dialogue = ready(extensions).begin(transaction(**parameters)).hear(OK + OK + GO_ON).send(b"hello")
    assert b"hello\r\n.\r\n" == dialogue.sent[-1]


def test_no_content_goes_out_when_all_recipients_are_refused():
    """
    There is no DATA whose answer would be awaited in vain; the session serves the next mail, by DATA or by BDAT.
    """
    dialogue = ready(CHUNKING).begin(transaction(may_chunk=True)).hear(OK + NO)
    assert [("rcpt", "550 5.1.1 No")] == said(dialogue)
    assert dialogue.session.is_ready
    dialogue.begin(transaction(may_chunk=True)).hear(OK + OK + OK).send(b"hello").hear(OK).forget()
    dialogue.begin(transaction()).hear(OK + OK + OK + GO_ON).send(b".hello")
    assert b"..hello\r\n.\r\n" == dialogue.sent[-1]


def test_a_refusal_while_the_chunk_goes_out_ends_the_session():
    """
    The host still waits for the octets that it was promised.
    """
    dialogue = ready(CHUNKING).begin(transaction(size=9, may_chunk=True)).hear(OK + OK)
    dialogue.session.content(b"abc")
    dialogue.hear(b"452 4.3.1 Full\r\n")
    assert not dialogue.session.is_usable
    assert [("content", "452 4.3.1 Full")] == [
        (str(one.stage), str(one.reply))
        for event in dialogue.events
        if isinstance(event, TransactionEnded)
        for one in event.results.values()
    ]


@pytest.mark.parametrize("code", [500, 502, 504])
@pytest.mark.parametrize("is_whole", [False, True])
def test_a_host_that_does_not_know_bdat_bounces_nothing(code, is_whole):
    """
    Some firewalls let the offer pass, and refuse the command. The content is then taken for commands, so the session
    ends.
    """
    dialogue = ready(CHUNKING).begin(transaction(size=9, may_chunk=True)).hear(OK + OK)
    dialogue.session.content(b"hello you")
    if is_whole:
        dialogue.session.end_content()
    dialogue.note().hear(b"%d No such command\r\n" % code)
    [ended] = [event for event in dialogue.events if isinstance(event, TransactionEnded)]
    words = f"451 4.5.1 The host offers CHUNKING and refuses BDAT; set chunking = false for it: {code} No such command"
    assert [words] == [one.reply.escaped() for one in ended.results.values()]
    assert (False, False) == (ended.is_in_doubt, dialogue.session.is_usable)
    assert dialogue.session.lacks_chunking


@pytest.mark.parametrize("reply", [b"554 5.7.1 Spam\r\n", b"552 5.3.4 Too big\r\n"])
def test_a_host_that_knows_bdat_may_refuse_the_message(reply):
    """
    For good, as with DATA.
    """
    dialogue = ready(CHUNKING).begin(transaction(size=5, may_chunk=True)).hear(OK + OK).send(b"hello").hear(reply)
    assert [("end-of-data", reply.decode().strip())] == said(dialogue)
    assert dialogue.session.is_ready


def test_a_reply_to_the_chunk_counts_for_all_accepted_recipients():
    """
    As the reply to the final dot.
    """
    dialogue = ready(CHUNKING).begin(transaction("b@x.test", "c@x.test", may_chunk=True))
    assert [("end-of-data", "450 4.2.1 Later")] * 2 == said(dialogue.hear(OK + OK + OK).send(b"hello").hear(LATER))


def test_lmtp_answers_a_chunk_once_for_each_recipient():
    """
    RFC 2033 §4.3.
    """
    dialogue = Dialogue(ClientSession("me.test", protocol=Protocol.LMTP))
    dialogue.hear(b"220 peer.test LMTP\r\n", greeting(CHUNKING)).begin(
        transaction("b@x.test", "c@x.test", may_chunk=True)
    )
    dialogue.hear(OK + OK + OK).send(b"hello").hear(OK, LATER)
    assert [DELIVERED, ("end-of-data", "450 4.2.1 Later")] == said(dialogue)


@given(data=st.data(), content=strategies.contents | st.binary(max_size=60))
def test_the_host_gets_exactly_the_promised_octets(data, content):
    """
    One octet too few and both wait; one too many and it is taken for a command.
    """
    dialogue = ready(CHUNKING).begin(transaction(size=len(content), may_chunk=True)).hear(OK + OK).forget()
    dialogue.send(*data.draw(strategies.pieces(content)))
    assert b"BDAT %d LAST\r\n" % len(content) + content == b"".join(dialogue.sent)
