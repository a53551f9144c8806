"""
hub_writer - the group commit, as greenlets see it

THEORY
    The writer runs in a native thread, so that a commit, or the wait for the lock of another process, never stops the
    hub.  Writes are collected into a batch.  The batch goes to the thread once as many writes wait as shared the
    previous commit and came while it was written, or once no new write has arrived for `gap_s`.  A commit then serves
    as many writes as it can, and the hub is idle while the thread writes: the two do not take the interpreter from each
    other at each statement.  A single write does not wait for others.
"""

import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import TypeVar

import gevent
from gevent.hub import get_hub
from gevent.monkey import get_original
from greenlet import getcurrent

from empath.errors import EmpathError, QueueBusy, WriteRefused
from empath.storage.engine import Engine
from empath.storage.write import Write

W = TypeVar("W", bound=Write)
_EX_SOFTWARE = 70
_CLOSE_S = 2.0
_REASONS = {QueueBusy: "busy", WriteRefused: "refused"}
_OTHER_REASON = "failure"
_GAP_S = 0.004  # without a new write; about one time slice of the scheduler
_PATIENCE_S = 0.010  # in all, where writes keep arriving, as from many slow hosts
_LOOK_S = 0.020  # between two looks at the files; what was committed just before they were removed is lost as well


class HubWriter:
    """The writes of this process. Make it after the patching, once per process."""

    def __init__(
        self, engine: Engine, *, deadline_s: float, gap_s: float = _GAP_S, patience_s: float = _PATIENCE_S
    ) -> None:
        """
        *deadline_s* as for Writer. A batch waits until no write has arrived for *gap_s*, or for *patience_s* in all.
        """
        self._gathered: list[Write] = []
        self._gathering_since: float | None = None  # monotonic seconds, while `_gap` runs
        self._patience_s = patience_s
        self._full_batch = 0  # number of writers that shared the previous commit
        self._in_flight = 0  # writes that the thread has
        self._finished = 0  # writes of the thread since it last had none
        # To be started by `again`: `start` would go on with the rest of the time at which it was last stopped.
        self._gap = get_hub().loop.timer(gap_s, gap_s)
        self._after_batch: Callable[[], object] | None = None
        self._measure: tuple[Callable[[int, float], object], Callable[[str], object]] | None = None
        self._handed_over_at = 0.0
        self._is_closed = False
        self._batch_done = get_hub().loop.async_()
        self._batch_done.start(self._deliver)
        # Both must be the unpatched ones: they are used outside the hub's thread.
        sleep = get_original("time", "sleep")
        self._writer = engine.open_writer(
            deadline_s=deadline_s, notify=self._batch_done.send, sleep=sleep, look_s=_LOOK_S
        )
        get_original("_thread", "start_new_thread")(self._run, ())

    def commit(self, write: W, *, is_last: bool = False) -> W:
        """
        Wait until *write* is durable. *is_last* says that no other write will arrive before it is.

        Raises:
            QueueBusy: the write lock was not free in time.
            StorageFailure: the write was refused or failed; it may be unknown whether it took place.
        """
        write.waiter = getcurrent().switch
        write.submitted_at = now = time.monotonic()
        self._gathered.append(write)
        if not self._in_flight:  # else its writers will soon wait again
            self._gather(now, is_last=is_last)
        try:
            get_hub().switch()
        finally:
            write.waiter = None
        if write.error is not None:
            if self._measure is not None:
                self._measure[1](_REASONS.get(type(write.error), _OTHER_REASON))
            raise _copy_of(write.error) from write.error
        return write

    def after_batch(self, call: Callable[[], object]) -> None:
        """Have *call* called in the hub after each batch, before the greenlets that wait for the batch go on."""
        self._after_batch = call

    def measure(self, batch_done: Callable[[int, float], object], failed: Callable[[str], object]) -> None:
        """Have *batch_done* called with the writes and seconds of each batch, *failed* with why a write failed."""
        self._measure = batch_done, failed

    def close(self) -> None:
        """Finish the submitted writes, then close the connection; the last one to close removes the write-ahead log."""
        self._hand_over()
        self._writer.stop()
        ends_at = time.monotonic() + _CLOSE_S
        while not self._is_closed and time.monotonic() < ends_at:
            gevent.sleep(0.002)

    def _gather(self, now: float, *, is_last: bool = False) -> None:
        if self._gathering_since is None:
            self._gathering_since = now
        is_long = now - self._gathering_since > self._patience_s
        if is_last or is_long or len(self._gathered) >= self._full_batch:
            self._hand_over()
        else:
            self._gap.again(self._hand_over)

    def _hand_over(self) -> None:
        self._gap.stop()
        self._gathering_since = None
        if not self._in_flight:
            self._handed_over_at = time.monotonic()
        self._in_flight += len(self._gathered)
        self._writer.submit(*self._gathered)
        self._gathered.clear()

    def _deliver(self) -> None:
        if self._after_batch is not None:
            self._after_batch()
        finished = self._writer.finished()
        count = len(finished)
        self._in_flight -= count
        self._finished += count
        if self._measure is not None and count:
            now = time.monotonic()
            self._measure[0](count, now - self._handed_over_at)
            self._handed_over_at = now  # of what the thread has yet
        if not self._in_flight:
            self._full_batch, self._finished = self._finished + len(self._gathered), 0
        for _ in range(count):
            waiter = finished.popleft().waiter
            if waiter is not None:
                waiter()
        if self._gathered and not self._in_flight:
            self._gather(time.monotonic())

    def _run(self) -> None:
        try:
            self._writer.run()
            self._is_closed = True
        except BaseException:  # noqa: BLE001 - top frame of a thread: without its writer the process is useless
            traceback.print_exc(file=sys.stderr)
            os._exit(_EX_SOFTWARE)


def _copy_of(error: EmpathError) -> EmpathError:
    """
    The same error with no traceback yet: the writes of one batch share an error, and each `raise` would extend it.

    The copy is made without `__init__`, whose arguments are not those of every class.
    """
    copy = type(error).__new__(type(error), *error.args)
    vars(copy).update(vars(error))
    return copy
