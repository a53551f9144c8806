"""suspension - stop the mail to one destination for a while, and let it go on"""

import time
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import SPAN, json_option, wait_option, who
from empath.cli.admin.output import NAME
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.errors import UsageError
from empath.mail.printable import printable
from empath.mail.words import instant
from empath.storage.admin.pauses import is_for_warmup, remedy, resume_command
from empath.storage.admin.snapshot import carry_out
from empath.storage.admin.suspension import Suspend
from empath.storage.queue.destination_rules import CLOSED_BY

_LONGEST_S: Final = 315_576_000.0  # ten years, as in sql/sqlite/control/destination.sql
_MOST_REASON: Final = 200  # characters, as there


@click.command()
@config_option()
@click.argument("destination")
@click.option("--for", "for_s", type=SPAN, required=True, metavar="DURATION", help="How long, such as 2h.")
@click.option("--reason", metavar="TEXT", help="Why, for people: `list`, `view` and the views show it.")
@wait_option
@json_option()
@click.pass_context
def suspend(
    context: click.Context, *, destination: str, for_s: float, reason: str | None, wait_s: float, is_json: bool
) -> None:
    """
    Send no mail to DESTINATION for a while.

    DESTINATION is a next hop or queue key, as `stats` shows it. Mail is still accepted and waits; no attempt is
    counted. Deliveries under way end with their message. The suspension survives a restart and ends by itself.
    """
    if for_s > _LONGEST_S:
        raise UsageError("--for takes a time of up to 10 years, such as 2h")
    if reason is not None and not 1 <= len(reason) <= _MOST_REASON:
        raise UsageError(f"--reason takes up to {_MOST_REASON} characters")
    now = time.time()
    order = Suspend(destination, now + for_s, reason=reason, who=who(), now=now)
    carry_out(open_queue(lenient_configuration(context)), order, deadline_s=wait_s)
    if is_json:
        record = {"destination": destination, "suspended_until": instant(now + for_s), "reason": reason}
        output.write_json({**record, "was_suspended": order.before is not None})
        return
    why = f" ({printable(reason)})" if reason else ""
    click.echo(f"{printable(destination)} is suspended until {instant(now + for_s)}{why}")
    if order.before is not None:
        say(NAME, f"it was suspended until {instant(order.before[0])} before")


@click.command()
@config_option()
@click.argument("destination")
@wait_option
@json_option()
@click.pass_context
def resume(context: click.Context, destination: str, wait_s: float, is_json: bool) -> None:
    """Let mail to DESTINATION go out again after `suspend`."""
    order = Suspend(destination, None, reason=None, who=who(), now=time.time())
    carry_out(open_queue(lenient_configuration(context)), order, deadline_s=wait_s)
    if is_json:
        output.write_json({"destination": destination, "was_suspended": order.before is not None})
        return
    if order.before is None:
        click.echo(f"{printable(destination)} is not suspended")
        return
    until, reason = order.before
    why = f" ({printable(reason)})" if reason else ""
    click.echo(f"{printable(destination)} resumed, was suspended until {instant(until)}{why}")
    if reason is not None and reason.startswith(CLOSED_BY):
        say(NAME, f"its hours close it again within a minute; to keep it open: {resume_command(destination, reason)}")
    elif is_for_warmup(reason):
        say(NAME, f"its next message suspends it again; to keep it open, {remedy(destination, reason)}")


VERBS: Final = (suspend, resume)
