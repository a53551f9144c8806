"""
pattern - domain patterns, as routes and relay domains are written

Three forms: `example.org` and `[192.0.2.1]` match themselves, `*.example.org` matches every name below example.org but
not that name itself, `*` matches everything.  The most exact match wins: the name itself, then the longest suffix, then
`*`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from empath.mail.domain import AddressLiteral, Domain, parse_domain

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DomainPattern:
    """
    One pattern.

    Shape: text is `*`, `*.` and a domain, a domain or an address literal, folded as those types fold.
    """

    text: str

    @classmethod
    def parse(cls, text: str) -> "DomainPattern":
        """
        Read one of the three forms.

        Raises:
            SyntaxViolation: *text* is none of them.
        """
        if text == "*":
            return cls(text)
        if text.startswith("*."):
            return cls(f"*.{Domain.parse(text[2:])}")
        return cls(str(parse_domain(text)))

    def __str__(self) -> str:
        return self.text


class PatternTable(Generic[T]):
    """What belongs to a domain by the pattern that fits it best; a later entry of the same pattern wins."""

    __slots__ = ("_below", "_every", "_exact")

    def __init__(self, entries: Iterable[tuple[DomainPattern, T]]) -> None:
        self._exact: dict[str, T] = {}
        self._below: dict[str, T] = {}
        self._every: T | None = None
        for pattern, value in entries:
            if pattern.text == "*":
                self._every = value
            elif pattern.text.startswith("*."):
                self._below[pattern.text[2:]] = value
            else:
                self._exact[pattern.text] = value

    def find(self, domain: Domain | AddressLiteral) -> T | None:
        """The value of the best pattern; None when no pattern fits."""
        rest = str(domain)
        if rest in self._exact:
            return self._exact[rest]
        while self._below and rest:  # the longest suffix first
            rest = rest.partition(".")[2]
            if rest in self._below:
                return self._below[rest]
        return self._every
