"""
order_trail - the audit row and the notice of an order that was carried out

An order for a leased recipient is stored with the recipient, and carried out when the lease ends for that recipient: by
a settle, the end of the lease, or the end of its process.  All three record it here.
"""

from empath.mail.status import RecipientStatus
from empath.message.report.facts import ReportKind
from empath.policy.bounce import TOLD_OF, wants_notice
from empath.storage.engine import Session

_STATUS = "status"  # name of the changed column in the audit row of such an order


def record_order(
    session: Session, recipient_id: int, what: str, before: str | float | None, after: str | float | None
) -> None:
    """Write the result of an order into the audit."""
    row = {"recipient_id": recipient_id, "what": what, "before": before, "after": after}
    session.run("order_trail.record_order", row)


def finish_order(session: Session, recipient_id: int, status: str, *, now: float) -> None:
    """Write the evidence and the obligation to report for an order that set *status* without an attempt."""
    record_order(session, recipient_id, _STATUS, RecipientStatus.LEASED, status)
    insert_ordered_notice(session, recipient_id, status, now=now)


def insert_ordered_notice(session: Session, recipient_id: int, status: str, *, now: float) -> None:
    """Write the obligation to report a *status* that was ordered, where it is a failure and NOTIFY= allows a report."""
    if status in TOLD_OF[ReportKind.FAILURE]:
        [(message_id, notify)] = session.rows("order_trail.notify", {"recipient_id": recipient_id})
        if wants_notice(notify, ReportKind.FAILURE):
            notice = {"message_id": message_id, "recipient_id": recipient_id, "now": now}
            session.run("order_trail.insert_notice", notice)
