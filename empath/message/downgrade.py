"""
downgrade - convert 8-bit content for a host without 8BITMIME, RFC 6152 §3

Bodies with 8-bit octets become quoted-printable or base64; everything else stays as it is, octet for octet.  The header
of a part names its encoding, and comes before the body.  So content is read twice: examine() decides the conversion,
and converted() carries it out.  Neither keeps more than a few lines.

Content that cannot be converted without harm has an obstacle: a signature would break, 8-bit octets in a header have no
encoding that every reader knows, and a structure that can be read in two ways must not be rewritten.  A wrong label,
such as an encoding called "8bits", is not an obstacle.
"""

from binascii import b2a_base64, b2a_qp
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from empath.errors import SyntaxViolation
from empath.message.mime import Part, Step, walk

_LEAVE, _QUOTED_PRINTABLE, _BASE64, _SEVEN_BIT = range(4)  # conversions of a part
_NAMES: Final = {_QUOTED_PRINTABLE: b"quoted-printable", _BASE64: b"base64", _SEVEN_BIT: b"7bit"}
_SIGNATURES: Final = frozenset({b"dkim-signature", b"domainkey-signature", b"arc-message-signature"})
_UNTOUCHABLE: Final = {
    "multipart/signed": "it is signed",
    "multipart/encrypted": "it is encrypted",
}
_HIGH: Final = bytes(range(128, 256))
_CRLF: Final = b"\r\n"
_PIECE_OCTETS: Final = 64 * 1024
_BASE64_OCTETS: Final = 57  # octets in a line of 76 characters
_DENSE: Final = 6  # octets per 8-bit octet below which base64 is shorter than quoted-printable
_LINE_OCTETS: Final = 75  # of a line of quoted-printable, without the "=" that joins the next one to it


@dataclass(frozen=True, slots=True)
class Examined:
    """
    What the examination of the whole content found.

    Shape: has_8bit_header is about any header in it; obstacle says why it cannot be converted, as a clause without a
    stop, or None; changes has one octet for each part, for converted() alone.
    """

    has_8bit_header: bool
    obstacle: str | None
    changes: bytes


def examine(pieces: Iterable[bytes]) -> Examined:
    """Find out whether and how content can be converted; it comes in pieces of any size."""
    survey = _Survey()
    try:
        for step, part, octets in walk(pieces):
            survey.note(step, part, octets)
        survey.end_part()
    except SyntaxViolation as exc:
        return Examined(True, str(exc), b"")
    return Examined(survey.has_8bit_header, survey.obstacle, bytes(survey.changes))


def converted(pieces: Iterable[bytes], examined: Examined) -> Iterator[bytes]:
    """Give the same content in 7 bits, in pieces; *examined* is the result of examine(), without an obstacle."""
    gathered: list[bytes] = []
    size = 0
    for octets in _converted_lines(pieces, examined.changes):
        gathered.append(octets)
        size += len(octets)
        if size >= _PIECE_OCTETS:
            yield b"".join(gathered)
            gathered.clear()
            size = 0
    yield b"".join(gathered)


def _converted_lines(pieces: Iterable[bytes], changes: bytes) -> Iterator[bytes]:
    encoder: _Encoder = _Identity()
    is_in_multipart = False
    for step, part, octets in walk(pieces):
        if step is Step.BODY:
            yield encoder.encode(octets)
            continue
        yield encoder.end(is_delimited=True)
        encoder = _Identity()
        if step is Step.HEADER:
            change = changes[part.number]
            yield b"".join(part.fields.octets if change == _LEAVE else _changed_fields(part, change))
            encoder = _ENCODERS.get(change, _Identity)()
            is_in_multipart = part.is_in_multipart
        # Readers do not show the text before and after the parts, but it must be 7-bit, too.
        yield octets if octets.isascii() else _QuotedPrintable().encode(octets)
    # If the last delimiter is missing, readers take the end of the content for it.
    yield encoder.end(is_delimited=is_in_multipart)


class _Survey:
    """What is known after some of the lines; the first obstacle counts."""

    def __init__(self) -> None:
        self.has_8bit_header = False
        self.obstacle: str | None = None
        self.changes = bytearray()
        self._is_signed = False
        self._part: Part | None = None
        self._octets = 0  # size of the part's body
        self._high = 0  # number of 8-bit octets among them

    def note(self, step: Step, part: Part, octets: bytes) -> None:
        if step is Step.BODY:
            self._octets += len(octets)
            if not octets.isascii():
                self._high += len(octets) - len(octets.translate(None, _HIGH))
        elif step is Step.HEADER:
            self.end_part()
            self._part = part
            self._octets = self._high = 0
            self.changes.append(_LEAVE)
            if not all(map(bytes.isascii, part.fields.octets)):
                self.has_8bit_header = True
                self._object("8-bit octets are in a header")
            if part.number == 0:
                self._is_signed = not _SIGNATURES.isdisjoint(part.fields.names)
        elif not octets.isascii():
            self._change_within(part)

    def end_part(self) -> None:
        """Decide about the part whose body has ended."""
        part = self._part
        if part is None or not self._high:
            return
        is_dense = self._high * _DENSE > self._octets or part.is_binary
        self.changes[part.number] = _BASE64 if is_dense else _QUOTED_PRINTABLE
        if part.type.startswith("multipart/"):
            self._object("a multipart has no boundary that can be read")
        if _is_seven_bit_only(part.type):
            self._object(f"a {part.type} cannot be encoded")
        self._judge(part)
        if part.parent is not None:
            self._change_within(part.parent)

    def _change_within(self, part: Part) -> None:
        """Mark *part* and all parts around it as 7-bit, because octets in it change. Stops at a part marked before."""
        holder: Part | None = part
        while holder is not None and self.changes[holder.number] != _SEVEN_BIT:
            self.changes[holder.number] = _SEVEN_BIT
            self._judge(holder)
            holder = holder.parent

    def _judge(self, part: Part) -> None:
        if self._is_signed:
            self._object("it is signed")
        if part.is_ambiguous:
            self._object("a header can be read in more than one way")
        if part.encoding:
            self._object("8-bit octets are in a part that says it is encoded")
        if part.type in _UNTOUCHABLE:
            self._object(_UNTOUCHABLE[part.type])

    def _object(self, why: str) -> None:
        self.obstacle = self.obstacle or why


def _is_seven_bit_only(kind: str) -> bool:
    """
    Whether a body of this type must be 7-bit and must not be encoded.

    RFC 2045 §6.4 and RFC 2046 §5.2.4 say so for every kind of message; a message/rfc822 is rewritten part by part.
    message/global and its kin are exempt (RFC 6532 §3.5, RFC 6533).
    """
    return kind.startswith("message/") and kind != "message/rfc822" and not kind.startswith("message/global")


def _changed_fields(part: Part, change: int) -> Iterator[bytes]:
    field = b"Content-Transfer-Encoding: " + _NAMES[change] + _CRLF
    has_encoding = False
    for name, given in zip(part.fields.names, part.fields.octets, strict=True):
        if name == b"content-transfer-encoding":
            if not has_encoding:
                yield field
            has_encoding = True
        else:
            yield given
    if part.is_message:
        if b"mime-version" not in part.fields:
            yield b"MIME-Version: 1.0\r\n"
        if b"content-type" not in part.fields:
            yield b"Content-Type: text/plain; charset=unknown-8bit\r\n"  # RFC 1428 §3
    if not has_encoding and change != _SEVEN_BIT:  # 7bit is the default
        yield field


class _Encoder(Protocol):
    """Encodes one body."""

    def encode(self, octets: bytes) -> bytes:
        """Take the next line, or piece of a line."""

    def end(self, *, is_delimited: bool) -> bytes:
        """End it; *is_delimited*: its last line end is part of the delimiter that follows, RFC 2046 §5.1.1."""


class _Identity:
    """Bodies that stay as they are."""

    def encode(self, octets: bytes) -> bytes:
        return octets

    def end(self, *, is_delimited: bool) -> bytes:
        return b""


class _QuotedPrintable:
    """RFC 2045 §6.7, line by line."""

    def __init__(self) -> None:
        self._is_midway = False

    def encode(self, octets: bytes) -> bytes:
        is_whole = octets.endswith(_CRLF)
        # Not as text: b2a_qp would take a stray CR or LF for a line end.
        encoded = b2a_qp(octets[:-2] if is_whole else octets, istext=False).replace(b"\n", _CRLF)
        encoded = (b"=\r\n" if self._is_midway else b"") + encoded
        if b"=\r\n--" in encoded or (encoded.startswith(b"--") and b"=" in encoded):
            encoded = _without_dashes(encoded)
        self._is_midway = not is_whole
        return encoded + _CRLF if is_whole else encoded

    def end(self, *, is_delimited: bool) -> bytes:
        return b""


def _without_dashes(encoded: bytes) -> bytes:
    """One line of quoted-printable, none of whose pieces may be taken for the delimiter of a multipart."""
    lead = b"=\r\n" if encoded.startswith(b"=\r\n") else b""
    whole = encoded.replace(b"=\r\n", b"").replace(b"-", b"=2D")
    lines = []
    start = 0
    while len(whole) - start > _LINE_OCTETS + 1:
        end = start + _LINE_OCTETS
        escape = whole.rfind(b"=", end - 2, end)  # start of three octets that stay together
        end = end if escape < 0 else escape
        lines.append(whole[start:end])
        start = end
    return lead + b"=\r\n".join([*lines, whole[start:]])


class _Base64:
    """RFC 2045 §6.8."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def encode(self, octets: bytes) -> bytes:
        self._buffer += octets
        # Two octets are kept back: they may belong to the delimiter.
        whole = (len(self._buffer) - 2) // _BASE64_OCTETS * _BASE64_OCTETS
        return self._take(whole) if whole > 0 else b""

    def end(self, *, is_delimited: bool) -> bytes:
        if is_delimited:
            del self._buffer[-2:]
        return self._take(len(self._buffer))

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        starts = range(0, count, _BASE64_OCTETS)
        return b"".join(b2a_base64(taken[at : at + _BASE64_OCTETS], newline=False) + _CRLF for at in starts)


_ENCODERS: Final[dict[int, type[_QuotedPrintable | _Base64]]] = {
    _QUOTED_PRINTABLE: _QuotedPrintable,
    _BASE64: _Base64,
}
