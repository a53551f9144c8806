"""
sources - the address that a connection goes out from

An address with a plan for its warm-up takes a message only where the plan has room for it.  That is counted on the disk
before the message is sent, and taken back where no host was asked about it.
"""

import contextlib
import random
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from empath.daemon.worker.connection import Abandoned
from empath.errors import EmpathError
from empath.mail.identity import Timestamp
from empath.mail.reply import Reply
from empath.policy.hosts.search import Host
from empath.policy.sources import SourceAddress, SourcePool
from empath.policy.warmup import WarmupPlan, WarmupPlans
from empath.storage.queue.warmup import CountWarmup, UncountWarmup
from empath.storage.write import Write


def _no_rests() -> Mapping[str, Timestamp]:
    return {}


def _no_disk(_write: Write) -> None:
    """For pools without plans."""


class Allowance(NamedTuple):
    """One message that was counted on a day of a plan."""

    plan: WarmupPlan
    day: int


class SourcesUsedUp(EmpathError):
    """The warm-up of the addresses of a pool has no room for a message before *until*, in Unix seconds."""

    def __init__(self, words: str, until: float) -> None:
        super().__init__(words)
        self.until = until


class Sources:
    """The pools of the configuration, the rests of their members, and their warm-up."""

    def __init__(
        self,
        pools: Mapping[str, SourcePool],
        rests: Callable[[], Mapping[str, Timestamp]] = _no_rests,
        now: Callable[[], float] = lambda: 0.0,
        uniform: Callable[[], float] = random.random,
        *,
        warmups: Callable[[], WarmupPlans] = WarmupPlans,
        commit: Callable[[Write], object] = _no_disk,
    ) -> None:
        """*rests* gives the end of each rest by address; *now* is the wall clock; *commit* writes what is counted."""
        self._warmups = warmups
        self._commit = commit
        self._pools = pools
        self._rests = rests
        self._now = now
        self._uniform = uniform

    def choose(
        self, name: str, host: Host, overflow: str | None = None
    ) -> tuple[SourceAddress, Allowance | None] | Reply:
        """
        The member of the pool called *name*, or of the pool *overflow*, for a message over a new connection to *host*.

        Or the reply that stands for the host's.

        Raises:
            SourcesUsedUp: the warm-up has no room for the message today.
            Abandoned: it cannot be counted.
        """
        used_up: dict[str, float] = {}
        found = self._draw(name, host, used_up)
        if isinstance(found, Reply) and used_up and overflow is not None:
            found = self._draw(overflow, host, used_up)
        if isinstance(found, Reply) and used_up:
            raise SourcesUsedUp(f"{', '.join(used_up)} to {host.name}", min(used_up.values()))
        return found

    def _draw(self, name: str, host: Host, used_up: dict[str, float]) -> tuple[SourceAddress, Allowance | None] | Reply:
        """A member with room; the others are added to *used_up*, with the begin of their next day."""
        pool = self._pools.get(name)
        if pool is None:
            return Reply.of(f"451 4.3.5 There is no pool {name} in [sources] of this server")
        now = self._now()
        rested = {address for address, until in self._rests().items() if until > now}
        while True:
            chosen = pool.choose(is_ipv6=":" in host.address, rested=rested | used_up.keys(), uniform=self._uniform())
            if not isinstance(chosen, SourceAddress):
                return Reply.of(f"451 4.4.1 {chosen}")
            allowance = self.allow(chosen.address, host)
            if not isinstance(allowance, float):
                return chosen, allowance
            used_up[chosen.address] = allowance

    def allow(self, address: str, host: Host) -> Allowance | float | None:
        """
        Count a message from *address* to *host*; None where no plan counts it.

        A number is the instant of the next day: there is no room for it today.

        Raises:
            Abandoned: it cannot be counted.
        """
        plan = self._warmups().find(address, host.name)
        now = self._now()
        if plan is None or plan.most(now) is None:
            return None
        count = CountWarmup(plan, day=plan.day(now))
        try:
            self._commit(count)
        except EmpathError as exc:
            raise Abandoned(f"the warm-up of {address} cannot be counted: {exc}") from exc
        if not count.is_granted:
            return plan.next_day_at(now)
        return Allowance(plan, plan.day(now)) if count.is_counted else None

    def give_back(self, allowance: Allowance | None) -> None:
        """Take back a message that no host was asked about. Where that fails it stays counted."""
        if allowance is not None:
            with contextlib.suppress(EmpathError):
                self._commit(UncountWarmup(allowance.plan, day=allowance.day))

    def is_rested(self, address: str) -> bool:
        """Whether no further mail goes out from *address* for now."""
        until = self._rests().get(address)
        return until is not None and until > self._now()


NO_SOURCES: Final = Sources({})
