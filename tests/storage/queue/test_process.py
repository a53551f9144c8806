"""test_process - runs of processes, and the leases of dead ones"""

import pytest

from empath.mail.status import RecipientStatus
from empath.storage.queue.process import Beat, EndProcess, ProcessRow, living
from empath.storage.queue.put_back import EndLease
from tests.kit.queue import T0, Queue

pytestmark = pytest.mark.engines


def test_process_is_registered_and_beats(queue: Queue) -> None:
    """
    A number identifies a run; a pid may be used again.
    """
    second = queue.register("worker-1", generation=2)
    beat = queue.done(Beat(second, now=T0 + 2))

    reader = queue.engine.open_reader()
    assert [
        ProcessRow(queue.process_id, "mx.example.test", "run", "worker-1", 1, 0),
        ProcessRow(second, "mx.example.test", "run", "worker-1", 2, 1),
    ] == living(reader)  # fmt: skip
    reader.close()
    assert not beat.is_taken_for_dead
    assert [(T0 + 2, None)] == queue.select("SELECT beat_at, ended_at FROM _process WHERE process_id = ?", second)


def test_process_that_was_taken_for_dead_learns_it_when_it_beats(queue: Queue) -> None:
    """
    Its leases are gone and it gets no new ones, so it must make room for another process.
    """
    queue.run(EndProcess(queue.process_id, now=T0))

    assert queue.done(Beat(queue.process_id, now=T0 + 2)).is_taken_for_dead
    assert [(0, T0)] == queue.select("SELECT beat, ended_at FROM _process")


def test_death_of_a_process_frees_what_it_held(queue: Queue) -> None:
    """
    Each recipient is tried again at once, and a row says that it may have been delivered.
    """
    queue.accept("a.example", "a.example")
    queue.accept("b.example")
    queue.lease()
    other = queue.register("worker-2")

    dead = queue.done(EndProcess(queue.process_id, now=T0 + 9))

    assert (3, 0) == (dead.released, dead.held)
    assert [
        (number, destination, "unknown", "unknown", "deferred", T0 + 9)
        for number, destination in enumerate(["a.example", "a.example", "b.example"], start=1)
    ] == queue.select(
        "SELECT recipient_id, destination, stage, outcome, decided_status, decided_next_retry_at"
        " FROM _attempt ORDER BY recipient_id"
    )
    assert [("deferred", T0 + 9, 0, 1)] * 3 == queue.select(
        "SELECT status, next_retry_at, attempts, lost_leases FROM _recipient"
    )
    assert [] == queue.select("SELECT * FROM _lease")
    assert 2 == len(queue.lease(now=T0 + 9, process_id=other))


def test_third_loss_holds_the_recipient(queue: Queue) -> None:
    """
    A message that crashes each process that tries it must not do so for ever.
    """
    queue.accept()
    for generation in (2, 3, 4):
        queue.lease()
        dead = queue.done(EndProcess(queue.process_id, now=T0))
        queue.process_id = queue.register("worker-1", generation)

    assert (1, 1) == (dead.released, dead.held)
    assert [("held", 3, "three processes died while they worked on it")] == queue.select(
        "SELECT status, lost_leases, reason FROM _recipient"
    )
    assert ["deferred", "deferred", "held"] == [
        status for (status,) in queue.select("SELECT decided_status FROM _attempt ORDER BY attempt_id")
    ]
    assert [] == queue.lease()


def test_a_settled_attempt_resets_the_count_of_losses(queue: Queue) -> None:
    """
    Three losses in a row speak against a message; three within a week of retries do not.
    """
    queue.accept()
    queue.lease()
    queue.run(EndProcess(queue.process_id, now=T0))
    queue.process_id = queue.register("worker-1", 2)
    (lease,) = queue.lease()

    queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED))

    assert [("deferred", 1, 0)] == queue.select("SELECT status, attempts, lost_leases FROM _recipient")
    assert {} == queue.violations()


def test_an_ordered_end_counts_no_loss(queue: Queue) -> None:
    """
    Three reloads within the lease of a slow host used to hold its mail, and all mail that waited behind it.
    """
    queue.accept()
    for generation in (2, 3, 4, 5):
        queue.lease()
        end = queue.done(EndProcess(queue.process_id, now=T0, is_lost=False))
        assert (1, 0) == (end.released, end.held)
        queue.process_id = queue.register("worker-1", generation)

    assert [("queued", 0, None)] == queue.select("SELECT status, lost_leases, reason FROM _recipient")
    assert [("stopped", "unknown", "queued", T0)] * 4 == queue.select(
        "SELECT stage, outcome, decided_status, decided_next_retry_at FROM _attempt"
    )
    assert {} == queue.violations()


def test_end_of_a_process_that_holds_nothing_releases_nothing(queue: Queue) -> None:
    """
    An orderly end leaves no doubt, and an end is recorded only once.
    """
    queue.accept()
    (lease,) = queue.lease()
    queue.run(EndLease(lease.lease_id, destination="a.example", is_failing=False, now=T0 + 1))

    for now in (T0 + 1, T0 + 2):
        end = queue.done(EndProcess(queue.process_id, now=now))
        assert (0, 0) == (end.released, end.held)

    assert [(T0 + 1,)] == queue.select("SELECT ended_at FROM _process")
    assert [] == queue.select("SELECT * FROM _attempt")
