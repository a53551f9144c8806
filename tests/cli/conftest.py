"""An empath-admin with a queue for each test of this directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.admin.kit import AdminTool
from tests.kit.queue import violations


@pytest.fixture
def tool(tmp_path: Path) -> Iterator[AdminTool]:
    """An empty queue; after the test it must be sound."""
    made = AdminTool(tmp_path)
    yield made
    made.queue.close()
    assert made.queue.is_untouched() or {} == violations(made.path)
