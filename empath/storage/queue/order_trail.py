"""
order_trail - the audit row and the notice of an order that was carried out

An order for a leased recipient is noted, and carried out when the lease lets go of it: by a settle, a lease that ends,
or the end of a process.  All three record it here.
"""

import apsw

from empath.mail.status import RecipientStatus
from empath.message.report.compose import ReportKind
from empath.policy.bounce import TOLD_OF, wants_notice
from empath.storage.sqlite.connection import rows
from empath.storage.sqlite.queries import queries

_SQL = queries("order_trail")
_STATUS = "status"  # what the audit row of such an order says has changed


def record_order(
    connection: apsw.Connection, recipient_id: int, what: str, before: str | float | None, after: str | float | None
) -> None:
    """Write into the audit what became of an order."""
    row = {"recipient_id": recipient_id, "what": what, "before": before, "after": after}
    connection.execute(_SQL["record_order"], row)


def finish_order(connection: apsw.Connection, recipient_id: int, status: str) -> None:
    """Write what belongs to an order that gave *status* without an attempt: evidence, and the obligation to report."""
    record_order(connection, recipient_id, _STATUS, RecipientStatus.LEASED, status)
    insert_ordered_notice(connection, recipient_id, status)


def insert_ordered_notice(connection: apsw.Connection, recipient_id: int, status: str) -> None:
    """Write the obligation to report a *status* that was ordered, where it is a failure and NOTIFY= allows a report."""
    if status in TOLD_OF[ReportKind.FAILURE]:
        [(message_id, notify)] = rows(connection, _SQL["notify"], {"recipient_id": recipient_id})
        if wants_notice(notify, ReportKind.FAILURE):
            connection.execute(_SQL["insert_notice"], {"message_id": message_id, "recipient_id": recipient_id})
