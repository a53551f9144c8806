"""log_level - how much is logged: of everything, or of a part of the service for a time"""

import time
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import SPAN, json_option, wait_option, who
from empath.cli.admin.output import NAME, Column
from empath.cli.admin.service import LEVELS, Waiting, tell, with_waiting
from empath.cli.admin.trace import part_of
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.errors import UsageError
from empath.mail.printable import printable
from empath.mail.words import count, instant
from empath.policy.service_part import AREAS, Scope, ServicePart
from empath.storage.admin import log_levels as storage
from empath.storage.admin.snapshot import carry_out

_COLUMNS: Final = (
    *(Column("SCOPE"), Column("PATTERN", 0, 12), Column("LEVEL"), Column("UNTIL", 1), Column("WHO", 3)),
    Column("REASON", 2, 12),
)
_EVERYTHING: Final = "default"
_area = click.option("--area", metavar="AREA", help=f"Of lines about {', '.join(AREAS)}.")
_client = click.option("--client", metavar="NETWORK", help="Of clients with this address, or in this network.")
_destination = click.option("--destination", metavar="NAME", help="Of this destination, domain or *.domain.")
_queue_id = click.option("--id", "queue_id", metavar="ID", help="Of this message.")


class _LevelGroup(click.Group):
    """`log-level LEVEL` is `log-level set LEVEL`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Put `set` in front of a level."""
        if args and args[0] in {*LEVELS, _EVERYTHING}:
            args = ["set", *args]
        return super().resolve_command(ctx, args)


@click.group("log-level", cls=_LevelGroup)
def log_level() -> None:
    """Say how much is logged, of everything or of a part. `log-level LEVEL` is short for `log-level set LEVEL`."""


@log_level.command("set")
@config_option()
@click.argument("level", type=click.Choice((*LEVELS, _EVERYTHING)))
@_area
@_client
@_destination
@_queue_id
@click.option("--for", "for_s", type=SPAN, metavar="DURATION", help="End it after this time. Of a part: 1h by default.")
@click.option("--reason", metavar="TEXT", help="Why, for those who see it.")
@click.pass_context
@with_waiting
def set_level(
    context: click.Context,
    *,
    level: str,
    area: str | None,
    client: str | None,
    destination: str | None,
    queue_id: str | None,
    for_s: float | None,
    reason: str | None,
    waiting: Waiting,
) -> None:
    """
    Log at LEVEL and above.

    Of everything it holds until the next such order, and `default` is the level of the configuration. Of a part it ends
    by itself.
    """
    given = {Scope.AREA: area, Scope.CLIENT: client, Scope.DESTINATION: destination, Scope.MESSAGE: queue_id}
    if not any(given.values()):
        if for_s is not None or reason is not None:
            raise UsageError("--for and --reason are for a part: give --area, --client, --destination or --id")
        tell(context, "log-level", None if level == _EVERYTHING else level, waiting)
        return
    if level == _EVERYTHING:
        raise UsageError("`log-level clear` ends the level of a part")
    part = part_of(given)
    expires_at = round(time.time() + (3600.0 if for_s is None else for_s), 3)
    order = storage.SetLevel(part, level, expires_at=expires_at, reason=reason, who=who())
    carry_out(open_queue(lenient_configuration(context)), order, deadline_s=waiting.wait_s)
    if waiting.is_json:
        output.write_json(
            {
                "scope": str(part.scope),
                "pattern": part.pattern,
                "level": level,
                "expires_at": expires_at,
                "reason": reason,
            }
        )
    else:
        click.echo(f"{level} for {printable(str(part))} until {instant(expires_at)}")


@log_level.command("list")
@config_option()
@json_option("One JSON object for each part.")
@click.pass_context
def list_levels(context: click.Context, is_json: bool) -> None:
    """Show the parts that have a level of their own."""
    found = storage.all_levels(open_queue(lenient_configuration(context)))
    if is_json:
        for each in found:
            output.write_json(each)
        return
    if found:
        rows = [
            (each.scope, each.pattern, each.level, instant(each.expires_at), each.who, each.reason) for each in found
        ]
        output.write_table(_COLUMNS, rows)
    say(NAME, count(len(found), "level"))


@log_level.command("clear")
@config_option()
@_area
@_client
@_destination
@_queue_id
@click.option("--all", "is_all", is_flag=True, help="Of all parts.")
@wait_option
@click.pass_context
def clear(
    context: click.Context,
    *,
    area: str | None,
    client: str | None,
    destination: str | None,
    queue_id: str | None,
    is_all: bool,
    wait_s: float,
) -> None:
    """End the level of a part."""
    given = {Scope.AREA: area, Scope.CLIENT: client, Scope.DESTINATION: destination, Scope.MESSAGE: queue_id}
    if is_all == any(given.values()):
        raise UsageError("give --area, --client, --destination or --id, or --all")
    part: ServicePart | None = None if is_all else part_of(given)
    order = storage.ClearLevels(None if part is None else [(str(part.scope), part.pattern)], who=who())
    carry_out(open_queue(lenient_configuration(context)), order, deadline_s=wait_s)
    click.echo(f"ended {count(order.cleared, 'level')}")


VERBS: Final = (log_level,)
