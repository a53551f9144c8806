"""
hub_writer - the group commit, as greenlets see it

The writer runs in a native thread of its own, so that a commit, or the wait for another process's lock, never stops the
hub.  A greenlet that commits sleeps until the batch that holds its work is on the disk.
"""

import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import gevent
from gevent.hub import get_hub
from gevent.monkey import get_original
from greenlet import getcurrent

from empath.storage.writer import Work, Writer

W = TypeVar("W", bound=Work)
_EX_SOFTWARE = 70
_CLOSE_S = 2.0


class HubWriter:
    """Writes of this process. Make it after the patching, once per process."""

    def __init__(self, path: Path, *, deadline_s: float, linger_s: float) -> None:
        """*deadline_s* and *linger_s* as for Writer."""
        self._after_batch: Callable[[], object] | None = None
        self._is_closed = False
        self._bell = get_hub().loop.async_()
        self._bell.start(self._deliver)
        # Both must be the unpatched ones: they are used outside the hub's thread.
        sleep = get_original("time", "sleep")
        self._writer = Writer(path, deadline_s=deadline_s, notify=self._bell.send, sleep=sleep, linger_s=linger_s)
        get_original("_thread", "start_new_thread")(self._run, ())

    def commit(self, work: W) -> W:
        """
        Wait until *work* is durable.

        Raises:
            QueueBusy: the write lock was not to be had in time.
            StorageFailure: it was refused, or failed; whether it took place may be unknown.
        """
        work.waiter = getcurrent().switch
        self._writer.submit(work)
        try:
            get_hub().switch()
        finally:
            work.waiter = None
        if work.error is not None:
            raise type(work.error)(str(work.error)) from work.error
        return work

    def post(self, work: W, done: Callable[[W], object] | None = None) -> None:
        """Hand in *work* and go on; *done* is called in the hub when it is durable, or has failed (`work.error`)."""
        if done is not None:
            work.waiter = lambda: done(work)
        self._writer.submit(work)

    def after_batch(self, call: Callable[[], object]) -> None:
        """Have *call* called in the hub after each batch, before those who wait for it go on."""
        self._after_batch = call

    def close(self) -> None:
        """Finish what was submitted, and close the connection: the last one to close leaves no write-ahead log."""
        self._writer.stop()
        ends_at = time.monotonic() + _CLOSE_S
        while not self._is_closed and time.monotonic() < ends_at:
            gevent.sleep(0.002)

    def _deliver(self) -> None:
        if self._after_batch is not None:
            self._after_batch()
        finished = self._writer.finished()
        while finished:
            waiter = finished.popleft().waiter
            if waiter is not None:
                waiter()

    def _run(self) -> None:
        try:
            self._writer.run()
            self._is_closed = True
        except BaseException:  # noqa: BLE001 - top frame of a thread: without its writer the process is of no use
            traceback.print_exc(file=sys.stderr)
            os._exit(_EX_SOFTWARE)
