"""A message that arrives in pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.authentication.arriving import ArrivingMessage
from empath.authentication.canonical import BodyForm, Canon
from tests.authentication.kit import digests_of
from tests.kit.strategies import pieces

FORM = BodyForm(Canon.SIMPLE)
EMPTY = digests_of(b"A: b\r\n\r\n", FORM)


def arrived(parts, limit=100, is_headerless=False):
    """The header that was shown, and the digests."""
    shown = []

    def wanted(fields):
        shown.append(b"".join(fields.fields.octets))
        return [FORM]

    message = ArrivingMessage(limit, [wanted])
    held = 0
    for part in parts:
        message.feed(part, is_headerless=is_headerless)
        held = max(held, message.held_octets)
    message.finish()
    assert held <= limit + 4
    return shown, message.digests


@given(st.data())
def test_the_header_is_shown_once_however_it_is_cut(data):
    """
    Who signs and who verifies learn of it before the body comes.
    """
    parts = data.draw(pieces(b"A: b\r\n c\r\nD: e\r\n\r\n\r\nbody\r\n"))
    shown, digests = arrived(parts)
    assert [b"A: b\r\n c\r\nD: e\r\n"] == shown
    assert digests_of(b"A: b\r\n\r\n\r\nbody\r\n", FORM) == digests


@pytest.mark.parametrize(
    ("content", "header"),
    [(b"", b""), (b"\r\n", b""), (b"A: b\r\n", b"A: b\r\n"), (b"A: b", b"A: b"), (b"A: b\r\n\r\n", b"A: b\r\n")],
)
def test_content_without_a_body(content, header):
    """
    Its hash is that of an empty body.
    """
    assert ([header], EMPTY) == arrived([content])


def test_text_without_a_header_is_all_body():
    """
    This host puts an empty line before it.
    """
    shown, digests = arrived([b"Hello\r\n", b"you\r\n\r\nx\r\n"], is_headerless=True)
    assert [b""] == shown
    assert digests_of(b"A: b\r\n\r\nHello\r\nyou\r\n\r\nx\r\n", FORM) == digests


def test_a_header_without_an_end_is_not_collected():
    """
    A client may send lines without end.
    """
    assert ([], {}) == arrived([b"A: b\r\n"] * 20 + [b"\r\n", b"body\r\n"])


def test_a_header_that_comes_octet_by_octet_is_not_copied_each_time():
    """
    Half a million pieces of a header of 1 MiB would be copies of 250 GB.
    """
    message = ArrivingMessage(100, [lambda fields: []])
    message.feed(b"A", is_headerless=False)
    held = message._open
    message.feed(b": b\r\n", is_headerless=False)
    assert (held, 6) == (message._open, message.held_octets)
    assert held is message._open
