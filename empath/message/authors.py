"""
authors - the addresses in a From field, RFC 5322 §3.6.2

A forged author must not pass because one reader takes another address than the next.  So what could be read in two ways
has no reading here: a name with an address in it that is not in quotes, two addresses without a comma, a backslash
outside of quotes, a control character.  An address in the name that is the same as that in brackets is no harm, and no
octets beyond ASCII are in a name, whatever encoding they are of: specials are ASCII to each reader.  Neither is a comma
in a name without quotes, as old programs write it: what stands before it is no address to anybody.
"""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final, NamedTuple

from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.message.header import FIELD_OCTETS

_BLANK: Final = re.compile(r"[ \t\r\n]+")
_ATOM: Final = re.compile(r"""[^\x00-\x20\x7f"(),.:;<>@\[\\\]]+""")
_QUOTED: Final = re.compile(r'"(?:[^"\\\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\\[^\x00-\x1f\x7f])*"')
_LITERAL: Final = re.compile(r"\[[^\[\]\\\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*\]")
_NOT_UTF8: Final = re.compile(r"[\udc80-\udcff]")  # octets as `surrogateescape` has them
_APOSTROPHE: Final = "'"
_SPECIALS: Final = frozenset("<>,;:@.")
_WORDS: Final = (_QUOTED, _LITERAL, _ATOM)


class _Token(NamedTuple):
    text: str
    is_word: bool


def authors(field: bytes) -> list[Address] | None:
    """
    The addresses of one *field*, given with its name; None where they are not certain.

    That is: the grammar is broken, an address is not one, or the field was cut because it is long.
    """
    if len(field) >= FIELD_OCTETS:
        return None
    try:
        return _addresses(_tokens(field.partition(b":")[2].decode("utf-8", "surrogateescape")))
    except SyntaxViolation:
        return None


def _tokens(text: str) -> Iterable[_Token]:
    """Words and specials, without blanks and comments, and a comma at the end."""
    at = 0
    while at < len(text):
        char = text[at]
        if blank := _BLANK.match(text, at):
            at = blank.end()
        elif char == "(":
            at = _after_comment(text, at)
        elif char in _SPECIALS:
            yield _Token(char, False)
            at += 1
        else:
            word = next((found for each in _WORDS if (found := each.match(text, at))), None)
            if word is None:
                raise SyntaxViolation("a character that stands alone")
            yield _Token(word[0], True)
            at = word.end()
    yield _Token(",", False)


def _after_comment(text: str, at: int) -> int:
    depth = 0
    while at < len(text):
        char = text[at]
        at += 2 if char == "\\" else 1
        depth += (char == "(") - (char == ")")
        if not depth:
            return at
    raise SyntaxViolation("a comment has no end")


def _addresses(tokens: Iterable[_Token]) -> list[Address]:
    found: list[Address] = []
    name: list[_Token] = []  # of the item under way, or its address where it has no brackets
    angle: list[_Token] | None = None  # what its brackets have
    is_within = False
    for token in tokens:
        if token.is_word or token.text in "@.":
            if angle is not None and not is_within:
                raise SyntaxViolation("something stands behind the brackets")
            (angle if angle is not None and is_within else name).append(token)
        elif token.text == "<" and angle is None:
            angle, is_within = [], True
        elif token.text == ">" and is_within:
            is_within = False
        elif is_within or token.text in "<>":
            raise SyntaxViolation("a bracket in the wrong place")
        elif token.text == ":":
            if angle is not None or any(each.text == "@" for each in name):
                raise SyntaxViolation("an address in the name of a group")
            name = []
        elif angle is not None or not _is_half_a_name(name):
            found += _of_item(name, angle)
            name, angle = [], None
    if name:
        raise SyntaxViolation("a name without an address")
    return found


def _is_half_a_name(item: list[_Token]) -> bool:
    """Whether *item* is what stands before the comma in `Doe, John <john@b.example>`: words in which no address is."""
    return bool(item) and not any("@" in each.text for each in item)


def _of_item(name: list[_Token], angle: list[_Token] | None) -> list[Address]:
    if angle is None:
        return [_address(name)] if name else []
    address = _address(angle)
    if any(not each.is_word and each.text == "@" for each in name) and _address(_without_apostrophes(name)) != address:
        raise SyntaxViolation("another address in the name")
    if any(each.text[0] == "[" and "@" in each.text for each in name):
        raise SyntaxViolation("an address within square brackets")
    return [address]


def _address(tokens: list[_Token]) -> Address:
    if any(one.is_word and other.is_word for one, other in pairwise(tokens)):
        raise SyntaxViolation("two words without anything between them")
    text = "".join(token.text for token in tokens)
    if _NOT_UTF8.search(text):
        raise SyntaxViolation("an address that is not UTF-8")
    return Address.parse(text)


def _without_apostrophes(name: list[_Token]) -> list[_Token]:
    """The name without those around it, in which Outlook puts an address."""
    first, last = name[0].text, name[-1].text
    if len(name) < 3 or not (first.startswith(_APOSTROPHE) and last.endswith(_APOSTROPHE)):
        return name
    return [name[0]._replace(text=first[1:]), *name[1:-1], name[-1]._replace(text=last[:-1])]
