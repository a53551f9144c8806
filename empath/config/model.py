"""
model - the definition of the configuration

One class per table of the file, [dns] in a module of its own.  The text under each setting is its documentation:
conf/empath.toml and docs/configuration.md are made from here by `python -m empath.config.reference`, so no example is
out of date.  Attributes carry their unit, keys in the file do not: there the value does.
"""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_serializer, field_validator

from empath.config.fields import (
    ConfigPath,
    Count,
    HostName,
    ListenAddress,
    Mailbox,
    Octets,
    RelayDomain,
    Routes,
    Schedules,
    Seconds,
    Share,
    Text,
    TrustedNetwork,
    Wait,
    problem,
    setting,
)
from empath.config.tables.dns import Dns
from empath.config.tables.table import Table
from empath.mail.domain import AddressLiteral, Domain
from empath.policy.access import RelayPolicy, Role
from empath.policy.bounce import is_double_bounce
from empath.policy.retry import RetrySchedule, RetryTable
from empath.policy.routing import DiscardRoute, Route, RouteTable


class Queue(Table):
    """Where accepted mail is kept until it is delivered."""

    path: ConfigPath = Field(examples=["/var/lib/empath/queue.db"])
    """The queue database, on a local file system. Large content lies beside it, in the directory spool/."""

    inline_octets: Octets = setting("256KiB", "inline_size")
    """Content up to this size is kept in the database, larger content in spool/."""

    memory_octets: Octets = setting("32MiB", "memory_size")
    """How much unfinished content one process holds in memory before all further content goes to spool/."""

    reserve_octets: Octets = setting("256MiB", "reserve")
    """Free space of the disk that is kept for recording deliveries. Below it new mail is refused for the time being."""

    wal_limit_octets: Octets = setting("1GiB", "wal_limit")
    """Size of the write-ahead log beyond which new mail is refused for the time being."""

    lock_timeout_s: Wait = setting("30s", "lock_timeout")
    """How long a message that came in waits while another program keeps the queue locked; then its client gets 451."""

    @cached_property
    def spool(self) -> Path:
        """The directory of large content, beside the database."""
        return self.path.with_name("spool")

    @field_validator("memory_octets")
    @classmethod
    def _memory_holds_one_message(cls, value: int, info: ValidationInfo) -> int:
        if value < info.data.get("inline_octets", 0):
            raise problem("is less than inline_size, so that content of that size would never be kept in memory")
        return value


class Process(Table):
    """The processes themselves."""

    user: Text | None = setting(None, example="empath")
    """The user that the processes become when they are started as root. Not set: they stay what they are."""

    pid_file: ConfigPath = setting("empathd.pid", example="/run/empath/empathd.pid")
    """Where the supervisor writes its process id. Not set: empathd.pid beside the queue database."""


class Listener(Table):
    """An address that accepts mail. There may be several of these tables."""

    address: ListenAddress = Field(examples=["127.0.0.1:2525"])
    """IP address and port, an IPv6 address in brackets: "[::1]:2525"."""

    role: Role = setting("mx")
    """What it is for: "mx" for mail from the Internet, "submission" for users, "internal" for hosts of ours."""

    @property
    def host(self) -> str:
        """The address without brackets."""
        return self.address.host

    @property
    def port(self) -> int:
        """The port, 1..65535."""
        return self.address.port

    @property
    def text(self) -> str:
        """`127.0.0.1:2525` or `[::1]:2525`."""
        return str(self.address)


class Relay(Table):
    """Who may send mail through this server. Whoever is in none of the networks reaches the relay domains only."""

    networks: tuple[TrustedNetwork, ...] = setting(["127.0.0.0/8", "::1/128"])
    """Clients that may relay anywhere."""

    domains: tuple[RelayDomain, ...] = setting([])
    """Domains for which mail is accepted from anyone and relayed on: "example.org", "*.example.org"."""

    @cached_property
    def policy(self) -> RelayPolicy:
        """Both settings as the decision they are."""
        return RelayPolicy(self.networks, self.domains)


class Delivery(Table):
    """How mail is handed on. The timeouts are those of RFC 5321 §4.5.3.2."""

    workers: Annotated[Count, Field(le=256)] = setting(2)
    """Processes that deliver."""

    concurrency: Count = setting(20)
    """Connections to one destination at the same time, over all workers."""

    sessions: Count = setting(100)
    """Connections that one worker has at the same time. Three times as many may wait for hosts that say nothing."""

    reuse_s: Seconds = setting("300s", "reuse")
    """How long a connection may be used for further messages."""

    idle_s: Seconds = setting("2s", "idle")
    """How long a connection is kept open with nothing to send."""

    mx_port: Annotated[Count, Field(le=65535)] = setting(25)
    """Port of the hosts that a domain's MX records name. Another one than 25 is for a network of one's own."""

    without_8bitmime: Literal["convert", "convert-or-send", "bounce"] = setting("convert")
    """What a host without 8BITMIME gets of mail that is not all ASCII. "convert": the parts in question as
    quoted-printable or base64; what cannot be converted, such as signed mail, bounces. "convert-or-send": that goes as
    it is. "bounce": no conversion."""

    connect_s: Wait = setting("30s", "connect_timeout")
    """Wait for a connection to be made."""

    greeting_s: Wait = setting("5m", "greeting_timeout")
    """Wait for the greeting of a host."""

    ehlo_s: Wait = setting("5m", "ehlo_timeout")
    """Wait for the reply to EHLO or HELO."""

    mail_s: Wait = setting("5m", "mail_timeout")
    """Wait for the reply to MAIL."""

    rcpt_s: Wait = setting("5m", "rcpt_timeout")
    """Wait for the reply to RCPT."""

    data_s: Wait = setting("2m", "data_timeout")
    """Wait for the reply to DATA."""

    content_s: Wait = setting("3m", "content_timeout")
    """Wait for a piece of the content to be taken."""

    end_of_data_s: Wait = setting("10m", "end_of_data_timeout")
    """Wait for the reply to the end of the content. A short one makes duplicates."""

    quit_s: Wait = setting("5s", "quit_timeout")
    """Wait for the reply to QUIT. Nothing depends on it."""


class Retry(Table):
    """When mail that could not be delivered yet is tried again."""

    base_s: Seconds = setting("60s", "base")
    """Delay after the first failed attempt; each further one doubles it."""

    max_s: Seconds = setting("4h", "max")
    """Longest delay."""

    jitter: Share = setting(0.2)
    """Share, 0 to 1, by which each delay is stretched or shortened at random."""

    lifetime_s: Seconds = setting("5d", "lifetime")
    """Age at which a failed attempt is the last one. "0s" gives exactly one attempt."""

    bounce_lifetime_s: Seconds = setting("5d", "bounce_lifetime")
    """The same for mail without a sender, such as failure reports."""

    delay_warning_s: Seconds = setting("4h", "delay_warning_time")
    """Age at which a failed attempt is told to the sender, once for each message. "0s" for never."""

    @cached_property
    def schedule(self) -> RetrySchedule:
        """The delays as the decision they are."""
        return RetrySchedule(self.base_s, self.max_s, self.jitter)

    @field_validator("base_s")
    @classmethod
    def _base_is_no_busy_loop(cls, value: float) -> float:
        if value < 1:
            raise problem("must be at least 1s")
        return value

    @field_validator("max_s")
    @classmethod
    def _max_is_not_below_base(cls, value: float, info: ValidationInfo) -> float:
        if value < info.data.get("base_s", 0):
            raise problem("is less than base")
        return value


class Limits(Table):
    """What is taken from clients."""

    message_octets: Octets = setting("50MiB", "message_size")
    """Largest message. At least 64KiB, RFC 5321 §4.5.3.1.7."""

    recipients: Annotated[Count, Field(ge=100)] = setting(1000)
    """Recipients of one message. At least 100, RFC 5321 §4.5.3.1.8."""

    connections: Count = setting(1000)
    """Clients' connections at the same time."""

    connections_per_client: Count = setting(50)
    """Connections of one address at the same time; clients in [relay] networks are exempt."""

    errors: Count = setting(20)
    """Errors after which a session is ended."""

    slow_errors: Count = setting(10)
    """Errors after which every reply of a session is delayed by one second."""

    junk: Count = setting(100)
    """Commands without effect (NOOP, RSET, VRFY) in one session, after which each further one counts as an error."""

    line_octets: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] | None = setting(998, "line_length")
    """Longest line of content in octets on listeners of role submission and internal; 0 for no limit. Role mx keeps
    to the 998 of RFC 5321 §4.5.3.1.6."""

    header_octets: Octets = setting("100KiB", "header_size")
    """Largest header of a message; what is beyond it is dropped."""

    received_hops: Count = setting(50)
    """Received fields in a message that is taken to be in a loop."""

    @field_validator("message_octets")
    @classmethod
    def _message_size_is_not_below_the_rfc(cls, value: int) -> int:
        if value < 65_536:
            raise problem("must be at least 64KiB (RFC 5321 §4.5.3.1.7)")
        return value

    @field_validator("line_octets")
    @classmethod
    def _line_length_is_not_below_the_rfc(cls, value: int | None) -> int | None:
        if value is not None and 0 < value < 998:
            raise problem("must be 0 for no limit, or at least 998 (RFC 5321 §4.5.3.1.6)")
        return value or None

    @field_serializer("line_octets")
    def _no_limit_is_zero(self, value: int | None) -> int:
        return value or 0


class Timeouts(Table):
    """How long clients are waited for."""

    command_s: Wait = setting("5m", "command")
    """Wait for a command, RFC 5321 §4.5.3.2.7."""

    content_s: Wait = setting("3m", "content")
    """Wait for the next piece of content."""

    session_s: Wait = setting("1h", "session")
    """Longest time that one session may last in all."""


class Log(Table):
    """The log: one line for each acceptance, attempt and fate."""

    format: Literal["json", "logfmt"] = setting("logfmt")
    """How a line is written: "json" or "logfmt" (key=value)."""

    level: Literal["debug", "info", "warning", "error"] = setting("info")
    """Least severity that is written: "debug", "info", "warning" or "error"."""

    file: ConfigPath | None = setting(None, example="/var/log/empath/empath.log")
    """The file to append to. Not set: standard error, or empathd.log beside the queue database when detached."""


class Retention(Table):
    """How long the queue database remembers what is finished. "0s" forgets at once."""

    delivered_s: Seconds = setting("1d", "delivered")
    """Recipients that were delivered to."""

    final_s: Seconds = setting("7d", "final")
    """Recipients that ended otherwise: bounced, expired, cancelled."""

    content_s: Seconds = setting("1d", "content")
    """Content of messages that bounced or were cancelled, so that they can be sent again."""


class Config(Table):
    """The whole server."""

    hostname: HostName = Field(examples=["mx.example.test"])
    """The name of this host in greetings, in EHLO and in trace fields; it should resolve to this host's address."""

    postmaster: Mailbox = Field(examples=["admin@example.test"])
    """Where mail to postmaster without a domain goes."""

    queue: Queue
    process: Process = setting({})
    listeners: tuple[Listener, ...] = Field(alias="listener")
    relay: Relay = setting({})

    routes_by_pattern: Routes = setting({"*": "mx"}, "routes")
    """
    Where mail goes next, by domain: "example.org", "*.example.org" for all names below, "*" for all others; the most
    exact one counts, and a domain without one is refused. A route is "smtp://host:port" (one host, no MX look-up),
    "mx", "maildir:path" or "discard:".
    """

    delivery: Delivery = setting({})
    retry: Retry = setting({})

    schedules_by_pattern: Schedules = setting({}, "schedules")
    """
    Delays in the place of those of [retry], by the recipient's domain, as in [routes]. "1m 5m*2 1h*3" waits a minute
    after the first failed attempt, five after the next two, then an hour; the last one goes on until the lifetime is
    over. The jitter of [retry] applies.
    """

    limits: Limits = setting({})
    timeouts: Timeouts = setting({})
    dns: Dns = setting({})
    log: Log = setting({})
    retention: Retention = setting({})

    @cached_property
    def routes(self) -> RouteTable:
        """The routes as the decision they are."""
        return RouteTable(self.routes_by_pattern.items())

    def find_route(self, address: str, domain: Domain | AddressLiteral) -> Route | None:
        """The route for one recipient; *domain* is that of its *address*. None: its mail has nowhere to go."""
        if is_double_bounce(address, self.hostname):
            return DiscardRoute()
        return self.routes.find(domain)

    @cached_property
    def retries(self) -> RetryTable:
        """The delays by the recipient's domain."""
        return RetryTable(self.retry.schedule, self.schedules_by_pattern.items())

    @field_validator("process", mode="before")
    @classmethod
    def _pid_file_lies_beside_the_queue(cls, value: object, info: ValidationInfo) -> object:
        queue = info.data.get("queue")
        if isinstance(value, dict) and queue is not None:
            return {"pid_file": str(queue.path.with_name("empathd.pid"))} | value
        return value

    @field_validator("listeners")
    @classmethod
    def _no_address_twice(cls, value: tuple[Listener, ...]) -> tuple[Listener, ...]:
        if not value:
            raise problem("needs at least one")
        seen = set()
        for index, listener in enumerate(value):
            if listener.address in seen:
                raise problem(f"{listener.text} is another listener's address already", index, "address")
            seen.add(listener.address)
        return value
