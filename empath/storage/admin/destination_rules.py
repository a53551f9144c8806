"""destination_rules - what a person does with the rules of destinations"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from empath.errors import MissingInput
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Selects, Session
from empath.storage.queue.destination_rules import KnownDestination, destinations_after
from empath.storage.write import Write


@dataclass(frozen=True, slots=True)
class ShownRule:
    """One row of the view destination_rule. Shape: instants in Unix seconds."""

    rule: int
    pattern: str
    setting: str
    value: str
    expires_at: float | None
    reason: str | None
    created_at: float
    who: str


class SetRule(Write):
    """Add a rule, or replace the one of the same pattern and setting that has an end, or none, too; for *who*."""

    def __init__(
        self, pattern: str, setting: str, value: str, *, expires_at: float | None, reason: str | None, who: str
    ) -> None:
        super().__init__()
        self._row = {
            "pattern": pattern, "setting": setting, "value": value, "expires_at": expires_at, "reason": reason,
        }  # fmt: skip
        self._who = who

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            session.run("destination_rules.set", self._row)


class DeleteRules(Write):
    """
    End the rules with these *numbers*, all or none, for *who*.

    Raises:
        MissingInput: there is no such rule.
    """

    def __init__(self, numbers: Sequence[int], *, who: str) -> None:
        super().__init__()
        self._numbers = list(dict.fromkeys(numbers))
        self._who = who

    def run(self, session: Session) -> None:
        known = {rule.rule for rule in shown_rules(session)}
        if missing := [str(number) for number in self._numbers if number not in known]:
            raise MissingInput(f"there is no rule {', '.join(missing)}; `empath-admin rule list` shows all")
        with acting(session, self._who):
            session.run_each("destination_rules.end", [{"rule": number} for number in self._numbers])


def shown_rules(selects: Selects) -> list[ShownRule]:
    """
    All rules, by pattern and setting.

    Raises:
        QueueBusy, StorageFailure: they cannot be read.
    """
    return [ShownRule(**record) for record in selects.records("destination_rules.shown")]


def all_rules(engine: Engine) -> list[ShownRule]:
    """
    The same for a person's command.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        return shown_rules(visit)


def each_destination(engine: Engine) -> Iterator[KnownDestination]:
    """All destinations of the queue. Raises as `all_rules`."""
    with engine.visiting(None) as visit:
        after = 0
        while found := destinations_after(visit, after):
            yield from found
            after = found[-1].destination_id


def exchangers_of(selects: Selects, destination: str) -> tuple[str, ...]:
    """
    The MX hosts of *destination*, best first, as far as the queue knows them.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    return tuple(str(selects.value("destination_rules.exchangers_of", {"destination": destination}) or "").split())
