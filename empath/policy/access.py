"""
access - which client may send to which recipient

Never an open relay: a client outside the trusted networks that has not logged in reaches the relay domains and the
postmaster, nothing else.
Every client reaches the postmaster (RFC 5321 §4.5.1), so the driver does not ask about such a recipient.
The trusted networks hold only what the operator names, by default this host.
"""

import ipaddress
from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from empath.mail.address import Address
from empath.mail.domain import Domain
from empath.mail.reply import Reply
from empath.policy.pattern import DomainPattern, PatternTable

ClientAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

AUTHENTICATION_REQUIRED = Reply.of("530 5.7.0 Authentication required")
RELAY_DENIED = Reply.of("554 5.7.1 Relay access denied")

_MAPPED_BITS: Final = 96  # of ::ffff:0:0/96, RFC 4291 §2.5.5.2
_POSTMASTER: Final = ("postmaster", "mailer-daemon")  # the second signs reports, and people answer it


def is_of_postmaster(address: Address, *hostnames: Domain | None) -> bool:
    """Whether *address* is the postmaster of a host with one of *hostnames*, in any case."""
    return address.local_part.lower() in _POSTMASTER and address.domain in hostnames


def plain_address(client: ClientAddress) -> ClientAddress:
    """*client* as it is on the wire: one of IPv4 that an IPv6 socket shows as ::ffff:192.0.2.1 is 192.0.2.1."""
    return client if isinstance(client, ipaddress.IPv4Address) else client.ipv4_mapped or client


def plain_network(network: Network) -> Network:
    """*network* as its clients are on the wire: ::ffff:192.0.2.0/120 is 192.0.2.0/24."""
    first = network.network_address
    if isinstance(first, ipaddress.IPv4Address) or network.prefixlen < _MAPPED_BITS or first.ipv4_mapped is None:
        return network
    return ipaddress.IPv4Network((first.ipv4_mapped, network.prefixlen - _MAPPED_BITS))


def is_within(client: ClientAddress, networks: Iterable[Network]) -> bool:
    """Whether *client* lies in one of *networks*."""
    client = plain_address(client)
    return any(client in network for network in networks)


class Role(StrEnum):
    """What a listener is for."""

    MX = "mx"
    SUBMISSION = "submission"
    INTERNAL = "internal"


class RelayPolicy:
    """The networks that may relay anywhere, and the domains that are accepted from anyone. Immutable."""

    __slots__ = ("_domains", "_networks")
    _networks: dict[int, tuple[tuple[int, int], ...]]  # first address and mask of each network, by IP version

    def __init__(self, networks: Iterable[Network], domains: Iterable[DomainPattern]) -> None:
        listed = tuple(networks)
        self._networks = {
            version: tuple((int(each.network_address), int(each.netmask)) for each in listed if each.version == version)
            for version in (4, 6)
        }
        self._domains = PatternTable((pattern, True) for pattern in domains)

    def is_trusted(self, client: ClientAddress) -> bool:
        """Whether *client* lies in one of the networks."""
        counted = plain_address(client)
        number = int(counted)
        for first, mask in self._networks[counted.version]:  # noqa: SIM110 - half the time, at each recipient
            if number & mask == first:
                return True
        return False

    def is_relay_domain(self, domain: Domain) -> bool:
        """Whether mail to *domain* is accepted from anyone."""
        return self._domains.find(domain) is not None

    def decide_mail(self, role: Role, client: ClientAddress, *, is_logged_in: bool = False) -> Reply | None:
        """The refusal of a MAIL command, None when the client may go on; RFC 6409 §4.3 for role submission."""
        if role is Role.SUBMISSION and not is_logged_in and not self.is_trusted(client):
            return AUTHENTICATION_REQUIRED
        return None

    def decide(
        self, role: Role, client: ClientAddress, address: Address, *, is_logged_in: bool = False
    ) -> Reply | None:
        """The refusal of a RCPT command, None when the recipient may be accepted; only relaying is judged here."""
        if is_logged_in or self.is_trusted(client):
            return None
        if role is Role.SUBMISSION:
            return AUTHENTICATION_REQUIRED
        # "user%elsewhere@relay.domain": the next host would take the mail from us as from one that it trusts, and
        # might still follow such routing (RFC 5321 §3.6.1, Postfix allow_untrusted_routing).
        is_routed = any(operator in address.local_part for operator in "@%!")
        if is_routed or not self._domains.find(address.domain):
            return RELAY_DENIED
        return None
