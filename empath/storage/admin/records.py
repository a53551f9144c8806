"""
records - the records of an answer about the queue

The fields have the names of the columns of the view `queue`, and are the keys of the JSON that empath-admin prints: to
rename one changes a public interface.  Instants are Unix seconds and end in `_at` or `_until`; sizes end in `_octets`,
durations in `_s`.  `suspended_until` is None unless the destination is suspended.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum

from empath.errors import SyntaxViolation
from empath.mail.identity import QueueId
from empath.storage.admin.pauses import Pauses

_MAX_ROWID = 2**63 - 1
_SHORT = re.compile(r"(?=\d*[a-z])[0-7][0-9a-hjkmnp-tv-z]{5,24}", re.IGNORECASE | re.ASCII)  # the digits of a ULID


@dataclass(frozen=True, slots=True)
class Reference:
    """
    How a person names rows: the queue id of a message or its first characters, or the number of one recipient.

    Shape: exactly one of the three is given. first is in upper case; short_ids.py finds the whole id.
    """

    queue_id: QueueId | None
    recipient_id: int | None
    first: str | None = None

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """
        Read 26 characters as a ULID in either case, six or more as its first ones, digits as a recipient's number.

        Raises:
            SyntaxViolation: neither.
        """
        if text.isascii() and text.isdigit() and len(text) < 20 and 0 < int(text) <= _MAX_ROWID:
            return cls(None, int(text))
        if _SHORT.fullmatch(text):
            return cls(None, None, text.upper())
        try:
            return cls(QueueId.parse(text), None)
        except SyntaxViolation as exc:
            hint = "; `empath-admin find --recipient ADDRESS` finds it by its address" if "@" in text else ""
            raise SyntaxViolation(
                f"{text!r} is neither a queue id of 26 characters nor a recipient's number{hint}"
            ) from exc

    def __str__(self) -> str:
        return str(self.queue_id or self.recipient_id or self.first)

    @property
    def keys(self) -> dict[str, str | int | None]:
        """Values for the statements that take either kind of reference."""
        return {"ulid": str(self.queue_id) if self.queue_id else None, "recipient_id": self.recipient_id}


@dataclass(frozen=True, slots=True)
class LiveRecipient:
    """One row of the view `queue`; `ordered` is an order that waits for the end of the lease."""

    recipient_id: int
    id: str
    status: str
    ordered: str | None
    priority: int
    attempts: int
    next_retry_at: float
    expires_at: float
    received_at: float
    sender: str
    recipient: str
    domain: str
    destination: str
    size_octets: int
    last_reply: str | None
    reason: str | None
    suspended_until: float | None
    blocked_by: str | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One attempt at one host for one recipient, with the reply that ended it; `reply` is escaped already."""

    attempt_id: int
    started_at: float
    duration_s: float
    connect_s: float | None
    destination: str
    host: str | None
    peer_address: str | None
    stage: str
    code: int | None
    enhanced: str | None
    reply: str
    tls_policy: str | None
    tls_version: str | None
    tls_cipher: str | None
    tls_peer: str | None
    tls_failure: str | None
    dnssec: str | None
    source: str | None
    outcome: str
    decided_status: str
    decided_next_retry_at: float | None
    bounce_class: str | None


@dataclass(frozen=True, slots=True)
class Recipient:
    """
    One recipient with any status; next_retry_at and expires_at mean something only while it is live. sent_as is the
    reverse-path that its next host gets in place of the sender, if it is another one; feedback is what was reported of
    it last.
    """

    recipient_id: int
    recipient: str
    original: str
    domain: str
    destination: str
    status: str
    ordered: str | None
    priority: int
    attempts: int
    next_retry_at: float
    expires_at: float
    lost_leases: int
    notify: str | None
    original_recipient: str | None
    last_reply: str | None
    reason: str | None
    settled_at: float | None
    suspended_until: float | None
    sent_as: str | None
    feedback: str | None
    blocked_by: str | None
    attempt_log: list[AttemptRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Message:
    """
    One message. recipient_count counts all its recipients, `recipients` has those that were asked for.

    Shape: content_locator is `inline`, `spool:…`, or None where the content was removed; sender is empty for null.
    """

    id: str
    node: str
    sender: str
    size_octets: int
    digest: str
    received_at: float
    body_type: str
    is_smtputf8: bool
    dsn_return: str | None
    envelope_id: str | None
    listener: str
    client_address: str
    client_name: str
    account: str | None
    tls_version: str | None
    tls_cipher: str | None
    header_message_id: str | None
    subject: str | None
    content_locator: str | None
    recipient_count: int
    recipients: list[Recipient] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Account:
    """One account that may submit mail; has_password is False where another back end proves who it is."""

    name: str
    status: str
    senders: str
    message_rate: str | None
    recipient_rate: str | None
    has_password: bool
    created_at: float
    password_set_at: float | None
    last_used_at: float | None
    last_client: str | None


@dataclass(frozen=True, slots=True)
class DkimKey:
    """
    One key that signs mail, without its private part.

    Shape: state is waiting, signing or retired, since since_at; record is the text of its record in the DNS.
    """

    domain: str
    selector: str
    algorithm: str
    state: str
    since_at: float
    record: str


@dataclass(frozen=True, slots=True)
class Token:
    """One token for the HTTP API; networks is empty for one of any client."""

    name: str
    role: str
    networks: str
    created_at: float
    expires_at: float | None
    last_used_at: float | None
    last_client: str | None
    account: str | None


@dataclass(frozen=True, slots=True)
class Alias:
    """One target of an alias."""

    pattern: str
    target: str


@dataclass(frozen=True, slots=True)
class DestinationLoad:
    """Live recipients of one destination; is_failing tells that its last attempt reached no host."""

    destination: str
    live: int
    queued: int
    deferred: int
    leased: int
    held: int
    is_failing: bool
    suspended_until: float | None
    blocked_by: str | None


@dataclass(frozen=True, slots=True)
class ClassLoad:
    """Attempts on record of one class of failure: how many, for how many recipients, and with which outcomes."""

    bounce_class: str
    attempts: int
    recipients: int
    destinations: int
    deferred: int
    bounced: int
    expired: int
    next_host: int
    last_at: float


@dataclass(frozen=True, slots=True)
class Stats:
    """
    The queue in numbers.

    Shape: pauses has frozen_since and the suspended destinations; recipients has every status; messages, size_octets
    and oldest_received_at are of messages with a live recipient; destination_count counts those with one,
    top_destinations has the busiest first.
    """

    pauses: Pauses
    messages: int
    size_octets: int
    oldest_received_at: float | None
    recipients: dict[str, int]
    destination_count: int
    top_destinations: list[DestinationLoad]


class Effect(StrEnum):
    """What an order did to one recipient; all but the first two mean that nothing changed."""

    CHANGED = "changed"
    ORDERED = "ordered"  # it is leased: a worker carries it out when the delivery under way ends
    DONE_ALREADY = "done_already"
    BEING_DELIVERED = "being_delivered"
    HELD = "held"
    NOT_HELD = "not_held"
    FINAL = "final"
    LIVE = "live"
    BOUNCED = "bounced"
    CONTENT_REMOVED = "content_removed"


@dataclass(frozen=True, slots=True)
class State:
    """What an order can change of a recipient; the ordered values wait for the end of its lease."""

    status: str
    ordered: str | None
    next_retry_at: float
    ordered_next_retry_at: float | None


@dataclass(frozen=True, slots=True)
class Change:
    """One recipient that an order was about, before and after it."""

    recipient_id: int
    id: str
    recipient: str
    destination: str
    suspended_until: float | None
    effect: Effect
    before: State
    after: State


@dataclass(frozen=True, slots=True)
class Beat:
    """The last sign of life of one process that has not ended."""

    slot: str
    pid: int
    beat_at: float


@dataclass(frozen=True, slots=True)
class ProcessRun:
    """One run of one process; ended_at is None while it lives. The instants are of its own clock."""

    process_id: int
    slot: str
    generation: int
    node: str
    instance: str
    pid: int
    started_at: float
    beat: int
    beat_at: float
    ended_at: float | None
    leases: int
    version: str
    engine_version: str
