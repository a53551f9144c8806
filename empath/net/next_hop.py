"""
next_hop - drive a search for hosts: ask the DNS what policy wants to know

All look-ups of one attempt share one limit of time.  A search that found hosts serves all who ask for the same within
the next seconds, each with a draw of its own: a busy destination costs its mail no search.
"""

import random
import time
from collections.abc import Callable
from typing import Protocol

from empath.net.resolver import Resolver
from empath.policy.hosts.search import Host, HostRules, HostSearch, NoHost
from empath.policy.routing import MxRoute, SmtpRoute

_SERVES_S = 5.0  # at most, and no longer than the shortest time of the answers
_MAX_SEARCHES = 1_000
_AT_ONCE = 8  # questions; a domain of a hundred exchangers must not take a hundred sockets


class HostFinder(Protocol):
    """What delivery asks: whom to connect to."""

    def find(self, route: SmtpRoute | MxRoute, domain: str) -> tuple[Host, ...] | NoHost:
        """The hosts of a route for a domain or address literal, in the order to try them now."""


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
    ) -> None:
        self._resolver = resolver
        self._rules = rules
        self._timeout_s = timeout_s
        self._clock = clock
        self._random = random
        self._searches: dict[tuple[SmtpRoute | MxRoute, str], tuple[float, HostRules, HostSearch]] = {}

    def find(self, route: SmtpRoute | MxRoute, domain: str) -> tuple[Host, ...] | NoHost:
        """See HostFinder."""
        key = (route, domain)
        rules = self._rules()
        entry = self._searches.get(key)
        if entry is not None and entry[0] > self._clock() and entry[1] is rules:
            return entry[2].hosts(self._random)
        search = self._carry_through(HostSearch(route, domain, rules))
        hosts = search.hosts(self._random)
        self._searches.pop(key, None)
        if not isinstance(hosts, NoHost):
            if len(self._searches) >= _MAX_SEARCHES:
                self._searches.clear()
            serves_s = min([_SERVES_S, *(answer.ttl_s for answer in search.answers.values())])
            self._searches[key] = (self._clock() + serves_s, rules, search)
        return hosts

    def search(self, route: SmtpRoute | MxRoute, domain: str) -> HostSearch:
        """A search of one's own, carried through."""
        return self._carry_through(HostSearch(route, domain, self._rules()))

    def _carry_through(self, search: HostSearch) -> HostSearch:
        ends_at = self._clock() + self._timeout_s
        while wanted := search.wanted:
            answers = []
            for start in range(0, len(wanted), _AT_ONCE):
                part = wanted[start : start + _AT_ONCE]
                answers += self._resolver.look_up(part, ends_at - self._clock())
            search.learn(answers)
        return search
