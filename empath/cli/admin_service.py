"""admin_service - freeze and thaw: what is ordered of the service as a whole"""

import time
from typing import Final

import click

from empath.cli import admin_output as output
from empath.cli.admin_options import json_option, wait_option
from empath.cli.admin_output import NAME
from empath.cli.common import config_option, configuration, say
from empath.mail.identity import Timestamp
from empath.storage import admin as storage


@click.command()
@config_option()
@wait_option
@json_option("One JSON object.")
@click.pass_context
def freeze(context: click.Context, wait_s: float, is_json: bool) -> None:
    """
    Stop delivery until `thaw`.

    Mail is still accepted. What is being sent at this moment is finished. A restart changes nothing.
    """
    _, config = configuration(context)
    order = storage.Freeze(at=Timestamp(time.time()).iso8601())
    storage.carry_out(config.queue.path, order, deadline_s=wait_s)
    if is_json:
        output.write_json({"is_frozen": True, "is_changed": order.is_changed, "frozen_since": order.since})
    else:
        click.echo(f"frozen since {output.printable(order.since)}")
    if not order.is_changed:
        say(NAME, "was frozen before; nothing changed")


@click.command()
@config_option()
@wait_option
@json_option("One JSON object.")
@click.pass_context
def thaw(context: click.Context, wait_s: float, is_json: bool) -> None:
    """Let delivery go on after `freeze`."""
    _, config = configuration(context)
    order = storage.Thaw()
    storage.carry_out(config.queue.path, order, deadline_s=wait_s)
    if is_json:
        output.write_json({"is_frozen": False, "is_changed": order.since is not None, "frozen_since": order.since})
    elif order.since is not None:
        click.echo(f"thawed, was frozen since {output.printable(order.since)}")
    else:
        click.echo("not frozen")
    if order.since is None:
        say(NAME, "was not frozen; nothing changed")


VERBS: Final = (freeze, thaw)
