"""
doctor_world - this host as hosts of the Internet see it

The checks are for a host with a listener on port 25.  Each has a deadline, and what it cannot learn is a warning.
"""

import ipaddress
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from empath.cli.admin.doctor_clock import clock_state, diagnose_clock
from empath.cli.admin.doctor_lists import diagnose_lists
from empath.cli.admin.doctor_name_servers import diagnose_name_servers
from empath.cli.admin.doctor_ports import diagnose_ports, diagnose_relaying, diagnose_way_out
from empath.cli.admin.doctor_senders import diagnose_senders
from empath.cli.admin.doctor_tlsa import diagnose_tlsa
from empath.config import Config
from empath.config.hosts import endpoints
from empath.config.keys import KeyPath
from empath.mail.lookup import Addresses, Kind, Question
from empath.policy.health import Diagnosis
from empath.policy.own_zone import SMTP_PORT

if TYPE_CHECKING:
    from empath.net.certificate import Certificate
    from empath.net.resolver import Resolver

_DNS_S: Final = 3.0
_PROBES_S: Final = 12.0  # for all connections together


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What is only asked on request, and what is known of this host.

    Shape: reach is a host outside, None for none; blocklists are zones; interfaces the addresses of this host.
    """

    interfaces: frozenset[str]
    is_running: bool
    reach: str | None = None
    blocklists: tuple[str, ...] = ()


def diagnose_world(
    config: Config,
    resolver: "Resolver",
    presented: Sequence[tuple[KeyPath, "Certificate"]],
    wanted: Wanted,
    now: float,
) -> Iterator[Diagnosis]:
    """All checks, for a host of the Internet; *presented* are its certificates, *now* is Unix seconds."""
    if any(endpoint.port == SMTP_PORT for endpoint in endpoints(config)):
        yield diagnose_clock(clock_state())
        yield from diagnose_name_servers(config)
        named = _named_addresses(config, resolver)
        outgoing = outgoing_addresses(config, wanted.interfaces) or named
        yield from diagnose_senders(config, resolver, outgoing, now)
        yield from diagnose_tlsa(config, resolver, presented, now)
        if wanted.is_running:
            ends_at = time.monotonic() + _PROBES_S
            yield from diagnose_ports(config, named, ends_at)
            yield from diagnose_relaying(config, wanted.interfaces, ends_at)
        yield from diagnose_lists(resolver, wanted.blocklists, outgoing)
    if wanted.reach is not None:
        yield diagnose_way_out(wanted.reach, resolver)


def outgoing_addresses(config: Config, interfaces: frozenset[str]) -> tuple[str, ...]:
    """The addresses of this host that mail leaves from; none where only a translator knows them."""
    pooled = [member.address for pool in config.source_pools.values() for member in pool.members]
    known = dict.fromkeys(pooled) or sorted(interfaces)
    return tuple(address for address in known if ipaddress.ip_address(address).is_global)


def _named_addresses(config: Config, resolver: "Resolver") -> tuple[str, ...]:
    name = str(config.hostname)
    answers = resolver.look_up([Question(name, kind) for kind in (Kind.A, Kind.AAAA)], _DNS_S)
    return tuple(address for answer in answers if isinstance(answer, Addresses) for address in answer.records)
