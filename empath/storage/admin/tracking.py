"""
tracking - live and past mail together: which recipients there are, and what happened to a message

What the queue has is found there. The index of past mail adds what the queue has forgotten, and finds words. It may be
some seconds late, so that a recipient that the queue has is always shown as the queue has it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from empath.errors import UsageError
from empath.storage.admin.records import Reference
from empath.storage.admin.selection import Selection, named, probe
from empath.storage.engine import PublicView, Selects, Visit
from empath.storage.past_mail import PastEntry, PastMail, Wanted

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


def is_asked_of_index(selection: Selection) -> bool:
    """Whether the index can tell where the conditions hold: it has no class, and no SQL of a person runs on it."""
    return selection.where is None and selection.bounce_class is None and not selection.references


def check_words(words: Sequence[str]) -> None:
    """
    Check that there is something to look for in *words*.

    Raises:
        UsageError: none of them has a letter or a digit, so that all mail would be found.
    """
    if not any(character.isalnum() for word in words for character in word):
        raise UsageError("a word has a letter or a digit")


def with_past(
    visit: Visit, remembered: Sequence[PastEntry], selection: Selection, words: tuple[str, ...], limit: int
) -> list[Found]:
    """
    The same as `find`, with what only the index knows of what it has *remembered*; with *words* no more than that.

    Raises:
        UsageError: see `find`.
    """
    references = tuple(Reference(None, entry.recipient_id) for entry in remembered)
    known = set(named(visit, references)[0]) if references else set()
    if words:
        of_queue = tuple(each for each in references if each.recipient_id in known)
        found = find(visit, replace(selection, references=of_queue), limit) if of_queue else []
    else:
        found = find(visit, selection, limit)
    gone = [_found(entry) for entry in remembered if entry.recipient_id not in known]
    return sorted([*found, *gone], key=lambda each: -each.recipient_id)[:limit]


def past_events(past: PastMail, reference: Reference) -> tuple[list[Event], list[Standing]] | None:
    """
    What *past* remembers of a message that the queue has forgotten; None: nothing.

    Raises:
        QueueBusy, UnusableQueue, StorageFailure: the index cannot be read.
    """
    remembered = past.find(wanted(Selection(), (str(reference),)), MOST_RECIPIENTS)
    entries = [entry for entry in remembered if entry.id == str(reference.queue_id)]
    if not entries:
        return None
    entries.reverse()
    first = entries[0]
    found = [Event(first.received_at, None, "accepted", f"from {first.client or 'this host'}")]
    for each in entries:
        words = ": ".join(text for text in (each.host, each.last_reply or each.reason) if text)
        found.append(Event(each.settled_at or each.received_at, each.recipient, each.status, words or "-"))
    standing = [Standing(each.recipient_id, each.recipient, each.status, None, None, None) for each in entries]
    return sorted(found, key=lambda event: event.event_at), standing


def wanted(selection: Selection, words: tuple[str, ...]) -> Wanted:
    """What the index is asked for."""
    return Wanted(
        words=words,
        domain=selection.domain,
        sender=selection.sender,
        recipient=selection.recipient,
        status=selection.status,
        destination=selection.destination,
        received_after=selection.received_after,
        received_before=selection.received_before,
        reply=selection.reply,
        subject=selection.subject,
        message_id=selection.message_id,
    )


def _found(entry: PastEntry) -> Found:
    return Found(
        entry.recipient_id,
        entry.id,
        entry.status,
        entry.received_at,
        entry.sender,
        entry.recipient,
        entry.destination,
        entry.attempts,
        entry.last_reply or entry.reason,
    )


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
