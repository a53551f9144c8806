"""
warmup - the plans for new source addresses, and how much has gone out by them

A worker counts a message in a transaction of its own before it sends it, and takes that back where no host was asked.
Transactions are serial, so all workers together keep to the number of a day.  What a process had counted and not sent
when it died stays counted.
"""

from itertools import groupby

from empath.policy.warmup import WarmupPlan
from empath.storage.engine import Selects, Session
from empath.storage.write import Write


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
        self._row = {"address": plan.address, "provider": plan.provider, "day": day, "started_at": plan.started_at}

    def run(self, session: Session) -> None:
        most = session.value("warmup.most", self._row)
        self.is_counted = most is not None and bool(session.run("warmup.count", self._row | {"most": most}))
        self.is_granted = self.is_counted or most is None


class UncountWarmup(Write):
    """
    Take back one message that was counted on *day* of *plan*: no host was asked about it.

    What waits for the next day of a plan is looked at again, because there is room now.
    """

    def __init__(self, plan: WarmupPlan, *, day: int) -> None:
        super().__init__()
        self._row = {"address": plan.address, "provider": plan.provider, "day": day}

    def run(self, session: Session) -> None:
        session.run("warmup.uncount", self._row)
        session.run("warmup.end_waits")


class WaitForWarmup(Write):
    """Suspend *destination* *until* the next day of a plan, unless it is suspended for longer."""

    def __init__(self, destination: str, *, until: float, words: str) -> None:
        super().__init__()
        self._row = {"destination": destination, "until": until, "reason": f"warm-up: {words}"}

    def run(self, session: Session) -> None:
        session.run("warmup.wait", self._row)
