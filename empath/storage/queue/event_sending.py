"""
event_sending - how far a consumer has got with the events, as the process that sends them keeps it

Each write names the process: once another one has claimed the consumer, it changes nothing. A cursor that a person has
moved meanwhile stays where it was put.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from empath.policy.events.form import Event
from empath.storage.engine import Selects, Session
from empath.storage.queue.events import event_of
from empath.storage.write import Write

MOST_ASIDE: Final = 10_000  # events of one consumer; it waits where more are refused

WAITING, BEHIND, DEAD = "waiting", "behind", "dead"


class Standing(NamedTuple):
    """How a consumer stands. Shape: as the columns of the view `consumer`; next_try_at in Unix seconds."""

    cursor: int
    state: str
    failures: int
    next_try_at: float | None
    process_id: int | None


class AsideEvent(NamedTuple):
    """An event that is sent again. Shape: since and next_try_at in Unix seconds."""

    event_id: int
    tries: int
    since: float
    next_try_at: float


def standing(reader: Selects, name: str) -> Standing | None:
    """How the consumer *name* stands; None if it is not there."""
    found = reader.rows("events.standing", {"name": name})
    return Standing(*found[0]) if found else None


def messages_aside(reader: Selects, name: str) -> frozenset[str]:
    """Queue ids of messages of which the consumer *name* has an event that is set aside."""
    return frozenset(ulid for (ulid,) in reader.rows("events.messages_aside", {"consumer": name}))


def count_aside(reader: Selects, name: str) -> int:
    """Events that are set aside for the consumer *name*."""
    return int(reader.value("events.count_aside", {"consumer": name}))


def next_aside(reader: Selects, name: str) -> AsideEvent | None:
    """The event that the consumer *name* is to be sent again first; None if there is none."""
    found = reader.rows("events.next_aside", {"consumer": name})
    return AsideEvent(*found[0]) if found else None


def one_event(reader: Selects, event_id: int) -> Event | None:
    """The event with this number; None if it is gone."""
    found = reader.rows("events.one", {"event_id": event_id})
    return event_of(found[0]) if found else None


class _OfConsumer(Write):
    """What the process *process_id* writes about the consumer *name*."""

    def __init__(self, name: str, process_id: int, *, now: float = 0.0) -> None:
        super().__init__()
        self._keys = {"name": name, "consumer": name, "process_id": process_id, "now": now}


class Claim(_OfConsumer):
    """Serve the consumer from now on."""

    def run(self, session: Session) -> None:
        session.run("events.claim", self._keys)


class Advance(_OfConsumer):
    """
    The consumer is through with the events up to *cursor*: *sent* were taken, *behind* wait, *refused* is set aside.

    *before* is the cursor so far. `is_stale` tells after the commit that it was another, and nothing was written.
    """

    def __init__(
        self,
        name: str,
        process_id: int,
        *,
        now: float,
        before: int,
        cursor: int,
        sent: int = 0,
        lost: int = 0,
        is_taken: bool = False,
        behind: Sequence[Event] = (),
        refused: Event | None = None,
        next_try_at: float = 0.0,
        error: str = "",
    ) -> None:
        super().__init__(name, process_id, now=now)
        self.rows = 1 + len(behind)
        self.is_stale = False
        self._row = {"before": before, "cursor": cursor, "sent": sent, "lost": lost, "is_taken": is_taken}
        self._aside: list[tuple[Event, str, int, str | None]] = [(event, BEHIND, 0, None) for event in behind]
        if refused is not None:
            self._aside.append((refused, WAITING, 1, error))
        self._next_try_at = next_try_at
        self._error = error if refused is not None else None

    def run(self, session: Session) -> None:
        self.is_stale = not session.run("events.advance", {**self._keys, **self._row})
        if self.is_stale:
            return
        for event, state, tries, error in self._aside:
            row = {"event_id": event.event_id, "ulid": event.queue_id, "state": state, "tries": tries, "error": error}
            session.run("events.set_aside", {**self._keys, **row, "next_try_at": self._next_try_at})
        if self._error is not None:
            session.run("events.record_refusal", {**self._keys, "error": self._error})


class RecordFailure(_OfConsumer):
    """A request failed; the next one is not before *next_try_at*. *is_gone*: the consumer wants no more."""

    def __init__(
        self, name: str, process_id: int, *, now: float, next_try_at: float, error: str, is_gone: bool = False
    ) -> None:
        super().__init__(name, process_id, now=now)
        self._row = {"next_try_at": next_try_at, "error": error, "is_gone": is_gone}

    def run(self, session: Session) -> None:
        session.run("events.record_failure", {**self._keys, **self._row})


class EndAside(_OfConsumer):
    """The consumer has taken an event that was set aside."""

    def __init__(self, name: str, process_id: int, *, now: float, event_id: int) -> None:
        super().__init__(name, process_id, now=now)
        self._event_id = event_id

    def run(self, session: Session) -> None:
        if session.run("events.record_sent", self._keys):
            session.run("events.end_aside", {**self._keys, "event_id": self._event_id})


class RecordTry(_OfConsumer):
    """The consumer has refused an event again; *is_dead*: it is given up."""

    def __init__(
        self,
        name: str,
        process_id: int,
        *,
        now: float,
        event_id: int,
        next_try_at: float,
        error: str,
        is_dead: bool,
    ) -> None:
        super().__init__(name, process_id, now=now)
        state = DEAD if is_dead else WAITING
        self._row = {"event_id": event_id, "next_try_at": next_try_at, "error": error, "state": state}

    def run(self, session: Session) -> None:
        if session.run("events.record_refusal", {**self._keys, **self._row}):
            session.run("events.record_try", {**self._keys, **self._row})
