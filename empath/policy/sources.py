"""
sources - pools of addresses that mail goes out from

A connection takes a member of the pool by weight, of the family of the host's address.  A member may rest for a while,
because a host does not like it: the others take its share.
"""

import ipaddress
import re
from collections.abc import Container
from dataclasses import dataclass
from typing import Final

from empath.errors import SyntaxViolation
from empath.mail.domain import Domain

_ENTRY = re.compile(r"([0-9A-Fa-f:.]+)(?:\*([1-9][0-9]{0,3}))?(?:\s+(\S+))?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
FAMILIES: Final = {False: "IPv4", True: "IPv6"}


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """
    One member of a pool.

    Shape: address in its shortest form; weight is at least 1; hostname is the name in EHLO, None for that of this host.
    """

    address: str
    weight: int = 1
    hostname: str | None = None

    @classmethod
    def parse(cls, text: str) -> "SourceAddress":
        """
        Read `192.0.2.10`, `192.0.2.10*3` or `192.0.2.10*3 out1.example.org`.

        Raises:
            SyntaxViolation: *text* is none of them.
        """
        match = _ENTRY.fullmatch(text.strip())
        if match is None and "*" in text:
            raise SyntaxViolation(f"a weight is a whole number from 1 to 9999: {text!r}")
        if match is None:
            raise SyntaxViolation(
                f'not an address: {text!r} (use e.g. "192.0.2.10*3" or "192.0.2.10 out1.example.org")'
            )
        return cls(
            parse_address(match[1]), int(match[2] or 1), None if match[3] is None else str(Domain.parse(match[3]))
        )

    @property
    def is_ipv6(self) -> bool:
        """Whether it is an IPv6 address."""
        return ":" in self.address

    def __str__(self) -> str:
        weight = f"*{self.weight}" if self.weight > 1 else ""
        return f"{self.address}{weight}" + (f" {self.hostname}" if self.hostname is not None else "")


def parse_address(text: str) -> str:
    """
    Read an address that mail can go out from; its shortest form.

    Raises:
        SyntaxViolation: *text* is none.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError as exc:
        raise SyntaxViolation(f"not an IP address: {text!r}") from exc
    if address.is_unspecified or address.is_multicast:
        raise SyntaxViolation(f"no mail can come from {address}")
    return str(address)


def parse_pool_name(text: str) -> str:
    """
    Read the name of a pool.

    Raises:
        SyntaxViolation: *text* is none.
    """
    if not _NAME.fullmatch(text):
        raise SyntaxViolation(f"not the name of a pool: {text!r} (use letters, digits, dots, dashes and underscores)")
    return text


@dataclass(frozen=True, slots=True)
class SourcePool:
    """The members of one pool."""

    name: str
    members: tuple[SourceAddress, ...]

    def company(self, address: str) -> tuple[str, ...] | None:
        """The other members of the family of *address*; None if it is no member."""
        family = [each.address for each in self.members if each.is_ipv6 is (":" in address)]
        return tuple(other for other in family if other != address) if address in family else None

    def choose(self, *, is_ipv6: bool, rested: Container[str], uniform: float) -> SourceAddress | str:
        """
        The member for a connection to a host with an address of that family, or why there is none.

        *uniform* in 0..1 picks one by weight. *rested* has the addresses of those that rest.
        """
        family = [member for member in self.members if member.is_ipv6 is is_ipv6]
        if not family:
            return f"the pool {self.name} has no {FAMILIES[is_ipv6]} address"
        left = [member for member in family if member.address not in rested]
        if not left:
            return f"all {FAMILIES[is_ipv6]} addresses of the pool {self.name} rest"
        point = uniform * sum(member.weight for member in left)
        for member in left[:-1]:
            point -= member.weight
            if point < 0:
                return member
        return left[-1]
