"""test_wal - a grown write-ahead log is truncated"""

import subprocess
import sys
import time
from pathlib import Path

from empath.storage.sqlite.space import wal_octets
from empath.storage.sqlite.wal import holders_of, readers_of, truncate_wal
from tests.kit.queue import Queue
from tests.kit.waiting import eventually


def test_log_is_cut_to_nothing(queue: Queue) -> None:
    """
    A log keeps its largest size, and slows readers down.
    """
    queue.accept(count=10)
    assert wal_octets(queue.path) > 0

    assert truncate_wal(queue.path, deadline_s=5.0, sleep=time.sleep)

    assert 0 == wal_octets(queue.path)
    assert 10 == len(queue.statuses())


def test_log_that_a_program_reads_is_kept(queue: Queue) -> None:
    """
    No row is lost, and no writer waits for long.
    """
    queue.accept()
    reader = queue.engine.open_reader()
    reader.connection.execute("BEGIN")
    reader.connection.execute("SELECT count(*) FROM _message").fetchall()
    queue.accept()
    octets = wal_octets(queue.path)

    assert not truncate_wal(queue.path, deadline_s=0.0, sleep=time.sleep)

    assert octets == wal_octets(queue.path)
    reader.close()
    assert ["queued"] * 2 == queue.statuses()


def test_reader_that_keeps_the_log_is_named(queue: Queue) -> None:
    """
    The operator needs a pid and a name to find the reader, or to end it.
    """
    script = "import apsw, sys; c = apsw.Connection(sys.argv[1]); c.execute('BEGIN; SELECT * FROM _message'); input()"
    assert () == readers_of(queue.path)
    reader = subprocess.Popen([sys.executable, "-c", script, str(queue.path)], stdin=subprocess.PIPE)
    try:
        (named,) = eventually(lambda: readers_of(queue.path), "a reader")
        assert f"{reader.pid} (" == named[: len(f"{reader.pid} (")]
    finally:
        reader.communicate(b"\n")
    assert () == readers_of(queue.path)


def test_who_has_a_transaction_is_told_apart(queue: Queue) -> None:
    """
    A reader keeps the log, a writer keeps all others waiting.
    """
    script = "import apsw, sys; c = apsw.Connection(sys.argv[1]); c.execute(sys.argv[2]); print(flush=True); input()"
    for begin, writes in (("BEGIN; SELECT * FROM _message", [False]), ("BEGIN IMMEDIATE", [False, True])):
        command = [sys.executable, "-c", script, str(queue.path), begin]
        other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            assert other.stdout is not None
            other.stdout.readline()
            found = holders_of(queue.path)
            assert writes == sorted(each.is_writing for each in found if each.pid == other.pid)
        finally:
            other.communicate(b"\n")
    assert frozenset() == holders_of(queue.path)


def test_log_of_no_queue_has_no_readers(tmp_path: Path) -> None:
    """
    The question may come while the queue is in trouble.
    """
    assert () == readers_of(tmp_path / "queue.db")
    assert frozenset() == holders_of(tmp_path / "queue.db")
