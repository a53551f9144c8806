"""hold_rule - mail that is held when its turn comes: see the rules, add and end them"""

import time
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import SPAN, dry_run_option, json_option, wait_option, who
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.errors import MissingInput, UsageError
from empath.mail.identity import Timestamp
from empath.mail.printable import printable
from empath.mail.words import count, instant
from empath.policy.hold_rules import HoldBook, HoldPattern, HoldRule, HoldScope
from empath.storage.admin import hold_rules as storage
from empath.storage.admin.snapshot import carry_out

_COLUMNS: Final = (
    *(Column("RULE"), Column("SCOPE"), Column("PATTERN", 0, 12), Column("HITS"), Column("UNTIL", 1)),
    *(Column("WHO", 3), Column("REASON", 2, 12)),
)


@click.group("hold-rule")
def hold_rule() -> None:
    """See and change the rules by which mail to come is held."""


@hold_rule.command("list")
@config_option()
@json_option("One JSON object for each rule.")
@click.pass_context
def list_rules(context: click.Context, is_json: bool) -> None:
    """Show the rules, and how many recipients each has held."""
    found = storage.all_holds(open_queue(lenient_configuration(context)))
    if is_json:
        for each in found:
            output.write_json(each)
        return
    if found:
        rows = [
            (
                each.rule, each.scope, each.pattern, each.hits,
                "-" if each.expires_at is None else instant(each.expires_at), each.who, each.reason,
            )
            for each in found
        ]  # fmt: skip
        output.write_table(_COLUMNS, rows)
    say(NAME, count(len(found), "rule"))


@hold_rule.command("add")
@config_option()
@click.argument("scope", type=click.Choice([str(scope) for scope in HoldScope]))
@click.argument("pattern")
@click.option("--for", "for_s", type=SPAN, metavar="DURATION", help="End the rule after this time, such as 2h.")
@click.option("--reason", metavar="TEXT", help="Why, for those who see the rule or what it has held.")
@dry_run_option
@json_option()
@wait_option
@click.pass_context
def add(
    context: click.Context,
    *,
    scope: str,
    pattern: str,
    for_s: float | None,
    reason: str | None,
    is_dry_run: bool,
    is_json: bool,
    wait_s: float,
) -> None:
    """
    Hold the mail that PATTERN names, when its turn comes.

    PATTERN is of SCOPE: a sender or recipient is an address, @DOMAIN or @*.DOMAIN, and <> is the null sender; a
    destination is a domain, *.DOMAIN, a next hop or * for all; an account is its name; a client is an IP address or
    network. Mail that waits now is held when it is due; `hold` holds it at once.
    """
    named = HoldPattern.parse(scope, pattern)
    now = time.time()
    until = None if for_s is None else Timestamp(round(now + for_s, 3))
    engine = open_queue(lenient_configuration(context))
    for each in storage.all_holds(engine):
        if (each.scope, each.pattern) == (named.scope, named.text):
            raise UsageError(
                f"hold rule {each.rule} is for this pattern; `{NAME} hold-rule delete {each.rule}` ends it"
            )
    order = storage.AddHold(named, expires_at=until, reason=reason, who=who())
    if not is_dry_run:
        carry_out(engine, order, deadline_s=wait_s)
    waiting = storage.count_waiting(engine, HoldBook([HoldRule(order.rule, named, until, reason, Timestamp(now))]))
    if is_json:
        output.write_json(
            {
                "rule": order.rule or None, "scope": scope, "pattern": named.text, "expires_at": until,
                "reason": reason, "is_dry_run": is_dry_run, "waiting": waiting,
            }
        )  # fmt: skip
        return
    ending = "" if until is None else f" until {instant(until)}"
    number = "a rule would hold" if is_dry_run else f"rule {order.rule} holds"
    click.echo(printable(f"{number} mail of {named}{ending}"))
    say(NAME, f"{count(waiting, 'recipient')} of it {'wait' if waiting != 1 else 'waits'} now")
    if is_dry_run:
        say(NAME, "a dry run: nothing was changed")


@hold_rule.command("delete")
@config_option()
@click.argument("rules", type=int, nargs=-1, metavar="[RULE]...")
@click.option("--all", "is_all", is_flag=True, help="All rules.")
@dry_run_option
@wait_option
@click.pass_context
def delete(context: click.Context, *, rules: tuple[int, ...], is_all: bool, is_dry_run: bool, wait_s: float) -> None:
    """
    End rules.

    RULE is the number that `hold-rule list` shows. What a rule has held stays held; the command that lets it go is
    printed.
    """
    if is_all == bool(rules):
        raise UsageError("give the numbers of rules, or --all")
    engine = open_queue(lenient_configuration(context))
    known = {each.rule: each for each in storage.all_holds(engine)}
    if unknown := [number for number in rules if number not in known]:
        raise MissingInput(f"no hold rule {unknown[0]}; `{NAME} hold-rule list` shows them")
    going = [known[number] for number in dict.fromkeys(rules)] if rules else [*known.values()]
    if going and not is_dry_run:
        carry_out(engine, storage.DeleteHolds([each.rule for each in going], who=who()), deadline_s=wait_s)
    click.echo(f"{'would end' if is_dry_run else 'ended'} {count(len(going), 'rule')}")
    for each in going:
        if each.hits:
            condition = f"reason LIKE '%held by hold rule {each.rule},%'"
            say(NAME, f'what rule {each.rule} has held stays held: {NAME} release --where "{condition}"')
    if is_dry_run:
        say(NAME, "a dry run: nothing was changed")


VERBS: Final = (hold_rule,)
