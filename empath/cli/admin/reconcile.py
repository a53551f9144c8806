"""
reconcile - reconcile: cancel what the log says was delivered, after a restore

A restored queue holds mail that was delivered after its backup was made.  The verb cancels the recipients that the log
names as delivered, and not the others of their messages.
"""

import time
from pathlib import Path
from typing import Final

import click

from empath.cli.admin import options
from empath.cli.admin.changes import Changes
from empath.cli.admin.delivery_log import DeliveryLog
from empath.cli.admin.options import json_option, wait_option
from empath.cli.admin.orders import carry_out
from empath.cli.admin.output import NAME
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.mail.words import count
from empath.storage.admin.orders import Order, Verb
from empath.storage.admin.records import Reference
from empath.storage.admin.selection import Selection
from empath.storage.admin.snapshot import Snapshot
from empath.storage.admin.steering import Steering


@click.command()
@config_option()
@click.argument("logs", nargs=-1, required=True, metavar="LOGFILE...", type=click.Path(path_type=Path))
@click.option("--apply", "is_applied", is_flag=True, help="Cancel the recipients. Without --apply nothing changes.")
@wait_option
@json_option()
@click.pass_context
def reconcile(
    context: click.Context, *, logs: tuple[Path, ...], is_applied: bool, wait_s: float, is_json: bool
) -> None:
    """
    After a restore, cancel what LOGFILE names as delivered.

    Shows what would be cancelled; --apply does it. Other recipients of the same messages stay. LOGFILE is the log in
    either format, and may end in .gz.
    """
    config = lenient_configuration(context)
    engine = open_queue(config)
    told = DeliveryLog(logs)
    numbers: dict[int, None] = {}
    with Snapshot(engine) as snapshot:
        for delivery in told.deliveries():
            number = snapshot.find_live(delivery.queue_id, delivery.recipient)
            if number is not None:
                numbers[number] = None
        changed_at = snapshot.last_activity(time.time())
    told.warn_of_gap(changed_at, "the queue's last change")
    say(NAME, f"{told.words()} in the log; {count(len(numbers), 'live recipient')} to cancel")
    order = Order(Verb.DELETE, options.who(), time.time())
    selection = Selection(tuple(Reference(None, number) for number in numbers))
    if not numbers:
        return
    with Steering(engine, order, selection, deadline_s=wait_s if is_applied else None) as steering:
        changes = Changes(order, is_json=is_json, is_dry_run=not is_applied, frozen_since=steering.frozen_since)
        carry_out(steering, changes)
    if not is_applied:
        say(NAME, "use --apply to cancel them")


VERBS: Final = (reconcile,)
