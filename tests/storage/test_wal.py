"""test_wal - a grown write-ahead log is cut"""

import time

from empath.storage.connection import open_reader
from empath.storage.spool import wal_octets
from empath.storage.wal import truncate_wal
from tests.kit.queue import Queue


def test_log_is_cut_to_nothing(queue: Queue) -> None:
    """
    A log keeps the size that it once had, and readers pay for it.
    """
    queue.accept(count=10)
    assert wal_octets(queue.path) > 0

    assert truncate_wal(queue.path, deadline_s=5.0, sleep=time.sleep)

    assert 0 == wal_octets(queue.path)
    assert 10 == len(queue.statuses())


def test_log_that_somebody_reads_is_kept(queue: Queue) -> None:
    """
    Nothing is lost, and nobody waits for long.
    """
    queue.accept()
    reader = open_reader(queue.path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM _message").fetchall()
    queue.accept()
    octets = wal_octets(queue.path)

    assert not truncate_wal(queue.path, deadline_s=0.0, sleep=time.sleep)

    assert octets == wal_octets(queue.path)
    reader.close()
    assert ["queued"] * 2 == queue.statuses()
