"""
events - what happened to mail, and the consumers that are told

A program that follows the events has a consumer, which lets them be written; `follow` shows them as they come.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import ParsedType, Whole, json_option, wait_option, who
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.errors import SyntaxViolation, UsageError
from empath.mail.words import count, instant, span
from empath.policy.events.consumer import types_text
from empath.policy.events.filter import EventFilter, parse_party, parse_type
from empath.policy.events.form import Event, record_of
from empath.policy.routing import TRANSPORT_NAME
from empath.storage.admin import events as storage
from empath.storage.admin.snapshot import carry_out
from empath.storage.queue.events import last_id
from empath.storage.write import Write

_LOOK_S: Final = 0.25
_MOST_ID: Final = 2**63 - 1
_EVENTS: Final = (
    *(Column("EVENT"), Column("AT"), Column("TYPE"), Column("ID", 2), Column("RECIPIENT", 0, 16)),
    *(Column("DESTINATION", 3, 12), Column("WORDS", 1, 20)),
)
_CONSUMERS: Final = (
    *(Column("CONSUMER"), Column("KIND"), Column("STATE"), Column("CURSOR", 2), Column("LAG"), Column("BEHIND", 1)),
    *(Column("SENT", 3), Column("LOST", 3), Column("ASIDE", 2), Column("DEAD", 1), Column("TYPES", 4, 10)),
    Column("ERROR", 1, 16),
)
_ASIDES: Final = (
    *(Column("CONSUMER"), Column("EVENT"), Column("STATE"), Column("TRIES", 2), Column("SINCE", 2), Column("TYPE", 1)),
    *(Column("RECIPIENT", 1, 16), Column("ERROR", 0, 16)),
)


def _name(text: str) -> str:
    if not TRANSPORT_NAME.fullmatch(text):
        raise SyntaxViolation(f"not a name: {text[:100]!r} (use letters, digits, dots, dashes and underscores)")
    return text


_NAME: Final = ParsedType("name", _name)
_type_option: Final = click.option(
    "--type", "types", type=ParsedType("type", parse_type), multiple=True, metavar="TYPE",
    help="Events of this type. May be given more than once.",
)  # fmt: skip


def _filtering(verb: Callable[..., None]) -> Callable[..., None]:
    """Add the options that choose events."""
    party = ParsedType("address", parse_party)
    for option in (
        click.option("--account", "accounts", multiple=True, metavar="NAME", help="Mail of this account."),
        click.option(
            "--recipient", "recipients", type=party, multiple=True, metavar="ADDRESS", help="This address or domain."
        ),
        click.option(
            "--sender", "senders", type=party, multiple=True, metavar="ADDRESS", help="This address or domain."
        ),
        _type_option,
    ):
        verb = option(verb)
    return verb


@click.group()
def events() -> None:
    """See what happened to mail, and who is told."""


@events.command("list")
@config_option()
@_filtering
@click.option("--limit", type=Whole(1, 100_000), default=50, show_default=True, metavar="N", help="The last N events.")
@json_option("One JSON object for each event, as consumers get it.")
@click.pass_context
def list_(context: click.Context, /, *, limit: int, is_json: bool, **filters: tuple[str, ...]) -> None:
    """Show the last events."""
    with open_queue(lenient_configuration(context)).visiting(None) as visit, visit.one_instant():
        found = storage.latest(visit, EventFilter.of(**filters), limit)
        is_written = storage.is_any_wanted(visit)
    _write(found, is_json=is_json)
    if not is_json:
        say(NAME, count(len(found), "event") + ("" if is_written else _NOT_WRITTEN))


_NOT_WRITTEN: Final = "; no consumer wants events, so that none are written: `empath-admin events add NAME` adds one"


@events.command("follow")
@config_option()
@_filtering
@click.option("--after", type=Whole(0, _MOST_ID), metavar="EVENT", help="Begin after this number, not with new ones.")
@json_option("One JSON object for each event, as consumers get it.")
@click.pass_context
def follow(context: click.Context, /, *, after: int | None, is_json: bool, **filters: tuple[str, ...]) -> None:
    """Show events as they come, until it is interrupted."""
    wanted = EventFilter.of(**filters)
    engine = open_queue(lenient_configuration(context))
    with engine.visiting(None) as visit:
        if not storage.is_any_wanted(visit):
            raise UsageError(_NOT_WRITTEN.removeprefix("; "))
    reader = engine.open_reader()
    if after is None:
        after = last_id(reader)
    news = -1
    try:
        while True:
            if news != (news := reader.news()):
                for after, found in storage.following(reader, wanted, after):  # noqa: B007, B020 - where it went to
                    _write(found, is_json=is_json, is_headed=False)
            time.sleep(_LOOK_S)
    except KeyboardInterrupt:
        pass
    finally:
        reader.close()


def _write(found: list[Event], *, is_json: bool, is_headed: bool = True) -> None:
    if is_json:
        for event in found:
            output.write_json(record_of(event))
    elif found:
        output.write_table(_EVENTS, [_row(event) for event in found], is_headed=is_headed)


def _row(event: Event) -> tuple[object, ...]:
    words: Any = event.detail.get("reply") or event.detail.get("reason") or event.detail.get("subject")
    at = instant(event.at)
    return (event.event_id, at, event.type, event.queue_id, event.recipient, event.destination, words)


@events.command("consumers")
@config_option()
@json_option("One JSON object for each consumer.")
@click.pass_context
def consumers(context: click.Context, is_json: bool) -> None:
    """List those who are told of events, and how far each has got."""
    with open_queue(lenient_configuration(context)).visiting(None) as visit:
        found = storage.consumers(visit)
    if is_json:
        for each in found:
            output.write_json(each)
        return
    if found:
        output.write_table(_CONSUMERS, [_consumer(each) for each in found])
    say(NAME, count(len(found), "consumer"))


def _consumer(each: storage.Consumer) -> tuple[object, ...]:
    behind = None if each.lag_s is None else span(each.lag_s)
    error = each.last_error if each.failures else None
    return (
        each.name, each.kind, each.state, each.cursor, each.lag, behind, each.sent, each.lost, each.aside, each.dead,
        each.types or "all", error,
    )  # fmt: skip


def _carry_out(context: click.Context, write: Write, wait_s: float) -> None:
    carry_out(open_queue(lenient_configuration(context)), write, deadline_s=wait_s)


@events.command("add")
@config_option()
@click.argument("name", type=_NAME)
@_type_option
@wait_option
@click.pass_context
def add(context: click.Context, name: str, types: tuple[str, ...], wait_s: float) -> None:
    """
    Let a program follow the events as NAME, from now on.

    It reads the view event, and sets the cursor of its row of the view consumer.
    """
    _carry_out(context, storage.AddConsumer(name, types_text(types), who=who()), wait_s)
    click.echo(f"added {name}")


@events.command("remove")
@config_option()
@click.argument("name", type=_NAME)
@wait_option
@click.pass_context
def remove(context: click.Context, name: str, wait_s: float) -> None:
    """Remove the consumer NAME of a program."""
    _carry_out(context, storage.RemoveConsumer(name, who=who()), wait_s)
    click.echo(f"removed {name}")


@events.command("pause")
@config_option()
@click.argument("name", type=_NAME)
@wait_option
@click.pass_context
def pause(context: click.Context, name: str, wait_s: float) -> None:
    """Send nothing to the consumer NAME for now. Events wait for it as long as [events] keeps them."""
    _carry_out(context, storage.SetState(name, who=who(), state="paused"), wait_s)
    click.echo(f"paused {name}")


@events.command("resume")
@config_option()
@click.argument("name", type=_NAME)
@wait_option
@click.pass_context
def resume(context: click.Context, name: str, wait_s: float) -> None:
    """Send to the consumer NAME again, at once, also one that is gone."""
    _carry_out(context, storage.SetState(name, who=who(), state="active"), wait_s)
    click.echo(f"resumed {name}")


@events.command("replay")
@config_option()
@click.argument("name", type=_NAME)
@click.option(
    "--after", type=Whole(0, _MOST_ID), required=True, metavar="EVENT", help="Number of the event before the first one."
)
@wait_option
@click.pass_context
def replay(context: click.Context, name: str, after: int, wait_s: float) -> None:
    """Send NAME all events after a number again, or leave some out."""
    _carry_out(context, storage.Replay(name, who=who(), cursor=after), wait_s)
    click.echo(f"{name} goes on after event {after}")


@events.command("dead")
@config_option()
@click.option("--consumer", type=_NAME, metavar="NAME", help="Of this consumer only.")
@click.option("--all", "is_all", is_flag=True, help="Show those that are still tried, too.")
@click.option("--again", "is_again", is_flag=True, help="Send these dead letters again.")
@click.option("--drop", "is_drop", is_flag=True, help="Drop these dead letters.")
@json_option("One JSON object for each event.")
@wait_option
@click.pass_context
def dead(
    context: click.Context,
    *,
    consumer: str | None,
    is_all: bool,
    is_again: bool,
    is_drop: bool,
    is_json: bool,
    wait_s: float,
) -> None:
    """
    Show events that a consumer refused until they were given up.

    With --again or --drop they are sent again or dropped.
    """
    if is_again and is_drop:
        raise UsageError("give --again or --drop, not both")
    if is_again or is_drop:
        change = storage.SettleAsides(consumer=consumer, is_drop=is_drop, who=who())
        _carry_out(context, change, wait_s)
        click.echo(f"{'dropped' if is_drop else 'sends again'}: {count(change.changed, 'event')}")
        return
    with open_queue(lenient_configuration(context)).visiting(None) as visit:
        found = storage.asides(visit, consumer=consumer, state=None if is_all else "dead")
    if is_json:
        for each in found:
            output.write_json(each)
        return
    if found:
        rows = [
            (x.consumer, x.event_id, x.state, x.tries, instant(x.since), x.type, x.recipient, x.last_error)
            for x in found
        ]
        output.write_table(_ASIDES, rows)
    say(NAME, count(len(found), "event"))


VERBS: Final = (events,)
