"""
mime - a walk over the parts of a message, RFC 2045 and RFC 2046

Theory of operation: lines are read once, in order.  Each is given back unchanged, with the part that it belongs to, so
that the lines joined are the content, octet for octet.  Nothing is decoded.  Each line may be the delimiter of any open
multipart, because a part may end with the delimiter of an outer one (RFC 2046 §5.1.2).

Time is linear in the size of any content: one look-up per line, however many multiparts are open, and one copy of each
octet of a header, however often its fields are folded.

Content is as the queue keeps it: lines end in CRLF, and only CRLF ends a line.  A receiver that reads content
differently would see other parts.  So content that can be read in two ways is marked ambiguous and left to the caller.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import Final

from empath.errors import SyntaxViolation
from empath.message.fields import FIELD_NAME, Fields

MAX_DEPTH: Final = 100  # levels of parts within parts
MAX_PARTS: Final = 100_000
MAX_HEADER_OCTETS: Final = 1024 * 1024  # largest header of one part
_MAX_LINE_OCTETS: Final = 64 * 1024  # a longer line comes in pieces
_MAX_LABEL_OCTETS: Final = 16 * 1024  # most octets that are read of all fields of one name
_CRLF: Final = b"\r\n"
_TOKEN = rb"[!#$%&'*+.^_`{|}~0-9A-Za-z-]+"
_TYPE = re.compile(rb"\s*(" + _TOKEN + rb"/" + _TOKEN + rb")\s*(?=;|$)")
# Lenient: without quotes a value goes to the next semicolon or fold, and a semicolon may be missing after a value.
_PARAMETER = re.compile(
    rb"""(?:;|(?<=["\s]))\s*([^\s=;"()]+)\s*=\s*(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([^;"\r\n]*))\s*|;\s*""", re.DOTALL
)
_SINGLE_FOLD = re.compile(rb"(?<![ \t])\r\n (?![ \t\r])")  # one space to every reader
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_MARK = re.compile(rb'\\.|["()]', re.DOTALL)  # start or end of a comment or quoted string, or a quoted pair
_CONTENT_TYPE: Final = b"content-type"
_ENCODING: Final = b"content-transfer-encoding"
_COMPOSITE: Final = ("multipart/", "message/")
# Only a blank or a semicolon before it makes a parenthesis a comment of a parameter: boundaries have some.
_BEFORE_COMMENT: Final = b" \t\r\n;"
_PERHAPS_HEADER = re.compile(FIELD_NAME + rb"[ \t]*:|[ \t:]|From ")  # first line of what some reader takes for a header
# RFC 2045 §6 has two encodings, and allows private ones.  Any other label names none: "8bits", "utf-8", "none".
_ENCODED: Final = re.compile(rb"quoted-printable|base64|x-.*|uu.*|.*binhex.*|y-?enc.*|.*zip.*", re.DOTALL)


class Step(Enum):
    """What the walk has reached."""

    HEADER = auto()  # the end of a part's header; the octets are the blank line, or nothing where it is missing
    BODY = auto()  # a line of the body of a part that has no parts
    FRAME = auto()  # a delimiter, or a line before the first or after the last part


class Part:
    """
    A message or a part of one, with the meaning of its header.

    Shape: number counts from 0 in the order of the headers; parent is the part that holds it; fields are
    empty until the header is whole. type is in lower case; boundary is None for what is not read as a multipart.
    encoding is the Content-Transfer-Encoding in lower case, empty where the octets stand for themselves; is_binary
    tells that they are not text. is_message tells that the header is that of a message. is_in_multipart tells that a
    delimiter ends it. has_parts tells that one of its delimiters began a part. is_ambiguous tells that another reader
    may understand the part differently.
    """

    __slots__ = (
        "_header", "boundary", "depth", "encoding", "fields", "has_parts", "is_ambiguous", "is_binary",
        "is_in_multipart", "is_message", "number", "parent", "type",
    )  # fmt: skip

    def __init__(self, number: int, parent: "Part | None", *, is_message: bool) -> None:
        if number >= MAX_PARTS:
            raise SyntaxViolation(f"it has more than {MAX_PARTS} parts")
        self.number = number
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        if self.depth > MAX_DEPTH:
            raise SyntaxViolation(f"its parts are nested more than {MAX_DEPTH} deep")
        self.is_message = is_message
        self.is_in_multipart: bool = parent is not None and (parent.is_in_multipart or parent.boundary is not None)
        self.fields = Fields.of(b"")
        is_in_digest = parent is not None and parent.type == "multipart/digest"
        self.type: str = "message/rfc822" if is_in_digest else "text/plain"  # RFC 2046 §5.1.5
        self.boundary: bytes | None = None
        self.encoding = ""
        self.is_binary = False
        self.has_parts = False
        self.is_ambiguous = False
        self._header = bytearray()  # the octets so far

    @property
    def holds_message(self) -> bool:
        """Whether the body is read as a message. An encoded body is not: it has no 8-bit octets to find."""
        return self.type == "message/rfc822" and not self.encoding

    def begins_with(self, line: bytes) -> bool:
        """Whether *line* is the first of the body, because the part has neither header nor blank line."""
        return (
            not self._header
            and not self.is_message
            and self.type == "text/plain"
            and _PERHAPS_HEADER.match(line) is None
        )

    def add(self, line: bytes) -> None:
        """Take one more line of the header, or a piece of one."""
        if len(self._header) + len(line) > MAX_HEADER_OCTETS:
            raise SyntaxViolation(f"a header of more than {MAX_HEADER_OCTETS} octets")
        self._header += line

    def read(self) -> None:
        """Find out what the header means, once it is whole."""
        self.fields = Fields.of(bytes(self._header))
        self._header.clear()
        self.is_ambiguous = b"" in self.fields
        if labels := self._labels(_CONTENT_TYPE):
            self._take_type(list(map(_read_type, labels)))
        # RFC 2045 §6.4: the parts of a multipart are encoded, never the whole.
        if not self.type.startswith("multipart/") and (labels := self._labels(_ENCODING)):
            encodings = list(map(_read_encoding, labels))
            self.encoding = next(filter(None, encodings), b"").decode("latin-1")
            self.is_binary = _without_comments(labels[0]).strip().lower() == b"binary"
            self.is_ambiguous |= len(set(encodings)) > 1

    def _labels(self, name: bytes) -> list[bytes]:
        """The values of all fields of a name; none if they are too long to be genuine."""
        values = self.fields.values(name)
        if sum(map(len, values)) > _MAX_LABEL_OCTETS:
            self.is_ambiguous = True
            return []
        return values

    def _take_type(self, types: list["_Type"]) -> None:
        """Take the first type. Two types for one body may both be right, as long as no reader looks for parts in it."""
        kind, self.boundary, is_ambiguous = types[0]
        if not kind:  # RFC 2045 §5.2: the default; in a digest some readers take another
            is_ambiguous |= self.type != "text/plain"
        self.type = kind or self.type
        differ = len(set(types)) > 1 and any(kind.startswith(_COMPOSITE) for kind, _, _ in types)
        self.is_ambiguous |= is_ambiguous or differ


def walk(pieces: Iterable[bytes]) -> Iterator[tuple[Step, Part, bytes]]:
    """
    Go over the content, which comes in pieces of any size, line by line.

    A very long line comes in pieces too; only its last one ends in CRLF. Memory: one header, one line, and an entry for
    each part that is open.

    Raises:
        SyntaxViolation: too deep, too many parts, too long a header, or delimiters that cannot be told apart; the text
            is a clause that calls the message "it".
    """
    delimiters = _Delimiters()
    part = Part(0, None, is_message=True)
    step = Step.HEADER
    count = 1
    is_line_start = True
    for line in _lines(pieces):
        found = delimiters.reach(line) if is_line_start and line.startswith(b"--") else None
        if found is not None:
            if step is Step.HEADER:
                part.read()
                yield step, part, b""
            part, is_close = found
            step = Step.FRAME
            yield step, part, line
            if not is_close:
                part.has_parts = True
                part = Part(count, part, is_message=False)
                step = Step.HEADER
                count += 1
        elif step is not Step.HEADER:
            yield step, part, line
        elif line == _CRLF and is_line_start:
            part.read()
            yield step, part, line
            if part.boundary is not None:
                delimiters.add(part)
                step = Step.FRAME
            elif part.holds_message:
                part = Part(count, part, is_message=True)
                count += 1
            else:
                step = Step.BODY
        elif part.begins_with(line):
            part.read()
            yield step, part, b""
            step = Step.BODY
            yield step, part, line
        else:
            part.add(line)
        is_line_start = line.endswith(_CRLF)
    if step is Step.HEADER:
        part.read()
        yield step, part, b""


class _Delimiters:
    """The open multiparts, outermost first, and their delimiter lines."""

    def __init__(self) -> None:
        self._open: list[tuple[bytes, Part]] = []
        self._places: dict[bytes, int] = {}

    def add(self, part: Part) -> None:
        """Look for the boundary of *part* from now on."""
        delimiter = b"--" + (part.boundary or b"")
        if not {delimiter, delimiter + b"--", delimiter.removesuffix(b"--")}.isdisjoint(self._places):
            raise SyntaxViolation("its parts cannot be told apart")
        self._places[delimiter] = len(self._open)
        self._open.append((delimiter, part))

    def reach(self, line: bytes) -> tuple[Part, bool] | None:
        """The multipart that a whole line delimits and whether it closes it; all within that one is closed."""
        text = line.rstrip(b" \t\r\n")
        place, is_close = self._places.get(text), False
        if place is None and text.endswith(b"--"):
            place, is_close = self._places.get(text[:-2]), True
        if place is None:
            return None
        part = self._open[place][1]
        for delimiter, _ in self._open[place + (not is_close) :]:
            del self._places[delimiter]
        del self._open[place + (not is_close) :]
        return part, is_close


_Type = tuple[str, bytes | None, bool]  # type and subtype or "", boundary, whether other readers may differ


def _read_type(value: bytes) -> _Type:
    value = _without_comments(value, value.find(b";")).strip()
    match = _TYPE.match(value)
    if match is None:
        lower = value.lower()
        return "", None, b"multipart" in lower or b"message" in lower
    kind = match[1].decode("ascii").lower()
    place = match.end()
    boundaries: list[bytes] = []
    is_ambiguous = False
    while place < len(value) and (match := _PARAMETER.match(value, place)) is not None:
        place = match.end()
        name = (match[1] or b"").lower()
        if name == b"boundary":
            quoted, bare = match.group(2, 3)
            boundaries.append(bare if quoted is None else _ESCAPE.sub(rb"\1", _SINGLE_FOLD.sub(b" ", quoted)))
        elif name.startswith(b"boundary*"):  # RFC 2231: in pieces, or encoded
            is_ambiguous = True
    if not kind.startswith("multipart/"):
        return kind, None, False
    boundary, *others = {boundary.rstrip() for boundary in boundaries} or [b""]
    if place < len(value) or others or b"\r" in boundary or not boundary:
        return kind, None, True
    return kind, boundary, is_ambiguous


def _read_encoding(value: bytes) -> bytes:
    """The encoding in lower case; empty for a label that names no encoding, because the octets are then not encoded."""
    name = _without_comments(value).partition(b";")[0].strip(b'" \t\r\n').lower()
    return name if _ENCODED.fullmatch(name) else b""


def _without_comments(value: bytes, parameters: int = -1) -> bytes:
    """
    A structured field's value without the comments of RFC 5322 §3.2.2, or unchanged if a comment does not end.

    *parameters* is the place of the first semicolon, -1 without one.
    """
    if b"(" not in value:
        return value
    kept: list[bytes] = []
    start = depth = 0
    is_quoted = False
    for mark in _MARK.finditer(value):
        if mark[0] == b'"' and not depth:
            is_quoted = not is_quoted
        elif mark[0] == b"(" and not is_quoted:
            if not depth:
                if 0 <= parameters < mark.start() and value[mark.start() - 1] not in _BEFORE_COMMENT:
                    continue
                kept.append(value[start : mark.start()])
            depth += 1
        elif mark[0] == b")" and depth:
            depth -= 1
            start = mark.end()
    return value if depth else b" ".join([*kept, value[start:]])


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(_CRLF)
        for line in lines:
            yield line + _CRLF
        if len(rest) > _MAX_LINE_OCTETS:
            cut = len(rest) - rest.endswith(b"\r")
            yield rest[:cut]
            rest = rest[cut:]
    if rest:
        yield rest
