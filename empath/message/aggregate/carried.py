"""
carried - the report in a message of another host: found among its parts, decoded and decompressed

RULES
    All of it is bounded: a small file may stand for any amount of octets.  Decompression stops at the bound, and a zip
    archive is read by its first entry, without its directory.
"""

import binascii
import struct
import zlib
from collections.abc import Iterable
from typing import Final

from empath.errors import SyntaxViolation
from empath.message.mime import Part, Step, walk

MOST_MAIL_OCTETS: Final = 15 * 1024 * 1024
MOST_OCTETS: Final = 20 * 1024 * 1024  # of the report itself
_MOST_PARTS: Final = 20
_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
_ZIP_HEAD: Final = struct.Struct("<4xHHH4x4xLLHH")  # version, flags, method, size, size after, length of name and rest
_STORED, _DEFLATED, _ENCRYPTED = 0, 8, 1
_WINDOW_OF_GZIP: Final = 31
_WINDOW_RAW: Final = -15
_WORDS: Final = ("text/plain", "text/html", "message/delivery-status")
_BOM: Final = b"\xef\xbb\xbf"


def find_report(pieces: Iterable[bytes]) -> bytes:
    """
    The XML or JSON in the message that *pieces* are.

    Raises:
        SyntaxViolation: there is none that can be read; the text is a clause that calls the message "it".
    """
    why = "it has no part with a report"
    for part, octets in _leaves(pieces):
        if part.type in _WORDS:
            continue
        try:
            found = inflate(_decoded(part, octets)).removeprefix(_BOM).lstrip()
        except SyntaxViolation as exc:
            why = str(exc)
            continue
        if found[:1] in (b"<", b"{") or found[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return found
    raise SyntaxViolation(why)


def inflate(octets: bytes) -> bytes:
    """
    *octets* as they were before gzip or zip; others as they are.

    Raises:
        SyntaxViolation: they are damaged, or stand for more than MOST_OCTETS.
    """
    if octets.startswith(_GZIP):
        return _inflated(octets, _WINDOW_OF_GZIP)
    if not octets.startswith(_ZIP):
        return octets
    try:
        _, flags, method, size, _, name_octets, extra_octets = _ZIP_HEAD.unpack_from(octets)
    except struct.error as exc:
        raise SyntaxViolation("its archive is cut short") from exc
    begin = _ZIP_HEAD.size + name_octets + extra_octets
    if flags & _ENCRYPTED or method not in (_STORED, _DEFLATED):
        raise SyntaxViolation("its archive is encrypted, or in another form than deflate")
    return octets[begin : begin + size] if method == _STORED else _inflated(octets[begin:], _WINDOW_RAW)


def _inflated(octets: bytes, window: int) -> bytes:
    inflater = zlib.decompressobj(window)
    try:
        found = inflater.decompress(octets, MOST_OCTETS)
    except zlib.error as exc:
        raise SyntaxViolation(f"it cannot be decompressed: {exc}") from exc
    if inflater.eof:
        return found
    raise SyntaxViolation("it is cut short" if len(found) < MOST_OCTETS else f"it has more than {MOST_OCTETS} octets")


def _leaves(pieces: Iterable[bytes]) -> list[tuple[Part, bytes]]:
    found: dict[int, tuple[Part, list[bytes]]] = {}
    for step, part, line in walk(pieces):
        if step is Step.BODY:
            found.setdefault(part.number, (part, []))[1].append(line)
            if len(found) > _MOST_PARTS:
                raise SyntaxViolation(f"it has more than {_MOST_PARTS} parts")
    return [(part, b"".join(lines)) for part, lines in found.values()]


def _decoded(part: Part, octets: bytes) -> bytes:
    try:
        if part.encoding == "base64":
            return binascii.a2b_base64(octets)
    except binascii.Error as exc:
        raise SyntaxViolation(f"its base64 is damaged: {exc}") from exc
    return binascii.a2b_qp(octets) if part.encoding == "quoted-printable" else octets
