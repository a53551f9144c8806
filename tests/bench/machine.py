"""
machine - what the harness needs from its machine, and how it describes the machine

Commands are found as by root's PATH. A wait polls a condition and ends with a reason.
"""

import os
import platform
import re
import resource
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

LOOPBACK: Final = "127.0.0.1"
TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
# Debian puts all of Postfix into /usr/sbin, which is not in an ordinary user's PATH.
SEARCH_PATH: Final = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"))


class BenchFailure(Exception):
    """A run cannot continue, or its result would mean nothing; the text says why in one line."""


def find_command(name: str) -> str | None:
    """The path of a command, or None when it is not installed."""
    return shutil.which(name, path=SEARCH_PATH)


def command(name: str) -> str:
    """
    The path of a command that must be there.

    Raises:
        BenchFailure: it is not installed.
    """
    path = find_command(name)
    if path is None:
        raise BenchFailure(f"{name} is not installed")
    return path


def output_of(argv: list[str], cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """
    Run a command to its end and return what it wrote to both streams.

    Raises:
        BenchFailure: it ended with a code other than 0; the text holds the end of its output.
    """
    done = subprocess.run(
        argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    text = done.stdout.decode(errors="replace")
    if done.returncode:
        raise BenchFailure(f"{' '.join(argv)} ended with {done.returncode}: {text[-600:].strip()}")
    return text


def wait_for(condition: Callable[[], bool], deadline_s: float, what: str, every_s: float = 0.02) -> None:
    """
    Poll until *condition* holds.

    Raises:
        BenchFailure: it did not within *deadline_s*; *what* says what was waited for.
    """
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise BenchFailure(f"not within {deadline_s:g} s: {what}")
        time.sleep(every_s)


def free_port() -> int:
    """A TCP port of the loopback address that is not bound."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_greeting(port: int) -> bool:
    """Whether a server answers a connection on *port* with 220."""
    try:
        with socket.create_connection((LOOPBACK, port), 5) as connection:
            has_greeted = connection.recv(512).startswith(b"220")
            connection.sendall(b"QUIT\r\n")
            connection.recv(512)
            return has_greeted
    except OSError:
        return False


def raise_file_limit() -> None:
    """
    Let this process and its children open as many files as the hard limit allows: an idle run holds 1,000 sockets.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def is_open_to_others(directory: Path) -> bool:
    """Whether another user may reach *directory*: Postfix works in its queue under its own user."""
    return all(path.stat().st_mode & 0o001 for path in (directory, *directory.parents))


def busy_s() -> float:
    """CPU seconds that all processors together have worked since boot."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_S


def cpu_of_process_s(pid: int) -> float:
    """CPU seconds of one process, its waited-for children included; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / TICKS_PER_S


def cpu_of_harness_s() -> float:
    """CPU seconds of this process and of those of its children that have ended (the generator)."""
    return sum(os.times()[:4])


def describe(scratch: Path) -> dict[str, str]:
    """The machine in words, for the report: processor, cores, memory, kernel, file system of *scratch*, date."""
    model = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = re.search(r"^MemTotal:\s+(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%MZ"),
        "processor": model[1] if model else platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{int(memory[1]) / 2**20:.1f} GiB" if memory else "unknown",
        "kernel": platform.release(),
        "file system": output_of([command("stat"), "-f", "-c", "%T", str(scratch)]).strip() + _freshness(scratch),
        "python": platform.python_version(),
    }


def _freshness(scratch: Path) -> str:
    return ", made for this run" if os.path.ismount(scratch.parent) and scratch.parent.name == "disk" else ""
