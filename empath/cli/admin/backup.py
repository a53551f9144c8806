"""
backup - backup, restore: a copy of the queue while the service works, and a queue made from it

A restored queue holds mail that was delivered after its backup was made.  So `restore` asks what was delivered since,
and acts on nothing that it was not told of.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from empath.cli.admin import options, output
from empath.cli.admin.changes import TERMINAL_ROWS
from empath.cli.admin.delivery_log import DeliveryLog
from empath.cli.admin.options import Whole, json_option
from empath.cli.admin.output import NAME, Column
from empath.cli.common import FINDINGS, config_option, lenient_configuration, open_queue, say
from empath.errors import StorageFailure, UsageError
from empath.mail.status import LIVE
from empath.mail.words import count, instant, size
from empath.storage.admin.backup import BackUp, Backup
from empath.storage.admin.delivered_since import Delivered
from empath.storage.admin.manifest import Manifest
from empath.storage.admin.restore import Restore, Restored
from empath.storage.open import open_past_mail

_PROGRESS_S: Final = 5.0
_MOST_BACKUPS: Final = 100_000
_DELIVERED: Final = (
    Column("RECIPIENT"), Column("ID"), Column("STATUS", 3), Column("ADDRESS", 2, 12), Column("CHANGE", 0, 12),
)  # fmt: skip


class Said:
    """Says now and then how far it is."""

    def __init__(self) -> None:
        self._said_at = time.monotonic()

    def __call__(self, what: str, done: int, total: int) -> None:
        if time.monotonic() - self._said_at >= _PROGRESS_S:
            self._said_at = time.monotonic()
            say(NAME, f"{done} {what}" if done == total else f"{done} of {total} {what}")


@click.command()
@config_option()
@click.argument("target", metavar="TARGET", type=click.Path(path_type=Path))
@click.option("--keep", type=Whole(1, _MOST_BACKUPS), metavar="N", help="Remove all but the newest N backups there.")
@click.option(
    "--copy", "copies", is_flag=True, help="Copy the files of the spool. Else they are linked where possible."
)
@click.option("--quick", "is_quick", is_flag=True, help="Do not compare indexes with tables, nor content with SHA-256.")
@json_option()
@click.pass_context
def backup(
    context: click.Context, *, target: Path, keep: int | None, copies: bool, is_quick: bool, is_json: bool
) -> None:
    """
    Back the queue up into a new directory in TARGET.

    The service may run meanwhile. The copy shows one instant, and is checked as `fsck` checks a queue. The exit code is
    4 if that found something.
    """
    config = lenient_configuration(context)
    made = BackUp(
        open_queue(config),
        config.queue.spool,
        target,
        clock=time.time,
        copies=copies,
        is_quick=is_quick,
        keep=keep,
        on_progress=Said(),
    ).run()
    _report(made, is_json=is_json)
    past = open_past_mail(config.queue.path)
    if past.exists:
        say(NAME, f"{past.location} is left out: it is made again of what the queue knows; copy it to keep more")
    if made.manifest.faults:
        context.exit(FINDINGS)


def _report(made: Backup, *, is_json: bool) -> None:
    manifest = made.manifest
    if is_json:
        record = {"path": str(made.path), "is_linked": made.is_linked, "removed": [str(old) for old in made.removed]}
        output.write_json(record | {"manifest": manifest})
    else:
        click.echo(made.path)
    how = "linked" if made.is_linked else "copied"
    say(NAME, f"{_content(manifest)}; {count(manifest.files, 'file')} of the spool {how}")
    for fault in manifest.faults:
        say(NAME, f"the queue has this fault, too: {fault}")
    if made.removed:
        say(NAME, f"removed {count(len(made.removed), 'older backup')}")


def _content(manifest: Manifest) -> str:
    live = sum(number for status, number in manifest.recipients.items() if status in LIVE)
    octets = size(manifest.database_octets + manifest.files_octets)
    return (
        f"{count(manifest.messages, 'message')}, {count(live, 'live recipient')}, {octets} as of {instant(manifest.at)}"
    )


@click.command()
@config_option()
@click.argument("folder", metavar="BACKUP", type=click.Path(path_type=Path))
@click.option(
    "--to", "into", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Where the queue goes."
)
@click.option(
    "--log",
    "logs",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="LOGFILE",
    help="A log since the backup, rotated ones too; may end in .gz. May be repeated.",
)
@click.option(
    "--delivered-since", type=click.Choice(["none"]), help="Nothing was delivered since; or mail may go out twice."
)
@click.option("--freeze", "freezes", is_flag=True, help="Stop delivery in the restored queue until `thaw`.")
@click.option("--apply", "is_applied", is_flag=True, help="Restore. Without --apply nothing is written.")
@json_option()
@click.pass_context
def restore(
    context: click.Context,
    *,
    folder: Path,
    into: Path,
    logs: tuple[Path, ...],
    delivered_since: str | None,
    freezes: bool,
    is_applied: bool,
    is_json: bool,
) -> None:
    """
    Make a queue in DIR from BACKUP.

    Shows what it would do; --apply does it. Recipients that the logs name as delivered are delivered in the new queue.
    All others stay as they were. It never touches a queue that is in DIR already.
    """
    plan = Restore(folder, into)
    if plan.is_done:
        _forget_mark(plan)
        say(NAME, f"{plan.path}: restored already")
        return
    manifest = plan.manifest
    if bool(logs) == (delivered_since is not None):
        what = f"what was delivered since {instant(manifest.at)}?"
        raise UsageError(f"{what} Name the logs by --log, or use --delivered-since none; see restore --help")
    plan.check()
    say(NAME, _content(manifest))
    told = DeliveryLog(logs)
    found = plan.find(told.deliveries())
    if logs:
        told.warn_of_gap(manifest.at, "the backup")
        say(NAME, f"{told.words()} in the log; {count(len(found), 'live recipient')} of the backup among them")
    restored = None
    if is_applied:
        restored = plan.run(
            found, who=options.who(), now=time.time(), freezes=freezes, say=lambda text: say(NAME, text)
        )
    _write_delivered(found, is_json=is_json, plan=plan, restored=restored)
    if restored is None:
        say(NAME, f"would make {plan.path}{', frozen' if freezes else ''}; use --apply to restore")
        return
    for fault in restored.faults:
        say(NAME, f"{fault}; its mail will be held")
    for finding in restored.findings:
        say(NAME, f"{finding.check}: {finding.explanation}")
    say(NAME, f"restored {plan.path}{', frozen: `empath-admin thaw` lets mail go out' if freezes else ''}")
    if restored.faults or restored.findings:
        context.exit(FINDINGS)


def _forget_mark(plan: Restore) -> None:
    try:
        plan.end()
    except OSError as exc:
        raise StorageFailure(f"{exc.filename}: {exc.strerror}") from exc


def _write_delivered(found: Sequence[Delivered], *, is_json: bool, plan: Restore, restored: Restored | None) -> None:
    if is_json:
        recipients = [
            {"recipient_id": each.recipient_id, "id": str(each.delivery.queue_id), "status": each.status,
             "recipient": each.delivery.recipient, "delivered_at": each.delivery.at}
            for each in found
        ]  # fmt: skip
        record = {"path": str(plan.path), "is_applied": restored is not None, "manifest": plan.manifest}
        output.write_json(record | {"recipients": recipients, "faults": [*restored.faults] if restored else []})
    elif found:
        rows = [
            (each.recipient_id, each.delivery.queue_id, each.status, each.delivery.recipient,
             f"delivered at {instant(each.delivery.at)}")
            for each in found[:TERMINAL_ROWS]
        ]  # fmt: skip
        output.write_table(_DELIVERED, rows)
        if len(found) > TERMINAL_ROWS:
            say(NAME, f"{len(found) - TERMINAL_ROWS} more are not shown (--json shows all)")


VERBS: Final = (backup, restore)
