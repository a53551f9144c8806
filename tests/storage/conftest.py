"""
A queue for each test of this directory, in each engine that the test is for.

A test marked `engines` runs once in each, a module of them by `pytestmark`. A test in it that is about one engine is
marked `sqlite_only`, with the reason.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kit.queue import Queue
from tests.kit.run_guard import guarded

if TYPE_CHECKING:
    from tests.kit.postgresql import Server

MEMORY = Path("/dev/shm")
ENGINES = ("sqlite", "postgresql")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests marked `engines` once in each engine."""
    marked = metafunc.definition.get_closest_marker
    if "queue_engine" in metafunc.fixturenames and marked("engines") and not marked("sqlite_only"):
        metafunc.parametrize("queue_engine", ENGINES)


@pytest.fixture
def queue_engine() -> str:
    """The name of the engine."""
    return ENGINES[0]


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Path]:
    """A directory in memory, if there is one, for tests that commit a thousand times and do not cut the power."""
    if not MEMORY.is_dir():
        yield tmp_path
    else:
        with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
            yield Path(folder)


@pytest.fixture(scope="session")
def postgresql() -> Iterator["Server"]:
    """A server of this process of the test run."""
    from tests.kit.postgresql import Server, programs

    if programs() is None:
        pytest.skip("the programs of PostgreSQL are not installed (Debian: postgresql)")
    made = Server()
    with guarded(made.folder):
        try:
            made.make_queue()
            yield made
        finally:
            made.stop()


@pytest.fixture
def queue(tmp_path: Path, queue_engine: str, request: pytest.FixtureRequest) -> Iterator[Queue]:
    """A new queue with one process; after the test it must be sound."""
    made = Queue(tmp_path / "queue.db") if queue_engine == "sqlite" else request.getfixturevalue("postgresql").queue()
    try:
        yield made
        assert made.is_untouched() or {} == made.violations()
    finally:
        made.close()
