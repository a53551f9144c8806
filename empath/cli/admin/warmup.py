"""warmup - the plans for new source addresses, and what has gone out by them today"""

import time
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import json_option
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.mail.words import count
from empath.policy.warmup import layered
from empath.storage.admin.json_form import as_json
from empath.storage.admin.sources import warmups_and_use

_COLUMNS: Final = (
    *(Column("ADDRESS"), Column("PROVIDER"), Column("STARTED", 2), Column("DAY"), Column("OF", 1)),
    *(Column("MESSAGES"), Column("MOST"), Column("NEXT-DAY", 1), Column("BY", 1)),
)


@click.group()
def warmup() -> None:
    """See the plans for new source addresses."""


@warmup.command("list")
@config_option()
@json_option("One JSON object for each plan.")
@click.pass_context
def list_plans(context: click.Context, is_json: bool) -> None:
    """
    Show each plan and the use of its day.

    The day is counted from the start of the plan. The use is what has gone out on it. BY says whether the plan is rows
    of the view, or a table of the file.
    """
    now = time.time()
    config = lenient_configuration(context)
    rows, used = warmups_and_use(open_queue(config))
    plans = sorted(layered(config.warmup_plans, rows), key=lambda plan: (plan.address, plan.provider))
    records = [
        {
            "address": plan.address, "provider": plan.provider, "started_at": plan.started_at, "day": plan.day(now),
            "last_day": plan.last_day, "messages": used.get((plan.address, plan.counted_as, plan.day(now)), 0),
            "most_messages": plan.most(now), "next_day_at": plan.next_day_at(now),
            "by": "rows" if plan.name is None else f'[warmup."{plan.name}"]',
        }
        for plan in plans
    ]  # fmt: skip
    if is_json:
        for record in records:
            output.write_json(record)
        return
    if records:
        output.write_table(_COLUMNS, [tuple(as_json(record).values()) for record in records])
    say(NAME, count(len(records), "plan"))


VERBS: Final = (warmup,)
