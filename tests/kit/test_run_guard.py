"""Processes of a run end with it: fixtures that fail, runs that are killed, daemons."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.kit.run_guard import Belongings, guarded
from tests.kit.waiting import DEADLINE_S, eventually

ROOT = Path(__file__).parents[2]
INSTANCE = ("acceptor-1", "housekeeper-1", "supervisor", "worker-1")


@contextmanager
def _pytest(directory: Path, test: str) -> Iterator["subprocess.Popen[str]"]:
    """A run of one test of abandoned.py, with its temporary files below *directory*; killed at the end."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", str(directory)]
    with subprocess.Popen(
        [*command, f"tests/kit/abandoned.py::{test}"],
        cwd=ROOT,
        env=os.environ | {"EMPATH_TEST_STARTED": str(directory.with_name("started"))},
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        try:
            yield run
        finally:
            run.kill()


def _roles(commands: Iterable[str]) -> list[str]:
    return sorted(slot for command in commands for slot in INSTANCE if slot in command)


def test_a_run_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    """
    SIGKILL skips the end of all fixtures, and a detached instance is not a descendant of the run.
    """
    run = tmp_path / "run"
    with _pytest(run, "test_that_is_killed") as pytest:
        eventually((tmp_path / "started").exists, "both instances", 4 * DEADLINE_S)
        assert sorted(2 * INSTANCE) == _roles(Belongings(run).find().values())
        pytest.kill()
    eventually(lambda: not Belongings(run).find(), "the end of all processes")


def test_a_fixture_that_fails_half_way_leaves_no_process(tmp_path: Path) -> None:
    """
    The run reports the remaining processes, so that the fixture gets fixed.
    """
    run = tmp_path / "run"
    with _pytest(run, "test_of_a_fixture_that_fails") as pytest:
        report, _ = pytest.communicate(timeout=4 * DEADLINE_S)
    assert {} == Belongings(run).find()
    assert 1 == pytest.returncode
    _, _, left = report.partition(f"processes were left below {run}:\n")
    assert list(INSTANCE) == _roles(line for line in left.splitlines() if line.startswith("E"))


def test_what_ends_by_itself_is_not_reported(tmp_path: Path) -> None:
    """
    Children of a stopping service may need a moment.
    """
    with guarded(tmp_path):
        process = subprocess.Popen(["sh", "-c", "read line"], cwd=tmp_path, stdin=subprocess.PIPE)
        assert process.pid in Belongings(tmp_path).find()
        assert process.stdin is not None
        process.stdin.close()
    assert 1 == process.wait()


def test_another_directory_of_the_same_name_is_let_alone(tmp_path: Path) -> None:
    """
    /tmp/run is neither in /var/tmp/run nor in /tmp/run-2.
    """
    run = tmp_path / "run"
    for other in (tmp_path / f"elsewhere{run}", tmp_path / "run-2"):
        other.mkdir(parents=True)
        with subprocess.Popen(["cat", "-", str(other)], cwd=other, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL):
            assert {} == Belongings(run).find()
