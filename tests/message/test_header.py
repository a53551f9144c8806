"""The header section as octets: where it ends, what is dropped of it, and the few fields that are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.message.header import HeaderFields, HeaderGuard, loops_through, read_fields
from tests.kit.conversation import cut

LIMIT = 40
FIELD = b"X-Long: 0123456789\r\n"  # 20 octets

_lines = st.sampled_from(
    [b"", b"A: b", b" folded", b"X-Long: 0123456789", b"no field at all", b".", b":", b"\xc3\xa4: 8"]
)
contents = st.lists(_lines, max_size=14).map(lambda lines: b"".join(line + b"\r\n" for line in lines))


def guarded(*pieces: bytes, limit: int = LIMIT) -> tuple[bytes, bytes]:
    """What is kept of the content, and of its header section."""
    guard = HeaderGuard(limit)
    kept = b"".join(map(guard.feed, pieces))
    return kept, guard.header


@given(content=contents, borders=st.sets(st.integers(0, 300)), limit=st.integers(8, 120))
def test_what_is_kept_does_not_depend_on_how_the_content_is_cut(content, borders, limit):
    """
    A client chooses its segments; two copies of one message must not differ by them.
    """
    whole = {border for border in borders if content[border - 1 : border + 1] != b"\r\n"}  # as the session gives them
    pieces = cut(content, whole)
    assert guarded(content, limit=limit) == guarded(*pieces, limit=limit)


@given(content=contents, limit=st.integers(8, 120))
def test_line_by_line_is_as_all_at_once(content, limit):
    """
    The finest cut that the guard is given.
    """
    assert guarded(content, limit=limit) == guarded(*content.splitlines(keepends=True), limit=limit)


@given(content=contents, body=st.binary(max_size=50), limit=st.integers(8, 120))
def test_a_body_is_never_touched(content, body, limit):
    """
    Whatever the header section was, it ends at the blank line.
    """
    header = content.replace(b"\r\n\r\n", b"\r\n").removeprefix(b"\r\n")
    kept, _ = guarded(header + b"\r\n" + body, limit=limit)
    assert kept.endswith(b"\r\n" + body)


@given(content=contents)
def test_content_within_the_limit_is_kept_as_it_is(content):
    """
    Octet for octet.
    """
    assert content == guarded(content, limit=1000)[0]


@pytest.mark.parametrize(
    ("content", "header"),
    [
        (b"", b""),
        (b"\r\n", b""),
        (b"\r\nbody\r\n", b""),
        (b"A: b\r\n", b"A: b\r\n"),
        (b"A: b\r\n\r\n", b"A: b\r\n"),
        (b"A: b\r\n\r\nC: d\r\n\r\n", b"A: b\r\n"),
        (b"no separator\r\nat all\r\n", b"no separator\r\nat all\r\n"),
    ],
)
def test_the_header_section_ends_at_the_first_blank_line(content, header):
    """
    RFC 5322 §2.1. Without one all is header, and a message may begin with it.
    """
    assert (content, header) == guarded(content)


def test_a_header_section_over_the_limit_is_cut_there_and_the_body_stays():
    """
    The blank line too, or the body would become header.
    """
    assert (2 * FIELD + b"\r\nbody\r\n", 2 * FIELD) == guarded(5 * FIELD + b"\r\nbody\r\n")


def test_a_cut_inside_a_line_ends_the_line():
    """
    The blank line behind it must still be one.
    """
    assert (FIELD + b"X-Lo\r\n\r\nbody", FIELD + b"X-Lo") == guarded(3 * FIELD + b"\r\nbody", limit=24)


def test_a_cut_never_falls_between_cr_and_lf():
    """
    A bare CR in stored mail could be sent on.
    """
    line = FIELD.removesuffix(b"\r\n")
    assert (FIELD + line + b"\r\n\r\nbody", FIELD + line) == guarded(3 * FIELD + b"\r\nbody", limit=39)


def test_a_header_section_that_never_ends_is_dropped_to_the_end_of_the_message():
    """
    A million fields cost the memory of the first.
    """
    guard = HeaderGuard(LIMIT)
    kept = b"".join(guard.feed(FIELD) for _ in range(1000))
    assert (2 * FIELD, 2 * FIELD, False) == (kept, guard.header, guard.is_complete)


def test_a_long_text_without_header_is_not_cut():
    """
    It would be lost mail: nothing of it is header but what looks like fields before its first line that is none.
    """
    text = b"Dear: all\r\n" + 20 * b"this is no header\r\n"
    assert (text, b"Dear: all\r\n") == guarded(text)
    assert (text, b"Dear: all\r\n") == guarded(*text.splitlines(keepends=True))


def test_fields_are_read_in_any_case_and_unfolded():
    """
    RFC 5322 §1.2.2, §2.2.3; a blank before the colon is of the obsolete syntax.
    """
    header = b"SUBJECT : one\r\n  two\r\nmessage-id: <a@b>\r\nReceived: x\r\nX: Received:\r\nrEcEiVeD\t: y\r\n"
    assert HeaderFields(2, "<a@b>", "one two") == read_fields(header)


def test_fields_that_are_not_there_are_none():
    """
    And a field's name inside another's value is no field.
    """
    assert HeaderFields(0, None, None) == read_fields(b"X: Subject: no\r\n Message-ID: no\r\n Received: no\r\n")


def test_fields_are_bounded_and_free_of_control_characters():
    """
    They go to rows, logs and terminals.
    """
    header = b"Subject: \x1b[31m\xff\xc3\xa4" + 300 * b"x" + b"\r\nMessage-ID: " + 1200 * b"y" + b"\r\n"
    fields = read_fields(header)
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
def test_a_message_loops_through_whom_it_was_delivered_to(header, loops):
    """
    Final delivery left the field there when the message came by before.
    """
    assert loops == loops_through(header, "me@example.org")
