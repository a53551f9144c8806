"""
resolving - the resolver of a process, with one cache for all its greenlets
"""

from functools import lru_cache, partial

from empath.config.hosts import host_rules, trusts_resolver
from empath.daemon.process.runtime import Runtime
from empath.daemon.process.threads import in_thread
from empath.net.dns_cache import CachingResolver
from empath.net.interfaces import Interfaces
from empath.net.next_hop import NextHops
from empath.net.resolver import DnsResolver
from empath.telemetry.occurrences.process import NameServersKept


def caching_resolver(runtime: Runtime, *, max_flights: int | None = None) -> CachingResolver:
    """Make the resolver that the table [dns] describes; it asks nothing yet. *max_flights* as for CachingResolver."""
    dns = runtime.config.dns
    asker = DnsResolver(
        tuple(map(str, dns.nameservers)),
        timeout_s=dns.timeout_s,
        try_timeout_s=dns.try_timeout_s,
        report=lambda error: runtime.emit(NameServersKept(error=error)),
        run=in_thread,
        with_dnssec=dns.dnssec != "off",
        is_trusted=partial(trusts_resolver, runtime.config),
        only_trusted=dns.dnssec == "enforce",
    )
    return CachingResolver(asker, question_s=dns.timeout_s, max_flights=max_flights)


def host_finder(runtime: Runtime, resolver: CachingResolver) -> NextHops:
    """Finds the hosts of routes, with one cache for all greenlets of this process."""
    interfaces = Interfaces()
    rules = lru_cache(maxsize=1)(partial(host_rules, runtime.config))
    return NextHops(resolver, lambda: rules(interfaces.addresses()), timeout_s=runtime.config.dns.attempt_timeout_s)
