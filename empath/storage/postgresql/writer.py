"""
writer - all writes of one process, in one thread, many to a commit

THEORY
    Greenlets submit Writes; the thread takes the waiting ones and commits them.  A write is finished only after its
    commit has returned.  What is hot is said for many writes at once: messages, fates and the ends of leases.  Whoever
    leases locks destinations, which nobody waits for while holding something else; so leases are transactions of their
    own, and what a lease has seen of its destination is, too.

    If the database refuses one write, or two transactions wait for each other, each write of the transaction runs
    alone.  If the connection is lost during a commit, `may_be_committed` says so, and the next write connects anew.

HOUSE RULES
    The order of locks: the process, leases in order, recipients by SKIP LOCKED or one at a time, new rows.
    Destinations and buckets are locked where nothing else is, or in a lease.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Final, TypeVar

import psycopg

from empath.errors import EmpathError, QueueBusy, StorageFailure, WriteRefused
from empath.storage.engine import Sleep
from empath.storage.postgresql import lease, settle
from empath.storage.postgresql.accept import accept_together, is_plain
from empath.storage.postgresql.connection import PASSING, REFUSED, CommitInDoubt, Connection, first_line, ours
from empath.storage.postgresql.destination_ids import DestinationIds
from empath.storage.postgresql.end_process import end_process
from empath.storage.postgresql.session import PostgresSession
from empath.storage.queue.accept import Accept
from empath.storage.queue.lease import TakeLeases
from empath.storage.queue.process import EndProcess
from empath.storage.queue.put_back import EndLease, Hold, Rekey
from empath.storage.queue.settle import Settle
from empath.storage.write import Batch, Write
from empath.storage.write_thread import WriteThread

_TRIES: Final = 3
_PAUSE_S: Final = 0.02
# Two may look at once, find nothing, and insert the same row: the second one finds it at its next look.
_AGAIN: Final = (*PASSING, psycopg.errors.UniqueViolation)
_OF_A_LEASE: Final = (Settle, EndLease, Rekey, Hold)

W = TypeVar("W", bound=Write)


class Writer(WriteThread):
    """The write side of the queue in one process."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        location: str,
        destination_ids: DestinationIds,
        *,
        notify: Callable[[], object],
        deadline_s: float,
        sleep: Sleep = time.sleep,
    ) -> None:
        """*connect* makes a connection; *deadline_s* bounds the wait for an edit; *sleep* blocks only this thread."""
        super().__init__(notify)
        self._connect = connect
        self._location = location
        self.destination_ids = destination_ids
        self._deadline_s = deadline_s
        self._sleep = sleep
        self._session: PostgresSession | None = None
        self._warnings: list[str] = []

    def execute(self, batch: list[Write]) -> None:
        """Run *batch* in the calling thread; each write's `error` tells how it went."""
        for write in batch:
            write.error, write.may_be_committed = None, False  # of an earlier run that failed
        accepts = [write for write in batch if isinstance(write, Accept) and is_plain(write)]
        takes = [write for write in batch if isinstance(write, TakeLeases)]
        ends = [write for write in batch if isinstance(write, EndProcess)]
        apart = {id(write) for write in (*accepts, *takes, *ends)}
        rest = [write for write in batch if id(write) not in apart]
        self._try(accepts, self._accept)
        self._try(rest, self._run_group)
        for take in takes:
            self._try([take], self._lease)
        for end in ends:
            self._try([end], self._end_process)

    def _try(self, writes: Sequence[W], run: Callable[[PostgresSession, Sequence[W]], None]) -> None:
        """Run *writes* together, and each alone if they cannot be committed together."""
        if not writes:
            return
        failure = self._failure(writes, run)
        if failure is None:
            return
        if len(writes) > 1:
            for write in writes:
                self._try([write], run)
            return
        for _ in range(_TRIES):
            if isinstance(failure, _AGAIN):
                self._sleep(_PAUSE_S)
                failure = self._failure(writes, run)
        if failure is not None:
            self._fail(writes, self._refusal(failure))

    def _failure(
        self, writes: Sequence[W], run: Callable[[PostgresSession, Sequence[W]], None]
    ) -> psycopg.Error | UnicodeError | None:
        """Run *writes*; an error for which one of them, or another transaction, is to blame. Others are theirs."""
        try:
            run(self._connected(), writes)
        except (*PASSING, *REFUSED) as exc:
            self._roll_back()
            return exc
        except psycopg.Error as exc:
            self._fail(writes, ours(exc, self._location))
            self.close()
        except EmpathError as exc:
            self._fail(writes, exc)
            self._roll_back()
        except BaseException:
            self.close()
            raise
        return None

    def _refusal(self, exc: psycopg.Error | UnicodeError) -> EmpathError:
        """What a write is told that failed alone."""
        if isinstance(exc, PASSING):
            return ours(exc, self._location)
        return WriteRefused(f"{self._location}: refused by the database: {first_line(exc)}")

    def _accept(self, session: PostgresSession, accepts: Sequence[Accept]) -> None:
        self.destination_ids.learn(session, (name for each in accepts for name in each.message.destinations))
        try:
            with self._committing(accepts):
                count = accept_together(session, accepts)
        except (psycopg.OperationalError, CommitInDoubt):
            if not any(accept.may_be_committed for accept in accepts):
                raise
            self.close()
            session = self._connected()
            with self._committing(accepts):
                accept_together(session, accepts)  # what was committed is left out
            for accept in accepts:
                accept.may_be_committed = False
            return
        if count < len(accepts):
            self._fail(accepts, StorageFailure(f"{self._location}: a queue id is there already; send the mail again"))

    def _lease(self, session: PostgresSession, takes: Sequence[TakeLeases]) -> None:
        [take] = takes
        for is_last in (False, True):
            self._begin(session)
            is_done = lease.take(session, take)
            self._commit(session, takes)
            if is_done or is_last:
                break
            self._begin(session)
            lease.wait(session, take)
            self._commit(session, ())
        take.has_more |= not is_done
        lease.fill(session, take.leases)

    def _end_process(self, session: PostgresSession, ends: Sequence[EndProcess]) -> None:
        [end] = ends
        until = time.monotonic() + self._deadline_s
        for has_released in end_process(session, end):
            if not has_released:
                if time.monotonic() > until:
                    raise QueueBusy(f"{self._location}: another transaction edits mail of a dead process; try again")
                self._sleep(_PAUSE_S)

    def _run_group(self, session: PostgresSession, writes: Sequence[Write]) -> None:
        """Run all other writes in one transaction, and then what has to wait for others."""
        leaves = [(leaf, write) for write in writes for leaf in _leaves(write)]
        owners = {id(leaf): write for leaf, write in leaves}
        settles = [leaf for leaf, _ in leaves if isinstance(leaf, Settle)]
        ends = [leaf for leaf, _ in leaves if isinstance(leaf, EndLease)]
        leases = {leaf.lease_id for leaf, _ in leaves if isinstance(leaf, _OF_A_LEASE)}
        self.destination_ids.learn(session, (name for leaf, _ in leaves for name in _destinations(leaf)))
        self._begin(session)
        standing = settle.lock_leases(session, leases) if leases else set()
        left = settle.settle_together(session, settles, standing) if settles else []
        for leaf, _ in leaves:
            if not isinstance(leaf, Settle | EndLease):
                leaf.run(session)
        unsettled = {part.lease_id for _, part in left}
        stuck = settle.end_together(session, [end for end in ends if end.lease_id not in unsettled])
        self._commit(session, writes)
        for whole, part in left:
            owner = owners[id(whole)]
            self._alone(owner, partial(self._settle_alone, whole, part))
        for end in (*stuck, *(end for end in ends if end.lease_id in unsettled)):
            owner = owners[id(end)]
            if owner.error is None:
                self._alone(owner, partial(self._end_alone, end))
        ended = [end for end in ends if end.is_ended and owners[id(end)].error is None]
        if ended:
            self._keep_what_was_seen(session, ended)
        for leaf, owner in leaves:
            if owner.error is None:
                leaf.after_commit(session)

    def _alone(self, owner: Write, work: Callable[[], None]) -> None:
        """Do *work*, which *owner* needs and which waits for others; the owner is told of its failure."""
        try:
            work()
        except (*PASSING, *REFUSED) as exc:
            self._roll_back()
            owner.error = owner.error or self._refusal(exc)
        except EmpathError as exc:
            self._roll_back()
            owner.error = owner.error or exc

    def _settle_alone(self, whole: Settle, part: Settle) -> None:
        session = self._connected()
        self._begin(session)
        settle.lock_leases(session, [part.lease_id])
        part.run(session)
        self._commit(session, ())
        whole.is_stale |= part.is_stale

    def _end_alone(self, end: EndLease) -> None:
        session = self._connected()
        until = time.monotonic() + self._deadline_s
        while True:
            self._begin(session)
            settle.lock_leases(session, [end.lease_id])
            left = settle.end_together(session, [end])
            self._commit(session, ())
            if not left:
                return
            if time.monotonic() > until:
                raise QueueBusy(f"{self._location}: another transaction edits mail of an ended lease; try again")
            self._sleep(_PAUSE_S)

    def _keep_what_was_seen(self, session: PostgresSession, ends: Sequence[EndLease]) -> None:
        """Keep what leases have shown, each in a transaction of its own; it is not worth a wait for a person's edit."""
        for end in settle.needs_standing(session, ends):
            self._alone(Write(), partial(self._in_transaction, session, partial(settle.keep_standing, session, end)))
        for end in ends:
            if end.unused:
                self._alone(Write(), partial(self._in_transaction, session, partial(settle.give_back, session, end)))

    def _in_transaction(self, session: PostgresSession, work: Callable[[], object]) -> None:
        self._begin(session)
        session.connection.execute("SET LOCAL lock_timeout = '500ms'")
        work()
        self._commit(session, ())

    def _begin(self, session: PostgresSession) -> None:
        session.connection.execute("BEGIN")

    def _commit(self, session: PostgresSession, writes: Sequence[Write]) -> None:
        with self._committing(writes):
            session.connection.execute("COMMIT")

    @contextlib.contextmanager
    def _committing(self, writes: Sequence[Write]) -> Iterator[None]:
        """Let *writes* know if it stays unknown whether the commit in the `with` took place."""
        self._warnings.clear()
        try:
            yield
        except (*PASSING, *REFUSED):
            raise
        except psycopg.Error:
            for write in writes:
                write.may_be_committed = True
            raise
        if self._warnings:
            for write in writes:
                write.may_be_committed = True
            raise CommitInDoubt(f"{self._location}: {self._warnings[0]}")

    def _note(self, notice: psycopg.errors.Diagnostic) -> None:
        """A warning while a commit waits for its standby says that it no longer waits; see connection.py."""
        if notice.severity_nonlocalized == "WARNING":
            self._warnings.append(notice.message_primary or "a warning")

    def _roll_back(self) -> None:
        session = self._session
        if session is None:
            return
        try:
            if session.connection.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                session.connection.execute("ROLLBACK")
        except psycopg.Error:
            self.close()

    def _fail(self, writes: Sequence[Write], error: EmpathError) -> None:
        for write in writes:
            if write.error is None:
                write.error = error

    def _connected(self) -> PostgresSession:
        if self._session is not None and self._session.connection.closed:
            self.close()
        if self._session is None:
            connection = self._connect()
            connection.add_notice_handler(self._note)
            self._session = PostgresSession(connection, self._location, self.destination_ids)
        return self._session

    def close(self) -> None:
        """End the connection; the next write makes a new one."""
        session, self._session = self._session, None
        if session is not None:
            session.connection.close()


def _leaves(write: Write) -> Iterator[Write]:
    """The writes that *write* consists of."""
    if type(write) is Batch:
        for part in write.writes:
            yield from _leaves(part)
    else:
        yield write


def _destinations(write: Write) -> Iterable[str]:
    """The destinations that *write* names."""
    if isinstance(write, Accept):
        return write.message.destinations
    return write.destinations.values() if isinstance(write, Rekey) else ()
