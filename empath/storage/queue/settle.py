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

from copy import copy
from typing import Any, Final

from empath.mail.fate import Attempt, Fate, Passed
from empath.mail.status import RecipientStatus
from empath.message.report.facts import ReportKind
from empath.policy.bounce import success_action, wants_notice
from empath.storage.engine import Session
from empath.storage.queue.order_trail import insert_ordered_notice, record_order
from empath.storage.write import Write

_MAYBE_DELIVERED = "maybe_delivered"
_NEXT_HOST = "next_host"
_UNCHANGED = "unchanged"  # decided status of an attempt without a fate
# Words of the audit about an order that was carried out, or came too late.
_STATUS = "status"
_RETRY = "next_retry_unix"
_TOO_LATE = "order came too late"


_NO_TLS: Final = (None, None, None, None, None)  # of an attempt without a host


def forget_contents(session: Session, messages: list[int]) -> None:
    """Forget the contents of those of *messages* that every recipient has got, and that no report will quote."""
    rows = [{"message_id": message_id, "no_fields": b""} for message_id in messages]
    session.run_each("settle.forget_delivered_content", rows)
    session.run_each("settle.delete_forgotten_content", rows)


class Settle(Write):
    """
    Write the fates of one message's recipients, and which recipients this host *passed* on to another one.

    `is_stale` tells after the commit that the lease was gone.

    is_delayed: report the delay of deferred recipients, unless the sender has had that report. clears_delay: report a
    delivery to a sender that has had it. An engine may settle many of them together by the parts that are methods here.
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
        clears_delay: bool = False,
    ) -> None:
        super().__init__()
        self.rows = 2 * len(fates) + len(passed)
        self.fates = fates
        self.passed = passed
        self.lease_id = lease_id
        self.is_stale = False
        self.process_id = process_id
        self.message_id = message_id
        self.now = now
        self.attempt = attempt
        self.is_delayed = is_delayed
        self.clears_delay = clears_delay

    @property
    def _keys(self) -> dict[str, Any]:
        return {"lease_id": self.lease_id, "message_id": self.message_id, "now": self.now}

    def apart(self) -> "list[Settle]":
        """The same, with one fate to a write."""
        if len(self.fates) <= 1:
            return [self]
        parts = []
        for number, fate in enumerate(self.fates):
            part = copy(self)
            part.fates, part.passed = (fate,), self.passed if number == 0 else ()
            parts.append(part)
        return parts

    def run(self, session: Session) -> None:
        self.is_stale = False
        self.record_passed(session)
        for fate in self.fates:
            self._settle(session, fate)
        is_delivered = not self.is_stale and any(fate.status is RecipientStatus.DELIVERED for fate in self.fates)
        if is_delivered:
            session.at_end(forget_contents, self.message_id)
        if self.is_delayed and not self.is_stale:
            self.insert_delay_notices(session)

    def record_passed(self, session: Session) -> None:
        """Write that a host passed recipients on to the next one."""
        for passed in self.passed:
            # A recipient that the lease no longer holds has its fate already: this is the second try of a commit.
            if session.rows("settle.order", {**self._keys, "recipient_id": passed.recipient_id}):
                self._record(session, passed, outcome=_NEXT_HOST, decided=_UNCHANGED, next_retry_at=None)

    def _settle(self, session: Session, fate: Fate) -> None:
        status, now, next_retry_at = fate.status, self.now, fate.next_retry_at
        reply = fate.said.reply.escaped()
        row: tuple[Any, ...]
        if next_retry_at is None:
            name, row = "settle.end_recipient", (status, reply, now, fate.recipient_id, self.lease_id, status, now)
        else:
            name, row = "settle.defer_recipient", (next_retry_at, reply, now, fate.recipient_id, self.lease_id)
        if not session.run(name, row):
            self._settle_ordered(session, fate)
            return
        self._record(session, fate, outcome=status, decided=status, next_retry_at=next_retry_at)
        self.follow(session, fate)

    def follow(self, session: Session, fate: Fate) -> None:
        """Write what follows from a fate that was settled as the attempt decided."""
        if fate.suppressed_until is not None:
            self._suppress(session, fate)
        if fate.wants_notice or self.clears_delay:
            self._insert_notice(session, fate)

    def _suppress(self, session: Session, fate: Fate) -> None:
        row = {"recipient_id": fate.recipient_id, "now": self.now, "expires_at": fate.suppressed_until}
        reason = {"reason": fate.said.reply.escaped(), "class": fate.bounce_class}
        session.run("suppression.keep", row | reason)

    def _settle_ordered(self, session: Session, fate: Fate) -> None:
        update = {**self._keys, "recipient_id": fate.recipient_id, "last_reply": fate.said.reply.escaped()}
        found = session.rows("settle.order", update)
        if not found:  # the lease is gone, or no longer holds this recipient
            self.is_stale = not session.value("settle.is_lease_valid", {"lease_id": self.lease_id})
            if fate.status is RecipientStatus.DELIVERED:
                self._record_doubt(session, fate)
            return
        [(ordered, ordered_retry_at, expires_at)] = found
        decided, next_retry_at = fate.status, fate.next_retry_at
        if decided is RecipientStatus.EXPIRED and expires_at > self.now:
            # The lifetime was extended while the recipient was leased.
            decided, next_retry_at = RecipientStatus.DEFERRED, self.now
        status = str(decided if ordered is None or decided is RecipientStatus.DELIVERED else ordered)
        if status == RecipientStatus.DEFERRED:
            next_retry_at = next_retry_at if ordered_retry_at is None else ordered_retry_at
        elif status != fate.status:
            next_retry_at = None
        session.run("settle.settle_ordered", {**update, "status": status, "next_retry_at": next_retry_at})
        self._record(session, fate, outcome=fate.status, decided=status, next_retry_at=next_retry_at)
        if fate.status is RecipientStatus.DELIVERED or (ordered is None and status != RecipientStatus.DEFERRED):
            record_order(session, fate.recipient_id, _TOO_LATE, ordered or RecipientStatus.QUEUED, status)
        elif ordered is None:
            record_order(session, fate.recipient_id, _RETRY, fate.next_retry_at, next_retry_at)
        else:
            record_order(session, fate.recipient_id, _STATUS, RecipientStatus.LEASED, status)
        if status == fate.status:
            self._insert_notice(session, fate)
        else:
            insert_ordered_notice(session, fate.recipient_id, status, now=self.now)

    def _insert_notice(self, session: Session, fate: Fate) -> None:
        """Write the obligation to report a final status, if there is one."""
        notice = {**self._keys, "recipient_id": fate.recipient_id, "kind": ReportKind.FAILURE, "action": None}
        if fate.status is RecipientStatus.DELIVERED:
            notice.update(kind=ReportKind.SUCCESS, action=success_action(fate.handover))
            if self.clears_delay and not fate.wants_notice:
                session.run("settle.insert_cleared_notice", notice)
        if fate.wants_notice:
            session.run("settle.insert_notice", notice)

    def insert_delay_notices(self, session: Session) -> None:
        """Write the obligation to report the delay of recipients that wait."""
        for recipient_id, notify in session.rows("settle.delayed_recipients", self._keys):
            if wants_notice(notify, ReportKind.DELAY):
                notice = {**self._keys, "recipient_id": recipient_id, "kind": ReportKind.DELAY, "action": None}
                session.run("settle.insert_notice", notice)

    def _record_doubt(self, session: Session, fate: Fate) -> None:
        # A settle whose commit failed may have been written, and is tried again: that is not a second delivery.
        if not session.value("settle.is_delivered_under", {**self._keys, "recipient_id": fate.recipient_id}):
            self._record(session, fate, outcome=_MAYBE_DELIVERED, decided=_UNCHANGED, next_retry_at=None)

    def _record(
        self,
        session: Session,
        fate: Fate | Passed,
        *,
        outcome: str,
        decided: str,
        next_retry_at: float | None,
    ) -> None:
        row = self.attempt_row(fate, outcome=outcome, decided=decided, next_retry_at=next_retry_at)
        session.run("settle.insert_attempt", row)

    def attempt_row(
        self, fate: Fate | Passed, *, outcome: str, decided: str, next_retry_at: float | None
    ) -> tuple[Any, ...]:
        """The evidence: the parameters of the statement `insert_attempt`."""
        attempt = self.attempt
        stage, reply = fate.said
        tls = attempt.tls or _NO_TLS
        return (
            fate.recipient_id, self.process_id, self.lease_id, attempt.destination, attempt.started_at,
            attempt.duration_s, attempt.connect_s, attempt.host, attempt.peer_address, stage,
            reply.code if reply.is_from_host else None, str(reply.enhanced) if reply.enhanced else None,
            reply.escaped(), outcome, decided, next_retry_at, attempt.dnssec, fate.bounce_class,
            *tls, attempt.source,
        )  # fmt: skip
