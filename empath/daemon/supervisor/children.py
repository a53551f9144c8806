"""
children - a live child process: its report, its signals, its pipes
"""

import json
import os
import signal
import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a child, or the start, ended: one or more lines for a person, and an exit code of sysexits.h."""

    text: str
    exit_code: int


@dataclass(slots=True)
class ChildProcess:
    """
    One live child.

    `epoch` is that of the plan it serves; `started_at`, `heard_at` (its last beat) and `kill_at` are monotonic seconds.
    A retired process has been ordered to end; a process that lingers may finish its transactions first. `deaths_fd` is
    the supervisor's end of the pipe by which a housekeeper learns of deaths, `counts_row` the row of an acceptor in
    `open_counts`. A child that could not be started has no
    descriptor: -1.
    """

    slot: str
    generation: int
    epoch: int
    pid: int
    ready_fd: int
    beat_fd: int
    started_at: float
    deaths_fd: int | None = None
    counts_row: int | None = None
    is_ready: bool = False
    is_retired: bool = False
    is_lingering: bool = False
    is_hung: bool = False
    heard_at: float = 0.0
    is_log_stale: bool = False
    failure: Failure | None = None
    kill_at: float | None = None
    _report: bytearray = field(default_factory=bytearray)

    @property
    def may_report(self) -> bool:
        """Whether its ready pipe is still open."""
        return self.ready_fd >= 0

    def listen(self) -> bool:
        """Read its report; True if the report says that it is ready."""
        octets = os.read(self.ready_fd, 65536)
        self._report += octets
        if octets and not self._report.endswith(b"\n"):
            return False
        self._close_ready()
        if not self._report:
            return False  # it died or closed the pipe without a report; the reaping will show which
        self.failure = _failure_in(self._report, self.slot)
        self.is_ready = self.failure is None
        self.heard_at = time.monotonic()
        return self.is_ready

    def hear_beat(self, now: float) -> None:
        """Take note of a beat."""
        try:
            os.eventfd_read(self.beat_fd)
        except BlockingIOError:
            return
        self.heard_at = now

    def send(self, number: signal.Signals) -> None:
        """Send a signal. The supervisor has not reaped the process yet, so its pid is still its own."""
        os.kill(self.pid, number)

    def report_death(self, slot: str, generation: int) -> None:
        """Write one line to a housekeeper's pipe. A full pipe drops it; a missing beat will show the death later."""
        if self.deaths_fd is not None:
            try:
                os.write(self.deaths_fd, f"{slot} {generation}\n".encode())
            except (BlockingIOError, BrokenPipeError):
                pass

    def close(self) -> None:
        """Close the pipes of a process that was reaped, after reading what it had reported."""
        if self.may_report:
            os.set_blocking(self.ready_fd, False)
            try:
                while self.may_report:
                    self.listen()
            except BlockingIOError:  # a grandchild holds the other end
                self._close_ready()
        if self.beat_fd >= 0:
            os.close(self.beat_fd)
        if self.deaths_fd is not None:
            os.close(self.deaths_fd)
            self.deaths_fd = None

    def _close_ready(self) -> None:
        os.close(self.ready_fd)
        self.ready_fd = -1


def _failure_in(report: bytes | bytearray, slot: str) -> Failure | None:
    """What a child reports: a JSON object, empty or with its error. Anything else is a failure of the child."""
    try:
        message = json.loads(report)
        return Failure(str(message["error"]), int(message["exit_code"])) if message else None
    except (ValueError, TypeError, KeyError):
        return Failure(f"{slot} reported what cannot be read", os.EX_SOFTWARE)
