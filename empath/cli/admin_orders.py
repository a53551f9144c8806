"""admin_orders - retry: what is ordered of recipients"""

import time
from typing import Final

import click

from empath.cli import admin_output as output
from empath.cli import admin_report as report
from empath.cli.admin_options import ReferenceType, json_option, unknown, wait_option
from empath.cli.admin_output import NAME
from empath.cli.common import config_option, configuration, say
from empath.errors import MissingInput
from empath.storage import admin as storage
from empath.storage.admin_records import Reference


@click.command()
@config_option()
@click.option(
    "--id",
    "references",
    type=ReferenceType(),
    multiple=True,
    required=True,
    metavar="ID",
    help="A queue id (all its recipients) or the number of one recipient. May be given more than once.",
)
@wait_option
@json_option("One JSON object.")
@click.pass_context
def retry(context: click.Context, references: tuple[Reference, ...], wait_s: float, is_json: bool) -> None:
    """
    Make waiting recipients due now.

    Says of each what changed. Attempts and lifetime stay as they are.
    """
    _, config = configuration(context)
    order = storage.RetryNow(references, now=time.time())
    storage.carry_out(config.queue.path, order, deadline_s=wait_s)
    if is_json:
        output.write_json(report.retry_record(order))
    elif order.retried:
        report.write_retried(order.retried)
    for reference in order.not_found if order.retried else ():
        say(NAME, unknown(reference))
    if not order.retried:
        raise MissingInput("\n".join(map(unknown, order.not_found)))
    say(NAME, report.retry_summary(order))


VERBS: Final = (retry,)
