"""
hub_writer - the group commit, as greenlets see it

THEORY
    The writer runs in a native thread of its own, so that a commit, or the wait for another process's lock, never stops
    the hub.  Works gather in the hub before they are handed to it, until all who took part in the commit before, and
    all who came while it was written, wait again; or until nobody has come for a moment.  A commit then serves as many
    as it can, and the hub has nothing to do while the thread writes: the two do not take the interpreter from each
    other at each statement.  A lone client waits for nobody.
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

from empath.storage.engine import Engine
from empath.storage.write import Write

W = TypeVar("W", bound=Write)
_EX_SOFTWARE = 70
_CLOSE_S = 2.0
_GAP_S = 0.004  # in which nobody came: a processor's turn goes to others for as long
_PATIENCE_S = 0.010  # where somebody comes all the time, as from many slow hosts


class HubWriter:
    """Writes of this process. Make it after the patching, once per process."""

    def __init__(
        self, engine: Engine, *, deadline_s: float, gap_s: float = _GAP_S, patience_s: float = _PATIENCE_S
    ) -> None:
        """
        *deadline_s* as for Writer. Works gather until nobody has come for *gap_s*, or for *patience_s* in all.
        """
        self._gathered: list[Write] = []
        self._gathering_since: float | None = None  # of the monotonic clock, while `_gap` runs
        self._patience_s = patience_s
        self._expected = 0  # so many are all
        self._in_flight = 0  # works that the thread has
        self._finished = 0  # by the thread since it last had none
        # Not `start`, which would go on with what was left of the time when it was last stopped.
        self._gap = get_hub().loop.timer(gap_s, gap_s)
        self._after_batch: Callable[[], object] | None = None
        self._is_closed = False
        self._bell = get_hub().loop.async_()
        self._bell.start(self._deliver)
        # Both must be the unpatched ones: they are used outside the hub's thread.
        sleep = get_original("time", "sleep")
        self._writer = engine.open_writer(deadline_s=deadline_s, notify=self._bell.send, sleep=sleep)
        get_original("_thread", "start_new_thread")(self._run, ())

    def commit(self, work: W, *, is_last: bool = False) -> W:
        """
        Wait until *work* is durable; *is_last* tells that nobody else will come before it is.

        Raises:
            QueueBusy: the write lock was not to be had in time.
            StorageFailure: it was refused, or failed; whether it took place may be unknown.
        """
        work.waiter = getcurrent().switch
        work.submitted_at = time.monotonic()
        self._gathered.append(work)
        self._gather(is_last=is_last)
        try:
            get_hub().switch()
        finally:
            work.waiter = None
        if work.error is not None:
            raise type(work.error)(str(work.error)) from work.error
        return work

    def after_batch(self, call: Callable[[], object]) -> None:
        """Have *call* called in the hub after each batch, before those who wait for it go on."""
        self._after_batch = call

    def close(self) -> None:
        """Finish what was submitted, and close the connection: the last one to close leaves no write-ahead log."""
        self._hand_over()
        self._writer.stop()
        ends_at = time.monotonic() + _CLOSE_S
        while not self._is_closed and time.monotonic() < ends_at:
            gevent.sleep(0.002)

    def _gather(self, *, is_last: bool = False) -> None:
        if self._in_flight:
            return  # who waits for that comes again
        now = time.monotonic()
        if self._gathering_since is None:
            self._gathering_since = now
        is_long = now - self._gathering_since > self._patience_s
        if is_last or is_long or len(self._gathered) >= self._expected:
            self._hand_over()
        else:
            self._gap.again(self._hand_over)

    def _hand_over(self) -> None:
        self._gap.stop()
        self._gathering_since = None
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
        if not self._in_flight:
            self._expected, self._finished = self._finished + len(self._gathered), 0
        for _ in range(count):
            waiter = finished.popleft().waiter
            if waiter is not None:
                waiter()
        if self._gathered:
            self._gather()

    def _run(self) -> None:
        try:
            self._writer.run()
            self._is_closed = True
        except BaseException:  # noqa: BLE001 - top frame of a thread: without its writer the process is of no use
            traceback.print_exc(file=sys.stderr)
            os._exit(_EX_SOFTWARE)
