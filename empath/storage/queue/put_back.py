"""
put_back - leased recipients return to the queue without an attempt

A recipient goes back as it was, or as it was ordered to meanwhile.  An order that ends it leaves its audit row and its
notice here, as in a settle.
"""

import json
from collections.abc import Iterable
from typing import Any, Final

import apsw

from empath.mail.status import WAITING, RecipientStatus
from empath.storage.queue.accept import DestinationIds
from empath.storage.queue.order_trail import finish_order
from empath.storage.sqlite.connection import rows
from empath.storage.sqlite.queries import queries
from empath.storage.write import Write

_SQL = queries("put_back")


_AS_BEFORE: Final = dict.fromkeys(
    ("recipient_id", "status", "reason", "next_retry_at", "settled_at", "destination_id", "max_lost_leases")
) | {"losses": 0}


def let_go(connection: apsw.Connection, lease_id: int, **changes: Any) -> list[tuple[int, str]]:
    """
    End the hold of a lease on one `recipient_id`, or on all its recipients; the number and the status of each.

    *changes* are values for the statement `let_go`. An order that waited for this moment comes before them; the caller
    writes its trail.
    """
    return rows(connection, _SQL["let_go"], {**_AS_BEFORE, "lease_id": lease_id, **changes})


def end_lease(connection: apsw.Connection, lease_id: int) -> None:
    """Give the slot back."""
    connection.execute(_SQL["end_lease"], {"lease_id": lease_id})


def _put_back(connection: apsw.Connection, lease_id: int, **changes: Any) -> None:
    for recipient_id, status in let_go(connection, lease_id, **changes):
        if status not in WAITING:
            finish_order(connection, recipient_id, status)


class EndLease(Write):
    """Give the slot back; what the lease still holds returns as it was or was ordered to, no attempt counted."""

    def __init__(self, lease_id: int, *, destination: str, is_failing: bool) -> None:
        super().__init__()
        self._lease_id = lease_id
        self._destination = {"destination": destination, "is_failing": int(is_failing)}

    def run(self, connection: apsw.Connection) -> None:
        _put_back(connection, self._lease_id)
        end_lease(connection, self._lease_id)
        connection.execute(_SQL["mark_failing"], self._destination)


class ReleaseUnknownLeases(Write):
    """
    Give back the leases of a process that it does not know.

    A TakeLeases whose commit failed may have been committed all the same. *known* are the leases that the process works
    on.
    """

    def __init__(self, process_id: int, known: Iterable[int]) -> None:
        super().__init__()
        self._keys = {"process_id": process_id, "known": json.dumps(list(known))}

    def run(self, connection: apsw.Connection) -> None:
        for (lease_id,) in rows(connection, _SQL["unknown_leases"], self._keys):
            _put_back(connection, lease_id)
            end_lease(connection, lease_id)


class Rekey(Write):
    """Put recipients back unsent under the destinations that they are routed to now."""

    def __init__(self, lease_id: int, destinations: dict[int, str], destination_ids: DestinationIds) -> None:
        super().__init__()
        self.rows = len(destinations)
        self._lease_id = lease_id
        self.destinations = destinations
        self._destination_ids = destination_ids
        self._found: dict[str, int] = {}

    def run(self, connection: apsw.Connection) -> None:
        self._found = {}
        for recipient_id, name in self.destinations.items():
            destination_id = self._destination_ids.find(connection, name, self._found)
            _put_back(connection, self._lease_id, recipient_id=recipient_id, destination_id=destination_id)

    def after_commit(self, connection: apsw.Connection) -> None:
        self._destination_ids.remember(self._found)


class Hold(Write):
    """Leave recipients to a person, with the reason."""

    def __init__(self, lease_id: int, recipient_ids: tuple[int, ...], *, now: float, reason: str) -> None:
        super().__init__()
        self.rows = len(recipient_ids)
        self.recipient_ids = recipient_ids
        self.reason = reason
        self._lease_id = lease_id
        self._now = now

    def run(self, connection: apsw.Connection) -> None:
        held = {"status": RecipientStatus.HELD, "reason": self.reason, "settled_at": self._now}
        for recipient_id in self.recipient_ids:
            for _, status in let_go(connection, self._lease_id, recipient_id=recipient_id, **held):
                if status != RecipientStatus.HELD:
                    finish_order(connection, recipient_id, status)
