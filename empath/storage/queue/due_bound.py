"""
due_bound - find and mend destinations that would sleep too long

`_destination.due_at` is a lower bound of the earliest waiting recipient: triggers lower it, and a lease makes it exact.
A bound that is later would let due mail lie, so all are looked at now and then; one that must be mended is a bug.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from empath.storage.engine import Reader, Session
from empath.storage.write import Write

DESTINATIONS = 500  # looked at in one slice


@dataclass(frozen=True, slots=True)
class LateBound:
    """A destination whose due_at (None: nothing waits) is later than its earliest waiting recipient; Unix seconds."""

    destination_id: int
    name: str
    due_at: float | None
    earliest: float


class BoundWalk:
    """A walk over all destinations. `is_round_over` says that the next step begins anew."""

    def __init__(self) -> None:
        self.is_round_over = True
        self._after = 0

    def step(self, reader: Reader) -> list[LateBound]:
        """
        Late bounds of the next slice, each as one transaction left it.

        Raises:
            QueueBusy, StorageFailure: it cannot be read.
        """
        found = reader.rows("due_bound.due_bounds", {"after": self._after, "limit": DESTINATIONS})
        self.is_round_over = len(found) < DESTINATIONS
        self._after = 0 if self.is_round_over else found[-1][0]
        return [
            LateBound(*row)
            for row in found
            for due_at, earliest in [row[2:]]
            if earliest is not None and (due_at is None or due_at > earliest)
        ]


class RepairBounds(Write):
    """Lower the bounds to what was found."""

    def __init__(self, bounds: Iterable[LateBound]) -> None:
        super().__init__()
        self._rows = [{"destination_id": bound.destination_id, "earliest": bound.earliest} for bound in bounds]
        self.rows = len(self._rows)

    def run(self, session: Session) -> None:
        session.run_each("due_bound.lower_due", self._rows)
