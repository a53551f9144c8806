"""All tests of this directory are about PostgreSQL."""

import pytest


@pytest.fixture
def queue_engine() -> str:
    """The name of the engine."""
    return "postgresql"
