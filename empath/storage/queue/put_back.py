"""
put_back - leased recipients return to the queue without an attempt

A recipient goes back as it was, or as it was ordered to meanwhile.  An order that ends it leaves its audit row and its
notice here, as in a settle.
"""

import json
from collections.abc import Iterable

import apsw

from empath.mail.status import WAITING, RecipientStatus
from empath.storage.queue.accept import DestinationIds
from empath.storage.queue.order_trail import finish_order
from empath.storage.sqlite.connection import rows
from empath.storage.sqlite.queries import queries
from empath.storage.write import Write

_SQL = queries("put_back")


def _put_back(connection: apsw.Connection, lease_id: int) -> None:
    keys = {"lease_id": lease_id}
    for recipient_id, status in rows(connection, _SQL["put_back"], keys):
        if status not in WAITING:
            finish_order(connection, recipient_id, status)
    connection.execute(_SQL["end_lease"], keys)


class EndLease(Write):
    """Give the slot back; what the lease still holds returns as it was or was ordered to, no attempt counted."""

    def __init__(self, lease_id: int, *, destination: str, is_failing: bool) -> None:
        super().__init__()
        self._lease_id = lease_id
        self._destination = {"destination": destination, "is_failing": int(is_failing)}

    def run(self, connection: apsw.Connection) -> None:
        _put_back(connection, self._lease_id)
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
            row = {
                "recipient_id": recipient_id,
                "lease_id": self._lease_id,
                "destination_id": self._destination_ids.find(connection, name, self._found),
            }
            for _, status in rows(connection, _SQL["rekey"], row):
                if status not in WAITING:
                    finish_order(connection, recipient_id, status)

    def after_commit(self, connection: apsw.Connection) -> None:
        self._destination_ids.remember(self._found)


class Hold(Write):
    """Leave recipients to a person, with the reason."""

    def __init__(self, lease_id: int, recipient_ids: tuple[int, ...], *, now: float, reason: str) -> None:
        super().__init__()
        self.rows = len(recipient_ids)
        self.recipient_ids = recipient_ids
        self.reason = reason
        self._rows = [
            {"recipient_id": recipient_id, "lease_id": lease_id, "now": now, "reason": reason}
            for recipient_id in recipient_ids
        ]

    def run(self, connection: apsw.Connection) -> None:
        for row in self._rows:
            for recipient_id, status in rows(connection, _SQL["hold"], row):
                if status != RecipientStatus.HELD:
                    finish_order(connection, recipient_id, status)
