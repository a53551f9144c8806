"""
audit_log - the log reports what people order by SQL or by empath-admin

The audit has a row for each change, whichever program made it. This duty follows the rows and reports each as an
occurrence, once, in their order.
"""

from typing import Final

from empath.daemon.process.runtime import Runtime
from empath.mail.identity import Timestamp
from empath.storage.engine import Reader
from empath.storage.queue.audit import AuditRow, claim_new
from empath.telemetry.occurrence import Occurrence
from empath.telemetry.occurrences.housekeeper import (
    DeliveryFrozen,
    DeliveryThawed,
    DestinationResumed,
    DestinationSuspended,
    QueueEdited,
    ServiceOrdered,
    StatusOrdered,
)

_REST_S: Final = 0.01  # pause between two slices
_VERBS: Final = frozenset({"reload", "log-level", "flush", "drain", "stop-listener"})
_MAX_TEXT: Final = 200  # characters of a value


class AuditLog:
    """The duty."""

    def __init__(self, runtime: Runtime, reader: Reader) -> None:
        """*reader* reads the queue, in the hub."""
        self._runtime = runtime
        self._reader = reader

    def follow(self) -> None:
        """
        Report what was added to the audit.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read or written; the rows are reported later.
        """
        while (claiming := claim_new(self._reader)) is not None:
            for row in self._runtime.writer.commit(claiming).claimed:
                told = occurrence_of(row)
                if told is not None:
                    self._runtime.emit(told)
            if self._runtime.draining.wait(_REST_S):
                return


def occurrence_of(row: AuditRow) -> Occurrence | None:
    """What *row* tells; None for a discarded report, which has its own occurrence, and for the words of an order."""
    match row.what:
        case "freeze":
            return DeliveryFrozen(who=row.who)
        case "thaw":
            return DeliveryThawed(who=row.who)
        case "report" | "statement":
            return None
        case verb if verb in _VERBS:
            return ServiceOrdered(verb=verb, argument=_text(row.after), who=row.who)
        case "suspended_until_unix" if row.destination is not None:
            if row.after is None:
                return DestinationResumed(destination=row.destination, who=row.who)
            until = Timestamp(float(row.after)).iso8601()
            return DestinationSuspended(destination=row.destination, until=until, who=row.who)
        case "status" if row.queue_id is not None and row.recipient is not None:
            return StatusOrdered(
                queue_id=row.queue_id,
                recipient=row.recipient,
                before=_text(row.before),
                after=str(row.after),
                who=row.who,
            )
        case _:
            return QueueEdited(
                queue_id=row.queue_id,
                recipient=row.recipient,
                destination=row.destination,
                object=row.object,
                what=row.what,
                before=_text(row.before),
                after=_text(row.after),
                who=row.who,
            )


def _text(value: object) -> str | None:
    return None if value is None else str(value)[:_MAX_TEXT]
