"""
model - the whole configuration: the keys above all tables, and one attribute for each table

The tables are in empath/config/tables/, one module for each concern.  The text under a setting is its documentation:
conf/empath.toml and docs/configuration.md are generated from it by `make reference`.  An attribute
carries its unit in its name, a key of the file does not: there the value has the unit.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, Self

from pydantic import Field, ModelWrapValidatorHandler, PrivateAttr, ValidationInfo, field_validator, model_validator

from empath.config.fields import HostName, Mailbox
from empath.config.keys import KeyPath
from empath.config.pattern_tables import (
    THRESHOLD,
    AccountRoutes,
    Destinations,
    RecipientRules,
    Routes,
    SenderRoutes,
    Senders,
    Weights,
)
from empath.config.reading import problem, setting
from empath.config.renamed import with_new_names
from empath.config.tables.arc import Arc
from empath.config.tables.audit import Audit
from empath.config.tables.auth import Auth
from empath.config.tables.authentication import Authentication
from empath.config.tables.credentials import CredentialsByHost
from empath.config.tables.dedup import Dedup
from empath.config.tables.delivery import Delivery, Reports, Retry
from empath.config.tables.dkim import Dkim
from empath.config.tables.dns import Dns
from empath.config.tables.domain_reports import DmarcReports, TlsReports
from empath.config.tables.events import Events
from empath.config.tables.feedback import Feedback, VerpTable
from empath.config.tables.greylist import Greylist
from empath.config.tables.health import Health
from empath.config.tables.http import Http
from empath.config.tables.limits import Limits, Receiving, Timeouts
from empath.config.tables.milter import Milter
from empath.config.tables.modules import Modules
from empath.config.tables.mta_sts import MtaStsByDomain
from empath.config.tables.node import Node
from empath.config.tables.pickup import Pickup
from empath.config.tables.process import Log, Process
from empath.config.tables.queue import Queue, Retention
from empath.config.tables.receiving import Listener, Relay
from empath.config.tables.recipients import Aliases, Verification
from empath.config.tables.shaping import Shaping
from empath.config.tables.sources import Sources
from empath.config.tables.srs import Srs
from empath.config.tables.suppression import Suppression
from empath.config.tables.table import Table
from empath.config.tables.tls import Tls
from empath.config.tables.tracing import Tracing
from empath.config.tables.track import Track
from empath.config.tables.transcripts import Transcripts
from empath.config.tables.transports import Pipes, Webhooks
from empath.config.tables.warmup import Warmups
from empath.mail.address import Address
from empath.mail.domain import AddressLiteral, Domain
from empath.policy.access import is_of_postmaster
from empath.policy.bounce import is_double_bounce
from empath.policy.destinations.rulebook import Layer, RuleBook, RuleRow
from empath.policy.destinations.settings import BUILT_IN
from empath.policy.dnsbl import Blocklist, BlocklistPolicy
from empath.policy.limits.delivery import DeliveryRates, SenderRates
from empath.policy.pattern import DomainPattern, PatternTable
from empath.policy.recipients import RecipientRule, folded
from empath.policy.router import RouteLayer, Router, RouteTables
from empath.policy.routing import FeedbackRoute, ReportsRoute, Route, single_routes
from empath.policy.sources import SourcePool
from empath.policy.warmup import WarmupPlan


class Config(Table):
    """The whole server."""

    hostname: HostName = Field(examples=["mx.example.test"])
    """The name of this host in greetings, in EHLO and in trace fields. It should resolve to this host's address."""

    postmaster: Mailbox = Field(examples=["admin@example.test"])
    """Where mail to postmaster goes: without a domain or at the hostname, and to MAILER-DAEMON at the hostname."""

    node: Node = setting({})
    queue: Queue
    process: Process = setting({})
    listeners: tuple[Listener, ...] = Field(alias="listener")
    relay: Relay = setting({})
    auth: Auth = setting({})
    authentication: Authentication = setting({})

    routes_by_pattern: Routes = setting({"*": "mx"}, "routes")
    """
    Where mail goes next, by recipient: "user@example.org", "example.org", "*.example.org" for all names below it, "*"
    for all others. The most exact pattern counts. Mail to a domain without a pattern is refused. A route is "mx",
    "smtp://host:port" (one host, no MX look-up), "smtps://host:port" (TLS from the start), "smtp+mx://domain" (the MX
    of that domain), "lmtp://host:port", "smtp:/path" and "lmtp:/path" (a UNIX socket), "maildir:path", "pipe:name" (a
    program of [pipes]), "webhook:name" (an endpoint of [webhooks]), "https://host/path" (an endpoint without settings),
    "discard:", "feedback:" (a report about mail that went out), "reports:" (reports of other hosts, see
    [dmarc_reports]), or a list of hosts with weights and backups, such as ["smtp://a.example*3", "smtp://b.example",
    "backup smtp://c.example"].
    """

    sender_routes_by_pattern: SenderRoutes = setting({}, "sender_routes")
    """
    Routes by the sender, for recipients that only "*" of [routes] matches: "user@example.org", "@example.org",
    "@*.example.org" for all names below it, "<>" for mail without a sender, such as reports.
    """

    account_routes_by_name: AccountRoutes = setting({}, "account_routes")
    """
    Routes by the account with which the client logged in, for recipients that only "*" of [routes] matches. They go
    before those of [sender_routes].
    """

    credentials: CredentialsByHost = setting({})
    pipes: Pipes = setting({})
    sources: Sources = setting({})
    warmup: Warmups = setting({})
    webhooks: Webhooks = setting({})

    recipients_by_pattern: RecipientRules = setting({}, "recipients")
    """
    Which addresses of a relay domain exist, so that mail to others is refused by 550 5.1.1 at RCPT: "any" (the next
    host decides, as without a rule), "listed" for those of `empath-admin recipient`, "listed:path" for those of a
    file, one a line, "verify" if the next host takes them, "verify:lmtp://127.0.0.1:24" to ask a host by LMTP.
    """

    aliases: Aliases = setting({})
    verification: Verification = setting({})
    delivery: Delivery = setting({})
    retry: Retry = setting({})

    destinations_by_pattern: Destinations = setting({}, "destinations")
    """
    What holds of a destination, a table for each pattern: [destinations."example.org"]. A pattern is a domain of
    recipients, "*.example.org", "*" for all, a next hop as the view destination names it ("smtp:192.0.2.1:25"), or
    "mx:" and a host that MX records name ("mx:*.mail.example.net"). Each setting is taken from the most exact pattern
    that has it. Rows of the view destination_rule come before the tables: see DELIVERY.md.
    """

    senders_by_pattern: Senders = setting({}, "senders")
    """
    Most messages of a sender that go out in a time, over all workers, by the address or domain of the reverse-path:
    [senders."news@example.org"] with rate = "100/1m". A pattern of several domains, "*.example.org" or "*", gives each
    domain a rate of its own. Reports have no limit.
    """

    reports: Reports = setting({})
    tls: Tls = setting({})
    mta_sts: MtaStsByDomain = setting({})
    dmarc_reports: DmarcReports = setting({})
    tls_reports: TlsReports = setting({})
    greylist: Greylist = setting({})
    suppression: Suppression = setting({})
    shaping: Shaping = setting({})
    dedup: Dedup = setting({})
    receiving: Receiving = setting({})
    pickup: Pickup = setting({})
    dkim: Dkim = setting({})
    srs: Srs = setting({})
    arc: Arc = setting({})
    verp: VerpTable = setting({})
    feedback: Feedback = setting({})
    dns: Dns = setting({})

    dnsbl_weights: Weights = setting({}, "dnsbl")
    """
    Zones of the DNS that list clients, each with its weight. A listener of role mx refuses a client outside [relay]
    networks if the weights of the zones that list it add up to `threshold`, by default 1. A list of good hosts has a
    negative weight. "zone=127.0.0.[2..11;20]" counts some answers of a zone only.
    """

    modules: Modules = setting({})
    """
    Python modules with hooks, asked in this order, by the name that `import` takes: see MODULES.md. `deadline` is the
    longest time of one call, "2s" by default. `on_failure` says what a client hears after a call that fails or takes
    too long: "451", which is the default, or nothing with "pass". All other keys are settings of the module.
    """

    milters: tuple[Milter, ...] = setting([], "milter")
    http: Http = setting({})
    events: Events = setting({})
    health: Health = setting({})
    tracing: Tracing = setting({})
    transcripts: Transcripts = setting({})
    track: Track = setting({})
    log: Log = setting({})
    retention: Retention = setting({})
    audit: Audit = setting({})

    @property
    def uses_tls(self) -> bool:
        """Whether a listener, or that of [http], presents a certificate."""
        return self.http.has_tls or any(listener.tls.needs_certificate for listener in self.listeners)

    _old_names: tuple[KeyPath, ...] = PrivateAttr(())

    @property
    def old_names(self) -> tuple[KeyPath, ...]:
        """Keys of the file whose old name this version still reads, see `renamed`."""
        return self._old_names

    @property
    def limits(self) -> Limits:
        """The table [receiving.limits]."""
        return self.receiving.limits

    @property
    def timeouts(self) -> Timeouts:
        """The table [receiving.timeouts]."""
        return self.receiving.timeouts

    @cached_property
    def router(self) -> Router:
        """What decides routes by the tables of this configuration."""
        return self.router_by(self.rule_book())

    def router_by(self, book: RuleBook) -> Router:
        """What decides routes by the tables of this configuration and by the rules of *book*."""
        layers = {Layer.FILE: RouteLayer.DESTINATIONS, Layer.ROW: RouteLayer.RULE}
        tables = RouteTables(
            recipients=(
                *(*self.routes_by_pattern.items(), *self._routes_of_feedback()),
                *((each, ReportsRoute()) for each in self.receives_reports),
            ),
            senders=tuple(self.sender_routes_by_pattern.items()),
            accounts=tuple(self.account_routes_by_name.items()),
            rules=tuple(
                (DomainPattern(str(origin.pattern)), found, layers[origin.layer])
                for found, origin in book.each("route")
            ),
        )
        return Router(self.hostname, tables)

    def _routes_of_feedback(self) -> Iterator[tuple[DomainPattern | Address, Route]]:
        """What comes back about mail that went out is read, whatever [routes] says."""
        if self.verp.domain is not None:
            yield DomainPattern(str(self.verp.domain)), FeedbackRoute()
        if self.feedback.address is not None:
            yield self.feedback.address, FeedbackRoute()

    def is_for_feedback(self, address: Address) -> bool:
        """Whether *address* is the one for complaints."""
        return self.feedback.address is not None and folded(str(address)) == folded(str(self.feedback.address))

    def each_route(self) -> Iterator[tuple[KeyPath, Route]]:
        """Every route of the file with its key; a list of next hops is each of them."""
        return ((keys, single) for keys, route in self.each_whole_route() for single in single_routes(route))

    def each_whole_route(self) -> Iterator[tuple[KeyPath, Route]]:
        """Every route of the file with its key."""
        tables: dict[str, Mapping[Any, Route]] = {
            "routes": self.routes_by_pattern,
            "sender_routes": self.sender_routes_by_pattern,
            "account_routes": self.account_routes_by_name,
        }
        for name, table in tables.items():
            for pattern, route in table.items():
                yield (name, str(pattern)), route
        for destination, given in self.destinations_by_pattern.items():
            if "route" in given:
                yield ("destinations", str(destination), "route"), given["route"]
        if self.authentication.quarantine_route is not None:
            yield ("authentication", "quarantine_route"), self.authentication.quarantine_route

    @cached_property
    def recipient_rules(self) -> PatternTable[RecipientRule]:
        """The rules of [recipients]."""
        return PatternTable(self.recipients_by_pattern.items())

    @cached_property
    def blocklists(self) -> BlocklistPolicy | None:
        """The lists of [dnsbl]; None if there are none."""
        weights = {**self.dnsbl_weights}
        threshold = weights.pop(THRESHOLD, 1)
        lists = tuple((Blocklist.parse(text), weight) for text, weight in weights.items())
        return BlocklistPolicy(lists, threshold) if lists else None

    @property
    def receives_reports(self) -> tuple[Address, ...]:
        """The addresses whose mail are reports of others."""
        return (*self.dmarc_reports.receive, *self.tls_reports.receive)

    def is_for_postmaster(self, address: Address) -> bool:
        """Whether mail to *address* goes to the postmaster. If the hostname is a relay domain, its next host knows."""
        is_of_here = is_of_postmaster(address, self.hostname, self.srs.domain, self.verp.domain)
        return is_of_here and DomainPattern(str(address.domain)) not in self.relay.domains

    def is_own_domain(self, domain: Domain | AddressLiteral) -> bool:
        """Whether mail to *domain* stays in this house, so that its senders stay as they are."""
        return domain == self.hostname or self._own_domains.find(domain) is not None

    @cached_property
    def _own_domains(self) -> PatternTable[bool]:
        return PatternTable((pattern, True) for pattern in (*self.relay.domains, *self.srs.own_domains))

    def is_never_suppressed(self, address: str) -> bool:
        """Whether *address*, in text form, gets mail although it is suppressed: the postmaster, and what ends loops."""
        return address == str(self.postmaster) or is_double_bounce(address, self.hostname)

    def limits_of(self, listener: Listener) -> Limits:
        """The limits of *listener*: its own, and those of all where it has none."""
        return self.limits.model_copy(update=listener.limits.given)

    @cached_property
    def largest_message_octets(self) -> int:
        """The size of the largest message that any listener takes."""
        return max(self.limits_of(listener).message_octets for listener in self.listeners)

    def delivery_rates(self, book: RuleBook) -> DeliveryRates:
        """The rates of deliveries by this file and by the rules in *book*."""
        senders = {str(pattern): rate for pattern, rate in self.senders_by_pattern.items()}
        return DeliveryRates(
            all_mail=self.delivery.rate,
            senders=SenderRates.of(senders) if senders else None,
            of_destination=book.buckets if book.gives("rate") else None,
        )

    @cached_property
    def source_pools(self) -> dict[str, SourcePool]:
        """The pools of [sources], by name."""
        return {name: source.pool(name) for name, source in self.sources.items()}

    @cached_property
    def warmup_plans(self) -> tuple[WarmupPlan, ...]:
        """The plans of [warmup]."""
        return tuple(each.plan(name) for name, each in self.warmup.items())

    def rule_book(self, rows: Iterable[RuleRow] = ()) -> RuleBook:
        """What holds of destinations, by this file and by *rows* of the queue."""
        return RuleBook(BUILT_IN, self.destinations_by_pattern.items(), rows)

    @model_validator(mode="wrap")
    @classmethod
    def _tables_may_have_old_names(cls, data: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, dict):
            return read(data)
        found, old_names = with_new_names(data)
        config = read(found)
        config._old_names = old_names
        return config

    @field_validator("node", mode="before")
    @classmethod
    def _node_is_named_by_the_hostname(cls, value: object, info: ValidationInfo) -> object:
        if isinstance(value, dict) and "hostname" in info.data:
            return {"name": str(info.data["hostname"])} | value
        return value

    @field_validator("process", mode="before")
    @classmethod
    def _pid_file_is_next_to_the_queue(cls, value: object, info: ValidationInfo) -> object:
        queue = info.data.get("queue")
        if isinstance(value, dict) and queue is not None:
            return {"pid_file": str(queue.path.with_name("empathd.pid"))} | value
        return value

    @field_validator("tls")
    @classmethod
    def _listeners_have_their_certificate(cls, value: Tls, info: ValidationInfo) -> Tls:
        listeners = enumerate(info.data.get("listeners", ()))
        needing = [(index, listener.text) for index, listener in listeners if listener.tls.needs_certificate]
        for key in ("certificate", "key") if needing else ():
            if getattr(value, key) is None:
                index, name = needing[0]
                words = f"is missing; the listener {name} needs it"
                raise problem(words, key, because_of=("listener", index, "tls"))
        return value

    @field_validator("http")
    @classmethod
    def _https_has_its_certificate(cls, value: Http, info: ValidationInfo) -> Http:
        tls = info.data.get("tls")
        if value.has_tls and tls is not None and None in (tls.certificate, tls.key):
            raise problem("needs certificate and key in [tls]", "tls")
        return value

    @field_validator("warmup")
    @classmethod
    def _one_plan_for_an_address_and_a_provider(cls, value: Warmups) -> Warmups:
        seen: dict[tuple[str, str], str] = {}
        for name, each in value.items():
            other = seen.setdefault((each.address, each.provider), name)
            if other != name:
                raise problem(f"has the address and the provider of {other}", name)
        return value

    @field_validator("milters")
    @classmethod
    def _no_filter_twice(cls, value: tuple[Milter, ...]) -> tuple[Milter, ...]:
        names = [milter.name for milter in value]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise problem(f"another filter already has the address {name}", index, "address")
        return value

    @field_validator("listeners")
    @classmethod
    def _no_address_twice(cls, value: tuple[Listener, ...]) -> tuple[Listener, ...]:
        if not value:
            raise problem("needs at least one")
        seen = set()
        for index, listener in enumerate(value):
            if listener.address in seen:
                raise problem(f"another listener already has the address {listener.text}", index, "address")
            seen.add(listener.address)
        return value
