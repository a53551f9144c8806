"""Long lines in shorter ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.message.folding import LINE_OCTETS, folded, folded_line, has_long_line


def fold(content, size=100_000):
    return b"".join(folded(content[start : start + size] for start in range(0, len(content), size)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", b""),
        (b"a\r\n" + b"x" * 998 + b"\r\n", b"a\r\n" + b"x" * 998 + b"\r\n"),
        (b"x" * 999 + b"\r\nb\r\n", b"x" * 998 + b"\r\n x\r\nb\r\n"),
        (b"x" * 998, b"x" * 998),
        (b"x" * 999, b"x" * 998 + b"\r\n x"),
        (b"x" * 2000 + b"\r\n", b"x" * 998 + b"\r\n " + b"x" * 997 + b"\r\n " + b"x" * 5 + b"\r\n"),
        (b"x" * 997 + "é".encode() + b"\r\n", b"x" * 997 + "\r\n é\r\n".encode()),
        (b"\x80" * 1000 + b"\r\n", b"\x80" * 994 + b"\r\n " + b"\x80" * 6 + b"\r\n"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 998, 1000, 100_000])
def test_a_line_over_998_octets_is_broken_by_a_line_end_and_a_blank(content, expected, size):
    """
    Wherever the content is cut, and never within a letter.
    """
    assert expected == fold(content, size)


@given(lines=st.lists(st.integers(0, 3000), max_size=6), is_ended=st.booleans(), size=st.integers(1, 2500))
def test_no_line_is_long_afterwards_and_nothing_else_changes(lines, is_ended, size):
    """
    Without the breaks it is the same content.
    """
    content = b"\r\n".join(b"y" * octets for octets in lines) + (b"\r\n" if is_ended else b"")
    done = fold(content, size)
    assert content == done.replace(b"\r\n ", b"")
    assert all(len(line) <= LINE_OCTETS for line in done.split(b"\r\n"))
    assert (done != content) is has_long_line(content[start : start + size] for start in range(0, len(content), size))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"X: a", [b"X: a"]),
        (b"X:" + b" word" * 200, [b"X:" + b" word" * 199, b" word"]),
        (b"X:" + b" word" * 199 + b" " * 9, [b"X:" + b" word" * 199 + b" "]),
        (b"X: " + b"w" * 1200, [b"X:", b" " + b"w" * 997, b" " + b"w" * 203]),
        (b"\t" + b"w" * 1200 + b"\tz", [b"\t" + b"w" * 997, b" " + b"w" * 203 + b"\tz"]),
        (b"X:" + "é".encode() * 600, [b"X:" + "é".encode() * 498, b" " + "é".encode() * 102]),
        (b"X:a" + "é".encode() * 600, [b"X:a" + "é".encode() * 497, b" " + "é".encode() * 103]),  # not within a letter
        (b" " * 2000 + b"a", [b" a"]),
        (b"X:" + b" " * 2000 + b"a" + b" " * 2000, [b"X:" + b" " * 996, b" a" + b" " * 996]),
        (b"", [b""]),
    ],
)
def test_a_line_of_a_field_is_broken_where_it_has_a_blank(line, expected):
    """
    So a reader, and a signature in relaxed form, see the same value.
    """
    assert expected == list(folded_line(line))


@given(words=st.lists(st.integers(1, 1500), max_size=8), blank=st.sampled_from([b" ", b"\t", b"  "]))
def test_lines_of_a_field_are_short_and_have_all_of_it(words, blank):
    line = b"X:" + b"".join(blank + b"w" * size for size in words)
    found = list(folded_line(line))
    assert all(len(each) <= LINE_OCTETS for each in found)
    assert all(each.startswith((b" ", b"\t")) and each.strip() for each in found[1:])
    assert line.translate(None, b" \t") == b"".join(found).translate(None, b" \t")
