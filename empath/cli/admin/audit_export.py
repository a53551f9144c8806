"""audit_export - the rows of the audit as lines of JSON, for archives and for other programs"""

import fcntl
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import click

from empath.cli.admin.options import Whole, wait_option
from empath.cli.admin.output import NAME
from empath.cli.common import config_option, examples, lenient_configuration, open_queue, say
from empath.errors import MissingInput, QueueBusy, StorageFailure, UsageError
from empath.mail.words import count
from empath.policy.audit_export import AuditEntry, record_of
from empath.policy.redaction import Redaction, Way
from empath.storage.admin.audit_export import audit_pages, is_followed, redaction_of
from empath.storage.engine import Engine

_TAIL_OCTETS: Final = 1024 * 1024  # more than any line has
# DEL, C1 and the separators of Unicode, which JSON allows raw.
_ENDS: Final = {number: f"\\u{number:04x}" for number in (*range(0x7F, 0xA0), 0x2028, 0x2029)}
_MODE: Final = 0o600  # of a new file: it says what people did
_MOST_NUMBER: Final = 2**63 - 1


@click.command(
    "export",
    epilog=examples(
        "empath-admin audit export --output audit.jsonl",
        "empath-admin audit export --after 4711 --addresses mask",
    ),
)
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
            for page in audit_pages(engine, _last_number(engine, file, path), limit):
                _append(file, path, _lines(page, redaction))
                written += len(page)
    say(NAME, f"{count(written, 'row')} exported")


def _lines(page: list[AuditEntry], redaction: Redaction) -> str:
    """Each row in a line, also for a program that ends lines at U+2028, as many do."""
    lines = (json.dumps(record_of(entry, redaction), ensure_ascii=False) for entry in page)
    return "".join(f"{line.translate(_ENDS)}\n" for line in lines)


@contextmanager
def _appending(path: Path) -> Iterator[IO[bytes]]:
    """
    *path*, in which nobody else appends meanwhile: two would write the same rows.

    Raises:
        StorageFailure: it cannot be opened.
        QueueBusy: another export appends to it.
    """
    try:
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK, _MODE)
    except OSError as exc:
        raise StorageFailure(f"{path}: {exc.strerror}") from exc
    with open(fd, "a+b") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise UsageError(f"{path} is no file that has a last row; leave out --output, and say --after")
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            raise QueueBusy(f"{path}: another export appends to it") from exc
        yield file


def _append(file: IO[bytes], path: Path, lines: str) -> None:
    try:
        file.write(lines.encode())
        file.flush()
        os.fsync(file.fileno())
    except OSError as exc:
        raise StorageFailure(f"{path}: {exc.strerror}") from exc


def _last_number(engine: Engine, file: IO[bytes], path: Path) -> int:
    """
    The number of the last row in *file*; a line that was not written whole is cut off.

    Raises:
        MissingInput: it is no such file, or one of another queue.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL_OCTETS))
    tail = file.read()
    whole, _, part = tail.rpartition(b"\n")
    if not tail:
        return 0
    try:
        last = json.loads(whole.rpartition(b"\n")[2])
        number, at, what = int(last["id"]), last["at"], last["action"]
    except (ValueError, KeyError, TypeError) as exc:
        raise MissingInput(f"{path}: its last line is no row of the audit; choose another file") from exc
    if not is_followed(engine, number, at, what):
        words = f"{path}: its last row, {number}, is not in this queue, perhaps since a backup was restored"
        raise MissingInput(f"{words}; choose another file")
    file.truncate(size - len(part))
    return number
