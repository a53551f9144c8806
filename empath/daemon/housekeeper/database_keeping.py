"""database_keeping - the duties that keep the files of the database small, and its plans as they were tested"""

import time
from functools import partial

from gevent.monkey import get_original

from empath.daemon.housekeeper.rounds import in_thread, rest
from empath.daemon.process.runtime import Runtime
from empath.policy.limits.session import wanted_space_octets
from empath.policy.long_transactions import LongTransactions
from empath.storage.engine import Reader
from empath.telemetry.occurrences.housekeeper import (
    SpaceKept,
    SpaceReturned,
    StatisticsRemoved,
    TransactionLong,
    WalKept,
    WalLarge,
    WalTruncated,
)

_WAL_OCTETS = 64 * 1024 * 1024
_TRUNCATE_DEADLINE_S = 1.0


class DatabaseKeeping:
    """The duties that look at the files of the database."""

    def __init__(self, runtime: Runtime, reader: Reader) -> None:
        """*reader* reads the queue, in the hub."""
        self._runtime = runtime
        self._engine = runtime.engine
        self._reader = reader
        self._is_space_kept = False
        self._transactions = LongTransactions()
        self._wal_octets = 0  # size from which the next warning is due

    def watch_wal(self) -> None:
        """Truncate a large write-ahead log. Warn when it becomes large, and each time that it has doubled."""
        octets = self._engine.log_octets()
        # Above the limit no mail is accepted, so that the log would neither grow nor start again at its beginning.
        if octets <= min(_WAL_OCTETS, self._runtime.config.queue.wal_limit_octets):
            self._wal_octets = 0
            return
        is_new = octets > self._wal_octets
        if is_new:
            self._wal_octets = 2 * octets
            self._runtime.emit(WalLarge(file=f"{self._engine.location}-wal", octets=octets))
        if self._truncate_wal():
            self._wal_octets = 0
            self._runtime.emit(WalTruncated(file=f"{self._engine.location}-wal"))
        elif is_new:
            readers = ", ".join(self._engine.log_keepers()) or "none seen"
            self._runtime.emit(WalKept(file=f"{self._engine.location}-wal", octets=octets, readers=readers))

    def watch_transactions(self) -> None:
        """Warn of programs that have a transaction open for long. Processes of the service have short ones only."""
        found = self._engine.transactions()
        own = {pid for _, pid, _ in self._reader.rows("doctor.beats")} if found else set()
        for holder, age_s in self._transactions.look((one for one in found if one.pid not in own), time.monotonic()):
            does = "writes" if holder.is_writing else "reads"
            emit = self._runtime.emit
            emit(TransactionLong(pid=holder.pid, program=holder.program, does=does, seconds=round(age_s, 1)))

    def return_space(self) -> None:
        """Give free pages of the database back to a disk that is nearly full."""
        config = self._runtime.config
        wanted = 2 * wanted_space_octets(config.queue.reserve_octets, config.largest_message_octets)
        before = self._engine.unused_octets(self._reader)
        unused = before
        while unused and self._engine.free_octets() < wanted and rest(self._runtime):
            self._runtime.writer.commit(self._engine.return_space())
            left, unused = unused, self._engine.unused_octets(self._reader)
            if unused >= left:
                if not self._is_space_kept:
                    self._runtime.emit(SpaceKept(file=self._engine.location, octets=unused))
                self._is_space_kept = True
                break
        if unused < before:
            self._truncate_wal()  # the file shrinks only now
            self._runtime.emit(SpaceReturned(octets=before - unused))

    def keep_plans(self) -> None:
        """Remove statistics: SQLite would choose plans by them that do not fit this queue."""
        forget = self._engine.keep_plans(self._reader)
        if forget is not None:
            self._runtime.writer.commit(forget)
            self._runtime.emit(StatisticsRemoved(file=self._engine.location))

    def number_events(self) -> None:
        """Number new events, where they have no number at once. Consumers see them then."""
        is_going = True
        while is_going:
            number = self._engine.number_events(self._reader)
            if number is not None:
                self._runtime.writer.commit(number)
            is_going = number is not None and rest(self._runtime)

    def _truncate_wal(self) -> bool:
        sleep = get_original("time", "sleep")  # the patched one would make a hub in that thread
        return in_thread(partial(self._engine.cut_log, deadline_s=_TRUNCATE_DEADLINE_S, sleep=sleep))
