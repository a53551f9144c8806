"""
xtext - the encoding of ENVID and ORCPT for octets that SMTP cannot carry, RFC 3461 §4 and RFC 6533 §3
"""

import re
from typing import Final

# RFC 3461 §4.2, §4.4: the decoded value is printable US-ASCII, so "+0A" cannot end a field of a report's header.
XCHAR: Final = r"[!-*,-<>-~]|\+(?:[2-6][0-9A-Fa-f]|7[0-9A-Ea-e])"
# RFC 6533 §3, HEXPOINT between "\\x{" and "}": each character has one number of digits.
UNICODE_CHAR: Final = (
    r"\\x\{(?:[01][1-9]|10|20|2[Bb]|3[Dd]|7[Ff]|5[Cc]|[89A-Fa-f][0-9A-Fa-f]|[1-9A-Fa-f][0-9A-Fa-f]{2}"
    r"|[1-9A-CE-Fa-ce-f][0-9A-Fa-f]{3}|[Dd][0-7][0-9A-Fa-f]{2}|[1-9A-Fa-f][0-9A-Fa-f]{4}|10[0-9A-Fa-f]{4})\}"
)
_HEX = re.compile(r"\+[0-9A-Fa-f]{2}|(?<=\\x\{)[0-9A-Fa-f]+(?=\})")
_NOT_XCHAR = re.compile(r"[+= ]")
_NOT_QUCHAR = re.compile(r"[+=\\ ]")
_CODED = re.compile(r"\+([0-9A-F]{2})")


def in_capitals(text: str) -> str:
    """*text* with its hexadecimal digits in capitals, as RFC 3461 §4 writes them."""
    return _HEX.sub(lambda match: match[0].upper(), text)


def to_xtext(text: str) -> str:
    """Printable ASCII *text* as xtext, RFC 3461 §4: what stands for itself, and the rest in hexadecimal digits."""
    return _NOT_XCHAR.sub(lambda match: f"+{ord(match[0]):02X}", text)


def to_utf8_addr_unitext(text: str) -> str:
    """*text* for the type utf-8, RFC 6533 §3: what stands for itself, and the rest as `\\x{HEX}`."""
    return _NOT_QUCHAR.sub(lambda match: f"\\x{{{ord(match[0]):X}}}", text)


def from_xtext(text: str) -> str:
    """Decode xtext; a "+" that does not begin a code is kept as it is."""
    return _CODED.sub(lambda match: chr(int(match[1], 16)), text)


def utf8_addr_xtext(text: str) -> str:
    """*text* in ASCII: each character beyond it as `\\x{HEX}`, RFC 6533 §3."""
    return "".join(c if c.isascii() else f"\\x{{{ord(c):X}}}" for c in text)
