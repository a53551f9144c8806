"""
run_guard - no process of a test run outlives the run

A process belongs to a directory if its working directory, an open file or a word of its command line is below it. So
daemons belong to it, too, without any registration. `guarded` starts a watcher that holds the read end of a pipe. The
pipe ends with the run, however the run ends, and the watcher kills all processes that belong to the directory. It
spares the run itself, the processes from which the run descends, and sessions on another terminal (a person who looks
at the files).

The watcher is this file as a program, which imports only the standard library.
"""

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PATIENCE_S = 5.0  # time for processes that are ending by themselves
_DEADLINE_S = 30.0  # time for killed processes to end
_PAUSE_S = 0.02
_REGULAR_END = b"end"


@contextmanager
def guarded(directory: Path) -> Iterator[None]:
    """
    Processes that are started meanwhile and belong to *directory* end with this process, even if it is killed.

    Raises:
        AssertionError: processes were left at the end and had to be killed; the text names them.
    """
    with subprocess.Popen(
        [sys.executable, "-I", "-S", __file__, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C goes to the run only
    ) as watcher:
        yield
        left, _ = watcher.communicate(_REGULAR_END)
    assert b"" == left, f"processes were left below {directory}:\n{left.decode()}"


class Belongings:
    """The processes that belong to *directory*, except *run* (by default this process) and its ancestors."""

    def __init__(self, directory: Path, run: int | None = None) -> None:
        run = os.getpid() if run is None else run
        self._below = f"{directory.resolve()}/"
        # Not in the middle of another path: /var/tmp/run contains /tmp/run.
        self._word = re.compile(rf"(?<![\w./-]){re.escape(self._below)}")
        self._spared = {os.getpid(), *_line_of(run)}
        self._session = os.getsid(run)

    def find(self) -> dict[int, str]:
        """The living ones: pid -> command line."""
        return {
            pid: " ".join(_words(pid))
            for pid in map(int, filter(str.isdecimal, os.listdir("/proc")))
            if pid not in self._spared and self._has(pid)
        }

    def kill(self) -> dict[int, str]:
        """Kill until none is left, including processes that they start meanwhile; the killed ones."""
        killed: dict[int, str] = {}
        deadline = time.monotonic() + _DEADLINE_S
        while (found := self.find()) and time.monotonic() < deadline:
            for pid in found:
                self._kill(pid)
            killed = found | killed  # the command line of one that is dying is empty
            select.select([], [], [], _PAUSE_S)
        return killed

    def _kill(self, pid: int) -> None:
        try:
            process = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            if self._has(pid):  # another process may have the pid by now
                signal.pidfd_send_signal(process, signal.SIGKILL)
        except ProcessLookupError:
            pass
        finally:
            os.close(process)

    def _has(self, pid: int) -> bool:
        try:
            _, session, terminal = _stat(pid)
        except OSError:
            return False
        if terminal and session != self._session:
            return False
        return any(f"{place}/".startswith(self._below) for place in _places(pid)) or any(
            self._word.search(f"{word}/") for word in _words(pid)
        )


def _places(pid: int) -> Iterator[str]:
    """Working directory and open files; empty for a process that is gone or belongs to another user."""
    links = [f"/proc/{pid}/cwd"]
    try:
        links += [f"/proc/{pid}/fd/{fd}" for fd in os.listdir(f"/proc/{pid}/fd")]
    except OSError:
        pass
    for link in links:
        try:
            yield os.readlink(link)
        except OSError:
            continue


def _words(pid: int) -> list[str]:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read().decode(errors="replace").rstrip("\0 ").split("\0")
    except OSError:
        return []


def _stat(pid: int) -> tuple[int, int, int]:
    """Parent, session and terminal of a process, proc(5); terminal 0 is none."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    return int(fields[1]), int(fields[3]), int(fields[4])


def _line_of(pid: int) -> Iterator[int]:
    """*pid* and its ancestors."""
    while pid:
        yield pid
        try:
            pid = _stat(pid)[0]
        except OSError:
            return


def _watch(directory: Path) -> None:
    """
    Wait for the end of the run, the parent of this process, and print the processes that had to be killed, a line each.
    """
    run = os.getppid()
    belongings = Belongings(directory, run)
    pipe = sys.stdin.fileno()
    # A fork of the run may hold the pipe open for longer than the run lives.
    ready, _, _ = select.select([pipe, os.pidfd_open(run)], [], [])
    if pipe in ready and _REGULAR_END == os.read(pipe, len(_REGULAR_END)):
        deadline = time.monotonic() + _PATIENCE_S
        while belongings.find() and time.monotonic() < deadline:
            select.select([], [], [], _PAUSE_S)
    killed = belongings.kill()
    try:
        print(*(f"{pid} {command}" for pid, command in killed.items()), sep="\n", end="", flush=True)
    except BrokenPipeError:
        os._exit(0)  # the run was killed: no reader


if __name__ == "__main__":
    _watch(Path(sys.argv[1]))
