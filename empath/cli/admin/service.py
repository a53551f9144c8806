"""
service - orders to the service as a whole

The commit of freeze, thaw and flush carries them out, with or without a running service; reload, drain, log-level and
stop-listener need a running one.
"""

import functools
import time
from typing import Any, Final, NamedTuple

import click

from empath.cli.admin import output
from empath.cli.admin.options import SECONDS, VerbFunction, dry_run_option, json_option, wait_option, who
from empath.cli.admin.output import NAME
from empath.cli.common import config_option, configuration, lenient_configuration, open_queue, say
from empath.cli.pauses import pause_words
from empath.config import Config
from empath.errors import ConfigError, QueueBusy, ServiceUnavailable, UsageError
from empath.mail.printable import printable
from empath.mail.words import count
from empath.storage.admin import service_orders as orders
from empath.storage.admin import snapshot as storage
from empath.storage.engine import Engine

LEVELS: Final = ("debug", "info", "warning", "error", "critical")


class Waiting(NamedTuple):
    """How long to wait for the result (None: not at all) and for the write lock, and whether to print JSON."""

    timeout_s: float | None
    wait_s: float
    is_json: bool


_no_wait_option: Final = click.option(
    "--no-wait", "has_no_wait", is_flag=True, help="Return at once, without waiting for the result."
)
_timeout_option: Final = click.option(
    "--timeout",
    "timeout_s",
    type=SECONDS,
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for the result.",
)


def with_waiting(function: VerbFunction) -> VerbFunction:
    """Give a verb the options of an order to a running service, as its argument `waiting` for `tell`."""

    @functools.wraps(function)
    def told(
        context: click.Context, *, has_no_wait: bool, timeout_s: float, wait_s: float, is_json: bool, **rest: Any
    ) -> None:
        function(context, waiting=Waiting(None if has_no_wait else timeout_s, wait_s, is_json), **rest)

    decorated: VerbFunction = told
    for option in (json_option(), wait_option, _timeout_option, _no_wait_option):
        decorated = option(decorated)
    return decorated


@click.command()
@config_option()
@wait_option
@json_option()
@click.pass_context
def freeze(context: click.Context, wait_s: float, is_json: bool) -> None:
    """
    Stop delivery until `thaw`.

    Mail is still accepted. Deliveries under way are finished. A restart does not end it.
    """
    config = lenient_configuration(context)
    order = orders.Freeze(who=who())
    storage.carry_out(open_queue(config), order, deadline_s=wait_s)
    if is_json:
        output.write_json({"is_frozen": True, "is_changed": order.is_changed, "frozen_since": order.since})
    else:
        click.echo(f"frozen since {printable(order.since)}")
    if not order.is_changed:
        say(NAME, "was frozen before; nothing changed")


@click.command()
@config_option()
@wait_option
@json_option()
@click.pass_context
def thaw(context: click.Context, wait_s: float, is_json: bool) -> None:
    """Let delivery go on after `freeze`."""
    config = lenient_configuration(context)
    order = orders.Thaw(who=who())
    storage.carry_out(open_queue(config), order, deadline_s=wait_s)
    if is_json:
        output.write_json({"is_frozen": False, "is_changed": order.since is not None, "frozen_since": order.since})
    elif order.since is not None:
        click.echo(f"thawed, was frozen since {printable(order.since)}")
    else:
        click.echo("not frozen")
    if order.since is None:
        say(NAME, "was not frozen; nothing changed")


@click.command()
@config_option()
@click.option("--destination", metavar="NAME", help="Only recipients that wait for this next hop or queue key.")
@dry_run_option
@wait_option
@json_option()
@click.pass_context
def flush(context: click.Context, destination: str | None, is_dry_run: bool, wait_s: float, is_json: bool) -> None:
    """
    Make all waiting mail due now.

    Forgets that hosts were unreachable. Holds, suspensions and rate limits stay.
    """
    config = lenient_configuration(context)
    order = orders.Flush(destination, who=who(), now=time.time())
    if is_dry_run:
        orders.rehearse(open_queue(config), order)
    else:
        storage.carry_out(open_queue(config), order, deadline_s=wait_s)
    if is_json:
        record = {"verb": "flush", "is_dry_run": is_dry_run, "destination": destination, "changed": order.recipients}
        pauses = {"frozen_since": order.pauses.frozen_since, "suspended_destinations": order.pauses.suspended}
        output.write_json(record | {"destinations": order.destinations} | pauses)
    else:
        would = "would be " if is_dry_run else ""
        at = count(order.destinations, "destination")
        click.echo(f"{count(order.recipients, 'recipient')} at {at} {would}made due")
    say(NAME, pause_words(order.pauses))


@click.command()
@config_option()
@click.pass_context
@with_waiting
def reload(context: click.Context, waiting: Waiting) -> None:
    """Reload the configuration of the running service. A file with mistakes is refused; the log has the outcome."""
    from empath.config.file_uses import unreloadable  # noqa: PLC0415 - only this verb needs them
    from empath.config.workable.contradiction import located  # noqa: PLC0415

    file, config = configuration(context)
    if found := unreloadable(config, file):
        raise ConfigError(located(file, found))
    tell(context, "reload", None, waiting)


@click.command()
@config_option()
@click.pass_context
@with_waiting
def drain(context: click.Context, waiting: Waiting) -> None:
    """Let the service finish its current work, then stop."""
    tell(context, "drain", None, waiting)


@click.command("stop-listener", short_help="Take no more connections at ADDRESS.")
@config_option()
@click.argument("address", metavar="ADDRESS")
@click.pass_context
@with_waiting
def stop_listener(context: click.Context, address: str, waiting: Waiting) -> None:
    """
    Take no more connections at ADDRESS, until the next reload.

    ADDRESS is the address of a configured listener, such as 127.0.0.1:25. Open sessions continue.
    """
    _, config = configuration(context)
    names = [listener.text for listener in config.listeners]
    if address not in names:
        raise UsageError(f"the configuration has no listener {address}; it has {', '.join(names)}")
    tell(context, "stop-listener", address, waiting)


def tell(context: click.Context, verb: str, argument: str | None, waiting: Waiting) -> None:
    """Give an order to the running service."""
    config = lenient_configuration(context)
    engine = open_queue(config)
    _require_service(config, engine)
    order = orders.Tell(verb, argument, who=who())
    storage.carry_out(engine, order, deadline_s=waiting.wait_s)
    result = None
    if waiting.timeout_s is not None:
        result = orders.wait_for_outcome(engine, order.control_id, deadline_s=waiting.timeout_s)
    if waiting.is_json:
        output.write_json({"verb": verb, "argument": argument, "control_id": order.control_id, "result": result})
    elif result is not None:
        click.echo(printable(result))
    if verb == "reload" and result is not None and result.startswith("refused: "):
        raise ConfigError(f"{verb}: the running configuration stays; see the log")
    place = f"control_id {order.control_id} in the view control"
    if result is None and waiting.timeout_s is not None:
        raise QueueBusy(
            f"{verb}: no result within {waiting.timeout_s:g} s; the order stands, its result will be in {place}"
        )
    if result is None:
        say(NAME, f"{verb}: ordered; the result will be in {place}")


def _require_service(config: Config, engine: Engine) -> None:
    """Raise if no service runs: the next start would carry the order out, perhaps long after it was given."""
    from empath.daemon.supervisor import instance  # noqa: PLC0415 - only these verbs need it
    from empath.daemon.supervisor.launch import find_supervisor  # noqa: PLC0415

    with storage.Snapshot(engine):
        pass
    if find_supervisor(config) is None:
        raise ServiceUnavailable("no service runs on this queue, so the order was not given; see `empathd start`")
    if instance.is_stopping(config.queue.path):
        raise ServiceUnavailable("the service is stopping, so the order was not given; wait, then `empathd start`")


VERBS: Final = (freeze, thaw, flush, reload, drain, stop_listener)
