"""What coverage changes in processes: it is loaded in each, catches SIGTERM, and writes a file at the end."""

import os

import pytest

_IS_MEASURED = any(name.startswith("COVERAGE") for name in os.environ)

not_measured = pytest.mark.skipif(_IS_MEASURED, reason="coverage is part of the processes that this test looks at")


def without_coverage() -> dict[str, str]:
    """The environment of a process that is not to be measured."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
