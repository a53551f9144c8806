"""test_throughput - what is counted in which hour; tests/daemon/housekeeper has the duty"""

import pytest

from empath.mail.status import RecipientStatus
from empath.storage.queue.throughput import count_new
from tests.kit.queue import Queue, ids

pytestmark = pytest.mark.engines

HOUR = 1_699_999_200
LATE = HOUR + 3_599.0  # of the same hour, whatever rounds


def test_what_ends_late_in_an_hour_belongs_to_it(queue: Queue) -> None:
    """
    What came in has a row of its own, and each attempt is counted once.
    """
    queue.accept("a.example", "a.example", at=LATE)
    (lease,) = queue.lease(now=LATE)
    queue.run(queue.new_settle(lease, RecipientStatus.DELIVERED, recipients=ids(lease)[:1], now=LATE))
    reader = queue.engine.open_reader()
    counting = count_new(reader, LATE)
    assert counting is not None
    queue.run(counting)
    assert count_new(reader, LATE) is None
    queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED, recipients=ids(lease)[1:], now=LATE + 1))
    counting = count_new(reader, LATE)
    assert counting is not None
    queue.run(counting)
    reader.close()

    assert [(HOUR, "", 1, 0, 0), (HOUR, "a.example", 0, 1, 0), (HOUR + 3600, "a.example", 0, 0, 1)] == queue.select(
        "SELECT hour_unix, destination, received, delivered, deferred FROM throughput ORDER BY 1, 2"
    )
