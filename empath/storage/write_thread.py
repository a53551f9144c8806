"""
write_thread - the writes of one process, from many greenlets to one thread, in batches

Greenlets submit Writes; the thread takes the waiting ones and gives as many of them to the engine as one commit should
hold.  A write comes back once its batch has ended.

HOUSE RULES
    No cursor leaves the thread.  The caller starts the thread that runs `run()`.  `notify` is called in that thread
    after each batch and must wake the reader of `finished()`.
"""

import collections

# gevent replaces queue.SimpleQueue; this one blocks only the native thread that waits on it.
from _queue import SimpleQueue
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final

from empath.storage.write import Write

MAX_WRITES: Final = 500
MAX_ROWS: Final = 5_000
MAX_OCTETS: Final = 8 * 1024 * 1024


class WriteThread(ABC):
    """The write side of the queue in one process; an engine says how a batch is carried out."""

    def __init__(self, notify: Callable[[], object]) -> None:
        self._notify = notify
        self._waiting: SimpleQueue[tuple[Write, ...] | None] = SimpleQueue()
        self._taken: collections.deque[Write] = collections.deque()  # writes that the thread has taken from `_waiting`
        self._finished: collections.deque[Write] = collections.deque()

    def submit(self, *writes: Write) -> None:
        """Add writes, which share a commit unless it gets too heavy; each comes back through `finished()`."""
        self._waiting.put(writes)

    def stop(self) -> None:
        """End `run()` after the writes submitted so far."""
        self._waiting.put(None)

    def finished(self) -> collections.deque[Write]:
        """Finished writes, oldest first; the reader removes them from the left."""
        return self._finished

    def run(self) -> None:
        """Body of the thread: commit until `stop()`."""
        is_running = True
        while is_running or self._taken:
            is_running = is_running and self._take()
            batch = self._next_batch()
            if batch:
                self.execute(batch)
                self._finished.extend(batch)
                self._notify()
        self.close()

    @abstractmethod
    def execute(self, batch: list[Write]) -> None:
        """Run *batch* in the calling thread; each write's `error` tells how it went."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection, if there is one."""

    def _take(self) -> bool:
        """Take all writes that wait, at least one; False after `stop()`."""
        while not (self._taken and self._waiting.empty()):
            writes = self._waiting.get()
            if writes is None:
                return False
            self._taken.extend(writes)
        return True

    def _next_batch(self) -> list[Write]:
        """As many of the taken writes as one transaction may hold."""
        batch: list[Write] = []
        rows = octets = 0
        while self._taken and len(batch) < MAX_WRITES and rows < MAX_ROWS and octets < MAX_OCTETS:
            write = self._taken.popleft()
            batch.append(write)
            rows += write.rows
            octets += write.octets
        return batch
