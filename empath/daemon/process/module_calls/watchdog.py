"""
watchdog - find the module that blocks the process

A module that computes for long, or waits in a library that gevent did not patch, stops every session, and no deadline
can interrupt it.  A native thread sees that the hub no longer turns, and logs where the module is.
"""

import sys
import time
import traceback
from typing import Any, Final

import gevent
from gevent.monkey import get_original

from empath.daemon.process.module_calls.calls import running_call
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.process import ModuleBlocks

_BEAT_S: Final = 0.25
_FRAMES: Final = 50


class Watchdog:
    """Watches the hub of the thread that makes it. Call `start` once."""

    def __init__(self, emit: Emitter, late_s: float) -> None:
        """After *late_s* without a turn the hub counts as blocked."""
        self._emit = emit
        self._late_s = late_s
        self._beat_at = time.monotonic()
        self._thread_id = get_original("_thread", "get_ident")()
        self._is_over = False
        self._beating: gevent.Greenlet[..., None] | None = None

    def start(self) -> None:
        """Watch until `stop`."""
        self._beating = gevent.spawn(self._beat)
        get_original("_thread", "start_new_thread")(self._watch, ())

    def stop(self) -> None:
        """Stop watching."""
        self._is_over = True
        if self._beating is not None:
            self._beating.kill()

    def _beat(self) -> None:
        while True:
            self._beat_at = time.monotonic()
            gevent.sleep(_BEAT_S)

    def _watch(self) -> None:
        """Body of the thread: one report for each time that the hub is blocked."""
        sleep = get_original("time", "sleep")  # the patched one would make a hub in this thread
        reported_at = 0.0
        while not self._is_over:
            sleep(_BEAT_S)
            beat_at = self._beat_at
            if time.monotonic() - beat_at > self._late_s and reported_at != beat_at:
                reported_at = beat_at
                self._report(sys._current_frames().get(self._thread_id))

    def _report(self, frame: Any) -> None:
        found = running_call(frame)
        if found is not None:
            module, hook = found
            stack = "".join(traceback.format_stack(frame, _FRAMES)).removesuffix("\n")
            self._emit(ModuleBlocks(module=module, hook=hook, exception=stack))
