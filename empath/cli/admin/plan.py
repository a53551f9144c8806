"""
plan - plan, apply, undo: orders that are prepared, looked at, carried out and taken back

One person may plan, and another one look and apply.  Between the two the queue goes on, so apply selects again, and
says what differs.
"""

import sys
import time
from collections.abc import Sequence
from typing import Final

import click

from empath.cli.admin import options, output
from empath.cli.admin.changes import TERMINAL_ROWS
from empath.cli.admin.dns import router_in_force
from empath.cli.admin.options import SPAN, VerbFunction, Whole, json_option, wait_option
from empath.cli.admin.output import NAME, Column
from empath.cli.common import (
    FINDINGS,
    INTERRUPTED,
    config_option,
    configuration,
    lenient_configuration,
    open_queue,
    say,
)
from empath.errors import UsageError
from empath.mail.status import LIVE, RecipientStatus
from empath.mail.words import count, instant
from empath.policy.router import Router
from empath.storage.admin import plans as storage
from empath.storage.admin.plans import ENDS, NO_WAY_BACK, Carrying, Difference, Planned, PlanRow, PlanVerb
from empath.storage.admin.selection import Selection
from empath.storage.admin.short_ids import whole_selection
from empath.storage.engine import Visit

_PLANS: Final = (
    *(Column("PLAN"), Column("VERB"), Column("STATE"), Column("RECIPIENTS"), Column("APPLIED", 2), Column("UNDONE", 3)),
    *(Column("CHANGED", 1), Column("EXPIRES", 3), Column("WHO", 2, 10)),
)
_RECIPIENTS: Final = (
    *(Column("RECIPIENT"), Column("ID"), Column("STATE"), Column("BEFORE", 2), Column("NOW", 1)),
    Column("ADDRESS", 0, 12),
)
_MOVES: Final = (
    *(Column("RECIPIENT"), Column("STATE", 1), Column("FROM", 0, 12), Column("TO", 0, 12), Column("ADDRESS", 0, 12)),
)
_WEEK_S: Final = 7 * 86_400.0
_MOST_S: Final = 30 * 86_400.0
_PROGRESS_S: Final = 5.0
_LIVE: Final = tuple(status.value for status in RecipientStatus if status in LIVE)
_NUMBER: Final = Whole(1, 2**63 - 1)
_HELP: Final = {
    PlanVerb.RETRY: "Plan to make waiting recipients due.",
    PlanVerb.HOLD: "Plan to hold waiting recipients.",
    PlanVerb.RELEASE: "Plan to release held recipients.",
    PlanVerb.DELETE: "Plan to cancel recipients without a report.",
    PlanVerb.BOUNCE: "Plan to end recipients as undeliverable, with a report.",
    PlanVerb.EXPIRE: "Plan to end recipients as if expired, with a report.",
    PlanVerb.PRIORITY: "Plan to move recipients to another class.",
    PlanVerb.REROUTE: "Plan to move recipients to where the routes lead now.",
}


@click.group()
def plan() -> None:
    """Prepare an order that can be shown, applied and undone."""


def _command(verb: PlanVerb) -> click.Command:
    @click.pass_context
    def function(
        context: click.Context,
        *,
        selection: Selection,
        is_all: bool,
        keep_s: float,
        wait_s: float,
        is_json: bool,
        to: int | None = None,
    ) -> None:
        if not (is_all or selection.has_conditions):
            raise UsageError("no recipients selected: give an ID, --domain or another filter, or --all")
        if keep_s > _MOST_S:
            raise UsageError("--keep takes up to 30d")
        engine = open_queue(lenient_configuration(context))
        router = _router(context) if verb is PlanVerb.REROUTE else None
        plan_id = storage.make_plan(
            engine,
            verb,
            None if to is None else str(to),
            whole_selection(engine, selection),
            who=options.who(),
            expires_at=time.time() + keep_s,
            deadline_s=wait_s,
            router=router,
        )
        with engine.visiting(None) as visit:
            _write(visit, storage.find_plan(visit, plan_id), is_json=is_json)
        say(NAME, f"nothing was changed; `{NAME} apply {plan_id}` carries it out")

    decorated: VerbFunction = function
    for decorate in reversed(_options(verb)):
        decorated = decorate(decorated)
    return click.command(str(verb), help=_HELP[verb])(decorated)


def _router(context: click.Context) -> Router:
    """The routes of the file, which must be whole, and of the rows."""
    return router_in_force(configuration(context)[1])


def _options(verb: PlanVerb) -> list[options.Decorator]:
    keep = click.option(
        "--keep",
        "keep_s",
        type=SPAN,
        default="7d",
        show_default=True,
        metavar="DURATION",
        help="How long the plan can be carried out and taken back.",
    )
    found: list[options.Decorator] = [config_option(), options.selecting(_LIVE), keep, wait_option, json_option()]
    if verb is PlanVerb.PRIORITY:
        found.append(
            click.option("--to", type=Whole(0, 4), required=True, metavar="CLASS", help="From 0 (first) to 4 (last).")
        )
    return found


@plan.command("list")
@config_option()
@json_option("One JSON object for each plan, a line each.")
@click.pass_context
def list_(context: click.Context, *, is_json: bool) -> None:
    """List the plans, the newest first."""
    found = storage.all_plans(open_queue(lenient_configuration(context)))
    if is_json:
        for row in found:
            output.write_json(row)
    elif found:
        _write_plans(found)
    say(NAME, count(len(found), "plan"))


@plan.command()
@config_option()
@click.argument("plan_id", type=_NUMBER, metavar="PLAN")
@json_option()
@click.pass_context
def show(context: click.Context, *, plan_id: int, is_json: bool) -> None:
    """Show a plan with its recipients."""
    with open_queue(lenient_configuration(context)).visiting(None) as visit:
        _write(visit, storage.find_plan(visit, plan_id), is_json=is_json)


@plan.command()
@config_option()
@click.argument("plan_id", type=_NUMBER, metavar="PLAN")
@wait_option
@click.pass_context
def remove(context: click.Context, *, plan_id: int, wait_s: float) -> None:
    """Remove a plan. What it has changed stays."""
    engine = open_queue(lenient_configuration(context))
    storage.forget_plan(engine, plan_id, who=options.who(), deadline_s=wait_s)
    say(NAME, f"plan {plan_id} is removed")


def _write_plans(found: Sequence[PlanRow]) -> None:
    rows = [
        (p.plan_id, p.verb if p.argument is None else f"{p.verb} {p.argument}", p.state, p.recipients, p.applied,
         p.undone, p.changed, instant(p.expires_at), p.who)
        for p in found
    ]  # fmt: skip
    output.write_table(_PLANS, rows)


def _write(visit: Visit, row: PlanRow, *, is_json: bool) -> None:
    if is_json:
        recipients: list[Planned] = []
        while page := storage.recipients_of(
            visit, row.plan_id, after=recipients[-1].recipient_id if recipients else 0, limit=TERMINAL_ROWS
        ):
            recipients += page
        output.write_json({"plan": row, "recipients": recipients})
        return
    _write_plans([row])
    click.echo()
    _write_recipients(storage.recipients_of(visit, row.plan_id, limit=TERMINAL_ROWS))
    if row.recipients > TERMINAL_ROWS:
        say(NAME, f"{row.recipients - TERMINAL_ROWS} more are not shown (--json shows all)")


def _write_recipients(found: Sequence[Planned]) -> None:
    if found and found[0].to_destination is not None:
        moves = [(r.recipient_id, r.state, r.from_destination, r.to_destination, r.recipient) for r in found]
        output.write_table(_MOVES, moves)
    elif found:
        rows = [(r.recipient_id, r.id, r.state, r.before, r.status, r.recipient) for r in found]
        output.write_table(_RECIPIENTS, rows)


@click.command()
@config_option()
@click.argument("plan_id", type=_NUMBER, metavar="PLAN")
@click.option("--changed-ok", is_flag=True, help="Carry it out although the selection differs: for what is as planned.")
@options.dry_run_option
@wait_option
@options.yes_option
@click.pass_context
def apply(
    context: click.Context, *, plan_id: int, changed_ok: bool, is_dry_run: bool, wait_s: float, is_sure: bool
) -> None:
    """
    Carry out a plan.

    If its filters would select other recipients by now, it says which and does nothing: the exit code is 4. An apply
    that was interrupted goes on.
    """
    engine = open_queue(lenient_configuration(context))
    with engine.visiting(None if is_dry_run else wait_s) as visit:
        row = storage.find_plan(visit, plan_id)
        if row.undone:
            raise UsageError(f"plan {plan_id} has been taken back; make another")
        router = _router(context) if row.verb == PlanVerb.REROUTE else None
        difference = storage.difference_of(visit, row, router)
        _say_difference(visit, row, difference)
        if (difference.joined or difference.left) and not changed_ok:
            rest = _as_planned(row, difference)
            say(NAME, f"nothing was changed; make another plan, or use --changed-ok for the {rest}")
            context.exit(FINDINGS)
        what = f"{row.verb} {count(row.planned - len(difference.left), 'recipient')}"
        if is_dry_run:
            say(NAME, f"would {what}; a dry run: nothing was changed")
            return
        if row.verb in ENDS and not _is_confirmed(what, is_sure=is_sure):
            context.exit(INTERRUPTED)
        carrying = Carrying(visit, row, who=options.who(), undoes=False, leaves=difference.left)
        _carry(carrying)
    say(NAME, f"plan {plan_id}: {carrying.done} of {count(row.planned, 'recipient')} changed")
    if row.verb not in NO_WAY_BACK and carrying.done:
        say(NAME, f"`{NAME} undo {plan_id}` takes it back, until {instant(row.expires_at)}")


def _as_planned(row: PlanRow, difference: Difference) -> str:
    return f"{row.planned - len(difference.left)} that are as planned"


def _is_confirmed(what: str, *, is_sure: bool) -> bool:
    if is_sure:
        return True
    if not sys.stdin.isatty():
        raise UsageError("apply asks before it ends recipients, and there is no terminal: add --yes, or use --dry-run")
    return click.confirm(f"{NAME}: {what}?", err=True)


def _say_difference(visit: Visit, row: PlanRow, difference: Difference) -> None:
    if difference.joined:
        say(NAME, f"{count(len(difference.joined), 'recipient')} not in the plan would be selected by now")
    if difference.left:
        left = set(difference.left[:TERMINAL_ROWS])
        found = [
            each
            for number in sorted(left)
            for each in storage.recipients_of(visit, row.plan_id, after=number - 1, limit=1)
        ]
        _write_recipients(found)
        say(NAME, f"{count(len(difference.left), 'recipient')} of the plan would not be selected any more")


def _carry(carrying: Carrying) -> None:
    said_at = time.monotonic()
    try:
        for done in carrying.run():
            if time.monotonic() - said_at >= _PROGRESS_S:
                said_at = time.monotonic()
                say(NAME, f"{count(done, 'recipient')} so far")
    except BaseException:
        say(NAME, f"not finished: {count(carrying.done, 'recipient')} changed; the same command goes on")
        raise


@click.command()
@config_option()
@click.argument("plan_id", type=_NUMBER, metavar="PLAN")
@wait_option
@click.pass_context
def undo(context: click.Context, *, plan_id: int, wait_s: float) -> None:
    """
    Take back what a plan has changed.

    Recipients that something else has changed since stay as they are. What was bounced or expired stays so: its sender
    may have got a report.
    """
    engine = open_queue(lenient_configuration(context))
    with engine.visiting(wait_s) as visit:
        row = storage.find_plan(visit, plan_id)
        if row.verb in NO_WAY_BACK:
            raise UsageError(f"a plan to {row.verb} cannot be taken back: {NO_WAY_BACK[PlanVerb(row.verb)]}")
        carrying = Carrying(visit, row, who=options.who(), undoes=True)
        _carry(carrying)
    kept = row.applied - carrying.done
    more = f"; {kept} stay as they are: something else has changed them since" if kept else ""
    say(NAME, f"plan {plan_id}: {carrying.done} of {count(row.applied, 'recipient')} changed back{more}")


for _verb in PlanVerb:
    plan.add_command(_command(_verb))

VERBS: Final = (plan, apply, undo)
