"""fsck - fsck: find faults in the queue, and repair them"""

import time
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import json_option, wait_option
from empath.cli.admin.output import NAME, Column
from empath.cli.common import FINDINGS, config_option, lenient_configuration, open_queue, say
from empath.storage.admin import snapshot as storage
from empath.storage.admin.fsck import Finding, Repair, examine_queue
from empath.storage.admin.fsck_checks import CONTENT_ALTERED, INTEGRITY
from empath.storage.open import open_past_mail

_PROGRESS_S: Final = 5.0
_FINDINGS: Final = (Column("CHECK"), Column("STATE", 1), Column("FINDING", 0, 20))


@click.command()
@config_option()
@click.option("--repair", "is_repair", is_flag=True, help="Repair what can be repaired, in one transaction.")
@click.option("--quick", "is_quick", is_flag=True, help="Do not compare indexes with their tables.")
@click.option("--content", "reads_content", is_flag=True, help="Also compare the SHA-256 of all content that waits.")
@wait_option
@json_option("One JSON object for each finding, a line each.")
@click.pass_context
def fsck(
    context: click.Context, *, is_repair: bool, is_quick: bool, reads_content: bool, wait_s: float, is_json: bool
) -> None:
    """
    Check the queue for faults.

    Each finding says what to do. The exit code is 0 if nothing is left to do, else 4.
    """
    config = lenient_configuration(context)
    queue, engine = config.queue, open_queue(config)
    past = open_past_mail(queue.path)
    left = examine_queue(
        engine,
        now=time.time(),
        spool=queue.spool,
        is_quick=is_quick,
        reads_content=reads_content,
        past=past,
        on_progress=_Progress(),
    )
    names = {finding.check for finding in left if finding.is_repairable}
    repaired: list[Finding] = []
    if is_repair and any(finding.check == INTEGRITY.name for finding in left):
        say(NAME, "a damaged file is not repaired: a write to it may be lost")
    elif is_repair and names:
        altered = [finding.id for finding in left if finding.check == CONTENT_ALTERED.name and finding.id is not None]
        repair = Repair(names, now=time.time(), spool=queue.spool, node=config.node.name, altered=altered)
        storage.carry_out(engine, repair, deadline_s=wait_s)
        repaired = repair.repaired
        done = {finding.id for finding in repaired}
        unread = [finding for finding in left if finding.check == CONTENT_ALTERED.name and finding.id not in done]
        left = examine_queue(engine, now=time.time(), spool=queue.spool, is_quick=is_quick, past=past) + unread
    _write(repaired + left, is_json=is_json)
    say(NAME, _summary(len(left), len(repaired), is_repair))
    if left:
        context.exit(FINDINGS)


class _Progress:
    """Says now and then how many messages were read."""

    def __init__(self) -> None:
        self._said_at = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._said_at >= _PROGRESS_S:
            self._said_at = time.monotonic()
            say(NAME, f"read {done} of {total} messages")


def _write(findings: list[Finding], *, is_json: bool) -> None:
    if is_json:
        for finding in findings:
            output.write_json(finding)
    elif findings:
        rows = [(f.check, "repaired" if f.is_repaired else "found", f.explanation) for f in findings]
        output.write_table(_FINDINGS, rows)


def _summary(left: int, repaired: int, is_repair: bool) -> str:
    text = "no findings" if left == 0 else f"{left} finding{'s' if left != 1 else ''}"
    return f"{repaired} repaired, {text} left" if is_repair and repaired else text


VERBS: Final = (fsck,)
