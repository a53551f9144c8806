"""
writer - all writes of one process, in one thread, many to a commit

THEORY
    Greenlets submit Writes; the thread takes the waiting ones and runs them in one BEGIN IMMEDIATE … COMMIT.  A write
    is finished only after the commit has returned, when its change is on the disk.  If the database refuses one write,
    the transaction is rolled back and each write runs in a savepoint of its own, so that the bad one fails alone.  If
    SQLite or the disk fails, all writes of the transaction fail, and a new connection is opened.  If the commit itself
    failed, `may_be_committed` says so.  Before a commit the paths of the queue must still name the files that are open:
    a commit into a file that was removed is lost with the last close.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw

from empath.errors import EmpathError, WriteRefused
from empath.storage.engine import Sleep
from empath.storage.sqlite.connection import fair_wait, open_writer, ours
from empath.storage.sqlite.destination_ids import DestinationIds
from empath.storage.sqlite.openers import check_openers
from empath.storage.sqlite.same_file import QueueFiles
from empath.storage.sqlite.schema import check_current
from empath.storage.sqlite.session import WritingSession
from empath.storage.write import Write
from empath.storage.write_thread import WriteThread

_LONG_S = 0.5
# Errors caused by the values of one write, or of what it reads; text that is not UTF-8 does not even reach SQLite,
# or does not come out of it.
_REFUSED = (apsw.ConstraintError, apsw.TooBigError, UnicodeError)


class Writer(WriteThread):
    """The write side of the queue in one process."""

    def __init__(
        self,
        path: Path,
        destination_ids: DestinationIds,
        files: QueueFiles,
        *,
        deadline_s: float,
        notify: Callable[[], object],
        sleep: Sleep = time.sleep,
        look_s: float = 0.0,
    ) -> None:
        """
        *files* are those of *path*; *deadline_s* bounds the wait for another process's write lock; *look_s* is the
        least time between two looks at the files.
        """
        super().__init__(notify)
        self._path = path
        self._files = files
        self.destination_ids = destination_ids
        self._deadline_s = deadline_s
        self._sleep = sleep
        self._session: WritingSession | None = None
        self._look_s = look_s
        self._looked_at = 0.0

    def execute(self, batch: list[Write]) -> None:
        """Run *batch* in one transaction, in the calling thread; each write's `error` tells how it went."""
        for write in batch:
            write.error, write.may_be_committed = None, False  # of an earlier run that failed
        try:
            session = self._connected()
            with self._deadline_of(session.connection, batch):
                try:
                    self._commit(session, batch, is_guarded=False)
                except _REFUSED:
                    self._commit(session, batch, is_guarded=True)
        except apsw.Error as exc:
            self._fail(batch, ours(exc, self._path))
            if not isinstance(exc, apsw.BusyError):
                self.close()
        except EmpathError as exc:
            self._fail(batch, exc)
            self.close()
        else:
            self._follow_up(session, batch)

    @contextlib.contextmanager
    def _deadline_of(self, connection: apsw.Connection, batch: list[Write]) -> Iterator[None]:
        # A write that has already waited for the lock during the previous transaction does not get the full time again.
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

    def _check_files(self) -> None:
        now = time.monotonic()
        if now - self._looked_at >= self._look_s:
            self._files.check()
            self._looked_at = now

    def _follow_up(self, session: WritingSession, batch: list[Write]) -> None:
        for write in batch:
            if write.error is None:
                try:
                    write.after_commit(session)
                except (
                    apsw.Error,
                    UnicodeDecodeError,
                ) as exc:  # this write alone: all are committed, and some read nothing
                    write.error = ours(exc, self._path)
                    self.close()

    def _commit(self, session: WritingSession, batch: list[Write], *, is_guarded: bool) -> None:
        execute = session.execute
        execute("BEGIN IMMEDIATE")
        try:
            for write in batch:
                if is_guarded:
                    self._run_alone(session, write)
                else:
                    write.run(session)
            session.end()
            self._check_files()
        except BaseException:
            session.drop_end()
            self.destination_ids.forget()
            if session.connection.in_transaction:
                execute("ROLLBACK")
            raise
        try:
            execute("COMMIT")
            self._check_files()  # a commit can take long, and a removal meanwhile must not give success
        except BaseException as exc:
            self.destination_ids.forget()
            for write in batch:
                write.may_be_committed = not isinstance(exc, apsw.BusyError)
            if session.connection.in_transaction:
                execute("ROLLBACK")
            raise
        self.destination_ids.keep()

    def _run_alone(self, session: WritingSession, write: Write) -> None:
        execute = session.execute
        execute("SAVEPOINT write")
        try:
            write.run(session)
            session.end()
        except _REFUSED as exc:
            session.drop_end()
            execute("ROLLBACK TO write")
            self.destination_ids.forget()
            write.error = WriteRefused(f"{self._path}: refused by the database: {exc}")
        execute("RELEASE write")

    def _fail(self, batch: list[Write], error: EmpathError) -> None:
        for write in batch:
            if write.error is None:
                write.error = error

    def _connected(self) -> WritingSession:
        if self._session is None:
            self._files.check()  # before SQLite gives another file the log of this one
            check_openers(self._path)
            self._looked_at = 0.0
            connection = open_writer(self._path, deadline_s=self._deadline_s, sleep=self._sleep)
            self._files.opening()
            check_current(connection, self._path)
            self._files.opened(connection)
            self._session = WritingSession(connection, self._path, self.destination_ids)
        return self._session

    def close(self) -> None:
        """End the connection; the next write makes a new one."""
        session, self._session = self._session, None
        if session is not None:
            if self._files.have_lost_others():  # the last close copies the log, but of two at once neither is the last
                with contextlib.suppress(apsw.Error):
                    session.connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            try:
                session.connection.close()
            except apsw.Error:
                pass  # the disk failed before; the next connection recovers the file
            self._files.closed(session.connection)
