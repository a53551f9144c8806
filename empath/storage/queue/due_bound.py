"""
due_bound - find and repair destinations that would sleep too long

`_destination.due_at` is a lower bound for the earliest waiting recipient: triggers lower it, and a lease makes it
exact.  If the bound were too late, due mail would not be delivered.  So all bounds are checked now and then; a bound
that needs repair means a bug.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from empath.storage.engine import Reader, Session
from empath.storage.write import Write

DESTINATIONS = 500  # size of one slice


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
        Late bounds in the next slice, each one consistent with a single commit.

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
