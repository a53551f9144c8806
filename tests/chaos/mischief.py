"""
mischief - kill, or stop and continue, processes of an instance at random

A killed supervisor is started again by command, as by a person, while its children drain. The transactions of workers
that were killed, or stopped until they were taken for dead, are counted: at most that many may reach their next hop
twice.
"""

import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import apsw

from tests.kit.process import Empathd
from tests.kit.waiting import eventually

SUPERVISOR = "supervisor"
_PAUSE_S = (0.2, 2.0)  # pause between two actions
_GROWN_S = 10.0  # age from which a process is killed; a younger one would wait longer each time before its restart
_STOPPED_S = (0.05, 2.0)
_STOPS = 0.25  # share of actions that stop a process instead of killing it
_LONG_S = (35.0, 60.0)  # longer than the 30 s after which a process is taken for dead
_LONG = 0.04  # share of long stops, in a run of more kills than FEW
_FEW = 50


class Mischief:
    """
    Actions on *instance*; `done` counts them by kind and slot, `in_flight` sums the transactions of killed workers.
    """

    def __init__(self, instance: Empathd, seed: int) -> None:
        self._instance = instance
        self._draw = random.Random(seed)
        self._rest = threading.Event()
        self._seen: dict[int, float] = {}  # pid -> instant of the first look
        self.done: Counter[str] = Counter()
        self.in_flight = 0

    def do(self, kills: int) -> None:
        """Continue until *kills* processes were killed."""
        killed = 0
        while killed < kills:
            self._rest.wait(self._draw.uniform(*_PAUSE_S))
            slot, pid = self._victim()
            if self._draw.random() < _STOPS:
                self._stop(slot, pid, is_long=kills > _FEW and self._draw.random() < _LONG)
            else:
                self._kill(slot, pid)
                killed += 1

    def _victim(self) -> tuple[str, int]:
        """Any process that there is; workers twice as often, for they hold what can be doubled."""
        everyone = eventually(lambda: found if len(found := self._processes()) > 1 else [], "children")
        now = time.monotonic()
        ages = [min(now - self._seen.setdefault(pid, now), _GROWN_S) + 0.5 for _, pid in everyone]
        weights = [age * (2 if slot.startswith("worker") else 1) for (slot, _), age in zip(everyone, ages, strict=True)]
        return self._draw.choices(everyone, weights)[0]

    def _processes(self) -> list[tuple[str, int]]:
        supervisor = self._instance.process
        assert supervisor is not None
        try:
            children = Path(f"/proc/{supervisor.pid}/task/{supervisor.pid}/children").read_text().split()
        except OSError:
            children = []
        found = [(_slot(int(pid)), int(pid)) for pid in children]
        return [(SUPERVISOR, supervisor.pid), *((slot, pid) for slot, pid in found if slot)]

    def _kill(self, slot: str, pid: int) -> None:
        if slot.startswith("worker"):
            _signal(pid, signal.SIGSTOP)  # so that it begins no further transaction during the count
            self.in_flight += self._leases_of(pid)
        self.done[f"kill {slot}"] += 1
        _signal(pid, signal.SIGKILL)
        if slot == SUPERVISOR:
            assert self._instance.process is not None
            self._instance.process.wait()
            self._instance.start()

    def _stop(self, slot: str, pid: int, *, is_long: bool) -> None:
        self.done[f"{'long stop' if is_long else 'stop'} {slot}"] += 1
        _signal(pid, signal.SIGSTOP)
        if is_long and slot.startswith("worker"):
            self.in_flight += self._leases_of(pid)
        self._rest.wait(self._draw.uniform(*(_LONG_S if is_long else _STOPPED_S)))
        _signal(pid, signal.SIGCONT)

    def _leases_of(self, pid: int) -> int:
        connection = apsw.Connection(str(self._instance.queue), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            connection.set_busy_timeout(10_000)
            statement = "SELECT sum(leases) FROM process WHERE pid = ? AND ended_at IS NULL"
            [(leases,)] = connection.execute(statement, (pid,)).fetchall()
            return int(leases or 0)
        finally:
            connection.close()


def _slot(pid: int) -> str:
    """`worker-1` and so on; empty for a process that has not got its title yet, or is gone."""
    try:
        title = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0 ").decode()
    except OSError:
        return ""
    return title.removeprefix("empathd: ") if title.startswith("empathd: ") else ""


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # it ended by itself
