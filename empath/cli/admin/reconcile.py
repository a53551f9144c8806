"""
reconcile - reconcile: cancel what the log says was delivered, after a restore

A restored queue holds mail that was delivered after its backup was made.  The log has a line `delivered` for each
delivered recipient.  The verb cancels only these recipients, not the others of their messages.  A file that is not a
log, or a log that was forgotten, would let delivered mail go out again: the first is refused, the second is warned of.
"""

import gzip
import json
import re
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from empath.cli.admin import options
from empath.cli.admin.changes import Changes
from empath.cli.admin.options import json_option, wait_option
from empath.cli.admin.orders import carry_out
from empath.cli.admin.output import NAME
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.errors import MissingInput, SyntaxViolation
from empath.mail.identity import QueueId
from empath.mail.words import count, instant
from empath.storage.admin.orders import Order, Verb
from empath.storage.admin.records import Reference
from empath.storage.admin.selection import Selection
from empath.storage.admin.snapshot import Snapshot
from empath.storage.admin.steering import Steering

_EVENT: Final = b"delivered"
_MAX_LINE_OCTETS: Final = 64 * 1024
_HEAD_LINES: Final = 1000  # lines within which a log must show itself
_LOST: Final = b"log_lines_lost"
_LOST_LINES: Final = re.compile(rb'\blines"?[=:] ?(\d+)')
_NAMED_LINES: Final = 10  # numbers of lines in a warning
_PAIR: Final = re.compile(r'(?<![a-z_])([a-z_]+)=("(?:[^"\\]|\\.)*"|[^ ]*)(?: |$)')


class _Line(NamedTuple):
    """What a line of the log says: when, in Unix seconds, and which recipient was delivered, if one was."""

    at: float
    delivered: tuple[QueueId, str] | None


@dataclass
class _Gaps:
    """What a log does not tell: the numbers of lines that cannot be read, and how many lines were lost."""

    unreadable: list[int] = field(default_factory=list)
    lost: int = 0


@click.command()
@config_option()
@click.argument("logs", nargs=-1, required=True, metavar="LOGFILE...", type=click.Path(path_type=Path))
@click.option("--apply", "is_applied", is_flag=True, help="Cancel the recipients. Without --apply nothing changes.")
@wait_option
@json_option()
@click.pass_context
def reconcile(
    context: click.Context, *, logs: tuple[Path, ...], is_applied: bool, wait_s: float, is_json: bool
) -> None:
    """
    After a restore, cancel what LOGFILE names as delivered.

    Shows what would be cancelled; --apply does it. Other recipients of the same messages stay. LOGFILE is the log in
    either format, and may end in .gz.
    """
    config = lenient_configuration(context)
    engine = open_queue(config)
    deliveries = 0
    begins_at: float | None = None
    numbers: dict[int, None] = {}
    with Snapshot(engine) as snapshot:
        for path in logs:
            gaps = _Gaps()
            for line in _lines(path, gaps):
                begins_at = line.at if begins_at is None else min(begins_at, line.at)
                if line.delivered is None:
                    continue
                deliveries += 1
                number = snapshot.find_live(*line.delivered)
                if number is not None:
                    numbers[number] = None
            _warn_of(path, gaps)
        changed_at = snapshot.last_activity(time.time())
    if begins_at is not None and changed_at is not None and begins_at > changed_at:
        gap = f"the logs begin at {instant(begins_at)}, after the queue's last change at {instant(changed_at)}"
        say(NAME, f"{gap}: deliveries between are not known; name the older log files too")
    said = "1 delivery" if deliveries == 1 else f"{deliveries} deliveries"
    say(NAME, f"{said} in the log; {count(len(numbers), 'live recipient')} to cancel")
    order = Order(Verb.DELETE, options.who(), time.time())
    selection = Selection(tuple(Reference(None, number) for number in numbers))
    if not numbers:
        return
    with Steering(engine, order, selection, deadline_s=wait_s if is_applied else None) as steering:
        changes = Changes(order, is_json=is_json, is_dry_run=not is_applied, frozen_since=steering.frozen_since)
        carry_out(steering, changes)
    if not is_applied:
        say(NAME, "use --apply to cancel them")


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
        return _Line(at, (QueueId.parse(str(fields["queue_id"])), str(fields["recipient"])))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, SyntaxViolation):
        return None


VERBS: Final = (reconcile,)
