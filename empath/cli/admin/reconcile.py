"""
reconcile - reconcile: cancel what the log says was delivered, after a restore

A restored queue holds mail that was delivered after its backup was made.  The log has a line `delivered` for each
delivered recipient.  The verb cancels only these recipients, not the others of their messages.
"""

import gzip
import json
import re
import time
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Final

import click

from empath.cli.admin import options
from empath.cli.admin.changes import Changes
from empath.cli.admin.options import json_option, wait_option
from empath.cli.admin.orders import carry_out
from empath.cli.admin.output import NAME
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.cli.words import count
from empath.errors import MissingInput, SyntaxViolation
from empath.mail.identity import QueueId
from empath.storage.admin.orders import Order, Verb
from empath.storage.admin.records import Reference
from empath.storage.admin.selection import Selection
from empath.storage.admin.snapshot import Snapshot
from empath.storage.admin.steering import Steering

_EVENT: Final = b"delivered"
_MAX_LINE_OCTETS: Final = 64 * 1024
_PAIR: Final = re.compile(r'([a-z_]+)=("(?:[^"\\]|\\.)*"|[^ ]*)(?: |$)')


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
    numbers: dict[int, None] = {}
    with Snapshot(engine) as snapshot:
        for path in logs:
            for queue_id, address in _delivered(path):
                deliveries += 1
                number = snapshot.find_live(queue_id, address)
                if number is not None:
                    numbers[number] = None
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


def _delivered(path: Path) -> Iterator[tuple[QueueId, str]]:
    """
    Queue id and address of each delivery in the log at *path*.

    Raises:
        MissingInput: it cannot be read.
    """
    try:
        with _opened(path) as file:
            while line := file.readline(_MAX_LINE_OCTETS):
                if _EVENT in line and (delivery := _read(line.decode("utf-8", "replace"))) is not None:
                    yield delivery
    except (OSError, EOFError, zlib.error) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        raise MissingInput(f"{path}: the log cannot be read: {reason}") from exc


def _opened(path: Path) -> gzip.GzipFile | BufferedReader:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _read(line: str) -> tuple[QueueId, str] | None:
    """The delivery in a line of the log; None for another event or a truncated line."""
    try:
        if line.startswith("{"):
            fields = json.loads(line)
        else:
            fields = {
                key: json.loads(value) if value[:1] == '"' else value for key, value in _PAIR.findall(line.strip())
            }
        if fields.get("event") != _EVENT.decode():
            return None
        return QueueId.parse(str(fields["queue_id"])), str(fields["recipient"])
    except (ValueError, KeyError, AttributeError, RecursionError, SyntaxViolation):
        return None


VERBS: Final = (reconcile,)
