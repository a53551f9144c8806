"""audit_export - the rows of the audit as lines of JSON, for archives and for other programs"""

import json
import os
from pathlib import Path
from typing import IO, Final

import click

from empath.cli.admin.options import Whole, wait_option
from empath.cli.admin.output import NAME
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.errors import MissingInput, StorageFailure, UsageError
from empath.mail.words import count
from empath.policy.audit_export import AuditEntry, record_of
from empath.policy.redaction import Redaction, Way
from empath.storage.admin.audit_export import audit_pages, redaction_of

_TAIL_OCTETS: Final = 1024 * 1024  # more than any line has
_MODE: Final = 0o600  # of a new file: it says what people did
_MOST_NUMBER: Final = 2**63 - 1


@click.command("export")
@config_option()
@click.option("--after", type=Whole(0, _MOST_NUMBER), metavar="NUMBER", help="Begin after the row with this number.")
@click.option(
    "--output", "path", type=click.Path(path_type=Path), metavar="FILE",
    help="Append to FILE, and go on after the last row in it.",
)  # fmt: skip
@click.option("--limit", type=Whole(1, _MOST_NUMBER), metavar="N", help="At most N rows.")
@click.option(
    "--addresses", type=click.Choice([way.value for way in Way]), default=Way.KEEP.value, show_default=True,
    help="What becomes of addresses: j…@example.org (mask), digits that stay the same (hmac), or nothing is left.",
)  # fmt: skip
@wait_option
@click.pass_context
def export(
    context: click.Context, *, after: int | None, path: Path | None, limit: int | None, addresses: str, wait_s: float
) -> None:
    """
    Print each row of the audit as a JSON object in one line.

    The lines are in the order of the rows, so that --after goes on with the `id` of the last one. For what comes from
    now on, a file of [events.files] with the type "audited" has each row within a second.
    """
    if path is not None and after is not None:
        raise UsageError("--output goes on after the last row in the file: leave out --after")
    engine = open_queue(lenient_configuration(context))
    redaction = redaction_of(engine, Way(addresses), deadline_s=wait_s)
    written = 0
    if path is None:
        for page in audit_pages(engine, after or 0, limit):
            click.echo(_lines(page, redaction), nl=False)
            written += len(page)
    else:
        with _appending(path) as file:
            for page in audit_pages(engine, _last_number(file, path), limit):
                _append(file, path, _lines(page, redaction))
                written += len(page)
    say(NAME, f"{count(written, 'row')} exported")


def _lines(page: list[AuditEntry], redaction: Redaction) -> str:
    return "".join(f"{json.dumps(record_of(entry, redaction), ensure_ascii=False)}\n" for entry in page)


def _appending(path: Path) -> IO[bytes]:
    try:
        return open(path, "a+b", opener=lambda name, flags: os.open(name, flags, _MODE))
    except OSError as exc:
        raise StorageFailure(f"{path}: {exc.strerror}") from exc


def _append(file: IO[bytes], path: Path, lines: str) -> None:
    try:
        file.write(lines.encode())
        file.flush()
        os.fsync(file.fileno())
    except OSError as exc:
        raise StorageFailure(f"{path}: {exc.strerror}") from exc


def _last_number(file: IO[bytes], path: Path) -> int:
    """
    The number of the last row in *file*; a line that was not written whole is cut off.

    Raises:
        MissingInput: it is no such file.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL_OCTETS))
    tail = file.read()
    whole, _, part = tail.rpartition(b"\n")
    if not tail:
        return 0
    try:
        number = int(json.loads(whole.rpartition(b"\n")[2])["id"])
    except (ValueError, KeyError, TypeError) as exc:
        raise MissingInput(f"{path}: its last line is no row of the audit; choose another file") from exc
    file.truncate(size - len(part))
    return number
