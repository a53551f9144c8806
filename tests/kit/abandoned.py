"""
abandoned - tests that leave an instance running, each in its way; test_run_guard runs them in a pytest of their own
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from empath.cli.empathd import main as empathd
from tests.kit.forked import run_to_end
from tests.kit.process import EMPATHD, Empathd


@pytest.fixture
def half_made(tmp_path: Path) -> Iterator[None]:
    """Fails after the start of its instance."""
    made = Empathd(tmp_path / "half-made")
    subprocess.run([*EMPATHD, "-c", str(made.config), "start"], check=True)
    raise RuntimeError("half-way")
    yield
    made.clean_up()


def test_of_a_fixture_that_fails(half_made: None) -> None:
    """
    The fixture fails before.
    """


def test_that_is_killed(tmp_path: Path) -> None:
    """
    One instance in the foreground, one that has detached itself, and a fork that holds all pipes of the run.
    """
    Empathd(tmp_path / "foreground").start()
    detached = Empathd(tmp_path / "detached")
    assert 0 == run_to_end(empathd, ["empathd", "-c", str(detached.config), "start"], os.environ).code
    if os.fork() == 0:
        signal.pause()
    Path(os.environ["EMPATH_TEST_STARTED"]).touch()
    signal.pause()
