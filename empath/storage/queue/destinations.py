"""
destinations - remove destinations that no mail needs

THEORY
    Each domain that mail was ever sent to has a row of _destination, and so has each domain that a sender made up,
    since a report goes there.  The final recipients that retention still keeps need their destination, and no index
    leads from a destination to them: such an index would cost each mail more than this sweep costs in an hour.

    So a round chooses idle destinations and marks them.  Then it walks over all recipients without a lock, and leaves
    out each chosen destination that a recipient belongs to.  The rest is removed.  The round does not miss a recipient
    that came meanwhile.  If the recipient was inserted, its number is after the last one of the walk, and the last
    transaction looks there.  If it was moved from another destination, a trigger has removed the mark.

    Another process may remember the number of a destination that is gone.  A trigger refuses a recipient without a
    destination, and the writer runs its writes again without what it remembered (sqlite/destination_ids.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from empath.storage.engine import Reader, Session
from empath.storage.write import Write

MOST = 50_000  # destinations of one round
SLICE = 500  # destinations of one write


@dataclass(frozen=True, slots=True)
class Idle:
    """Shape: now is the present; a destination is idle only if its last lease was taken up to leased_before."""

    now: float
    leased_before: float


class IdleWalk:
    """A walk over all destinations. `is_round_over` says that the next step begins anew."""

    SLICE = 2_000  # number of rows read in one step

    def __init__(self) -> None:
        self.is_round_over = True
        self._after = 0

    def step(self, reader: Reader, idle: Idle) -> list[int]:
        """
        Numbers of the idle destinations of the next slice.

        Raises:
            QueueBusy, StorageFailure: it cannot be read.
        """
        keys = {"now": idle.now, "leased_before": idle.leased_before, "after": self._after, "limit": self.SLICE}
        found = reader.rows("destinations.idle", keys)
        self.is_round_over = len(found) < self.SLICE
        self._after = 0 if self.is_round_over else found[-1][0]
        return [number for number, is_idle in found if is_idle]


class NeededWalk:
    """One walk over all recipients. `is_over` says that it has reached the end; `after` is the last number."""

    SLICE = 5_000  # number of rows read in one step

    def __init__(self) -> None:
        self.is_over = False
        self.after = 0

    def step(self, reader: Reader) -> set[int]:
        """
        Numbers of the destinations that the recipients of the next slice belong to.

        Raises:
            QueueBusy, StorageFailure: it cannot be read.
        """
        found = reader.rows("destinations.needed", {"after": self.after, "limit": self.SLICE})
        self.is_over = sum(count for _, _, count in found) < self.SLICE
        self.after = max((last for _, last, _ in found), default=self.after)
        return {number for number, _, _ in found}


class MarkLeaving(Write):
    """Mark destinations."""

    def __init__(self, destination_ids: Sequence[int]) -> None:
        super().__init__()
        self.rows = len(destination_ids)
        self._keys = {"destinations": destination_ids}

    def run(self, session: Session) -> None:
        session.run("destinations.mark_leaving", self._keys)


class UnmarkAll(Write):
    """Remove all marks, including those of an interrupted round."""

    def run(self, session: Session) -> None:
        session.run("destinations.unmark_all")


class ForgetDestinations(Write):
    """
    Remove those of the marked *destination_ids* that are still idle; `destinations` counts them.

    *after* is the last recipient of the walk that found no recipient of theirs.
    """

    def __init__(self, destination_ids: Sequence[int], idle: Idle, *, after: int) -> None:
        super().__init__()
        self.rows = len(destination_ids)
        self.destinations = 0
        self._keys = {
            "destinations": destination_ids,
            "now": idle.now,
            "leased_before": idle.leased_before,
            "after": after,
        }

    def run(self, session: Session) -> None:
        self.destinations = session.run("destinations.forget", self._keys)
