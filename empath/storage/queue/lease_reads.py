"""
lease_reads - what a lease that is under way reads

Each is a Write: it runs in the thread that writes, where it does not keep the hub, and after the results that the lease
gives in the same transaction.
"""

from empath.mail.outcome import Stage
from empath.storage.engine import Session
from empath.storage.write import Write

FAULT = "a fault in Empath ended the attempt"  # in the text of such an attempt


class ReadContent(Write):
    """Read the content of one leased message that did not come with its lease; `content` is None if there is none."""

    def __init__(self, message_id: int) -> None:
        super().__init__()
        self.content: bytes | None = None
        self._message_id = message_id

    def run(self, session: Session) -> None:
        self.content = session.value("lease.inline_content", {"message_id": self._message_id})


class ReadOrders(Write):
    """
    Read what was ordered since a lease was taken.

    `ordered_away` has its recipients that were held or ended. `is_over` says that the lease must stop: its destination
    is suspended at *now*, or the lease is gone.
    """

    def __init__(self, lease_id: int, *, now: float) -> None:
        super().__init__()
        self.ordered_away: set[int] = set()
        self.is_over = False
        self.lease_id = lease_id
        self.now = now

    def run(self, session: Session) -> None:
        session.at_end(_read_orders, self)


def _read_orders(session: Session, reads: list[ReadOrders]) -> None:
    """All leases of a transaction with one statement."""
    by_lease = {read.lease_id: read for read in reads}
    for read in reads:
        read.ordered_away, read.is_over = set(), True
    for lease_id, is_over, recipient_id in session.rows("lease.orders", {"leases": [*by_lease], "now": reads[-1].now}):
        by_lease[lease_id].is_over = bool(is_over)
        if recipient_id is not None:
            by_lease[lease_id].ordered_away.add(recipient_id)


class ReadFaults(Write):
    """Read which of *recipient_ids* had *count* attempts in a row that a fault in Empath ended: `at_limit`."""

    def __init__(self, recipient_ids: tuple[int, ...], count: int) -> None:
        super().__init__()
        self.at_limit: set[int] = set()
        self._recipient_ids = recipient_ids
        self._count = count

    def run(self, session: Session) -> None:
        seek = {"count": self._count, "stage": Stage.LOCAL, "fault": f"%{FAULT}%"}
        self.at_limit = {
            recipient_id
            for recipient_id in self._recipient_ids
            if session.value("settle.faults_in_a_row", {**seek, "recipient_id": recipient_id}) == self._count
        }
