"""
writer - all writes of one process, in one thread, many to a commit

THEORY
    Whoever wants to write submits Works; the thread takes what waits and runs it in one BEGIN IMMEDIATE … COMMIT.
    Only after the commit has returned is a work finished: what it promises is on the disk.  If one work of a batch is
    refused by the database, the batch is rolled back and each runs in a savepoint of its own, so that it fails alone.
    If SQLite or the disk fails, all of the batch fails: whether it was committed is then unknown, and the connection is
    made anew.

HOUSE RULES
    No cursor leaves the thread.  The caller starts the thread that runs `run()`, and gives `notify`, which is called in
    that thread after each batch and must wake whoever reads `finished()`.
"""

import collections
import contextlib
import time

# gevent replaces queue.SimpleQueue; this one blocks only the native thread that waits on it.
from _queue import SimpleQueue
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw

from empath.errors import EmpathError, StorageFailure
from empath.storage.sqlite.connection import Sleep, fair_wait, open_writer, ours

MAX_WORKS = 500
MAX_ROWS = 5_000
MAX_OCTETS = 8 * 1024 * 1024
_LONG_S = 0.5
# What the values of one work cause; text that is no UTF-8 does not even reach SQLite.
_REFUSED = (apsw.ConstraintError, apsw.TooBigError, UnicodeEncodeError)


class Work:
    """
    One write; a subclass keeps its result in itself.

    `error` is None after success.  `rows` and `octets` are its weight in a batch.  `submitted_at` is when somebody
    began to wait for it, by the monotonic clock; 0: nobody.  `waiter` is called by whoever reads `finished()`.
    """

    rows = 1
    octets = 0

    def __init__(self) -> None:
        self.error: EmpathError | None = None
        self.submitted_at = 0.0
        self.waiter: Callable[[], object] | None = None

    def run(self, connection: apsw.Connection) -> None:
        """Write, inside the transaction of the batch; may be run again after a roll-back."""
        raise NotImplementedError

    def after_commit(self, connection: apsw.Connection) -> None:
        """Read what was committed, outside the write lock."""


class Together(Work):
    """Several works that are done in their order, all or none."""

    def __init__(self, *works: Work) -> None:
        super().__init__()
        self.works = works
        self.rows = sum(work.rows for work in works)
        self.octets = sum(work.octets for work in works)

    def run(self, connection: apsw.Connection) -> None:
        for work in self.works:
            work.run(connection)

    def after_commit(self, connection: apsw.Connection) -> None:
        for work in self.works:
            work.after_commit(connection)


class Writer:
    """The write side of the queue in one process."""

    def __init__(
        self,
        path: Path,
        *,
        deadline_s: float,
        notify: Callable[[], object],
        sleep: Sleep = time.sleep,
    ) -> None:
        """*deadline_s* bounds the wait for another process's write lock."""
        self._path = path
        self._deadline_s = deadline_s
        self._notify = notify
        self._sleep = sleep
        self._waiting: SimpleQueue[tuple[Work, ...] | None] = SimpleQueue()
        self._taken: collections.deque[Work] = collections.deque()  # from there, by the thread
        self._finished: collections.deque[Work] = collections.deque()
        self._connection: apsw.Connection | None = None

    def submit(self, *works: Work) -> None:
        """Hand in works, which share a commit unless it gets too heavy; each comes back through `finished()`."""
        self._waiting.put(works)

    def stop(self) -> None:
        """End `run()` after what was submitted before."""
        self._waiting.put(None)

    def finished(self) -> collections.deque[Work]:
        """Works that are done, oldest first; the reader takes them off the left."""
        return self._finished

    def run(self) -> None:
        """Body of the thread: commit until `stop()`."""
        is_running = True
        while is_running or self._taken:
            is_running = is_running and self._take()
            batch = self._next_batch()
            if batch:
                self.execute(batch)
                self._finished.extend(batch)
                self._notify()
        self._close()

    def execute(self, batch: list[Work]) -> None:
        """Run *batch* in one transaction, in the calling thread; each work's `error` tells how it went."""
        for work in batch:
            work.error = None  # one that failed before may come again
        try:
            connection = self._connected()
            with self._deadline_of(connection, batch):
                try:
                    self._commit(connection, batch, is_guarded=False)
                except _REFUSED:
                    self._commit(connection, batch, is_guarded=True)
        except apsw.Error as exc:
            self._fail(batch, ours(exc, self._path))
            if not isinstance(exc, apsw.BusyError):
                self._close()
        except EmpathError as exc:
            self._fail(batch, exc)
            self._close()
        else:
            self._follow_up(connection, batch)

    @contextlib.contextmanager
    def _deadline_of(self, connection: apsw.Connection, batch: list[Work]) -> Iterator[None]:
        # Who already waited for the batch before, which had no lock, does not wait as long again for this one.
        submitted_at = batch[0].submitted_at
        waited_s = time.monotonic() - submitted_at if submitted_at else 0.0
        if waited_s < _LONG_S:
            yield
            return
        connection.set_busy_handler(fair_wait(max(0.0, self._deadline_s - waited_s), self._sleep))
        try:
            yield
        finally:
            connection.set_busy_handler(fair_wait(self._deadline_s, self._sleep))

    def _follow_up(self, connection: apsw.Connection, batch: list[Work]) -> None:
        for work in batch:
            if work.error is None:
                try:
                    work.after_commit(connection)
                except apsw.Error as exc:  # the others are committed all the same, and some have nothing to read
                    work.error = ours(exc, self._path)
                    self._close()

    def _take(self) -> bool:
        """Take all that waits, at least something; False if there is nothing to come behind it."""
        while not (self._taken and self._waiting.empty()):
            works = self._waiting.get()
            if works is None:
                return False
            self._taken.extend(works)
        return True

    def _next_batch(self) -> list[Work]:
        """What of that one transaction may hold."""
        batch: list[Work] = []
        rows = octets = 0
        while self._taken and len(batch) < MAX_WORKS and rows < MAX_ROWS and octets < MAX_OCTETS:
            work = self._taken.popleft()
            batch.append(work)
            rows += work.rows
            octets += work.octets
        return batch

    def _commit(self, connection: apsw.Connection, batch: list[Work], *, is_guarded: bool) -> None:
        connection.execute("BEGIN IMMEDIATE")
        try:
            for work in batch:
                if is_guarded:
                    self._run_alone(connection, work)
                else:
                    work.run(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _run_alone(self, connection: apsw.Connection, work: Work) -> None:
        connection.execute("SAVEPOINT work")
        try:
            work.run(connection)
        except _REFUSED as exc:
            connection.execute("ROLLBACK TO work")
            work.error = StorageFailure(f"{self._path}: refused by the database: {exc}")
        connection.execute("RELEASE work")

    def _fail(self, batch: list[Work], error: EmpathError) -> None:
        for work in batch:
            if work.error is None:
                work.error = error

    def _connected(self) -> apsw.Connection:
        if self._connection is None:
            self._connection = open_writer(self._path, deadline_s=self._deadline_s, sleep=self._sleep)
        return self._connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except apsw.Error:
                pass  # what failed before fails again; the file is recovered by the next one to open it
