"""
joint - the messages of one request wait for each other, and are committed together

Each message takes its own way through the checks, in a greenlet of its own. The last one that arrives at its commit, or
ends before, commits for all that wait.
"""

from collections.abc import Callable
from typing import Any

from gevent.event import Event
from greenlet import getcurrent

from empath.errors import EmpathError
from empath.storage.queue.accept import Accept


class NotCommitted(EmpathError):
    """The messages of the request are not in the queue."""


class JointCommit:
    """The commit of *count* messages, of which some may never come to it."""

    def __init__(self, count: int, conclude: Callable[[dict[Any, Accept]], None]) -> None:
        """*conclude* gets the write of each message that came, by its greenlet, and sets `error` of what fails."""
        self._missing = count
        self._conclude = conclude
        self._arrived: dict[Any, Accept] = {}  # by greenlet
        self._is_over = Event()

    def commit(self, write: Any, *, is_last: bool = False) -> Any:
        """
        Wait until the messages of the request are durable.

        Raises:
            NotCommitted: they are not; `error` of *write* has the reason.
        """
        self._arrived[getcurrent()] = write
        if not self._arrive():
            self._is_over.wait()
        if write.error is not None:
            raise NotCommitted(str(write.error))
        return write

    def leave(self) -> None:
        """A message ends. One that has been committed may say so, too."""
        if getcurrent() not in self._arrived:
            self._arrive()

    def _arrive(self) -> bool:
        """One message less is missing; True if it was the last one, and all is done."""
        self._missing -= 1
        if self._missing:
            return False
        try:
            self._conclude(self._arrived)
        finally:
            self._is_over.set()
        return True
