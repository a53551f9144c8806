"""
sealing - new rows of the audit and new attempts get a seal

Rows of the audit are sealed each second, attempts each ten seconds. The newest seal is anchored in the log now and
then: a log that is kept elsewhere shows whether all seals were replaced.
"""

import time
from typing import Final

from empath.daemon.process.runtime import Runtime
from empath.storage.engine import Reader
from empath.storage.queue.seals import AppendSeal, has_new_audit, newest, next_seal
from empath.telemetry.occurrences.housekeeper import AuditSealed

_ATTEMPTS_S: Final = 10.0  # least time between two seals over attempts alone
_REST_S: Final = 0.01  # pause between two slices


class Sealing:
    """The duty."""

    def __init__(self, runtime: Runtime, reader: Reader) -> None:
        """*reader* reads the queue, in the hub."""
        self._runtime = runtime
        self._reader = reader
        self._anchored: int | None = None  # number of the seal that is in the log
        self._anchored_at = 0.0  # in monotonic seconds
        self._is_due_at = 0.0  # instant from which on attempts alone get a seal, in monotonic seconds

    def seal(self) -> None:
        """
        Seal what is new.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read or written; the rows are sealed later.
        """
        if not self._runtime.config.audit.is_sealed:
            return
        last = newest(self._reader)
        if has_new_audit(self._reader, last) or time.monotonic() >= self._is_due_at:
            self._is_due_at = time.monotonic() + _ATTEMPTS_S
            while (seal := next_seal(self._reader, last, time.time())) is not None:
                if not self._runtime.writer.commit(AppendSeal(seal)).is_appended:
                    return  # another housekeeper, of before a reload, was first
                last = seal
                if self._runtime.draining.wait(_REST_S):
                    break
        if last is not None and last.seal_id != self._anchored and time.monotonic() >= self._anchored_at:
            self._anchored, self._anchored_at = last.seal_id, time.monotonic() + self._runtime.config.audit.anchor_s
            self._runtime.emit(AuditSealed(seal=last.seal_id, digest=last.digest))
