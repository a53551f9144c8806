"""Waiting mail after a step back of the wall clock."""

import pytest

from empath.storage.queue.clock import BringForward, last_recipient, latest_beat
from empath.storage.queue.process import Beat
from tests.kit.queue import T0, Queue

pytestmark = pytest.mark.engines

DAY_S = 86_400.0


def test_what_waits_keeps_its_schedule_when_the_clock_is_set_back(queue: Queue) -> None:
    """
    Otherwise queued mail would wait for a day without a line in the log.
    """
    queue.accept("a.example", count=3)
    queue.write("UPDATE _recipient SET next_retry_at = ? WHERE recipient_id = 2", T0 + 60)
    queue.write("UPDATE _recipient SET status = 'held', reason = 'x' WHERE recipient_id = 3")
    now = T0 - DAY_S

    work = queue.done(BringForward(0, now=now, step_s=DAY_S))

    assert 2 == work.moved
    assert [(now,), (now + 60,), (T0,)] == queue.select("SELECT next_retry_at FROM _recipient ORDER BY recipient_id")
    assert [(now,)] == queue.select("SELECT due_at FROM _destination")
    assert {} == queue.violations()
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


def test_what_holds_a_destination_back_ends_as_early_as_it_would_have(queue: Queue) -> None:
    """
    A breaker, a wait for a token and a suspension by a shaping rule are a matter of minutes, and not of a day more.
    What a person said of an instant stays.
    """
    for name in ("open.example", "rate.example", "shaped.example", "stopped.example"):
        queue.accept(name)
    set_ = "UPDATE _destination SET {} = ?, suspended_reason = ? WHERE name = ?"
    queue.write(set_.format("breaker_until"), T0 + 60, None, "open.example")
    queue.write(set_.format("token_at"), T0 + 60, None, "rate.example")
    queue.write(set_.format("suspended_until"), T0 + 60, "shaping rule x: 421", "shaped.example")
    queue.write(set_.format("suspended_until"), T0 + 60, "by hand", "stopped.example")
    queue.write("INSERT INTO _bucket VALUES ('all', ?, NULL), ('b', ?, ?)", T0 + 60, T0 + 90, T0 + 60)
    now = T0 - DAY_S

    queue.run(BringForward(0, now=now, step_s=DAY_S))

    assert [now + 60, now + 60, now + 60, T0 + 60] == [
        at for (at,) in queue.select("SELECT ready_at FROM _destination ORDER BY destination_id")
    ]
    assert [(now + 60, None), (now + 90, now + 60)] == queue.select(
        "SELECT full_at, token_at FROM _bucket ORDER BY name"
    )
    assert {} == queue.violations()
