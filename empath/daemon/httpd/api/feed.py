"""
feed - the events of the queue, read once for all clients that follow them

One look at the queue each quarter of a second serves every client, and none is made while there is no client. The last
events stay in memory in the form in which they are sent. A client that has fallen behind them reads from the queue
again, one at a time, and these readings take a fifth of the time at most: who is slow costs the others nothing, and the
memory of a client is the number of its last event.
"""

import json
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

import gevent
from gevent.event import Event as Signal
from gevent.lock import Semaphore

from empath.errors import EmpathError
from empath.policy.events.filter import EventFilter
from empath.policy.events.form import Event, gap, record_of
from empath.storage.engine import Reader
from empath.storage.queue.events import first_id, last_id, page

LOOK_S: Final = 0.25
_PAGE: Final = 500  # events that are read at once
KEPT: Final = 2_000  # events in memory
_REST: Final = 4.0  # times the length of a reading that the next one of clients that are behind comes later


class Part(NamedTuple):
    """A part of the stream. Shape: through is the number of the last event that is in it, or was left out."""

    octets: bytes
    through: int


class Feed:
    """The events of one queue for the clients of this process."""

    def __init__(self, reader: Reader, clock: Callable[[], float] = time.time) -> None:
        self._reader = reader
        self._clock = clock
        self._kept: deque[tuple[Event, bytes]] = deque(maxlen=KEPT)
        self._last = 0  # number up to which events were read
        self._news: int | None = None
        self._came = Signal()
        self._clients = 0
        self._behind = Semaphore(1)

    def enter(self) -> int:
        """
        One client more; the number of the last event.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read.
        """
        if not self._clients:
            self._last = last_id(self._reader)
            self._kept.clear()
            self._news = None
        self._clients += 1
        return last_id(self._reader)

    def leave(self) -> None:
        """One client fewer."""
        self._clients -= 1

    def wait(self, wait_s: float) -> None:
        """Wait until there are other events, or for *wait_s*."""
        self._came.wait(wait_s)

    def run(self) -> None:
        """Body of a greenlet."""
        while True:
            gevent.sleep(LOOK_S)
            if self._clients:
                try:
                    self.look()
                except EmpathError:
                    pass  # clients wait; the log has what keeps the queue from being read

    def look(self) -> None:
        """
        Read what was committed since.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read.
        """
        news = self._reader.news()
        if news == self._news:
            return
        has_come = False
        while found := page(self._reader, after=self._last, limit=_PAGE):
            self._kept.extend((event, encoded(event)) for event in found)
            self._last = found[-1].event_id
            has_come = True
            gevent.sleep(0)
        self._news = news
        if has_come:
            self._came.set()
            self._came.clear()

    def next_part(self, position: int, wanted: EventFilter) -> Part | None:
        """
        What a client gets after the event *position*; None if there is nothing.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read.
        """
        if position >= self._last:
            return None
        if self._kept and self._kept[0][0].event_id <= position + 1:
            kept = list(self._kept)
            start = bisect_right(kept, position, key=lambda each: each[0].event_id)
            return Part(b"".join(octets for event, octets in kept[start:] if wanted.takes(event)), kept[-1][0].event_id)
        with self._behind:
            began_at = time.monotonic()
            part = self._read(position, wanted)
            gevent.sleep(_REST * (time.monotonic() - began_at))
        return part

    def _read(self, position: int, wanted: EventFilter) -> Part:
        first = first_id(self._reader)
        if first is not None and first > position + 1:
            return Part(encoded(gap(position + 1, first - 1, self._clock())), first - 1)
        found = page(self._reader, after=position, limit=_PAGE)
        octets = b"".join(encoded(event) for event in found if wanted.takes(event))
        return Part(octets, found[-1].event_id if found else self._last)


class Follows(Protocol):
    """What a stream needs of a feed."""

    def enter(self) -> int:
        """See Feed."""

    def leave(self) -> None:
        """See Feed."""

    def wait(self, wait_s: float) -> None:
        """See Feed."""

    def next_part(self, position: int, wanted: EventFilter) -> Part | None:
        """See Feed."""


def encoded(event: Event) -> bytes:
    """*event* as a browser reads it: https://html.spec.whatwg.org/multipage/server-sent-events.html."""
    return f"id: {event.event_id}\nevent: {event.type}\ndata: {json.dumps(record_of(event))}\n\n".encode()
