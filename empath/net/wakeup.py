"""
wakeup - one eventfd per worker slot

The supervisor makes them, so that every process of every generation inherits the same ones.  A wake-up is an
optimisation: a lost one delays a worker until its next poll, and never loses a message.
"""

import os
from collections.abc import Callable, Iterable

from gevent.hub import get_hub


class WakeUp:
    """The worker's end: calls *awake* in the hub after each wake-up."""

    def __init__(self, descriptor: int, awake: Callable[[], object]) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._awake = awake
        self._watcher = get_hub().loop.io(descriptor, 1)
        self._watcher.start(self._read)

    def _read(self) -> None:
        try:
            os.eventfd_read(self._descriptor)
        except BlockingIOError:
            return
        self._awake()

    def close(self) -> None:
        """Stop listening."""
        self._watcher.stop()
        self._watcher.close()


def wake(descriptors: Iterable[int]) -> None:
    """Wake every worker: there may be mail to deliver."""
    for descriptor in descriptors:
        try:
            os.eventfd_write(descriptor, 1)
        except BlockingIOError:
            pass  # a counter at its maximum: wake-ups that the worker has not read yet
