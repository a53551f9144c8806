"""Fixtures that more than one directory of tests uses."""

import gc
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings

from tests.kit.process import Empathd
from tests.kit.run_guard import guarded
from tests.kit.starter import STARTER

# `make properties` uses the other profile, and draws other examples each time. The suite draws the same ones: a test
# that fails in it fails again, and one that passes says something about the change at hand. No test has a deadline,
# because the machine may be busy.
_TIMELESS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("suite", _TIMELESS, max_examples=25, stateful_step_count=30, derandomize=True)
settings.register_profile("deep", _TIMELESS, max_examples=2000, stateful_step_count=60, print_blob=True)
settings.load_profile("suite")


# Bytecode is kept, as in `make test`, whatever the environment says: else each process of the run rewrites all
# assertions again, and each process that a test starts compiles its imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


@pytest.hookimpl(tryfirst=True)
def pytest_collection() -> None:
    """
    The garbage collector looks neither during the collection nor, later, at what was collected: nearly all of that
    stays, and to go through it again and again costs each worker some seconds.
    """
    gc.disable()


def pytest_collection_finish() -> None:
    """Everything so far is permanent."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Twice the processors, because many tests wait for a process, a clock or a socket, and compute little."""
    return 2 * len(os.sched_getaffinity(0))


def pytest_sessionstart(session: pytest.Session) -> None:
    """
    The workers of a first run share the rewriting of assertions, which is most of the collection: each imports some of
    the modules, and finds the others rewritten in __pycache__.
    """
    worker = getattr(session.config, "workerinput", None)
    if worker is None:
        return
    number, workers = int(worker["workerid"].removeprefix("gw")), worker["workercount"]
    folder = Path(__file__).parent
    for file in sorted(folder.rglob("test_*.py"))[number::workers]:
        if not any(file.parent.glob(f"__pycache__/{file.stem}.*-pytest-*.pyc")):
            with suppress(Exception, pytest.skip.Exception):  # the collection reports it
                import_module(".".join(file.relative_to(folder.parent).with_suffix("").parts))


_MEMORY: Final = Path("/dev/shm")
_IN_MEMORY: Final = (  # directories of tests that commit much and cut no power
    "cli/admin",
    "config",
    "daemon/acceptor",
    "daemon/httpd",
    "daemon/process",
    "daemon/publisher",
    "daemon/worker",
    "docs",
    "modules",
    "storage",
)
_OF_A_SERVICE: Final = frozenset({"empathd", "make_empathd"})
_NUMBERS: Final = count()


@pytest.fixture(scope="session")
def directory_in_memory(request: pytest.FixtureRequest) -> Iterator[Path | None]:
    """
    A directory in memory, where the system has one. It goes with the run, so a run of one process has none: people look
    at the files of a test that failed.
    """
    if not _MEMORY.is_dir() or not hasattr(request.config, "workerinput"):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="empath-tests-", dir=_MEMORY) as folder:
        yield Path(folder)


@pytest.fixture
def tmp_path(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, directory_in_memory: Path | None
) -> Iterator[Path]:
    """
    A directory of the test's own. That of a test that passes is removed at once: a queue has 800 kB, and ten thousand
    of them would go to the disk.

    It is in memory in some directories of tests. No service takes a queue there: a test that starts one by a fixture of
    this file has a disk, as has one with the mark `on_disk`.
    """
    place = request.path.relative_to(Path(__file__).parent).as_posix()
    is_on_disk = (
        directory_in_memory is None
        or not place.startswith(_IN_MEMORY)
        or not _OF_A_SERVICE.isdisjoint(request.fixturenames)
        or request.node.get_closest_marker("on_disk") is not None
    )
    base = tmp_path_factory.getbasetemp() if directory_in_memory is None or is_on_disk else directory_in_memory
    made = base / f"{re.sub(r'[^0-9A-Za-z]', '_', request.node.name)[:30]}{next(_NUMBERS)}"
    made.mkdir(mode=0o700)
    failed = request.session.testsfailed
    yield made
    if failed == request.session.testsfailed:
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def no_process_outlives_the_run(
    tmp_path_factory: pytest.TempPathFactory, directory_in_memory: Path | None
) -> Iterator[None]:
    """Processes that a test left running end with this pytest process; then the last test fails with an error."""
    with ExitStack() as guards:
        for folder in filter(None, (tmp_path_factory.getbasetemp(), directory_in_memory)):
            guards.enter_context(guarded(folder))
        yield
        STARTER.close()


@pytest.fixture(scope="session")
def empathd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Empathd]:
    """
    One running instance per pytest process, for tests that leave it as it was. A test that kills or stops takes
    `make_empathd`.
    """
    instance = Empathd(tmp_path_factory.mktemp("empathd", numbered=True))
    try:
        yield instance.start()
        assert instance.stop() == 0
    finally:
        instance.clean_up()


@pytest.fixture
def make_empathd(tmp_path: Path) -> Iterator[Callable[..., Empathd]]:
    """Makes instances for one test, not started yet; none outlives the test."""
    numbers = count()
    with ExitStack() as ends:

        def make(**attributes: Any) -> Empathd:
            made = Empathd(tmp_path / f"empathd-{next(numbers)}", **attributes)
            ends.callback(made.clean_up)
            return made

        yield make
