"""
receiving - the tables [[listener]] and [relay]: where mail comes in, and which clients may relay
"""

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import Field, StrictBool, ValidationInfo, field_serializer, field_validator

from empath.config.fields import (
    CommandWord,
    FileMode,
    HostName,
    ListenAddress,
    ProxyNetwork,
    RelayDomain,
    Seconds,
    TracingNetwork,
    TrustedNetwork,
)
from empath.config.reading import problem, setting
from empath.config.tables.authentication import ListenerAuthentication
from empath.config.tables.limits import ListenerLimits
from empath.config.tables.table import Table
from empath.config.tables.tls import TlsMode
from empath.mail.endpoint import Endpoint, UnixSocket
from empath.mail.protocol import Protocol
from empath.policy.access import RelayPolicy, Role
from empath.smtp.server.extensions import FORBIDDEN

_SMTP_PORT = 25


class Listener(Table):
    """An address that accepts mail. There may be several of these tables."""

    address: ListenAddress = Field(examples=["127.0.0.1:2525"])
    """IP address and port, an IPv6 address in brackets: "[::1]:2525". "[::]:25" is for IPv6 only; IPv4 needs a table
    of its own, "0.0.0.0:25". Or a UNIX socket, "unix:/run/empath/lmtp"; its clients count as 127.0.0.1."""

    role: Role = setting("mx")
    """What it is for: "mx" for mail from the Internet, "submission" for users, "internal" for your own hosts."""

    protocol: Protocol = setting("smtp")
    """What it speaks: "smtp", or "lmtp", which answers the content of a message once for each recipient. LMTP may not
    be on port 25, RFC 2033 §5."""

    socket_mode: FileMode = setting("0666")
    """File mode of the UNIX socket: who may write to it may send mail."""

    tls: TlsMode = setting("none")
    """Whether clients may use TLS: "none", "starttls" if they ask for it, "required" by STARTTLS before any mail, or
    "implicit" from the first octet, as on port 465. The certificates are in [tls]."""

    hostname: HostName | None = setting(None, example="mx1.example.test")
    """The name of this host in the greetings and trace fields of this listener. Not set: `hostname`."""

    auth: Annotated[bool, Field(strict=True)] | None = setting(None, example=True)
    """Whether clients may log in here, see [auth]. Not set: on role submission they may."""

    auth_in_clear: bool = Field(False, strict=True)
    """Whether they may log in without TLS, too. Whoever is on the way then reads their passwords."""

    hides_clients: bool = Field(False, alias="hide_clients", strict=True)
    """Whether the Received field of clients that have logged in leaves out their names and addresses."""

    bare_line_feed: Literal["normalize", "reject"] = setting("normalize")
    """What becomes of lines that end in LF without CR: "normalize" makes them CRLF, "reject" refuses the mail with 521
    5.5.2 and closes the connection, except of clients in [relay] networks. Either way no mail ends elsewhere than it
    did for its sender."""

    proxy_protocol: tuple[ProxyNetwork, ...] = setting([])
    """Proxies in front of this listener, such as HAProxy with send-proxy or send-proxy-v2: each of their connections
    begins with a header that names the client. A connection from one of these networks without a header is closed; a
    header from elsewhere is not believed."""

    xclient: tuple[ProxyNetwork, ...] = setting([])
    """Clients that may speak for others by XCLIENT, as mail proxies do, and say by XFORWARD where a message came from,
    as content filters do."""

    trust_traceparent: tuple[TracingNetwork, ...] = setting([])
    """Clients whose messages go on in the trace that their field `Traceparent` names, see [tracing]. They decide which
    of their messages are traced."""

    forbidden_commands: tuple[CommandWord, ...] = setting(sorted(FORBIDDEN))
    """First words that end a session with 221: their senders do not speak SMTP. A header field does it, too."""

    greet_delay_s: Seconds = setting("0s", "greet_delay")
    """How long a client outside [relay] networks waits for the banner. One that speaks before it is sent away, as
    programs that send spam often do. Without a delay only words that have arrived with the connection count."""

    client_names: bool = Field(False, strict=True)
    """Look up the name of each client in the DNS (PTR), and whether that name has its address, for the log and the
    Received field."""

    deduplicates: StrictBool | None = setting(None, "deduplicate", example=True)
    """Whether a message that comes twice within [dedup] window is queued once. Not set: on any role but mx."""

    signs: StrictBool | None = setting(None, "sign", example=True)
    """Whether mail of clients that have logged in or are in [relay] networks is signed here, see [dkim]. Not set: on
    role submission. Mail of other clients is never signed."""

    limits: ListenerLimits = setting({})
    """What this listener has instead of [receiving.limits]."""

    authentication: ListenerAuthentication = setting({})

    @field_serializer("limits")
    def _given_limits(self, value: ListenerLimits) -> dict[str, Any]:
        return value.model_dump(mode="json", by_alias=True, include=value.model_fields_set)

    @field_validator("protocol")
    @classmethod
    def _lmtp_is_not_on_the_port_of_smtp(cls, value: Protocol, info: ValidationInfo) -> Protocol:
        address = info.data.get("address")
        if value is Protocol.LMTP and isinstance(address, Endpoint) and address.port == _SMTP_PORT:
            raise problem("must not be lmtp on port 25 (RFC 2033 §5)")
        return value

    @cached_property
    def forbidden(self) -> frozenset[str]:
        """The forbidden first words, in upper case."""
        return frozenset(self.forbidden_commands)

    @property
    def has_deduplication(self) -> bool:
        """Whether a message that comes twice is queued once, if [dedup] has a window."""
        return self.role is not Role.MX if self.deduplicates is None else self.deduplicates

    @property
    def has_auth(self) -> bool:
        """Whether clients may log in here."""
        return self.role is Role.SUBMISSION if self.auth is None else self.auth

    @property
    def has_signing(self) -> bool:
        """Whether mail of known clients is signed here."""
        return self.role is Role.SUBMISSION if self.signs is None else self.signs

    @property
    def endpoint(self) -> Endpoint | None:
        """The IP address and port; None for a UNIX socket."""
        return self.address if isinstance(self.address, Endpoint) else None

    @property
    def unix_socket(self) -> UnixSocket | None:
        """The UNIX socket, if it listens on one."""
        return self.address if isinstance(self.address, UnixSocket) else None

    @property
    def text(self) -> str:
        """`127.0.0.1:2525`, `[::1]:2525` or `unix:/run/empath/lmtp`."""
        return str(self.address)


class Relay(Table):
    """Which clients may relay through this server. Any other client reaches the relay domains only."""

    networks: tuple[TrustedNetwork, ...] = setting(["127.0.0.0/8", "::1/128"])
    """Clients that may relay anywhere."""

    domains: tuple[RelayDomain, ...] = setting([])
    """Domains for which mail is accepted from anyone and relayed on: "example.org", "*.example.org"."""

    @cached_property
    def policy(self) -> RelayPolicy:
        """The rule that both settings make."""
        return RelayPolicy(self.networks, self.domains)
