"""
events - the outbox: events that triggers write, and the consumers of the configuration

The triggers of sql/sqlite/schema.sql write an event in the transaction that makes the fact, if a consumer wants its
type. Here they are read, and forgotten in time. An event keeps its number, and numbers have no gaps: where the first
one that is kept is later than a consumer's cursor plus one, those between are lost to that consumer.
"""

from collections.abc import Iterable
from typing import Any, Final

import orjson

from empath.policy.events.consumer import ConsumerOfFile
from empath.policy.events.form import Event
from empath.storage.engine import Row, Selects, Session
from empath.storage.queue.sweep import Kept
from empath.storage.write import Write

EVENTS: Final = Kept("events.expired", "events.forget", "events.number_of_rows", "events.first_to_go")


class KeepConsumers(Write):
    """Let the rows of consumers be those of the configuration; what programs added stays."""

    def __init__(self, wanted: Iterable[ConsumerOfFile], *, now: float) -> None:
        super().__init__()
        self._wanted = {each.name: each for each in wanted}
        self._now = now

    def is_needed(self, reader: Selects) -> bool:
        """Whether anything would change."""
        return self._wanted != {row[0]: ConsumerOfFile(*row) for row in reader.rows("events.configured")}

    def run(self, session: Session) -> None:
        for name, _, _ in session.rows("events.configured"):
            if name not in self._wanted:
                session.run("events.remove_consumer", {"name": name})
        for each in self._wanted.values():
            is_there = bool(session.rows("events.has_consumer", {"name": each.name}))
            if is_there:
                session.run("events.change_consumer", each._asdict())
            else:
                session.run("events.add_consumer", {**each._asdict(), "now": self._now})


def last_id(reader: Selects) -> int:
    """
    Number of the last event; 0 if there was none.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    return int(reader.value("events.last_id"))


def first_id(reader: Selects) -> int | None:
    """
    Number of the first event that is kept; None if there was none.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    found = reader.value("events.first_id")
    return None if found is None else int(found)


def page(reader: Selects, *, after: int, limit: int) -> list[Event]:
    """
    Up to *limit* events after the number *after*.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    return [event_of(row) for row in reader.rows("events.page", {"after": after, "limit": limit})]


def event_of(row: Row) -> Event:
    """The event of a *row* of `events.page`."""
    return Event._make((*row[:-1], _members(row[-1])))


def _members(text: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(text)
    return found
