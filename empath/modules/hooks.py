"""
hooks - the functions that a module may have, and what it gets to see

A module is a Python module.  Each function in it that is marked with `@hookimpl` and has the name of a hook is called.
It names only the arguments that it wants.  It returns None, a Reply that refuses, an edit, or a list of edits.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import pluggy

from empath.mail.reply import Reply
from empath.message.fields import Fields
from empath.modules.edits import Edit
from empath.policy.login.backend import Backend

PROJECT: Final = "empath"
Verdict: TypeAlias = Reply | Edit | list[Edit] | tuple[Edit, ...] | None
Settings: TypeAlias = Any
"""The settings of a module: an instance of its class `Settings`, or a dictionary if it has none."""

hookimpl = pluggy.HookimplMarker(PROJECT)
_hookspec = pluggy.HookspecMarker(PROJECT)


@dataclass(frozen=True, slots=True)
class Context:
    """
    The session, as far as it is known when a hook is called.

    Shape: client_name is the argument of EHLO, client_ptr the verified name of the client in the DNS; tls is the
    version of TLS, None in the clear; sender is "" for mail without a sender, None outside a transaction; recipients
    are those accepted so far. metadata is a dictionary that can be written as JSON, at most 16 KiB. What a module puts
    there before MAIL belongs to all messages of the session, later to this message; the queue keeps it with the
    message.
    """

    listener: str
    role: str
    client_address: str
    client_name: str
    client_ptr: str | None
    tls: str | None
    account: str | None
    sender: str | None
    recipients: tuple[str, ...]
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """
    A message that has arrived whole.

    Shape: size is in octets; header is the header section as received, without the blank line, below the fields that
    filters and a submission add; chunks gives the whole content in pieces, each time from the beginning.
    """

    queue_id: str
    size: int
    header: bytes
    chunks: Callable[[], Iterator[bytes]] = field(repr=False)

    def values(self, name: str) -> list[str]:
        """The values of all header fields of this name, unfolded by the caller if need be."""
        return [value.decode("utf-8", "replace") for value in Fields.of(self.header).values(name.lower().encode())]


@dataclass(frozen=True, slots=True)
class Delivery:
    """
    A message on its way to one destination.

    Shape: destination is the name of it in the view `destination`; sender is "" for mail without a sender; account is
    the one that sent it; received_at is in Unix seconds. metadata is what modules wrote at reception, in any process
    and however long ago; what is written there now is forgotten.
    """

    queue_id: str
    destination: str
    sender: str
    account: str | None
    received_at: float
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DeliveryResult:
    """
    What became of one recipient in an attempt.

    Shape: status is `delivered`, `deferred`, `bounced` or `expired`; host is the name of the host that said *reply*,
    None if no host was asked.
    """

    recipient: str
    status: str
    host: str | None
    reply: str


class Hooks:
    """All hooks. `settings` is the calling module's own in each of them."""

    @_hookspec
    def login_backend(self, settings: Settings) -> Backend | None:
        """A back end for `module:NAME` of [auth] backends. It is asked for once, when the process starts."""

    @_hookspec
    def connect(self, context: Context, settings: Settings) -> Verdict:
        """A client waits for the banner. A refusal is given in its place."""

    @_hookspec
    def ehlo(self, context: Context, settings: Settings, name: str) -> Verdict:
        """A client has said EHLO, HELO or LHLO."""

    @_hookspec
    def starttls(self, context: Context, settings: Settings) -> Verdict:
        """A client wants to begin TLS. What was agreed on is in the context of the hooks after it."""

    @_hookspec
    def auth(self, context: Context, settings: Settings, account: str) -> Verdict:
        """A client has proved to be *account*. A refusal ends the login without success."""

    @_hookspec
    def mail(self, context: Context, settings: Settings, sender: str) -> Verdict:
        """A client begins a message, which Empath would take; *sender* is "" for mail without a sender."""

    @_hookspec
    def rcpt(self, context: Context, settings: Settings, recipient: str) -> Verdict:
        """A client names a recipient, which Empath would take."""

    @_hookspec
    def data(self, context: Context, settings: Settings, message: Message) -> Verdict:
        """A message has arrived whole, and the client waits for the reply."""

    @_hookspec
    def accepted(self, context: Context, settings: Settings, message: Message) -> None:
        """A message is in the queue. The client gets its 250 after this call. The result is ignored."""

    @_hookspec
    def ended(self, context: Context, settings: Settings, reason: str) -> None:
        """A session is over. The result is ignored."""

    @_hookspec
    def dns(self, settings: Settings, domain: str, hosts: tuple[tuple[str, str, int], ...]) -> Verdict:
        """Name, address and port of the hosts for the mail of *domain* are known. A refusal takes them all away."""

    @_hookspec
    def attempt(self, context: Delivery, settings: Settings, recipients: tuple[str, ...]) -> Verdict:
        """A message is about to go out to *recipients*. A refusal is their reply: 4yz defers, 5yz bounces."""

    @_hookspec
    def success(self, context: Delivery, settings: Settings, result: DeliveryResult) -> None:
        """A recipient is delivered, and the queue has it so. The result of the call is ignored."""

    @_hookspec
    def failure(self, context: Delivery, settings: Settings, result: DeliveryResult) -> None:
        """An attempt has failed: the recipient is deferred, bounced or expired. The result of the call is ignored."""


OBSERVERS: Final = frozenset({"accepted", "ended", "success", "failure"})
DELIVERING: Final = frozenset({"dns", "attempt", "success", "failure"})  # hooks that a worker calls
EDITING: Final = frozenset({"mail", "rcpt", "data"})  # hooks that may return edits
Arguments: TypeAlias = Mapping[str, Any]
