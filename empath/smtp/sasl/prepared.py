"""
prepared - names and passwords in the one spelling in which they are compared, SASLprep of RFC 4013

A person types the same letters on many keyboards.  SASLprep gives one spelling to what looks the same, and refuses
what cannot be seen.  It rests on Unicode 3.2; younger characters are taken as they are, since a password may have them.
"""

import stringprep
from typing import Final
from unicodedata import ucd_3_2_0 as unicode

from empath.errors import SyntaxViolation

MAX_CHARACTERS: Final = 1024  # of a name or a password

_PROHIBITED: Final = (  # RFC 4013 §2.3
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def prepared(text: str) -> str:
    """
    Give *text* in its one spelling, so that `prepared(prepared(text)) == prepared(text)`.

    Raises:
        SyntaxViolation: it is empty, too long, or has characters that a name or a password cannot have.
    """
    _check_length(text)
    if not (text.isascii() and text.isprintable()):
        mapped = "".join(
            " " if stringprep.in_table_c12(char) else char for char in text if not stringprep.in_table_b1(char)
        )
        text = unicode.normalize("NFKC", mapped)
        _check_length(text)  # one character may become 18
        if any(is_in_table(char) for char in text for is_in_table in _PROHIBITED):
            raise SyntaxViolation("has a control character, or one that cannot be seen")
        _check_direction(text)
    if not text:
        raise SyntaxViolation("is empty")
    return text


def _check_length(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise SyntaxViolation(f"longer than {MAX_CHARACTERS} characters")


def _check_direction(text: str) -> None:
    """Refuse text that mixes the directions of writing, RFC 3454 §6."""
    if not any(map(stringprep.in_table_d1, text)):
        return
    if any(map(stringprep.in_table_d2, text)) or not (
        stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    ):
        raise SyntaxViolation("mixes text from left to right and from right to left")
