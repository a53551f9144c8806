"""
audit - the rows of the audit that are not in the log yet

A process claims rows by advancing a mark in the database, and logs them after the commit.  So each row is logged once,
by one process, even across restarts.
"""

from dataclasses import dataclass

from empath.storage.engine import Reader, Session
from empath.storage.write import Write


@dataclass(frozen=True, slots=True)
class AuditRow:
    """
    One change that a person or a program made.

    Shape: who, what, before and after as in the view `audit`; the others are None where the change is not about one.
    """

    audit_id: int
    who: str
    queue_id: str | None
    recipient: str | None
    destination: str | None
    object: str | None
    what: str
    before: str | float | bytes | None
    after: str | float | bytes | None


class ClaimAudit(Write):
    """Claim the next MOST rows, up to the number *last*; `claimed` has them after the commit."""

    MOST = 500

    def __init__(self, last: int) -> None:
        super().__init__()
        self.claimed: list[AuditRow] = []
        self._keys = {"last": last, "limit": self.MOST}

    def run(self, session: Session) -> None:
        self.claimed = [AuditRow(*row) for row in session.rows("audit.untold", self._keys)]
        if self.claimed:
            session.run("audit.mark_told", {"last": self.claimed[-1].audit_id})


def claim_new(reader: Reader) -> ClaimAudit | None:
    """
    The Write that claims rows that are new; None if there are none.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    last = reader.settled("audit")
    return ClaimAudit(last) if last > reader.value("audit.told") else None
