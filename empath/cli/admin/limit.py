"""limit - what clients of a listener may do instead of what the file says: see the limits, set and end them"""

import time
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import SPAN, dry_run_option, json_option, wait_option, who
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.config import Config
from empath.config.listener_limits import LimitBook, LimitDecision, limit_settings, obstacle_to_limit
from empath.config.tables.receiving import Listener
from empath.errors import UsageError
from empath.mail.identity import Timestamp
from empath.mail.printable import printable
from empath.mail.words import count, instant
from empath.policy.limits.override import EVERY, LimitOverride
from empath.storage.admin import listener_limits as storage
from empath.storage.admin.snapshot import carry_out
from empath.storage.queue.listener_limits import limits_in_force

_COLUMNS: Final = (
    *(Column("LISTENER", 0, 12), Column("SETTING"), Column("VALUE", 0, 12)),
    *(Column("UNTIL", 1), Column("WHO", 3), Column("REASON", 2, 12)),
)
_DECIDED: Final = (Column("SETTING"), Column("VALUE", 0, 12), Column("BY", 0, 12))
_SETTINGS: Final = (Column("SETTING"), Column("DEFAULT"))
_CHANGED: Final = (Column("LISTENER", 0, 12), Column("BEFORE", 0, 12), Column("AFTER", 0, 12))


@click.group()
def limit() -> None:
    """See and change what clients of a listener may do."""


@limit.command("list")
@config_option()
@json_option("One JSON object for each limit.")
@click.pass_context
def list_limits(context: click.Context, is_json: bool) -> None:
    """Show the limits that stand above the file."""
    found = storage.all_limits(open_queue(lenient_configuration(context)))
    if is_json:
        for each in found:
            output.write_json(each)
        return
    if found:
        rows = [
            (each.listener, each.setting, each.value, _until(each.expires_at), each.who, each.reason) for each in found
        ]
        output.write_table(_COLUMNS, rows)
    say(NAME, count(len(found), "limit"))


def _until(expires_at: float | None) -> str:
    return "-" if expires_at is None else instant(expires_at)


@limit.command("show")
@config_option()
@click.argument("listener")
@json_option("One JSON object for each setting.")
@click.pass_context
def show(context: click.Context, listener: str, is_json: bool) -> None:
    """
    Show every limit of one listener, and what decided it.

    LISTENER is its address, such as 192.0.2.25:25.
    """
    config = lenient_configuration(context)
    with open_queue(config).visiting(None) as visit:
        book = LimitBook(config, limits_in_force(visit, time.time()))
    (found,) = _listeners(config, listener, but_all=True)
    decided = book.explain(found)
    if is_json:
        for each in decided:
            output.write_json(_record(each))
        return
    output.write_table(_DECIDED, [(each.setting, each.value, _words(each)) for each in decided])


def _record(each: LimitDecision) -> dict[str, object]:
    row = each.row
    return {
        "setting": each.setting, "value": each.value, "layer": str(each.layer),
        "expires_at": None if row is None else row.expires_at, "reason": None if row is None else row.reason,
    }  # fmt: skip


def _words(each: LimitDecision) -> str:
    words = str(each.layer)
    if each.row is not None and each.row.expires_at is not None:
        words += f" until {instant(each.row.expires_at)}"
    return words if each.row is None or each.row.reason is None else f"{words}: {printable(each.row.reason)}"


def _listeners(config: Config, text: str, *, but_all: bool = False) -> list[Listener]:
    """The listener at the address *text*, or all."""
    if text == EVERY and not but_all:
        return list(config.listeners)
    found = [listener for listener in config.listeners if listener.text == text]
    if not found:
        names = ", ".join(listener.text for listener in config.listeners)
        raise UsageError(f"no listener {text!r}; there are {names}{'' if but_all else ', and * for all'}")
    return found


@limit.command("set")
@config_option()
@click.argument("listener")
@click.argument("setting")
@click.argument("value")
@click.option("--for", "for_s", type=SPAN, metavar="DURATION", help="End the limit after this time, such as 2h.")
@click.option("--reason", metavar="TEXT", help="Why, for those who see the limit.")
@dry_run_option
@json_option()
@wait_option
@click.pass_context
def set_limit(
    context: click.Context,
    *,
    listener: str,
    setting: str,
    value: str,
    for_s: float | None,
    reason: str | None,
    is_dry_run: bool,
    is_json: bool,
    wait_s: float,
) -> None:
    """
    Set SETTING of LISTENER to VALUE, above the file.

    The value is as in [receiving.limits] of the file; `none` is no limit. LISTENER is the address of one, or * for all
    that have nothing of their own. A limit of the same listener and setting is replaced.
    """
    config = lenient_configuration(context)
    concerned = _listeners(config, listener)
    now = time.time()
    until = None if for_s is None else Timestamp(round(now + for_s, 3))
    row = LimitOverride(listener, setting, value, until, reason)
    if words := obstacle_to_limit(config, row):
        raise UsageError(words)
    engine = open_queue(config)
    with engine.visiting(None) as visit:
        present = limits_in_force(visit, now)
    others = [each for each in present if (each.listener, each.setting) != (listener, setting)]
    before, after = (
        {each.text: _value(LimitBook(config, rows), each, setting) for each in concerned}
        for rows in (present, [*others, row])
    )
    changed = [(name, before[name], after[name]) for name in before if before[name] != after[name]]
    if not is_dry_run:
        carry_out(engine, storage.SetLimit(row, who=who()), deadline_s=wait_s)
    if is_json:
        output.write_json(
            {
                "listener": listener, "setting": setting, "value": value, "expires_at": until, "reason": reason,
                "is_dry_run": is_dry_run,
                "listeners": [{"listener": name, "before": old, "after": new} for name, old, new in changed],
            }
        )  # fmt: skip
        return
    ending = "" if until is None else f" until {instant(until)}"
    click.echo(printable(f"{setting} of {listener} {'would be' if is_dry_run else 'is'} {value}{ending}"))
    if changed:
        output.write_table(_CHANGED, changed)
    say(NAME, f"it changes {count(len(changed), 'listener')}")
    if is_dry_run:
        say(NAME, "a dry run: nothing was changed")


def _value(book: LimitBook, listener: Listener, setting: str) -> str:
    return next(each.value for each in book.explain(listener) if each.setting == setting)


@limit.command("delete")
@config_option()
@click.argument("listener", required=False)
@click.argument("setting", required=False)
@click.option("--all", "is_all", is_flag=True, help="All limits that stand above the file.")
@dry_run_option
@wait_option
@click.pass_context
def delete(
    context: click.Context,
    *,
    listener: str | None,
    setting: str | None,
    is_all: bool,
    is_dry_run: bool,
    wait_s: float,
) -> None:
    """
    End limits of a listener: the file holds again.

    Without SETTING, all of LISTENER end.
    """
    if is_all == (listener is not None):
        raise UsageError("give the address of a listener, or * for the limits of all, or --all")
    engine = open_queue(lenient_configuration(context))
    keys = [
        (each.listener, each.setting)
        for each in storage.all_limits(engine)
        if listener in (None, each.listener) and setting in (None, each.setting)
    ]
    if keys and not is_dry_run:
        carry_out(engine, storage.EndLimits(keys, who=who()), deadline_s=wait_s)
    click.echo(f"{'would end' if is_dry_run else 'ended'} {count(len(keys), 'limit')}")
    if is_dry_run:
        say(NAME, "a dry run: nothing was changed")


@limit.command("settings")
@json_option("One JSON object for each setting.")
def settings(is_json: bool) -> None:
    """
    Show what can be set, and its default.

    The reference of the configuration says what each means.
    """
    found = limit_settings()
    if is_json:
        for name, default in found.items():
            output.write_json({"setting": name, "default": default})
        return
    output.write_table(_SETTINGS, list(found.items()))


VERBS: Final = (limit,)
