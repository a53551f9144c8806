"""
warmup - the plans for new source addresses, and how much has gone out by them

A worker counts a message in a transaction of its own before it sends it, and takes that back where no host was asked.
Transactions are serial, so all workers together keep to the number of a day.  What a process had counted and not sent
when it died stays counted.
"""

from collections.abc import Collection
from itertools import groupby
from typing import Final

from empath.policy.warmup import WarmupPlan, plans_text
from empath.storage.engine import Selects, Session
from empath.storage.write import Write

WAITS_FOR_DAY: Final = "warm-up: "  # begins the reason of such a suspension


def warmup_plans(selects: Selects) -> list[WarmupPlan]:
    """
    All plans.

    Raises:
        QueueBusy, StorageFailure: they cannot be read.
    """
    rows = selects.rows("warmup.plans")
    return [
        WarmupPlan(address, provider, started_at, tuple((day, most) for *_, day, most in days))
        for (address, provider, started_at), days in groupby(rows, key=lambda row: row[:3])
    ]


class CountWarmup(Write):
    """
    Count one message on *day* of *plan*, if the plan has room for it; `is_granted` tells whether it had.

    The rows of now decide: a process that has not heard yet of a change must not make a destination wait for a day.
    Where they have become another plan, or none, the message is granted, and `is_counted` is False.
    """

    def __init__(self, plan: WarmupPlan, *, day: int) -> None:
        super().__init__()
        self.is_granted = self.is_counted = False
        self.plan = plan
        self.day = day

    def run(self, session: Session) -> None:
        most = self._most(session)
        row = {"address": self.plan.address, "provider": self.plan.counted_as, "day": self.day, "most": most}
        self.is_counted = most is not None and bool(session.run("warmup.count", row))
        self.is_granted = self.is_counted or most is None

    def _most(self, session: Session) -> int | None:
        """The most messages of the day; None where the plan is not in force any more."""
        plan = self.plan
        keys = {"address": plan.address, "provider": plan.provider}
        if plan.name is not None:
            return None if session.value("warmup.has_rows", keys) else plan.most_on(self.day)
        most: int | None = session.value("warmup.most", keys | {"day": self.day, "started_at": plan.started_at})
        return most


class UncountWarmup(Write):
    """
    Take back one message that was counted on *day* of *plan*: no host was asked about it.

    What waits for the next day of a plan is looked at again, because there is room now.
    """

    def __init__(self, plan: WarmupPlan, *, day: int) -> None:
        super().__init__()
        self.plan = plan
        self.day = day

    def run(self, session: Session) -> None:
        row = {"address": self.plan.address, "provider": self.plan.counted_as, "day": self.day}
        session.run("warmup.uncount", row)
        session.run("warmup.end_waits")


class BeginFileWarmups(Write):
    """
    Follow the *plans* of the file after a start or a reload.

    What was counted by other plans of a file is forgotten, and what waits for the day of a plan is looked at again.
    """

    def __init__(self, plans: Collection[WarmupPlan]) -> None:
        super().__init__()
        self._kept = [f"{plan.address} {plan.counted_as}" for plan in plans]
        self._plans = plans_text(plans)

    def run(self, session: Session) -> None:
        session.run("warmup.set_file", {"plans": self._plans})
        session.run("warmup.forget_others_of_file", {"kept": self._kept})
        session.run("warmup.end_waits")


class WaitForWarmup(Write):
    """
    Suspend *destination* *until* the next day of a plan, unless it is suspended for longer.

    *of_file* has the plans of the file that the process has read. If a reload has brought others, nothing is written:
    a worker of before must not make mail wait for a day of its old plan.
    """

    def __init__(self, destination: str, *, until: float, words: str, of_file: Collection[WarmupPlan] = ()) -> None:
        super().__init__()
        self.row = {"destination": destination, "until": until, "reason": f"{WAITS_FOR_DAY}{words}"}
        self._plans = plans_text(of_file)

    def run(self, session: Session) -> None:
        if session.value("warmup.file") in (None, self._plans):
            session.run("warmup.wait", self.row)
