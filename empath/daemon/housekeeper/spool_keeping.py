"""spool_keeping - the duties that keep the spool as the queue says: no file too many, and none missing"""

import time

from empath.daemon.housekeeper.rounds import in_thread, rest
from empath.daemon.process.runtime import Runtime
from empath.storage.engine import Reader
from empath.storage.queue.garbage import (
    FILES,
    AddOrphans,
    OrphanScan,
    SettleGarbage,
    SpooledWalk,
    due_garbage,
    is_awaited,
    left_behind,
    missing_files,
    remove_file,
    remove_parts,
    unnamed,
)
from empath.storage.spool import locate
from empath.storage.spool_owner import key_of_queue
from empath.telemetry.occurrences.housekeeper import (
    GarbageStuck,
    OrphansFound,
    OrphansKept,
    SpoolFileMissing,
)

_ALARM_TRIES = 3


class SpoolKeeping:
    """The duties that go through the spool, and the place that each has reached."""

    def __init__(self, runtime: Runtime, reader: Reader) -> None:
        """*reader* reads the queue, in the hub."""
        self._runtime = runtime
        self._spool = runtime.config.queue.spool
        self._reader = reader
        self._orphans = OrphanScan(self._spool)
        self._orphans_kept = 0  # number of the last round
        self._spooled = SpooledWalk()
        self._clocks_apart = time.time() - time.monotonic()

    def remove_garbage(self) -> None:
        """Remove files that no message needs."""
        is_going = True
        while is_going:
            due = due_garbage(self._reader, time.time())
            if not due:
                return
            removals = in_thread(lambda batch: [remove_file(self._spool, garbage) for garbage in batch], due)
            for removal in removals:
                if removal.tries >= _ALARM_TRIES and removal.error is not None:
                    self._runtime.emit(GarbageStuck(locator=removal.locator, tries=removal.tries, error=removal.error))
            self._runtime.writer.commit(SettleGarbage(removals, now=time.time()))
            is_going = len(due) == FILES and rest(self._runtime)

    def find_orphans(self) -> None:
        """Mark old files that no message names as garbage, except those that may belong to another queue."""
        orphans = kept = 0
        key = key_of_queue(self._reader)
        is_going = True
        while is_going:
            found = in_thread(self._orphans.step, self._cautious_now(), key)
            orphans += in_thread(remove_parts, self._orphans.parts)
            found = unnamed(self._reader, found) if found else []
            # Between the two checks that no row names the file: by now its writer has committed or failed.
            found = in_thread(left_behind, self._spool, found) if found else []
            ours = [queue_id for queue_id in found if self._orphans.may_remove(queue_id)]
            kept += len(found) - len(ours)
            if ours:
                work = AddOrphans(ours, node=self._runtime.config.node.name)
                orphans += self._runtime.writer.commit(work).added
            is_going = not self._orphans.is_round_over and rest(self._runtime)
        if orphans:
            self._runtime.emit(OrphansFound(files=orphans))
        if kept and kept != self._orphans_kept:
            self._runtime.emit(OrphansKept(files=kept, spool=str(self._spool)))
        self._orphans_kept = kept

    def report_missing_files(self) -> None:
        """Report messages whose file is missing. The worker that tries to deliver one holds it."""
        is_going = True
        while is_going:
            messages = self._spooled.step(self._reader)
            missing = in_thread(missing_files, self._spool, messages) if messages else []
            for message in missing:
                # It may have been delivered, and its file removed, since it was read.
                if is_awaited(self._reader, message):
                    file = locate(self._spool, message.locator)
                    self._runtime.emit(SpoolFileMissing(queue_id=message.queue_id, file=str(file)))
            is_going = not self._spooled.is_round_over and rest(self._runtime)

    def _cautious_now(self) -> float:
        # A clock that jumps, or a machine that slept, must not make the file of a message that is arriving look old.
        # The wall clock may step forwards, and the monotonic clock does not count sleep: the earlier one is safe.
        return min(time.time(), self._clocks_apart + time.monotonic())
