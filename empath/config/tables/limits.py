"""
limits - the table [receiving]: how much clients may send, how often, and how long they may take
"""

from typing import Annotated

from pydantic import Field, field_serializer, field_validator

from empath.config.fields import Count, Octets, OctetsPerSecond, RateLimit, Seconds, Wait
from empath.config.reading import problem, setting
from empath.config.tables.table import Table


class Limits(Table):
    """Limits on what clients send."""

    message_octets: Octets = setting("50MiB", "message_size")
    """Largest message. At least 64KiB, RFC 5321 §4.5.3.1.7."""

    recipients: Annotated[Count, Field(ge=100)] = setting(1000)
    """Recipients of one message. At least 100, RFC 5321 §4.5.3.1.8."""

    messages_per_session: Count | None = setting(None, example=1000)
    """Messages that a client may begin in one session. A further MAIL is answered with 421 4.7.0. Not set: no
    limit."""

    recipients_per_session: Annotated[Count, Field(ge=100)] | None = setting(None, example=10_000)
    """Recipients of all messages of one session; each further one gets 452 4.5.3. Not set: no limit. At least 100,
    RFC 5321 §4.5.3.1.8."""

    connections: Count = setting(1000)
    """Clients' connections at the same time. A tenth is kept for each listener, and never more than half for all. In
    [listener.limits] it is the number of that listener, within the number of all."""

    connections_per_client: Count = setting(50)
    """Connections of one address at the same time; clients in [relay] networks are exempt."""

    ipv6_prefix: Annotated[int, Field(strict=True, ge=1, le=128)] = setting(64)
    """Addresses with these leading bits in common count as one address on IPv6."""

    connection_rate_per_client: RateLimit | None = setting(None, example="100/1m")
    """New connections of one address: "100/1m" is 100 in a minute; another one is refused with 421 4.7.0. Not set: no
    limit. Clients in [relay] networks are exempt from this and each other rate per client."""

    message_rate_per_client: RateLimit | None = setting(None, example="100/1m")
    """Messages of one address; a further MAIL is refused with 450 4.7.1. Not set: no limit."""

    recipient_rate_per_client: RateLimit | None = setting(None, example="1000/1h")
    """Recipients of all messages of one address; a further RCPT is refused with 450 4.7.1. Not set: no limit."""

    error_rate_per_client: RateLimit | None = setting(None, example="100/1h")
    """Refusals with a 5yz reply that one address may cause; then its sessions end, and new ones are refused, with
    421 4.7.0. Not set: no limit."""

    message_rate_per_account: RateLimit | None = setting(None, example="500/1h")
    """Messages of one account, from all its addresses; a further MAIL is refused with 450 4.7.1. Not set: no limit."""

    recipient_rate_per_account: RateLimit | None = setting(None, example="2000/1d")
    """Recipients of all messages of one account; a further RCPT is refused with 450 4.7.1. Not set: no limit."""

    error_rate_per_account: RateLimit | None = setting(None, example="100/1h")
    """Refusals with a 5yz reply that the sessions of one account may cause; then they end with 421 4.7.0. Not set: no
    limit."""

    errors: Count = setting(20)
    """Errors after which a session is ended."""

    slow_errors: Count = setting(10)
    """Errors after which every reply of a session is delayed by one second."""

    junk: Count = setting(100)
    """Commands without effect (NOOP, RSET, VRFY) in one session, after which each further one counts as an error."""

    command_octets: Annotated[int, Field(strict=True, ge=2048, le=1_000_000)] = setting(2048, "command_length")
    """Longest command in octets. At least 2048: the 512 of RFC 5321 §4.5.3.1.4 and what the extensions add to them."""

    line_octets: Annotated[int, Field(strict=True, ge=0, le=1_000_000)] | None = setting(998, "line_length")
    """Longest line of content in octets on listeners of role submission and internal; 0 for no limit. Role mx keeps
    to the 998 of RFC 5321 §4.5.3.1.6. A longer line is sent on as it is: the next host may refuse the mail,
    or break the line, and with it a DKIM signature or a word of HTML."""

    header_octets: Octets = setting("1MiB", "header_size")
    """Largest header section of a message; a message with a larger one is refused with 552 5.3.4."""

    received_hops: Count = setting(50)
    """Number of Received fields at which a message is taken to be in a loop, see RFC 5321 §6.3."""

    content_octets_per_s: OctetsPerSecond = setting("500B/s", "minimum_content_rate")
    """How fast content must come on average, after the time of [receiving.timeouts] content. A slower session ends with
    421 4.4.2. "0B/s" for no limit."""

    hold_s: Seconds = setting("30d", "future_release")
    """Longest time for which a trusted client may have its mail held (FUTURERELEASE, RFC 4865). "0s": not offered."""

    deliver_by_s: Seconds = setting("1m", "deliver_by")
    """Shortest time of a deadline after which mail is returned (DELIVERBY, RFC 2852)."""

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


class ListenerLimits(Limits):
    """Limits of the listener above instead of those of [receiving.limits], with any of its keys. A listener with such a
    table counts its clients' connections, messages, recipients and errors apart from those of other listeners."""

    @property
    def given(self) -> dict[str, object]:
        """The values that the file gives, by attribute."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class Timeouts(Table):
    """How long the server waits for clients."""

    command_s: Wait = setting("5m", "command")
    """Wait for a command, RFC 5321 §4.5.3.2.7."""

    content_s: Wait = setting("3m", "content")
    """Wait for the next piece of content, RFC 5321 §4.5.3.2.5."""

    session_s: Wait = setting("1h", "session")
    """Longest time that one session may last in all. A message that is arriving is finished first."""

    handshake_s: Wait = setting("30s", "handshake")
    """Wait for the handshake of TLS, from its first octet to its last."""

    proxy_s: Wait = setting("5s", "proxy_header")
    """Wait for the header of a proxy, see `proxy_protocol`."""

    look_up_s: Wait = setting("5s", "look_up")
    """Wait for all look-ups about a client before the banner: [dnsbl] and `client_names`. What is not answered by then
    does not count."""


class Receiving(Table):
    """What clients may send and how long they may take, in the two tables below."""

    limits: Limits = setting({})
    timeouts: Timeouts = setting({})
