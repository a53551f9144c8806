"""A queue with its configuration for each test of this directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.admin.kit import Desk
from tests.kit.queue import violations


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An empty queue; after the test it must be sound."""
    made = Desk(tmp_path)
    yield made
    made.queue.close()
    assert {} == violations(made.path)
