"""Bcc does not leave a submission server."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.message.blind_copies import BlindCopies


def stripped(*pieces):
    blind_copies = BlindCopies()
    return b"".join([*map(blind_copies.feed, pieces), blind_copies.finish()])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"To: a\r\nBcc: b\r\nSubject: x\r\n\r\nBcc: text\r\n", b"To: a\r\nSubject: x\r\n\r\nBcc: text\r\n"),
        (b"bcc : b,\r\n c,\r\n\td\r\nTo: a\r\n\r\n", b"To: a\r\n\r\n"),
        (b"To: a\r\nResent-BCC: b\r\n", b"To: a\r\n"),
        (b"To: a\r\n Bcc: b\r\n\r\n", b"To: a\r\n Bcc: b\r\n\r\n"),
        (b"Bcc-Extra: a\r\nX-Bcc: b\r\n\r\n", b"Bcc-Extra: a\r\nX-Bcc: b\r\n\r\n"),
        (b"Bcc: " + b"b" * 5000 + b"\r\nTo: a\r\n\r\n", b"To: a\r\n\r\n"),
        (b"To: a\r\nBcc: b", b"To: a\r\n"),
        (b"text\r\nBcc: not a field\r\n", b"text\r\nBcc: not a field\r\n"),
        (b"\r\nBcc: text\r\n", b"\r\nBcc: text\r\n"),
        (b"To: a\r\nX Mailer: y\r\n more\r\nBcc: b\r\n\r\nBcc: text\r\n",
         b"To: a\r\nX Mailer: y\r\n more\r\n\r\nBcc: text\r\n"),
        (b"To: a\r\n" + b"text\r\n" * 101 + b"Bcc: text\r\n", b"To: a\r\n" + b"text\r\n" * 101 + b"Bcc: text\r\n"),
        (b" Bcc: text\r\nBcc: text\r\n", b" Bcc: text\r\nBcc: text\r\n"),
        (b"", b""),
        (b"To", b"To"),
    ],
)  # fmt: skip
def test_blind_copies_go_and_all_else_stays(content, expected):
    """
    RFC 5322 §3.6.3: only lines of the header section are fields. A stray line does not end it, as for most readers.
    """
    assert expected == stripped(content)
    assert expected == stripped(*(content[at : at + 1] for at in range(len(content))))


LINES = st.sampled_from(
    [
        b"Bcc: a\r\n",
        b"bCC:\r\n",
        b" more\r\n",
        b"To: b\r\n",
        b"\r\n",
        b"text\r\n",
        b"Bcc:" + b"x" * 1200 + b"\r\n",
        b"Bc",
    ]
)


@given(lines=st.lists(LINES, max_size=8), cuts=st.lists(st.integers(0, 3000), max_size=6))
def test_the_result_does_not_depend_on_how_content_is_cut(lines, cuts):
    """
    TCP has no message borders.
    """
    content = b"".join(lines)
    borders = [0, *sorted({cut for cut in cuts if cut < len(content)}), len(content)]
    pieces = [content[start:end] for start, end in pairwise(borders)]
    assert stripped(content) == stripped(*pieces)
