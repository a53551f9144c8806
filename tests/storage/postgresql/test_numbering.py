"""test_numbering - events have their numbers in the order of the commits, without gaps"""

from typing import TYPE_CHECKING

import psycopg
import pytest

from empath.storage.postgresql.numbering import number_new
from empath.storage.queue.events import page
from tests.kit.queue import T0

if TYPE_CHECKING:
    from tests.kit.postgresql import PostgresQueue

HOLD = "UPDATE queue SET status = 'held' WHERE recipient_id = %s"


@pytest.fixture
def listened(queue: "PostgresQueue") -> "PostgresQueue":
    """A queue with three recipients, and a program that listens since."""
    for _ in range(3):
        queue.accept(at=T0)
    queue.write("INSERT INTO _consumer (name, kind, cursor, created_at) VALUES ('test', 'program', 0, 0)")
    return queue


def number(queue: "PostgresQueue") -> None:
    """As the housekeeper does."""
    reader = queue.engine.open_reader()
    while (write := number_new(reader)) is not None:
        queue.run(write)
    reader.close()


def test_an_event_that_commits_late_has_a_late_number(listened: "PostgresQueue") -> None:
    """
    A consumer that has read the first one reads on from it, and misses none.
    """
    reader = listened.engine.open_reader()
    with psycopg.connect(listened.conninfo, options="-c search_path=empath") as person:
        person.execute(HOLD, (1,))
        listened.other().execute(HOLD, (2,))
        number(listened)
        assert [(1, 2)] == [(event.event_id, event.recipient_id) for event in page(reader, after=0, limit=9)]
    number(listened)
    assert [(2, 1)] == [(event.event_id, event.recipient_id) for event in page(reader, after=1, limit=9)]


def test_what_was_rolled_back_is_no_gap(listened: "PostgresQueue") -> None:
    """
    A gap tells a consumer that events were lost.
    """
    person = psycopg.connect(listened.conninfo, options="-c search_path=empath")
    person.execute(HOLD, (1,))
    person.rollback()
    person.close()
    for recipient in (3, 2):
        listened.other().execute(HOLD, (recipient,))
    number(listened)
    found = page(listened.engine.open_reader(), after=0, limit=9)
    assert [(1, 3), (2, 2)] == [(event.event_id, event.recipient_id) for event in found]


def test_two_that_number_give_each_number_once(listened: "PostgresQueue") -> None:
    """
    One housekeeper replaces the other. The second one waits, and finds nothing left.
    """
    listened.other().execute("UPDATE queue SET status = 'held'")
    reader = listened.engine.open_reader()
    first, second = number_new(reader), number_new(reader)
    assert first is not None
    assert second is not None
    listened.run(first)
    listened.run(second)
    assert [1, 2, 3] == [event.event_id for event in page(reader, after=0, limit=9)]
