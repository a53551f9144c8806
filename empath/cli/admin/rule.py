"""rule - what holds of destinations: see the rules, set and end them"""

import time
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import SPAN, ParsedType, Whole, dry_run_option, json_option, wait_option, who
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.config import Config
from empath.config.doubtful import doubt_of_destination_rule
from empath.config.workable.delivering import obstacle_to_rule
from empath.errors import SyntaxViolation, UsageError
from empath.mail.domain import parse_stored
from empath.mail.identity import Timestamp
from empath.mail.printable import printable
from empath.mail.words import count, instant
from empath.policy.destinations.rulebook import (
    Decision,
    DestinationPattern,
    Layer,
    RuleBook,
    RuleRow,
    domain_and_next_hop,
)
from empath.policy.destinations.settings import SETTINGS, Setting
from empath.storage.admin import destination_rules as storage
from empath.storage.admin.rerouting import find_moves
from empath.storage.admin.snapshot import carry_out
from empath.storage.queue.destination_rules import rules_in_force

_COLUMNS: Final = (
    *(Column("RULE"), Column("PATTERN", 0, 12), Column("SETTING"), Column("VALUE", 0, 12)),
    *(Column("UNTIL", 1), Column("WHO", 3), Column("REASON", 2, 12)),
)
_DECIDED: Final = (Column("SETTING"), Column("VALUE", 0, 12), Column("BY", 0, 12))
_SETTINGS: Final = (Column("SETTING"), Column("VALUE"), Column("EXAMPLE", 1, 12), Column("MEANING", 2, 20))
_CHANGED: Final = (Column("DESTINATION", 0, 12), Column("BEFORE", 0, 12), Column("AFTER", 0, 12))
_MAX_RULE: Final = 2**63 - 1
_MOST_SHOWN: Final = 20
_PATTERN: Final = ParsedType("pattern", lambda text: str(DestinationPattern.parse(text)))


@click.group()
def rule() -> None:
    """See and change what holds of destinations."""


@rule.command("list")
@config_option()
@json_option("One JSON object for each rule.")
@click.pass_context
def list_rules(context: click.Context, is_json: bool) -> None:
    """Show the rules, by pattern and setting."""
    found = storage.all_rules(open_queue(lenient_configuration(context)))
    if is_json:
        for each in found:
            output.write_json(each)
        return
    if found:
        output.write_table(_COLUMNS, [_row(each) for each in found])
    say(NAME, count(len(found), "rule"))


def _row(each: storage.ShownRule) -> tuple[object, ...]:
    until = "-" if each.expires_at is None else instant(each.expires_at)
    return (each.rule, each.pattern, each.setting, each.value, until, each.who, each.reason)


@rule.command("show")
@config_option()
@click.argument("destination")
@click.option("--domain", metavar="DOMAIN", help="For recipients in this domain, whose mail goes there.")
@json_option("One JSON object for each setting.")
@click.pass_context
def show(context: click.Context, destination: str, domain: str | None, is_json: bool) -> None:
    """
    Show every setting of one destination, and what decided it.

    DESTINATION is a domain, or a next hop as the view destination names it, such as smtp:192.0.2.1:25.
    """
    config = lenient_configuration(context)
    name = _destination(destination)
    with open_queue(config).visiting(None) as visit:
        book = config.rule_book(rules_in_force(visit, time.time()))
        exchangers = storage.exchangers_of(visit, name)
    found = book.explain(name, None if domain is None else _destination(domain), exchangers)
    elsewhere = _next_hop_of(config, book, name)
    if elsewhere is not None:
        found = [each for each in found if not _is_of_connections(SETTINGS[each.setting])]
    if is_json:
        for each in found:
            output.write_json(decision_record(each))
        return
    output.write_table(_DECIDED, [(each.setting, each.value, str(each.origin)) for each in found])
    if elsewhere is not None:
        words = f"mail to {name} goes to {elsewhere}, which has the other settings"
        say(NAME, printable(f"{words}: `empath-admin rule show {elsewhere} --domain {name}`"))
    elif book.has_mx and not exchangers:
        say(NAME, f"the MX hosts of {printable(name)} are not known yet: rules of mx: patterns are left out")


def _is_of_connections(setting: Setting) -> bool:
    return not (setting.is_of_recipient or setting.needs_domain)


def _next_hop_of(config: Config, book: RuleBook, name: str) -> str | None:
    """The destination of mail to the domain *name*, if it is another one; None for a next hop."""
    domain, _ = domain_and_next_hop(name)
    if domain is None:
        return None
    decision = config.router_by(book).decide_for_domain(parse_stored(domain))
    found = decision.destination(domain)
    return None if decision.route is None or found == name else found


def _destination(text: str) -> str:
    try:
        pattern = str(DestinationPattern.parse(text))
    except SyntaxViolation as exc:
        raise UsageError(str(exc)) from exc
    if pattern.startswith(("mx:", "*")):
        raise UsageError(f"{text!r} is a pattern; name one destination")
    return pattern


def decision_record(each: Decision) -> dict[str, object]:
    """*each* for JSON."""
    origin = each.origin
    return {
        "setting": each.setting, "value": each.value or None, "layer": str(origin.layer), "pattern": origin.pattern,
        "rule": origin.rule_id, "expires_at": origin.expires_at, "reason": origin.reason,
    }  # fmt: skip


def decided_words(name: str, decisions: list[Decision]) -> str:
    """A line for each setting of the destination *name* that is not built-in; empty if there is none."""
    return "\n".join(
        f"{name}: {each.setting} is {each.value}, by {each.origin}"
        for each in decisions
        if each.origin.layer is not Layer.BUILT_IN
    )


@rule.command("set")
@config_option()
@click.argument("pattern", type=_PATTERN)
@click.argument("setting")
@click.argument("value")
@click.option("--for", "for_s", type=SPAN, metavar="DURATION", help="End the rule after this time, such as 2h.")
@click.option("--reason", metavar="TEXT", help="Why, for those who see the rule.")
@dry_run_option
@json_option()
@wait_option
@click.pass_context
def set_rule(
    context: click.Context,
    *,
    pattern: str,
    setting: str,
    value: str,
    for_s: float | None,
    reason: str | None,
    is_dry_run: bool,
    is_json: bool,
    wait_s: float,
) -> None:
    """
    Set SETTING of the destinations that PATTERN names to VALUE.

    PATTERN is a domain, *.domain, * for all, a next hop such as smtp:192.0.2.1:25, or mx: and an MX host or *.domain.
    A rule of the same pattern and setting is replaced; one with --for stands in for one without, until it ends.
    """
    config = lenient_configuration(context)
    value = _checked(setting, value)
    now = time.time()
    expires_at = None if for_s is None else round(now + for_s, 3)
    engine = open_queue(config)
    with engine.visiting(None) as visit:
        present = rules_in_force(visit, now)
    until = None if expires_at is None else Timestamp(expires_at)
    new = RuleRow(_MAX_RULE, pattern, setting, value, until, reason)
    before, after = config.rule_book(present), config.rule_book([*present, new])
    changed = [] if setting == "route" else _changes(config, setting, before, after)
    moved = sum(find_moves(engine, config.router_by(after)).values()) if setting == "route" else 0
    if not is_dry_run:
        order = storage.SetRule(pattern, setting, value, expires_at=expires_at, reason=reason, who=who())
        carry_out(engine, order, deadline_s=wait_s)
    if is_json:
        rows = [{"destination": name, "before": old or None, "after": new or None} for name, old, new in changed]
        record = {
            "pattern": pattern, "setting": setting, "value": value, "expires_at": until, "reason": reason,
            "is_dry_run": is_dry_run, "destinations": rows,
        }  # fmt: skip
        output.write_json(record)
        return
    would = "would be" if is_dry_run else "is"
    ending = "" if until is None else f" until {instant(until)}"
    click.echo(printable(f"{setting} of {pattern} {would} {value}{ending}"))
    if changed:
        output.write_table(_CHANGED, changed[:_MOST_SHOWN])
    more = f", {len(changed) - _MOST_SHOWN} not shown" if changed[_MOST_SHOWN:] else ""
    if setting == "route":
        verb = "would move" if is_dry_run else "moves"
        say(NAME, f"it {verb} {count(moved, 'recipient')} that {'wait' if moved != 1 else 'waits'}")
    else:
        say(NAME, f"it changes {count(len(changed), 'destination')} of the queue{more}")
    if words := obstacle_to_rule(config, setting, value):
        say(NAME, f"it cannot work: {words}")
    elif words := doubt_of_destination_rule(config, after, DestinationPattern.parse(pattern), setting):
        say(NAME, f"it has no effect: {words}")
    if is_dry_run:
        say(NAME, "a dry run: nothing was changed")


def _checked(setting: str, value: str) -> str:
    if setting not in SETTINGS:
        raise UsageError(f"there is no setting {setting!r}; `empath-admin rule settings` lists them")
    try:
        return SETTINGS[setting].write(SETTINGS[setting].read(value))
    except SyntaxViolation as exc:
        raise UsageError(str(exc)) from exc


def _changes(config: Config, setting: str, before: RuleBook, after: RuleBook) -> list[tuple[str, str, str]]:
    """The destinations of the queue whose value of *setting* differs, each with both values."""
    changed = []
    write = SETTINGS[setting].write
    for each in storage.each_destination(open_queue(config)):
        old, new = (getattr(book.of_destination(each.name, each.exchangers), setting) for book in (before, after))
        if old != new:
            changed.append((each.name, write(old) if old else "", write(new) if new else ""))
    return changed


@rule.command("delete")
@config_option()
@click.argument("numbers", type=Whole(1, _MAX_RULE), nargs=-1, metavar="[RULE]...")
@click.option("--pattern", type=_PATTERN, metavar="PATTERN", help="All rules of this pattern.")
@click.option("--setting", metavar="SETTING", help="All rules of this setting; with --pattern, those of both.")
@dry_run_option
@wait_option
@click.pass_context
def delete(
    context: click.Context,
    *,
    numbers: tuple[int, ...],
    pattern: str | None,
    setting: str | None,
    is_dry_run: bool,
    wait_s: float,
) -> None:
    """End rules, by number, or by pattern and setting."""
    if bool(numbers) == (pattern is not None or setting is not None):
        raise UsageError("give numbers of rules, or --pattern or --setting")
    engine = open_queue(lenient_configuration(context))
    if not numbers:
        numbers = tuple(
            each.rule
            for each in storage.all_rules(engine)
            if pattern in (None, str(_pattern_of(each))) and setting in (None, each.setting)
        )
    if not is_dry_run and numbers:
        carry_out(engine, storage.DeleteRules(numbers, who=who()), deadline_s=wait_s)
    click.echo(f"{'would end' if is_dry_run else 'ended'} {count(len(set(numbers)), 'rule')}")
    if is_dry_run:
        say(NAME, "a dry run: nothing was changed")


def _pattern_of(each: storage.ShownRule) -> str:
    try:
        return str(DestinationPattern.parse(each.pattern))
    except SyntaxViolation:
        return each.pattern


@rule.command("settings")
@json_option("One JSON object for each setting.")
def settings(is_json: bool) -> None:
    """Show what can be set."""
    if is_json:
        for name, each in SETTINGS.items():
            output.write_json({"setting": name, "value": each.kind, "example": each.example, "meaning": each.words})
        return
    output.write_table(_SETTINGS, [(name, each.kind, each.example, each.words) for name, each in SETTINGS.items()])


VERBS: Final = (rule,)
