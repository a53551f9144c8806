"""past - the live mail of an earlier instant"""

from dataclasses import dataclass

from empath.storage.admin.records import LiveRecipient
from empath.storage.admin.selection import Selection
from empath.storage.engine import Visit


@dataclass(frozen=True, slots=True)
class Past:
    """What was live then; gone counts recipients that were accepted up to then and are no longer recorded."""

    recipients: list[LiveRecipient]
    gone: int


def list_past(visit: Visit, selection: Selection, *, at: float, after: int, limit: int) -> Past:
    """
    Up to *limit* recipients of *selection* above *after* that were live at *at*, in Unix seconds.

    *selection* has no SQL of a person. ordered, reason, suspended_until and blocked_by of the recipients are None.
    """
    condition = selection.condition("queue")
    rows = visit.rows_where("queue_at.list", condition, {"at": at, "after": after, "limit": limit})
    return Past([LiveRecipient(*row) for row in rows], int(visit.value("queue_at.gone", {"at": at})))
