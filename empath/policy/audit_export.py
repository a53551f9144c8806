"""
audit_export - a row of the audit as a structured event: who did what to which thing, with which result
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from empath.policy.redaction import Kind, Redaction

VERSION: Final = 1  # of the form; a member may be added without a new one
DONE: Final = "done"
# Rows that tell of something that was not done.
_RESULTS: Final[Mapping[str, str]] = {"token refused": "refused", "order came too late": "too late"}


class AuditEntry(NamedTuple):
    """One row. Shape: as the columns of the view `audit`; at in Unix seconds."""

    audit_id: int
    at: float
    who: str
    engine_version: str
    recipient_id: int | None
    destination: str | None
    what: str
    before: str | float | bytes | None
    after: str | float | bytes | None
    queue_id: str | None
    recipient: str | None
    object: str | None


def record_of(entry: AuditEntry, redaction: Redaction) -> dict[str, Any]:
    """
    The members of its JSON form, redacted.

    Shape: version, id, at (RFC 3339, UTC), actor, action, result, resource, before, after and metadata; resource has
    those of type, queue_id, recipient_id, recipient, destination and object that apply.
    """
    resource = {
        "type": _type_of(entry),
        "queue_id": entry.queue_id,
        "recipient_id": entry.recipient_id,
        "recipient": _left(redaction, Kind.ADDRESS, entry.recipient),
        "destination": entry.destination,
        "object": _left(redaction, Kind.TEXT, entry.object),
    }
    return {
        "version": VERSION,
        "id": entry.audit_id,
        "at": written_at(entry),
        "actor": entry.who,
        "action": entry.what,
        "result": result_of(entry.what),
        "resource": {name: value for name, value in resource.items() if value is not None},
        "before": _left(redaction, Kind.TEXT, entry.before),
        "after": _left(redaction, Kind.TEXT, entry.after),
        "metadata": {"engine_version": entry.engine_version},
    }


def result_of(action: str) -> str:
    """What came of the action in a row of the audit."""
    return _RESULTS.get(action, DONE)


def written_at(entry: AuditEntry) -> str:
    """When it was, as RFC 3339 writes it."""
    return datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _type_of(entry: AuditEntry) -> str:
    if entry.recipient_id is not None:
        return "recipient"
    if entry.queue_id is not None:
        return "message"
    if entry.destination is not None:
        return "destination"
    return "service" if entry.object is None else "object"


def _left(redaction: Redaction, kind: Kind, value: str | float | bytes | None) -> str | float | None:
    if isinstance(value, bytes):
        return value.hex()
    return redaction.left(kind, value) if isinstance(value, str) else value
