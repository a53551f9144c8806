"""The hours of the view throughput: counted once, whatever ends in between."""

import time

import pytest

from empath.config import load_config
from empath.mail.status import RecipientStatus
from empath.storage.queue import throughput
from empath.storage.queue.put_back import EndLease
from empath.storage.queue.throughput import KEPT_S, count_new
from tests.daemon.housekeeper.test_rerouting import House
from tests.kit.process import configuration
from tests.kit.queue import Queue

HOUR = int(time.time() / 3600) * 3600 - 7200
T0 = HOUR + 10.0
COLUMNS = "hour_unix, destination, received, delivered, deferred, bounced, expired"


@pytest.fixture
def house(tmp_path):
    file = tmp_path / "empath.toml"
    file.write_text(configuration(2525))
    made = House(Queue(tmp_path / "queue.db"), load_config(file))
    yield made
    made.queue.close()


def rows(house):
    return house.queue.select(f"SELECT {COLUMNS} FROM throughput ORDER BY 1, 2")


def settle(house, status, now):
    for lease in house.queue.lease(now=now):
        for place in range(len(lease.messages)):
            house.queue.run(house.queue.new_settle(lease, status, message=place, now=now, next_retry_at=now))
        house.queue.run(EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=now))


def test_each_attempt_and_each_message_is_counted_once(house):
    """
    In the hour in which it ended, and by its destination; what came in has a row of its own.
    """
    house.queue.accept("a.example", "b.example", at=T0)
    house.queue.accept("a.example", at=T0)
    settle(house, RecipientStatus.DEFERRED, T0 + 1)
    house.tidying.count_throughput()
    house.tidying.count_throughput()
    settle(house, RecipientStatus.DELIVERED, T0 + 3600)
    house.tidying.count_throughput()

    assert [
        (HOUR, "", 2, 0, 0, 0, 0),
        (HOUR, "a.example", 0, 0, 2, 0, 0),
        (HOUR, "b.example", 0, 0, 1, 0, 0),
        (HOUR + 3600, "a.example", 0, 2, 0, 0, 0),
        (HOUR + 3600, "b.example", 0, 1, 0, 0, 0),
    ] == rows(house)
    size = house.queue.select("SELECT sum(size) FROM _message")
    assert size == house.queue.select("SELECT octets FROM throughput WHERE destination = ''")


def test_what_two_processes_have_read_is_added_once(house):
    """
    The mark is compared in the transaction that moves it.
    """
    house.queue.accept(at=T0)
    reader = house.queue.engine.open_reader()
    first, second = count_new(reader, T0), count_new(reader, T0)
    house.queue.run(first)
    house.queue.run(second)

    assert [(HOUR, "", 1, 0, 0, 0, 0)] == rows(house)
    assert count_new(reader, T0) is None


def test_many_rows_are_counted_slice_by_slice(house, monkeypatch):
    """
    A queue of an earlier version is counted in many short transactions.
    """
    monkeypatch.setattr(throughput, "SLICE", 2)
    house.queue.accept(count=5, at=T0)

    house.tidying.count_throughput()

    assert [(HOUR, "", 5, 0, 0, 0, 0)] == rows(house)


def test_an_hour_has_a_bounded_number_of_rows(house, monkeypatch):
    """
    Mail to many domains fills no table: the row of '*' has those beyond.
    """
    monkeypatch.setattr(throughput, "MOST", 2)
    house.queue.accept("a.example", "b.example", "c.example", "d.example", at=T0)
    settle(house, RecipientStatus.BOUNCED, T0 + 1)

    house.tidying.count_throughput()

    assert [("", 1, 0), ("*", 0, 2), ("a.example", 0, 1), ("b.example", 0, 1)] == [
        (name, received, bounced) for _, name, received, _, _, bounced, _ in rows(house)
    ]


def test_old_hours_are_forgotten(house):
    """
    After ninety days.
    """
    house.queue.accept(at=T0)
    house.tidying.count_throughput()
    house.queue.accept(at=T0 + KEPT_S + 7200)
    adding = count_new(house.queue.engine.open_reader(), T0 + KEPT_S + 7200)
    house.queue.run(adding)

    assert [(HOUR + KEPT_S + 7200, "", 1, 0, 0, 0, 0)] == rows(house)


def test_mail_is_counted_before_it_is_forgotten(house):
    """
    Also where nothing is kept.
    """
    house.queue.accept(at=T0)
    settle(house, RecipientStatus.DELIVERED, T0 + 1)

    house.tidying.forget()

    assert ("a.example", 1) in [(row[1], row[3]) for row in rows(house)]
