"""
log - the subscriber that writes the log: one occurrence, one line

Each process configures `log` once. Lines go to a file opened with O_APPEND, so that all processes may share it, to a
syslog server (see `telemetry.syslog`), to both, or to standard error.

A write never waits; for standard error `telemetry.standard_error` makes sure of that. A pipe fills up when its reader
stalls. Then up to `KEPT_OCTETS` of lines wait in memory until `flush` or the next line finds room. Lines beyond that
are counted and dropped, as are lines that a full disk refuses. As soon as a line can be written again, `log_lines_lost`
says how many are missing.

docs/logging.md lists every event; it is generated from the modules in `empath.telemetry.occurrences`.
"""

import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from empath.errors import CannotCreate
from empath.policy.log_levels import LogLevels
from empath.policy.service_part import About
from empath.policy.tracing.context import TraceContext
from empath.telemetry.occurrence import SEVERITY, Occurrence
from empath.telemetry.occurrences.process import LogLinesLost
from empath.telemetry.render import Line, by_name, coloured_text_line, instant, json_line, logfmt_values, text_line
from empath.telemetry.standard_error import write_now
from empath.telemetry.syslog import Syslog

TraceOf = Callable[[Occurrence], TraceContext | None]

KEPT_OCTETS: Final = 1_048_576

_LINES: Final[dict[str, Line]] = {
    "json": by_name(json_line),
    "logfmt": logfmt_values,
    "text": by_name(text_line),
}
_STDOUT: Final = 1
_STDERR: Final = 2


class Output:
    """The output of this process's lines. `lost` counts dropped lines that no line has reported yet."""

    def __init__(self) -> None:
        self.lost = 0
        self._path: Path | None = None
        self._fd = _STDERR
        self._kept: deque[bytes] = deque()
        self._kept_octets = 0
        self._is_torn = False

    def open(self, path: Path | None) -> None:
        """
        Take *path*, or standard error for None; the old file is given up only when the new one is open.

        Standard output and standard error follow, where they led to the old file: `empathd start` opens them so.

        Raises:
            CannotCreate: the file cannot be opened for appending.
        """
        fd = _STDERR if path is None else _append_to(path)
        old, self._fd, self._path = self._fd, fd, path
        if old == _STDERR:
            return
        if fd != _STDERR:
            for standard in (_STDOUT, _STDERR):
                if _is_same_file(standard, old):
                    os.dup2(fd, standard)
        os.close(old)

    def await_file(self, path: Path) -> None:
        """Use standard error until `reopen` can open *path*."""
        self._path = path

    def reopen(self) -> None:
        """Open the same name again, after a rotation. Raises as `open`; then the old file stays in use."""
        self.open(self._path)

    @property
    def is_astray(self) -> bool:
        """Whether lines go to standard error because the file could not be opened."""
        return self._fd == _STDERR and self._path is not None

    @property
    def is_waiting(self) -> bool:
        """Whether lines wait until the output takes them."""
        return bool(self._kept)

    def flush(self) -> bool:
        """Write the lines that wait; True if none waits any more."""
        while self._kept:
            line = self._kept.popleft()
            self._kept_octets -= len(line)
            rest = self._put(line)
            if rest:
                self._kept.appendleft(rest)
                self._kept_octets += len(rest)
                return False
        return True

    def write(self, line: bytes) -> None:
        """Write one line whole, now or later, or drop it."""
        rest = whole = b"\n" + line + b"\n" if self._is_torn else line + b"\n"
        if not self._kept or self.flush():
            lost = self.lost
            rest = self._put(rest)
            if self.lost == lost:
                self._is_torn = False
            is_begun = len(rest) < len(whole)
        else:
            is_begun = False
        if not rest:
            return
        if is_begun or self._kept_octets + len(rest) <= KEPT_OCTETS:  # the rest of a line is never dropped
            self._kept.append(rest)
            self._kept_octets += len(rest)
        else:
            self.lost += 1

    def _put(self, rest: bytes) -> bytes:
        """Write what the output takes now; the rest. A line that the output refuses is dropped."""
        whole = rest
        try:
            while rest:
                taken = write_now(rest) if self._fd == _STDERR else os.write(self._fd, rest)
                rest = rest[taken:]
        except BlockingIOError:
            return rest
        except OSError:
            self.lost += 1
            self._is_torn = self._is_torn or len(rest) < len(whole)  # the next line must not go on in it
        return b""


class Log:
    """The log of this process: logfmt at level info to standard error, until `configure` says otherwise."""

    def __init__(self) -> None:
        self.output = Output()
        self._syslog: Syslog | None = None
        self._has_output = True  # False: syslog alone
        self._default = SEVERITY["info"]
        self._levels: LogLevels | None = None
        self._trace_of: TraceOf | None = None
        self._least = self._default  # of all lines
        self._line: Line = logfmt_values
        self._syslog_line: Line = logfmt_values

    def configure(self, form: str, level: str, file: Path | None, syslog: Syslog | None = None) -> None:
        """
        Set form ("json", "logfmt" or "text"), least level, file (None: standard error, unless there is *syslog*) and
        syslog server for this process.

        Raises:
            CannotCreate: as `Output.open`.
        """
        self.output.open(file)
        self._shape(form, level, file, syslog)

    def await_file(self, form: str, level: str, file: Path, syslog: Syslog | None = None) -> None:
        """As `configure`, with a *file* that cannot be opened now: standard error is used until `reopen` opens it."""
        self.output.await_file(file)
        self._shape(form, level, file, syslog)

    def _shape(self, form: str, level: str, file: Path | None, syslog: Syslog | None) -> None:
        if self._syslog is not None:
            self._syslog.close()
        self._syslog = syslog
        self._has_output = file is not None or syslog is None
        is_coloured = form == "text" and file is None and "NO_COLOR" not in os.environ and os.isatty(_STDERR)
        self._line = by_name(coloured_text_line) if is_coloured else _LINES[form]
        self._syslog_line = logfmt_values if form == "text" else _LINES[form]  # a message of syslog is one line
        self.set_level(level)

    def set_level(self, level: str) -> None:
        """Set the least level of the occurrences that are written."""
        self._default = SEVERITY[level]
        self.set_levels(self._levels)

    def set_levels(self, levels: LogLevels | None) -> None:
        """Set the levels of parts of the service, which come before that of the whole log."""
        self._levels = levels
        self._least = self._default if levels is None else min(self._default, levels.floor)

    def trace_by(self, trace_of: TraceOf | None) -> None:
        """Name the trace of a message on each line about it, where *trace_of* knows one; None: on no line."""
        self._trace_of = trace_of

    def reopen(self) -> None:
        """Open the log file by its name again (SIGUSR1). Raises CannotCreate; then the old file stays in use."""
        self.output.reopen()

    @property
    def is_astray(self) -> bool:
        """Whether lines go to standard error because the file could not be opened."""
        return self.output.is_astray

    @property
    def is_waiting(self) -> bool:
        """Whether lines wait for the next `flush`."""
        return self.output.is_waiting or (self._syslog is not None and self._syslog.is_waiting)

    def wants(self, kind: type[Occurrence]) -> bool:
        """Whether an occurrence of *kind* would be written."""
        return kind.severity >= self._least

    def wants_about(self, kind: type[Occurrence], about: About) -> bool:
        """Whether an occurrence of *kind* that is *about* this would be written."""
        if kind.severity < self._least:
            return False
        return self._levels is None or kind.severity >= self._levels.least(about, self._default)

    def write(self, process: str, what: Occurrence) -> None:
        """The subscriber: write *what* as one line, unless its level is too low. A value of None is left out."""
        if what.severity < self._least:
            return
        if self._levels is not None and what.severity < self._levels.least(what.concerns, self._default):
            return
        if self.output.lost or (self._syslog is not None and self._syslog.lost):
            self.flush(process)
        self._write(process, what)

    def flush(self, process: str) -> None:
        """Write the lines that wait, and say how many were lost, if the output takes lines again."""
        syslog = self._syslog
        if self.output.flush() and self.output.lost:
            lost, self.output.lost = self.output.lost, 0
            self._write(process, LogLinesLost(lines=lost))
            if self.output.lost:  # this line, too
                self.output.lost = lost
        if syslog is not None and syslog.flush() and syslog.lost:
            lost, syslog.lost = syslog.lost, 0
            self._write(process, LogLinesLost(lines=lost, output="syslog"))

    def close(self, process: str) -> None:
        """Write the lines that wait, before the process ends. A syslog server that takes none costs a second."""
        self.flush(process)
        if self._syslog is not None:
            self._syslog.close()

    def _write(self, process: str, what: Occurrence) -> None:
        at = instant(time.time())
        head = {"at": at, "level": what.level, "event": what.event, "process": process}
        names, values = what.field_names, what.values
        if self._trace_of is not None and (context := self._trace_of(what)) is not None:
            names, values = (*names, "trace_id", "span_id"), (*values, context.trace_id, context.span_id)
        if self._has_output:
            line = self._line(head, names, values)
            self.output.write(line)
            if self._syslog is None:
                return
            if self._line is not self._syslog_line:
                line = self._syslog_line(head, names, values)
        else:
            line = self._syslog_line(head, names, values)
        if self._syslog is not None:
            self._syslog.write(at, what.level, what.event, line)


log: Final = Log()


def _is_same_file(fd: int, other_fd: int) -> bool:
    try:
        return os.path.sameopenfile(fd, other_fd)
    except OSError:
        return False  # one of them is closed


def _append_to(path: Path) -> int:
    try:
        # O_NONBLOCK: a FIFO without a reader must refuse, not hang the process; regular files ignore it.
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC, 0o640)
    except OSError as exc:
        raise CannotCreate(f"cannot open the log file {path}: {exc.strerror}") from exc
