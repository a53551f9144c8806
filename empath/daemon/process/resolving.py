"""
resolving - the resolver of a process, with one cache for all its greenlets
"""

from empath.daemon.process.runtime import Runtime
from empath.daemon.process.threads import in_thread
from empath.net.dns_cache import CachingResolver
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
    )
    return CachingResolver(asker, question_s=dns.timeout_s, max_flights=max_flights)
