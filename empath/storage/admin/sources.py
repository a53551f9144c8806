"""sources - what a person does with the addresses that mail goes out from"""

from collections.abc import Sequence
from dataclasses import dataclass

from empath.errors import MissingInput
from empath.policy.warmup import WarmupPlan
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Session
from empath.storage.queue.warmup import warmup_plans
from empath.storage.write import Write


@dataclass(frozen=True, slots=True)
class Rest:
    """One row of the view source_rest that has not ended. Shape: expires_at in Unix seconds."""

    address: str
    expires_at: float
    reason: str | None
    who: str


@dataclass(frozen=True, slots=True)
class SourceUse:
    """What went out from one address: connections that were opened, and attempts that delivered or failed."""

    source: str
    connections: int
    deliveries: int
    failures: int


def rests_and_use(engine: Engine, *, now: float, since: float) -> tuple[list[Rest], list[SourceUse]]:
    """
    The addresses that rest at *now*, and the use of each address by the attempts on record that began at *since*.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        resting = [Rest(**record) for record in visit.records("sources.rests", {"now": now})]
        return resting, [SourceUse(**record) for record in visit.records("admin.source_use", {"since": since})]


class RestSource(Write):
    """
    Let *address* rest until *expires_at*, in the name of *who*.

    `before` is the end of the rest before, or None; `resting` are all addresses that rest at *now*, then.
    """

    def __init__(self, address: str, *, now: float, expires_at: float, reason: str | None, who: str) -> None:
        super().__init__()
        self.before: float | None = None
        self.resting: frozenset[str] = frozenset()
        self._now = now
        self._row = {"address": address, "expires_at": expires_at, "reason": reason}
        self._who = who

    def run(self, session: Session) -> None:
        self.before = session.value("sources.rest_of", {"address": self._row["address"]})
        with acting(session, self._who):
            session.run("sources.rest", self._row)
        self.resting = frozenset(row[0] for row in session.rows("sources.rests", {"now": self._now}))


class WakeSources(Write):
    """
    End the rests of *addresses*, all or none, in the name of *who*.

    Raises:
        MissingInput: one of them does not rest.
    """

    def __init__(self, addresses: Sequence[str], *, who: str) -> None:
        super().__init__()
        self._rows = [{"address": address} for address in dict.fromkeys(addresses)]
        self._who = who

    def run(self, session: Session) -> None:
        awake = [row["address"] for row in self._rows if session.value("sources.rest_of", row) is None]
        if awake:
            raise MissingInput(f"{', '.join(awake)} does not rest; `empath-admin source list` shows all")
        with acting(session, self._who):
            session.run_each("sources.wake", self._rows)


def warmups_and_use(engine: Engine) -> tuple[list[WarmupPlan], dict[tuple[str, str, int], int]]:
    """
    The plans for new source addresses, and the messages that went out by address, provider and day.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        used = {(address, provider, day): messages for address, provider, day, messages in visit.rows("warmup.used")}
        return warmup_plans(visit), used
