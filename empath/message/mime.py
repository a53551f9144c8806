"""
mime - a walk over the parts of a message, RFC 2045 and RFC 2046

Theory of operation: lines are read once, in order, and each is given back as it came with the part that it belongs to,
so that what the walk gives put together is the content, octet for octet.  Nothing is decoded.  Delimiters of all open
multiparts are looked for in every line, as a part may end with that of an outer one (RFC 2046 §5.1.2).

Content is as the queue keeps it: lines end in CRLF, and a line end is nothing else.  A receiver that reads it otherwise
than this walk would see other parts, so what can be read in two ways is said to be ambiguous and left to the caller.
"""

import re
from collections.abc import Iterable, Iterator
from enum import Enum, auto
from typing import Final

from empath.errors import SyntaxViolation

MAX_DEPTH: Final = 100  # of parts within parts
MAX_PARTS: Final = 100_000
MAX_HEADER_OCTETS: Final = 1024 * 1024  # of one part
_MAX_LINE_OCTETS: Final = 64 * 1024  # a longer line comes in pieces
_CRLF: Final = b"\r\n"
_TOKEN = rb"[!#$%&'*+.^_`{|}~0-9A-Za-z-]+"
_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_TYPE = re.compile(rb"\s*(" + _TOKEN + rb"/" + _TOKEN + rb")\s*(?=;|$)")
_PARAMETER = re.compile(rb';\s*(?:([^\s=;"()]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"()]*))\s*)?', re.DOTALL)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)


class Step(Enum):
    """What the walk has come to."""

    HEADER = auto()  # the end of a part's header; the octets are the blank line, or nothing where it is missing
    BODY = auto()  # a line of the body of a part that has no parts
    FRAME = auto()  # a delimiter, or a line before the first or after the last part


class Part:
    """
    A message or a part of one, with the meaning of its header.

    Shape: number counts from 0 in the order of the headers; parent is the part that holds it; fields are whole, with
    their line ends, and names theirs in lower case, empty for a line that is no field. type is in lower case; boundary
    is None for what is not read as a multipart; encoding is the Content-Transfer-Encoding in lower case, empty where it
    is not given. is_message tells that the header is that of a message. is_ambiguous tells that others may read it
    otherwise.
    """

    __slots__ = (
        "_octets", "boundary", "depth", "encoding", "fields", "is_ambiguous", "is_message", "names", "number", "parent",
        "type",
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
        self.fields: list[bytes] = []
        self.names: list[bytes] = []
        self.type = "text/plain"
        self.boundary: bytes | None = None
        self.encoding = ""
        self.is_ambiguous = False
        self._octets = 0

    @property
    def holds_message(self) -> bool:
        """Whether its body is read as a message. What is encoded is not read: it has no 8-bit octets to be found."""
        return self.type == "message/rfc822" and self.encoding in ("", "7bit", "8bit", "binary")

    def add(self, line: bytes) -> None:
        """Take one more line of the header, or a piece of one."""
        self._octets += len(line)
        if self._octets > MAX_HEADER_OCTETS:
            raise SyntaxViolation(f"a header of more than {MAX_HEADER_OCTETS} octets")
        if self.fields and (line[:1] in (b" ", b"\t") or not self.fields[-1].endswith(_CRLF)):
            self.fields[-1] += line
            return
        match = _FIELD.match(line)
        self.fields.append(line)
        self.names.append(match[1].lower() if match else b"")

    def read(self) -> None:
        """Find out what the header means, once it is whole."""
        self.is_ambiguous = b"" in self.names or any(self.names.count(name) > 1 for name in (_CONTENT_TYPE, _ENCODING))
        if self.parent is not None and self.parent.type == "multipart/digest":
            self.type = "message/rfc822"  # RFC 2046 §5.1.5
        if _CONTENT_TYPE in self.names:
            self._read_type(self._value(_CONTENT_TYPE))
        if _ENCODING in self.names:
            self.encoding = self._value(_ENCODING).strip().lower().decode("latin-1")

    def _value(self, name: bytes) -> bytes:
        return self.fields[self.names.index(name)].partition(b":")[2].rstrip()

    def _read_type(self, value: bytes) -> None:
        match = _TYPE.match(value)
        if match is None:
            self.is_ambiguous = True
            return
        self.type = match[1].decode("ascii").lower()
        place = match.end()
        boundaries = []
        while place < len(value) and (match := _PARAMETER.match(value, place)) is not None:
            place = match.end()
            name = (match[1] or b"").lower()
            if name == b"boundary":
                boundaries.append(match[3] if match[2] is None else _ESCAPE.sub(rb"\1", match[2]))
            elif name.startswith(b"boundary*"):  # RFC 2231: in pieces, or encoded
                self.is_ambiguous = True
        if not self.type.startswith("multipart/"):
            return
        if place < len(value) or len(boundaries) != 1 or b"\r" in boundaries[0] or not boundaries[0].rstrip():
            self.is_ambiguous = True
            return
        self.boundary = boundaries[0].rstrip()


_CONTENT_TYPE: Final = b"content-type"
_ENCODING: Final = b"content-transfer-encoding"


def walk(pieces: Iterable[bytes]) -> Iterator[tuple[Step, Part, bytes]]:
    """
    Go over the content, which comes in pieces of any size, line by line.

    A very long line comes in pieces too; only its last one ends in CRLF. Memory: one header, one line, and an entry for
    each part that is open.

    Raises:
        SyntaxViolation: too deep, too many parts, too long a header, or delimiters that cannot be told apart; the text
            says so of a message that is called "it".
    """
    delimiters: list[tuple[bytes, Part]] = []  # of the multiparts that are open
    part = Part(0, None, is_message=True)
    step = Step.HEADER
    count = 1
    is_line_start = True
    for line in _lines(pieces):
        found = _delimited(line, delimiters) if is_line_start and delimiters and line.startswith(b"--") else None
        if found is not None:
            if step is Step.HEADER:
                part.read()
                yield step, part, b""
            place, is_close = found
            part = delimiters[place][1]
            step = Step.FRAME
            yield step, part, line
            if is_close:
                del delimiters[place:]
            else:
                del delimiters[place + 1 :]
                part = Part(count, part, is_message=False)
                step = Step.HEADER
                count += 1
        elif step is not Step.HEADER:
            yield step, part, line
        elif line == _CRLF and is_line_start:
            part.read()
            yield step, part, line
            if part.boundary is not None:
                _open(part, delimiters)
                step = Step.FRAME
            elif part.holds_message:
                part = Part(count, part, is_message=True)
                count += 1
            else:
                step = Step.BODY
        else:
            part.add(line)
        is_line_start = line.endswith(_CRLF)
    if step is Step.HEADER:
        part.read()
        yield step, part, b""


def _open(part: Part, delimiters: list[tuple[bytes, Part]]) -> None:
    delimiter = b"--" + (part.boundary or b"")
    for other, _ in delimiters:
        if delimiter in (other, other + b"--") or other == delimiter + b"--":
            raise SyntaxViolation("its parts cannot be told apart")
    delimiters.append((delimiter, part))


def _delimited(line: bytes, delimiters: list[tuple[bytes, Part]]) -> tuple[int, bool] | None:
    text = line.rstrip(b" \t\r\n")
    for place in range(len(delimiters) - 1, -1, -1):
        delimiter = delimiters[place][0]
        if text == delimiter:
            return place, False
        if text == delimiter + b"--":
            return place, True
    return None


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
