"""An empath-admin with a queue for each test of this directory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.admin.kit import AdminTool


@pytest.fixture
def tool(tmp_path: Path) -> Iterator[AdminTool]:
    """An empty queue; after the test it must be sound."""
    made = AdminTool(tmp_path)
    yield made
    try:  # before the connections end: a new one would parse the schema again
        assert made.queue.is_untouched() or {} == made.queue.violations()
    finally:
        made.queue.close()
