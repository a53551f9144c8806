"""
mailbox_lines - the separator lines of a mailbox file that a message may begin with

A program that sends the text of a mailbox file begins the content with `From someone Sat Nov 29 …`, or `>From …`.  Such
a line is not a field: a reader would take the header section after it for text.  So it becomes a field of its own.
"""

import re
from typing import Final

MAX_LINES: Final = 100
_LINE = re.compile(rb">{0,16}From [^\r\n]{0,900}\r\n")  # as a field it still keeps to the 998 of RFC 5322 §2.1.1
_BEGINNING = re.compile(rb">{0,16}(?:F(?:r(?:o(?:m(?: [^\r\n]{0,900}\r?)?)?)?)?)?")


class MailboxLines:
    """
    Takes the separator lines off the beginning of content that arrives in pieces.

    Shape: lines has them as received, each with its CRLF, at most MAX_LINES; has_ended says that no more can come.
    """

    __slots__ = ("_held", "has_ended", "lines")

    def __init__(self) -> None:
        self._held = b""
        self.has_ended = False
        self.lines: list[bytes] = []

    def feed(self, octets: bytes) -> bytes:
        """Take the next piece of content, and give the octets that are certainly not part of such a line."""
        if self.has_ended:
            return octets
        octets = self._held + octets
        at = 0
        while len(self.lines) < MAX_LINES and (line := _LINE.match(octets, at)):
            self.lines.append(line[0])
            at = line.end()
        rest = octets[at:]
        self.has_ended = len(self.lines) == MAX_LINES or not _BEGINNING.fullmatch(rest)
        self._held = b"" if self.has_ended else rest
        return rest if self.has_ended else b""

    def finish(self) -> bytes:
        """The content has ended: give what was held back."""
        self.has_ended = True
        rest, self._held = self._held, b""
        return rest

    @property
    def fields(self) -> bytes:
        """The lines as header fields."""
        return b"".join([b"X-Mailbox-Line: " + line for line in self.lines]) if self.lines else b""
