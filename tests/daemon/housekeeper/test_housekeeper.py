"""The housekeeper of a real instance: it tidies up after an earlier run, and releases the leases of dead processes."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from empath.mail.identity import QueueId, Timestamp
from empath.mail.status import RecipientStatus
from empath.storage.queue.process import EndProcess
from empath.storage.queue.put_back import EndLease
from empath.storage.spool import SpoolFile, locate
from empath.storage.sqlite.space import wal_octets
from empath.storage.write import Batch
from tests.kit.process import Empathd
from tests.kit.queue import T0, Queue, give_spool, ids, select, write
from tests.kit.waiting import eventually

MIB = 1024 * 1024
GARBAGE, ORPHAN, YOUNG, NEEDED, MISSING, STUCK = (
    QueueId.make(Timestamp(T0), bytes([1, *bytes(8), number])) for number in range(6)
)
FOREIGN = QueueId.make(Timestamp(T0 - 9), bytes(10))


def make_file(spool: Path, queue_id: QueueId, *, is_old: bool = True) -> str:
    """A complete file; its locator."""
    file = SpoolFile(spool, "mx.example.test", queue_id)
    file.write(b"x\r\n")
    file.complete()
    file.close()
    if is_old:
        os.utime(file.path, (T0, T0))
    return file.locator


def finish(queue: Queue, status: RecipientStatus) -> None:
    queue.accept()
    (lease,) = queue.lease()
    queue.run(
        queue.new_settle(lease, status, recipients=ids(lease)),
        EndLease(lease.lease_id, destination="a.example", is_failing=False, now=T0 + 1),
    )


def litter(queue: Queue, spool: Path) -> None:
    """
    Leave behind, in this order: recipients 1 delivered, 2 bounced with an open notice, 3 bounced and reported, 4 held
    with a file, 5 waiting with a missing file, 6 waiting behind a late bound; a garbage file, a garbage file that
    cannot be removed, an orphan, an orphan from before the queue took the spool, and a young orphan.
    """
    finish(queue, RecipientStatus.DELIVERED)
    finish(queue, RecipientStatus.BOUNCED)
    finish(queue, RecipientStatus.BOUNCED)
    write(queue.path, "UPDATE _notice SET is_met = 1; DELETE FROM _notice WHERE recipient_id = 3")
    queue.accept("h.example", content=None, size=3, locator=make_file(spool, NEEDED), queue_id=NEEDED)
    write(queue.path, "UPDATE _recipient SET status = 'held', reason = 'x' WHERE recipient_id = 4")
    queue.accept("m.example", content=None, size=3, locator=f"spool:mx.example.test/{MISSING}", queue_id=MISSING)
    queue.accept("late.example")
    write(queue.path, "UPDATE _recipient SET next_retry_at = 4e9 WHERE recipient_id IN (5, 6)")
    write(queue.path, "UPDATE _destination SET due_at = NULL WHERE name = 'late.example'")
    write(queue.path, "INSERT INTO _spool_garbage (locator) VALUES (?)", make_file(spool, GARBAGE))
    stuck = f"spool:mx.example.test/{STUCK}"
    locate(spool, stuck).mkdir(parents=True)
    write(queue.path, "INSERT INTO _spool_garbage (locator, tries) VALUES (?, 2)", stuck)
    make_file(spool, ORPHAN)
    make_file(spool, FOREIGN)
    make_file(spool, YOUNG, is_old=False)


def grow_wal(path: Path) -> apsw.Connection:
    """Make the log larger than the housekeeper's limit; it stays so while the returned connection is open."""
    connection = apsw.Connection(str(path))
    connection.wal_autocheckpoint(0)
    connection.execute("BEGIN; INSERT INTO _content VALUES (999, zeroblob(?))", (70 * MIB,))
    connection.execute("DELETE FROM _content WHERE message_id = 999; COMMIT")
    return connection


@pytest.fixture(scope="module")
def tidied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Empathd]:
    """An instance that found this queue at its start."""
    retention = '[retention]\ndelivered = "0s"\nfinal = "0s"\ncontent = "0s"\n[delivery]\nworkers = 1\n'
    instance = Empathd(tmp_path_factory.mktemp("tidied") / "empathd", retention)
    spool = instance.directory / "spool"
    spool.mkdir(mode=0o750)
    queue = Queue(instance.queue)
    give_spool(instance.queue, at=T0 - 1)
    litter(queue, spool)
    queue.close()
    connection = grow_wal(instance.queue)
    assert wal_octets(instance.queue) > 64 * MIB
    try:
        yield instance.start()
        connection.close()
        assert instance.stop() == 0
        assert [] == instance.named("process_crashed")
    finally:
        instance.clean_up()


def test_retention_is_kept(tidied: Empathd) -> None:
    """
    Waiting and held recipients stay. A failure is reported before it is forgotten.
    """
    tidied.wait_for("forgotten")

    def left() -> list[int]:
        return [number for (number,) in select(tidied.queue, "SELECT recipient_id FROM _recipient")]

    eventually(lambda: [4, 5, 6] == left(), "the rest is forgotten")
    [report] = tidied.delivered()
    assert b"Final-Recipient: rfc822; r1@a.example\r\n" in report
    assert 1 == len(tidied.named("report_queued", to="sender@example.test"))


def test_files_that_no_message_needs_go(tidied: Empathd) -> None:
    """
    Garbage goes at once, and so does an old orphan once it is found. A needed file, a young orphan, and what may be
    content of another queue stay.
    """
    spool = tidied.directory / "spool"
    tidied.wait_for("orphans_found", files=1)
    tidied.wait_for("orphans_kept", files=1, spool=str(spool))

    def files() -> set[str]:
        return {path.name for path in spool.glob("*/*") if path.is_file()}

    eventually(lambda: files() == {str(NEEDED), str(YOUNG), str(FOREIGN)}, "garbage and orphan are gone")


def test_file_that_cannot_be_removed_raises_an_alarm(tidied: Empathd) -> None:
    """
    After the third try a person must know. The tries go on.
    """
    line = tidied.wait_for("garbage_stuck", tries=3)

    assert ("critical", "Is a directory") == (line["level"], line["error"])
    left = "SELECT locator, tries >= 3 FROM _spool_garbage"  # once all other garbage is removed
    eventually(lambda: [(line["locator"], 1)] == select(tidied.queue, left), "all other garbage is gone")


def test_missing_file_of_a_waiting_message_is_told(tidied: Empathd) -> None:
    """
    The housekeeper only reports it. The worker that tries to deliver the message holds it.
    """
    line = tidied.wait_for("spool_file_missing")

    assert (str(MISSING), "critical") == (line["queue_id"], line["level"])
    assert [str(MISSING)] == [line["queue_id"] for line in tidied.named("spool_file_missing")]
    assert [("queued",)] == select(tidied.queue, "SELECT status FROM _recipient WHERE recipient_id = 5")


def test_late_due_bound_is_mended(tidied: Empathd) -> None:
    """
    A late bound means a bug, but mail must not wait for its repair.
    """
    line = tidied.wait_for("due_bound_repaired")

    assert ("late.example", None) == (line["destination"], line.get("due_at"))
    assert [(4e9,)] == select(tidied.queue, "SELECT due_at FROM _destination WHERE name = 'late.example'")


def test_grown_log_is_cut(tidied: Empathd) -> None:
    """
    After a long reader the log would keep its size, and slow down every reader.
    """
    line = tidied.wait_for("wal_large")

    assert ("warning", f"{tidied.queue}-wal") == (line["level"], line["file"])
    tidied.wait_for("wal_truncated")
    assert wal_octets(tidied.queue) < 64 * MIB


def test_process_that_is_taken_for_dead_ends(tidied: Empathd) -> None:
    """
    It has lost its leases and gets no new ones, so it must make room for another process.
    """
    pid = tidied.pid_of("acceptor-1")
    write(tidied.queue, "UPDATE _process SET ended_at = 1.0 WHERE pid = ? AND ended_at IS NULL", pid)

    tidied.wait_for("taken_for_dead", process="acceptor-1", level="critical")
    tidied.wait_for("process_exited", slot="acceptor-1", pid=pid, code=75)
    tidied.wait_for("process_ready", slot="acceptor-1", generation=2)


def test_destinations_that_no_mail_needs_go(make_empathd: Callable[..., Empathd]) -> None:
    """
    A sender made their domains up, and retention has removed the reports to it.
    """
    instance = make_empathd()
    queue = Queue(instance.queue)
    finish(queue, RecipientStatus.DELIVERED)
    write(queue.path, "DELETE FROM _recipient; DELETE FROM _attempt; DELETE FROM _message")
    queue.accept("b.example")
    write(queue.path, "UPDATE queue SET status = 'held'")
    queue.close()

    instance.start()

    # The held mail may have moved to the destination of the route before, which leaves its own idle, too.
    assert instance.wait_for("destinations_forgotten")["destinations"] in (1, 2)
    eventually(lambda: [] == select(instance.queue, "SELECT * FROM _destination_leaving"), "the marks are gone, too")
    assert [] == select(instance.queue, "SELECT * FROM _destination WHERE name = 'a.example'")
    assert [("held",)] == select(instance.queue, "SELECT status FROM queue")
    assert 0 == instance.stop()


@pytest.fixture
def alone(make_empathd: Callable[..., Empathd]) -> tuple[Empathd, Queue, int, int]:
    """An instance with one worker, its queue, and the worker's pid and process_id."""
    instance = make_empathd(more="[delivery]\nworkers = 1\n").start()
    queue = Queue(instance.queue)
    queue.run(EndProcess(queue.process_id, now=T0))
    pid = instance.pid_of("worker-1")
    ((process_id,),) = select(instance.queue, "SELECT process_id FROM _process WHERE pid = ?", pid)
    return instance, queue, pid, process_id


def test_killed_worker_loses_its_leases(alone: tuple[Empathd, Queue, int, int]) -> None:
    """
    Its recipients are due again at once, and the next worker delivers to them.
    """
    instance, queue, pid, process_id = alone
    queue.run(Batch(queue.new_accept(), queue.new_lease(process_id=process_id)))
    queue.close()

    os.kill(pid, signal.SIGKILL)

    instance.wait_for("leases_released", slot="worker-1", cause="reaped", recipients=1, held=0)
    eventually(lambda: 1 == len(list(instance.delivered())), "delivered by the next worker")


def test_lease_of_a_failed_commit_is_given_back(alone: tuple[Empathd, Queue, int, int]) -> None:
    """
    A commit may succeed although it reports an error. The worker then has leases that it does not know of.
    """
    instance, queue, _, process_id = alone
    queue.run(Batch(queue.new_accept(), queue.new_lease(process_id=process_id)))
    queue.close()
    write(
        instance.queue,
        "CREATE TRIGGER refuse BEFORE INSERT ON _lease BEGIN SELECT raise(ABORT, 'refused by the test'); END",
    )
    instance.send("b@b.example")

    instance.wait_for("lease_failed")
    eventually(lambda: [] == select(instance.queue, "SELECT * FROM _lease"), "the stray lease is given back")

    assert [("queued", 0, 0)] == select(
        instance.queue, "SELECT status, attempts, lost_leases FROM _recipient WHERE recipient_id = 1"
    )
    write(instance.queue, "DROP TRIGGER refuse")
    eventually(lambda: 2 == len(list(instance.delivered())), "both are delivered")
