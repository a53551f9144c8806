"""A queue whose file is removed or replaced while it is in use."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from empath.errors import StorageFailure
from empath.storage.engine import Session
from empath.storage.sqlite.same_file import SameFile
from empath.storage.write import Write
from tests.kit.queue import Queue, connection_of, select


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    """A queue with one process, which is not examined at the end: its file may be gone."""
    made = Queue(tmp_path / "queue.db")
    yield made
    made.close()


def _remove(file: Path) -> None:
    file.unlink()


def _replace(file: Path) -> None:
    shutil.copy(file, f"{file}.copy")
    os.replace(f"{file}.copy", file)


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
@pytest.mark.parametrize(("harm", "word"), [(_remove, "removed"), (_replace, "replaced")])
def test_a_write_into_a_file_that_is_not_there_any_more_fails(
    queue: Queue, suffix: str, harm: Callable[[Path], None], word: str
) -> None:
    """
    SQLite goes on without an error. Clients got 250 for mail that was gone with the last close.
    """
    queue.accept("a.example")
    harm(Path(f"{queue.path}{suffix}"))

    with pytest.raises(StorageFailure, match=f"{queue.path}{suffix}: the file was {word} while Empath had it open"):
        queue.accept("b.example")


def test_a_log_that_was_removed_is_copied_at_each_close(queue: Queue, tmp_path: Path) -> None:
    """
    Of two processes that close at once neither is the last, and nothing copied the log for them.
    """
    queue.accept("a.example")
    other = apsw.Connection(str(queue.path))
    other.execute("SELECT count(*) FROM _message").fetchall()
    Path(f"{queue.path}-wal").unlink()

    queue.close()

    shutil.copy(queue.path, tmp_path / "copy.db")
    assert [(1,)] == select(tmp_path / "copy.db", "SELECT count(*) FROM _message")
    other.close()


def test_a_log_is_copied_into_no_other_file(queue: Queue, tmp_path: Path) -> None:
    """
    A -shm that was replaced belongs to others: both would write to the file.
    """
    queue.accept("a.example")
    other = apsw.Connection(str(queue.path))
    other.execute("SELECT count(*) FROM _message").fetchall()
    Path(f"{queue.path}-wal").unlink()
    _replace(Path(f"{queue.path}-shm"))
    before = queue.path.read_bytes()

    queue.close()

    assert before == queue.path.read_bytes()
    other.close()


@pytest.mark.parametrize("harm", [_remove, _replace])
def test_a_process_never_goes_on_with_another_file(queue: Queue, harm: Callable[[Path], None]) -> None:
    """
    Its numbers of process and leases may belong to others there, as in a copy of yesterday.
    """
    queue.accept("a.example")
    harm(queue.path)
    for _ in range(2):
        with pytest.raises(StorageFailure):
            queue.accept("b.example")

    with pytest.raises(StorageFailure):
        queue.engine.check_place()


def test_the_log_may_go_and_come_between_two_connections(queue: Queue) -> None:
    """
    The last connection to close removes it, in order.
    """
    queue.accept("a.example")
    queue.close()
    queue.accept("b.example")
    queue.engine.check_place()

    assert 2 == len(queue.statuses())


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_a_process_with_a_reader_does_not_take_new_files_for_its_own(queue: Queue, suffix: str) -> None:
    """
    Its next connection would make a new log, and what the others have committed to the old one would be lost.
    """
    queue.accept("a.example")
    reader = queue.engine.open_reader()
    _remove(Path(f"{queue.path}{suffix}"))
    for _ in range(2):
        with pytest.raises(StorageFailure, match=f"{suffix}: the file was removed"):
            queue.accept("b.example")
    with pytest.raises(StorageFailure, match=f"{suffix}: the file was removed"):
        queue.engine.check_place()
    reader.close()


def test_a_write_that_is_refused_since_the_file_is_away_is_rolled_back(queue: Queue) -> None:
    """
    A client that hears 451 sends its mail again: two copies went out when the file came back.
    """
    queue.accept("a.example")
    away = queue.path.rename(f"{queue.path}.away")
    with pytest.raises(StorageFailure):
        queue.accept("b.example")
    away.rename(queue.path)

    assert 1 == len(queue.statuses())


class _Removal(Write):
    """Removes the file of the queue after the look before its commit; no write says more about that instant."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def run(self, session: Session) -> None:
        def remove() -> bool:
            _remove(self.path)
            return False  # the commit goes on

        session.destination_id("new.example")  # a commit without a change calls no hook
        connection_of(session).set_commit_hook(remove)


def test_a_commit_that_met_a_removal_may_have_taken_place(queue: Queue) -> None:
    """
    Its client must not get 250, and its spool file must stay as long as a row may name it.
    """
    removal = _Removal(queue.path)
    [error] = queue.outcome(removal)

    assert (True, True) == (isinstance(error, StorageFailure), removal.may_be_committed)


@pytest.fixture
def other(queue: Queue) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has the queue open."""
    script = (
        "import apsw, sys; c = apsw.Connection(sys.argv[1]); c.execute('SELECT * FROM _message').fetchall();"
        " print(flush=True); input()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(queue.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    queue.close()
    yield process
    process.communicate(b"\n")


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
@pytest.mark.parametrize("write_deadline_s", [None, 1.0])
@pytest.mark.usefixtures("other")
def test_nothing_opens_a_queue_whose_files_were_removed_under_another_process(
    queue: Queue, suffix: str, write_deadline_s: float | None
) -> None:
    """
    SQLite would make a new index and lock other octets than the process that has the old one: the file was damaged.
    """
    _remove(Path(f"{queue.path}{suffix}"))

    with (
        pytest.raises(StorageFailure, match=f"{suffix}: the file was removed"),
        queue.engine.visiting(write_deadline_s),
    ):
        pass
    with pytest.raises(StorageFailure, match=f"{suffix}: the file was removed"):
        queue.engine.open_reader()
    with pytest.raises(StorageFailure, match=f"{suffix}: the file was removed"):
        queue.accept()
    with pytest.raises(StorageFailure, match=f"{suffix}: the file was removed"):
        queue.engine.cut_log(deadline_s=1.0, sleep=time.sleep)
    assert not Path(f"{queue.path}{suffix}").exists()


@pytest.mark.usefixtures("other")
def test_nothing_opens_a_queue_whose_index_was_replaced_under_another_process(queue: Queue) -> None:
    """
    Locks on the new file mean nothing to the process that has the old one.
    """
    _replace(Path(f"{queue.path}-shm"))

    with pytest.raises(StorageFailure, match="-shm: the file was replaced"):
        queue.accept()


@pytest.mark.usefixtures("other")
def test_a_queue_that_another_process_has_open_can_be_opened(queue: Queue) -> None:
    """
    All processes of an instance share it.
    """
    queue.accept()
    with queue.engine.visiting(1.0):
        pass
    assert queue.engine.cut_log(deadline_s=1.0, sleep=time.sleep)


def test_a_place_that_cannot_be_asked_is_a_failure(tmp_path: Path) -> None:
    """
    A commit without an answer is none.
    """
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StorageFailure, match="Not a directory"):
        SameFile(file / "queue.db").check()
