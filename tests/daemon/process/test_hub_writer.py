"""The group commit of one process: which writes share it, and how long it waits for them."""

import inspect

import gevent
import pytest

from empath import errors
from empath.daemon.process.hub_writer import HubWriter
from empath.errors import EmpathError, StorageFailure
from empath.storage.sqlite.engine import SqliteEngine
from empath.storage.sqlite.schema import prepare
from empath.storage.write import Write
from tests.kit.queue import select
from tests.kit.waiting import DEADLINE_S

NEVER_S = 3600.0


class Put(Write):
    """Adds a name to a table that takes each name only once."""

    def __init__(self, name):
        super().__init__()
        self.name = name

    def run(self, session):
        session.connection.execute("INSERT INTO _setting VALUES (?, '')", (self.name,))


class Fail(Write):
    """Raises *error* in the thread of the writer."""

    def __init__(self, error):
        super().__init__()
        self._error = error

    def run(self, _):
        raise self._error


def every_error() -> list[EmpathError]:
    """One error of each class in the module errors."""
    kinds = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, EmpathError)]
    return [kind(*_arguments(kind)) for kind in kinds]


def _arguments(kind: type[EmpathError]) -> list[str]:
    if kind.__init__ is Exception.__init__:
        return ["the disk failed"]
    return [f"its {name}" for name in list(inspect.signature(kind.__init__).parameters)[1:]]


class Batches:
    """Writers of a queue, and the number of writes in each of their commits."""

    def __init__(self, path):
        self.path = path
        self.sizes = []
        self._writers = []
        prepare(path)

    def writer(self, *, gap_s=NEVER_S, patience_s=NEVER_S):
        writer = HubWriter(SqliteEngine(self.path, max_leases=20), deadline_s=5.0, gap_s=gap_s, patience_s=patience_s)
        before = 0

        def count():
            nonlocal before
            now = len(self.names())
            self.sizes.append(now - before)
            before = now

        writer.after_batch(count)
        self._writers.append(writer)
        return writer

    def names(self):
        return {name for (name,) in select(self.path, "SELECT name FROM _setting")}

    def close(self):
        for writer in self._writers:
            writer.close()


@pytest.fixture
def batches(tmp_path):
    made = Batches(tmp_path / "queue.db")
    yield made
    made.close()


def clients(writer, *names_of_each):
    """Greenlets that have begun, each of which commits one name after another."""

    def run(names):
        for name in names:
            writer.commit(Put(name))

    greenlets = [gevent.spawn(run, names) for names in names_of_each]
    gevent.sleep(0)
    return greenlets


def ended(greenlets):
    gevent.joinall(greenlets, timeout=DEADLINE_S, raise_error=True)
    assert all(greenlet.ready() for greenlet in greenlets)


def test_a_single_write_does_not_wait_for_others(batches):
    """
    Its mail is on the disk as soon as the disk allows.
    """
    ended(clients(batches.writer(), ["a", "b", "c"]))

    assert [1, 1, 1] == batches.sizes


def test_writers_that_come_together_share_a_commit_from_the_second_on(batches):
    """
    The first write is handed over at once. From then on all writers share each commit.
    """
    first, others = ["0-0", "0-1", "0-2", "0-3"], ([f"{n}-{turn}" for turn in range(3)] for n in range(1, 5))
    ended(clients(batches.writer(), first, *others))

    assert [1, 5, 5, 5] == batches.sizes


def test_a_writer_that_does_not_come_again_is_waited_for_a_moment(batches):
    """
    A client that went away costs the others one gap, and is then forgotten.
    """
    writer = batches.writer(gap_s=0.01)
    ended(clients(writer, ["a1", "a2"], ["b1", "b2"], ["c1", "c2", "c3", "c4"]))

    assert ([1, 3, 2, 1, 1], 8) == (batches.sizes, len(batches.names()))


def test_patience_ends_though_writes_keep_arriving(batches):
    """
    With hundreds of slow hosts there is always one more write; the first must not wait for the last.
    """
    writer = batches.writer(patience_s=0.0)
    ended(clients(writer, ["a1", "a2"], ["b1"], ["c1"], ["d1"]))
    # Two of the next four writes are too few, so the patience ends the wait.
    ended(clients(writer, ["e"], ["f"]))

    assert ([1, 4, 2], 7) == (batches.sizes, len(batches.names()))


def test_a_refused_write_fails_for_its_client_alone(batches):
    """
    The client gets its own error, with its own traceback.
    """
    writer = batches.writer(gap_s=0.01)
    writer.commit(Put("a"))
    good, bad = clients(writer, ["b"], ["a"])
    gevent.joinall([good, bad], timeout=DEADLINE_S)

    assert isinstance(bad.exception, StorageFailure)
    assert (None, {"a", "b"}) == (good.exception, batches.names())


@pytest.mark.parametrize("error", every_error(), ids=lambda error: type(error).__name__)
def test_every_error_reaches_each_write_of_its_batch(batches, error):
    """
    A class with an argument more than the others, that of a damaged file, used to end in a TypeError.  No caller
    expects that: a worker settled nothing of what it had sent, and beat no more.
    """
    writer = batches.writer(gap_s=0.01)

    def run():
        writer.commit(Fail(error))

    waiting = [gevent.spawn(run) for _ in range(2)]
    gevent.joinall(waiting, timeout=DEADLINE_S)

    found = [greenlet.exception for greenlet in waiting]
    assert [(type(error), str(error), vars(error))] * 2 == [(type(each), str(each), vars(each)) for each in found]
    assert found[0] is not found[1], "each has its own traceback"


def test_what_has_gathered_is_written_before_the_end(batches):
    """
    Every submitted write is carried out.
    """
    writer = batches.writer()
    ended(clients(writer, ["a", "d"], ["b"], ["c"]))
    waiting = clients(writer, ["e"])
    writer.close()

    ended(waiting)
    assert set("abcde") == batches.names()
