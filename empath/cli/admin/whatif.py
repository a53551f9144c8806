"""
whatif - how the queue goes on, as it is and after a change that is only proposed

storage/admin/comparison.py does the work; here is what the change may be, and how the outcome is written.
"""

import time
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import SHARE, ParsedType, json_option, selecting
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, configuration, examples, open_queue, say
from empath.config import Config, load_config
from empath.config.doubtful import doubt_of_destination_rule
from empath.config.forecast_setup import proposed_rule, setup_of
from empath.errors import SyntaxViolation, UsageError
from empath.mail.status import LIVE, RecipientStatus
from empath.mail.words import count, span
from empath.policy.destinations.rulebook import DestinationPattern, RuleBook, RuleRow
from empath.policy.forecast_setup import Setup
from empath.policy.retry import Steps, parse_steps
from empath.policy.warmup import WarmupPlan
from empath.storage.admin.comparison import Comparison, Outcome, Proposal, compare
from empath.storage.admin.selection import Selection

_COLUMNS: Final = (
    *(Column("DESTINATION", 0, 16), Column(""), Column("RCPTS"), Column("DUE", 2), Column("HELD", 4)),
    *(Column("FIRST", 5), Column("TRIED", 1), Column("DRAINED"), Column("TRIES", 3), Column("EXPIRE")),
)
_LIVE: Final = tuple(status.value for status in RecipientStatus if status in LIVE)
_SHOWN: Final = 20  # destinations in the table


@click.command(
    epilog=examples(
        "empath-admin whatif --rule example.com rate 100/1h",
        "empath-admin whatif --config tomorrow.toml",
        "empath-admin whatif --hold --domain example.com",
    )
)
@config_option("-c")
@selecting(_LIVE, is_order=False)
@click.option(
    "--config",
    "proposal",
    type=click.Path(path_type=Path, readable=False),
    metavar="FILE",
    help="Another configuration. The one in force is named by -c, before the verb, or by EMPATH_CONFIG.",
)
@click.option(
    "--rule",
    "rules",
    nargs=3,
    multiple=True,
    metavar="PATTERN SETTING VALUE",
    help="Another rule of destinations, as `rule set` takes it. May be given more than once.",
)
@click.option(
    "--retry",
    "steps",
    type=ParsedType("delays", parse_steps),
    metavar="DELAYS",
    help='Other delays between attempts, such as "1m 5m*2 1h*3", instead of those of [retry].',
)
@click.option("--hold", "is_hold", is_flag=True, help="Hold the mail that the filters select.")
@click.option(
    "--final",
    "share",
    type=SHARE,
    metavar="SHARE",
    help="Share of attempts that hosts do not defer, 0 to 1. Without it: of the last attempts at each destination.",
)
@click.option("--every", "is_every", is_flag=True, help="Show all destinations, also those that stay as they are.")
@json_option()
@click.pass_context
def whatif(
    context: click.Context,
    *,
    selection: Selection,
    is_all: bool,
    proposal: Path | None,
    rules: tuple[tuple[str, str, str], ...],
    steps: Steps | None,
    is_hold: bool,
    share: float | None,
    is_every: bool,
    is_json: bool,
) -> None:
    """
    Forecast what a change would do to the mail that waits.

    Nothing is changed. Without a proposed change it forecasts the queue as it is.
    """
    _, config = configuration(context)
    if is_hold != (is_all or selection.has_conditions):
        raise UsageError("filters and --hold go together: they select the mail that would be held")
    proposed = config if proposal is None else load_config(proposal)
    rows = [_rule(config, number, *words) for number, words in enumerate(rules, 1)]

    def after(in_force: Iterable[RuleRow], plans: Sequence[WarmupPlan]) -> Setup:
        setup = setup_of(proposed, [*in_force, *rows], plans, steps)
        for row in rows:
            _tell_doubt(proposed, setup.book, row)
        return setup

    found = Proposal(
        before=partial(setup_of, config),
        after=after,
        hold=selection if is_hold else None,
        share=share,
    )
    compared = compare(open_queue(config), found, now=time.time())
    if is_json:
        output.write_json(compared)
        return
    has_change = proposal is not None or bool(rows) or steps is not None or is_hold
    _write(compared, has_change=has_change, is_every=is_every or not has_change, is_hold=is_hold)


def _rule(config: Config, number: int, pattern: str, setting: str, value: str) -> RuleRow:
    """
    A row that stands in for one of destination_rule.

    Raises:
        UsageError: it is none.
    """
    try:
        found = proposed_rule(config, number, pattern, setting, value)
    except SyntaxViolation as exc:
        raise UsageError(f"--rule: {exc}") from exc
    if found.words:
        say(NAME, f"--rule {pattern} {setting}: {found.words}")
    return found.row


def _tell_doubt(config: Config, book: RuleBook, row: RuleRow) -> None:
    """Say why the rule *row* of *book* has no effect. A table that stays as it is would be taken for its forecast."""
    words = doubt_of_destination_rule(config, book, DestinationPattern.parse(row.pattern), row.setting)
    if words:
        say(NAME, f"--rule {row.pattern} {row.setting} has no effect: {words}")


def _write(compared: Comparison, *, has_change: bool, is_every: bool, is_hold: bool) -> None:
    now = compared.now_at
    if compared.moves:
        rows = [(each.recipients, each.from_destination, each.to_destination) for each in compared.moves[:_SHOWN]]
        output.write_table((Column("MOVE"), Column("FROM"), Column("TO")), rows)
        click.echo()
    chosen = [each for each in compared.destinations if is_every or each.before != each.after]
    chosen.sort(key=lambda each: max(each.before.recipients, each.after.recipients), reverse=True)
    rows_ = [row for each in chosen[:_SHOWN] for row in _rows(each.destination, each.before, each.after, now)]
    output.write_table(_COLUMNS, [*rows_, *_rows("in all", compared.before, compared.after, now)])
    if len(chosen) > _SHOWN:
        say(NAME, f"and {count(len(chosen) - _SHOWN, 'destination')} more: --json has all")
    if not is_every and len(chosen) < len(compared.destinations):
        say(NAME, f"{count(len(compared.destinations) - len(chosen), 'destination')} not shown would stay as they are")
    if is_hold:
        say(NAME, f"{count(compared.newly_held, 'recipient')} would be held")
    for sentence in compared.assumptions:
        say(NAME, f"assumed: {sentence}")
    if has_change:
        say(NAME, "a forecast: nothing was changed")


def _rows(name: str, before: Outcome, after: Outcome, now: float) -> list[tuple[object, ...]]:
    if before == after:
        return [(name, "", *_cells(before, now))]
    return [(name, "before", *_cells(before, now)), (name, "after", *_cells(after, now))]


def _cells(outcome: Outcome, now: float) -> tuple[object, ...]:
    instants = (outcome.first_at, outcome.tried_at, outcome.drained_at)
    return (
        *(outcome.recipients, outcome.due, outcome.held),
        *(_span(at, now) if outcome.recipients else "" for at in instants),
        outcome.attempts,
        outcome.expired,
    )


def _span(at: float | None, now: float) -> str:
    return "never" if at is None else span(at - now)


VERBS: Final = (whatif,)
