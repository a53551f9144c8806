"""A queue for each test of this directory."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.queue import Queue

MEMORY = Path("/dev/shm")


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory, if there is one, for tests that commit a thousand times and do not cut the power."""
    if not MEMORY.is_dir():
        yield tmp_path
    else:
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
            yield Path(folder)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    """A new queue with one process; after the test it must be sound."""
    made = Queue(tmp_path / "queue.db")
    try:
        yield made
        assert made.is_untouched() or {} == made.violations()
    finally:
        made.close()
