"""CPU and memory of a server's processes, counted against processes of known use."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from .accounting import Account, ProcessTree, name_of, open_account, peak_octets, resident_octets

BURNT_S = 0.2
# A child uses CPU and ends. Its parent waits for it, reports that, and lives until its standard input ends.
PARENT = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < {BURNT_S}: pass"], check=True)
print("done", flush=True)
sys.stdin.read()
"""


@pytest.fixture(params=["best", "process tree"])
def account(request: pytest.FixtureRequest) -> Iterator[Account]:
    """The best account of this machine, and the one that every machine has."""
    opened = open_account("test") if request.param == "best" else ProcessTree()
    yield opened
    opened.close()


@contextmanager
def parent_of_an_ended_child(account: Account) -> Iterator[subprocess.Popen[str]]:
    """A member whose child has come and gone."""
    argv = account.wrap([sys.executable, "-c", PARENT])
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        account.adopt(process.pid)
        assert process.stdout is not None
        assert "done\n" == process.stdout.readline()
        yield process


def test_cpu_of_a_child_that_ended_is_counted(account):
    """
    Postfix's work is done by processes that come and go between two looks.
    """
    with parent_of_an_ended_child(account):
        assert BURNT_S <= account.cpu_s()


def test_only_members_are_counted(account):
    """
    The generator and the sink run next to the server and are not its cost.
    """
    with parent_of_an_ended_child(account) as process:
        assert [process.pid] == account.pids()


def test_closing_ends_the_members(account):
    """
    A server that did not stop when asked must not disturb the next run.
    """
    with parent_of_an_ended_child(account) as process:
        reaper = threading.Thread(target=process.wait)
        reaper.start()
        account.end()
        reaper.join()
        assert -signal.SIGTERM == process.returncode


def test_memory_of_a_process_is_known_by_its_id(account):
    """
    Growth is reported for each process by name, so that the one that grew is found.
    """
    with parent_of_an_ended_child(account) as process:
        assert [process.pid] == list(peak_octets(account.pids()))
        assert 0 < resident_octets(account.pids()) <= peak_octets(account.pids())[process.pid]
        assert "?" != name_of(process.pid)


def test_a_process_that_is_gone_has_no_memory():
    """
    A process may end between the listing and the reading.
    """
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert (0, {}, "?") == (resident_octets([process.pid]), peak_octets([process.pid]), name_of(process.pid))
