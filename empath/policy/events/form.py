"""
form - an event, and its JSON form
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from empath.policy.events.types import GAP, VERSION


class Event(NamedTuple):
    """One event. Shape: as the columns of the view `event`; detail is a JSON object."""

    event_id: int
    at: float
    type: str
    queue_id: str | None = None
    recipient_id: int | None = None
    sender: str | None = None
    recipient: str | None = None
    account: str | None = None
    destination: str | None = None
    detail: Mapping[str, Any] = {}


def gap(first_id: int, last_id: int, at: float) -> Event:
    """The event that says that those from *first_id* to *last_id* are gone."""
    return Event(last_id, at, GAP.name, detail={"first_id": first_id, "last_id": last_id})


def record_of(event: Event) -> dict[str, Any]:
    """The members of its JSON form; those that do not apply are left out."""
    at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record: dict[str, Any] = {"version": VERSION, "id": event.event_id, "at": at, "type": event.type}
    for name in ("queue_id", "recipient_id", "sender", "recipient", "account", "destination"):
        value = getattr(event, name)
        if value is not None:
            record[name] = value
    return record | dict(event.detail)
