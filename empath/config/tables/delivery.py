"""
delivery - the tables [delivery], [reports] and [retry]: how mail is delivered, reported on, and tried again
"""

from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from empath.config.fields import ConfigPath, Count, DeliveryRate, Seconds, Share, Wait
from empath.config.reading import problem, setting
from empath.config.tables.table import Table
from empath.policy.retry import RetrySchedule


class Delivery(Table):
    """How mail is delivered. The timeouts are those of RFC 5321 §4.5.3.2."""

    workers: Annotated[Count, Field(le=256)] = setting(2)
    """Processes that deliver."""

    sessions: Count = setting(100)
    """Connections that one worker has at the same time. Three times as many more may wait for silent hosts."""

    rate: DeliveryRate | None = setting(None, example="6000/1m")
    """Most messages in a time, of all mail and over all workers: "1000/1m". A tenth of them may go out at once, or as
    many as "1000/1m burst 20" says. Destinations and senders may have rates, too."""

    reuse_s: Seconds = setting("300s", "reuse")
    """How long a connection may be used for further messages."""

    idle_s: Seconds = setting("2s", "idle")
    """How long a connection is kept open with nothing to send."""

    mx_port: Annotated[Count, Field(le=65535)] = setting(25)
    """Port of the hosts that a domain's MX records name. Only a private network needs a port other than 25."""

    soft_bounce: bool = Field(False, strict=True)
    """Nothing is refused or returned for good: a 5yz of a host, of this host or to a client counts as 4yz. For the days
    in which a configuration is new; mail still expires at the end of its lifetime."""

    sink: bool = Field(False, strict=True)
    """Nothing leaves this host: no next hop is asked, all mail with a route counts as delivered, and its content is
    discarded. For the copy of a queue that `empath-admin snapshot` makes, and never for a server."""

    connect_s: Wait = setting("30s", "connect_timeout")
    """Wait for the connection."""

    greeting_s: Wait = setting("5m", "greeting_timeout")
    """Wait for the greeting of a host."""

    ehlo_s: Wait = setting("5m", "ehlo_timeout")
    """Wait for the reply to EHLO or HELO."""

    tls_s: Wait = setting("5m", "tls_timeout")
    """Wait for the reply to STARTTLS, and for the whole handshake of TLS."""

    auth_s: Wait = setting("5m", "auth_timeout")
    """Wait for each reply of a login."""

    mail_s: Wait = setting("5m", "mail_timeout")
    """Wait for the reply to MAIL."""

    rcpt_s: Wait = setting("5m", "rcpt_timeout")
    """Wait for the reply to RCPT."""

    data_s: Wait = setting("2m", "data_timeout")
    """Wait for the reply to DATA."""

    content_s: Wait = setting("3m", "content_timeout")
    """Wait until the host takes a piece of the content."""

    end_of_data_s: Wait = setting("10m", "end_of_data_timeout")
    """Wait for the reply to the end of the content. A short timeout causes duplicates."""

    quit_s: Wait = setting("5s", "quit_timeout")
    """Wait for the reply to QUIT. Nothing depends on it."""


class Reports(Table):
    """Reports of this host about mail that failed, is late or was delivered."""

    templates: ConfigPath | None = setting(None, example="/etc/empath/reports")
    """Directory with the words of reports: `failure.txt`, `delay.txt`, `success.txt`, and `failure.de.txt` for another
    language. A kind without a file has the text that is built in. Read at the start and at a reload."""

    delay_cleared: bool = Field(False, strict=True)
    """Also report the delivery of mail whose delay was reported, unless NOTIFY lacks DELAY."""

    without_sender: Literal["log", "digest"] = setting("log")
    """How failures of mail without a sender are recorded, such as of reports. "log": in the log and in the view audit.
    "digest": the postmaster also gets a list of them."""

    digest_period_s: Wait = setting("1h", "digest_period")
    """Time between two digests, and from the first failure to its digest."""

    digest_messages: Annotated[int, Field(strict=True, ge=1, le=1_000)] = setting(100)
    """Most messages that one digest names; it counts the others."""


class Retry(Table):
    """When mail that could not be delivered yet is tried again."""

    base_s: Seconds = setting("60s", "base")
    """Delay after the first failed attempt; each further one doubles it."""

    max_s: Seconds = setting("4h", "max")
    """Longest delay."""

    jitter: Share = setting(0.2)
    """Share, 0 to 1, by which each delay is stretched or shortened at random."""

    lifetime_s: Seconds = setting("5d", "lifetime")
    """Age at which a failed attempt is the last one; accepted mail keeps it. "0s" gives exactly one attempt."""

    bounce_lifetime_s: Seconds = setting("5d", "bounce_lifetime")
    """The same for mail without a sender, such as failure reports."""

    delay_warning_s: Seconds = setting("4h", "delay_warning_time")
    """Age from which a failed attempt is reported to the sender as a delay, once for each message. "0s" for never."""

    @cached_property
    def schedule(self) -> RetrySchedule:
        """The schedule that these delays make."""
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
