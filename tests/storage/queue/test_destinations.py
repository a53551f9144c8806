"""Destinations that no mail needs are forgotten, and no others."""

import threading

import pytest

from empath.mail.status import RecipientStatus
from empath.storage.queue.destinations import ForgetDestinations, Idle, IdleWalk, MarkLeaving, NeededWalk, UnmarkAll
from empath.storage.queue.put_back import EndLease
from empath.storage.queue.rerouting import MoveWaiting
from tests.kit.queue import T0, Queue

LATE = Idle(T0 + 1e6, leased_before=T0 + 1e6)


def deliver(queue: Queue, *names: str) -> None:
    """One mail to each of *names*, which is delivered."""
    for name in names:
        queue.accept(name)
        (lease,) = queue.lease()
        queue.run(queue.new_settle(lease, RecipientStatus.DELIVERED))
        queue.run(EndLease(lease.lease_id, destination=name, is_failing=False, now=T0 + 1))


def remove(queue: Queue) -> None:
    """What retention does with delivered mail."""
    queue.write("DELETE FROM _recipient WHERE status = 'delivered'")
    queue.write("DELETE FROM _attempt WHERE recipient_id NOT IN (SELECT recipient_id FROM _recipient)")
    queue.write("DELETE FROM _message WHERE message_id NOT IN (SELECT message_id FROM _recipient)")


def choose(queue: Queue, idle: Idle = LATE, slice_size: int = 1000) -> list[int]:
    """The idle destinations."""
    reader, walk = queue.engine.open_reader(), IdleWalk()
    walk.SLICE = slice_size
    chosen = walk.step(reader, idle)
    while not walk.is_round_over:
        chosen += walk.step(reader, idle)
    reader.close()
    return chosen


def look(queue: Queue, chosen: list[int], slice_size: int = 1000) -> tuple[list[int], int]:
    """Those of *chosen* that no recipient belongs to, and the last recipient."""
    reader, walk = queue.engine.open_reader(), NeededWalk()
    walk.SLICE = slice_size
    needed: set[int] = set()
    while not walk.is_over:
        needed |= walk.step(reader)
    reader.close()
    return [number for number in chosen if number not in needed], walk.after


def sweep(queue: Queue, idle: Idle = LATE, slice_size: int = 1000) -> int:
    """One round; how many destinations went."""
    chosen = choose(queue, idle, slice_size)
    queue.run(MarkLeaving(chosen))
    left, after = look(queue, chosen, slice_size)
    gone = queue.done(ForgetDestinations(left, idle, after=after)).destinations
    queue.run(UnmarkAll())
    return gone


def names(queue: Queue) -> list[str]:
    return [name for (name,) in queue.select("SELECT name FROM _destination ORDER BY destination_id")]


def under(queue: Queue) -> list[str]:
    """The destination of each recipient."""
    statement = "SELECT d.name FROM _recipient AS r JOIN _destination AS d USING (destination_id) ORDER BY recipient_id"
    return [name for (name,) in queue.select(statement)]


@pytest.mark.parametrize("slice_size", [1, 2, 1000])
def test_what_no_mail_needs_goes(queue: Queue, slice_size: int) -> None:
    """
    Each domain that a sender makes up gets a report, and its own row. Slice by slice, every row has its turn.
    """
    deliver(queue, "a.example", "b.example", "c.example", "d.example")
    remove(queue)
    queue.accept("c.example", "e.example", "e.example")

    assert 3 == sweep(queue, slice_size=slice_size)
    assert ["c.example", "e.example"] == names(queue)
    assert 0 == sweep(queue)


@pytest.mark.parametrize("status", ["queued", "held", "leased", "delivered", "bounced", "cancelled"])
def test_what_a_recipient_belongs_to_stays(queue: Queue, status: str) -> None:
    """
    Views, a retry and the audit of a final recipient name its destination.
    """
    queue.accept("a.example")
    if status in ("leased", "delivered", "bounced"):
        (lease,) = queue.lease()
    if status in ("delivered", "bounced"):
        queue.run(queue.new_settle(lease, RecipientStatus(status)))
        queue.run(EndLease(lease.lease_id, destination="a.example", is_failing=False, now=T0 + 1))
    if status in ("held", "cancelled"):
        queue.write(f"UPDATE queue SET status = '{status}'")
        queue.lease()  # finds nothing, and makes the bound exact
    queue.accept("z.example")

    assert 0 == sweep(queue)


@pytest.mark.parametrize(
    "setting", ["suspended_until = 4e9", "breaker_until = 4e9", "token_at = 4e9", "leased_at = 4e9"]
)
def test_what_something_is_set_for_stays(queue: Queue, setting: str) -> None:
    """
    A suspension outlives the mail that was there when it was ordered.
    """
    deliver(queue, "a.example", "z.example")
    remove(queue)
    queue.write(f"UPDATE _destination SET {setting} WHERE name = 'a.example'")

    assert 0 == sweep(queue)


def test_what_was_leased_lately_stays(queue: Queue) -> None:
    """
    A destination in use is not made and removed by turns.
    """
    deliver(queue, "a.example", "z.example")
    remove(queue)

    assert 0 == sweep(queue, Idle(T0 + 100, leased_before=T0 - 1))
    assert 1 == sweep(queue, Idle(T0 + 100, leased_before=T0))


def test_mail_to_a_destination_that_another_process_removed_is_accepted(queue: Queue) -> None:
    """
    A process remembers numbers. One of a removed destination must neither lead to another one nor refuse the mail.
    """
    deliver(queue, "a.example", "b.example", "z.example")
    remove(queue)
    other = Queue(queue.path, slot="worker-2")
    assert 2 == sweep(other)
    other.accept("c.example")
    other.close()
    assert "a.example" in queue.destination_ids.known

    queue.accept("a.example", "b.example", "z.example", count=2)

    assert ["c.example", *["a.example", "b.example", "z.example"] * 2] == under(queue)


def test_mail_moves_to_a_destination_that_another_process_removed(queue: Queue) -> None:
    """
    As above, for a changed table of routes.
    """
    deliver(queue, "a.example", "z.example")
    remove(queue)
    other = Queue(queue.path, slot="worker-2")
    assert 1 == sweep(other)
    other.close()
    queue.accept("z.example")

    assert 1 == queue.done(MoveWaiting({3: "a.example"})).moved
    assert ["a.example"] == under(queue)


def test_a_number_is_never_given_twice(queue: Queue) -> None:
    """
    SQLite gives the number after the greatest one that is there.
    """
    deliver(queue, "a.example", "b.example")
    remove(queue)
    assert 1 == sweep(queue)
    queue.accept("c.example")

    assert [(2, "b.example"), (3, "c.example")] == queue.select("SELECT destination_id, name FROM _destination")


@pytest.mark.parametrize("way", ["inserted", "moved", "held and moved"])
def test_a_recipient_that_comes_during_a_round_is_not_missed(queue: Queue, way: str) -> None:
    """
    The walk over the recipients holds no lock. Mail comes by a number that a process remembers, or is moved.
    """
    deliver(queue, "a.example", "y.example")
    remove(queue)
    queue.accept("y.example")
    chosen = choose(queue)
    queue.run(MarkLeaving(chosen))
    left, after = look(queue, chosen)
    assert [1] == left
    if way == "inserted":
        queue.accept("a.example")
        queue.write("DELETE FROM queue WHERE destination = 'a.example'")
    else:
        if way == "held and moved":
            queue.write("UPDATE queue SET status = 'held'")
        queue.run(MoveWaiting({3: "a.example"}))
    queue.write("UPDATE _destination SET due_at = NULL WHERE name = 'a.example' AND due_at IS NOT NULL")

    assert 0 == queue.done(ForgetDestinations(left, LATE, after=after)).destinations
    queue.write("UPDATE _destination SET due_at = 1 WHERE due_at IS NULL")


def test_a_shell_removes_no_destination(queue: Queue) -> None:
    """
    Not even one that is being removed, while a lease of it is under way.
    """
    queue.accept("a.example")
    queue.lease()
    queue.accept("z.example")
    queue.run(MarkLeaving([1]))

    with pytest.raises(Exception, match="a destination cannot be removed"):
        queue.write("DELETE FROM _destination")


def test_mail_and_sweeps_at_once_lose_nothing(queue: Queue) -> None:
    """
    One process removes what another one uses, as fast as it can.
    """
    is_over = threading.Event()
    other = Queue(queue.path, slot="worker-2")

    def sweep_on() -> None:
        while not is_over.is_set():
            sweep(other)

    thread = threading.Thread(target=sweep_on)
    thread.start()
    try:
        for n in range(60):
            deliver(queue, f"{n % 3}.example")
            remove(queue)
        queue.accept("0.example", "1.example", "2.example")
    finally:
        is_over.set()
        thread.join()
        other.close()
    assert ["0.example", "1.example", "2.example"] == under(queue)
