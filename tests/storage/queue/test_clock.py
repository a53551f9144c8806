"""Waiting mail after a step back of the wall clock."""

from empath.storage.queue.clock import BringForward, last_recipient, latest_beat
from empath.storage.queue.process import Beat
from tests.kit.queue import T0, Queue, violations, write

DAY_S = 86_400.0


def test_what_waits_keeps_its_schedule_when_the_clock_is_set_back(queue: Queue) -> None:
    """
    Otherwise queued mail would wait for a day without a line in the log.
    """
    queue.accept("a.example", count=3)
    write(queue.path, "UPDATE _recipient SET next_retry_at = ? WHERE recipient_id = 2", T0 + 60)
    write(queue.path, "UPDATE _recipient SET status = 'held', reason = 'x' WHERE recipient_id = 3")
    now = T0 - DAY_S

    work = queue.done(BringForward(0, now=now, step_s=DAY_S))

    assert 2 == work.moved
    assert [(now,), (now + 60,), (T0,)] == queue.select("SELECT next_retry_at FROM _recipient ORDER BY recipient_id")
    assert [(now,)] == queue.select("SELECT due_at FROM _destination")
    assert {} == violations(queue.path)
    assert 1 == len(queue.lease(now=now))


def test_a_lease_of_tomorrow_costs_no_turn(queue: Queue) -> None:
    """
    A destination waits for its turn since its last lease, which must not be in the future. A beat in the future would
    count again.
    """
    queue.accept("a.example", count=30)
    queue.lease(limit=1)
    queue.run(Beat(queue.process_id, now=T0))
    now = T0 - DAY_S
    assert [] == queue.lease(now=now)

    queue.run(BringForward(0, now=now, step_s=DAY_S))

    assert ["a.example"] == [lease.destination for lease in queue.lease(now=now, limit=1)]
    reader = queue.engine.open_reader()
    assert (now, 30) == (latest_beat(reader), last_recipient(reader))
    reader.close()


def test_due_mail_is_left_alone(queue: Queue) -> None:
    """
    Mail that was due before the step is due after it.
    """
    queue.accept("a.example", at=T0 - 2 * DAY_S)
    assert 0 == queue.done(BringForward(0, now=T0 - DAY_S, step_s=DAY_S)).moved
