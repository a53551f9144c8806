"""
accounting - CPU time and memory of all processes of one server

A control group counts exactly, processes that came and went included. Without the right to make one, the process tree
in /proc counts: a parent that waited for a child has the times of that child.
Both know their members, so that a server which does not stop when asked is ended without touching another process.
"""

import os
import re
import signal
import subprocess
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .machine import TICKS_PER_S, BenchFailure, wait_for

# The shell moves itself into the group, then becomes the command: no process of the server is ever outside.
ENTER: Final = 'echo $$ > "$0" && exec "$@"'


class Account(ABC):
    """The CPU and memory of one server's processes, from before its start until `close`."""

    kind: str

    @abstractmethod
    def wrap(self, argv: list[str]) -> list[str]:
        """The command line that runs *argv* as a member."""

    @abstractmethod
    def adopt(self, pid: int) -> None:
        """Name the server's first process, once it is known."""

    @abstractmethod
    def pids(self) -> list[int]:
        """Ids of the members that live now."""

    @abstractmethod
    def cpu_s(self) -> float:
        """CPU seconds of all members so far, user and system, the ended ones included."""

    def close(self) -> None:
        """Stop counting, and end the processes that are left."""
        self.end()

    def end(self) -> None:
        """
        End the remaining members: ask first, then kill.

        Raises:
            BenchFailure: some are still left.
        """
        for number, patience_s in ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0)):
            for pid in self.pids():
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
            try:
                wait_for(lambda: not self.pids(), patience_s, "end of a server's processes")
            except BenchFailure:
                continue
            return
        raise BenchFailure(f"processes of a server are left: {self.pids()}")


class ControlGroup(Account):
    """A group of its own below the harness's: version 1 with cpuacct, or version 2, whose cpu.stat is always there."""

    def __init__(self, path: Path, is_version_2: bool) -> None:
        self.kind = "cgroup v2" if is_version_2 else "cgroup v1 cpuacct"
        self._path = path
        self._is_version_2 = is_version_2
        path.mkdir()

    def wrap(self, argv: list[str]) -> list[str]:
        return ["/bin/sh", "-c", ENTER, str(self._path / "cgroup.procs"), *argv]

    def adopt(self, pid: int) -> None:
        """Membership is inherited, so the group knows already."""

    def pids(self) -> list[int]:
        return list(map(int, (self._path / "cgroup.procs").read_text().split()))

    def cpu_s(self) -> float:
        if not self._is_version_2:
            return int((self._path / "cpuacct.usage").read_text()) / 1e9
        usage = re.search(r"^usage_usec (\d+)$", (self._path / "cpu.stat").read_text(), re.MULTILINE)
        if usage is None:
            raise BenchFailure(f"{self._path / 'cpu.stat'} has no usage_usec")
        return int(usage[1]) / 1e6

    def close(self) -> None:
        super().close()
        self._path.rmdir()


class ProcessTree(Account):
    """
    The descendants of the adopted process and what shares its session, by /proc.

    The session finds the orphans whose parent died first. A child that ended counts in whole clock ticks (10 ms).
    """

    kind = "/proc"

    def __init__(self) -> None:
        self._root: _Process | None = None

    def wrap(self, argv: list[str]) -> list[str]:
        return argv

    def adopt(self, pid: int) -> None:
        self._root = _processes().get(pid)

    def pids(self) -> list[int]:
        return [process.pid for process in self._members() if not process.is_zombie]

    def cpu_s(self) -> float:
        return sum(_own_cpu_s(process) + process.ended_children_s for process in self._members())

    def _members(self) -> list["_Process"]:
        root = self._root
        if root is None:
            return []
        everything = _processes()
        current = everything.get(root.pid)
        # If another process has the id by now, neither that process nor its children are members.
        is_reused = current is not None and current.started != root.started
        found = {} if current is None or is_reused else {root.pid: current}
        if not is_reused:
            # A session outlives its leader, and no new process gets the leader's id while the session has members.
            found |= {
                pid: process
                for pid, process in everything.items()
                if process.session == root.pid and process.started >= root.started
            }
        is_growing = True
        while is_growing:
            children = {
                pid: process for pid, process in everything.items() if process.parent in found and pid not in found
            }
            found |= children
            is_growing = bool(children)
        return list(found.values())


@dataclass(frozen=True, slots=True)
class _Process:
    """One line of /proc/PID/stat; *started* is in clock ticks since boot."""

    pid: int
    is_zombie: bool
    parent: int
    session: int
    own_s: float
    ended_children_s: float
    started: int


def _processes() -> dict[int, _Process]:
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            text = (entry / "stat").read_text()
        except OSError:
            continue
        # The command name is in parentheses and may hold any character, so the fields start after the last parenthesis.
        fields = text.rsplit(")", 1)[1].split()
        pid = int(entry.name)
        own_s, ended_children_s = (sum(map(int, fields[at : at + 2])) / TICKS_PER_S for at in (11, 13))
        found[pid] = _Process(
            pid, fields[0] == "Z", int(fields[1]), int(fields[3]), own_s, ended_children_s, int(fields[19])
        )
    return found


def _own_cpu_s(process: _Process) -> float:
    """
    CPU seconds of the process itself, by the scheduler's clock where it tells.

    Whole ticks alone would leave out 5 ms of each process: a tenth of what Postfix uses in a run, nothing of Empath's.
    """
    nanoseconds = 0
    for task in Path(f"/proc/{process.pid}/task").glob("*/schedstat"):
        try:
            nanoseconds += int(task.read_text().split()[0])
        except OSError:
            continue
    # The ticks count threads that have ended; the scheduler's clock does not.
    return max(process.own_s, nanoseconds / 1e9)


def open_account(name: str) -> Account:
    """The best account that this user may open: control group version 1, version 2, process tree."""
    for parent, is_version_2 in _writable_groups():
        try:
            return ControlGroup(parent / f"empath-bench-{os.getpid()}-{name}", is_version_2)
        except OSError:
            continue
    return ProcessTree()


def _writable_groups() -> list[tuple[Path, bool]]:
    """Control groups below which a member can be counted, as (path, is version 2); each was tried with a process."""
    own = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            own[controller] = path
    candidates = []
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, kind, options, *_ = line.split()
        if kind == "cgroup" and "cpuacct" in options.split(","):
            candidates.append((Path(point + own.get("cpuacct", "/")), False))
        elif kind == "cgroup2":
            candidates.append((Path(point + own.get("", "/")), True))
    return [each for each in sorted(candidates, key=lambda each: each[1]) if _can_count(*each)]


def _can_count(parent: Path, is_version_2: bool) -> bool:
    group = parent / f"empath-bench-{os.getpid()}-probe"
    try:
        group.mkdir()
    except OSError:
        return False
    try:
        entered = subprocess.run(
            ["/bin/sh", "-c", ENTER, str(group / "cgroup.procs"), "true"], stderr=subprocess.DEVNULL, check=False
        )
        return entered.returncode == 0 and (group / ("cpu.stat" if is_version_2 else "cpuacct.usage")).exists()
    finally:
        group.rmdir()


def resident_octets(pids: list[int]) -> int:
    """
    Memory of the processes together: proportional set size, so that a shared page counts once.
    """
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        match = re.search(r"^Pss:\s+(\d+) kB$", text, re.MULTILINE)
        total += int(match[1]) * 1024 if match else 0
    return total


def reset_peaks(pids: list[int]) -> None:
    """Let each process's highest resident size start anew from what it is now (Linux: 5 to clear_refs)."""
    for pid in pids:
        try:
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        except OSError:
            continue  # another user's process: its peak since the start is the base, so later growth still shows


def peak_octets(pids: list[int]) -> dict[int, int]:
    """The highest resident size of each process that lives, by id."""
    found = {}
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        match = re.search(r"^VmHWM:\s+(\d+) kB$", text, re.MULTILINE)
        if match:
            found[pid] = int(match[1]) * 1024
    return found


def name_of(pid: int) -> str:
    """
    A short name of a process for the report: its title, or the last word of its command line that is not an option.
    """
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").strip("\0 ").split("\0")
    except OSError:
        return "?"
    if "-m" in words[:-1]:
        return words[words.index("-m") + 1]
    return words[0][-40:] if len(words) == 1 else Path(words[0]).name
