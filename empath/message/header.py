"""
header - where a header section ends, and the fields of it that a mail server needs, RFC 5322 §2.2

Octets stay octets: only the requested fields are parsed, and nothing is rewritten.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from empath.message.fields import FIELD_NAME, unfolded

FIELD_OCTETS: Final = 4096  # length up to which a field is read

_CRLF: Final = b"\r\n"
_END: Final = b"\r\n\r\n"
_LINE_OCTETS: Final = 998  # RFC 5322 §2.1.1: longest line, which holds the whole name of a field
_NEXT_FIELD = re.compile(rb"\r\n(?=[^ \t\r])")
_NAME = re.compile(rb"(" + FIELD_NAME + rb")[ \t]*:")
_NOT_PRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_STRAY = re.compile(rb"^(?!" + FIELD_NAME + rb"[ \t]*:|[ \t])[^\n]*\n", re.MULTILINE)  # a whole line of no field

_KEPT: Final = frozenset(
    {b"received", b"date", b"from", b"subject", b"message-id", b"tls-required", b"x-empath-expanded", b"traceparent"}
)
_MAX_FROM_FIELDS: Final = 10
_MAX_EXPANSIONS: Final = 10_000


def field_name(octets: bytes) -> bytes:
    """The name of a field in lower case, empty for a line that is not a field."""
    match = _NAME.match(octets, 0, _LINE_OCTETS)
    return match[1].lower() if match is not None else b""


class HeaderSplitter:
    """
    Gives the fields of content that arrives in pieces, each up to FIELD_OCTETS; a line of no field is one of its own.
    Its memory does not grow with the header section.

    The section ends at the first blank line. Content that does not begin with a field is headerless. A section longer
    than *limit* octets is too large, unless a line within the limit does not belong to a field: then it is text without
    a blank line. The result does not depend on how the content is cut.
    """

    __slots__ = ("_has_stray", "_is_begun", "_limit", "_open", "_size", "is_complete", "is_headerless", "is_too_large")

    def __init__(self, limit: int) -> None:
        self._has_stray = False
        self._is_begun = False  # whether the content is known to begin with a field
        self._limit = limit
        self._open = b""  # the field that has not ended yet, cut where it is long
        self._size = 0
        self.is_complete = False
        self.is_headerless = False
        self.is_too_large = False

    def feed(self, octets: bytes) -> list[bytes]:
        """Take the next piece of content, and give the fields that have ended."""
        if self.is_complete:
            return []
        room = self._limit + len(_CRLF) - self._size  # the section without the blank line
        taken = octets[:room]
        self._size += len(taken)
        has_line_end = b"\n" in taken or self._open.endswith(b"\n")
        seen = self._open + taken
        fields: list[bytes] = []
        if not self._is_begun:
            self._begin(seen)
        if self._is_begun and has_line_end:
            border = max(0, len(self._open) - len(_END))  # no field ends before it
            end = seen.find(_END, border)
            if end >= 0:
                self.is_complete = True
                return _cut(_NEXT_FIELD.split(seen[:end]))
            if _NEXT_FIELD.search(seen, border):
                *whole, seen = _NEXT_FIELD.split(seen)
                fields = _cut(whole)
                self._has_stray = self._has_stray or not all(map(field_name, fields))
        self._keep_open(seen)
        if len(taken) == room and not self.is_complete:
            self._reach_limit()
        return fields

    def finish(self) -> list[bytes]:
        """The content has ended: give the last field of a section without a blank line after it."""
        if self.is_complete:
            return []
        self.is_complete = True
        if not self._is_begun:
            self.is_headerless = bool(self._open)
            return []
        if self._size > self._limit:
            self._reach_limit()
        return _cut([self._open.removesuffix(_CRLF)])

    def _begin(self, seen: bytes) -> None:
        """Decide what the content begins with, as soon as its first line says so."""
        if seen.startswith(_CRLF):
            self.is_complete = True
        elif _NAME.match(seen, 0, _LINE_OCTETS):
            self._is_begun = True
        elif _is_stray(seen):
            self.is_complete = self.is_headerless = True

    def _keep_open(self, octets: bytes) -> None:
        text = octets.rstrip(_CRLF)
        if len(text) > FIELD_OCTETS:
            # The space between the two pieces cannot form a line end with either of them.
            octets = text[:FIELD_OCTETS] + b" " + octets[len(text) :]
        self._open = octets

    def _reach_limit(self) -> None:
        self.is_complete = True
        if not self._is_begun:
            self.is_headerless = True
            return
        is_stray = not _NAME.match(self._open, 0, _LINE_OCTETS) and _is_stray(self._open)
        self.is_too_large = not (self._has_stray or is_stray)


def _cut(fields: list[bytes]) -> list[bytes]:
    return [octets[:FIELD_OCTETS] for octets in fields]


def _is_stray(beginning: bytes) -> bool:
    """Whether no further text can make *beginning* the start of a field."""
    return len(beginning) >= _LINE_OCTETS or b"\n" in beginning or beginning.startswith((b" ", b"\t"))


@dataclass(slots=True)
class HeaderFields:
    """
    What the queue keeps of a header section.

    Shape: message_id at most 998 characters, subject at most 200, both unfolded, without control characters; None
    without the field. The first of several equal fields counts. from_fields has each From field whole, at most 10.
    """

    received_hops: int = 0
    message_id: str | None = None
    subject: str | None = None
    has_date: bool = False
    from_fields: list[bytes] = field(default_factory=list)
    is_tls_optional: bool = False  # TLS-Required: No, RFC 8689 §5
    traceparent: str | None = None  # the text of the first field Traceparent, W3C Trace Context; not checked
    expansions: set[str] = field(default_factory=set)  # marks of aliases that were expanded, see message/trace.py

    def add(self, fields: Iterable[bytes]) -> None:
        """Read the next fields of the section."""
        for octets in fields:
            colon = octets.find(b":", 0, _LINE_OCTETS)
            name = octets[:colon].rstrip(b" \t").lower()  # half the time of `field_name`, and enough for these names
            if colon < 0 or name not in _KEPT:
                continue
            if name == b"received":
                self.received_hops += 1
            elif name == b"date":
                self.has_date = True
            elif name == b"from":
                if len(self.from_fields) < _MAX_FROM_FIELDS:
                    self.from_fields.append(octets)
            elif name == b"subject" and self.subject is None:
                self.subject = _text(octets, 200)
            elif name == b"message-id" and self.message_id is None:
                self.message_id = _text(octets, 998)
            elif name == b"traceparent" and self.traceparent is None:
                self.traceparent = _text(octets, 512)
            elif name == b"tls-required" and _value(octets).lower() == b"no":
                self.is_tls_optional = True
            elif name == b"x-empath-expanded" and len(self.expansions) < _MAX_EXPANSIONS:
                self.expansions.update(_value(octets).decode("ascii", "replace").split())


def loops_through(fields: Iterable[bytes], address: str) -> bool:
    """Whether a Delivered-To field names *address*: final delivery adds it, so the message has been here before."""
    mine = address.encode().lower()
    return any(field_name(octets) == b"delivered-to" and _value(octets).lower() == mine for octets in fields)


def header_section(octets: bytes, limit: int) -> bytes:
    """
    The header section at the beginning of *octets*, without the blank line, or the first *limit* octets of it.

    Without a blank line all octets are header, unless there are more than *limit*: then the first line that does not
    belong to a field ends the section. The result does not end between CR and LF.
    """
    if octets.startswith(_CRLF):
        return b""
    end = octets.find(_END, 0, limit + len(_CRLF))
    if end >= 0:
        return octets[: end + len(_CRLF)]
    section = octets[:limit].removesuffix(b"\r")
    if len(octets) > limit and (stray := _STRAY.search(section)) is not None:
        return section[: stray.start()]
    return section


def _value(octets: bytes) -> bytes:
    return unfolded(octets.partition(b":")[2].strip())


def _text(octets: bytes, limit: int) -> str:
    return _NOT_PRINTABLE.sub("?", _value(octets).decode("utf-8", "replace").strip())[:limit]
