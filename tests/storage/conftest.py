"""A queue for each test of this directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.queue import Queue, violations


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    """A new queue with one process; after the test it must be sound, whatever was done with it."""
    made = Queue(tmp_path / "queue.db")
    yield made
    made.close()
    assert {} == violations(made.path)
