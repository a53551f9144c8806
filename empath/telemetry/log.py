"""
log - structured log lines: one event, one line, one write

Each process calls `configure` once and takes its logger by `get`; structlog filters by level and binds values, ours is
what renders and writes. Lines go to a file opened with O_APPEND, so that all processes may share it, or to standard
error. Nothing is buffered. A line that cannot be written is counted in `lost` and dropped: mail goes on without a log.

docs/logging.md lists every event; its source is `empath.telemetry.events`.
"""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import structlog
from structlog.typing import FilteringBoundLogger

from empath.errors import CannotCreate
from empath.telemetry.render import instant, json_line, logfmt_line

Logger = FilteringBoundLogger

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
_LINES: Final[dict[str, Callable[[Mapping[str, Any]], bytes]]] = {"json": json_line, "logfmt": logfmt_line}
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


output: Final = Output()


class _Writer:
    """The innermost logger that structlog calls: takes what the last processor returned."""

    def msg(self, line: bytes) -> None:
        output.write(line)

    debug = info = warning = error = critical = msg


class _Leveled(structlog.make_filtering_bound_logger(LEVELS["debug"])):  # type: ignore[misc]
    """What loggers are. Its methods are exchanged by `set_level`: structlog's own classes have one level each."""


def configure(form: str, level: str, file: Path | None) -> None:
    """
    Set form ("json" or "logfmt"), least level and file (None: standard error) for this process.

    Raises:
        CannotCreate: as `Output.open`.
    """
    output.open(file)
    set_level(level)
    line = _LINES[form]

    def render(_logger: Any, method: str, event: Any) -> bytes:
        name = event.pop("event")
        return line({"at": instant(time.time()), "level": method, "event": name, **event})

    structlog.configure(
        processors=[structlog.processors.format_exc_info, render],
        wrapper_class=_Leveled,
        logger_factory=_Writer,
        cache_logger_on_first_use=False,  # `configure` may come again, with another level, at a reload
    )


def set_level(level: str) -> None:
    """Set the least level for every logger of this process, those that were taken before too."""
    chosen = structlog.make_filtering_bound_logger(LEVELS[level])
    for name in LEVELS:
        setattr(_Leveled, name, getattr(chosen, name))


def get(**bound: Any) -> Logger:
    """Logger that adds *bound* to each line, such as `process="acceptor-1"`. Call it after `configure`."""
    logger: Logger = structlog.get_logger().bind(**bound)
    return logger


def reopen() -> None:
    """Open the log file by its name again (SIGUSR1). Raises CannotCreate; then the old file stays in use."""
    output.reopen()


def _append_to(path: Path) -> int:
    try:
        # O_NONBLOCK: a FIFO without a reader must refuse, not hang the process; regular files ignore it.
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC, 0o640)
    except OSError as exc:
        raise CannotCreate(f"cannot open the log file {path}: {exc.strerror}") from exc
