"""
resolving - the resolver of a process, with one cache for all its greenlets
"""

import time
from functools import lru_cache, partial
from typing import Final

from empath.config.hosts import host_rules, trusts_resolver
from empath.daemon.process.dns_rows import DnsRows, keep_in_step
from empath.daemon.process.runtime import Runtime
from empath.daemon.process.threads import in_thread
from empath.mail.lookup import Failed, LookupAnswer, Question
from empath.mail.lookup_text import record_texts, status_of
from empath.net.dns_cache import Asker, CachingResolver
from empath.net.interfaces import Interfaces
from empath.net.next_hop import NextHops
from empath.net.resolver import DnsResolver
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.process import DnsAnswered, NameServersKept, StaleAnswerUsed

_REPORT_S: Final = 60.0
_MOST_CHARACTERS: Final = 500  # of the records of an answer in the log


def caching_resolver(runtime: Runtime, *, max_flights: int | None = None) -> CachingResolver:
    """
    Make the resolver that the table [dns] describes; it asks nothing yet. *max_flights* as for CachingResolver.

    It heeds orders to ask anew. Without *max_flights* it shares its answers, and serves expired ones where the name
    servers fail; with a bound it is for names that clients choose, and keeps to itself.
    """
    dns = runtime.config.dns
    is_shared = max_flights is None
    rows = DnsRows(runtime.reader, needs_dnssec=dns.dnssec != "off")
    reports = _StaleReports(runtime)
    resolver = CachingResolver(
        name_servers(runtime),
        question_s=dns.timeout_s,
        max_flights=max_flights,
        shared=rows if is_shared else None,
        stale_s=dns.stale_s if is_shared else 0.0,
        report_stale=reports.report,
        trusts_refusals=dns.dnssec != "enforce",
    )
    runtime.keep(partial(keep_in_step, runtime, rows, resolver))
    return resolver


def name_servers(runtime: Runtime) -> Asker:
    """The name servers of the table [dns], which are asked each time."""
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
    return _Logged(asker, runtime.emit)


class _Logged:
    """Asks *asker*, and logs what it answers."""

    def __init__(self, asker: Asker, emit: Emitter) -> None:
        self._asker = asker
        self._emit = emit

    def ask(self, question: Question, within_s: float) -> LookupAnswer:
        """See Asker."""
        if not self._emit.wants(DnsAnswered):
            return self._asker.ask(question, within_s)
        began = time.monotonic()
        answer = self._asker.ask(question, within_s)
        self._emit(
            DnsAnswered(
                name=question.name,
                kind=str(question.kind),
                status=status_of(answer),
                answer=", ".join(record_texts(answer))[:_MOST_CHARACTERS] or None,
                duration_s=round(time.monotonic() - began, 3),
            )
        )
        return answer


class _StaleReports:
    """Logs expired answers in use: the first of a minute, because a dead resolver concerns every name."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._next_at = 0.0

    def report(self, question: Question, failed: Failed) -> None:
        """An expired answer to *question* is used."""
        now = time.monotonic()
        if now >= self._next_at:
            self._next_at = now + _REPORT_S
            self._runtime.emit(StaleAnswerUsed(name=question.name, kind=str(question.kind), error=failed.why))


def host_finder(runtime: Runtime, resolver: CachingResolver) -> NextHops:
    """Finds the hosts of routes, with one cache for all greenlets of this process."""
    interfaces = Interfaces()
    rules = lru_cache(maxsize=1)(partial(host_rules, runtime.config))
    hops = NextHops(resolver, lambda: rules(interfaces.addresses()), timeout_s=runtime.config.dns.attempt_timeout_s)
    resolver.after_forget(hops.forget)
    return hops
