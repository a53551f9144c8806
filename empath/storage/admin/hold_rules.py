"""hold_rules - what a person does with the rules by which mail is held when its turn comes"""

from collections.abc import Sequence
from dataclasses import dataclass

from empath.policy.hold_rules import HoldBook, HoldPattern
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Selects, Session
from empath.storage.queue.clock import last_recipient
from empath.storage.queue.hold_rules import held_of, holds_in_force
from empath.storage.write import Write

_SLICE = 1_000  # recipients read at once


@dataclass(frozen=True, slots=True)
class ShownHold:
    """One row of the view hold_rule. Shape: instants in Unix seconds; expires_at is None without an end."""

    rule: int
    scope: str
    pattern: str
    expires_at: float | None
    reason: str | None
    hits: int
    created_at: float
    who: str


class AddHold(Write):
    """Hold what *pattern* names, for *who*. `rule` has the number of the row after the commit."""

    def __init__(self, pattern: HoldPattern, *, expires_at: float | None, reason: str | None, who: str) -> None:
        super().__init__()
        self.rule = 0
        self._row = {
            "scope": str(pattern.scope), "pattern": pattern.text, "expires_at": expires_at, "reason": reason,
        }  # fmt: skip
        self._who = who

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            self.rule = int(session.value("hold_rules.set", self._row))


class DeleteHolds(Write):
    """End the rules with the numbers *rules*, for *who*. What they have held stays held."""

    def __init__(self, rules: Sequence[int], *, who: str) -> None:
        super().__init__()
        self._rules = [{"rule": rule} for rule in rules]
        self._who = who

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            session.run_each("hold_rules.delete", self._rules)


def shown_holds(selects: Selects) -> list[ShownHold]:
    """
    All rules.

    Raises:
        QueueBusy, StorageFailure: they cannot be read.
    """
    return [ShownHold(**record) for record in selects.records("hold_rules.shown")]


def all_holds(engine: Engine) -> list[ShownHold]:
    """
    The same for a person's command.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        return shown_holds(visit)


def count_waiting(engine: Engine, book: HoldBook) -> int:
    """
    How many recipients that wait now the rules of *book* would hold.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit, visit.one_instant():
        return sum(
            len(held_of(visit, book, after=after, last=after + _SLICE))
            for after in range(0, last_recipient(visit), _SLICE)
        )


def holds_of_now(engine: Engine, now: float) -> HoldBook:
    """
    The rules that hold at *now*.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        return holds_in_force(visit, now)
