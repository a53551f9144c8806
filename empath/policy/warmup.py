"""
warmup - how many messages may go out from a new address on each day

A provider takes little mail from an address that it does not know, and more from day to day.  A plan says for one
source address and the hosts of one provider how much that is.  Its days have 24 hours and begin with its start.  A
number holds until the next one; after the day of the last number the plan is over.

Plans are tables of the file, or rows.  For the same address and provider the rows count, and the file does not.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from empath.errors import SyntaxViolation
from empath.mail.domain import Domain

DAY_S: Final = 86_400.0
_RUN: Final = re.compile(r"([0-9]{1,10})(?:\*([1-9][0-9]{0,3}))?")
_MOST_MESSAGES: Final = 1_000_000_000  # these two as in sql/sqlite/control/source.sql
_MOST_DAYS: Final = 1_000

Days = tuple[tuple[int, int], ...]  # see WarmupPlan


@dataclass(frozen=True, slots=True)
class WarmupPlan:
    """
    One plan.

    Shape: provider is the name of a host, `*.domain` or `*`, in lower case; days has pairs of a day and the most
    messages of it, by day, and is not empty. Day 1 begins at started_at, in Unix seconds. name is that of a table of
    the file; None: the plan is rows.
    """

    address: str
    provider: str
    started_at: float
    days: Days
    name: str | None = None

    @property
    def counted_as(self) -> str:
        """Under which provider its messages are counted. Another start of a plan of the file begins to count anew."""
        return self.provider if self.name is None else f"{self.provider} @{self.started_at:.0f}"

    def day(self, now: float) -> int:
        """The day that *now* is in; 0 or less before the start."""
        return math.floor((now - self.started_at) / DAY_S) + 1

    @property
    def last_day(self) -> int:
        """The last day of the plan."""
        return self.days[-1][0]

    def most(self, now: float) -> int | None:
        """The most messages of that day; None: the plan is over. Before the first number there are none."""
        return self.most_on(self.day(now))

    def most_on(self, today: int) -> int | None:
        """The same for the day of that number."""
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


def layered(of_file: Iterable[WarmupPlan], rows: Iterable[WarmupPlan]) -> list[WarmupPlan]:
    """The plans in force: all that are rows, and those of the file for other addresses and providers."""
    found = {(plan.address, plan.provider): plan for plan in (*of_file, *rows)}
    return list(found.values())


def plans_text(plans: Iterable[WarmupPlan]) -> str:
    """The plans in one text, which is equal for equal plans."""
    return "\n".join(
        sorted(f"{plan.address} {plan.counted_as} {plan.started_at} {days_text(plan.days)}" for plan in plans)
    )


def parse_provider(text: str) -> str:
    """
    Read `*`, the name of a host, or `*.domain`.

    Raises:
        SyntaxViolation: *text* is none of them.
    """
    if text == "*":
        return text
    return f"*.{Domain.parse(text[2:])}" if text.startswith("*.") else str(Domain.parse(text))


def parse_days(text: str) -> Days:
    """
    Read the numbers of the days from day 1 on, such as `50 100 200*3 400`: 200 on each of three days.

    Raises:
        SyntaxViolation: *text* is none, or a number is too large.
    """
    days: list[tuple[int, int]] = []
    day = 1
    for word in text.split():
        match = _RUN.fullmatch(word)
        if match is None or int(match[1]) > _MOST_MESSAGES:
            raise SyntaxViolation(
                f'not the messages of a day: {word!r} (a number up to {_MOST_MESSAGES}, or "200*3" for three days)'
            )
        days.append((day, int(match[1])))
        day += int(match[2] or 1)
    if not days or day - 1 > _MOST_DAYS:
        raise SyntaxViolation(f'needs the messages of 1 to {_MOST_DAYS} days: use e.g. "50 100 200*3 400"')
    if days[-1][0] < day - 1:
        days.append((day - 1, days[-1][1]))
    return tuple(days)


def days_text(days: Days) -> str:
    """*days* as `parse_days` reads them."""
    runs: list[list[int]] = []
    ends = [day for day, _ in days[1:]] + [days[-1][0] + 1]
    for (day, most), end in zip(days, ends, strict=True):
        if runs and runs[-1][0] == most:
            runs[-1][1] += end - day
        else:
            runs.append([most, end - day])
    return " ".join(f"{most}*{times}" if times > 1 else f"{most}" for most, times in runs)


def _rank(plan: WarmupPlan) -> tuple[bool, int]:
    """Names before patterns, long patterns before short ones."""
    return plan.provider.startswith("*"), -len(plan.provider)
