"""
explanation - why mail is not delivered now, as the queue says it

The view `explanation` says what each recipient waits for.  This module adds what is known of its destination: the state
that leases have found, who holds the connections, what the DNS answered, and who gave the orders.  All is read inside
one transaction of the caller.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, Self

from empath.policy.hold_rules import HoldBook
from empath.policy.router import SentBy
from empath.policy.suppression import keys_of
from empath.storage.admin.records import Reference
from empath.storage.engine import Selects
from empath.storage.queue.hold_rules import held_of, holds_in_force

MOST_SHOWN: Final = 20
_MOST_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class LastAttempt:
    """One of the last attempts; the fields are those of the view `attempt`, reply is its text."""

    started_at: float
    host: str | None
    peer_address: str | None
    stage: str
    reply: str
    outcome: str
    bounce_class: str | None
    tls_policy: str | None
    tls_version: str | None
    tls_cipher: str | None
    tls_peer: str | None
    tls_failure: str | None
    dnssec: str | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """
    One live recipient, as the view `explanation` has it.

    Shape: blocked_by is None if it only waits for its turn; blocked_until is None where an event ends that. attempt_log
    has its last attempts, the newest first.
    """

    recipient_id: int
    id: str
    sender: str
    recipient: str
    domain: str
    destination: str
    status: str
    blocked_by: str | None
    blocked_until: float | None
    rule: str | None
    next_attempt: str | None
    next_retry_at: float
    expires_at: float
    received_at: float
    attempts: int
    last_reply: str | None
    process: str | None
    attempt_log: list[LastAttempt] = field(default_factory=list)

    @classmethod
    def of(cls, row: dict[str, Any], attempts: list[LastAttempt]) -> Self:
        """Make it of a row of the view."""
        names = {
            "blocked_until": "until_unix",
            "next_retry_at": "next_retry_unix",
            "expires_at": "expires_unix",
            "received_at": "received_unix",
        }
        known = [each.name for each in fields(cls) if each.name != "attempt_log"]
        return cls(**{name: row[names.get(name, name)] for name in known}, attempt_log=attempts)


@dataclass(frozen=True, slots=True)
class Settled:
    """One recipient that met its end; words has the reply, or the reason."""

    recipient_id: int
    recipient: str
    destination: str
    status: str
    words: str | None
    settled_at: float | None


@dataclass(frozen=True, slots=True)
class LeaseHolder:
    """A worker that has a connection to the destination, or is about to make one."""

    process: str
    leased_at: float
    recipients: int


@dataclass(frozen=True, slots=True)
class DestinationState:
    """
    What leases and orders have left in the row of a destination.

    Shape: suspended_by is the author of the order, None if there was none; leases has who holds the connections.
    """

    destination: str
    lease_limit: int
    max_leases: int
    lease_window: int
    is_failing: bool
    breaker_until: float | None
    openings: int
    last_failure: str | None
    suspended_until: float | None
    suspended_reason: str | None
    token_at: float | None
    exchangers: str | None
    waiting: int
    due: int
    next_retry_at: float | None
    held: int
    suspended_by: str | None = None
    leases: list[LeaseHolder] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """One answer of the DNS that the workers share. Shape: answer is a JSON array of records."""

    name: str
    type: str
    status: str
    answer: str
    alias_of: str
    dnssec: str | None
    asked_at: float
    expires_at: float
    failure: str | None


@dataclass(frozen=True, slots=True)
class BucketState:
    """A token bucket that is not full. Shape: token_at is None while it has tokens."""

    name: str
    full_at: float
    token_at: float | None


@dataclass(frozen=True, slots=True)
class SuppressedBy:
    """The row that suppresses an address. Shape: expires_at is None where it does not end."""

    address: str
    source: str
    reason: str | None
    created_at: float
    expires_at: float | None


def waiting_of(selects: Selects, reference: Reference) -> list[Waiting]:
    """The live recipients of a message, or the one that is named, up to MOST_SHOWN."""
    ulid = message_of(selects, reference)
    keys = {"ulid": ulid, "recipient_id": reference.recipient_id, "limit": MOST_SHOWN}
    return _waiting(selects, "explain.of_message", keys)


def waiting_for_address(selects: Selects, address: str) -> list[Waiting]:
    """The live recipients with this address in text form, in any case, the oldest first, up to MOST_SHOWN."""
    return _waiting(selects, "explain.of_address", {"recipient": address, "limit": MOST_SHOWN})


def waiting_at(selects: Selects, destination: str, domain: str | None) -> list[Waiting]:
    """
    The live recipients of a destination, or only those in *domain*, up to MOST_SHOWN: those under way, those that wait,
    in the order in which a lease takes them, and those on hold.
    """
    keys = {"destination": destination, "domain": domain, "limit": MOST_SHOWN}
    return _waiting(selects, "explain.of_destination", keys)


def settled_of(selects: Selects, reference: Reference) -> list[Settled]:
    """The recipients of a message that met their end, or the one that is named, up to MOST_SHOWN."""
    ulid = message_of(selects, reference)
    keys = {"ulid": ulid, "recipient_id": reference.recipient_id, "limit": MOST_SHOWN}
    return [Settled(*row) for row in selects.rows("explain.final", keys)]


def message_of(selects: Selects, reference: Reference) -> str | None:
    """Queue id of the message that is meant; None if there is no such row."""
    if reference.queue_id is not None:
        return str(reference.queue_id)
    found: str | None = selects.value("explain.message_of", {"recipient_id": reference.recipient_id})
    return found


def sent_by(selects: Selects, ulid: str) -> SentBy | None:
    """What the route of a message may depend on; None if there is no such message."""
    found = selects.rows("explain.sent_by", {"ulid": ulid})
    return SentBy(*found[0]) if found else None


def state_of(selects: Selects, destination: str, now: float) -> DestinationState | None:
    """The state of a destination at *now*; None if no mail went there, or it is forgotten."""
    found = list(selects.records("explain.destination", {"destination": destination, "now": now}))
    if not found:
        return None
    [row] = found
    until = row["suspended_until"]
    author = selects.value("explain.suspended_by", {"destination": destination}) if until and until > now else None
    holders = selects.rows("explain.leases", {"destination": destination, "limit": MOST_SHOWN})
    return DestinationState(**row, suspended_by=author, leases=[LeaseHolder(*each) for each in holders])


def answers_about(selects: Selects, names: Sequence[str]) -> list[KnownAnswer]:
    """What the DNS cache has of *names*."""
    return [KnownAnswer(*row) for row in selects.rows("explain.answers", {"names": list(names)})]


def buckets_of(selects: Selects, names: Sequence[str]) -> list[BucketState]:
    """Those of the token buckets *names* that are not full, or have been so."""
    return [BucketState(*row) for row in selects.rows("explain.buckets", {"names": list(names)})]


def suppressed_by(selects: Selects, address: str, now: float) -> SuppressedBy | None:
    """The row that suppresses *address* at *now*, the most exact one; None if none does."""
    found = selects.rows("explain.suppression", {"keys": list(keys_of(address)), "now": now})
    return SuppressedBy(*found[0]) if found else None


def _waiting(selects: Selects, name: str, keys: dict[str, Any]) -> list[Waiting]:
    found = [
        Waiting.of(row, [LastAttempt(*each) for each in selects.rows("explain.attempts", _attempts_of(row))])
        for row in selects.records(name, keys)
    ]
    holds = holds_in_force(selects, time.time())
    return [_with_hold(selects, holds, each) for each in found] if holds else found


def _with_hold(selects: Selects, holds: HoldBook, each: Waiting) -> Waiting:
    """The view does not know which rule, nor networks of clients."""
    number = each.recipient_id
    rule = held_of(selects, holds, after=number - 1, last=number).get(number)
    return each if rule is None else replace(each, next_attempt=f"is held by {rule.words}")


def _attempts_of(row: dict[str, Any]) -> dict[str, Any]:
    return {"recipient_id": row["recipient_id"], "limit": _MOST_ATTEMPTS}
