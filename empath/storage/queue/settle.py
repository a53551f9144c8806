"""
settle - what happened to leased work becomes rows

THEORY
    A Settle carries the fates of one message's recipients, and the replies of a host that passed them on to the next.
    State, evidence and the obligation to report commit together.  Each write names the lease it was worked out under:
    if the lease is gone, its process was taken for dead and the work is another's, so the result changes no state; only
    a peer's 250 leaves a row, because somebody may receive that mail twice.

    What a person ordered of a leased recipient waits for the end of its lease.  A settle carries it out in place of
    whatever the attempt led to, but a delivery: then the order came too late, and the audit says so.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import apsw

from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.storage.queue.accept import DestinationIds
from empath.storage.sqlite.connection import rows, value
from empath.storage.sqlite.queries import queries
from empath.storage.write import Write

_SQL = queries("settle")
_MAYBE_DELIVERED = "maybe_delivered"
_NEXT_HOST = "next_host"
_UNCHANGED = "unchanged"  # what an attempt decided that led to no status
_LEASED = "leased"
_HELD = "held"
_WAITING = frozenset({"queued", "deferred"})
# What the audit says of an order that was carried out, or could not be any more.
_STATUS = "status"
_RETRY = "next_retry_unix"
_TOO_LATE = "order came too late"


class Status(StrEnum):
    """Final and waiting statuses that a settle can give a recipient."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Fate:
    """
    Decided result of one attempt for one recipient.

    Shape: next_retry_at (Unix seconds) is given exactly for DEFERRED.
    """

    recipient_id: int
    status: Status
    stage: Stage
    reply: Reply
    next_retry_at: float | None = None
    wants_notice: bool = False


@dataclass(frozen=True, slots=True)
class Passed:
    """What one host said to a recipient for whom another host was tried after it: evidence, no fate."""

    recipient_id: int
    stage: Stage
    reply: Reply


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    What the fates of one transaction share.

    Shape: started_at in Unix seconds; connect_s is the part of duration_s until the host was ready for mail, None for a
    connection that was open already or was never made; host and peer_address for people.
    """

    destination: str
    started_at: float
    duration_s: float
    host: str | None = None
    peer_address: str | None = None
    connect_s: float | None = None


class Settle(Write):
    """
    Write the fates of one message's recipients, and who was *passed* on from this host to another.

    `is_stale` tells after the commit that the lease was gone.

    is_delayed: the sender is to be told of what is deferred, unless that was done before.
    """

    def __init__(
        self,
        *,
        process_id: int,
        lease_id: int,
        message_id: int,
        now: float,
        attempt: Attempt,
        fates: tuple[Fate, ...],
        passed: tuple[Passed, ...] = (),
        is_delayed: bool = False,
    ) -> None:
        super().__init__()
        self.rows = 2 * len(fates) + len(passed)
        self.fates = fates
        self.passed = passed
        self.is_stale = False
        self._keys = {"process_id": process_id, "lease_id": lease_id, "message_id": message_id, "now": now}
        self._attempt = attempt
        self._is_delayed = is_delayed

    def run(self, connection: apsw.Connection) -> None:
        self.is_stale = not value(connection, _SQL["is_lease_valid"], {"lease_id": self._keys["lease_id"]})
        for passed in self.passed if not self.is_stale else ():
            # Not where it is no longer of the lease: then it has its fate, and is being written a second time.
            if rows(connection, _SQL["order"], {**self._keys, "recipient_id": passed.recipient_id}):
                self._record(connection, passed, outcome=_NEXT_HOST, decided=_UNCHANGED, next_retry_at=None)
        for fate in self.fates:
            if not self.is_stale:
                self._settle(connection, fate)
            elif fate.status is Status.DELIVERED:
                self._record_doubt(connection, fate)
        if not self.is_stale and any(fate.status is Status.DELIVERED for fate in self.fates):
            connection.execute(_SQL["forget_delivered_content"], self._keys)
            if connection.changes():
                connection.execute(_SQL["delete_forgotten_content"], self._keys)
        if self._is_delayed and not self.is_stale:
            connection.execute(_SQL["insert_delay_notices"], self._keys)

    def _settle(self, connection: apsw.Connection, fate: Fate) -> None:
        update = {
            **self._keys,
            "recipient_id": fate.recipient_id,
            "status": fate.status,
            "next_retry_at": fate.next_retry_at,
            "last_reply": fate.reply.escaped(),
        }
        connection.execute(_SQL["settle_recipient"], update)
        if not connection.changes():
            self._settle_ordered(connection, fate, update)
            return
        self._record(connection, fate, outcome=fate.status, decided=fate.status, next_retry_at=fate.next_retry_at)
        if fate.wants_notice:
            connection.execute(_SQL["insert_notice"], update)

    def _settle_ordered(self, connection: apsw.Connection, fate: Fate, update: dict[str, Any]) -> None:
        found = rows(connection, _SQL["order"], update)
        if not found:  # the lease stands, but this recipient is no longer of it
            if fate.status is Status.DELIVERED:
                self._record_doubt(connection, fate)
            return
        [(ordered, ordered_retry_at)] = found
        status = str(fate.status if ordered is None or fate.status is Status.DELIVERED else ordered)
        next_retry_at = fate.next_retry_at
        if status == Status.DEFERRED:
            next_retry_at = ordered_retry_at
        elif status != fate.status:
            next_retry_at = None
        connection.execute(_SQL["settle_ordered"], {**update, "status": status, "next_retry_at": next_retry_at})
        self._record(connection, fate, outcome=fate.status, decided=status, next_retry_at=next_retry_at)
        if fate.status is Status.DELIVERED or (ordered is None and status != Status.DEFERRED):
            record_order(connection, fate.recipient_id, _TOO_LATE, ordered or "queued", status)
        elif ordered is None:
            record_order(connection, fate.recipient_id, _RETRY, fate.next_retry_at, next_retry_at)
        else:
            record_order(connection, fate.recipient_id, _STATUS, _LEASED, status)
        if fate.wants_notice and status == fate.status:
            connection.execute(_SQL["insert_notice"], update)
        elif status != fate.status:
            connection.execute(_SQL["insert_ordered_notice"], update)

    def _record_doubt(self, connection: apsw.Connection, fate: Fate) -> None:
        # A settle whose commit failed in doubt is tried again: what it did write must not count as a second delivery.
        if not value(connection, _SQL["is_delivered_under"], {**self._keys, "recipient_id": fate.recipient_id}):
            self._record(connection, fate, outcome=_MAYBE_DELIVERED, decided=_UNCHANGED, next_retry_at=None)

    def _record(
        self,
        connection: apsw.Connection,
        fate: Fate | Passed,
        *,
        outcome: str,
        decided: str,
        next_retry_at: float | None,
    ) -> None:
        attempt = self._attempt
        row = {
            **self._keys,
            "recipient_id": fate.recipient_id,
            "destination": attempt.destination,
            "started_at": attempt.started_at,
            "duration_s": attempt.duration_s,
            "connect_s": attempt.connect_s,
            "host": attempt.host,
            "peer_address": attempt.peer_address,
            "stage": fate.stage,
            "code": fate.reply.code,
            "enhanced": str(fate.reply.enhanced) if fate.reply.enhanced else None,
            "text": fate.reply.escaped(),
            "outcome": outcome,
            "decided_status": decided,
            "next_retry_at": next_retry_at,
        }
        connection.execute(_SQL["insert_attempt"], row)


def record_order(
    connection: apsw.Connection, recipient_id: int, what: str, before: str | float | None, after: str | float | None
) -> None:
    """Write into the audit what became of an order."""
    row = {"recipient_id": recipient_id, "what": what, "before": before, "after": after}
    connection.execute(_SQL["record_order"], row)


def finish_order(connection: apsw.Connection, recipient_id: int, status: str) -> None:
    """Write what belongs to an order that gave *status* without an attempt: evidence, and the obligation to report."""
    record_order(connection, recipient_id, _STATUS, _LEASED, status)
    connection.execute(_SQL["insert_ordered_notice"], {"recipient_id": recipient_id})


def _put_back(connection: apsw.Connection, lease_id: int) -> None:
    keys = {"lease_id": lease_id}
    for recipient_id, status in rows(connection, _SQL["put_back"], keys):
        if status not in _WAITING:
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
    Give back what a TakeLeases took that failed: it may have been committed, and then nobody knows of its leases.

    *known* are the leases that the process works on.
    """

    def __init__(self, process_id: int, known: Iterable[int]) -> None:
        super().__init__()
        self._keys = {"process_id": process_id, "known": json.dumps(list(known))}

    def run(self, connection: apsw.Connection) -> None:
        for (lease_id,) in rows(connection, _SQL["stray_leases"], self._keys):
            _put_back(connection, lease_id)


class Rekey(Write):
    """Put recipients back unsent under the destinations that they are routed to now."""

    def __init__(self, lease_id: int, destinations: dict[int, str], destination_ids: DestinationIds) -> None:
        super().__init__()
        self.rows = len(destinations)
        self._lease_id = lease_id
        self._destinations = destinations
        self._destination_ids = destination_ids
        self._found: dict[str, int] = {}

    def run(self, connection: apsw.Connection) -> None:
        self._found = {}
        for recipient_id, name in self._destinations.items():
            row = {
                "recipient_id": recipient_id,
                "lease_id": self._lease_id,
                "destination_id": self._destination_ids.find(connection, name, self._found),
            }
            for _, status in rows(connection, _SQL["rekey"], row):
                if status not in _WAITING:
                    finish_order(connection, recipient_id, status)

    def after_commit(self, connection: apsw.Connection) -> None:
        self._destination_ids.remember(self._found)


class Hold(Write):
    """Leave recipients to a person, with the reason."""

    def __init__(self, lease_id: int, recipient_ids: tuple[int, ...], *, now: float, reason: str) -> None:
        super().__init__()
        self.rows = len(recipient_ids)
        self._rows = [
            {"recipient_id": recipient_id, "lease_id": lease_id, "now": now, "reason": reason}
            for recipient_id in recipient_ids
        ]

    def run(self, connection: apsw.Connection) -> None:
        for row in self._rows:
            for recipient_id, status in rows(connection, _SQL["hold"], row):
                if status != _HELD:
                    finish_order(connection, recipient_id, status)
