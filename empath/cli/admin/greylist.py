"""greylist - whose mail must come again: see it, let clients pass, forget rows"""

import ipaddress
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.options import ParsedType, json_option, wait_option, who
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, lenient_configuration, open_queue, say
from empath.config import Config
from empath.errors import SyntaxViolation, UsageError
from empath.mail.printable import printable
from empath.mail.words import count, instant
from empath.policy.access import Network
from empath.policy.greylist import network_of
from empath.storage.admin import greylist as storage
from empath.storage.admin.snapshot import carry_out

_COLUMNS: Final = (
    *(Column("CLIENT"), Column("SENDER", 1, 12), Column("RECIPIENT", 1, 12), Column("FIRST-TRY")),
    *(Column("PASSES"), Column("EXPIRES"), Column("HITS", 2)),
)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError as exc:
        raise SyntaxViolation(f"not an IP address or a network: {text!r}") from exc


_CLIENT: Final = ParsedType("client", _network)
_filter_options = (
    click.option("--client", type=_CLIENT, metavar="CLIENT", help="Rows of this address or network only."),
    click.option("--sender", metavar="SENDER", help="Rows of this sender only, as the list shows it."),
    click.option("--recipient", metavar="RECIPIENT", help="Rows of this recipient only."),
)


@click.group()
def greylist() -> None:
    """See and change whose mail must come again."""


@greylist.command("list")
@config_option()
@_filter_options[0]
@_filter_options[1]
@_filter_options[2]
@json_option("One JSON object for each row.")
@click.pass_context
def list_rows(
    context: click.Context, client: Network | None, sender: str | None, recipient: str | None, is_json: bool
) -> None:
    """Show the rows of the greylist, by client."""
    config = lenient_configuration(context)
    found = storage.greylist_rows(open_queue(config), _wanted(config, client, sender, recipient))
    if is_json:
        for each in found:
            output.write_json(each)
        return
    if found:
        output.write_table(_COLUMNS, [_row(each) for each in found])
    say(NAME, count(len(found), "row"))


@greylist.command("allow")
@config_option()
@click.argument("clients", type=_CLIENT, nargs=-1, required=True, metavar="CLIENT...")
@wait_option
@click.pass_context
def allow(context: click.Context, clients: tuple[Network, ...], wait_s: float) -> None:
    """
    Let all mail of each CLIENT pass, for good.

    A CLIENT is an address, which stands for its network, or a network as the list shows it.
    """
    config = lenient_configuration(context)
    names = list(dict.fromkeys(_counted(config, client) for client in clients))
    carry_out(open_queue(config), storage.AllowClients(names, who=who()), deadline_s=wait_s)
    click.echo(f"all mail of {', '.join(names)} passes")
    if not config.greylist.enabled:
        say(NAME, "the greylist has no effect until [greylist] enabled = true")


@greylist.command("delete")
@config_option()
@_filter_options[0]
@_filter_options[1]
@_filter_options[2]
@wait_option
@click.pass_context
def delete(
    context: click.Context, client: Network | None, sender: str | None, recipient: str | None, wait_s: float
) -> None:
    """Forget rows; mail that they let pass must come again."""
    if client is None and sender is None and recipient is None:
        raise UsageError("no rows selected: give --client, --sender or --recipient")
    config = lenient_configuration(context)
    change = storage.ForgetGreylist(_wanted(config, client, sender, recipient), who=who())
    carry_out(open_queue(config), change, deadline_s=wait_s)
    click.echo(printable(f"forgot {count(change.removed, 'row')}"))


def _wanted(
    config: Config, client: Network | None, sender: str | None, recipient: str | None
) -> storage.GreylistFilter:
    return storage.GreylistFilter(None if client is None else _counted(config, client), sender, recipient)


def _counted(config: Config, client: Network) -> str:
    """
    The network that *client* counts as.

    Raises:
        UsageError: it is another network than those that the greylist counts.
    """
    network = network_of(config.greylist.rules, client.network_address)
    if client.num_addresses > 1 and client != network:
        raise UsageError(f"the greylist counts {client.network_address} as {network}, not as {client}")
    return str(network)


def _row(each: storage.GreylistRow) -> tuple[object, ...]:
    sender = each.sender or "<>"
    passes = "-" if each.passes_at is None else instant(each.passes_at)
    expires = "never" if each.expires_at is None else instant(each.expires_at)
    return (each.client, sender, each.recipient, instant(each.first_seen_at), passes, expires, each.hits)


VERBS: Final = (greylist,)
