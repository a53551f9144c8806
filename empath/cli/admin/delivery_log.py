"""
delivery_log - what the log says was delivered

After a restore only the log knows which recipients have got their mail since the backup: it has a line `delivered` for
each.  A file that is not a log, or a log that was forgotten, would let delivered mail go out again: the first is
refused, the second is warned of.
"""

import gzip
import json
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from typing import Any, Final, NamedTuple

from empath.cli.admin.output import NAME
from empath.cli.common import say
from empath.errors import MissingInput, SyntaxViolation
from empath.mail.identity import QueueId
from empath.mail.words import count, instant
from empath.storage.admin.delivered_since import Delivery

_EVENT: Final = b"delivered"
_MAX_LINE_OCTETS: Final = 64 * 1024
_HEAD_LINES: Final = 1000  # lines within which a log must show itself
_LOST: Final = b"log_lines_lost"
_LOST_LINES: Final = re.compile(rb'\blines"?[=:] ?(\d+)')
_NAMED_LINES: Final = 10  # numbers of lines in a warning
_PAIR: Final = re.compile(r'(?<![a-z_])([a-z_]+)=("(?:[^"\\]|\\.)*"|[^ ]*)(?: |$)')


class _Line(NamedTuple):
    """What a line of the log says: when, in Unix seconds, and what was delivered, if something was."""

    at: float
    delivery: Delivery | None


@dataclass
class _Gaps:
    """What a log does not tell: the numbers of lines that cannot be read, and how many lines were lost."""

    unreadable: list[int] = field(default_factory=list)
    lost: int = 0


class DeliveryLog:
    """
    The log in the files *paths*, in either format; a file may end in .gz.

    After `deliveries` was read to its end, `number` counts them and `begins_at` is the instant of the oldest first
    line, in Unix seconds; None if all files are empty.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self.number = 0
        self.begins_at: float | None = None
        self._paths = paths

    def deliveries(self) -> Iterator[Delivery]:
        """
        Each delivery. Lines that cannot be read are named on standard error.

        Raises:
            MissingInput: a file cannot be read.
            SyntaxViolation: a file has no line of Empath's log.
        """
        for path in self._paths:
            gaps = _Gaps()
            for line in _lines(path, gaps):
                self.begins_at = line.at if self.begins_at is None else min(self.begins_at, line.at)
                if line.delivery is not None:
                    self.number += 1
                    yield line.delivery
            _warn_of(path, gaps)

    def warn_of_gap(self, since: float | None, what: str) -> None:
        """Say on standard error that the log begins after *since*, the instant of *what*, if it does."""
        if self.begins_at is not None and since is not None and self.begins_at > since:
            gap = f"the logs begin at {instant(self.begins_at)}, after {what} at {instant(since)}"
            say(NAME, f"{gap}: deliveries between are not known; name the older log files too")

    def words(self) -> str:
        """The number of deliveries, for people."""
        return "1 delivery" if self.number == 1 else f"{self.number} deliveries"


def _warn_of(path: Path, gaps: _Gaps) -> None:
    unknown = "deliveries among them are not known, and their mail would go out again"
    if gaps.unreadable:
        named = ", ".join(map(str, gaps.unreadable[:_NAMED_LINES]))
        more = ", …" if len(gaps.unreadable) > _NAMED_LINES else ""
        say(NAME, f"{path}: {count(len(gaps.unreadable), 'line')} cannot be read: {named}{more}; {unknown}")
    if gaps.lost:
        say(NAME, f"{path}: {count(gaps.lost, 'line')} were lost when it was written; {unknown}")


def _is_torn(line: bytes) -> bool:
    """Whether a line of the log lacks its end, or has the beginning of another one in it."""
    if line.startswith(b"{"):
        return not line.rstrip().endswith(b"}") or line.count(b'"event":') != 1
    return line.startswith(b"at=") and line.count(b" event=") != 1


def _lines(path: Path, gaps: _Gaps) -> Iterator[_Line]:
    """
    The first line of the log at *path*, and each line of a delivery. An empty file has none. Notes *gaps*.

    Raises:
        MissingInput: it cannot be read.
        SyntaxViolation: it has no line of Empath's log.
    """
    is_log = False
    number = 0
    try:
        with _opened(path) as file:
            while line := file.readline(_MAX_LINE_OCTETS):
                number += 1
                if _is_torn(line):
                    gaps.unreadable.append(number)
                    continue
                if _LOST in line and (lost := _LOST_LINES.search(line)):
                    gaps.lost += int(lost[1])
                if (_EVENT in line or (not is_log and number <= _HEAD_LINES)) and (found := _read(line)) is not None:
                    is_log = True
                    yield found
    except (OSError, EOFError, zlib.error) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        raise MissingInput(f"{path}: the log cannot be read: {reason}") from exc
    if number and not is_log:
        raise SyntaxViolation(f"{path}: no line of Empath's log is in it; name the log file and its rotated parts")


def _opened(path: Path) -> gzip.GzipFile | BufferedReader:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _read(octets: bytes) -> _Line | None:
    """A line of the log; None for a truncated line, or one that is of another program."""
    line = octets.decode("utf-8", "replace")
    try:
        fields: dict[str, Any]
        if line.startswith("{"):
            fields = json.loads(line)
        else:
            fields = {
                key: json.loads(value) if value[:1] == '"' else value for key, value in _PAIR.findall(line.strip())
            }
        at, event = datetime.fromisoformat(fields["at"]).timestamp(), fields["event"]
        if event != _EVENT.decode():
            return _Line(at, None)
        host, stage, reply = (fields.get(key) for key in ("host", "stage", "reply"))
        delivery = Delivery(
            QueueId.parse(str(fields["queue_id"])),
            str(fields["recipient"]),
            at,
            None if host in (None, "", "-") else str(host),
            str(stage),
            str(reply),
        )
        return _Line(at, delivery)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, SyntaxViolation):
        return None
