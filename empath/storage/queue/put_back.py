"""
put_back - leased recipients return to the queue without an attempt

A recipient returns with its earlier status, or with the status that was ordered meanwhile.  If the order ends the
recipient, its audit row and notice are written here, as in a settle.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from empath.mail.identity import Timestamp
from empath.mail.status import WAITING, RecipientStatus
from empath.policy.concurrency import LeaseReport, Standing, after_lease
from empath.policy.limits.delivery import Bucket
from empath.policy.retry import RetrySchedule
from empath.storage.engine import Row, Session
from empath.storage.queue.order_trail import finish_order
from empath.storage.queue.tokens import Tokens
from empath.storage.write import Write

_AS_BEFORE: Final = dict.fromkeys(
    ("recipient_id", "status", "reason", "next_retry_at", "settled_at", "destination_id", "max_lost_leases")
) | {"losses": 0}
NO_TOKENS: Final[Mapping[Bucket, int]] = MappingProxyType({})
_NOTHING_SEEN: Final = LeaseReport()
_USUAL_RETRIES: Final = RetrySchedule()


def let_go(session: Session, lease_id: int, *, now: float, **changes: Any) -> list[tuple[int, str]]:
    """
    End the hold of a lease on one `recipient_id`, or on all its recipients; the number and the status of each.

    *changes* are values for the statement `let_go`. A waiting order takes precedence over them; the caller writes its
    audit row and notice.
    """
    return session.rows("put_back.let_go", {**_AS_BEFORE, "lease_id": lease_id, "now": now, **changes})


def end_lease(session: Session, lease_id: int) -> None:
    """Give the slot back."""
    session.run("put_back.end_lease", {"lease_id": lease_id})


def _put_back(session: Session, lease_id: int, *, now: float, **changes: Any) -> None:
    for recipient_id, status in let_go(session, lease_id, now=now, **changes):
        if status not in WAITING:
            finish_order(session, recipient_id, status, now=now)


class EndLease(Write):
    """
    Give the slot back, and keep what the lease has *seen* of its destination.

    Recipients that the lease still holds return, with no attempt counted. *failure* is what was said when no host was
    reached, and *retries* are the delays by which its breaker opens then; *unused* has the tokens of messages that were
    not sent. *only_in_company*: do nothing unless another lease of the destination is under way. After the commit
    `is_ended` tells whether it was done; `before` and `after` are the standings of the destination, None if it is gone.
    """

    def __init__(
        self,
        lease_id: int,
        *,
        destination: str,
        is_failing: bool,
        now: float,
        seen: LeaseReport = _NOTHING_SEEN,
        failure: str | None = None,
        retries: RetrySchedule | None = None,
        uniform: float = 0.5,
        only_in_company: bool = False,
        unused: Mapping[Bucket, int] = NO_TOKENS,
    ) -> None:
        super().__init__()
        self.is_ended = False
        self.before: Standing | None = None
        self.after: Standing | None = None
        self.now = Timestamp(now)
        self.lease_id = lease_id
        self.is_failing = is_failing
        self.destination = destination
        self.seen = seen
        self._failure = failure
        self._retries = retries or _USUAL_RETRIES
        self._uniform = uniform
        self.only_in_company = only_in_company
        self.unused = unused

    def run(self, session: Session) -> None:
        self.is_ended = not self.only_in_company or bool(
            session.value("put_back.has_company", {"lease_id": self.lease_id})
        )
        if not self.is_ended:
            return
        if session.value("put_back.holds_any", {"lease_id": self.lease_id}):  # nearly never, and quicker to ask
            _put_back(session, self.lease_id, now=self.now)
        end_lease(session, self.lease_id)
        self.before = self.after = None
        for row in session.rows("put_back.standing", {"destination": self.destination}):
            new = self.learn(row)
            if new is not None:
                session.run("put_back.set_standing", new)
        self.give_back(session)

    def give_back(self, session: Session) -> None:
        """Return the tokens of messages that were not sent."""
        if self.unused:
            tokens = Tokens(session, self.now)
            for bucket, count in self.unused.items():
                tokens.give_back(bucket, count)
            tokens.keep()

    def learn(self, row: Row) -> dict[str, Any] | None:
        """
        Find `before` and `after` from a *row* of the statement `standing`.

        Shape: the parameters of `set_standing`, None if nothing changes.
        """
        destination_id, was_failing, old_failure, most, has_company, *standing = row
        self.before = Standing(*standing)
        self.after = after_lease(
            self.before,
            self.seen,
            most=most,
            has_company=bool(has_company),
            now=self.now,
            retries=self._retries,
            uniform=self._uniform,
        )
        failure = self._failure or (None if self.seen.sessions else old_failure)
        is_failing = int(self.is_failing)
        if (self.before, was_failing, old_failure) == (self.after, is_failing, failure):
            return None  # nearly always
        return {
            "destination_id": destination_id,
            "is_failing": is_failing,
            "last_failure": failure,
            **self.after._asdict(),
        }


class ReleaseUnknownLeases(Write):
    """
    Give back the leases of a process that it does not know.

    A TakeLeases may have been committed although it failed. *known* are the leases that the process works on.
    """

    def __init__(self, process_id: int, known: Iterable[int], *, now: float) -> None:
        super().__init__()
        self._now = now
        self._keys = {"process_id": process_id, "known": tuple(known)}

    def run(self, session: Session) -> None:
        for (lease_id,) in session.rows("put_back.unknown_leases", self._keys):
            _put_back(session, lease_id, now=self._now)
            end_lease(session, lease_id)


class Rekey(Write):
    """Put recipients back unsent under the destinations that they are routed to now."""

    def __init__(self, lease_id: int, destinations: dict[int, str], *, now: float) -> None:
        super().__init__()
        self.rows = len(destinations)
        self.lease_id = lease_id
        self.destinations = destinations
        self._now = now

    def run(self, session: Session) -> None:
        for recipient_id, name in self.destinations.items():
            changes = {"recipient_id": recipient_id, "destination_id": session.destination_id(name)}
            _put_back(session, self.lease_id, now=self._now, **changes)


class Hold(Write):
    """Leave recipients to a person, with the reason."""

    def __init__(self, lease_id: int, recipient_ids: tuple[int, ...], *, now: float, reason: str) -> None:
        super().__init__()
        self.rows = len(recipient_ids)
        self.recipient_ids = recipient_ids
        self.reason = reason
        self.lease_id = lease_id
        self._now = now

    def run(self, session: Session) -> None:
        held = {"status": RecipientStatus.HELD, "reason": self.reason, "settled_at": self._now}
        for recipient_id in self.recipient_ids:
            for _, status in let_go(session, self.lease_id, now=self._now, recipient_id=recipient_id, **held):
                if status != RecipientStatus.HELD:
                    finish_order(session, recipient_id, status, now=self._now)
