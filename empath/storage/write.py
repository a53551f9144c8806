"""
write - one change of the queue, as an object

A Write is submitted to a Writer, which runs many of them in one transaction. A Write holds its own result. Its change
is durable once the writer has finished it without an `error`.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Final

from empath.errors import EmpathError
from empath.storage.engine import Session

_rows_of: Final = attrgetter("rows")
_octets_of: Final = attrgetter("octets")


class Write:
    """
    One change; a subclass adds attributes for its result.

    `error` is None after success. `may_be_committed` is True after an error that leaves it unknown whether the change
    took place. `rows` and `octets` are its weight in a transaction. `submitted_at` is the instant on
    the monotonic clock since when a greenlet waits for the write; 0 if none waits. The reader of `Writer.finished()`
    calls `waiter`.
    """

    rows = 1
    octets = 0
    error: EmpathError | None = None
    may_be_committed = False
    submitted_at = 0.0
    waiter: Callable[[], object] | None = None

    def run(self, session: Session) -> None:
        """Change rows, inside the writer's transaction; runs again after a roll-back."""
        raise NotImplementedError

    def after_commit(self, session: Session) -> None:
        """Read what was committed, outside the write lock."""


class Batch(Write):
    """Several writes that run in the order given, all or none."""

    def __init__(self, *writes: Write) -> None:
        super().__init__()
        self.writes = writes
        self.rows = sum(map(_rows_of, writes))
        self.octets = sum(map(_octets_of, writes))

    def run(self, session: Session) -> None:
        for write in self.writes:
            write.run(session)

    def after_commit(self, session: Session) -> None:
        for write in self.writes:
            write.after_commit(session)
