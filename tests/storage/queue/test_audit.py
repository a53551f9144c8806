"""test_audit - each row of the audit is claimed for the log once"""

import pytest

from empath.storage.queue.audit import claim_new
from tests.kit.queue import Queue

pytestmark = pytest.mark.engines


def test_each_row_is_claimed_once_in_its_order(queue: Queue) -> None:
    """
    Two housekeepers follow the audit while one replaces the other.
    """
    queue.accept()
    for priority in (1, 3, 4):
        queue.write(f"UPDATE queue SET priority = {priority}")
    queue.write("INSERT INTO control (verb) VALUES ('freeze')")
    [(queue_id,)] = queue.select("SELECT id FROM message")
    reader = queue.engine.open_reader()

    first, second = claim_new(reader), claim_new(reader)
    assert first is not None
    assert second is not None
    queue.run(first, second)

    assert [1, 2, 3, 4] == [row.audit_id for row in first.claimed]
    assert [] == second.claimed
    assert claim_new(reader) is None
    assert [("priority", 2, 1), ("priority", 1, 3), ("priority", 3, 4), ("freeze", None, None)] == [
        (row.what, row.before and int(row.before), row.after and int(row.after)) for row in first.claimed
    ]
    assert (queue_id, "r1@a.example", None) == (
        first.claimed[0].queue_id,
        first.claimed[0].recipient,
        first.claimed[0].destination,
    )
    reader.close()
