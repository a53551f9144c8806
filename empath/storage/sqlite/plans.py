"""
plans - let SQLite choose indexes by the schema alone

A person's ANALYZE, or a tool's PRAGMA optimize, stores row counts, and SQLite plans by these counts from then on.  If
the queue was small at that time, statements walk whole tables when it is large.
"""

from empath.storage.engine import Selects, Session
from empath.storage.write import Write


class ForgetStatistics(Write):
    """Remove the counts; every connection plans without them from its next statement."""

    def run(self, session: Session) -> None:
        if session.value("plans.statistics"):
            session.run("plans.forget_statistics")


def has_statistics(reader: Selects) -> bool:
    """
    Whether there are counts, read with *reader*.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    return bool(reader.value("plans.statistics"))
