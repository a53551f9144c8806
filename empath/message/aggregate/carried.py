"""
carried - the report in a message of another host: found among its parts, decoded and decompressed

RULES
    All of it is bounded: a small file may stand for any amount of octets.  Decompression stops at the bound, which is
    one for all that a file holds.  A zip archive is read from entry to entry, without its directory.
    Hosts give a report any type, pack it twice, and put folders and notes of their own before it.
"""

import binascii
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from empath.errors import SyntaxViolation
from empath.mail.domain import Domain
from empath.message.fields import Fields
from empath.message.mime import Part, Step, walk

MOST_MAIL_OCTETS: Final = 15 * 1024 * 1024
MOST_OCTETS: Final = 20 * 1024 * 1024  # of the report itself
_MOST_PARTS: Final = 20
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_DESCRIPTOR: Final = b"PK\x07\x08"
_MOST_DESCRIPTOR: Final = 24  # octets between two entries of an archive
_MOST_ENTRIES: Final = 20
_MOST_LAYERS: Final = 3
_ZIP_HEAD: Final = struct.Struct("<4xHHH4x4xLLHH")  # version, flags, method, size, size after, length of name and rest
_STORED, _DEFLATED = 0, 8  # methods
_ENCRYPTED, _SIZE_LATER = 1, 8  # flags
_WINDOW_OF_GZIP: Final = 31
_WINDOW_RAW: Final = -15
_TOLD_DOMAIN: Final = b"tls-report-domain"
_WORDS: Final = ("text/plain", "text/html", "message/delivery-status")
_BOM: Final = b"\xef\xbb\xbf"
_BEGINNINGS: Final = (b"<", b"{", b"\xff\xfe", b"\xfe\xff")
_BEGINNINGS_OF_WORDS: Final = (b"<?xml", b"<feedback", b"{")  # of a report in a part that is one for words


def find_report(pieces: Iterable[bytes]) -> bytes:
    """
    The XML or JSON in the message that *pieces* are.

    Raises:
        SyntaxViolation: there is none that can be read; the text is a clause that calls the message "it".
    """
    why = "it has no part with a report"
    for part, octets in sorted(_leaves(pieces), key=_is_for_words):
        try:
            found = inflate(_decoded(part, octets)).removeprefix(_BOM).lstrip()
        except SyntaxViolation as exc:
            why = str(exc)
            continue
        if found.startswith(_BEGINNINGS_OF_WORDS if _is_for_words((part, octets)) else _BEGINNINGS):
            return found
    raise SyntaxViolation(why)


def told_domain(pieces: Iterable[bytes]) -> str:
    """The domain that the message is about, by its header (RFC 8460 §5.3); empty where it does not say."""
    fields = next((part.fields for _, part, _ in walk(pieces)), Fields([]))
    try:
        return str(Domain.parse((fields.find(_TOLD_DOMAIN) or b"").decode("utf-8", "replace").strip()))
    except SyntaxViolation:
        return ""


def inflate(octets: bytes) -> bytes:
    """
    The report in *octets*, which may be packed by gzip or zip; what is no report, but all there is, comes back, too.

    Raises:
        SyntaxViolation: they are damaged, or stand for more than MOST_OCTETS.
    """
    found = b""
    for found in _files(octets, _Room(), 0):
        if found.removeprefix(_BOM).lstrip().startswith(_BEGINNINGS):
            break
    return found


class _Room:
    """How many octets may still come out of one file."""

    def __init__(self) -> None:
        self._left = MOST_OCTETS

    def inflated(self, octets: bytes, window: int) -> tuple[bytes, bytes]:
        """What is packed in *octets*, and what stands behind it."""
        inflater = zlib.decompressobj(window)
        try:
            found = inflater.decompress(octets, self._left + 1)
        except zlib.error as exc:
            raise SyntaxViolation(f"it cannot be decompressed: {exc}") from exc
        if len(found) > self._left:
            raise SyntaxViolation(f"it has more than {MOST_OCTETS} octets")
        if not inflater.eof:
            raise SyntaxViolation("it is cut short")
        self._left -= len(found)
        return found, inflater.unused_data


def _files(octets: bytes, room: _Room, layers: int) -> Iterator[bytes]:
    """The files that are packed in *octets*, one after the other."""
    if layers == _MOST_LAYERS or not octets.startswith((_GZIP, _ZIP)):
        yield octets
        return
    for each in _of_gzip(octets, room) if octets.startswith(_GZIP) else _of_zip(octets, room):
        yield from _files(each, room, layers + 1)


def _of_gzip(octets: bytes, room: _Room) -> Iterator[bytes]:
    """One file; RFC 1952 §2.2: its members are one after the other."""
    found: list[bytes] = []
    while octets.startswith(_GZIP) and len(found) < _MOST_ENTRIES:
        member, octets = room.inflated(octets, _WINDOW_OF_GZIP)
        found.append(member)
    yield b"".join(found)


def _of_zip(octets: bytes, room: _Room) -> Iterator[bytes]:
    for _ in range(_MOST_ENTRIES):
        try:
            _, flags, method, size, _, name_octets, extra_octets = _ZIP_HEAD.unpack_from(octets)
        except struct.error as exc:
            raise SyntaxViolation("its archive is cut short") from exc
        if flags & _ENCRYPTED or method not in (_STORED, _DEFLATED):
            raise SyntaxViolation("its archive is encrypted, or in another form than deflate")
        octets = octets[_ZIP_HEAD.size + name_octets + extra_octets :]
        if method == _DEFLATED:
            found, octets = room.inflated(octets, _WINDOW_RAW)
        else:
            end = octets.find(_DESCRIPTOR) if flags & _SIZE_LATER and not size else size
            found, octets = (octets, b"") if end < 0 else (octets[:end], octets[end:])
        yield found
        begin = octets.find(_ZIP, 0, _MOST_DESCRIPTOR + len(_ZIP))
        if begin < 0:
            return
        octets = octets[begin:]


def _is_for_words(leaf: tuple[Part, bytes]) -> bool:
    """Parts with words for people come last."""
    return leaf[0].type in _WORDS


def _leaves(pieces: Iterable[bytes]) -> list[tuple[Part, bytes]]:
    found: dict[int, tuple[Part, bytearray]] = {}  # a line as an object of its own takes twenty times its size
    for step, part, line in walk(pieces):
        if step is Step.BODY:
            if part.number not in found:
                found[part.number] = (part, bytearray())
            found[part.number][1].extend(line)
            if len(found) > _MOST_PARTS:
                raise SyntaxViolation(f"it has more than {_MOST_PARTS} parts")
    return [(part, bytes(octets)) for part, octets in found.values()]


def _decoded(part: Part, octets: bytes) -> bytes:
    try:
        if part.encoding == "base64":
            return binascii.a2b_base64(octets + b"==")  # some hosts leave it out, and more than enough does no harm
    except binascii.Error as exc:
        raise SyntaxViolation(f"its base64 is damaged: {exc}") from exc
    return binascii.a2b_qp(octets) if part.encoding == "quoted-printable" else octets
