"""
address - a mailbox, a recipient of a reply, or any other octets

Promises: text is an address or it is not, without another exception; the text form of an address means the same
address, and has no control character.
"""

import unicodedata

from empath.errors import SyntaxViolation
from empath.mail.address import Address
from tests.fuzz.case import Case

_CONTROLS = ("Cc", "Cs", "Zl", "Zp")


def check(case: Case) -> list[str]:
    """
    Read each turn.

    Raises:
        AssertionError: a promise is broken.
    """
    return [_kind(turn.decode("utf-8", "replace")) for turn in case.turns]


def _kind(text: str) -> str:
    try:
        address = Address.parse(text)
    except SyntaxViolation:
        return "none"
    written = str(address)
    assert (address, written) == (Address.parse(written), str(Address.parse(written)))
    assert not any(unicodedata.category(letter) in _CONTROLS for letter in written)
    return ("quoted " if written.startswith('"') else "") + ("ascii" if address.is_ascii else "beyond ascii")
