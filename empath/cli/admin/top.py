"""top - top: the queue at a glance, refreshed on a terminal"""

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import Whole, json_option
from empath.cli.admin.output import Column
from empath.cli.common import config_option, lenient_configuration, open_queue
from empath.mail.printable import printable
from empath.mail.status import RecipientStatus
from empath.mail.words import span
from empath.policy.health import SILENCE_S
from empath.storage.admin.top import Sight, look

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

_DESTINATIONS: Final = (
    *(Column("DESTINATION", 0, 20), Column("WAITING"), Column("DUE"), Column("LEASES"), Column("OLDEST", 1)),
    Column("BLOCKED-BY", 1, 20),
)
_PROCESSES: Final = (Column("PROCESS"), Column("PID", 1), Column("LEASES"), Column("RECIPIENTS"), Column("BEAT", 1))
_ENDS: Final = (RecipientStatus.DELIVERED, RecipientStatus.DEFERRED, RecipientStatus.BOUNCED)
_RATES: Final = ("accepted", *(each.value for each in _ENDS))  # outcomes of attempts have the words of statuses


@click.command()
@config_option()
@click.option(
    "--every",
    "every_s",
    type=Whole(1, 3600),
    default=2,
    show_default=True,
    metavar="SECONDS",
    help="How often to look.",
)
@click.option("--once", "is_once", is_flag=True, help="Look once, and print it.")
@click.option(
    "--most", type=Whole(0, 1000), default=10, show_default=True, metavar="N", help="Number of destinations to show."
)
@json_option("One JSON object, of one look.")
@click.pass_context
def top(context: click.Context, every_s: int, is_once: bool, most: int, is_json: bool) -> None:
    """
    Watch rates, destinations, processes and the oldest mail.

    Each look is one read transaction. On a terminal it goes on until Ctrl-C; elsewhere it looks once.
    """
    with open_queue(lenient_configuration(context)).visiting(None) as visit:
        first = look(visit, None, most=most)
        if is_json:
            output.write_json(first)
        elif is_once or not sys.stdout.isatty():
            _write(first)
        else:
            _watch(lambda before: look(visit, before, most=most), first, every_s)


def _write(sight: Sight) -> None:
    click.echo(summary(sight))
    if sight.destinations:
        click.echo()
        output.write_table(_DESTINATIONS, _destination_rows(sight))
    if sight.processes:
        click.echo()
        output.write_table(_PROCESSES, _process_rows(sight))


def summary(sight: Sight) -> str:
    """The lines above the tables."""
    oldest = "-" if sight.oldest_at is None else span(sight.seen_at - sight.oldest_at)
    lines = [
        f"waiting {sight.waiting}, due {sight.due}, under way {sight.leased}, held {sight.held}; oldest {oldest}",
        f"sessions {sight.sessions}; refused in the last minute {sight.refused}",
    ]
    if sight.per_s:
        lines.append("per second: " + ", ".join(f"{name} {sight.per_s.get(name, 0.0):.1f}" for name in _RATES))
    if sight.frozen_since is not None:
        lines.append(f"delivery is frozen since {sight.frozen_since}; `empath-admin thaw` ends that")
    return "\n".join(lines)


def _destination_rows(sight: Sight) -> list[tuple[object, ...]]:
    return [
        (
            *(each.destination, each.waiting, each.due, f"{each.leases}/{each.lease_limit}"),
            None if each.oldest_at is None else span(sight.seen_at - each.oldest_at),
            each.blocked_by,
        )
        for each in sight.destinations
    ]


def _process_rows(sight: Sight) -> list[tuple[object, ...]]:
    return [
        (each.slot, each.pid, each.leases, each.recipients, _beat(sight.seen_at - each.beat_at))
        for each in sight.processes
    ]


def _beat(age_s: float) -> str:
    return "alive" if age_s <= SILENCE_S else f"silent for {span(age_s)}"


def _watch(again: Callable[[Sight], Sight], first: Sight, every_s: int) -> None:
    from rich.live import Live  # noqa: PLC0415 - costs 30 ms, and only a terminal needs it

    sight = first
    try:
        with Live(_page(sight), auto_refresh=False, screen=True) as live:
            while True:
                time.sleep(every_s)
                sight = again(sight)
                live.update(_page(sight), refresh=True)
    except KeyboardInterrupt:
        _write(sight)  # what was seen last stays on the terminal


def _page(sight: Sight) -> "Group":
    from rich.console import Group  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    parts = [Text(summary(sight)), Text("")]
    return Group(
        *parts, _table(_DESTINATIONS, _destination_rows(sight)), Text(""), _table(_PROCESSES, _process_rows(sight))
    )


def _table(columns: tuple[Column, ...], rows: list[tuple[object, ...]]) -> "Table":
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.header, overflow="ellipsis", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(printable("-" if cell in (None, "") else str(cell))) for cell in row))
    return table


VERBS: Final = (top,)
