"""
numbering - events get their numbers after the commit

THEORY
    A consumer reads on from the last number that it has had.  If numbers were taken before the commit, it would pass an
    event that comes later, and a transaction that is rolled back would look like events that were lost.  So triggers
    write events without a number, and one process at a time moves those that it sees to _event, and numbers them.  Of
    two events about one message, the second one's transaction changed the message after the first one's commit.  So its
    row is the later one, and is never seen without the first.
"""

from empath.storage.engine import Reader, Session
from empath.storage.write import Write


class NumberEvents(Write):
    """Move up to MOST events."""

    MOST = 1_000

    def __init__(self) -> None:
        super().__init__()
        self.rows = self.MOST

    def run(self, session: Session) -> None:
        session.run("events.lock_numbers")
        session.run("events.number", {"limit": self.MOST})


def number_new(reader: Reader) -> NumberEvents | None:
    """
    The write that numbers new events; None if there are none.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    return NumberEvents() if reader.value("events.is_unnumbered") else None
