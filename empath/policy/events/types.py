"""
types - the types of events, and the members that each has beyond those of all

docs/events.md is generated from these tables. sql/sqlite/schema.sql has the same types, and triggers that write the
members.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from empath.mail.status import RecipientStatus

VERSION: Final = 1  # of the JSON form; a member may be added without a new one

# Members that every event has; those that do not apply are left out, but for the first four.
COMMON: Final[Mapping[str, str]] = {
    "version": "version of this form, 1; members may be added without a new version",
    "id": "number of the event, in the order of the commits; the same each time it is sent",
    "at": "instant of the fact, RFC 3339 in UTC",
    "type": "what happened, as below",
    "queue_id": "queue id (ULID) of the message",
    "recipient_id": "number of the recipient",
    "sender": "reverse-path; empty for the null one",
    "recipient": "forward-path; of a suppression, the address or @domain",
    "account": "account by which the client logged in",
    "destination": "queue key: next hop or domain",
}

# What members of types mean.
MEMBERS: Final[Mapping[str, str]] = {
    "size": "octets of the message",
    "listener": "address of the listener; `report` for a report of Empath's own",
    "client_address": "IP address of the client",
    "client_name": "name that it gave in HELO or EHLO",
    "message_id": "Message-ID field",
    "subject": "Subject field, not decoded, at most 200 characters",
    "original": "forward-path as the client gave it, if it is another one",
    "envelope_id": "ENVID of MAIL",
    "attempts": "number of settled attempts",
    "host": "name of the host",
    "peer_address": "its address and port",
    "stage": "stage of the dialogue, such as `rcpt`",
    "code": "reply code of the host",
    "enhanced": "enhanced status code",
    "reply": "the reply",
    "class": "kind of the failure, as in the view `attempt`",
    "duration": "length of the attempt in seconds",
    "source": "address of [sources] that the connection went out from",
    "tls_version": "version of TLS",
    "tls_cipher": "cipher suite of TLS",
    "next_retry_unix": "earliest instant of the next attempt, Unix seconds",
    "reason": "why, in words",
    "was": "status before",
    "report": "kind of the report: `failure`, `delay` or `success`",
    "report_id": "queue id of the report; left out where it went into a digest, or was discarded",
    "action": "what a report of success says",
    "status": "status of the recipient",
    "by": "`bounce`, or who added it",
    "expires_unix": "instant at which it ends, Unix seconds",
    "audit_id": "number of the row in the view `audit`",
    "who": "author of the change, as in the view `audit`",
    "what": "what was changed, or the verb",
    "object": "the row of another view that changed",
    "before": "value before",
    "after": "value after",
    "times": "number of refusals that were the same within a second",
    "rule": "rule that refused, as in the view `refusal`",
    "first_id": "number of the first event that is missing",
    "last_id": "number of the last one",
}


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event; members are the keys that its `detail` may have."""

    name: str
    text: str
    members: tuple[str, ...] = ()


_ARRIVAL: Final = ("size", "listener", "client_address", "message_id", "subject", "original", "envelope_id")
_ATTEMPT: Final = (
    *("attempts", "host", "peer_address", "stage", "code", "enhanced", "reply", "class", "duration", "source"),
    *("tls_version", "tls_cipher"),
)
_ORDER: Final = ("reason", "was", "attempts", "reply")
_EITHER: Final = tuple(dict.fromkeys((*_ATTEMPT, *_ORDER)))

TYPES: Final = (
    EventType("accepted", "a message was accepted, one event for each recipient", _ARRIVAL),
    EventType("expanded", "an address was accepted whose mail goes to the targets of its alias", _ARRIVAL),
    EventType(RecipientStatus.DELIVERED.value, "the next hop took the mail", _ATTEMPT),
    EventType(RecipientStatus.DEFERRED.value, "an attempt failed for now", (*_ATTEMPT, "next_retry_unix")),
    EventType(RecipientStatus.BOUNCED.value, "the mail failed for good, by a reply or by an order", _EITHER),
    EventType(RecipientStatus.EXPIRED.value, "the lifetime ended, or an order ended it", _EITHER),
    EventType(RecipientStatus.HELD.value, "an order, a rule or repeated faults hold the mail", _ORDER),
    EventType("released", "an order let held mail go", _ORDER),
    EventType(RecipientStatus.CANCELLED.value, "an order cancelled the mail", _ORDER),
    EventType("revived", "an order queued bounced or cancelled mail again", _ORDER),
    EventType("lost", "a process died during an attempt: the mail may be delivered twice", _ATTEMPT),
    EventType("maybe_delivered", "a late reply of a host that took the mail: it may be delivered twice", _ATTEMPT),
    EventType("reported", "a report was sent, or discarded", ("report", "action", "status", "report_id")),
    EventType("suppressed", "an address gets no more mail", ("by", "reason", "class", "expires_unix")),
    EventType("unsuppressed", "an address gets mail again", ("by", "reason", "class")),
    EventType(
        "refused",
        "a client was turned away",
        ("times", "listener", "client_address", "client_name", "stage", "rule", "reply"),
    ),
    EventType(
        "audited",
        "a row came into the audit; only for consumers that name this type",
        ("audit_id", "who", "what", "object", "before", "after"),
    ),
)
# A consumer gets these only if it names them: they tell of the work of operators, and not of mail.
ASKED_FOR: Final = frozenset({"audited"})
NAMES: Final = tuple(each.name for each in TYPES)

# Made for a consumer when it is sent, and in no row.
GAP: Final = EventType(
    "gap", "events ended before this consumer took them; its id is that of the last of them", ("first_id", "last_id")
)
