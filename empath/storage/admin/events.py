"""events - what a person sees of events, and does to the consumers of them"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from empath.errors import EmpathError, MissingInput, UsageError
from empath.mail.words import count
from empath.policy.events.filter import EventFilter
from empath.policy.events.form import Event
from empath.policy.health import Diagnosis, Level
from empath.storage.admin.steering import acting
from empath.storage.engine import Bindings, Engine, Selects, Session
from empath.storage.queue.events import event_of, page
from empath.storage.write import Write

_VERB: Final = "empath-admin events"
_SLICE: Final = 1_000  # events that are read at once


@dataclass(frozen=True, slots=True)
class Consumer:
    """One row of the view `consumer`."""

    name: str
    kind: str
    types: str
    state: str
    cursor: int
    lag: int
    lag_s: float | None
    sent: int
    lost: int
    aside: int
    dead: int
    failures: int
    next_try_at: float | None
    sent_at: float | None
    last_error: str | None
    last_error_at: float | None


@dataclass(frozen=True, slots=True)
class Aside:
    """One row of the view `event_aside`."""

    consumer: str
    event_id: int
    state: str
    tries: int
    since: float
    next_try_at: float
    last_error: str | None
    id: str | None
    type: str
    recipient: str | None


def latest(visit: Selects, wanted: EventFilter, limit: int) -> list[Event]:
    """The last *limit* events that are *wanted*, the oldest first."""
    found: list[Event] = []
    before = 2**63 - 1
    while len(found) < limit:
        rows = visit.rows("events.page_before", {"before": before, "limit": _SLICE})
        found += [event for event in map(event_of, rows) if wanted.takes(event)]
        if len(rows) < _SLICE:
            break
        before = rows[-1][0]
    return found[:limit][::-1]


def following(reader: Selects, wanted: EventFilter, after: int) -> Iterator[tuple[int, list[Event]]]:
    """Events after *after* that are *wanted*, in slices, each with the number up to which it goes."""
    while events := page(reader, after=after, limit=_SLICE):
        after = events[-1].event_id
        yield after, [event for event in events if wanted.takes(event)]


def is_any_wanted(visit: Selects) -> bool:
    """Whether events are written at all."""
    return bool(visit.value("events.is_any_wanted"))


def consumers(visit: Selects) -> list[Consumer]:
    """Every consumer, by name."""
    return [Consumer(**record) for record in visit.records("events.all_consumers")]


@dataclass(frozen=True, slots=True)
class Outbox:
    """The events that are kept, and their consumers."""

    kept: int
    consumers: list[Consumer]


def outbox(visit: Selects) -> Outbox:
    """How many events are kept, and how far each consumer has got."""
    return Outbox(int(visit.value("events.number_of_rows")), consumers(visit))


def diagnose_consumers(engine: Engine) -> Iterator[Diagnosis]:
    """
    Whether each consumer of events gets them.

    A queue that cannot be read is not judged: the checks of the queue say that.
    """
    found: list[Consumer] = []
    with suppress(EmpathError), engine.visiting(None) as visit:
        found = consumers(visit)
    for each in found:
        name = f"events: {each.name}"
        if each.state == "gone":
            words = f"its endpoint wants no more events: {each.last_error}"
            yield Diagnosis(name, Level.WARNING, words, f"remove it from [events], or `{_VERB} resume {each.name}`")
        elif each.failures:
            words = f"has failed {count(each.failures, 'time')}: {each.last_error}"
            yield Diagnosis(name, Level.WARNING, words, "make it take events again; they wait as long as [events] says")
        elif each.dead:
            words = f"has refused {count(each.dead, 'event')} for good, the last time with {each.last_error}"
            yield Diagnosis(name, Level.WARNING, words, f"`{_VERB} dead --consumer {each.name}` shows them")
        else:
            yield Diagnosis(name, Level.OK, f"{each.state}, {count(each.lag, 'event')} behind")


def asides(visit: Selects, *, consumer: str | None, state: str | None) -> list[Aside]:
    """Events that are set aside, for *consumer* and in *state*, or all."""
    keys = {"consumer": consumer, "state": state}
    return [Aside(**record) for record in visit.records("events.all_asides", keys)]


class _ConsumerOrder(Write):
    """
    One statement about a consumer that is there.

    Raises:
        MissingInput: there is none of this name.
    """

    statement: str

    def __init__(self, name: str, *, who: str, **more: object) -> None:
        super().__init__()
        self.changed = 0
        self._who = who
        self._row: Bindings = {"name": name, **more}
        self._name = name

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            _require(session, self._name)
            self.changed = session.run(self.statement, self._row)


def _require(session: Selects, name: str) -> None:
    if not session.rows("events.has_consumer", {"name": name}):
        raise MissingInput(f"no consumer {name!r}; `empath-admin events consumers` shows all")


class RemoveConsumer(_ConsumerOrder):
    """Remove the consumer of a program."""

    statement = "events.drop_consumer"


class SetState(_ConsumerOrder):
    """Pause a consumer, or let it go on: *state* is active or paused."""

    statement = "events.set_state"


class Replay(_ConsumerOrder):
    """Send all events after *cursor* again."""

    statement = "events.move_cursor"


class AddConsumer(Write):
    """
    Add the consumer of a program.

    Raises:
        UsageError: there is one of this name.
    """

    def __init__(self, name: str, types: str, *, who: str) -> None:
        super().__init__()
        self._who = who
        self._row = {"name": name, "types": types}

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            if session.rows("events.has_consumer", self._row):
                raise UsageError(f"the consumer {self._row['name']!r} exists; remove it, or take another name")
            session.run("events.insert_consumer", self._row)


class SettleAsides(Write):
    """
    Send dead letters again, or drop them: those of *consumer*, or of all; `changed` is their number.

    Raises:
        MissingInput: there is no such consumer.
    """

    def __init__(self, *, consumer: str | None, is_drop: bool, who: str) -> None:
        super().__init__()
        self.changed = 0
        self._consumer = consumer
        self._statement = "events.drop_dead" if is_drop else "events.send_dead_again"
        self._who = who

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            if self._consumer is not None:
                _require(session, self._consumer)
            self.changed = int(session.value("events.count_dead", {"consumer": self._consumer}))
            session.run(self._statement, {"consumer": self._consumer})
