"""
plans - SQLite chooses indexes by the schema alone

A person's ANALYZE, or the PRAGMA optimize of a tool, counts rows, and SQLite plans by these counts for ever.  A queue
that was counted while it was small then walks whole tables when it is large.
"""

from empath.storage.engine import Selects, Session
from empath.storage.write import Write


class ForgetStatistics(Write):
    """Remove the counts; every connection plans without them from its next statement on."""

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
