"""
account - the accounts that may submit mail by logging in

A password comes from the terminal, or from standard input where there is none.  It is never an argument, since every
user of the host may read the arguments of a process.
"""

import sys
import time
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import ParsedType, json_option, wait_option, who, yes_option
from empath.cli.admin.output import NAME, Column
from empath.cli.common import INTERRUPTED, config_option, lenient_configuration, open_queue, say
from empath.errors import SyntaxViolation, UsageError
from empath.mail.printable import printable
from empath.mail.words import count, instant
from empath.policy.senders import Senders, own_address
from empath.policy.units import parse_rate, rate_text
from empath.smtp.sasl.prepared import prepared
from empath.storage.admin import accounts as storage
from empath.storage.admin.snapshot import carry_out

_COLUMNS: Final = (
    *(Column("ACCOUNT"), Column("STATUS"), Column("PASSWORD-SET", 2), Column("LAST-USED", 1), Column("CLIENT", 3)),
    *(Column("MESSAGES", 4), Column("RECIPIENTS", 4), Column("SENDERS", 0, 20)),
)
_LIMITED: Final = (("message_rate", "messages"), ("recipient_rate", "recipients"))
_DEFAULT: Final = "default"
_MAX_LINE_OCTETS: Final = 8192  # of the password on standard input


def _name(text: str) -> str:
    try:
        return prepared(text)
    except SyntaxViolation as exc:
        raise SyntaxViolation(f"not a name of an account: {text!r} {exc}") from exc


def _rate(text: str) -> str:
    return text if text == _DEFAULT else rate_text(parse_rate(text))


_RATE: Final = ParsedType("rate", _rate)
_NAME: Final = ParsedType("name", _name)
_SENDERS: Final = ParsedType("sender", Senders.parse)
_name_argument: Final = click.argument("name", type=_NAME)


@click.group()
def account() -> None:
    """See and change the accounts that may submit mail."""


@account.command("add")
@config_option()
@_name_argument
@click.option(
    "--sender",
    "senders",
    type=_SENDERS,
    multiple=True,
    metavar="SENDER",
    help="Address that it may send as, @DOMAIN, @*.DOMAIN or *. May be given more than once. Default: its name.",
)
@click.option(
    "--no-password", "has_no_password", is_flag=True, help="Another back end of [auth] proves who it is: ask for none."
)
@wait_option
@click.pass_context
def add(context: click.Context, name: str, senders: tuple[Senders, ...], has_no_password: bool, wait_s: float) -> None:
    """Add the account NAME. The password comes from the terminal or from standard input."""
    config = lenient_configuration(context)
    allowed = _joined(senders) if senders else Senders.parse(own_address(name))
    secrets = None if has_no_password else storage.Secrets(_password())
    change = storage.AddAccount(name, allowed, secrets, who=who(), now=time.time())
    carry_out(open_queue(config), change, deadline_s=wait_s)
    click.echo(printable(f"added {name}, which may send as {str(allowed) or 'no address'}"))
    if not str(allowed):
        say(NAME, "its name is not an address: let it send with `empath-admin account allow`")


@account.command("passwd")
@config_option()
@_name_argument
@wait_option
@click.pass_context
def passwd(context: click.Context, name: str, wait_s: float) -> None:
    """Set the password of NAME. It comes from the terminal or from standard input."""
    config = lenient_configuration(context)
    secrets = storage.Secrets(_password())
    carry_out(open_queue(config), storage.SetPassword(name, secrets, who=who(), now=time.time()), deadline_s=wait_s)
    click.echo(printable(f"set the password of {name}"))


@account.command("allow")
@config_option()
@_name_argument
@click.argument("senders", type=_SENDERS, nargs=-1, required=True, metavar="SENDER...")
@click.option("--remove", "is_removal", is_flag=True, help="It may no longer send as these.")
@wait_option
@click.pass_context
def allow(context: click.Context, name: str, senders: tuple[Senders, ...], is_removal: bool, wait_s: float) -> None:
    """
    Let NAME send as each SENDER.

    A SENDER is an address, @DOMAIN for all addresses of a domain, @*.DOMAIN for all below it, or * for any.
    """
    config = lenient_configuration(context)
    named, none = _joined(senders), Senders.parse("")
    added, removed = (none, named) if is_removal else (named, none)
    change = storage.AllowSenders(name, added, removed, who=who())
    carry_out(open_queue(config), change, deadline_s=wait_s)
    click.echo(printable(f"{name} may send as {change.senders or 'no address'}"))


@account.command("limit")
@config_option()
@_name_argument
@click.option("--messages", "message_rate", type=_RATE, metavar="RATE", help="Most messages, such as 100/1h.")
@click.option("--recipients", "recipient_rate", type=_RATE, metavar="RATE", help="Most recipients, such as 1000/1d.")
@wait_option
@click.pass_context
def limit(
    context: click.Context, name: str, message_rate: str | None, recipient_rate: str | None, wait_s: float
) -> None:
    """
    Limit how much NAME sends.

    A RATE is a number and a duration; `default` is the one of [receiving.limits]. What is not given stays.
    """
    if message_rate is None and recipient_rate is None:
        raise UsageError("nothing to limit: give --messages, --recipients or both")
    config = lenient_configuration(context)
    given = {"message_rate": message_rate, "recipient_rate": recipient_rate}
    rates = {key: None if rate == _DEFAULT else rate for key, rate in given.items() if rate is not None}
    change = storage.SetRates(name, rates, who=who())
    carry_out(open_queue(config), change, deadline_s=wait_s)
    words = [f"{what}: {change.rates[key] or 'as [receiving.limits] says'}" for key, what in _LIMITED]
    click.echo(printable(f"{name} may send {'; '.join(words)}"))


def _status_verb(verb: str, status: str, text: str) -> None:
    @account.command(verb, help=text)
    @config_option()
    @_name_argument
    @wait_option
    @click.pass_context
    def change_status(context: click.Context, name: str, wait_s: float) -> None:
        config = lenient_configuration(context)
        carry_out(open_queue(config), storage.SetStatus(name, status, who=who()), deadline_s=wait_s)
        click.echo(printable(f"{status} {name}"))


_status_verb("enable", "enabled", "Let NAME log in again.")
_status_verb("disable", "disabled", "Let NAME log in no more, from its next session on.")


@account.command("remove")
@config_option()
@_name_argument
@wait_option
@yes_option
@click.pass_context
def remove(context: click.Context, name: str, wait_s: float, is_sure: bool) -> None:
    """Remove the account NAME. Mail that it has submitted stays."""
    config = lenient_configuration(context)
    if not is_sure and not sys.stdin.isatty():
        raise UsageError("remove asks before it acts, and there is no terminal: add --yes")
    if not is_sure and not click.confirm(f"{NAME}: remove the account {printable(name)}?", err=True):
        say(NAME, "nothing was changed")
        context.exit(INTERRUPTED)
    carry_out(open_queue(config), storage.RemoveAccount(name, who=who()), deadline_s=wait_s)
    click.echo(printable(f"removed {name}"))


@account.command("list")
@config_option()
@json_option("One JSON object for each account.")
@click.pass_context
def list_accounts(context: click.Context, is_json: bool) -> None:
    """Show all accounts, by name."""
    found = storage.all_accounts(open_queue(lenient_configuration(context)))
    if is_json:
        for each in found:
            output.write_json(each)
        return
    if found:
        output.write_table(
            _COLUMNS,
            [
                (
                    *(each.name, each.status, instant(each.password_set_at), instant(each.last_used_at)),
                    *(each.last_client, each.message_rate, each.recipient_rate, each.senders),
                )
                for each in found
            ],
        )
    say(NAME, count(len(found), "account"))


def _joined(senders: tuple[Senders, ...]) -> Senders:
    return Senders.parse(" ".join(map(str, senders)))


def _password() -> str:
    """Ask twice at a terminal, or read a line."""
    if sys.stdin.isatty():
        text = click.prompt(
            f"{NAME}: password", hide_input=True, confirmation_prompt=f"{NAME}: the same again", err=True
        )
    else:
        text = sys.stdin.readline(_MAX_LINE_OCTETS).removesuffix("\n").removesuffix("\r")
    try:
        return prepared(text)
    except SyntaxViolation as exc:
        raise UsageError(f"the password {exc}") from exc


VERBS: Final = (account,)
