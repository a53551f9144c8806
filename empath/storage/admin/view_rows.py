"""
view_rows - pages of the rows of public views, by key

A page begins behind the last key of the page before, so that a page costs the same wherever it is, and rows that come
or go meanwhile shift nothing. Filters are equalities of columns that must all hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from empath.storage.admin.records import AttemptRow
from empath.storage.engine import Condition, PublicView, Visit


@dataclass(frozen=True, slots=True)
class AttemptOfView(AttemptRow):
    """One row of the view `attempt`: an attempt, and whose it is."""

    id: str
    recipient_id: int
    recipient: str


@dataclass(frozen=True, slots=True)
class FinalRecipient:
    """One row of the view `history`."""

    recipient_id: int
    id: str
    status: str
    sender: str
    recipient: str
    domain: str
    destination: str
    attempts: int
    last_reply: str | None
    reason: str | None
    bounce_class: str | None
    settled_at: float | None
    received_at: float
    size_octets: int
    is_content_kept: bool


@dataclass(frozen=True, slots=True)
class DestinationOfView:
    """One row of the view `destination`."""

    destination: str
    max_leases: int
    lease_limit: int
    leases: int
    is_failing: bool
    due_at: float | None
    ready_at: float | None
    breaker_until: float | None
    suspended_until: float | None
    suspended_reason: str | None
    last_failure: str | None
    exchangers: str | None
    blocked_by: str | None


@dataclass(frozen=True, slots=True)
class AuditOfView:
    """One row of the view `audit`."""

    audit_id: int
    changed_at: float
    who: str
    what: str
    before: Any
    after: Any
    id: str | None
    recipient_id: int | None
    recipient: str | None
    destination: str | None
    object: str | None
    statement: str | None


def _page(
    visit: Visit, view: PublicView, filters: Mapping[str, Any], after: int | str, limit: int
) -> list[tuple[Any, ...]]:
    given = {name: value for name, value in filters.items() if value is not None}
    condition = Condition(view, tuple(f"condition_{name}" for name in given), given)
    return visit.rows_where(f"view_rows.{view}", condition, {"after": after, "limit": limit})


def attempt_page(visit: Visit, filters: Mapping[str, Any], *, after: int, limit: int) -> list[AttemptOfView]:
    """Up to *limit* attempts numbered above *after*; filters: id, recipient_id, destination, outcome."""
    return [AttemptOfView(*row) for row in _page(visit, "attempt", filters, after, limit)]


def history_page(visit: Visit, filters: Mapping[str, Any], *, after: int, limit: int) -> list[FinalRecipient]:
    """Up to *limit* recipients with a final status; filters: id, domain, sender, recipient, status, destination."""
    return [FinalRecipient(*row) for row in _page(visit, "history", filters, after, limit)]


def destination_page(visit: Visit, *, after: str, limit: int) -> list[DestinationOfView]:
    """Up to *limit* destinations whose names come behind *after*."""
    return [DestinationOfView(*row) for row in _page(visit, "destination", {}, after, limit)]


def audit_page(visit: Visit, filters: Mapping[str, Any], *, after: int, limit: int) -> list[AuditOfView]:
    """Up to *limit* rows of the audit numbered above *after*; filters: id, recipient_id, who, what, object."""
    return [AuditOfView(*row) for row in _page(visit, "audit", filters, after, limit)]
