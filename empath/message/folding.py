"""
folding - lines over 998 octets in shorter ones, RFC 5322 §2.1.1

Each break is CRLF and a blank, as Postfix breaks lines.  In a header that is a fold; in a text the reader sees a line
that begins with a blank.  A break never falls within a letter of UTF-8.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

LINE_OCTETS: Final = 998
_LONG = re.compile(rb"[^\n]{1000}|[^\r\n]{999}")  # with CR at the end, 999 octets before LF are no long line
_CONTINUATION: Final = range(0x80, 0xC0)  # octets within a letter of UTF-8
_LETTER_OCTETS: Final = 4


def has_long_line(pieces: Iterable[bytes]) -> bool:
    """Whether content, in pieces of any size, has a line over 998 octets."""
    tail = b""
    for piece in pieces:
        octets = tail + piece
        if _LONG.search(octets):
            return True
        tail = octets[octets.rfind(b"\n") + 1 :]
    return False


def folded(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Give the same content with every long line broken."""
    tail = b""  # the line that has not ended, less than a long one
    for piece in pieces:
        octets = tail + piece
        end = octets.rfind(b"\n") + 1
        tail = octets[end:]
        if end:
            yield _folded(octets[:end])
        while len(tail) > LINE_OCTETS + 1:  # its last octet may be the CR that ends it
            broken, tail = _broken(tail)
            yield broken
    if tail:
        yield _folded(tail)


def folded_line(line: bytes) -> Iterator[bytes]:
    """The lines of a field, without line ends, in place of its *line*; they begin at its blanks, where it has some."""
    start, blank = 0, b""
    while len(blank) + len(line) - start > LINE_OCTETS:
        end = start + LINE_OCTETS - len(blank)
        if not line[start:end].strip(b" \t"):  # a line of blanks alone would end the header to some readers
            start, blank = len(line) - len(line[start:].lstrip(b" \t")) - 1, b""
            continue
        cut = max(line.rfind(b" ", start, end + 1), line.rfind(b"\t", start, end + 1))
        if line[start : max(start, cut)].strip(b" \t"):
            yield blank + line[start:cut]
            blank = b""
        else:
            cut = end
            while line[cut] in _CONTINUATION and cut > end - _LETTER_OCTETS:
                cut -= 1
            yield blank + line[start:cut]
            blank = b" "
        start = cut
    rest = blank + line[start:]
    if not start or rest.strip(b" \t"):
        yield rest


def _folded(lines: bytes) -> bytes:
    if not _LONG.search(lines):
        return lines
    done = []
    for line in lines.split(b"\n"):
        left = line
        while len(left.removesuffix(b"\r")) > LINE_OCTETS:
            broken, left = _broken(left)
            done.append(broken)
        done += (left, b"\n")
    done.pop()
    return b"".join(done)


def _broken(line: bytes) -> tuple[bytes, bytes]:
    """The first line of a long one with its CRLF, and what is left, which begins with a blank."""
    cut = LINE_OCTETS
    while line[cut] in _CONTINUATION and cut > LINE_OCTETS - _LETTER_OCTETS:
        cut -= 1
    return line[:cut] + b"\r\n", b" " + line[cut:]
