"""Dot-stuffing: RFC 5321 §4.5.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.smtp.client.dot_stuffing import DotStuffer
from tests.kit import strategies


def on_the_wire(*pieces: bytes) -> bytes:
    """The octets that go out for *pieces*, with the end of data."""
    stuffer = DotStuffer()
    return b"".join(map(stuffer.stuff, pieces)) + stuffer.end()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", b".\r\n"),
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"..\r\n", b"...\r\n.\r\n"),
        (b"a\r\n.\r\nb\r\n", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a.\r\n.b", b"a.\r\n..b\r\n.\r\n"),
        (b"\r\n\r\n.", b"\r\n\r\n..\r\n.\r\n"),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_a_dot_at_the_start_of_a_line_is_doubled(content, expected, size):
    """
    No other dot is doubled, wherever the content is cut.
    """
    assert expected == on_the_wire(*(content[start : start + size] for start in range(0, len(content), size)))


@given(data=st.data(), content=strategies.contents | st.binary(max_size=60))
def test_the_wire_does_not_show_how_content_was_cut(data, content):
    """
    A missed dot at a border would end the message early.
    """
    assert on_the_wire(content) == on_the_wire(*data.draw(strategies.pieces(content)), b"")


@given(content=strategies.contents)
def test_what_is_stuffed_is_unstuffed_by_the_rule(content):
    """
    The receiver's rule of RFC 5321 §4.5.2 restores the content.
    """
    *lines, dot, rest = on_the_wire(content).split(b"\r\n")
    assert (b".", b"") == (dot, rest)
    assert content == b"".join(line.removeprefix(b".") + b"\r\n" for line in lines)


@given(content=strategies.contents)
def test_the_end_of_data_comes_once(content):
    """
    No content can end the message early.
    """
    assert 1 == (b"\r\n" + on_the_wire(content)).count(b"\r\n.\r\n")
