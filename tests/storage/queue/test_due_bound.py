"""test_due_bound - a bound that is too late is found and repaired"""

from collections.abc import Iterator

import pytest

from empath.storage.engine import Reader
from empath.storage.queue import due_bound
from empath.storage.queue.due_bound import BoundWalk, LateBound, RepairBounds
from tests.kit.queue import T0, Queue

pytestmark = pytest.mark.engines


@pytest.fixture
def reader(queue: Queue) -> Iterator[Reader]:
    opened = queue.engine.open_reader()
    yield opened
    opened.close()


@pytest.mark.parametrize("priority", range(5))
@pytest.mark.parametrize("due_at", [None, T0 + 1])
def test_late_bound_is_found_and_mended(queue: Queue, reader: Reader, priority: int, due_at: float | None) -> None:
    """
    Due mail would wait, whatever program wrote the bound.
    """
    queue.accept("a.example", priority=priority)
    queue.accept("a.example", at=T0 + 5)
    queue.write("UPDATE _destination SET due_at = ?", due_at)
    late = BoundWalk().step(reader)
    assert [LateBound(1, "a.example", due_at, T0)] == late

    queue.run(RepairBounds(late))

    assert [(T0,)] == queue.select("SELECT due_at FROM _destination")
    assert [] == BoundWalk().step(reader)


def test_early_and_exact_bounds_are_left_alone(queue: Queue, reader: Reader) -> None:
    """
    A lower bound may be too low; a lease makes it exact.
    """
    queue.accept("a.example", "b.example", at=T0)
    queue.accept("c.example")
    queue.lease()
    queue.write("UPDATE _destination SET due_at = 1.0 WHERE name = 'a.example'")

    assert [] == BoundWalk().step(reader)


def test_bound_that_came_down_meanwhile_is_not_raised(queue: Queue, reader: Reader) -> None:
    """
    The repair writes later than it looked.
    """
    queue.accept("a.example")
    queue.write("UPDATE _destination SET due_at = 1.0")

    queue.run(RepairBounds([LateBound(1, "a.example", None, T0)]))

    assert [(1.0,)] == queue.select("SELECT due_at FROM _destination")


def test_walk_over_destinations_goes_on_where_it_was(queue: Queue, reader: Reader) -> None:
    """
    It goes slice by slice, and starts again after the end.
    """
    queue.accept(*[f"d{number}.example" for number in range(due_bound.DESTINATIONS + 1)])
    queue.write("UPDATE _destination SET due_at = NULL")
    walk = BoundWalk()

    seen = []
    for _ in range(3):
        late = walk.step(reader)
        seen.append((len(late), walk.is_round_over))
        queue.run(RepairBounds(late))

    assert [(due_bound.DESTINATIONS, False), (1, True), (0, False)] == seen
