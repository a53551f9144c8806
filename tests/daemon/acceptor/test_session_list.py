"""Which sessions get rows, and when these are written; over real rows."""

import time
from dataclasses import dataclass, field

import gevent
import pytest

from empath.daemon.acceptor.session_list import SessionList
from empath.errors import QueueBusy
from empath.storage.queue.sessions import SessionRow
from empath.telemetry.occurrence import Occurrence
from empath.telemetry.occurrences.acceptor import SessionsUnlisted
from tests.daemon.acceptor.test_rates import DirectWriter
from tests.kit.queue import T0, Queue, write
from tests.kit.waiting import DEADLINE_S


@dataclass
class FakeSession:
    """A session whose progress the test decides."""

    number: int
    began_at: float
    octets: int = 0
    is_closed: bool = False
    is_shown: bool = False  # its row was asked for

    @property
    def progress(self):
        return self.octets, "ready"

    def row(self):
        self.is_shown = True
        return SessionRow(self.number, "[::1]:25", "::1", "client.test", None, None, "ready", 0, self.octets, T0)

    def close_by_order(self):
        self.is_closed = True


@dataclass
class FakeRuntime:
    """What the list needs of the frame of its process."""

    queue: Queue
    writer: DirectWriter
    occurrences: list[Occurrence] = field(default_factory=list)

    @property
    def reader(self):
        return self.queue.engine.open_reader()

    @property
    def process_id(self):
        return self.queue.process_id

    def emit(self, occurrence):
        self.occurrences.append(occurrence)


class ChangingWriter(DirectWriter):
    """Notes the sessions that each commit writes; after it all *sessions* have received more."""

    def __init__(self, queue, sessions):
        super().__init__(queue)
        self.written: list[set[int]] = []
        self._sessions = sessions

    def commit(self, write, *, is_last=False):
        self.written.append({session.number for session in self._sessions if session.is_shown})
        for session in self._sessions:
            session.octets += 1
            session.is_shown = False
        return super().commit(write, is_last=is_last)


@pytest.fixture
def runtime(tmp_path):
    queue = Queue(tmp_path / "queue.db")
    yield FakeRuntime(queue, DirectWriter(queue))
    queue.close()


@pytest.fixture
def sessions():
    """Two old sessions and a young one."""
    now = time.monotonic()
    return [FakeSession(1, now - 60), FakeSession(2, now - 60), FakeSession(3, now + 60)]


@pytest.fixture
def listed(runtime, sessions):
    """The list at work, over `sessions`."""
    running = gevent.spawn(SessionList(runtime, sessions).run)
    yield runtime
    running.kill()


def until(condition):
    """Let the list work until *condition* holds."""
    with gevent.Timeout(DEADLINE_S):
        while not condition():
            gevent.sleep(0.02)


def octets(runtime):
    return dict(runtime.queue.select("SELECT number, octets FROM _session"))


def test_a_session_has_a_row_from_its_second_second_on(listed, sessions):
    """
    A server that takes much mail from quick clients writes no rows.
    """
    until(lambda: octets(listed) == {1: 0, 2: 0})
    sessions[0].octets = 500
    del sessions[1]
    until(lambda: octets(listed) == {1: 500})
    assert 2 == listed.writer.commits


def test_a_session_whose_row_is_closed_is_told(listed, sessions):
    until(lambda: octets(listed) == {1: 0, 2: 0})
    write(listed.queue.path, "DELETE FROM session WHERE session LIKE '%.2'")
    until(lambda: sessions[1].is_closed)
    assert not sessions[0].is_closed


def test_a_queue_that_cannot_be_written_is_reported_once(listed, sessions):
    """
    The list goes on when it can be written again.
    """
    listed.writer.error = QueueBusy("locked")
    until(lambda: listed.writer.commits == 2)
    assert ["locked"] == [each.error for each in listed.occurrences if isinstance(each, SessionsUnlisted)]
    listed.writer.error = None
    until(lambda: octets(listed) == {1: 0, 2: 0})


def test_many_changes_are_written_in_turns(runtime):
    """
    Two hundred rows a second at most, the longest unchanged first; a thousand clients cost no more.
    """
    many = [FakeSession(number, time.monotonic() - 60) for number in range(250)]
    runtime.writer = writer = ChangingWriter(runtime.queue, many)
    running = gevent.spawn(SessionList(runtime, many).run)
    until(lambda: len(writer.written) >= 2)
    running.kill()
    first, second = writer.written[:2]
    assert (200, 200) == (len(first), len(second))
    assert set(range(250)) - first < second
