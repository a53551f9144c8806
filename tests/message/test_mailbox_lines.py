"""The separator lines of a mailbox file at the beginning of a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.message.mailbox_lines import MAX_LINES, MailboxLines
from tests.kit.conversation import cut

_lines = st.sampled_from(
    [b"From a Sat Nov 29", b">From b", b"From: c", b"From", b"From ", b">", b">>Fro", b"", b" x", b"From " + b"y" * 901]
)
contents = st.lists(_lines, max_size=8).map(lambda lines: b"".join(line + b"\r\n" for line in lines))


def read(*pieces: bytes) -> tuple[list[bytes], bytes]:
    """The separator lines, and the rest."""
    lines = MailboxLines()
    rest = b"".join(map(lines.feed, pieces)) + lines.finish()
    assert lines.has_ended
    return lines.lines, rest


@given(content=contents, borders=st.sets(st.integers(0, 300)))
def test_nothing_is_lost_however_the_content_is_cut(content, borders):
    """
    TCP has no message borders.
    """
    taken, rest = read(content)
    assert content == b"".join(taken) + rest
    assert (taken, rest) == read(*cut(content, borders))


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (b"From a@b Sat Nov 29\r\n>From c\r\nSubject: x\r\n", 2),
        (b"From: a@b\r\n", 0),
        (b"Subject: x\r\nFrom a\r\n", 0),
        (b"from a\r\n", 0),
        (b"From " + b"x" * 900 + b"\r\n", 1),
        (b"From " + b"x" * 901 + b"\r\n", 0),
        (b"From a\r\n" * (MAX_LINES + 1), MAX_LINES),
        (b"From a", 0),
    ],
)
def test_separator_lines_are_those_of_a_mailbox_file(content, count):
    """
    With one of them on top, readers take the whole header section for text.
    """
    assert count == len(read(content)[0])


def test_each_line_becomes_a_field():
    """
    Postfix names it X-Mailbox-Line.
    """
    lines = MailboxLines()
    assert b"Subject: x\r\n" == lines.feed(b"From a\r\n>From b\r\nSubject: x\r\n")
    assert b"X-Mailbox-Line: From a\r\nX-Mailbox-Line: >From b\r\n" == lines.fields
