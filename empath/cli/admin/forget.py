"""forget - what is recorded of an address is left out: the right to be forgotten"""

import shlex
import sys
import time
from typing import Any, Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import ParsedType, dry_run_option, json_option, wait_option, who, yes_option
from empath.cli.admin.output import NAME, Column
from empath.cli.common import FINDINGS, INTERRUPTED, config_option, examples, lenient_configuration, open_queue, say
from empath.errors import UsageError
from empath.mail.address import Address
from empath.mail.words import count
from empath.storage.admin.forget import ForgetReport
from empath.storage.admin.forget import forget as carry_out
from empath.storage.open import open_past_mail

_ADDRESS: Final = ParsedType("address", Address.parse)
_COLUMNS: Final = (Column("ROWS"), Column("OF"))
_CUT_S: Final = 1.0  # for the log of the database, in which old text may stand
_PROGRESS_S: Final = 2.0


@click.command(
    epilog=examples(
        "empath-admin forget user@example.com --dry-run",
        "empath-admin forget user@example.com --suppression --yes",
    )
)
@config_option()
@click.argument("address", type=_ADDRESS, metavar="ADDRESS")
@click.option("--suppression", "is_whole", is_flag=True, help="Also forget that it is suppressed: it gets mail again.")
@dry_run_option
@wait_option
@json_option()
@yes_option
@click.pass_context
def forget(
    context: click.Context,
    address: Address,
    *,
    is_whole: bool,
    is_dry_run: bool,
    wait_s: float,
    is_json: bool,
    is_sure: bool,
) -> None:
    """
    Leave an address out of all that is recorded of past mail.

    A pseudonym in the same domain takes its place. Subjects and contents of its mail are removed. Mail that still waits
    stays as it is; then the exit code is 4, and another run finds the rest. This cannot be undone.
    """
    if not (is_dry_run or is_sure):
        if not sys.stdin.isatty():
            raise UsageError("forget asks before it acts, and there is no terminal: add --yes, or look with --dry-run")
        if not click.confirm(f"Forget {address}? This cannot be undone.", err=True):
            say(NAME, "nothing was changed")
            context.exit(INTERRUPTED)
    config = lenient_configuration(context)
    engine, past = open_queue(config), open_past_mail(config.queue.path, deadline_s=wait_s)
    deadline_s = None if is_dry_run else wait_s
    told = _Progress()
    found = carry_out(engine, address, who=who(), deadline_s=deadline_s, is_whole=is_whole, past=past, on_progress=told)
    is_cut = is_dry_run or engine.cut_log(deadline_s=_CUT_S, sleep=time.sleep)
    if is_json:
        output.write_json(_as_json(found, is_dry_run=is_dry_run))
    elif found.rows:
        output.write_table(_COLUMNS, [(rows, table.replace("_", " ")) for table, rows in sorted(found.rows.items())])
    say(NAME, "\n".join(_lines(found, address, is_dry_run=is_dry_run, is_cut=is_cut)))
    if found.waiting:
        context.exit(FINDINGS)


class _Progress:
    """Says how far it is, every few seconds, on a terminal."""

    def __init__(self) -> None:
        self._is_shown = sys.stderr.isatty()
        self._told_at = time.monotonic()

    def __call__(self, table: str, done: int, whole: int) -> None:
        if self._is_shown and time.monotonic() > self._told_at + _PROGRESS_S:
            self._told_at = time.monotonic()
            say(NAME, f"{table}: {100 * done // max(whole, 1)} %")


def _lines(found: ForgetReport, address: Address, *, is_dry_run: bool, is_cut: bool) -> list[str]:
    rows = count(sum(found.rows.values()), "row")
    if is_dry_run:
        lines = [f"{rows} would be changed or removed; nothing was changed"]
    else:
        named = f"; the audit names it {found.name}" if found.rows else ""
        lines = [f"{rows} changed or removed{named}"]
    if found.waiting:
        command = shlex.join(["empath-admin", "delete", "--recipient", str(address)])
        lines.append(
            f"mail of this address still waits ({count(found.waiting, 'row')}) and stays: forget it again when the"
            f" mail is finished, or cancel what goes to it by `{command}`"
        )
    if found.is_suppressed:
        lines.append("the address stays suppressed, so that it gets no mail; --suppression forgets that, too")
    if found.configured:
        lines.append(f"the configuration in the queue names it, and stays: {', '.join(found.configured)}")
    if not is_cut:
        lines.append("a reader keeps the log of the database, where old text may stand until its next checkpoint")
    return lines


def _as_json(found: ForgetReport, *, is_dry_run: bool) -> dict[str, Any]:
    return {
        "name": found.name,
        "dry_run": is_dry_run,
        "rows": found.rows,
        "waiting": found.waiting,
        "suppressed": found.is_suppressed,
        "configured": found.configured,
    }


VERBS: Final = (forget,)
