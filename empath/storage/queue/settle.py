"""
settle - write what an attempt decided

THEORY
    A Settle carries the fates of one message's recipients, and the replies of a host that passed them on to the next.
    Status, evidence and the obligation to report commit together.  Each write names its lease.  If the lease is gone,
    the process was taken for dead and another one has the work, so the result changes no status.  Only a peer's 250
    leaves a row then, because the recipient may get the mail twice.

    An order for a leased recipient waits for the end of its lease.  A settle carries it out in place of what the
    attempt decided, unless the mail was delivered: then the order came too late, and the audit says so.
"""

from typing import Any

import apsw

from empath.mail.fate import Attempt, Fate, Passed
from empath.mail.status import RecipientStatus
from empath.message.report.compose import ReportKind
from empath.policy.bounce import wants_notice
from empath.storage.queue.order_trail import insert_ordered_notice, record_order
from empath.storage.sqlite.connection import rows, value
from empath.storage.sqlite.queries import queries
from empath.storage.write import Write

_SQL = queries("settle")
_MAYBE_DELIVERED = "maybe_delivered"
_NEXT_HOST = "next_host"
_UNCHANGED = "unchanged"  # decided status of an attempt without a fate
# Words of the audit about an order that was carried out, or came too late.
_STATUS = "status"
_RETRY = "next_retry_unix"
_TOO_LATE = "order came too late"


class Settle(Write):
    """
    Write the fates of one message's recipients, and which recipients this host *passed* on to another one.

    `is_stale` tells after the commit that the lease was gone.

    is_delayed: report the delay of deferred recipients, unless the sender has had that report.
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
        self.lease_id = lease_id
        self.is_stale = False
        self._keys = {"process_id": process_id, "lease_id": lease_id, "message_id": message_id, "now": now}
        self.attempt = attempt
        self._is_delayed = is_delayed

    def run(self, connection: apsw.Connection) -> None:
        self.is_stale = not value(connection, _SQL["is_lease_valid"], {"lease_id": self.lease_id})
        for passed in self.passed if not self.is_stale else ():
            # A recipient that the lease no longer holds has its fate already: this is the second try of a commit.
            if rows(connection, _SQL["order"], {**self._keys, "recipient_id": passed.recipient_id}):
                self._record(connection, passed, outcome=_NEXT_HOST, decided=_UNCHANGED, next_retry_at=None)
        for fate in self.fates:
            if not self.is_stale:
                self._settle(connection, fate)
            elif fate.status is RecipientStatus.DELIVERED:
                self._record_doubt(connection, fate)
        if not self.is_stale and any(fate.status is RecipientStatus.DELIVERED for fate in self.fates):
            connection.execute(_SQL["forget_delivered_content"], self._keys)
            if connection.changes():
                connection.execute(_SQL["delete_forgotten_content"], self._keys)
        if self._is_delayed and not self.is_stale:
            self._insert_delay_notices(connection)

    def _settle(self, connection: apsw.Connection, fate: Fate) -> None:
        update = {
            **self._keys,
            "recipient_id": fate.recipient_id,
            "status": fate.status,
            "next_retry_at": fate.next_retry_at,
            "last_reply": fate.said.reply.escaped(),
        }
        connection.execute(_SQL["settle_recipient"], update)
        if not connection.changes():
            self._settle_ordered(connection, fate, update)
            return
        self._record(connection, fate, outcome=fate.status, decided=fate.status, next_retry_at=fate.next_retry_at)
        if fate.wants_notice:
            connection.execute(_SQL["insert_notice"], {**update, "kind": ReportKind.FAILURE})

    def _settle_ordered(self, connection: apsw.Connection, fate: Fate, update: dict[str, Any]) -> None:
        found = rows(connection, _SQL["order"], update)
        if not found:  # the lease stands, but no longer holds this recipient
            if fate.status is RecipientStatus.DELIVERED:
                self._record_doubt(connection, fate)
            return
        [(ordered, ordered_retry_at)] = found
        status = str(fate.status if ordered is None or fate.status is RecipientStatus.DELIVERED else ordered)
        next_retry_at = fate.next_retry_at
        if status == RecipientStatus.DEFERRED:
            next_retry_at = ordered_retry_at
        elif status != fate.status:
            next_retry_at = None
        connection.execute(_SQL["settle_ordered"], {**update, "status": status, "next_retry_at": next_retry_at})
        self._record(connection, fate, outcome=fate.status, decided=status, next_retry_at=next_retry_at)
        if fate.status is RecipientStatus.DELIVERED or (ordered is None and status != RecipientStatus.DEFERRED):
            record_order(connection, fate.recipient_id, _TOO_LATE, ordered or RecipientStatus.QUEUED, status)
        elif ordered is None:
            record_order(connection, fate.recipient_id, _RETRY, fate.next_retry_at, next_retry_at)
        else:
            record_order(connection, fate.recipient_id, _STATUS, RecipientStatus.LEASED, status)
        if fate.wants_notice and status == fate.status:
            connection.execute(_SQL["insert_notice"], {**update, "kind": ReportKind.FAILURE})
        elif status != fate.status:
            insert_ordered_notice(connection, fate.recipient_id, status)

    def _insert_delay_notices(self, connection: apsw.Connection) -> None:
        for recipient_id, notify in rows(connection, _SQL["delayed_recipients"], self._keys):
            if wants_notice(notify, ReportKind.DELAY):
                notice = {**self._keys, "recipient_id": recipient_id, "kind": ReportKind.DELAY}
                connection.execute(_SQL["insert_notice"], notice)

    def _record_doubt(self, connection: apsw.Connection, fate: Fate) -> None:
        # A settle whose commit failed may have been written, and is tried again: that is not a second delivery.
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
        attempt = self.attempt
        row = {
            **self._keys,
            "recipient_id": fate.recipient_id,
            "destination": attempt.destination,
            "started_at": attempt.started_at,
            "duration_s": attempt.duration_s,
            "connect_s": attempt.connect_s,
            "host": attempt.host,
            "peer_address": attempt.peer_address,
            "stage": fate.said.stage,
            "code": fate.said.reply.code,
            "enhanced": str(fate.said.reply.enhanced) if fate.said.reply.enhanced else None,
            "text": fate.said.reply.escaped(),
            "outcome": outcome,
            "decided_status": decided,
            "next_retry_at": next_retry_at,
        }
        connection.execute(_SQL["insert_attempt"], row)
