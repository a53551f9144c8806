"""
recipients - the aliases, and the list of the addresses that exist
"""

from collections import defaultdict
from pathlib import Path
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import ParsedType, json_option, wait_option, who
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.config import Config
from empath.config.recipient_file import read_recipients
from empath.errors import SyntaxViolation
from empath.mail.address import Address
from empath.mail.domain import parse_domain
from empath.mail.printable import printable
from empath.mail.words import count
from empath.policy.recipients import Expansion, Source, UnusableAlias, folded, parse_pattern, spellings
from empath.storage.admin import recipients as storage
from empath.storage.admin.snapshot import carry_out

_COLUMNS: Final = (Column("PATTERN"), Column("TARGET"))


def _target(text: str) -> str:
    try:
        return f"@{parse_domain(text[1:])}" if text.startswith("@") else str(Address.parse(text))
    except SyntaxViolation as exc:
        raise SyntaxViolation(f"{text!r}: {exc}") from exc


_PATTERN: Final = ParsedType("pattern", parse_pattern)
_TARGET: Final = ParsedType("target", _target)
_ADDRESS: Final = ParsedType("address", lambda text: folded(str(Address.parse(text))))


@click.group()
def alias() -> None:
    """See and change the aliases of addresses."""


@alias.command("add")
@config_option()
@click.argument("pattern", type=_PATTERN)
@click.argument("targets", type=_TARGET, nargs=-1, required=True, metavar="TARGET...")
@wait_option
@click.pass_context
def add_alias(context: click.Context, pattern: str, targets: tuple[str, ...], wait_s: float) -> None:
    """
    Let mail to PATTERN go to each TARGET.

    PATTERN is an address, or @DOMAIN for all addresses there that nothing else takes. A TARGET is an address, or
    @DOMAIN for the same user there.
    """
    config = lenient_configuration(context)
    carry_out(open_queue(config), storage.AddAlias(pattern, targets, who=who()), deadline_s=wait_s)
    click.echo(printable(f"mail to {pattern} goes to {', '.join(targets)}"))
    if not config.aliases.enabled:
        say(NAME, "aliases have no effect until [aliases] enabled = true")
    if trouble := _trouble(config, pattern):
        say(NAME, f"mail to {pattern} gets 451: {printable(trouble)}")


def _trouble(config: Config, pattern: str) -> str:
    """Why the alias *pattern* cannot be used; empty if it can."""
    targets: dict[str, list[str]] = defaultdict(list)
    for each in storage.all_aliases(open_queue(config)):
        targets[each.pattern].append(each.target)
    expansion = Expansion(Address.parse(f"user{pattern}" if pattern.startswith("@") else pattern))
    found = targets[pattern]
    try:
        while expansion.question is not None:
            expansion.answer(found)
            names = () if expansion.question is None else spellings(expansion.question, config.aliases.delimiter)
            found = next((targets[name] for name in names if name in targets), [])
    except UnusableAlias as exc:
        return str(exc)
    return ""


@alias.command("remove")
@config_option()
@click.argument("pattern", type=_PATTERN)
@click.argument("targets", type=_TARGET, nargs=-1, metavar="[TARGET]...")
@wait_option
@click.pass_context
def remove_alias(context: click.Context, pattern: str, targets: tuple[str, ...], wait_s: float) -> None:
    """Remove each TARGET of PATTERN, or all."""
    config = lenient_configuration(context)
    change = storage.RemoveAlias(pattern, targets, who=who())
    carry_out(open_queue(config), change, deadline_s=wait_s)
    click.echo(printable(f"removed {count(change.removed, 'target')} of {pattern}"))


@alias.command("list")
@config_option()
@json_option("One JSON object for each target.")
@click.pass_context
def list_aliases(context: click.Context, is_json: bool) -> None:
    """Show all aliases, one line for each target."""
    found = storage.all_aliases(open_queue(lenient_configuration(context)))
    if is_json:
        for each in found:
            output.write_json(each)
        return
    if found:
        output.write_table(_COLUMNS, [(each.pattern, each.target) for each in found])
    say(NAME, count(len(found), "target"))


@click.group()
def recipient() -> None:
    """See and change the list of addresses that exist."""


@recipient.command("add")
@config_option()
@click.argument("addresses", type=_ADDRESS, nargs=-1, required=True, metavar="ADDRESS...")
@wait_option
@click.pass_context
def add_recipients(context: click.Context, addresses: tuple[str, ...], wait_s: float) -> None:
    """Add each ADDRESS to the list."""
    _add(context, addresses, wait_s)


@recipient.command("import")
@config_option()
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=False, path_type=Path))
@wait_option
@click.pass_context
def import_recipients(context: click.Context, file: Path, wait_s: float) -> None:
    """
    Add the addresses of FILE to the list, all or none.

    One address a line; what follows it after a blank does not count, as in the tables of Postfix. A line that begins
    with # is a comment.
    """
    _add(context, sorted(read_recipients(file)), wait_s)


def _add(context: click.Context, addresses: tuple[str, ...] | list[str], wait_s: float) -> None:
    config = lenient_configuration(context)
    change = storage.ListRecipients(addresses, who=who())
    carry_out(open_queue(config), change, deadline_s=wait_s)
    known = len(addresses) - change.added
    click.echo(f"added {count(change.added, 'recipient')}" + (f"; the list had {known} already" if known else ""))
    domains = {address.rpartition("@")[2]: None for address in addresses}
    if unread := [domain for domain in domains if not _reads_list(config, domain)]:
        others = f" and {len(unread) - 1} more" if unread[1:] else ""
        say(NAME, f'the list has no effect for {unread[0]}{others} until [recipients] says "listed" of it')


def _reads_list(config: Config, domain: str) -> bool:
    rule = config.recipient_rules.find(parse_domain(domain))
    return rule is not None and rule.source is Source.LISTED and rule.path is None


@recipient.command("remove")
@config_option()
@click.argument("addresses", type=_ADDRESS, nargs=-1, required=True, metavar="ADDRESS...")
@wait_option
@click.pass_context
def remove_recipients(context: click.Context, addresses: tuple[str, ...], wait_s: float) -> None:
    """Remove each ADDRESS from the list, all or none."""
    change = storage.UnlistRecipients(addresses, who=who())
    carry_out(open_queue(lenient_configuration(context)), change, deadline_s=wait_s)
    click.echo(f"removed {count(len(addresses), 'recipient')}")


@recipient.command("list")
@config_option()
@click.pass_context
def list_recipients(context: click.Context) -> None:
    """Show the list, one address a line."""
    found = storage.all_recipients(open_queue(lenient_configuration(context)))
    for address in found:
        click.echo(printable(address))
    say(NAME, count(len(found), "recipient"))


VERBS: Final = (alias, recipient)
