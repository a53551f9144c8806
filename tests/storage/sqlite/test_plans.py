"""test_plans - counts of rows do not change the plan of a statement"""

from empath.storage.sqlite.plans import ForgetStatistics, has_statistics
from tests.kit.queue import Queue, select, write

LEASE = (
    "EXPLAIN QUERY PLAN UPDATE _recipient SET priority = 1 WHERE recipient_id IN (SELECT value FROM json_each('[1]'))"
)


def test_statistics_of_a_small_queue_are_removed(queue: Queue) -> None:
    """
    After an ANALYZE of three rows, each lease and each slice of the retention used to walk the whole table.
    """
    queue.accept()
    reader = queue.engine.open_reader()
    write(queue.path, "ANALYZE")
    assert has_statistics(reader)
    assert "SCAN _recipient" == select(queue.path, LEASE)[0][3]

    forget = queue.engine.keep_plans(reader)
    assert isinstance(forget, ForgetStatistics)
    queue.run(forget)
    queue.close()  # a connection that is open goes on by the statistics that it has read

    assert "SEARCH _recipient USING INTEGER PRIMARY KEY (rowid=?)" == select(queue.path, LEASE)[0][3]
    assert queue.engine.keep_plans(reader) is None
    queue.run(ForgetStatistics())
    reader.close()
