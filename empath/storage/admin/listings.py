"""
listings - pages of the public views, each with the SELECT that shows a person the same rows

A page ends after a number of rows, and the next one begins after the last of them: by its key, and never by counting.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from empath.storage.admin.selection import Selection
from empath.storage.admin.tracking import check_words, wanted, with_past
from empath.storage.engine import Row, Visit
from empath.storage.past_mail import PastMail

PAGE_ROWS: Final = 50
_FIRST_ID, _LAST_ID = "", "~"  # below and above every queue id and every name
_LAST_NUMBER: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Listing:
    """
    One page.

    Shape: each of rows has the keys of columns; sql is the SELECT that gave them; next_key is the value of the first
    column at which the next page begins, or None if this page is the last.
    """

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    sql: str
    next_key: str | None = None


@dataclass(frozen=True, slots=True)
class _View:
    """How pages of one view follow each other; key is the parameter of the statement, None where there is one page."""

    statement: str
    key: str | None = None
    first: str | int = 0


_VIEWS: Final[Mapping[str, _View]] = {
    "messages": _View("console.messages", "before", _LAST_ID),
    "destinations": _View("console.destinations", "after", _FIRST_ID),
    "stuck": _View("console.stuck"),
    "refusals": _View("console.refusals", "before", _LAST_NUMBER),
    "sessions": _View("console.sessions"),
    "processes": _View("console.processes"),
    "events": _View("console.events", "before", _LAST_NUMBER),
    "audit": _View("console.audit", "before", _LAST_NUMBER),
}
_MOST_CHANGES: Final = 1000
_MOST_WORDS: Final = 20


def list_view(visit: Visit, name: str, key: str | None) -> Listing:
    """The page of *name*, one of `_VIEWS`, that begins beyond *key*."""
    view = _VIEWS[name]
    bindings: dict[str, Any] = {"limit": PAGE_ROWS}
    if view.key is not None:
        bindings[view.key] = view.first if key is None else _of_kind(view.first, key)
    rows = list(visit.records(view.statement, bindings))
    return _listing(rows, visit.text_of(view.statement, bindings), has_pages=view.key is not None)


def list_queue(visit: Visit, selection: Selection, key: str | None) -> Listing:
    """The page of the live recipients of *selection* that begins beyond *key*."""
    bindings = {"after": _of_kind(0, key or "0"), "limit": PAGE_ROWS}
    condition = selection.condition("queue")
    rows = [
        dict(zip(_QUEUE, row, strict=True)) for row in visit.rows_where("selection.rows_of_queue", condition, bindings)
    ]
    return _listing(rows, visit.text_of("selection.rows_of_queue", bindings, condition), columns=_QUEUE)


_QUEUE: Final = (
    *("recipient_id", "status", "sender", "recipient", "destination"),
    *("attempts", "next_retry_at", "blocked_by", "why"),
)


def list_mail_to(visit: Visit, address: str) -> Listing:
    """The last recipients *address*, live or not, the newest first."""
    bindings = {"address": address, "limit": PAGE_ROWS}
    rows = list(visit.records("console.mail_to", bindings))
    return _listing(rows, visit.text_of("console.mail_to", bindings), has_pages=False)


def list_found(visit: Visit, past: PastMail, text: str) -> Listing:
    """
    The last recipients of mail with all the words of *text*, also of mail that only the index *past* remembers.

    Raises:
        UsageError: *text* has no word.
        QueueBusy, UnusableQueue, StorageFailure: the index cannot be read.
    """
    words = tuple(text.split()[:_MOST_WORDS])
    check_words(words)
    asked = wanted(Selection(), words)
    rows = [
        {
            "id": each.id,
            "status": each.status,
            "recipient": each.recipient,
            "sender": each.sender,
            "received_at": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(each.received_at)),
            "destination": each.destination,
            "last_reply": each.words,
            "recipient_id": each.recipient_id,
        }
        for each in with_past(visit, past.find(asked, PAGE_ROWS), Selection(), words, PAGE_ROWS)
    ]
    return _listing(rows, past.text_of(asked, PAGE_ROWS), has_pages=False)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a recipient is not delivered now: the columns of the view `explanation`, until_unix in Unix seconds."""

    blocked_by: str | None
    until_unix: float | None
    rule: str | None
    next_attempt: str | None


def reason_of(visit: Visit, recipient_id: int) -> Reason | None:
    """What keeps a recipient from being delivered now; None if it is not live."""
    found = visit.rows("console.explanation", {"recipient_id": recipient_id})
    return Reason(*found[0]) if found else None


def judgement_of(visit: Visit, queue_id: str) -> dict[str, Any]:
    """Who vouches for a message, by column of the view `authentication`; empty if it was not judged."""
    return next(iter(visit.records("console.judgement", {"id": queue_id})), {})


def changes_of(visit: Visit, recipient_id: int) -> list[Row]:
    """What people and programs changed of a recipient, oldest first: instant, who, what, before, after."""
    return visit.rows("console.message_audit", {"recipient_id": recipient_id, "limit": _MOST_CHANGES})


def _listing(rows: list[dict[str, Any]], sql: str, *, columns: tuple[str, ...] = (), has_pages: bool = True) -> Listing:
    names = columns or (tuple(rows[0]) if rows else ())
    next_key = str(rows[-1][names[0]]) if has_pages and len(rows) == PAGE_ROWS else None
    return Listing(names, rows, sql, next_key)


def _of_kind(first: str | int, key: str) -> str | int:
    if isinstance(first, str):
        return key
    return min(int(key), _LAST_NUMBER) if key.isascii() and key.isdigit() and len(key) < 20 else first
