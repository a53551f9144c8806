"""
introduction - the part of a receiving session that finds out who its client is

From the banner on: what the DNS and blocklists say of its address, the name that it gives itself, TLS, a login, and
whom a client that may speak for others names in its place.  What is offered to it follows from that.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import gevent

from empath.daemon.acceptor.client import Client
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.entry import EntryChecks, Findings
from empath.daemon.acceptor.interruption import SHUTTING_DOWN
from empath.daemon.acceptor.login.dialogue import LoginDialogue, offered_mechanisms, vouched_for
from empath.daemon.acceptor.named_client import greeted_by, renamed
from empath.daemon.acceptor.securing import report_failure, shake_hands, tls_over
from empath.daemon.process.dialogues import Hearing
from empath.mail.domain import AddressLiteral
from empath.mail.reply import Reply
from empath.net.stream import Stream, StreamClosed
from empath.net.tls import TlsFailed, TlsStream
from empath.policy.access import ClientAddress, Role, is_within
from empath.policy.limits.deadlines import Deadlines
from empath.policy.login.account import LoggedIn
from empath.smtp.server.events import (
    AuthOffered,
    AuthResponded,
    ClientNamed,
    Connected,
    Greeted,
    OriginNamed,
    StartTls,
)
from empath.smtp.server.extensions import Extensions
from empath.smtp.server.replies import OK
from empath.smtp.server.session import ServerSession

_ASK_AGAIN: Final = -1  # in place of the number of those who listen
_BEGIN_TLS: Final = Reply.of("220 2.0.0 Ready to start TLS")
_NO_TLS: Final = Reply.of("454 4.7.0 TLS is not available, try again later")


class Introduction:
    """One client's connection as far as it has introduced itself."""

    def __init__(
        self, context: ListenerContext, stream: Stream, address: ClientAddress, *, account: LoggedIn | None = None
    ) -> None:
        """*account* is logged in already."""
        self.began_at = time.monotonic()
        self._context = context
        self._stream: Stream | TlsStream = stream
        self._next_stream: TlsStream | None = None  # from the answer to STARTTLS to the handshake
        self._client = Client(address, stream.peer, account=account)
        speakers = context.listener.xclient
        self._names_clients = bool(speakers) and is_within(address, speakers)
        is_within_networks = context.config.relay.policy.is_trusted(address)
        self._is_trusted = account is not None or is_within_networks
        self._admitted_at = time.time()
        self._session = ServerSession(
            str(context.hostname),
            context.limits,
            self._offered(self._admitted_at),
            is_lenient=context.role is not Role.MX,
            takes_bare_lf=context.listener.bare_line_feed == "normalize" or is_within_networks,
        )
        self._deadlines = Deadlines(context.pace, self.began_at)
        self._logins = LoginDialogue(context)
        self._reason = "connection lost"  # of the end, for the log
        self._hearing: Hearing | None = None
        self._recent = self._session.transcript = context.dialogues.recent()
        self._dialogue_number = context.dialogues.beginning

    def _connected(self, _: Connected) -> Reply:
        context = self._context
        if context.entry is not None:
            self._examine(context.entry)
        early = self._stream.receive_now()
        if early:
            self._session.receive(early)
        if self._names_clients:
            self._offer()  # XCLIENT may come before EHLO
        return SHUTTING_DOWN if context.is_draining and not context.admits_new_clients else context.banner

    def _examine(self, checks: EntryChecks) -> None:
        """Find out about the client what the listener wants to know, while it waits for the banner."""
        client = self._client
        is_trusted = self._context.config.relay.policy.is_trusted(client.address)
        looking = gevent.spawn(checks.examine, client.address, is_trusted=is_trusted)
        if checks.greet_delay_s and not is_trusted:
            early = self._stream.receive_within(checks.greet_delay_s)
            if early is not None:
                self._session.receive(early)
        findings: Findings = looking.get()
        self._client = client._replace(ptr=findings.name, listed=findings.refusal)

    def _greeted(self, event: Greeted) -> Reply:
        client = self._client
        name = event.name or str(AddressLiteral(client.address))
        self._client = greeted_by(client, name, is_esmtp=event.verb != "HELO")
        return self._context.greeting

    def _offer(self) -> None:
        """Offer what this session may use now. Call it after every change of `_client` that bears on it."""
        context, client = self._context, self._client
        is_within_networks = context.config.relay.policy.is_trusted(client.address)
        self._is_trusted = client.account is not None or is_within_networks
        self._session.takes_bare_lf = context.listener.bare_line_feed == "normalize" or is_within_networks
        self._session.offer(self._offered(time.time()))

    def _offered(self, now: float) -> Extensions:
        """The extensions of a session of this client."""
        return self._context.offers.find(
            now,
            is_trusted=self._is_trusted,
            is_secured=self._client.tls is not None,
            mechanisms=offered_mechanisms(self._context, self._client),
            names_clients=self._names_clients,
        )

    def _client_named(self, event: ClientNamed) -> Reply:
        context, before = self._context, self._client
        named = renamed(before, event.attributes)
        login = event.attributes.get("LOGIN")
        if login is not None:
            account = vouched_for(context, login, named.address_text)
            if isinstance(account, Reply):
                return account
            named = named._replace(account=account)
        if named.address != before.address:
            refusal = context.admission.exchange(context.address, before.address, named.address)
            if refusal is not None:
                return refusal
        self._client = named
        if context.entry is not None:
            is_trusted = context.config.relay.policy.is_trusted(named.address)
            findings = context.entry.examine(named.address, is_trusted=is_trusted)
            self._client = named._replace(ptr=named.ptr or findings.name, listed=findings.refusal)
        self._offer()
        self._dialogue_number = context.dialogues.beginning if self._hearing is None else _ASK_AGAIN
        return context.banner

    def _origin_named(self, event: OriginNamed) -> Reply:
        # Postfix says it in two commands, and all of it anew for each message.
        self._client = self._client._replace(origin={**(self._client.origin or {}), **event.attributes})
        return OK

    def _starttls_asked(self, _: StartTls) -> Reply:
        try:
            self._next_stream = tls_over(self._context, self._stream, self._client.address_text)
        except TlsFailed as exc:
            report_failure(self._context, self._client.address_text, str(exc))
            return _NO_TLS
        return _BEGIN_TLS

    def _secure(self, stream: TlsStream) -> None:
        """Go on with *stream*, after its handshake. The client says its name again, RFC 3207 §4.2."""
        self._stream, self._next_stream = stream, None
        try:
            tls = shake_hands(self._context, stream, self._client.address_text, self._deadlines.ends_at)
        except StreamClosed:
            self._reason = "no TLS"
            raise
        self._client = self._client._replace(name="", is_esmtp=False, tls=tls, account=None)
        if self._session.transcript is not None:
            self._session.transcript.note(f"{tls.version} {tls.cipher}")
        self._offer()

    def _auth_offered(self, event: AuthOffered) -> Reply:
        return self._log_in(self._logins.begin(self._client, event, self._stream.has_left))

    def _auth_responded(self, event: AuthResponded) -> Reply:
        return self._log_in(self._logins.respond(event))

    def _log_in(self, reply: Reply) -> Reply:
        """Take up the account that *reply* grants, if it grants one."""
        if self._logins.account is not None:
            self._client = self._client._replace(account=self._logins.account)
            self._offer()
        return reply


INTRODUCTIONS: Final[Mapping[type, Callable[[Any, Any], Reply | None]]] = {
    Connected: Introduction._connected,
    Greeted: Introduction._greeted,
    StartTls: Introduction._starttls_asked,
    ClientNamed: Introduction._client_named,
    OriginNamed: Introduction._origin_named,
    AuthOffered: Introduction._auth_offered,
    AuthResponded: Introduction._auth_responded,
}
