"""
fields - a header section as one ordered list of fields, RFC 5322 §2.2

Every reader of a header uses this list.  Octets stay as received: the fields joined are the section.  Lines end in
CRLF, and only CRLF ends a line, as in the queue.
"""

import re
from typing import Final

_CRLF: Final = b"\r\n"
_END_OF_FIELD = re.compile(rb"\r\n(?![ \t])")
_FOLD = re.compile(rb"\r\n[ \t]+")
FIELD_NAME: Final = rb"[!-9;-~]+"  # printable ASCII without the colon
_NAME = re.compile(rb"(" + FIELD_NAME + rb")[ \t]*:")


class Fields:
    """
    The fields of one header section, in their order.

    Shape: octets has each field whole, with its line ends; names has the name of each in lower case, empty where a line
    is not a field. A section that was cut may end within a line.
    """

    __slots__ = ("names", "octets")

    def __init__(self, octets: list[bytes]) -> None:
        self.octets = octets
        matches = map(_NAME.match, octets)
        self.names = [match[1].lower() if match else b"" for match in matches]

    @classmethod
    def of(cls, header: bytes) -> "Fields":
        """The fields of a header section, which is given without the blank line."""
        *whole, rest = _END_OF_FIELD.split(header)
        octets = [field + _CRLF for field in whole]
        return cls([*octets, rest] if rest else octets)

    def __contains__(self, name: bytes) -> bool:
        return name in self.names

    def count(self, name: bytes) -> int:
        """How many fields have this *name*, which is in lower case."""
        return self.names.count(name)

    def values(self, name: bytes) -> list[bytes]:
        """The values of all fields of this *name* as they stand, folds included, without blanks around them."""
        return [_value(octets) for found, octets in zip(self.names, self.octets, strict=True) if found == name]

    def find(self, name: bytes) -> bytes | None:
        """The first of these values, None without a field of this *name*."""
        return _value(self.octets[self.names.index(name)]) if name in self.names else None


def unfolded(value: bytes) -> bytes:
    """*value* in one line, a space for each fold."""
    return _FOLD.sub(b" ", value)


def _value(octets: bytes) -> bytes:
    return octets.partition(b":")[2].strip()
