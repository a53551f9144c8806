"""
service_part - a part of the service that somebody looks at: an area, clients, a destination or a message

Log levels and live traces are for such parts.
"""

import ipaddress
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple, assert_never

from empath.errors import SyntaxViolation
from empath.mail.identity import QueueId
from empath.policy.access import ClientAddress, Network, plain_address, plain_network
from empath.policy.destinations.rulebook import DestinationPattern

AREAS: Final = ("smtp", "delivery", "dns", "queue", "http", "modules", "process")
"""What a line of the log can be about."""
_MAX_PATTERN: Final = 1024


class Scope(StrEnum):
    """What names a part."""

    AREA = "area"
    CLIENT = "client"
    DESTINATION = "destination"
    MESSAGE = "message"


class About(NamedTuple):
    """What something is about, as far as it says so. Shape: client is an IP address."""

    area: str
    client: str | None = None
    destination: str | None = None
    domain: str | None = None
    queue_id: str | None = None


@dataclass(frozen=True, slots=True)
class ServicePart:
    """
    One part.

    Shape: pattern is an area; an IP address or network; a destination, a domain or `*.domain`; or a queue id.
    """

    scope: Scope
    pattern: str

    @classmethod
    def parse(cls, scope: str, pattern: str) -> "ServicePart":
        """
        Read what a person gave.

        Raises:
            SyntaxViolation: there is no such scope, or *pattern* is none of it.
        """
        kind = next((each for each in Scope if each == scope), None)
        if kind is None:
            raise SyntaxViolation(f"not a scope: {scope!r} (use {', '.join(Scope)})")
        if not 1 <= len(pattern) <= _MAX_PATTERN:
            raise SyntaxViolation(f"a pattern has 1 to {_MAX_PATTERN} characters")
        if kind is Scope.AREA and pattern not in AREAS:
            raise SyntaxViolation(f"not an area: {pattern!r} (use {', '.join(AREAS)})")
        if kind is Scope.CLIENT:
            pattern = _network_text(pattern)
        elif kind is Scope.MESSAGE:
            pattern = str(QueueId.parse(pattern.upper()))
        elif kind is Scope.DESTINATION:
            pattern = str(DestinationPattern.parse(pattern))
        return cls(kind, pattern)

    def covers(self, about: About) -> bool:
        """Whether what is *about* this belongs to the part."""
        match self.scope:
            case Scope.AREA:
                return about.area == self.pattern
            case Scope.CLIENT:
                return about.client is not None and _is_of(about.client, self.pattern)
            case Scope.MESSAGE:
                return about.queue_id == self.pattern
            case Scope.DESTINATION:
                return self._names(about.destination) or self._names(about.domain)
            case _:
                assert_never(self.scope)

    def _names(self, destination: str | None) -> bool:
        if destination is None:
            return False
        if self.pattern == "*":
            return True
        if self.pattern.startswith("*."):
            return destination.endswith(self.pattern[1:])
        return destination == self.pattern

    def __str__(self) -> str:
        return f"{self.scope} {self.pattern}"


def _network_text(text: str) -> str:
    try:
        network = plain_network(ipaddress.ip_network(text, strict=False))
    except ValueError as exc:
        raise SyntaxViolation(f"not an IP address or network: {text!r} (use e.g. 192.0.2.0/24)") from exc
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


def _is_of(client: str, pattern: str) -> bool:
    address, network = _address(client), _network(pattern)
    return address is not None and address in network


@lru_cache(maxsize=1024)
def _address(text: str) -> ClientAddress | None:
    try:
        return plain_address(ipaddress.ip_address(text))
    except ValueError:  # a client of a UNIX socket
        return None


@lru_cache(maxsize=256)
def _network(text: str) -> Network:
    return ipaddress.ip_network(text)
