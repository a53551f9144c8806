"""addresses - whether a text is a host name or an address, and the facts about an IP address"""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from empath.errors import SyntaxViolation
from empath.mail.domain import Domain
from empath.policy.access import Network
from empath.policy.hosts.special_purpose import reached_by, special_purpose

# What the kernel connects the unspecified address to. `known` reads it so, since mail would reach this host.
_CONNECTED: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}


class Known(NamedTuple):
    """
    The host that an address leads to.

    Shape: canonical is the shortest form of that host's address, the loopback address for the unspecified one; version
    is the IP version on the way, 4 or 6; flaw says why the host is not public, "" if it is.
    """

    canonical: str
    version: int
    flaw: str


@lru_cache(maxsize=4096)
def is_host_name(name: str) -> bool:
    """
    Whether an exchanger can be a host at all.

    RFC 2181 §11 allows any octets in the DNS, but a host needs a host name. An IP address as text is not a name
    (RFC 5321 §5.1, §2.3.5): a look-up would find nothing, and using it as an address would follow a mistake.
    """
    try:
        return str(Domain.parse(name)) == name
    except SyntaxViolation:
        return False


@lru_cache(maxsize=4096)
def is_address(text: str) -> bool:
    """Whether *text* is an IPv4 or IPv6 address, without brackets."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def literal_of(name: str) -> str | None:
    """The address that *name* is, bare or in the brackets of RFC 5321 §4.1.3; None for a name."""
    bare = name[1:-1].removeprefix("IPv6:") if name.startswith("[") else name
    return bare if is_address(bare) else None


@lru_cache(maxsize=4096)
def known(address: str) -> Known:
    """What *address*, in any spelling, leads to."""
    parsed = ipaddress.ip_address(address)
    is_mapped = isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None
    reached = str(reached_by(address))
    return Known(_CONNECTED.get(reached, reached), 4 if is_mapped else parsed.version, special_purpose(address))


def is_within(address: str, networks: Iterable[Network]) -> bool:
    """Whether one of the *networks* holds *address*."""
    parsed = ipaddress.ip_address(address)
    return any(parsed in network for network in networks)
