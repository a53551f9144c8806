"""routing - route and reroute: where the mail for an address goes and why, and what other routes move"""

import random
from dataclasses import dataclass, field
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.dns import next_hops, router_in_force
from empath.cli.admin.options import SENDER, ParsedType, json_option, wait_option, who
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, configuration, open_queue, say
from empath.config import Config
from empath.mail.address import Address
from empath.mail.words import count
from empath.policy.hosts.search import NoHost, socket_host
from empath.policy.router import Router, SentBy
from empath.policy.routing import HostRoute, ListedRoute, ListRoute, Route, SocketRoute, route_text
from empath.storage.admin import rerouting as storage

_ADDRESS: Final = ParsedType("address", Address.parse)
_HOPS: Final = (
    *(Column("HOP"), Column("USE"), Column("WEIGHT", 2), Column("HOST", 0, 20), Column("ADDRESS", 0, 16)),
    *(Column("PORT", 3), Column("REPLY", 1, 20)),
)
_MOVES: Final = (Column("RECIPIENTS"), Column("FROM"), Column("TO"))


@dataclass(frozen=True, slots=True)
class HopHost:
    """
    One host of one next hop, or a hop without any.

    Shape: use is `first`, or `backup`; port is None for a UNIX socket; reply says why there is no host.
    """

    hop: str
    use: str
    weight: int
    host: str | None = None
    address: str | None = None
    port: int | None = None
    reply: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """What decides the route of one address. Shape: route and destination are None without a route."""

    recipient: str
    sender: str
    account: str | None
    route: str | None
    decided_by: str
    pattern: str | None
    destination: str | None
    hosts: list[HopHost] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Move:
    recipients: int
    from_destination: str
    to_destination: str


@click.command()
@config_option()
@click.argument("address", type=_ADDRESS, metavar="ADDRESS")
@click.option("--sender", type=SENDER, default="<>", metavar="ADDRESS", help="Sender of the mail; default <>.")
@click.option("--account", metavar="NAME", help="Account that sends the mail.")
@json_option("One JSON object.")
@click.pass_context
def route(context: click.Context, address: Address, sender: str, account: str | None, is_json: bool) -> None:
    """
    Show the route of mail for ADDRESS, and what decides it.

    Shows the table and the pattern, the destination, and the hosts of each next hop, in an order that a lease may draw.
    Uses the configuration in the file and the rows of destination_rule, asks the DNS, and makes no connection.
    """
    _, config = configuration(context)
    found = _explain(config, router_in_force(config), address, SentBy(sender, account))
    if is_json:
        output.write_json(found)
        return
    output.write_pairs(
        [
            ("recipient", found.recipient),
            ("sender", found.sender or "<>"),
            ("account", found.account),
            ("route", found.route),
            ("decided_by", found.decided_by),
            ("pattern", found.pattern),
            ("destination", found.destination),
        ]
    )
    if found.hosts:
        click.echo()
        write_hosts(found.hosts)
    if found.route is None:
        say(NAME, "no route: new mail for this address is refused; queued mail waits")


def _explain(config: Config, router: Router, address: Address, sent_by: SentBy) -> Explanation:
    domain = str(address.domain)
    decision = router.decide(str(address), address.domain, sent_by)
    chosen = decision.route
    return Explanation(
        str(address),
        sent_by.sender,
        sent_by.account,
        None if chosen is None else route_text(chosen),
        str(decision.layer),
        decision.pattern,
        None if chosen is None else decision.destination(domain),
        [] if chosen is None else hop_hosts(config, chosen, domain),
    )


def hop_hosts(config: Config, chosen: Route, domain: str) -> list[HopHost]:
    """Ask the DNS for the hosts of each next hop of the route *chosen* for *domain*."""
    return [host for use, hop in _hops(chosen) for host in _hosts(config, use, hop, domain)]


def write_hosts(hosts: list[HopHost]) -> None:
    """A line for each host."""
    rows = [(x.hop, x.use, x.weight, x.host, x.address, x.port, x.reply) for x in hosts]
    output.write_table(_HOPS, rows)


def _hops(chosen: Route) -> list[tuple[str, ListedRoute]]:
    if isinstance(chosen, ListRoute):
        return [*(("first", hop) for hop in chosen.hops), *(("backup", hop) for hop in chosen.backups)]
    return [("first", ListedRoute(chosen))] if isinstance(chosen, HostRoute) else []


def _hosts(config: Config, use: str, hop: ListedRoute, domain: str) -> list[HopHost]:
    text, weight = route_text(hop.route), hop.weight
    if isinstance(hop.route, SocketRoute):
        host = socket_host(hop.route)
        return [HopHost(text, use, weight, host.name, host.address)]
    found = next_hops(config).search(hop.route, hop.route.destination(domain)).hosts(random.random)
    if isinstance(found, NoHost):
        return [HopHost(text, use, weight, reply=found.reply.escaped())]
    return [HopHost(text, use, weight, host.name, host.address, host.port) for host in found]


@click.command()
@config_option()
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Only show what would move.")
@wait_option
@json_option("One JSON object for each pair of destinations.")
@click.pass_context
def reroute(context: click.Context, is_dry_run: bool, wait_s: float, is_json: bool) -> None:
    """
    Move waiting mail to where the routes lead now.

    Shows how many recipients leave which destination for which other one. A running service does the same by itself
    after a reload; with --dry-run this shows before the reload what it will do.
    """
    _, config = configuration(context)
    engine, router = open_queue(config), router_in_force(config)
    if is_dry_run:
        moves = storage.find_moves(engine, router)
    else:
        moves = storage.move(engine, router, who=who(), deadline_s=wait_s)
    lines = [_Move(number, *pair) for pair, number in moves.most_common()]
    if is_json:
        for line in lines:
            output.write_json(line)
    elif lines:
        output.write_table(_MOVES, [(x.recipients, x.from_destination, x.to_destination) for x in lines])
    total = count(sum(moves.values()), "recipient")
    say(NAME, f"{total} would move" if is_dry_run else f"{total} moved")
    if lines and not is_dry_run and not storage.is_followed_by_service(engine, router.tables.digest()):
        say(NAME, "the service has not followed these routes yet; `empathd reload` has it use them")


VERBS: Final = (route, reroute)
