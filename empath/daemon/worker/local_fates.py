"""
local_fates - what becomes of recipients whose attempt failed here, and not at a host

Each of these leaves those alone that have their fate already.
"""

import time

from empath.daemon.process.runtime import Runtime
from empath.daemon.worker.lease_writes import LeaseWrites
from empath.daemon.worker.settling import with_fate
from empath.daemon.worker.sources import SourcesUsedUp
from empath.daemon.worker.transport.carrier import Answer, HostAttempt
from empath.errors import EmpathError
from empath.mail.fate import Attempt, Said
from empath.mail.identity import Timestamp
from empath.mail.outcome import Outcome, Stage
from empath.mail.reply import Reply
from empath.policy.retry import MAX_FAULTS
from empath.storage.queue.lease import Lease, LeasedMessage, LeasedRecipient
from empath.storage.queue.lease_reads import FAULT, ReadFaults
from empath.storage.queue.put_back import Hold, Rekey
from empath.storage.queue.warmup import WaitForWarmup
from empath.telemetry.occurrence import traceback_text, words_of
from empath.telemetry.occurrences.worker import (
    DeliveryCrashed,
    SettleFailed,
    WarmupUsedUp,
)


class LocalFates:
    """Fates of the recipients of one lease."""

    def __init__(self, runtime: Runtime, lease: Lease, writes: LeaseWrites) -> None:
        self._runtime = runtime
        self._lease = lease
        self._writes = writes

    def put_off(self, recipients: list[LeasedRecipient], tried: list[HostAttempt], reason: str) -> None:
        """Count an attempt that failed here, and not at a host, for those recipients that have no fate yet."""
        fated = with_fate(tried)
        said = Said(Stage.LOCAL, Reply.of(f"451 4.3.0 {reason}"))
        answers = [Answer(r, said, Outcome.DEFERRED) for r in recipients if r.recipient_id not in fated]
        tried.append(HostAttempt(Attempt(self._lease.destination, time.time(), duration_s=0.0), answers))

    def hold(self, recipients: list[LeasedRecipient], tried: list[HostAttempt], reason: str) -> None:
        """Leave to a person those recipients that have no fate yet."""
        fated = with_fate(tried)
        numbers = tuple(r.recipient_id for r in recipients if r.recipient_id not in fated)
        self._writes.add(Hold(self._lease.lease_id, numbers, now=time.time(), reason=reason))

    def wait_for_warmup(
        self, recipients: list[LeasedRecipient], tried: list[HostAttempt], used_up: SourcesUsedUp
    ) -> None:
        """Put back those recipients that have no fate yet, unattempted; the destination waits for the next day."""
        here, fated = self._lease.destination, with_fate(tried)
        left = {r.recipient_id: here for r in recipients if r.recipient_id not in fated}
        self._writes.add(Rekey(self._lease.lease_id, left, now=time.time()))
        self._writes.add(
            WaitForWarmup(here, until=used_up.until, words=str(used_up), of_file=self._runtime.config.warmup_plans)
        )
        self._runtime.emit(
            WarmupUsedUp(destination=here, source=str(used_up), until=Timestamp(used_up.until).iso8601())
        )

    def count_fault(
        self, message: LeasedMessage, recipients: list[LeasedRecipient], tried: list[HostAttempt], fault: Exception
    ) -> None:
        """Make an attempt of a fault, for those recipients that have no fate yet; hold those that had too many."""
        self.log_fault(message, fault)
        faults = ReadFaults(tuple(r.recipient_id for r in recipients), MAX_FAULTS - 1)
        try:
            self._runtime.writer.commit(faults)
        except EmpathError as exc:
            self._runtime.emit(SettleFailed(destination=self._lease.destination, error=str(exc)))
        held = [r for r in recipients if r.recipient_id in faults.at_limit]
        if held:
            self.hold(held, tried, f"{MAX_FAULTS} attempts in a row ended by a fault in Empath; its log has the cause")
        self.put_off([r for r in recipients if r not in held], tried, f"{FAULT}; its log has the cause")

    def log_fault(self, message: LeasedMessage, fault: Exception) -> None:
        """Tell of a fault in Empath, with its traceback."""
        crashed = DeliveryCrashed(
            queue_id=message.queue_id,
            destination=self._lease.destination,
            error=words_of(fault),
            exception=traceback_text(fault),
        )
        self._runtime.emit(crashed)
