"""dns - dns: where mail for a domain would go, and why; and the answers that workers share"""

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import click

from empath.cli.admin import dns_answers, output
from empath.cli.admin.dns_answers import resolver
from empath.cli.admin.options import DOMAIN, json_option
from empath.cli.admin.output import NAME, Column
from empath.cli.common import config_option, configuration, open_queue, say
from empath.config import Config
from empath.config.hosts import host_rules
from empath.errors import MissingInput
from empath.mail.domain import parse_stored
from empath.mail.lookup import Absent, Exchangers, Failed, Kind, LookupAnswer, Question, weakest
from empath.policy.hosts.findings import Finding, findings
from empath.policy.hosts.search import NoHost
from empath.policy.router import Router
from empath.policy.routing import MxRoute, SmtpRoute, route_text
from empath.storage.queue.destination_rules import rules_in_force

if TYPE_CHECKING:
    from empath.net.next_hop import NextHops

_COLUMNS: Final = (
    Column("ORDER"),
    Column("PREFERENCE", 2),
    Column("HOST", 0, 20),
    Column("ADDRESS", 0, 16),
    Column("PORT", 3),
    Column("TTL_S", 3),
    Column("FATE"),
    Column("WHY", 1, 20),
)


@dataclass(frozen=True, slots=True)
class DomainFindings:
    """
    The findings for one domain.

    Shape: route and destination are None without a route. mx is `found`, `NODATA`, `NXDOMAIN`, `failed` with the
    reason, or None if the route needs no MX; ttl_s is its time to live. hosts is empty for a route without hosts. reply
    is the reply for mail that has no host to try; dnssec the security of all look-ups together, None if it is unknown.
    """

    domain: str
    route: str | None
    destination: str | None
    mx: str | None = None
    ttl_s: float | None = None
    port: int | None = None
    hosts: list[Finding] = field(default_factory=list)
    reply: str | None = None
    dnssec: str | None = None


class _Group(click.Group):
    """A group whose command `show` needs no name: `dns example.org`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Name the command that is left out."""
        if args and not self.commands.keys() & set(args) and not set(args) & set(ctx.help_option_names):
            args = ["show", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Group)
def dns() -> None:
    """
    Show where mail for a domain goes; steer DNS answers.

    `dns DOMAIN` is short for `dns show DOMAIN`.
    """


@dns.command("show")
@config_option()
@click.argument("domain", type=DOMAIN, metavar="DOMAIN")
@json_option("One JSON object.")
@click.pass_context
def show(context: click.Context, domain: str, is_json: bool) -> None:
    """
    Show where mail for DOMAIN would go now, and why.

    Shows the route, the MX, the hosts in order, and what is refused. DOMAIN is a domain or an address literal in
    brackets. Asks the DNS as a worker with an empty cache would. Makes no connection.
    """
    _, config = configuration(context)
    way = _find(config, domain)
    if is_json:
        output.write_json(way)
        return
    output.write_pairs(
        [
            ("domain", way.domain),
            ("route", way.route),
            ("destination", way.destination),
            ("mx", way.mx),
            ("mx_ttl_s", _seconds(way.ttl_s)),
            *([("dnssec", way.dnssec)] if way.dnssec is not None else []),
            ("reply", way.reply),
        ]
    )
    if way.hosts:
        click.echo()
        output.write_table(_COLUMNS, [_row(finding, way.port) for finding in way.hosts])
    say(NAME, _summary(way))


def _find(config: Config, domain: str) -> DomainFindings:
    parsed = parse_stored(domain)
    route = router_in_force(config).decide_for_domain(parsed).route
    if route is None:
        return DomainFindings(domain, None, None)
    text, destination = route_text(route), route.destination(domain)
    if not isinstance(route, SmtpRoute | MxRoute):
        return DomainFindings(domain, text, destination)
    search = next_hops(config).search(route, destination)
    found = search.hosts(random.random)
    hosts = () if isinstance(found, NoHost) else found
    answer = search.answers.get(Question(destination, Kind.MX))
    return DomainFindings(
        domain,
        text,
        destination,
        mx=_words(answer),
        ttl_s=answer.ttl_s if isinstance(answer, Exchangers | Absent) else None,
        port=route.port if isinstance(route, SmtpRoute) else config.delivery.mx_port,
        hosts=findings(search, hosts),
        reply=found.reply.escaped() if isinstance(found, NoHost) else None,
        dnssec=weakest(*(each.security for each in search.answers.values())).known if search.answers else None,
    )


def router_in_force(config: Config) -> Router:
    """What decides routes by *config* and by the rows of the queue, if there is one yet."""
    try:
        with open_queue(config).visiting(None) as visit:
            return config.router_by(config.rule_book(rules_in_force(visit, time.time())))
    except MissingInput:
        return config.router


def next_hops(config: Config) -> "NextHops":
    """What finds the hosts of routes by *config*, as a worker does."""
    # Both cost 50 ms of imports, which no other verb should pay for.
    from empath.net.interfaces import Interfaces  # noqa: PLC0415 - slow to load
    from empath.net.next_hop import NextHops  # noqa: PLC0415 - slow to load

    rules = host_rules(config, Interfaces().addresses())
    return NextHops(resolver(config), lambda: rules, timeout_s=config.dns.attempt_timeout_s)


def _words(answer: LookupAnswer | None) -> str | None:
    match answer:
        case Exchangers():
            return "found"
        case Absent(why):
            return why
        case Failed(why):
            return f"failed: {why}"
        case _:
            return None


def _row(finding: Finding, port: int | None) -> tuple[object, ...]:
    has_port = port if finding.address is not None else None
    return (
        finding.order,
        finding.preference,
        finding.host,
        finding.address,
        has_port,
        _seconds(finding.ttl_s),
        finding.fate,
        finding.why,
    )


def _seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.0f}"


def _summary(way: DomainFindings) -> str:
    if way.route is None:
        return "no route: new mail for this domain is refused; queued mail waits"
    if way.port is None:
        is_list = way.route is not None and ", " in way.route
        return (
            "the route has several next hops; `empath-admin route` shows them"
            if is_list
            else "this route needs no look-up"
        )
    tried = sum(finding.order is not None for finding in way.hosts)
    if tried:
        return f"{tried} address{'es' if tried != 1 else ''} to try, equal ones in random order for each connection"
    is_final = way.reply is not None and way.reply.startswith("5")
    return "no host to try: mail bounces" if is_final else "no host to try: mail waits and is tried again"


for command in dns_answers.VERBS:
    dns.add_command(command)

VERBS: Final = (dns,)
