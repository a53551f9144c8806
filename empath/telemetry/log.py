"""
log - the subscriber that writes the log: one occurrence, one line, one write

Each process configures `log` once. Lines go to a file opened with O_APPEND, so that all processes may share it, or to
standard error. Nothing is buffered. A line that cannot be written is counted in `lost` and dropped: mail goes on
without a log.

docs/logging.md lists every event; its source are the modules in `empath.telemetry.occurrences`.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from empath.errors import CannotCreate
from empath.telemetry.occurrence import SEVERITY, Occurrence
from empath.telemetry.render import instant, json_line, logfmt_line

Line = Callable[[dict[str, str], dict[str, Any]], bytes]

_LINES: Final[dict[str, Line]] = {"json": json_line, "logfmt": logfmt_line}
_STDERR: Final = 2


class Output:
    """Where the lines of this process go. `lost` counts those that could not be written."""

    def __init__(self) -> None:
        self.lost = 0
        self._path: Path | None = None
        self._fd = _STDERR

    def open(self, path: Path | None) -> None:
        """
        Take *path*, or standard error for None; the old file is given up only when the new one is open.

        Raises:
            CannotCreate: the file cannot be opened for appending.
        """
        fd = _STDERR if path is None else _append_to(path)
        old, self._fd, self._path = self._fd, fd, path
        if old != _STDERR:
            os.close(old)

    def reopen(self) -> None:
        """Open the same name again, after a rotation. Raises as `open`; then the old file stays in use."""
        self.open(self._path)

    def write(self, line: bytes) -> None:
        """Write one line whole; a short write, which a pipe may give, is continued."""
        rest = line + b"\n"
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError:
            self.lost += 1


class Log:
    """The log of this process: logfmt at level info to standard error, until `configure` says otherwise."""

    def __init__(self) -> None:
        self.output = Output()
        self._least = SEVERITY["info"]
        self._line: Line = logfmt_line

    def configure(self, form: str, level: str, file: Path | None) -> None:
        """
        Set form ("json" or "logfmt"), least level and file (None: standard error) for this process.

        Raises:
            CannotCreate: as `Output.open`.
        """
        self.output.open(file)
        self._line = _LINES[form]
        self.set_level(level)

    def set_level(self, level: str) -> None:
        """Set the least level of the occurrences that are written."""
        self._least = SEVERITY[level]

    def reopen(self) -> None:
        """Open the log file by its name again (SIGUSR1). Raises CannotCreate; then the old file stays in use."""
        self.output.reopen()

    def write(self, process: str, what: Occurrence) -> None:
        """The subscriber: write *what* as one line, unless its level is too low. A value of None is left out."""
        if what.severity < self._least:
            return
        head = {"at": instant(time.time()), "level": what.level, "event": what.event, "process": process}
        fields = {name: value for name in what.field_names if (value := getattr(what, name)) is not None}
        self.output.write(self._line(head, fields))


log: Final = Log()


def _append_to(path: Path) -> int:
    try:
        # O_NONBLOCK: a FIFO without a reader must refuse, not hang the process; regular files ignore it.
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC, 0o640)
    except OSError as exc:
        raise CannotCreate(f"cannot open the log file {path}: {exc.strerror}") from exc
