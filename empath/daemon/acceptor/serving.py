"""
serving - greenlets that serve one connection after another

A new greenlet costs two system calls and a page fault: Python maps a stack for it and unmaps it at the end.  For a
session of one message that is a fiftieth of all.  So some greenlets whose connection is over wait for the next one.
"""

from collections.abc import Callable
from typing import Any, Final

import gevent
from gevent.hub import get_hub
from greenlet import getcurrent, greenlet

_MOST_IDLE: Final = 32  # each holds 16 KiB

Job = tuple[Callable[..., object], tuple[Any, ...]]


class Servers:
    """The greenlets that serve, and those that wait."""

    def __init__(self, most_idle: int = _MOST_IDLE) -> None:
        self._idle: list[greenlet] = []
        self._most_idle = most_idle

    def start(self, serve: Callable[..., object], *args: Any) -> None:
        """Have *serve* called with *args* in a greenlet of its own, a moment later. It must not raise."""
        if self._idle:
            get_hub().loop.run_callback(self._idle.pop().switch, (serve, args))
        else:
            gevent.spawn_raw(self._run, (serve, args))

    def _run(self, job: Job) -> None:
        current, hub = getcurrent(), get_hub()
        while True:
            serve, args = job
            serve(*args)
            if len(self._idle) >= self._most_idle:
                return
            del serve, args
            self._idle.append(current)
            job = hub.switch()
