"""A queue whose file is removed or replaced while it is in use."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from empath.errors import StorageFailure
from empath.storage.sqlite.same_file import SameFile
from tests.kit.queue import Queue


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


@pytest.mark.parametrize("suffix", ["", "-wal"])
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


def test_a_place_that_cannot_be_asked_is_a_failure(tmp_path: Path) -> None:
    """
    A commit without an answer is none.
    """
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StorageFailure, match="Not a directory"):
        SameFile(file / "queue.db").check()
