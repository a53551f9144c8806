"""tracking - live and past mail together: which recipients there are, and what happened to a message"""

from dataclasses import dataclass
from typing import Final

from empath.storage.admin.records import Reference
from empath.storage.admin.selection import Selection, probe
from empath.storage.engine import PublicView, Selects, Visit

_VIEWS: Final[tuple[tuple[PublicView, str], ...]] = (
    ("queue", "selection.find_live"),
    ("history", "selection.find_past"),
)
MOST_RECIPIENTS: Final = 100


@dataclass(frozen=True, slots=True)
class Found:
    """One recipient with any status; words is the reply or the reason."""

    recipient_id: int
    id: str
    status: str
    received_at: float
    sender: str
    recipient: str
    destination: str
    attempts: int
    words: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a message; recipient is None where it concerns all of them."""

    event_at: float
    recipient: str | None
    what: str
    words: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a recipient stands; blocked_by, rule and blocked_until are as in the view explanation."""

    recipient_id: int
    recipient: str
    status: str
    blocked_by: str | None
    rule: str | None
    blocked_until: float | None


def find(visit: Visit, selection: Selection, limit: int) -> list[Found]:
    """
    Up to *limit* recipients of *selection*, live or not, the newest first.

    Raises:
        UsageError: the selection's SQL is not an expression over both views, or does not only read.
    """
    rows = []
    for view, name in _VIEWS:
        probe(visit, view, selection)
        rows += visit.rows_where(name, selection.condition(view), {"limit": limit})
    found = [Found(*row) for row in rows]
    return sorted(found, key=lambda each: -each.recipient_id)[:limit]


def trace_id(selects: Selects, reference: Reference) -> str | None:
    """The id of the trace of a message, or of that of a recipient; None where it is in none."""
    by = "admin.message_by_ulid" if reference.recipient_id is None else "admin.message_by_recipient"
    found: str | None = selects.value("tracing.trace_id", {"message_id": selects.value(by, reference.keys)})
    return found


def events(visit: Visit, reference: Reference) -> tuple[list[Event], list[Standing]] | None:
    """What happened to a message, and how its recipients stand; None if there is no such row."""
    by = "admin.message_by_ulid" if reference.recipient_id is None else "admin.message_by_recipient"
    message_id = visit.value(by, reference.keys)
    if message_id is None:
        return None
    found = [Event(*row) for row in visit.rows("track.events", {"message_id": message_id})]
    standing = visit.rows("track.now", {"message_id": message_id, "limit": MOST_RECIPIENTS})
    return found, [Standing(*row) for row in standing]
