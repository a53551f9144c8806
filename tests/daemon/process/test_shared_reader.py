from contextlib import contextmanager
from typing import Any

import gevent
import pytest
from gevent.event import Event

from empath.daemon.process.shared_reader import SharedReader
from empath.errors import StorageFailure
from tests.kit.queue import Queue


class WaitingReader:
    """A connection whose statements wait for a lock until the test lets them go on; it notes what it is asked."""

    location = "queue.db"

    def __init__(self):
        self.asked = []
        self.go_on = Event()

    def rows(self, name, _bindings):
        self.asked.append(name)
        self.go_on.wait()
        return []

    @contextmanager
    def one_instant(self):
        self.asked.append("begin")
        yield
        self.asked.append("commit")


def test_a_process_has_one_connection_however_many_read(tmp_path):
    """
    A connection costs 2 MB of memory.
    """
    queue = Queue(tmp_path / "queue.db")
    queue.accept("a.example")
    opened = []

    def open_reader():
        opened.append(queue.engine.open_reader())
        return opened[-1]

    shared = SharedReader(open_reader)
    assert [] == opened, "nothing is read"
    assert [(1,)] == shared.rows("clock.last_recipient")
    assert 1 == shared.value("clock.last_recipient")
    assert [1] == [each for row in shared.records("clock.last_recipient") for each in row.values()]
    assert str(queue.path) == shared.location
    before = shared.news()
    queue.accept("a.example")
    assert before != shared.news()
    shared.close()
    with shared.one_instant():
        assert shared.news()
    assert 1 == len(opened)
    queue.close()


def test_a_queue_that_could_not_be_opened_is_opened_later():
    """
    The queue may be locked for a moment when the first part asks.
    """
    outcomes: list[Any] = [StorageFailure("disk"), WaitingReader()]

    def open_reader():
        outcome = outcomes.pop(0)
        if isinstance(outcome, StorageFailure):
            raise outcome
        return outcome

    shared = SharedReader(open_reader)
    with pytest.raises(StorageFailure):
        shared.rows("a")
    assert "queue.db" == shared.location


def test_nothing_is_asked_while_another_greenlet_waits_for_a_lock():
    """
    SQLite must not be called from its own busy handler.
    """
    reader: Any = WaitingReader()
    shared = SharedReader(lambda: reader)
    first, second = gevent.spawn(shared.rows, "first"), gevent.spawn(shared.rows, "second")
    gevent.sleep(0)
    assert ["first"] == reader.asked
    reader.go_on.set()
    gevent.joinall([first, second], raise_error=True)
    assert ["first", "second"] == reader.asked


def test_one_instant_is_of_one_greenlet():
    """
    The statements of another would see the queue as it was.
    """
    reader: Any = WaitingReader()
    reader.go_on.set()
    shared = SharedReader(lambda: reader)
    with shared.one_instant():
        other = gevent.spawn(shared.rows, "other")
        gevent.sleep(0)
        shared.rows("own")
    other.get()
    assert ["begin", "own", "commit", "other"] == reader.asked
