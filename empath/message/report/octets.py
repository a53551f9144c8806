"""
octets - turn text from outside into lines of a report

No function returns octets that end a field, a part or a line too early: the only control characters are the CRLF at the
end, no line is over 998 octets, and no line is blank.
"""

import re
from base64 import b64encode
from binascii import b2a_qp
from enum import StrEnum

from empath.mail.xtext import utf8_addr_xtext
from empath.message.header import header_section

_BLANKS = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ADDRESS_TYPE = re.compile(r"[A-Za-z0-9!#$%&'*+\-/?^_`{|}~]{1,64}")
_NOT_PLAIN = re.compile(rb"\x00|\r(?!\n)|(?<!\r)\n|[^\r\n]{999}")
_MAX_VALUE_OCTETS = 900  # the line with it stays below the 998 of RFC 5322 §2.1.1
_FOLD_OCTETS = 76
_ENCODED_OCTETS = 45  # of an encoded word, which has at most 75 characters


class Charset(StrEnum):
    """What the text of a report is written in."""

    ASCII = "us-ascii"
    UTF8 = "utf-8"


def one_line(text: str) -> str:
    """*text* without control characters, each run of blanks and of these as one space."""
    return _BLANKS.sub(" ", text).strip(" ")


def text_field(name: str, text: str) -> bytes:
    """One field of free text, RFC 2047 §5: text beyond ASCII as encoded words."""
    text = one_line(text)
    if text.isascii():
        return field(name, text)
    words, start, octets = [], 0, 0
    for place, character in enumerate(text):
        octets += len(character.encode())
        if octets > _ENCODED_OCTETS:
            words.append(text[start:place])
            start, octets = place, len(character.encode())
    words.append(text[start:])
    return field(name, " ".join(f"=?utf-8?B?{b64encode(word.encode()).decode()}?=" for word in words))


def field(name: str, value: str, charset: Charset = Charset.ASCII) -> bytes:
    """One field, folded at spaces; its unfolded value is `one_line(value)`, cut where it is very long."""
    octets = cut(one_line(value).encode(charset, "backslashreplace"))
    lines = [f"{name}:".encode()]
    for word in octets.split(b" "):
        # Fold only a line that has a word: no line may be blank.
        if len(lines[-1]) + len(word) >= _FOLD_OCTETS and b" " in lines[-1]:
            lines.append(b"")
        lines[-1] += b" " + word
    return b"\r\n".join(lines) + b"\r\n"


def address_line(name: str, address: str, charset: Charset, kind: str | None = None) -> bytes:
    """
    One field with an address of the type *kind*, or with a bare mailbox; not folded, since blanks may be part of it.

    An address beyond ASCII has the type utf-8, as `\\x{HEX}` where the charset is ASCII (RFC 6533 §3).
    """
    text = _CONTROLS.sub("?", address)
    if not text.isascii():
        kind = kind and "utf-8"
        if charset is Charset.ASCII:
            text = utf8_addr_xtext(text)
    if kind is not None:
        text = f"{kind if _ADDRESS_TYPE.fullmatch(kind) else 'unknown'}; {text}"
    return f"{name}: ".encode() + cut(text.encode()) + b"\r\n"


def is_plain(octets: bytes) -> bool:
    """Whether *octets* can be sent as they are: lines of at most 998 octets that end in CRLF, and no NUL."""
    return _NOT_PLAIN.search(octets) is None


def header_part(octets: bytes, limit: int) -> bytes:
    """The header section at the beginning of *octets*, at most *limit* octets of it, without the blank line."""
    header = header_section(octets, limit)
    return header if not header or header.endswith(b"\r\n") else header + b"\r\n"


def quoted_printable(octets: bytes) -> bytes:
    """Encode as RFC 2045 §6.7 says, line by line, so that decoding gives *octets* again."""
    return b"\r\n".join(map(_quoted_line, octets.split(b"\r\n")))


def _quoted_line(line: bytes) -> bytes:
    # A line that b2a_qp breaks can have 77 octets. It makes an LF only there: those of the text count as binary.
    whole = b2a_qp(line, istext=False).replace(b"=\n", b"")
    lines = []
    start = 0
    while len(whole) - start > _FOLD_OCTETS:
        end = start + _FOLD_OCTETS - 1
        escape = whole.rfind(b"=", end - 2, end)  # start of three octets that stay together
        end = end if escape < 0 else escape
        lines.append(whole[start:end])
        start = end
    return b"=\r\n".join([*lines, whole[start:]])


def cut(octets: bytes) -> bytes:
    """The beginning of *octets* (UTF-8), short enough for a line."""
    if len(octets) <= _MAX_VALUE_OCTETS:
        return octets
    return octets[:_MAX_VALUE_OCTETS].decode("utf-8", "ignore").rstrip(" ").encode()
