"""The header section as octets: its end, its size, and the few fields that are read."""

import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from empath.message.header import (
    FIELD_OCTETS,
    HeaderFields,
    HeaderSplitter,
    field_name,
    header_section,
    loops_through,
)
from tests.kit.conversation import cut

_lines = st.sampled_from(
    [b"", b"A: b", b" folded", b"X-Long: 0123456789", b"no field at all", b".", b":", b"\xc3\xa4: 8", b"Subject: s"]
)
contents = st.lists(_lines, max_size=14).map(lambda lines: b"".join(line + b"\r\n" for line in lines))


def split(*pieces: bytes, limit: int = 10_000) -> tuple[list[tuple[bytes, bytes]], bool, bool]:
    """The fields, whether the content is headerless, and whether its header section is too large."""
    splitter = HeaderSplitter(limit)
    fields = [field for piece in pieces for field in splitter.feed(piece)]
    fields += splitter.finish()
    assert splitter.is_complete
    return [(field_name(octets), octets) for octets in fields], splitter.is_headerless, splitter.is_too_large


def names(*pieces: bytes) -> list[bytes]:
    return [name for name, _ in split(*pieces)[0]]


@given(content=contents, borders=st.sets(st.integers(0, 300)), limit=st.integers(8, 120))
def test_what_is_read_does_not_depend_on_how_the_content_is_cut(content, borders, limit):
    """
    A client chooses its segments, and two copies of a message must not differ by them.
    """
    assert split(content, limit=limit) == split(*cut(content, borders), limit=limit)


@example(prefix=FIELD_OCTETS - 6, rest=b"\r\n b\r\n\r\n", borders={FIELD_OCTETS + 1})
@given(
    prefix=st.integers(FIELD_OCTETS - 12, FIELD_OCTETS + 4),
    rest=st.sampled_from([b"\r\n b\r\n\r\n", b"\r\n c\r\nSubject: x\r\n\r\nReceived: y\r\n"]),
    borders=st.sets(st.integers(FIELD_OCTETS - 20, FIELD_OCTETS + 60)),
)
def test_a_field_of_any_length_ends_where_it_ends(prefix, rest, borders):
    """
    A list of two thousand members is one field. Only its beginning is kept in memory.
    """
    content = b"To: ".ljust(prefix, b"x") + rest
    pieces = cut(content, borders)
    assert split(content, limit=10_000) == split(*pieces, limit=10_000)
    assert names(content) == [b"to", b"subject"][: 1 + rest.count(b"Subject")]
    assert names(content) == names(*cut(content, range(len(content))))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"\r\n", []),
        (b"\r\nA: b\r\n", []),
        (b"A: b\r\n", [(b"a", b"A: b")]),
        (b"A: b\r\n\r\nC: d\r\n", [(b"a", b"A: b")]),
        (b"A: b\r\n c\r\nD:\r\n\r\n", [(b"a", b"A: b\r\n c"), (b"d", b"D:")]),
        (b"A: b\r\nno field\r\nC: d\r\n\r\n", [(b"a", b"A: b"), (b"", b"no field"), (b"c", b"C: d")]),
    ],
)
def test_the_header_section_ends_at_the_first_blank_line(content, expected):
    """
    RFC 5322 §2.1. Without a blank line all is header. A message may begin with the blank line.
    """
    assert (expected, False, False) == split(content)


@pytest.mark.parametrize(
    "content",
    [
        b"no header\r\nSubject: not this\r\n\r\n",
        b" by forged.example\r\nSubject: not this\r\n",
        b"\tfolded\r\n",
        b": x\r\n",
        b"x",
        b"a" * 998 + b":\r\n",
        b"a" * 10_000 + b"\r\n",
    ],
)
@pytest.mark.parametrize("limit", [500, 100_000])
def test_content_that_begins_with_no_field_is_headerless(content, limit):
    """
    Nothing in it is a field, although it may look like one.
    """
    assert ([], True, False) == split(content, limit=limit)
    assert ([], True, False) == split(*cut(content, range(len(content))), limit=limit)


@pytest.mark.parametrize(("limit", "is_too_large"), [(40, False), (39, True)])
@pytest.mark.parametrize("end", [b"", b"\r\n", b"\r\nbody\r\n"])
def test_a_header_section_is_too_large_beyond_the_limit(limit, is_too_large, end):
    """
    The blank line does not count.
    """
    assert is_too_large == split(b"X-Long: 0123456789\r\n" * 2 + end, limit=limit)[2]


def test_a_header_section_that_never_ends_costs_the_memory_of_one_field():
    """
    It is refused at the end of data; until then the client may send as much as a message may have.
    """
    splitter = HeaderSplitter(10_000_000)
    tracemalloc.start()
    try:
        for _ in range(3000):
            splitter.feed(b"To:" + b"x" * 1000)
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < 4 * FIELD_OCTETS


def test_a_long_text_without_a_blank_line_is_not_too_large():
    """
    Its first line looks like a field by chance; to refuse it would lose mail.
    """
    text = b"Dear: all\r\n" + 20 * b"this is no header\r\n"
    assert not split(text, limit=40)[2]
    assert not split(b"Dear: all\r\n" + b"x" * 5000, limit=1000 + 11)[2]


@pytest.mark.parametrize(
    ("octets", "limit", "section"),
    [
        (b"\r\nA: b\r\n", 100, b""),
        (b"A: b\r\n\r\nbody", 100, b"A: b\r\n"),
        (b"A: b\r\n\r\nbody", 6, b"A: b\r\n"),
        (b"A: b\r\n\r\nbody", 5, b"A: b"),
        (b"A: b\r\nC: d\r\n", 100, b"A: b\r\nC: d\r\n"),
        (b"no field\r\nat all\r\n", 100, b"no field\r\nat all\r\n"),
        (b"A: b\r\nno field\r\nat all\r\n", 20, b"A: b\r\n"),
    ],
)
def test_the_section_at_the_beginning_of_octets_is_bounded(octets, limit, section):
    """
    It is for reports and for people. The limit never leaves a bare CR.
    """
    assert section == header_section(octets, limit)


def read(header: bytes) -> HeaderFields:
    fields = HeaderFields()
    fields.add(octets for _, octets in split(header)[0])
    return fields


def test_fields_are_read_in_any_case_and_unfolded():
    """
    RFC 5322 §1.2.2, §2.2.3. The obsolete syntax allows a blank before the colon.
    """
    header = b"SUBJECT : one\r\n  two\r\nmessage-id: <a@b>\r\nReceived: x\r\nX: Received:\r\nrEcEiVeD\t: y\r\n"
    assert HeaderFields(2, "<a@b>", "one two") == read(header)


def test_of_a_field_that_stands_twice_the_first_counts():
    """
    RFC 5322 §3.6 forbids it; what a list says of such a message must not depend on chance.
    """
    fields = read(b"Subject: one\r\nMessage-ID: <1@x>\r\nSubject: two\r\nMessage-ID: <2@x>\r\n\r\n")
    assert ("one", "<1@x>") == (fields.subject, fields.message_id)


def test_fields_that_are_not_there_are_none():
    """
    The name of a field within another field's value does not count.
    """
    assert HeaderFields(0, None, None) == read(b"X: Subject: no\r\n Message-ID: no\r\n Received: no\r\n")


def test_fields_are_bounded_and_free_of_control_characters():
    """
    They go to rows, logs and terminals.
    """
    header = b"Subject: \x1b[31m\xff\xc3\xa4" + 300 * b"x" + b"\r\nMessage-ID: " + 1200 * b"y" + b"\r\n"
    fields = read(header)
    assert ("?[31m�ä" + 193 * "x", 998 * "y") == (fields.subject, fields.message_id)


@pytest.mark.parametrize(
    ("header", "loops"),
    [
        (b"Delivered-To: Me@Example.org\r\n", True),
        (b"X: y\r\ndelivered-to :\tme@example.org \r\n", True),
        (b"Delivered-To: you@example.org\r\n", False),
        (b"X-Delivered-To: me@example.org\r\n", False),
    ],
)
def test_a_message_loops_if_its_address_had_it_before(header, loops):
    """
    Final delivery added the field when the message was here before.
    """
    assert loops == loops_through([octets for _, octets in split(header)[0]], "me@example.org")


def test_of_many_from_fields_the_first_ten_are_kept():
    """
    Mail has one; a thousand of them must not cost memory.
    """
    fields = HeaderFields()
    fields.add(b"From: a%d@b.test\r\n" % number for number in range(1000))
    assert [b"From: a%d@b.test\r\n" % number for number in range(10)] == fields.from_fields


def test_what_the_sender_says_of_tls_and_which_aliases_were_expanded_is_kept():
    """
    RFC 8689 §5. The marks of all fields count, because each host adds some.
    """
    found = read(b"TLS-Required: No\r\nX-Empath-Expanded: a b\r\nX-Empath-Expanded: c\r\n\r\n")
    assert (True, {"a", "b", "c"}) == (found.is_tls_optional, found.expansions)


def test_the_first_place_in_a_trace_is_kept():
    """
    As it was written: whether it is one, and whether the client is believed, is decided elsewhere.
    """
    found = read(b"Traceparent: 00-a\r\n -b\r\ntraceparent: c\r\n\r\n")
    assert ("00-a -b", None) == (found.traceparent, read(b"Subject: a\r\n\r\n").traceparent)
