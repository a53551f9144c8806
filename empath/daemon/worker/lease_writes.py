"""
lease_writes - what a lease writes, and how it gets to the disk

The writes of a message wait for those of the next step, and go to the disk together.  The peer may have the mail, so
its fate must not be lost: a commit that fails is tried until it succeeds.  Where the database refuses a result, all
others of the commit are written without it, and a person decides about its recipients.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import gevent

from empath.daemon.process.runtime import Runtime
from empath.errors import EmpathError, WriteRefused
from empath.mail.identity import Timestamp
from empath.storage.queue.lease import Lease, LeasedMessage
from empath.storage.queue.lease_reads import ReadOrders
from empath.storage.queue.put_back import Hold
from empath.storage.queue.reply_rules import Shape
from empath.storage.queue.settle import Settle
from empath.storage.write import Batch, Write
from empath.telemetry.occurrences.worker import ResultRefused, SettleFailed, Shaped, StaleResult

if TYPE_CHECKING:  # only what is configured is imported
    from empath.daemon.worker.hooks import DeliveryHooks
    from empath.daemon.worker.lease_trace import LeaseTrace

_AGAIN_S: Final = 1.0  # pause after a commit that failed


class LeaseWrites:
    """The writes of one lease that are not on the disk yet."""

    def __init__(
        self, runtime: Runtime, lease: Lease, hooks: "DeliveryHooks | None", trace: "LeaseTrace | None" = None
    ) -> None:
        """*hooks* of modules hear of results once these are on the disk, and *trace* of how long that took."""
        self._runtime = runtime
        self._lease = lease
        self._hooks = hooks
        self._trace = trace
        self._waiting: list[Write] = []
        self._settled: list[tuple[LeasedMessage, Settle]] = []  # among them, for the hooks

    def add(self, write: Write) -> None:
        """Write it with the next commit."""
        self._waiting.append(write)

    def add_results(self, message: LeasedMessage, writes: list[Write]) -> None:
        """Write with the next commit what became of *message*."""
        self._waiting += writes
        if self._hooks is not None:
            self._settled += [(message, write) for write in writes if isinstance(write, Settle)]

    def commit_and_look(self) -> ReadOrders:
        """Write all, and read what was ordered meanwhile."""
        orders = ReadOrders(self._lease.lease_id, now=time.time())
        self.commit(orders)
        return orders

    def commit(self, *more: Write) -> None:
        """Write all, and *more*; log and tell the hooks what became of it."""
        writes, self._waiting = (*self._waiting, *more), []
        began_at = 0.0 if self._trace is None else time.time()
        is_whole = self._write(writes)
        if self._trace is not None and self._trace.waits:
            self._trace.written(began_at, time.time())
        if self._hooks is not None:
            settled, self._settled = self._settled, []
            for message, settle in settled if is_whole else ():
                if not settle.is_stale:
                    self._hooks.tell(message, settle, self._lease.destination)
        for write in writes:
            if isinstance(write, Settle) and write.is_stale:
                self._runtime.emit(StaleResult(lease_id=self._lease.lease_id, destination=self._lease.destination))
            elif isinstance(write, Shape) and write.is_done:
                self._runtime.emit(
                    Shaped(
                        destination=write.destination,
                        rule=write.effect.rule,
                        action=str(write.effect.action),
                        source=write.source,
                        until=Timestamp(write.until).iso8601(),
                        reply=write.reply,
                    )
                )

    def _write(self, writes: Sequence[Write]) -> bool:
        """Whether all of *writes* are on the disk as they are."""
        together = writes[0] if len(writes) == 1 else Batch(*writes)
        while writes:
            try:
                self._runtime.writer.commit(together)
                break
            except WriteRefused as exc:
                self._write_apart(writes, exc)
                return False
            except EmpathError as exc:
                self._runtime.emit(SettleFailed(destination=self._lease.destination, error=str(exc)))
                gevent.sleep(_AGAIN_S)
        return True

    def _write_apart(self, writes: Sequence[Write], refusal: WriteRefused) -> None:
        """Write all of *writes* but those that the database refuses; a recipient whose fate is refused is held."""
        parts = [part for write in writes for part in (write.apart() if isinstance(write, Settle) else (write,))]
        if len(parts) > 1:
            for part in parts:
                self._write((part,))
            return
        self._runtime.emit(ResultRefused(destination=self._lease.destination, error=str(refusal)))
        [write] = parts
        if isinstance(write, Settle):
            numbers = tuple(fate.recipient_id for fate in write.fates)
            reason = f"the database refuses the result of an attempt; the log has it: {refusal}"
            self._write((Hold(self._lease.lease_id, numbers, now=time.time(), reason=reason),))
