"""
next_hop - drive a search for hosts: ask the DNS what policy wants to know

All look-ups of one attempt share one limit of time.  Answers that are kept make a search of a few microseconds.
"""

import random
import time
from collections.abc import Callable
from typing import Protocol

from empath.net.resolver import Resolver
from empath.policy.mx import Host, HostRules, HostSearch, NoHost
from empath.policy.routing import MxRoute, SmtpRoute

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

    def find(self, route: SmtpRoute | MxRoute, domain: str) -> tuple[Host, ...] | NoHost:
        """See HostFinder."""
        return self.search(route, domain).hosts(self._random)

    def search(self, route: SmtpRoute | MxRoute, domain: str) -> HostSearch:
        """The search, carried through."""
        search = HostSearch(route, domain, self._rules())
        ends_at = self._clock() + self._timeout_s
        while wanted := search.wanted:
            answers = []
            for start in range(0, len(wanted), _AT_ONCE):
                part = wanted[start : start + _AT_ONCE]
                answers += self._resolver.look_up(part, ends_at - self._clock())
            search.learn(answers)
        return search
