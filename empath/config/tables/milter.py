"""
milter - one entry of [[milter]]: a filter that speaks the milter protocol
"""

from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from empath.config.fields import PICKUP, MilterAddress, MilterListener, Octets, Wait
from empath.config.reading import problem, setting
from empath.config.tables.table import Table
from empath.mail.endpoint import Endpoint


class Milter(Table):
    """A filter that speaks the milter protocol, such as rspamd, opendkim or clamav-milter; there may be several. They
    are asked in the order of the file: see MILTER.md."""

    address: MilterAddress = Field(examples=["inet:127.0.0.1:11332"])
    """Where the filter listens: "inet:" with an IP address and a port, an IPv6 address in brackets, or "unix:" with the
    path of a socket."""

    listeners: tuple[MilterListener, ...] = setting(["mx"])
    """Whose mail it sees: the roles of listeners ("mx", "submission", "internal"), the address of a listener, or
    "pickup" for the mail of local programs."""

    on_failure: Literal["tempfail", "accept"] = setting("tempfail")
    """What becomes of mail while the filter fails: "tempfail" (451, the client comes again), or "accept" (the mail goes
    on without it)."""

    deadline_s: Wait = setting("30s", "deadline")
    """Longest wait for one answer. A filter that reports progress may take longer."""

    message_deadline_s: Wait = setting("5m", "message_deadline")
    """Longest time of all waits for one message. Most clients wait 10 minutes for the reply to a message."""

    connect_timeout_s: Wait = setting("5s", "connect_timeout")
    """Longest wait for a connection."""

    message_octets: Octets | None = setting(None, "message_size", example="25MiB")
    """Size of the largest message whose content the filter sees; a larger one goes on without its judgement. Not set:
    it sees all."""

    @field_validator("message_deadline_s")
    @classmethod
    def _message_takes_an_answer(cls, value: float, info: ValidationInfo) -> float:
        if value < info.data.get("deadline_s", 0):
            raise problem("is less than deadline")
        return value

    @property
    def name(self) -> str:
        """What logs and rows call it: its address, as it is written in the file."""
        return f"inet:{self.address}" if isinstance(self.address, Endpoint) else str(self.address)

    def is_for(self, role: str, name: str) -> bool:
        """Whether it sees the mail of a listener with this *role* and *name*; `pickup` is known by its name only."""
        return name in self.listeners or (name != PICKUP and role in self.listeners)
