"""transcript - transcript: what was said in sessions that failed"""

import ipaddress
from collections.abc import Sequence
from typing import Any, Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import json_option, masked_option
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.errors import MissingInput, SyntaxViolation, UsageError
from empath.mail.printable import printable
from empath.mail.words import count, instant
from empath.policy.masking import masked_record
from empath.storage.admin import transcripts as storage
from empath.storage.admin.records import Reference
from empath.storage.admin.short_ids import whole
from empath.storage.engine import Selects

_COLUMNS: Final = (
    *(Column("NUMBER"), Column("AT"), Column("WITH", 1, 20), Column("STAGE", 2), Column("REPLY", 0, 20)),
)
_MOST_NUMBER: Final = 2**63 - 1


@click.command()
@config_option()
@click.argument("about", metavar="[NUMBER|ID|CLIENT|DESTINATION]", required=False)
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1000), help="Most that are shown.")
@masked_option
@json_option("One JSON object for each.")
@click.pass_context
def transcript(context: click.Context, about: str | None, *, limit: int, masks: bool, is_json: bool) -> None:
    """
    Show what was said in sessions that failed.

    These are attempts at hosts, and sessions of clients that were refused, the newest first. The argument is the number
    of one, the queue id of a message, the IP address of a client, or a destination; without it there is a list. There
    is no content in them, and nothing of a login. `trace` shows what is said at this moment.
    """
    with open_queue(lenient_configuration(context)).visiting(None) as visit:
        keys = {} if about is None else _keys(visit, about)
        found = storage.failed_dialogues(visit, **keys, limit=limit)
    if about is not None and not found:
        raise MissingInput(f"no transcript about {about}: none failed lately, or [transcripts] keeps none")
    shown = masked_record(found) if masks else found
    if is_json:
        for each in shown:
            output.write_json(each)
        return
    if about is None and shown:
        rows = [(x.transcript_id, instant(x.failed_at), x.with_whom, x.stage, x.reply) for x in shown]
        output.write_table(_COLUMNS, rows)
    else:
        write_dialogues(shown)
    say(NAME, count(len(found), "transcript"))


def write_dialogues(found: Sequence[storage.FailedDialogue]) -> None:
    """A paragraph for each: whose it was and how it failed, and what was said."""
    for each in found:
        click.echo()
        _write_dialogue(each)


def _write_dialogue(found: storage.FailedDialogue) -> None:
    output.write_pairs(
        [
            ("transcript", f"{found.transcript_id}, {instant(found.failed_at)}"),
            ("with", found.with_whom),
            *([("message", found.id)] if found.id is not None else []),
            ("failed at", f"{found.stage}: {found.reply}"),
        ]
    )
    for line in found.dialogue.split("\n"):
        click.echo(f"  {printable(line)}")


def _keys(selects: Selects, about: str) -> dict[str, Any]:
    """What *about* names. Queue ids are told from domains by their form, as `explain` does."""
    if about.isdecimal() and about.isascii():
        if int(about) > _MOST_NUMBER:
            raise UsageError(f"{about} is too large for the number of a transcript")
        return {"number": int(about)}
    if about.isalnum() and not about.isalpha():
        try:
            return {"message": str(whole(selects, Reference.parse(about)))}
        except SyntaxViolation as exc:
            raise UsageError(str(exc)) from exc
    try:
        return {"client": str(ipaddress.ip_address(about.strip("[]")))}
    except ValueError:
        return {"destination": about if ":" in about else about.lower()}


VERBS: Final = (transcript,)
