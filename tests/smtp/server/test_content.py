"""Framing of content: its end, its line ends, and its refusals."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.smtp.client.dot_stuffing import DotStuffer
from empath.smtp.server import replies
from empath.smtp.server.content import ChunkReader, ContentReader
from tests.kit.conversation import cut
from tests.kit.wire import content_of, lines_of, may_smuggle

NOT_AN_END = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r\n.\r",
    b"\r\n.\r\r\n",
    b"\n.\r\r\n",
    b"\r\n. \r\n",
]
WIRE = st.lists(
    st.sampled_from(
        [b"\r", b"\n", b".", b"\r\n", b"\r\n.", b"\r\n.\r\n", b"\r" * 70, b"a", b"bc", b" ", b"\0", b"\xff"]
    ),
    max_size=30,
).map(b"".join)
BORDERS = st.lists(st.integers(1, 60), max_size=8)


def read(pieces, message_octets=10_000, line_octets=998):
    reader = ContentReader(message_octets, line_octets)
    content = b"".join(reader.feed(piece) for piece in pieces if not reader.is_ended)
    return content, reader


def read_chunks(pieces, message_octets=10_000, line_octets=998):
    reader = ChunkReader(message_octets, line_octets)
    content = b"".join(reader.feed(piece, is_last=False) for piece in pieces)
    return content + reader.feed(b"", is_last=True), reader


@pytest.mark.parametrize("ending", NOT_AN_END)
def test_only_crlf_dot_crlf_ends_the_data(ending):
    """
    B1: a server that takes one of these for the end reads the rest of the message as commands.
    """
    wire = b"one" + ending + b"MAIL FROM:<a@b.example>\r\n"
    content, reader = read([wire])
    assert not reader.is_ended
    assert b"MAIL FROM:<a@b.example>" in content
    content, reader = read([wire + b".\r\nNOOP\r\n"])
    assert reader.is_ended
    assert b"NOOP\r\n" == reader.rest
    assert content.endswith(b"MAIL FROM:<a@b.example>\r\n")


@pytest.mark.parametrize("ending", NOT_AN_END)
def test_nothing_given_out_can_end_data_elsewhere(ending):
    """
    B3: the stored message goes to a next host, which might read such a line end differently.
    """
    content, _ = read([b"one" + ending + b"two\r\n.\r\n"])
    assert b"" == content.replace(b"\r\n", b"").translate(None, b"one.tw ")
    assert content.count(b"\r\n") == content.count(b"\r") == content.count(b"\n")


@pytest.mark.parametrize(
    ("wire", "content"),
    [
        (b".\r\n", b""),
        (b"\r\n.\r\n", b"\r\n"),
        (b"a\r\n.\r\n", b"a\r\n"),
        (b"..\r\n.\r\n", b".\r\n"),
        (b"a\r\n..\r\n..b\r\n.\r\n", b"a\r\n.\r\n.b\r\n"),
        (b".a\r\n.\r\n", b"a\r\n"),
        (b"a\nb\r\n.\r\n", b"a\r\nb\r\n"),
        (b"a\rb\r\n.\r\n", b"a b\r\n"),
        (b"a\r\r\n.\r\n", b"a\r\n"),
        (b"a: b\r\r\n\r\r\r\nc\rd\r\r\n.\r\n", b"a: b\r\n\r\nc d\r\n"),
        (b"\r\r\n.\r\n", b"\r\n"),
        (b"a\r\n.\r\r\n.\r\n", b"a\r\n\r\n"),
        (b"a\r\r\n.\r\r\nb\r\r\n\r\n.\r\n", b"a\r\n\r\nb\r\n\r\n"),
        (b"a\r\r\n..\r\r\n.\r\n", b"a\r\n.\r\n"),
        (b"a\n\r.\r\r\n.\r\n", b"a\r\n .\r\n"),
        (b"a\n.b\r\n.\r\n", b"a\r\nb\r\n"),
        (b"a\n\r\n.\r\n", b"a\r\n\r\n"),
    ],
)
def test_lines_are_normalized_and_dots_of_transparency_removed(wire, content):
    """
    B3, B4: the stored message is what the client meant.
    """
    given_out, reader = read([wire])
    assert content == given_out
    assert reader.is_ended
    assert len(content) == reader.size
    assert reader.refusal is None


@given(wire=WIRE.map(lambda wire: wire.replace(b"\0", b"")))
def test_content_is_what_the_rules_say_octet_by_octet(wire):
    """
    Work on whole pieces is only an optimisation.
    """
    expected, is_ended = content_of(wire)
    content, reader = read([wire])
    assert is_ended == reader.is_ended
    if is_ended:
        assert expected == content
    else:  # undecided octets: a line end, and a dot behind it
        assert expected.startswith(content)
        assert len(expected) - len(content) <= 4 + len(wire) - len(wire.rstrip(b"\r"))


@given(wire=WIRE.map(lambda wire: wire.replace(b"\0", b"")))
def test_what_is_sent_on_ends_where_it_ends(wire):
    """
    B3: a line that is a lone dot only after its CRs are gone must not end the data at the next host.
    """
    content, _ = read([wire + b"\r\n.\r\n"])
    stuffer = DotStuffer()
    sent = stuffer.stuff(content) + stuffer.end()
    assert (False, content) == (may_smuggle(sent), content_of(sent)[0])


@pytest.mark.parametrize("piece_octets", [1, 64, 65, 66, 1000])
def test_a_long_run_of_cr_is_not_held(piece_octets):
    """
    A client may send CRs for ever. A line end has at most 64 more than one; those before them are spaces.
    """
    reader = ContentReader(10_000, None)
    given_out = b"".join(reader.feed(b"\r" * piece_octets) for _ in range(1000 // piece_octets))
    assert given_out == b" " * (1000 // piece_octets * piece_octets - 65)
    assert (b"", b"\r\nx") == (reader.feed(b"\n"), reader.feed(b"x"))


@given(wire=WIRE, borders=BORDERS, message_octets=st.integers(0, 30), line_octets=st.none() | st.integers(0, 6))
def test_content_does_not_depend_on_how_octets_are_cut(wire, borders, message_octets, line_octets):
    """
    TCP has no message borders; neither content nor refusals may depend on them.
    """
    whole, reader = read([wire], message_octets, line_octets)
    for pieces in (cut(wire, borders), cut(wire, range(len(wire)))):
        content, other = read(pieces, message_octets, line_octets)
        assert (whole, reader.is_ended, reader.refusal, reader.size) == (
            content,
            other.is_ended,
            other.refusal,
            other.size,
        )


@given(lines=st.lists(st.integers(0, 8), max_size=12), line_octets=st.integers(0, 7))
def test_a_line_is_too_long_exactly_when_it_is_longer_than_the_limit(lines, line_octets):
    """
    B9: the search must not skip a long line. The limit does not count CRLF and dots of transparency.
    """
    wire = b"".join(b"." + b"." * octets + b"\r\n" if octets else b"\r\n" for octets in lines) + b".\r\n"
    _, reader = read([wire], line_octets=line_octets)
    assert (replies.LINE_TOO_LONG if any(octets > line_octets for octets in lines) else None) == reader.refusal


def test_a_message_of_exactly_the_limit_is_sound():
    """
    SIZE is the size of the largest accepted message.
    """
    content, reader = read([b"a" * 8 + b"\r\n.\r\n"], message_octets=10)
    assert (b"a" * 8 + b"\r\n", None) == (content, reader.refusal)
    content, reader = read([b"a" * 9 + b"\r\n.\r\n"], message_octets=10)
    assert (b"a" * 9 + b"\r", replies.TOO_BIG) == (content, reader.refusal)


def test_the_first_rule_broken_decides():
    """
    A message has one refusal, however its octets were cut.
    """
    _, reader = read([b"aa\0" + b"b" * 20 + b"\r\n.\r\n"], line_octets=10)
    assert replies.HAS_NUL == reader.refusal
    _, reader = read([b"b" * 20 + b"\0\r\n.\r\n"], line_octets=10)
    assert replies.LINE_TOO_LONG == reader.refusal


def test_nothing_is_given_out_after_a_refusal():
    """
    B5: a message that is too big is read to its end and costs no memory.
    """
    reader = ContentReader(4, None)
    assert [b"aaaa", b"", b""] == [
        reader.feed(b"aaaaaa"),
        reader.feed(b"b" * 100_000),
        reader.feed(b"\r\n.\r\nQUIT\r\n"),
    ]
    assert (True, b"QUIT\r\n", 4) == (reader.is_ended, reader.rest, reader.size)


@pytest.mark.parametrize(
    ("wire", "content"),
    [
        (b"", b""),
        (b"a", b"a\r\n"),
        (b"a\r", b"a\r\n"),
        (b"\n", b"\r\n"),
        (b".\r\n..\r\n.\r\na\r\n", b".\r\n..\r\n.\r\na\r\n"),
        (b"a\nb\rc\r\r\n", b"a\r\nb c\r\n"),
    ],
)
def test_content_in_chunks_is_lines_and_its_dots_have_no_meaning(wire, content):
    """
    B4, B6: a next host may get it by DATA, where only lines can be sent.
    """
    given_out, reader = read_chunks([wire])
    assert (content, len(content), None) == (given_out, reader.size, reader.refusal)


@given(wire=WIRE, borders=BORDERS)
def test_content_in_chunks_does_not_depend_on_how_it_is_cut(wire, borders):
    """
    B6: a CRLF split across two chunks is one line end.
    """
    content, reader = read_chunks([wire], line_octets=40)
    parts, other = read_chunks(cut(wire, borders), line_octets=40)
    assert (content, reader.size, reader.refusal) == (parts, other.size, other.refusal)
    assert reader.refusal is not None or lines_of(wire) == content


@given(wire=WIRE.map(lambda wire: wire.replace(b"\0", b"")))
def test_content_in_chunks_is_sent_on_whole(wire):
    """
    B4: it is stuffed with dots when DATA carries it, and ends where it ends.
    """
    content, _ = read_chunks([wire])
    stuffer = DotStuffer()
    sent = stuffer.stuff(content) + stuffer.end()
    assert (False, content) == (may_smuggle(sent), content_of(sent)[0])


@given(wire=WIRE, borders=BORDERS)
def test_the_first_breach_decides_where_bare_line_feeds_are_rejected(wire, borders):
    """
    B2: the reply does not depend on how the content is cut. Without a bare LF there is no difference.
    """
    whole = ContentReader(10_000, 40, takes_bare_lf=False)
    whole.feed(wire)
    parts = ContentReader(10_000, 40, takes_bare_lf=False)
    for piece in cut(wire, borders):
        if not parts.is_ended:
            parts.feed(piece)
    assert (whole.refusal, whole.is_ended) == (parts.refusal, parts.is_ended)
    _, usual = read([wire], line_octets=40)
    assert whole.refusal in (usual.refusal, replies.BARE_LINE_FEED)


@given(wire=WIRE, borders=BORDERS)
def test_the_first_breach_decides_in_chunks_too(wire, borders):
    """
    B2, B6.
    """
    refusals = []
    for pieces in ([wire], cut(wire, borders)):
        reader = ChunkReader(10_000, 40, takes_bare_lf=False)
        for piece in pieces:
            reader.feed(piece, is_last=False)
        reader.feed(b"", is_last=True)
        refusals.append(reader.refusal)
    assert refusals[0] == refusals[1]
    is_only_breach = b"\0" not in wire and len(wire) <= 40
    if re.search(rb"(?<!\r)\n", wire) and is_only_breach:
        assert replies.BARE_LINE_FEED == refusals[0]
