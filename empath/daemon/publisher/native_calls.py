"""
native_calls - calls of code that blocks a thread, or has a loop of its own

A sink has a native thread of its own, so that one that hangs holds up no other. A thread cannot be ended: while a call
has not come to its end, no further one is made.
"""

from collections.abc import Callable
from typing import Any, Final

import gevent
from gevent.threadpool import ThreadPool

from empath.daemon.publisher.said import Said
from empath.policy.events.sending import Verdict

_NO_THREAD: Final = Said(Verdict.FAILED, "no thread could be started")


class NativeCalls:
    """The calls of one sink, always in the same thread."""

    def __init__(self) -> None:
        self._pool: ThreadPool | None = None
        self.under_way: Any = None  # the last call; it may not have ended in time

    def run(self, call: Callable[[], Said], timeout_s: float) -> Said:
        """What *call* comes to, which raises nothing; a failure after *timeout_s*."""
        if self.under_way is not None and not self.under_way.ready():
            return Said(Verdict.FAILED, "the call before has not ended yet")
        if self._pool is None:
            self._pool = ThreadPool(1)
        try:
            self.under_way = self._pool.spawn(call)
        except (RuntimeError, MemoryError):  # a limit of processes or memory
            self._pool = None
            return _NO_THREAD
        with gevent.Timeout(timeout_s, False):  # type: ignore[arg-type]
            self.under_way.wait()
        return self.under_way.get() or _NO_THREAD if self.under_way.ready() else Said(Verdict.FAILED, "timed out")
