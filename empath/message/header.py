"""
header - the limit on the header section, and the fields that a mail server needs, RFC 5322 §2.2

Octets stay octets: only the fields that are asked for are parsed, and nothing is rewritten.
"""

import re
from dataclasses import dataclass

from empath.message.fields import FIELD_NAME, Fields, unfolded

_END = b"\r\n\r\n"
_NOT_PRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_STRAY = re.compile(rb"^(?!" + FIELD_NAME + rb"[ \t]*:|[ \t])[^\n]*\n", re.MULTILINE)  # a whole line of no field


class HeaderGuard:
    """
    Bounds the header section of content that arrives in pieces, and keeps it.

    Octets past *limit* are dropped up to the end of the header section.  Content without a blank line is all header,
    unless it is longer than that: then the first line that is of no field begins the body, and nothing is dropped.
    A piece must not end between CR and LF.
    """

    __slots__ = ("_is_cut", "_kept", "_limit", "_tail", "is_complete")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._is_cut = False
        self._tail = b""
        self.is_complete = False

    @property
    def header(self) -> bytes:
        """What is kept of the header section, without the blank line; whole once `is_complete`."""
        return bytes(self._kept)

    def feed(self, octets: bytes) -> bytes:
        """Take the next piece of content and return what is kept of it."""
        if self.is_complete:
            return octets
        if self._is_cut:
            return self._drop(octets)
        before = len(self._kept)
        self._kept += octets
        # A message may begin with the blank line: then it has no header at all.
        end = 0 if self._kept.startswith(b"\r\n") else self._kept.find(_END, max(0, before - 3))
        # Decided by the octets within the limit, not by those that have arrived: the cut must not depend on the pieces.
        if 0 <= end <= self._limit - len(_END):
            del self._kept[end + 2 if end else 0 :]
            self.is_complete = True
            return octets
        if len(self._kept) <= self._limit:
            return octets
        cut = self._limit - (self._kept[self._limit - 1 : self._limit + 1] == b"\r\n")
        # Text without any header is not a large header: a cut would lose mail.
        if (stray := _STRAY.search(self._kept, 0, cut)) is not None:
            del self._kept[stray.start() :]
            self.is_complete = True
            return octets
        rest = bytes(self._kept[cut:])
        del self._kept[cut:]
        self._is_cut = True
        self._tail = self._line_end()
        return bytes(self._kept[before:]) + self._drop(rest)

    def _drop(self, octets: bytes) -> bytes:
        seen = self._tail + octets
        end = seen.find(_END)
        if end < 0:
            self._tail = seen[-3:]
            return b""
        self.is_complete = True
        return seen[end + len(self._line_end()) :]

    def _line_end(self) -> bytes:
        return b"\r\n" if self._kept.endswith(b"\r\n") else b""


@dataclass(frozen=True, slots=True)
class HeaderFields:
    """
    What the queue keeps of a header section.

    Shape: message_id at most 998 characters, subject at most 200, both unfolded, without control characters; None when
    the field is not there.
    """

    received_hops: int
    message_id: str | None
    subject: str | None


def read_fields(header: bytes) -> HeaderFields:
    """Read a header section, each line ended by CRLF."""
    fields = Fields.of(header)
    message_id, subject = _text(fields, b"message-id", 998), _text(fields, b"subject", 200)
    return HeaderFields(fields.count(b"received"), message_id, subject)


def loops_through(header: bytes, address: str) -> bool:
    """Whether a Delivered-To field names *address*: final delivery adds it, so the message has been here before."""
    mine = address.encode().lower()
    return any(unfolded(value).lower() == mine for value in Fields.of(header).values(b"delivered-to"))


def _text(fields: Fields, name: bytes, limit: int) -> str | None:
    value = fields.find(name)
    if value is None:
        return None
    return _NOT_PRINTABLE.sub("?", unfolded(value).decode("utf-8", "replace").strip())[:limit]
