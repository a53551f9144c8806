"""
tags - a list of `name=value` with semicolons between, RFC 6376 §3.2

Signatures and key records are such lists.  Octets are read as ISO 8859-1, so that each stays one character.
"""

import binascii
import re
from typing import Final

from empath.errors import SyntaxViolation

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*+")
_BLANKS: Final = " \t\r\n"
_NUMBER: Final = re.compile(r"[0-9]{1,15}")  # more digits are no length of a message and no instant


def parse_tags(text: str) -> dict[str, str]:
    """
    The tags of *text*, values without the blanks around them.

    Raises:
        SyntaxViolation: it is no list, or has a name twice.
    """
    *parts, last = text.split(";")
    if last.strip(_BLANKS):
        parts.append(last)
    found: dict[str, str] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        name = name.strip(_BLANKS)
        if not equals or _NAME.fullmatch(name) is None:
            raise SyntaxViolation("a part of it is no tag")
        if name in found:
            raise SyntaxViolation(f"{name[:20]}= is there twice")
        found[name] = value.strip(_BLANKS)
    return found


def without_blanks(value: str) -> str:
    """A value in which blanks and line ends have no meaning."""
    return value.replace(" ", "").replace("\t", "").replace("\r", "").replace("\n", "")


def read_base64(value: str) -> bytes:
    """
    The octets of a value in base64 with any blanks inside.

    Raises:
        SyntaxViolation: it is no base64.
    """
    try:
        return binascii.a2b_base64(without_blanks(value), strict_mode=True)
    except ValueError as exc:  # binascii.Error is one
        raise SyntaxViolation("it is no base64") from exc


def read_number(name: str, value: str) -> int:
    """
    The number that tag *name* has.

    Raises:
        SyntaxViolation: it has none, or an absurd one.
    """
    if _NUMBER.fullmatch(value) is None:
        raise SyntaxViolation(f"{name}= is no number")
    return int(value)
