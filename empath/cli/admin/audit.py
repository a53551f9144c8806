"""
audit - whether what people changed, and what was attempted, is still as it was recorded
"""

import gzip
import re
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.audit_export import export
from empath.cli.admin.options import ParsedType, json_option
from empath.cli.admin.output import NAME
from empath.cli.common import FINDINGS, config_option, lenient_configuration, open_queue, say
from empath.errors import MissingInput
from empath.mail.words import count, instant
from empath.policy.seal import Head, Kept
from empath.storage.admin.seals import SealCheck, check_seals, latest_seal_at, newest_seal

_HEAD: Final = ParsedType("head", Head.parse)
_MAX_LINE_OCTETS: Final = 64 * 1024
_SEALED: Final = re.compile(rb'\baudit_sealed\b.*\bseal"?[=:] ?(\d{1,18})\b.*\bdigest"?[=:] ?"?([0-9a-f]{64})\b')


@click.group()
def audit() -> None:
    """Verify and export the audit."""


@audit.command("verify")
@config_option()
@click.option(
    "--head", "heads", type=_HEAD, multiple=True, metavar="NUMBER:DIGEST",
    help="A seal that was written down before, as `audit head` prints it. May be given more than once.",
)  # fmt: skip
@click.option(
    "--log", "logs", type=click.Path(path_type=Path), multiple=True, metavar="LOGFILE",
    help="Take the heads of the events audit_sealed in this log, which may end in .gz. May be given more than once.",
)  # fmt: skip
@json_option("One JSON object.")
@click.pass_context
def verify(context: click.Context, *, heads: tuple[Head, ...], logs: tuple[Path, ...], is_json: bool) -> None:
    """
    Compare the rows of the audit and the attempts with their seals.

    Each line names what was changed, added or removed. A head that was written down elsewhere shows also whether all
    seals were replaced. The exit code is 0 if nothing was found, else 4.
    """
    config = lenient_configuration(context)
    named = [*heads, *(head for path in logs for head in _heads_of(path))]
    engine, kept = open_queue(config), config.retention
    now = max(time.time(), latest_seal_at(engine))  # a clock that was ahead for a while has let rows go
    since = Kept(now - kept.audit_s, now - min(kept.delivered_s, kept.final_s))
    found = check_seals(engine, since, named)
    if is_json:
        output.write_json(_as_json(found, len(named)))
    else:
        for line in found.faults:
            click.echo(line)
    say(NAME, _summary(found, len(named)))
    if found.faults:
        context.exit(FINDINGS)


@audit.command("head")
@config_option()
@click.pass_context
def head(context: click.Context) -> None:
    """
    Print the newest seal, to be written down elsewhere.

    `audit verify --head` compares it with the queue later.
    """
    last = newest_seal(open_queue(lenient_configuration(context)))
    if last is None:
        raise MissingInput("there is no seal yet; the running service makes the first one")
    click.echo(Head(last.seal_id, last.digest))


def _heads_of(path: Path) -> Iterator[Head]:
    """
    The heads in the log at *path*.

    Raises:
        MissingInput: it cannot be read.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while line := file.readline(_MAX_LINE_OCTETS):
                if (said := _SEALED.search(line)) is not None:
                    yield Head(int(said[1]), said[2].decode())
    except (OSError, EOFError, zlib.error) as exc:
        reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
        raise MissingInput(f"{path}: the log cannot be read: {reason}") from exc


def _summary(found: SealCheck, heads: int) -> str:
    if found.first is None or found.last is None:
        return f"no seals; {count(found.new, 'row')} not sealed"
    span = f"seals {found.first.seal_id} to {found.last.seal_id}, since {instant(found.first.sealed_at)}"
    rows = f"{count(found.audit_rows, 'audit row')} and {count(found.attempts, 'attempt')}"
    redacted = f", {found.redacted} redacted as the audit tells" if found.redacted else ""
    more = f", {found.gone} gone by retention{redacted}, {found.new} not sealed yet, {count(heads, 'head')} compared"
    verdict = f"{count(len(found.faults), 'fault')} found" if found.faults else "nothing was changed"
    return f"{verdict}: {span}, with {rows}{more}"


def _as_json(found: SealCheck, heads: int) -> dict[str, object]:
    return {
        "first_seal": found.first and found.first.seal_id,
        "last_seal": found.last and found.last.seal_id,
        "head": found.last and str(Head(found.last.seal_id, found.last.digest)),
        "audit_rows": found.audit_rows,
        "attempts": found.attempts,
        "gone": found.gone,
        "redacted": found.redacted,
        "not_sealed": found.new,
        "heads": heads,
        "faults": list(found.faults),
    }


audit.add_command(export)

VERBS: Final = (audit,)
