"""
downgrade - convert 8-bit content for a host without 8BITMIME, RFC 6152 §3

Bodies with 8-bit octets become quoted-printable or base64; everything else stays as it is, octet for octet.  The header
of a part names its encoding, and comes before the body.  So content is read twice: examine() decides the conversion,
and converted() carries it out.  Neither keeps more than a few lines.

The status part of a report must not be encoded.  It is converted with loss, in a form that people and programs can
still read, because a report that bounces is lost.

Content that cannot be converted without harm has an obstacle: a signature would break, 8-bit octets in a header have no
encoding that every reader knows, and a structure that can be read in two ways must not be rewritten.  A wrong label,
such as an encoding called "8bits", is not an obstacle.
"""

from binascii import b2a_base64, b2a_qp
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from empath.errors import SyntaxViolation
from empath.mail.xtext import utf8_addr_xtext
from empath.message.mime import Part, Step, walk

# Conversions of a part. _SEVEN_BIT changes the label alone, because octets within the part change.
_LEAVE, _QUOTED_PRINTABLE, _BASE64, _ASCII, _SEVEN_BIT = range(5)
_NAMES: Final = {
    _QUOTED_PRINTABLE: b"quoted-printable",
    _BASE64: b"base64",
    _ASCII: b"7bit",
    _SEVEN_BIT: b"7bit",
}
_SIGNATURES: Final = frozenset({b"dkim-signature", b"domainkey-signature", b"arc-message-signature"})
_UNTOUCHABLE: Final = {
    "multipart/signed": "it is signed",
    "multipart/encrypted": "it is encrypted",
}
# Fields of a report for programs, RFC 3464 §2.1, RFC 3798 §3.1, RFC 5965 §3, RFC 3886 §3.
_STATUSES: Final = frozenset(
    {
        "message/delivery-status",
        "message/disposition-notification",
        "message/feedback-report",
        "message/tracking-status",
    }
)
_HIGH: Final = bytes(range(128, 256))
_CRLF: Final = b"\r\n"
_PIECE_OCTETS: Final = 64 * 1024
_BASE64_OCTETS: Final = 57  # octets in a line of 76 characters
_DENSE: Final = 6  # octets per 8-bit octet below which base64 is shorter than quoted-printable
_LONGEST_LINE_OCTETS: Final = 998 + 2  # with CRLF, RFC 5322 §2.1.1
_LINE_OCTETS: Final = 75  # of a line of quoted-printable, without the "=" that joins the next one to it


@dataclass(frozen=True, slots=True)
class Examined:
    """
    What the examination of the whole content found.

    Shape: has_8bit_header is about any header in it; obstacle says why it cannot be converted, as a clause without a
    stop, or None; changes has one octet for each part, for converted() alone. is_signed: a change would break a
    signature or an encryption, or might.
    """

    has_8bit_header: bool
    obstacle: str | None
    changes: bytes
    is_signed: bool = False


def examine(pieces: Iterable[bytes]) -> Examined:
    """Find out whether and how content can be converted; it comes in pieces of any size."""
    survey = _Survey()
    try:
        for step, part, octets in walk(pieces):
            survey.note(step, part, octets)
        survey.finish()
    except SyntaxViolation as exc:
        return Examined(True, str(exc), b"", is_signed=True)
    return Examined(survey.has_8bit_header, survey.obstacle, bytes(survey.changes), survey.is_any_signed)


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
            if change != _LEAVE and not octets:  # a part that had no header
                yield _CRLF
            encoder = _ENCODERS.get(change, _Identity)()
            is_in_multipart = part.is_in_multipart
        # Readers do not show the text before and after the parts of a multipart that has any; it must be 7-bit, too.
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
        self.is_any_signed = False  # the message, or a part of it
        self._unopened: set[int] = set()  # multiparts with 8-bit octets, and without a part so far
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
            if part.parent is not None:
                self._unopened.discard(part.parent.number)
            else:
                self._is_signed = not _SIGNATURES.isdisjoint(part.fields.names)
            self.is_any_signed |= self._is_signed or part.type in _UNTOUCHABLE
        elif not octets.isascii():
            if not part.has_parts:
                self._unopened.add(part.number)
            self._change_within(part)

    def finish(self) -> None:
        """The content has ended."""
        self.end_part()
        # Readers show the text of a multipart without parts, and would show it encoded.
        if self._unopened:
            self._object("a multipart has no part")

    def end_part(self) -> None:
        """Decide about the part whose body has ended."""
        part = self._part
        if part is None or not self._high:
            return
        is_dense = self._high * _DENSE > self._octets or part.is_binary
        is_status = part.type in _STATUSES
        self.changes[part.number] = _ASCII if is_status else _BASE64 if is_dense else _QUOTED_PRINTABLE
        if part.type.startswith("multipart/"):
            self._object("a multipart has no boundary that can be read")
        if _is_seven_bit_only(part.type) and not is_status:
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
    if not has_encoding and _NAMES[change] != b"7bit":  # the default
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


class _Ascii:
    """Text that must not be encoded: letters as `\\x{HEX}` of RFC 6533 §3, octets that are not UTF-8 as "?"."""

    def encode(self, octets: bytes) -> bytes:
        if octets.isascii():
            return octets
        text = octets.decode("utf-8", "replace").replace("\ufffd", "?")
        encoded = utf8_addr_xtext(text).encode()
        if len(encoded) > _LONGEST_LINE_OCTETS:
            encoded = text.encode("ascii", "replace")
        # A changed line must not become the delimiter of a multipart.
        return b"??" + encoded[2:] if encoded.startswith(b"--") else encoded

    def end(self, *, is_delimited: bool) -> bytes:
        return b""


_ENCODERS: Final[dict[int, type[_QuotedPrintable | _Base64 | _Ascii]]] = {
    _QUOTED_PRINTABLE: _QuotedPrintable,
    _BASE64: _Base64,
    _ASCII: _Ascii,
}
