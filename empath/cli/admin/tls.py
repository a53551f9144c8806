"""tls - tls: what is demanded of TLS with the hosts of a domain, why, and whether they meet it"""

import random
import time
from dataclasses import dataclass, field, replace
from typing import Final

import click

from empath.cli.admin import output
from empath.cli.admin.dns import next_hops
from empath.cli.admin.dns_answers import resolver
from empath.cli.admin.options import DOMAIN, json_option
from empath.cli.admin.output import NAME, Column
from empath.cli.admin.published import zone_lines
from empath.cli.common import config_option, configuration, open_queue, say
from empath.config import Config
from empath.errors import MissingInput, UsageError
from empath.mail.domain import parse_stored
from empath.mail.identity import Timestamp
from empath.mail.lookup import Absent, Failed, Kind, LookupAnswer, Question, Texts
from empath.policy.destinations.rulebook import RuleBook, domain_and_next_hop
from empath.policy.hosts.search import Host, NoHost, socket_host
from empath.policy.routing import HostRoute, ListRoute, Route, SocketRoute, route_text
from empath.policy.sts import KeptPolicy, read_record, record_name
from empath.policy.tls_demand import NO_STS, HostDemand, demand_for
from empath.storage.queue.destination_rules import rules_in_force
from empath.storage.queue.sts_policies import find_policy

_COLUMNS: Final = (
    *(Column("HOST", 0, 20), Column("ADDRESS", 0, 16), Column("PORT", 3), Column("LEVEL"), Column("BY", 1, 20)),
    *(Column("VERSION"), Column("CERTIFICATE", 1, 20), Column("RESULT", 0, 20)),
)
_NAMES_SHOWN: Final = 3
_IN_CLEAR: Final = "no TLS: mail goes in the clear"


@dataclass(frozen=True, slots=True)
class HostTls:
    """
    One host.

    Shape: level and by are the demand and what decided it; tlsa what the DNS says of its certificate, None if DANE is
    not asked. version, cipher, names, fingerprint, proof and failure are what came of a try, see
    net.tls_probe.TlsProbe; failure also says why the host gets no mail.
    """

    host: str
    address: str
    port: int
    level: str
    by: str
    tlsa: str | None = None
    version: str | None = None
    cipher: str | None = None
    names: list[str] = field(default_factory=list)
    fingerprint: str | None = None
    proof: str | None = None
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class DomainTls:
    """
    TLS with the hosts of one domain.

    Shape: route and destination are None without a route. tls and decided_by are the setting and what gave it.
    sts_record is the id in the TXT record, or why there is none; sts_policy what is kept, None for nothing. reply says
    why there are no hosts.
    """

    domain: str
    route: str | None = None
    destination: str | None = None
    tls: str | None = None
    decided_by: str | None = None
    sts_record: str | None = None
    sts_policy: str | None = None
    hosts: list[HostTls] = field(default_factory=list)
    reply: str | None = None


@click.command()
@config_option()
@click.argument("domain", type=DOMAIN, metavar="DOMAIN")
@click.option("--no-try", is_flag=True, help="Make no connection.")
@click.option("--publish", is_flag=True, help="Only print the records that DOMAIN needs, if it is yours.")
@json_option("One JSON object.")
@click.pass_context
def tls(context: click.Context, domain: str, no_try: bool, publish: bool, is_json: bool) -> None:
    """
    Show what TLS the hosts of DOMAIN must do, and try.

    Shows the setting and what gave it, the TLSA records, the MTA-STS policy, and the level that follows for each host.
    Then connects to each host, begins TLS, shows its certificate, and leaves without sending mail.

    With --publish it prints the records of MTA-STS and of reports for a domain of this host, as lines of a zone.
    """
    _, config = configuration(context)
    if publish and is_json:
        raise UsageError("--publish prints lines of a zone; leave out --json")
    if publish:
        for line in zone_lines(config, domain):
            click.echo(line)
        return
    found = _explain(config, domain, is_tried=not no_try)
    if is_json:
        output.write_json(found)
        return
    output.write_pairs(
        [
            ("domain", found.domain),
            ("route", found.route),
            ("destination", found.destination),
            ("tls", found.tls),
            ("decided_by", found.decided_by),
            ("sts_record", found.sts_record),
            ("sts_policy", found.sts_policy),
            ("reply", found.reply),
        ]
    )
    if found.hosts:
        click.echo()
        output.write_table(_COLUMNS, [_row(each, is_tried=not no_try) for each in found.hosts])
    say(NAME, _summary(found, is_tried=not no_try))


def _explain(config: Config, domain: str, *, is_tried: bool) -> DomainTls:
    book, kept = _rows(config, domain)
    chosen = config.router_by(book).decide_for_domain(parse_stored(domain)).route
    if chosen is None:
        return DomainTls(domain)
    destination = chosen.destination(domain)
    hosts, reply = _hosts(config, chosen, destination)
    exchangers = tuple(dict.fromkeys(host.name for host in hosts if host.preference is not None))
    where = (*domain_and_next_hop(destination), exchangers)
    setting, origin = book.find(*where).tls, str(book.origin("tls", *where))
    answer = resolver(config).look_up([Question(record_name(domain), Kind.TXT)], config.dns.attempt_timeout_s)[0]
    shown = []
    for host in hosts:
        dane = next_hops(config).tlsa(host) if setting.asks_dane and not host.is_socket else None
        sts = kept.finding(host.name) if setting.asks_sts and kept is not None else NO_STS
        demand = demand_for(setting, origin, host, dane=dane, sts=sts)
        tlsa = None if dane is None else f"{dane.state}: {dane.why}" if dane.why else str(dane.state)
        one = HostTls(host.name, host.address, host.port, str(demand.level), demand.origin, tlsa)
        shown.append(_tried(config, host, one, demand) if is_tried else one)
    return DomainTls(
        *(domain, route_text(chosen), destination, str(setting), origin, _record(answer)),
        *(None if kept is None else _policy(kept), shown, reply),
    )


def _rows(config: Config, domain: str) -> tuple[RuleBook, KeptPolicy | None]:
    try:
        with open_queue(config).visiting(None) as visit:
            now = time.time()
            kept = find_policy(visit, domain)
            book = config.rule_book(rules_in_force(visit, now))
            return book, kept if kept is not None and kept.is_in_force(now) else None
    except MissingInput:
        return config.rule_book(()), None


def _hosts(config: Config, chosen: Route, destination: str) -> tuple[tuple[Host, ...], str | None]:
    hops = [hop.route for hop in (*chosen.hops, *chosen.backups)] if isinstance(chosen, ListRoute) else [chosen]
    hosts: list[Host] = []
    reply = None
    for hop in hops:
        if isinstance(hop, SocketRoute):
            hosts.append(socket_host(hop))
        elif isinstance(hop, HostRoute):
            found = next_hops(config).search(hop, hop.destination(destination)).hosts(random.random)
            if isinstance(found, NoHost):
                reply = found.reply.escaped()
            else:
                hosts += found
    return tuple(hosts), reply if not hosts else None


def _tried(config: Config, host: Host, one: HostTls, demand: HostDemand) -> HostTls:
    # 50 ms of imports, which no other verb should pay for.
    from empath.daemon.process.client_access import client_tls_as_user  # noqa: PLC0415
    from empath.net.tls_probe import try_tls  # noqa: PLC0415

    if host.is_socket or demand.refusal is not None:
        return replace(one, failure=demand.refusal.escaped() if demand.refusal is not None else None)
    timeout_s = config.delivery.connect_s
    found = try_tls(host, demand, client_tls_as_user(config), ehlo_name=str(config.hostname), timeout_s=timeout_s)
    return replace(
        one,
        version=found.version,
        cipher=found.cipher,
        names=list(found.names),
        fingerprint=found.fingerprint,
        proof=found.proof,
        failure=found.failure,
    )


def _record(answer: LookupAnswer) -> str:
    match answer:
        case Texts(records):
            return read_record(records) or "not exactly one record of MTA-STS"
        case Absent(why):
            return why
        case Failed(why):
            return f"failed: {why}"
        case _:
            return "an answer to another question"


def _policy(kept: KeptPolicy) -> str:
    policy = kept.policy
    until = Timestamp(kept.expires_at).iso8601()
    failure = f"; the last look failed: {kept.failure}" if kept.failure else ""
    return f"{kept.policy_id}, {policy.mode}, mx {' '.join(policy.patterns) or '-'}, until {until}{failure}"


def _row(one: HostTls, *, is_tried: bool) -> tuple[object, ...]:
    names = ", ".join(one.names[:_NAMES_SHOWN]) + (", …" if len(one.names) > _NAMES_SHOWN else "")
    result = one.failure or one.proof or ("not proved" if one.version else _IN_CLEAR if is_tried else None)
    return one.host, one.address, one.port or None, one.level, one.by, one.version, names or None, result


def _summary(found: DomainTls, *, is_tried: bool) -> str:
    if found.route is None:
        return "no route: new mail for this domain is refused; queued mail waits"
    if not found.hosts:
        return "no host to ask" if found.reply else "this route has no hosts"
    if not is_tried:
        return "no connection was made"
    good = sum(one.failure is None for one in found.hosts)
    return f"{good} of {len(found.hosts)} hosts meet what is demanded of TLS"


VERBS: Final = (tls,)
