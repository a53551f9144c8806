"""All tests of this directory are about PostgreSQL."""

import pytest


@pytest.fixture
def engine() -> str:
    """The name of the engine."""
    return "postgresql"
