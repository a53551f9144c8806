"""
replies - the rules about replies of hosts: what they would have done, and which are in force
"""

import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import DURATION, ParsedType, dry_run_option, json_option, wait_option, who
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.config import Config
from empath.mail.printable import printable
from empath.mail.status import RecipientStatus
from empath.mail.words import count
from empath.policy.recipients import folded
from empath.policy.replies.bounce_class import BounceClass, BounceRules, parse_class
from empath.policy.replies.rehearsal import ShapingRehearsal, Tried
from empath.policy.replies.shaping import ShapingRule
from empath.policy.suppression import SuppressionRules
from empath.storage.admin import replay as storage
from empath.storage.admin.snapshot import carry_out

_CHANGES: Final = (Column("OLD-CLASS"), Column("NEW-CLASS"), Column("ATTEMPTS"))
_RULES: Final = (
    *(Column("RULE"), Column("STATE"), Column("ACTION"), Column("FOR", 1), Column("VALUE", 1)),
    Column("CONDITION", 0, 16),
)
_TRIED: Final = (
    *(Column("RULE"), Column("STATE"), Column("ACTION"), Column("MATCHES"), Column("EFFECTS")),
    *(Column("DESTINATIONS", 1), Column("EXAMPLE", 1, 16)),
)
_MOST_NAMED: Final = 10  # addresses that are shown

_CLASS: Final = ParsedType("class", parse_class)
_since_option: Final = click.option(
    "--since", "since_s", type=DURATION, metavar="DURATION", help="Only attempts of the last time, such as 7d."
)


@click.command()
@config_option()
@click.option(
    "--suppress",
    "wanted",
    type=_CLASS,
    multiple=True,
    metavar="CLASS",
    help="Suppress addresses that hosts refused for good with this class. May be given more than once.",
)
@_since_option
@dry_run_option
@json_option()
@wait_option
@click.pass_context
def classify(
    context: click.Context,
    *,
    wanted: tuple[BounceClass, ...],
    since_s: float | None,
    is_dry_run: bool,
    is_json: bool,
    wait_s: float,
) -> None:
    """
    Give attempts on record the classes of the rules of now.

    Shows how many get another class, and which addresses are suppressed with --suppress; with --dry-run those of the
    classes that [suppression] names, or of bad-mailbox and inactive-mailbox.
    """
    config = lenient_configuration(context)
    engine = open_queue(config)
    classes = BounceRules(storage.rules_of_now(engine)[0].rules())
    now = time.time()
    suppression = SuppressionRules(_classes(config, wanted, is_dry_run=is_dry_run), config.suppression.lifetime_s)
    changes: Counter[tuple[str, str]] = Counter()
    addresses: dict[str, None] = {}
    seen = suppressed = 0
    for page in storage.failures(engine, since=0.0 if since_s is None else now - since_s):
        seen += len(page)
        found = []
        for failure in page:
            bounce_class = classes.class_of(failure.heard)
            until = _until(suppression, failure, bounce_class, now)
            if bounce_class != failure.bounce_class:
                changes[failure.bounce_class or "-", str(bounce_class)] += 1
            if until is not None:
                addresses[folded(failure.address)] = None
            if bounce_class != failure.bounce_class or until is not None:
                found.append(storage.Reclassified(failure, str(bounce_class), until))
        if found and not is_dry_run:
            change = storage.Reclassify(found, now=now)
            carry_out(engine, change, deadline_s=wait_s)
            suppressed += change.suppressed
    _show(changes, list(addresses), is_json=is_json, is_dry_run=is_dry_run, seen=seen, suppressed=suppressed)
    for name, problem in classes.problems.items():
        say(NAME, printable(f"rule {name} counts as switched off: {problem}"))


def _classes(config: Config, wanted: tuple[BounceClass, ...], *, is_dry_run: bool) -> frozenset[BounceClass]:
    if wanted or not is_dry_run:
        return frozenset(wanted)
    usual = (BounceClass.BAD_MAILBOX, BounceClass.INACTIVE_MAILBOX)
    return config.suppression.rules.classes or frozenset(usual)


def _until(
    suppression: SuppressionRules, failure: storage.Failure, bounce_class: BounceClass, now: float
) -> float | None:
    """The end of the suppression that the attempt would have led to, unless it is over."""
    code = failure.heard.code
    is_final = failure.outcome == RecipientStatus.BOUNCED and code is not None and code >= 500
    if not is_final or bounce_class not in suppression.effective:
        return None
    until = failure.started_at + suppression.lifetime_s
    return until if until > now else None


def _show(
    changes: Counter[tuple[str, str]],
    addresses: Sequence[str],
    *,
    is_json: bool,
    is_dry_run: bool,
    seen: int,
    suppressed: int,
) -> None:
    counted = sorted(changes.items(), key=lambda item: (-item[1], item[0]))
    if is_json:
        record = {
            "attempts": seen,
            "changes": [{"old": old, "new": new, "attempts": number} for (old, new), number in counted],
            "addresses": list(addresses),
            "is_dry_run": is_dry_run,
        }
        output.write_json(record)
        return
    if counted:
        output.write_table(_CHANGES, [(old, new, number) for (old, new), number in counted])
    would = "would get" if is_dry_run else "got"
    say(NAME, f"{count(sum(changes.values()), 'attempt')} of {seen} {would} another class")
    for address in addresses[:_MOST_NAMED] if is_dry_run else ():
        click.echo(printable(f"would suppress {address}"))
    if is_dry_run:
        rest = len(addresses) - _MOST_NAMED
        more = f", {rest} not shown" if rest > 0 else ""
        say(NAME, f"{count(len(addresses), 'address')} would be suppressed{more}")
    elif addresses:
        say(NAME, f"suppressed {count(suppressed, 'address')}; {len(addresses) - suppressed} were already")


@click.group()
def shape() -> None:
    """See and switch the rules of shaping."""


@shape.command("list")
@config_option()
@json_option("One JSON object for each rule.")
@click.pass_context
def list_rules(context: click.Context, is_json: bool) -> None:
    """Show the rules in the order in which they are asked."""
    config = lenient_configuration(context)
    rules = storage.rules_of_now(open_queue(config))[1].rules()
    if is_json:
        for rule in rules:
            output.write_json(_record(rule))
        return
    output.write_table(
        _RULES,
        [
            (rule.name, _state(rule), rule.action, rule.duration or "-", rule.value or "-", _condition(rule))
            for rule in rules
        ],
    )
    if not config.shaping.enabled:
        say(NAME, "no rule has an effect until [shaping] enabled = true")


def _record(rule: ShapingRule) -> dict[str, object]:
    pattern = rule.pattern
    return {
        "rule": rule.name,
        "is_enabled": rule.is_on,
        "action": rule.action,
        "duration": rule.duration,
        "value": rule.value,
        "stage": pattern.stage,
        "code": pattern.code,
        "enhanced": pattern.enhanced,
        "text": pattern.text,
        "provider": pattern.provider,
        "bounce_class": rule.bounce_class,
    }


def _state(rule: ShapingRule) -> str:
    return "on" if rule.is_on else "off"


def _condition(rule: ShapingRule) -> str:
    pattern = rule.pattern
    parts = (
        ("stage", pattern.stage),
        ("code", pattern.code),
        ("enhanced", pattern.enhanced),
        ("class", rule.bounce_class),
        ("provider", pattern.provider),
        ("text", pattern.text),
    )
    return printable(", ".join(f"{name} {value}" for name, value in parts if value is not None))


@shape.command("test")
@config_option()
@click.argument("names", nargs=-1, metavar="[RULE]...")
@_since_option
@json_option("One JSON object for each rule.")
@click.pass_context
def test_rules(context: click.Context, names: tuple[str, ...], since_s: float | None, is_json: bool) -> None:
    """
    Show what each rule would have done so far.

    It takes the attempts on record, and tries each rule apart from the others, whether it is on or off.

    MATCHES counts replies; EFFECTS the times that a destination would have been suspended or slowed, the times that a
    source address would have begun to rest, or the recipients that would not have been tried again.
    """
    config = lenient_configuration(context)
    engine = open_queue(config)
    class_rows, shaping_rows = storage.rules_of_now(engine)
    known = shaping_rows.rules()
    for name in names:
        if name not in {rule.name for rule in known}:
            raise storage.no_such_rule(name)
    rules = [rule for rule in known if not names or rule.name in names]
    classes = BounceRules(class_rows.rules())
    rehearsal = ShapingRehearsal(rules, longest_s=config.shaping.longest_s)
    seen = 0
    for page in storage.failures(engine, since=0.0 if since_s is None else time.time() - since_s):
        for failure in page:
            if failure.outcome == "next_host":  # another host of the same attempt decided
                continue
            seen += 1
            rehearsal.add(
                failure.heard,
                classes.class_of(failure.heard),
                destination=failure.destination,
                source=failure.source,
                at=failure.started_at,
                is_put_off=failure.outcome == RecipientStatus.DEFERRED,
            )
    if is_json:
        for each in rehearsal.tried:
            output.write_json(_record(each.rule) | _result(each))
    elif rehearsal.tried:
        output.write_table(_TRIED, [_row(each) for each in rehearsal.tried])
    say(NAME, f"{count(len(rehearsal.tried), 'rule')}, {count(seen, 'failed attempt')} on record")


def _result(each: Tried) -> dict[str, object]:
    return {
        "matches": each.matches,
        "effects": each.effects,
        "destinations": sorted(each.destinations),
        "example": each.example,
        "problem": each.problem,
    }


def _row(each: Tried) -> tuple[object, ...]:
    rule = each.rule
    note = each.example or "-" if each.problem is None else f"cannot be read: {each.problem}"
    return (rule.name, _state(rule), rule.action, each.matches, each.effects, len(each.destinations), printable(note))


@shape.command("enable")
@config_option()
@click.argument("names", nargs=-1, required=True, metavar="RULE...")
@wait_option
@click.pass_context
def enable(context: click.Context, names: tuple[str, ...], wait_s: float) -> None:
    """Switch each RULE on, all or none."""
    _switch(context, names, wait_s, is_on=True)


@shape.command("disable")
@config_option()
@click.argument("names", nargs=-1, required=True, metavar="RULE...")
@wait_option
@click.pass_context
def disable(context: click.Context, names: tuple[str, ...], wait_s: float) -> None:
    """Switch each RULE off, all or none. What it has done stays until it ends."""
    _switch(context, names, wait_s, is_on=False)


def _switch(context: click.Context, names: tuple[str, ...], wait_s: float, *, is_on: bool) -> None:
    change = storage.SwitchShaping(names, is_on=is_on, who=who())
    carry_out(open_queue(lenient_configuration(context)), change, deadline_s=wait_s)
    click.echo(printable(f"{', '.join(names)}: {'on' if is_on else 'off'}"))


VERBS: Final = (classify, shape)
