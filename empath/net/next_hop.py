"""
next_hop - drive a search for hosts: ask the DNS the questions of policy

All look-ups of one attempt share one time limit; after it no further question is asked.  A search serves all leases
that ask for the same hosts while it runs.  If it finds hosts, it also serves the leases of the next seconds, each with
a random order of its own.  So the mail of a busy destination does not wait for searches.

The host of a route is looked up in /etc/hosts first, as other programs on this host do, because the operator names it.
A name from the DNS is not: the owner of a zone must not choose among the names of this host.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import gevent
from gevent.event import Event

from empath.mail.lookup import Failed, LookupAnswer, Question
from empath.net.hosts_file import HostsFile
from empath.net.resolver import TIMED_OUT, Resolver
from empath.policy.dane import TlsaFindings, TlsaSearch
from empath.policy.hosts.search import Host, HostRules, HostSearch, NoHost, socket_host
from empath.policy.hosts.several import drawn, merged
from empath.policy.routing import HostRoute, ListedRoute, ListRoute, MxRoute, SmtpRoute, SocketRoute

_SERVES_S = 5.0  # longest time that a search is used again, less if an answer expires before
_MAX_SEARCHES = 250

_Key = tuple[SmtpRoute | MxRoute, str]


@dataclass(slots=True)
class _UnderWay:
    """A search that other greenlets wait for; `search` stays None if it failed."""

    rules: HostRules
    search: HostSearch | None = None
    is_over: Event = field(default_factory=Event)


class HostFinder(Protocol):
    """What delivery asks for the hosts to connect to."""

    def find(self, route: SmtpRoute | MxRoute, domain: str) -> tuple[Host, ...] | NoHost:
        """The hosts of a route for a domain or address literal, in the order to try them now."""

    def tlsa(self, host: Host) -> TlsaFindings:
        """What the DNS says of the certificate of *host*, one of those that `find` gave."""


def hosts_of(
    finder: HostFinder, route: HostRoute | ListRoute, domain: str, random: Callable[[], float] = random.random
) -> tuple[Host, ...] | NoHost:
    """The hosts of *route* for one attempt, without its backups."""
    if isinstance(route, ListRoute):
        return hosts_of_list(finder, route.hops, domain, random)
    return (socket_host(route),) if isinstance(route, SocketRoute) else finder.find(route, route.destination(domain))


def hosts_of_list(
    finder: HostFinder, hops: Sequence[ListedRoute], domain: str, random: Callable[[], float] = random.random
) -> tuple[Host, ...] | NoHost:
    """The hosts of *hops* for one attempt, in an order drawn by their weights. All are looked up at the same time."""
    order = drawn(hops, random)
    first, *others = order
    under_way = [gevent.spawn(hosts_of, finder, hop.route, domain, random) for hop in others]
    return merged([hosts_of(finder, first.route, domain, random), *(each.get() for each in under_way)])


class NextHops:
    """HostFinder over a resolver. *rules* is asked at each search, because addresses of this host come and go."""

    def __init__(
        self,
        resolver: Resolver,
        rules: Callable[[], HostRules],
        *,
        timeout_s: float,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = random.random,
        hosts_file: HostsFile | None = None,
    ) -> None:
        self._resolver = resolver
        self._rules = rules
        self._timeout_s = timeout_s
        self._clock = clock
        self._random = random
        self._hosts_file = hosts_file or HostsFile()
        self._searches: dict[_Key, tuple[float, HostRules, HostSearch]] = {}
        self._under_way: dict[_Key, _UnderWay] = {}
        self._forgotten = 0  # number of calls of `forget`

    def forget(self) -> None:
        """Search anew from now on. What is under way does not serve later searches."""
        self._forgotten += 1
        self._searches.clear()
        self._under_way.clear()

    def find(self, route: SmtpRoute | MxRoute, domain: str) -> tuple[Host, ...] | NoHost:
        """See HostFinder."""
        key = (route, domain)
        rules = self._rules()
        while True:
            entry = self._searches.get(key)
            if entry is not None and entry[0] > self._clock() and entry[1] is rules:
                return entry[2].hosts(self._random)
            under_way = self._under_way.get(key)
            if under_way is None or under_way.rules is not rules:
                break
            under_way.is_over.wait()
            if under_way.search is not None:
                return under_way.search.hosts(self._random)
        under_way, forgotten = _UnderWay(rules), self._forgotten
        self._under_way[key] = under_way
        try:
            search = under_way.search = self._carry_through(HostSearch(route, domain, rules, self._random))
        finally:
            if self._under_way.get(key) is under_way:
                del self._under_way[key]
            under_way.is_over.set()
        hosts = search.hosts(self._random)
        self._searches.pop(key, None)
        if not isinstance(hosts, NoHost) and forgotten == self._forgotten:
            while len(self._searches) >= _MAX_SEARCHES:
                del self._searches[next(iter(self._searches))]
            serves_s = min([_SERVES_S, *(answer.ttl_s for answer in search.answers.values())])
            self._searches[key] = (self._clock() + serves_s, rules, search)
        return hosts

    def tlsa(self, host: Host) -> TlsaFindings:
        """See HostFinder."""
        exchangers, addresses, alias_of, domain = host.lookups
        search = TlsaSearch(
            host.name,
            host.port,
            exchangers=exchangers,
            addresses=addresses,
            alias_of=alias_of,
            other_names=[domain] if domain else [],
        )
        ends_at = self._clock() + self._timeout_s
        while wanted := search.wanted:
            search.learn(self._ask(wanted, ends_at))
        return search.findings

    def search(self, route: SmtpRoute | MxRoute, domain: str) -> HostSearch:
        """Run a new search to its end."""
        return self._carry_through(HostSearch(route, domain, self._rules(), self._random))

    def _carry_through(self, search: HostSearch) -> HostSearch:
        ends_at = self._clock() + self._timeout_s
        while wanted := search.wanted:
            search.learn(self._local(search, wanted) or self._ask(wanted, ends_at))
        return search

    def _local(self, search: HostSearch, wanted: tuple[Question, ...]) -> list[LookupAnswer]:
        return self._hosts_file.look_up(wanted) if search.is_fixed else []

    def _ask(self, wanted: tuple[Question, ...], ends_at: float) -> list[LookupAnswer]:
        within_s = ends_at - self._clock()
        if within_s <= 0:
            return [Failed(TIMED_OUT)] * len(wanted)
        return self._resolver.look_up(wanted, within_s)
