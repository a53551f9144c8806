"""
process - which processes live, and the end of those that died

A lease lives as long as its process.  The supervisor reports the end of a process, or the housekeeper sees that its
beat does not advance; wall times are never compared.  What a dead process held goes back with an attempt row
`unknown`, because the next hop may have taken it.
"""

from dataclasses import dataclass
from pathlib import Path

import apsw

import empath
from empath.mail.status import RecipientStatus
from empath.policy.retry import MAX_LOST_LEASES
from empath.storage.queue.order_trail import finish_order
from empath.storage.queue.put_back import end_lease, let_go
from empath.storage.sqlite.connection import rows, translated, value
from empath.storage.sqlite.queries import queries
from empath.storage.write import Write

_SQL = queries("process")
_LIMIT = {"max_lost_leases": MAX_LOST_LEASES}
_LOST_OFTEN = "three processes died while they worked on it"


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """One run of one process that has not ended; beat advances while it lives."""

    process_id: int
    instance: str
    slot: str
    generation: int
    beat: int


class Register(Write):
    """Begin a run; `process_id` is its number after the commit."""

    def __init__(self, *, node: str, instance: str, slot: str, generation: int, pid: int, now: float) -> None:
        super().__init__()
        self.process_id = 0
        self._row = {
            "node": node, "instance": instance, "slot": slot, "generation": generation, "pid": pid, "now": now,
            "version": empath.__version__,
        }  # fmt: skip

    def run(self, connection: apsw.Connection) -> None:
        connection.execute(_SQL["register"], self._row)
        self.process_id = connection.last_insert_rowid()


class Beat(Write):
    """
    Tell that a process lives. `is_taken_for_dead` says after the commit that its run was ended by another.

    Such a process has lost its leases and gets no more: it must end. `log_level` is the one that was ordered, or None.
    """

    def __init__(self, process_id: int, *, now: float) -> None:
        super().__init__()
        self.is_taken_for_dead = False
        self.log_level: str | None = None
        self._row = {"process_id": process_id, "now": now}

    def run(self, connection: apsw.Connection) -> None:
        connection.execute(_SQL["beat"], self._row)
        self.is_taken_for_dead = connection.changes() == 0
        self.log_level = value(connection, _SQL["log_level"])


class EndProcess(Write):
    """
    End a run, and release what it held. `released` counts recipients, `held` those that lost their third lease.

    For a process that drained and left it finds nothing to release.
    """

    def __init__(self, process_id: int, *, now: float) -> None:
        super().__init__()
        self.released = 0
        self.held = 0
        self._row = {"process_id": process_id, "now": now}

    def run(self, connection: apsw.Connection) -> None:
        self.released = self.held = 0
        for lease_id, destination in rows(connection, _SQL["leases_of"], self._row):
            lost = {**self._row, **_LIMIT, "lease_id": lease_id, "destination": destination}
            ordered = dict(rows(connection, _SQL["lost_orders"], lost))
            connection.execute(_SQL["record_unknown"], lost)
            for recipient_id, status in let_go(
                connection,
                lease_id,
                status=RecipientStatus.DEFERRED,
                reason=_LOST_OFTEN,
                next_retry_at=self._row["now"],
                settled_at=self._row["now"],
                losses=1,
                **_LIMIT,
            ):
                self.released += 1
                if recipient_id in ordered:
                    finish_order(connection, recipient_id, status)
                else:
                    self.held += status == RecipientStatus.HELD
            end_lease(connection, lease_id)
        connection.execute(_SQL["end"], self._row)


class ResizeDestinations(Write):
    """Bring the configured limit of connections to every destination."""

    def __init__(self, max_leases: int) -> None:
        super().__init__()
        self._row = {"max_leases": max_leases}

    def run(self, connection: apsw.Connection) -> None:
        connection.execute(_SQL["resize_destinations"], self._row)


def living(connection: apsw.Connection, path: Path) -> list[ProcessRow]:
    """Runs that have not ended, of any instance."""
    with translated(path):
        return [ProcessRow(*row) for row in rows(connection, _SQL["living"])]
