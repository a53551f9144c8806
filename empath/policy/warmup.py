"""
warmup - how many messages may go out from a new address on each day

A provider takes little mail from an address that it does not know, and more from day to day.  A plan says for one
source address and the hosts of one provider how much that is.  Its days have 24 hours and begin with its start.  A
number holds until the next one; after the day of the last number the plan is over.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class WarmupPlan:
    """
    One plan.

    Shape: provider is the name of a host, `*.domain` or `*`, in lower case; days has pairs of a day and the most
    messages of it, by day, and is not empty. Day 1 begins at started_at, in Unix seconds.
    """

    address: str
    provider: str
    started_at: float
    days: tuple[tuple[int, int], ...]

    def day(self, now: float) -> int:
        """The day that *now* is in; 0 or less before the start."""
        return math.floor((now - self.started_at) / DAY_S) + 1

    @property
    def last_day(self) -> int:
        """The last day of the plan."""
        return self.days[-1][0]

    def most(self, now: float) -> int | None:
        """The most messages of that day; None: the plan is over. Before the first number there are none."""
        today = self.day(now)
        if today > self.last_day:
            return None
        return next((most for day, most in reversed(self.days) if day <= today), 0)

    def next_day_at(self, now: float) -> float:
        """The instant at which the next day begins."""
        return self.started_at + max(0, self.day(now)) * DAY_S

    def is_for(self, host: str) -> bool:
        """Whether it counts mail to the host of this name."""
        return self.provider in ("*", host) or (self.provider.startswith("*.") and host.endswith(self.provider[1:]))


class WarmupPlans:
    """All plans. Of those of an address, the one with the most exact provider counts a message."""

    def __init__(self, plans: Iterable[WarmupPlan] = ()) -> None:
        self._of: dict[str, list[WarmupPlan]] = {}
        for plan in sorted(plans, key=_rank):
            self._of.setdefault(plan.address, []).append(plan)

    def find(self, address: str, host: str) -> WarmupPlan | None:
        """The plan that counts mail from *address* to the host of this name."""
        if not self._of:
            return None
        name = host.lower()
        return next((plan for plan in self._of.get(address, ()) if plan.is_for(name)), None)


def _rank(plan: WarmupPlan) -> tuple[bool, int]:
    """Names before patterns, long patterns before short ones."""
    return plan.provider.startswith("*"), -len(plan.provider)
