"""redacting - old records no longer say whom they are about, as [audit.redaction] wants"""

import time

from empath.daemon.housekeeper.rounds import rest
from empath.daemon.process.runtime import Runtime
from empath.storage.engine import Reader
from empath.storage.queue.aging import sweeps
from empath.storage.queue.redaction import KeepPseudonymKey
from empath.telemetry.occurrences.housekeeper import RecordsRedacted


class Redacting:
    """The duty, and the place that it has reached in each table."""

    def __init__(self, runtime: Runtime, reader: Reader) -> None:
        """*reader* reads the queue, in the hub."""
        self._runtime = runtime
        self._reader = reader
        self._sweeps = sweeps()

    def redact(self) -> None:
        """
        Leave out what records say of people, once they are old enough.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read or written; the next round goes on.
        """
        wanted = self._runtime.config.audit.redaction
        if wanted.after_s is None:
            return
        redaction = wanted.redaction(self._runtime.writer.commit(KeepPseudonymKey()).key)
        if redaction.changes_nothing:
            return
        counts: dict[str, int] = {}
        for sweep in self._sweeps:
            is_going = True
            while is_going:
                for work in sweep.step(self._reader, redaction, time.time() - wanted.after_s):
                    for table, rows in self._runtime.writer.commit(work).counts.items():
                        counts[table] = counts.get(table, 0) + rows
                is_going = rest(self._runtime) and not sweep.is_round_over
        if counts:
            self._runtime.emit(RecordsRedacted(rows=sum(counts.values()), tables=" ".join(sorted(counts))))
