"""
receiving - the tables [[listener]], [relay], [limits] and [timeouts]: what clients may do, and how long they may take
"""

from functools import cached_property
from typing import Annotated

from pydantic import Field, field_serializer, field_validator

from empath.config.fields import (
    Count,
    ListenAddress,
    Octets,
    ProxyNetwork,
    RelayDomain,
    TrustedNetwork,
    Wait,
    problem,
    setting,
)
from empath.config.tables.table import Table
from empath.policy.access import RelayPolicy, Role


class Listener(Table):
    """An address that accepts mail. There may be several of these tables."""

    address: ListenAddress = Field(examples=["127.0.0.1:2525"])
    """IP address and port, an IPv6 address in brackets: "[::1]:2525". "[::]:25" is for IPv6 only; IPv4 needs a table
    of its own, "0.0.0.0:25"."""

    role: Role = setting("mx")
    """What it is for: "mx" for mail from the Internet, "submission" for users, "internal" for your own hosts."""

    proxy_protocol: tuple[ProxyNetwork, ...] = setting([])
    """Proxies in front of this listener, such as HAProxy with send-proxy or send-proxy-v2: each of their connections
    begins with a header that names the client. A connection from one of these networks without a header is closed; a
    header from elsewhere is not believed."""

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
    """Which clients may relay through this server. Any other client reaches the relay domains only."""

    networks: tuple[TrustedNetwork, ...] = setting(["127.0.0.0/8", "::1/128"])
    """Clients that may relay anywhere."""

    domains: tuple[RelayDomain, ...] = setting([])
    """Domains for which mail is accepted from anyone and relayed on: "example.org", "*.example.org"."""

    @cached_property
    def policy(self) -> RelayPolicy:
        """The rule that both settings make."""
        return RelayPolicy(self.networks, self.domains)


class Limits(Table):
    """Limits on what clients send."""

    message_octets: Octets = setting("50MiB", "message_size")
    """Largest message. At least 64KiB, RFC 5321 §4.5.3.1.7."""

    recipients: Annotated[Count, Field(ge=100)] = setting(1000)
    """Recipients of one message. At least 100, RFC 5321 §4.5.3.1.8."""

    connections: Count = setting(1000)
    """Clients' connections at the same time. A tenth is kept for each listener, and never more than half for all."""

    connections_per_client: Count = setting(50)
    """Connections of one address at the same time; clients in [relay] networks are exempt."""

    ipv6_prefix: Annotated[int, Field(strict=True, ge=1, le=128)] = setting(64)
    """Addresses with these leading bits in common count as one address on IPv6."""

    errors: Count = setting(20)
    """Errors after which a session is ended."""

    slow_errors: Count = setting(10)
    """Errors after which every reply of a session is delayed by one second."""

    junk: Count = setting(100)
    """Commands without effect (NOOP, RSET, VRFY) in one session, after which each further one counts as an error."""

    line_octets: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] | None = setting(998, "line_length")
    """Longest line of content in octets on listeners of role submission and internal; 0 for no limit. Role mx keeps
    to the 998 of RFC 5321 §4.5.3.1.6. A longer line is sent on as it is: the next host may refuse the mail,
    or break the line, and with it a DKIM signature or a word of HTML."""

    header_octets: Octets = setting("1MiB", "header_size")
    """Largest header section of a message; a message with a larger one is refused with 552 5.3.4."""

    received_hops: Count = setting(50)
    """Number of Received fields at which a message is taken to be in a loop."""

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
    """How long the server waits for clients."""

    command_s: Wait = setting("5m", "command")
    """Wait for a command, RFC 5321 §4.5.3.2.7."""

    content_s: Wait = setting("3m", "content")
    """Wait for the next piece of content."""

    session_s: Wait = setting("1h", "session")
    """Longest time that one session may last in all. An open transaction is finished first."""

    proxy_s: Wait = setting("5s", "proxy_header")
    """Wait for the header of a proxy, see `proxy_protocol`."""
