"""
shared_reader - the one connection with which a process reads the queue

THEORY
    A connection parses the whole schema, which takes 4 ms of CPU and 2 MB of memory. So the parts of a process share
    one. It is used in the hub's thread only, by one statement at a time. While SQLite waits for a lock, though, the hub
    lets other greenlets run, and SQLite must not be called again then: each call waits for its turn.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gevent.lock import RLock

from empath.storage.engine import Bindings, Numbered, Reader, Row


class SharedReader:
    """A Reader for all greenlets of a process. It is open until the process ends."""

    def __init__(self, open_reader: Callable[[], Reader]) -> None:
        """*open_reader* is called by the first method that reads, and again by the next one if it fails."""
        self._open_reader = open_reader
        self._opened: Reader | None = None
        self._turn = RLock()

    @property
    def location(self) -> str:
        """See `engine.Selects`."""
        with self._turn:
            return self._reader().location

    def rows(self, name: str, bindings: Bindings = ()) -> list[Row]:
        """See `engine.Selects`."""
        with self._turn:
            return self._reader().rows(name, bindings)

    def value(self, name: str, bindings: Bindings = ()) -> Any:
        """See `engine.Selects`."""
        with self._turn:
            return self._reader().value(name, bindings)

    def records(self, name: str, bindings: Bindings = ()) -> Iterator[dict[str, Any]]:
        """See `engine.Selects`; all are read at once."""
        with self._turn:
            return iter([*self._reader().records(name, bindings)])

    @contextmanager
    def one_instant(self) -> Iterator[None]:
        """See `engine.Selects`; the others wait until its end."""
        with self._turn, self._reader().one_instant():
            yield

    def news(self) -> int:
        """See `engine.Reader`."""
        with self._turn:
            return self._reader().news()

    def settled(self, table: Numbered) -> int:
        """See `engine.Reader`."""
        with self._turn:
            return self._reader().settled(table)

    def close(self) -> None:
        """Nothing: others read on."""

    def _reader(self) -> Reader:
        if self._opened is None:
            self._opened = self._open_reader()
        return self._opened
