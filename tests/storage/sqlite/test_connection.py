"""test_connection - a sound SQLite library, and settings that are in force"""

from pathlib import Path

import apsw
import pytest

from empath.errors import EmpathError, ServiceUnavailable, StorageFailure, UnusableQueue
from empath.mail.status import RecipientStatus
from empath.storage.queue.put_back import EndLease
from empath.storage.sqlite.connection import check_library, open_reader, open_writer, transaction, translated
from tests.kit.queue import T0, Queue


@pytest.mark.parametrize("version", ["3.40.1", "3.44.5", "3.45.9", "3.50.6", "3.51.0", "3.51.2"])
def test_library_that_can_corrupt_a_queue_is_refused(version: str) -> None:
    """
    A bug destroys mail silently if the WAL is reset while another process checkpoints.
    """
    with pytest.raises(ServiceUnavailable, match=f"SQLite {version} can corrupt"):
        check_library(version)


@pytest.mark.parametrize("version", ["3.44.6", "3.50.7", "3.51.3", "3.52.0", "3.54", "4.0.0", None])
def test_library_that_was_mended_is_accepted(version: str | None) -> None:
    """
    Some older lines have the fix, too; None is the library in use here.
    """
    check_library(version)


def test_writer_s_settings_are_those_that_a_250_is_built_on(queue: Queue) -> None:
    """
    SQLite forgets all of them but the journal mode with each connection.
    """
    connection = open_writer(queue.path, deadline_s=1.0)

    assert ("wal", 2, 1, 0) == tuple(
        connection.pragma(name) for name in ("journal_mode", "synchronous", "foreign_keys", "mmap_size")
    )
    connection.close()


def test_reader_cannot_write(queue: Queue) -> None:
    """
    A read must not become a change.
    """
    connection = open_reader(queue.path)

    with pytest.raises(StorageFailure), translated(queue.path):
        connection.execute("DELETE FROM _setting")

    connection.close()


@pytest.mark.parametrize("opener", [lambda path: open_writer(path, deadline_s=0.1), open_reader])
def test_file_that_is_not_there_is_not_made(tmp_path: Path, opener) -> None:
    """
    Only a start makes a queue.
    """
    with pytest.raises(StorageFailure):
        opener(tmp_path / "queue.db")

    assert [] == list(tmp_path.iterdir())


def test_database_without_a_wal_is_refused() -> None:
    """
    A setting that SQLite does not accept must show at once, not at the first power failure.
    """
    with pytest.raises(UnusableQueue, match="journal_mode is 'memory' and must be 'wal'"):
        open_writer(Path(":memory:"), deadline_s=0.1)


def test_error_of_sqlite_is_one_line_that_names_the_file() -> None:
    """
    Only storage knows apsw.
    """
    with pytest.raises(EmpathError, match=r"^/q\.db: .*database or disk is full$"), translated("/q.db"):
        raise apsw.FullError("SQLITE_FULL database or disk is full")


def test_transaction_that_raises_leaves_nothing(queue: Queue) -> None:
    """
    All or nothing, also for errors that are not SQLite's.
    """
    connection = open_writer(queue.path, deadline_s=1.0)

    def fail() -> None:
        with transaction(connection):
            connection.execute("INSERT INTO _setting VALUES ('a', '1')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert not connection.in_transaction
    connection.close()
    assert [] == queue.select("SELECT * FROM _setting")


def test_statement_is_compiled_once(queue: Queue) -> None:
    """
    To compile what a lease reads takes longer than to run it.
    """

    def deliver() -> None:
        for lease in queue.lease(limit=3):
            for number in range(len(lease.messages)):
                queue.run(queue.new_settle(lease, RecipientStatus.DELIVERED, message=number))
            queue.run(EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=T0 + 1))

    queue.accept(count=120)
    compiled = queue.compiled()
    deliver()
    assert {"_message", "_recipient", "_lease", "_content"} <= set(compiled)
    compiled.clear()

    deliver()

    assert [] == compiled
    assert {"delivered"} == set(queue.statuses())
