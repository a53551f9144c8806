"""test_writer - many writes to a commit, and how they fail"""

import threading
from pathlib import Path

import apsw
import pytest

from empath.errors import EmpathError, QueueBusy, StorageFailure, WriteRefused
from empath.storage import write_thread
from empath.storage.engine import Session
from empath.storage.queue.accept import Accept
from empath.storage.sqlite.engine import SqliteEngine
from empath.storage.write import Batch, Write
from tests.kit.queue import Queue, connection_of, select
from tests.kit.waiting import DEADLINE_S


class Statement(Write):
    """Any statement; `seen` has the transactions in which it ran, each as the number of their writes so far."""

    def __init__(self, statement: str, *bindings: object, after: str = "SELECT 1") -> None:
        super().__init__()
        self.statement = statement
        self.bindings = bindings
        self.after = after
        self.runs = 0
        self.connection: apsw.Connection | None = None

    def run(self, session: Session) -> None:
        self.runs += 1
        self.connection = connection_of(session)
        self.connection.execute(self.statement, self.bindings)

    def after_commit(self, session: Session) -> None:
        assert not connection_of(session).in_transaction
        connection_of(session).execute(self.after).fetchall()


def set_to(name: str, value: object = "1") -> Statement:
    return Statement("INSERT INTO _setting VALUES (?, ?)", name, value)


def settings(path: Path) -> list[str]:
    return [name for (name,) in select(path, "SELECT name FROM _setting ORDER BY name")]


def errors(*writes: Write) -> list[type[EmpathError] | None]:
    return [type(write.error) if write.error else None for write in writes]


def test_waiting_writes_share_a_commit_and_come_back_in_their_order(queue: Queue) -> None:
    """
    One sync serves all waiting writes; the rate of acceptance depends on it.
    """
    told: list[int] = []
    writer = queue.engine.open_writer(deadline_s=5.0, notify=lambda: told.append(len(writer.finished())))
    writes = [set_to(f"{n:03}") for n in range(write_thread.MAX_WRITES + 1)]
    for write in writes:
        writer.submit(write)
    writer.stop()

    writer.run()

    assert [500, 501] == told
    assert writes == list(writer.finished())
    assert [None] * 501 == [write.error for write in writes]
    assert 501 == len(settings(queue.path))


def test_writes_that_come_together_share_a_commit(queue: Queue) -> None:
    """
    The thread wakes up for the first of them, and must not take that one alone.
    """
    rung = threading.Semaphore(0)
    told: list[int] = []

    def note() -> None:
        told.append(len(writer.finished()))
        rung.release()

    writer = queue.engine.open_writer(deadline_s=5.0, notify=note)
    thread = threading.Thread(target=writer.run)
    thread.start()
    submitted = 0
    for turn in range(20):
        writes = [set_to(f"{turn}-{n}") for n in range(turn + 1)]
        submitted += len(writes)
        writer.submit(*writes)
        assert rung.acquire(timeout=DEADLINE_S)
        assert submitted == told[-1]
    writer.stop()
    thread.join(DEADLINE_S)

    assert not thread.is_alive()
    assert 20 == len(told)


@pytest.mark.parametrize(("rows", "octets"), [(write_thread.MAX_ROWS, 0), (0, write_thread.MAX_OCTETS)])
def test_batch_ends_where_it_gets_heavy(queue: Queue, rows: int, octets: int) -> None:
    """
    A commit of unbounded size would hold the write lock for an unbounded time.
    """
    told: list[int] = []
    writer = queue.engine.open_writer(deadline_s=5.0, notify=lambda: told.append(len(writer.finished())))
    for name in ("a", "b"):
        write = set_to(name)
        write.rows, write.octets = rows, octets
        writer.submit(write)
    writer.stop()

    writer.run()

    assert [1, 2] == told


def test_writer_thread_serves_until_it_is_stopped(queue: Queue) -> None:
    """
    Writes submitted before `stop` are still carried out.
    """
    rung = threading.Semaphore(0)
    writer = queue.engine.open_writer(deadline_s=5.0, notify=rung.release)
    thread = threading.Thread(target=writer.run)
    thread.start()
    writer.submit(set_to("a"))
    assert rung.acquire(timeout=DEADLINE_S)
    assert writer.finished().popleft().error is None
    writer.submit(set_to("b"))
    writer.stop()
    thread.join(DEADLINE_S)

    assert not thread.is_alive()
    assert ["a", "b"] == settings(queue.path)


@pytest.mark.parametrize(
    "bad",
    [
        set_to("bad", None),
        set_to("bad", b"a blob where text must be"),
        set_to("\ud800"),
        Statement("DELETE FROM _recipient"),
    ],
    ids=["null", "type", "no UTF-8", "trigger"],
)
def test_bad_write_fails_alone(queue: Queue, bad: Statement) -> None:
    """
    One client's odd envelope must cost neither the others their 250 nor the process its writer.
    """
    queue.accept()
    writes = [set_to("before"), bad, set_to("behind")]

    assert [None, WriteRefused, None] == [error and type(error) for error in queue.outcome(*writes)]
    assert ["before", "behind"] == settings(queue.path)


def test_all_of_a_refused_write_is_undone(queue: Queue) -> None:
    """
    The parts of a Batch succeed or fail together, even inside a transaction that continues without them.
    """
    together = Batch(set_to("a"), set_to("b", None), set_to("c"))

    assert [WriteRefused, None] == [error and type(error) for error in queue.outcome(together, set_to("d"))]
    assert ["d"] == settings(queue.path)


def test_destination_of_a_rolled_back_batch_is_not_remembered(queue: Queue) -> None:
    """
    After a roll-back the next new destination gets that number: mail under a remembered number would go there.
    """
    first = queue.new_accept("wrong.example")
    queue.outcome(first, queue.new_accept("wrong.example"), Statement("SELECT abs(-9223372036854775808)"))
    queue.accept("other.example")
    queue.accept("wrong.example")

    rows = queue.select("SELECT r.domain, d.name FROM _recipient AS r JOIN _destination AS d USING (destination_id)")
    assert [("other.example", "other.example"), ("wrong.example", "wrong.example")] == rows


def test_destination_numbers_that_are_kept_are_bounded(queue: Queue) -> None:
    """
    A flood of domains must not cost memory, and a forgotten number must not cost mail.
    """
    queue.destination_ids.MAX_NAMES = 2
    for name in ("a.example", "b.example", "c.example", "a.example"):
        queue.accept(name)

    assert 2 >= len(queue.destination_ids)
    assert [("a.example",), ("b.example",), ("c.example",)] == queue.select("SELECT name FROM _destination ORDER BY 1")


def test_failure_of_sqlite_fails_the_whole_batch_and_the_next_has_a_new_connection(queue: Queue) -> None:
    """
    After a disk error SQLite cannot know the state of the disk, so no client gets a 250.
    """
    queue.run(set_to("before"))
    first = Statement("SELECT 1")
    queue.run(first)
    writes = [set_to("a"), Statement("SELECT * FROM no_such_table"), set_to("b")]

    assert [StorageFailure] * 3 == [type(error) for error in queue.outcome(*writes)]
    assert ["before"] == settings(queue.path)
    queue.run(set_to("behind"))
    behind = Statement("SELECT 1")
    queue.run(behind)
    assert first.connection is not behind.connection
    assert ["before", "behind"] == settings(queue.path)


def test_failed_write_may_be_submitted_again(queue: Queue) -> None:
    """
    A settle is repeated until it is written; the old error must not outlive its success.
    """
    write = set_to("a")
    assert [StorageFailure, StorageFailure] == [type(e) for e in queue.outcome(write, Statement("SELECT * FROM none"))]

    queue.run(write)

    assert write.error is None


def test_read_that_fails_after_the_commit_fails_its_own_write_only(queue: Queue) -> None:
    """
    The others are committed; an error for their clients would make duplicates.
    """
    writes = [set_to("a"), Statement("SELECT 1", after="SELECT * FROM no_such_table"), set_to("b")]
    accept = queue.new_accept()

    outcome = queue.outcome(*writes[:2], accept)

    assert [None, StorageFailure, None] == [error and type(error) for error in outcome]
    assert ["queued"] == queue.statuses()


def test_lock_held_until_the_deadline_is_queue_busy(queue: Queue) -> None:
    """
    A forgotten transaction of another program costs 4yz replies, but needs no restart when it ends.
    """
    slept: list[float] = []
    writer = queue.engine.open_writer(deadline_s=0.05, notify=lambda: None, sleep=slept.append)
    queue.close()
    other = apsw.Connection(str(queue.path))
    other.execute("BEGIN IMMEDIATE")
    writes: list[Write] = [set_to("a"), set_to("b")]

    writer.execute(writes)

    assert [QueueBusy, QueueBusy] == errors(*writes)
    assert 0.0 <= min(slept)
    assert 0.010 >= max(slept)
    other.execute("ROLLBACK")
    writer.execute(writes)
    assert [None, None] == errors(*writes)
    other.close()
    writer.close()


def test_deadline_runs_from_the_submission(queue: Queue) -> None:
    """
    A client that came while another's commit waited must not wait twice as long.
    """
    slept: list[float] = []
    writer = queue.engine.open_writer(deadline_s=1.0, notify=lambda: None, sleep=slept.append)
    queue.close()
    late, early = set_to("a"), set_to("b")
    writer.submit(late)
    writer.submit(early)
    late.submitted_at -= 100.0
    other = apsw.Connection(str(queue.path))
    other.execute("BEGIN IMMEDIATE")

    writer.execute([late])

    assert [QueueBusy] == errors(late)
    assert len(slept) <= 2
    other.execute("ROLLBACK")
    writer.execute([early])
    assert [None] == errors(early)
    other.close()
    writer.close()


def test_file_that_is_gone_fails_the_batch_and_not_the_thread(tmp_path: Path) -> None:
    """
    The writer never makes a database: an empty new one would swallow mail.
    """
    writer = SqliteEngine(tmp_path / "queue.db", max_leases=20).open_writer(deadline_s=0.1, notify=lambda: None)
    write = set_to("a")

    writer.execute([write])

    assert [StorageFailure] == errors(write)
    assert not (tmp_path / "queue.db").exists()


def test_second_message_of_the_same_id_is_refused(queue: Queue) -> None:
    """
    Ids must not collide silently: the later message gets no 250.
    """
    write = queue.new_accept()

    outcome = queue.outcome(write, Accept(write.message))

    assert [None, WriteRefused] == [error and type(error) for error in outcome]
