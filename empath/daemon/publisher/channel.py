"""
channel - the way of events to one consumer

A channel reads the events after the cursor, sends those that its filter takes, and moves the cursor in the commit that
records the end of the request. So a process that is killed at any moment leaves events that are sent again, and none
that is not sent. policy/events/sending.py decides what the end of a request leads to.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from empath.daemon.publisher.said import Said, Sink
from empath.policy.events.filter import EventFilter
from empath.policy.events.form import Event, gap
from empath.policy.events.sending import Pace, Retry, Verdict
from empath.storage.engine import Reader
from empath.storage.queue import event_sending as storage
from empath.storage.queue.events import first_id, page
from empath.storage.write import Write
from empath.telemetry.occurrence import Occurrence
from empath.telemetry.occurrences.publisher import (
    ConsumerAnswersAgain,
    ConsumerFails,
    ConsumerGone,
    EventDead,
    EventsLost,
    EventsSent,
)

W = TypeVar("W", bound=Write)

_PAGE: Final = 1_000  # events that are looked at for one request
_LAZY: Final = 1_000  # events that no request was made for, after which the cursor is moved all the same
_LAZY_S: Final = 2.0  # the same by time
_IDLE_S: Final = 5.0  # until the next look, where nothing is known to come sooner


class Commits(Protocol):
    """The writer of the process."""

    def commit(self, write: W) -> W:
        """Wait until *write* is durable."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """Events of one request. Shape: through is the cursor once it was taken; behind wait for others of a message."""

    events: list[Event]
    behind: list[Event]
    through: int
    lost: int = 0


@dataclass
class Channel:
    """One consumer. *clock* gives Unix seconds."""

    name: str
    sink: Sink
    filter: EventFilter
    batch: int
    retry: Retry
    reader: Reader
    writer: Commits
    process_id: int
    emit: Callable[[Occurrence], object]
    clock: Callable[[], float] = time.time
    gather_s: float = 0.0  # how long events wait for others, to be sent with them
    pace: Pace = field(init=False)
    _cursor: int = field(init=False, default=-1)  # as it was at the last step
    _seen: int = field(init=False, default=-1)  # event after it up to which nothing is to be sent
    _moved_at: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self.pace = Pace(self.batch)

    def begin(self) -> None:
        """
        Serve the consumer from now on, and no other process.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be written.
        """
        self.writer.commit(storage.Claim(self.name, self.process_id))

    def step(self) -> float | None:
        """
        Send what is next; gives the seconds for which only news let another step do something, 0 if there may be more
        now, and None if another process serves the consumer.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read or written.
        """
        standing = storage.standing(self.reader, self.name)
        if standing is None or standing.process_id != self.process_id:
            return None
        now = self.clock()
        if standing.state != "active":
            return _IDLE_S
        if standing.next_try_at is not None and now < standing.next_try_at <= now + self.retry.most_s:
            return standing.next_try_at - now
        aside = storage.next_aside(self.reader, self.name)
        if aside is not None and aside.next_try_at <= now:
            return self._send_again(standing, aside)
        wait_s = _IDLE_S if aside is None else min(_IDLE_S, aside.next_try_at - now)
        if storage.count_aside(self.reader, self.name) >= storage.MOST_ASIDE:
            return wait_s
        return self._send_next(standing, wait_s)

    def _send_next(self, standing: storage.Standing, wait_s: float) -> float:
        before = standing.cursor
        if before != self._cursor:
            self._cursor = self._seen = before
        now = self.clock()
        batch = self._next_batch(before)
        if batch is None:
            return self._rest(now, before, wait_s)
        if not batch.events:
            self._seen = batch.through
            if batch.behind or self._is_to_be_moved(now, before):
                self._advance(now, before=before, cursor=batch.through, behind=batch.behind)
            return 0.0
        if (gather_s := self._to_gather(now, batch)) > 0:
            return min(wait_s, gather_s)
        said = self.sink.send(batch.events)
        now = self.clock()
        number = len(batch.events)
        is_set_aside = self.pace.is_to_be_set_aside(said.verdict, number)
        if said.verdict is Verdict.TAKEN or (batch.lost and said.verdict is Verdict.REFUSED):
            if standing.failures:
                self.emit(ConsumerAnswersAgain(consumer=self.name, requests=standing.failures))
            sent = number - (1 if batch.lost else 0)
            self._advance(
                now, before=before, cursor=batch.through, behind=batch.behind, sent=sent, lost=batch.lost, is_taken=True
            )
            self.emit(EventsSent(consumer=self.name, events=number))
            if batch.lost:
                self.emit(EventsLost(consumer=self.name, events=batch.lost))
        elif is_set_aside and not batch.lost:  # a gap has no number of its own
            [refused] = batch.events
            self._advance(
                now,
                before=before,
                cursor=batch.through,
                behind=batch.behind,
                is_taken=True,
                refused=refused,
                next_try_at=now + self.retry.wait_s(1),
                error=said.words,
            )
        elif said.verdict is not Verdict.REFUSED or number == 1:
            self._fail(standing, said)
        return 0.0

    def _to_gather(self, now: float, batch: _Batch) -> float:
        """Seconds for which *batch* may become larger; the age of its first event counts, also after a restart."""
        if batch.lost or len(batch.events) >= self.pace.size:
            return 0.0
        age_s = now - batch.events[0].at
        return self.gather_s - age_s if age_s >= 0 else 0.0  # a clock that was set back gathers nothing

    def _rest(self, now: float, before: int, wait_s: float) -> float:
        """Nothing is to be sent; move a cursor that is behind, before long."""
        if self._seen <= before:
            return wait_s
        if not self._is_to_be_moved(now, before):
            return min(wait_s, _LAZY_S)
        self._advance(now, before=before, cursor=self._seen)
        return 0.0

    def _is_to_be_moved(self, now: float, before: int) -> bool:
        return self._seen - before >= _LAZY or abs(now - self._moved_at) >= _LAZY_S

    def _advance(
        self,
        now: float,
        *,
        before: int,
        cursor: int,
        behind: Sequence[Event] = (),
        sent: int = 0,
        lost: int = 0,
        is_taken: bool = False,
        refused: Event | None = None,
        next_try_at: float = 0.0,
        error: str = "",
    ) -> None:
        self.writer.commit(
            storage.Advance(
                self.name,
                self.process_id,
                now=now,
                before=before,
                cursor=cursor,
                sent=sent,
                lost=lost,
                is_taken=is_taken,
                behind=behind,
                refused=refused,
                next_try_at=next_try_at,
                error=error,
            )
        )
        self._moved_at = now

    def _next_batch(self, cursor: int) -> _Batch | None:
        """What the next request takes after *cursor*; None if there are no events."""
        first = first_id(self.reader)
        if first is not None and first > cursor + 1:
            missing = gap(cursor + 1, first - 1, self.clock())
            return _Batch([missing], [], first - 1, first - 1 - cursor)
        after = max(cursor, self._seen)
        found = page(self.reader, after=after, limit=_PAGE)
        if not found:
            return None
        aside = storage.messages_aside(self.reader, self.name)
        events: list[Event] = []
        behind: list[Event] = []
        through = after
        for event in found:
            if self.filter.takes(event):
                if event.queue_id in aside:
                    behind.append(event)
                elif len(events) == self.pace.size:
                    break
                else:
                    events.append(event)
            through = event.event_id
        return _Batch(events, behind, through)

    def _send_again(self, standing: storage.Standing, aside: storage.AsideEvent) -> float:
        event = storage.one_event(self.reader, aside.event_id)
        now = self.clock()
        if event is None:  # its end came since
            return 0.0
        said = self.sink.send([event])
        now = self.clock()
        if said.verdict is Verdict.TAKEN:
            self.writer.commit(storage.EndAside(self.name, self.process_id, now=now, event_id=event.event_id))
            self.emit(EventsSent(consumer=self.name, events=1))
        elif said.verdict in (Verdict.REFUSED, Verdict.BROKEN):
            tries = aside.tries + 1
            is_dead = self.retry.is_over(tries, now - aside.since)
            self.writer.commit(
                storage.RecordTry(
                    self.name,
                    self.process_id,
                    now=now,
                    event_id=event.event_id,
                    next_try_at=now + self.retry.wait_s(tries),
                    error=said.words,
                    is_dead=is_dead,
                )
            )
            if is_dead:
                self.emit(EventDead(consumer=self.name, event_id=event.event_id, tries=tries, error=said.words))
        else:
            self._fail(standing, said)
        return 0.0

    def _fail(self, standing: storage.Standing, said: Said) -> None:
        now = self.clock()
        is_gone = said.verdict is Verdict.GONE
        wait_s = max(self.retry.wait_s(standing.failures + 1), min(said.wait_s or 0.0, self.retry.most_s))
        self.writer.commit(
            storage.RecordFailure(
                self.name,
                self.process_id,
                now=now,
                next_try_at=now + wait_s,
                error=said.words,
                is_gone=is_gone,
            )
        )
        if is_gone:
            self.emit(ConsumerGone(consumer=self.name, error=said.words))
        elif not standing.failures:  # one line until it answers again
            self.emit(ConsumerFails(consumer=self.name, error=said.words))
