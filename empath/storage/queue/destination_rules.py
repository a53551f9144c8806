"""
destination_rules - the rows that say what holds of destinations, and what follows from them in _destination
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from empath.mail.identity import Timestamp
from empath.policy.destinations.rulebook import RuleRow
from empath.storage.engine import Reader, Selects, Session
from empath.storage.queue.sweep import Kept
from empath.storage.write import Write

SLICE: Final = 1_000  # destinations read at once
CLOSED_BY: Final = "closed by "  # the reason of a suspension outside the hours of a destination begins so
ENDED: Final = Kept("destination_rules.ended", "destination_rules.forget")
RESTS_ENDED: Final = Kept("destination_rules.rests_ended", "destination_rules.forget_rests")


def revision(reader: Reader) -> int:
    """
    A number that grows with each change of a rule.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    return int(reader.value("destination_rules.revision") or 0)


def rules_in_force(selects: Selects, now: float) -> list[RuleRow]:
    """
    The rules that have not ended, by number.

    Raises:
        QueueBusy, StorageFailure: they cannot be read.
    """
    return [
        RuleRow(rule_id, pattern, setting, value, None if expires_at is None else Timestamp(expires_at), reason)
        for rule_id, pattern, setting, value, expires_at, reason in selects.rows(
            "destination_rules.in_force", {"now": now}
        )
    ]


def rests(selects: Selects, now: float) -> dict[str, Timestamp]:
    """
    The addresses of [sources] that rest, each with the end of it.

    Raises:
        QueueBusy, StorageFailure: they cannot be read.
    """
    return {address: Timestamp(end) for address, end in selects.rows("destination_rules.rests", {"now": now})}


class Standing(NamedTuple):
    """What rules decide of the row of a destination. Shape: a reason of hours begins with CLOSED_BY."""

    max_leases: int
    suspended_until: float | None = None
    suspended_reason: str | None = None


@dataclass(frozen=True, slots=True)
class KnownDestination:
    """A destination with what rules decide of its row, and the MX hosts that its last search found, best first."""

    destination_id: int
    name: str
    standing: Standing
    exchangers: tuple[str, ...]


def destinations_after(selects: Selects, after: int) -> list[KnownDestination]:
    """
    The next destinations after number *after*, at most SLICE.

    Raises:
        QueueBusy, StorageFailure: they cannot be read.
    """
    found = selects.rows("destination_rules.destinations", {"after": after, "limit": SLICE})
    return [
        KnownDestination(number, name, Standing(most, until, reason), tuple((mx or "").split()))
        for number, name, most, until, reason, mx in found
    ]


class NoteExchangers(Write):
    """Note the MX hosts of a destination, best first, and the limit of connections that follows from them."""

    def __init__(self, destination: str, exchangers: tuple[str, ...], *, max_leases: int) -> None:
        super().__init__()
        self._row = {"destination": destination, "exchangers": " ".join(exchangers), "max_leases": max_leases}

    def run(self, session: Session) -> None:
        session.run("destination_rules.note_exchangers", self._row)


class ResizeDestinations(Write):
    """Set the limits of connections, by destination_id."""

    def __init__(self, limits: Mapping[int, int]) -> None:
        super().__init__()
        self._rows = [{"destination_id": number, "max_leases": limit} for number, limit in limits.items()]

    def run(self, session: Session) -> None:
        session.run_each("destination_rules.resize", self._rows)


class SuspendByHours(Write):
    """
    Suspend destinations until their hours begin, or end that, by destination_id.

    Each has its standing before: a suspension that another has ordered meanwhile stays.
    """

    def __init__(self, changes: Mapping[int, tuple[Standing, Standing]]) -> None:
        super().__init__()
        self._rows = [
            {
                "destination_id": number, "before": before.suspended_until, "suspended_until": after.suspended_until,
                "suspended_reason": after.suspended_reason,
            }
            for number, (before, after) in changes.items()
        ]  # fmt: skip

    def run(self, session: Session) -> None:
        session.run_each("destination_rules.suspend", self._rows)
