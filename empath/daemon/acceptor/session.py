"""
session - the driver of one receiving session

The protocol session speaks SMTP and policy decides what to accept.  This class carries octets between the socket and
the protocol session, and events to the transaction.  It holds one transaction at a time.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Final

import gevent

from empath.config.tables.tls import TlsMode
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.entry import EntryChecks, Findings
from empath.daemon.acceptor.login.logins import UNAVAILABLE, WRONG, Login, LoginClient
from empath.daemon.acceptor.named_client import greeted_by, renamed
from empath.daemon.acceptor.transaction import Client, Transaction
from empath.errors import EmpathError
from empath.mail.address import Address
from empath.mail.domain import AddressLiteral
from empath.mail.identity import Timestamp
from empath.mail.printable import printable
from empath.mail.reply import Reply
from empath.net.channel_binding import END_POINT, end_point
from empath.net.stream import Stream, StreamClosed, StreamTimeout
from empath.net.tls import TlsFailed, TlsStream
from empath.policy.access import ClientAddress, Role, is_within
from empath.policy.bounce import is_double_bounce
from empath.policy.limits.connections import client_network
from empath.policy.limits.refusal import NO_SPACE, REPLIES, Limit
from empath.policy.limits.session import error_delay_s
from empath.policy.login.account import LoggedIn
from empath.policy.login.backend import BackendUnavailable, LoginPeer
from empath.policy.login.failures import failure_delay_s
from empath.policy.timing import TimingLimits, find_refusal
from empath.smtp.server.events import (
    AuthOffered,
    AuthResponded,
    ClientNamed,
    Closed,
    Connected,
    Content,
    ContentEnded,
    ContentRefused,
    DataOffered,
    Greeted,
    MailOffered,
    OriginNamed,
    RecipientOffered,
    StartTls,
    TransactionReset,
)
from empath.smtp.server.extensions import Extensions
from empath.smtp.server.replies import OK
from empath.smtp.server.session import Refusal, ServerSession
from empath.smtp.server.states import ServerSignal
from empath.storage.queue.sessions import SessionRow
from empath.telemetry.occurrences.acceptor import Refused, SessionBegan, SessionEnded, TlsNotBegun

REFUSED_S = 30.0  # time for the QUIT of a client that was refused in place of the banner, RFC 5321 §3.1
_SENDER_OK = Reply.of("250 2.1.0 Ok")
_PRIORITY_CHANGED = Reply.of("250 2.3.6 Ok, with priority 0: this client may not choose it")  # RFC 6710 §5
_RECIPIENT_OK = Reply.of("250 2.1.5 Ok")
_BEGIN_TLS = Reply.of("220 2.0.0 Ready to start TLS")
_NO_TLS = Reply.of("454 4.7.0 TLS is not available, try again later")
_LOGGED_IN_ALREADY = Reply.of("503 5.5.1 Already authenticated")
_NO_SUCH_MECHANISM = Reply.of("504 5.5.4 Mechanism not offered")
_GO_AHEAD = Reply.of("354 End data with <CR><LF>.<CR><LF>")
_NO_ROUTE = Reply.of("550 5.1.2 No route to this domain")
_NO_ROUTE_TO_POSTMASTER = Reply.of("451 4.3.5 No route to the postmaster of this host, try again later")
_NO_ROUTE_TO_TARGET = Reply.of("451 4.3.5 No route to a target of this alias, try again later")
_TOO_MANY_TARGETS = Reply.of("452 4.5.3 Too many recipients in the aliases of this message")
_MOST_RECIPIENTS = 10_000  # of one message, with the targets of aliases
_NO_QUEUE = Reply.of("451 4.3.0 The queue is not available, try again later")
_SHUTTING_DOWN = Reply.of("421 4.3.2 Service shutting down, try again later")


class Interrupted(EmpathError):
    """This host ends the session. `reason` is for the log, `reply` for the client."""

    reason: str
    reply: Reply


class Draining(Interrupted):
    """The process drains, and the session waits for its client."""

    reason = "drain"
    reply = _SHUTTING_DOWN


class ClosedByOrder(Interrupted):
    """An operator closes the session."""

    reason = "order"
    reply = Reply.of("421 4.3.2 Session closed by the administrator")


class LimitReached(EmpathError):
    """A limit ends the session."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(str(limit))
        self.limit = limit


# How the log names the end of a session at a limit.
_REASONS: Final = {
    Limit.WAIT: "timeout",
    Limit.SESSION: "session limit",
    Limit.CONTENT_RATE: "slow content",
    Limit.ERROR_RATE: "too many errors",
}


class ReceivingSession:
    """
    One client's connection, from the banner to the close.

    `answers` has the method that answers each event.
    """

    answers: ClassVar[Mapping[type, Callable[[Any, Any], Reply | None]]]

    def __init__(
        self,
        context: ListenerContext,
        stream: Stream,
        address: ClientAddress,
        number: int = 0,
        *,
        account: LoggedIn | None = None,
    ) -> None:
        """*number* is that of the session in its process, for the view `session`; *account* is logged in already."""
        self.number = number
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
        self._command_s = context.pace.command_s
        self._ends_at = self.began_at + context.pace.session_s
        self._command_ends_at = 0.0  # the command that the session waits for must be complete by then
        self._content_began_at: float | None = None  # while content arrives
        self._octets = 0  # received
        self._octets_before_content = 0
        self._is_closed_by_order = False
        self._next_limit = Limit.WAIT
        self._transactions = 0
        self._recipients = 0  # of all transactions
        self._messages = 0  # number of messages accepted
        self._reason = "connection lost"
        self._sender: str | None = None  # reverse path of the last transaction
        self._transaction: Transaction | None = None
        self._login: Login | None = None  # the exchange under way
        self._failed_logins = 0

    @property
    def client_address(self) -> ClientAddress:
        """The address of the client, by which its connection is counted."""
        return self._client.address

    @property
    def outlasts_drain(self) -> bool:
        """
        Whether a drain waits for this session: its client is within a transaction or, for a time after a reload, has
        had none yet.
        """
        return self._session.has_transaction or (self._sender is None and self._context.admits_new_clients)

    def interrupt(self) -> None:
        """End the session, if it waits for the client."""
        self._stream.interrupt(Draining())

    def interrupt_unless_busy(self) -> None:
        """End the session, if it waits for the client and a drain does not wait for it."""
        if not self.outlasts_drain:
            self._stream.interrupt(Draining(), unless=lambda: self.outlasts_drain)

    def close_by_order(self) -> None:
        """End the session with 421, at once or when it next waits for the client."""
        self._is_closed_by_order = True
        self._stream.interrupt(ClosedByOrder())

    @property
    def progress(self) -> tuple[int, str]:
        """Octets received, and the state of the dialogue."""
        return self._octets, self._session.state

    def row(self) -> SessionRow:
        """The session as the view `session` shows it."""
        client = self._client
        return SessionRow(
            number=self.number,
            listener=self._context.address,
            client_address=client.address_text,
            client_name=printable(client.name),
            account=None if client.account is None else printable(client.account.name),
            tls=None if client.tls is None else f"{client.tls.version} {client.tls.cipher}",
            state=str(self._session.state),
            messages=self._messages,
            octets=self._octets,
            began_at=self._admitted_at,
        )

    def run(self) -> None:
        """Serve until the session is over; closes the stream."""
        if self._context.emit.wants(SessionBegan):
            self._context.emit(SessionBegan(client=self._client.address_text, listener=self._context.address))
        try:
            if self._context.listener.tls is TlsMode.IMPLICIT:
                self._secure(self._tls_stream())
            while self._turn():
                pass
        except StreamTimeout:
            self._end_at(self._next_limit)
        except LimitReached as exc:
            self._end_at(exc.limit)
        except Interrupted as exc:
            self._reason = exc.reason
            self._end(exc.reply)
        except StreamClosed:
            pass
        finally:
            self._stream.close()
            self._end_transaction()
            self._log_end()

    def _turn(self) -> bool:
        """Answer what the client sent, and wait for more; False if the session is over."""
        session, answers = self._session, self.answers
        while (event := session.next_event()) is not None:
            answer = answers[type(event)](self, event)
            if answer is not None:
                session.answer(answer)
        refusals = session.take_refusals()
        for refusal in refusals:
            self._log_refusal(refusal)
        octets = session.octets_to_send()
        if octets:
            if session.errors:
                gevent.sleep(error_delay_s(session.errors, self._context.limits.slow_errors))
            if session.is_closed:
                self._stream.send_last(octets)
            else:
                self._stream.send(octets)
        if refusals:
            self._count_errors(refusals)
        if session.is_closed:
            return False
        if self._next_stream is not None:
            self._secure(self._next_stream)
            session.begin_anew()
        if self._is_closed_by_order:
            raise ClosedByOrder
        if self._context.is_draining and not session.has_transaction and not self.outlasts_drain:
            raise Draining
        self._stream.deadline_at = self._next_deadline(has_replied=bool(octets))
        received = self._stream.receive_next() if octets else self._stream.receive()
        self._octets += len(received)
        session.receive(received)
        return True

    def _count_errors(self, refusals: list[Refusal]) -> None:
        """
        Use the rate of errors of the client and of its account.

        Raises:
            LimitReached: nothing of it is left.
        """
        take, client = self._context.rates.take, self._client
        errors = sum(refusal.reply.code >= 500 for refusal in refusals)
        is_over = any(take(Limit.ERROR_RATE, client.address, client.account) for _ in range(errors))
        if is_over and not self._session.is_closed:
            raise LimitReached(Limit.ERROR_RATE)

    def _next_deadline(self, *, has_replied: bool) -> float:
        """
        The instant until which the client must send what it owes; `_next_limit` is reached then. Octets that complete
        no command do not move it.

        Raises:
            LimitReached: the instant is past.
        """
        session, pace, now = self._session, self._context.pace, time.monotonic()
        if session.is_in_content:
            if self._content_began_at is None:
                self._content_began_at, self._octets_before_content = now, self._octets
            octets = self._octets - self._octets_before_content
            deadline_at = pace.content_deadline(now, self._content_began_at, octets)
            self._next_limit = Limit.CONTENT_RATE if deadline_at < now + pace.content_s else Limit.WAIT
        else:
            self._content_began_at = None
            if has_replied or not self._command_ends_at:
                self._command_ends_at = now + self._command_s
            deadline_at, self._next_limit = self._command_ends_at, Limit.WAIT
            # A transaction that is open at the limit has the time of one more command to begin its content.
            ends_at = self._ends_at + pace.command_s if session.has_transaction else self._ends_at
            if ends_at < deadline_at:
                deadline_at, self._next_limit = ends_at, Limit.SESSION
        if deadline_at <= now:
            raise LimitReached(self._next_limit)
        return deadline_at

    def _end_at(self, limit: Limit) -> None:
        reply = REPLIES[limit]
        self._reason = _REASONS[limit]
        if limit is not Limit.WAIT or self._session.has_transaction:
            self._log_refusal(Refusal(ServerSignal.TERMINATED, "", reply))
        self._end(reply)

    def _end(self, reply: Reply) -> None:
        self._session.terminate(reply)
        try:
            self._stream.deadline_at = time.monotonic() + 1
            self._stream.send_last(self._session.octets_to_send())
        except (StreamClosed, StreamTimeout, Interrupted):
            pass

    def _connected(self, _: Connected) -> Reply:
        context = self._context
        refusal = None if context.entry is None else self._examine(context.entry)
        early = self._stream.receive_now()
        if early:
            self._session.receive(early)
        if self._names_clients:
            self._offer()  # XCLIENT may come before EHLO
        if refusal is not None:
            return refusal
        return _SHUTTING_DOWN if context.is_draining and not context.admits_new_clients else context.banner

    def _examine(self, checks: EntryChecks) -> Reply | None:
        """
        Find out about the client what the listener wants to know, while it waits for the banner; the reply that
        refuses it, if it is not welcome.
        """
        client = self._client
        is_trusted = self._context.config.relay.policy.is_trusted(client.address)
        looking = gevent.spawn(checks.examine, client.address, is_trusted=is_trusted)
        if checks.greet_delay_s and not is_trusted:
            early = self._stream.receive_within(checks.greet_delay_s)
            if early is not None:
                self._session.receive(early)
        findings: Findings = looking.get()
        self._client = client._replace(ptr=findings.name)
        if findings.refusal is not None:
            self._command_s = min(self._command_s, REFUSED_S)
        return findings.refusal

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
            mechanisms=self._mechanisms(),
            names_clients=self._names_clients,
        )

    def _client_named(self, event: ClientNamed) -> Reply:
        context, before = self._context, self._client
        named = renamed(before, event.attributes)
        login = event.attributes.get("LOGIN")
        if login is not None:
            account = self._vouched_for(login, named.address_text)
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
            self._client = named._replace(ptr=named.ptr or findings.name)
            if findings.refusal is not None:
                return replace(findings.refusal, code=521)  # which ends the session: it is too late for another banner
        self._offer()
        return context.banner

    def _vouched_for(self, name: str, client: str) -> LoggedIn | Reply:
        """The account that another host has proved, or the reply that refuses it."""
        logins = self._context.logins
        try:
            account = LoggedIn(name, None) if logins is None else logins.vouched_for(name, client)
        except BackendUnavailable:
            return UNAVAILABLE
        return account or WRONG

    def _origin_named(self, event: OriginNamed) -> Reply:
        # Postfix says it in two commands, and all of it anew for each message.
        self._client = self._client._replace(origin={**(self._client.origin or {}), **event.attributes})
        return OK

    def _starttls_asked(self, _: StartTls) -> Reply:
        try:
            self._next_stream = self._tls_stream()
        except TlsFailed as exc:
            self._log_tls_failure(str(exc))
            return _NO_TLS
        return _BEGIN_TLS

    def _tls_stream(self) -> TlsStream:
        if self._context.server_tls is None or isinstance(self._stream, TlsStream):
            raise RuntimeError("the protocol session offered TLS where there is none, or twice")
        return TlsStream(self._stream, self._context.server_tls.context)

    def _secure(self, stream: TlsStream) -> None:
        """Go on with *stream*, after its handshake. The client says its name again, RFC 3207 §4.2."""
        self._stream, self._next_stream = stream, None
        stream.deadline_at = min(time.monotonic() + self._context.config.timeouts.handshake_s, self._ends_at)
        try:
            tls = stream.shake_hands()
        except (StreamClosed, StreamTimeout) as exc:
            self._reason = "no TLS"
            self._log_tls_failure(str(exc))
            raise StreamClosed(str(exc)) from exc
        self._client = self._client._replace(name="", is_esmtp=False, tls=tls, account=None)
        self._offer()

    def _mechanisms(self) -> tuple[str, ...] | None:
        """The mechanisms that the session offers: none after a login; None where the client cannot log in here."""
        logins = self._context.logins
        if logins is None or (self._client.tls is None and not self._context.listener.auth_in_clear):
            return None
        return () if self._client.account is not None else logins.mechanisms(is_bound=bool(self._bindings()))

    def _auth_offered(self, event: AuthOffered) -> Reply:
        client, logins = self._client, self._context.logins
        if client.account is not None:
            return _LOGGED_IN_ALREADY
        is_trusted = self._context.config.relay.policy.is_trusted(client.address)
        key = None if is_trusted else client_network(client.address, self._context.configured.ipv6_prefix)
        peer = LoginPeer(client.address_text, is_secured=client.tls is not None)
        if logins is not None:
            self._login = logins.begin(event.mechanism, LoginClient(peer, key, self._bindings()))
        if self._login is None:
            return _NO_SUCH_MECHANISM
        return self._answer(self._login, event.response)

    def _auth_responded(self, event: AuthResponded) -> Reply:
        if self._login is None:
            raise RuntimeError("the protocol session sent a response outside an exchange")
        return self._answer(self._login, event.response)

    def _answer(self, login: Login, response: bytes | None) -> Reply:
        reply = login.respond(response)
        if reply.code != 334:
            self._login = None
        if reply is WRONG:
            self._failed_logins += 1
            gevent.sleep(failure_delay_s(self._context.config.auth.failure_delay_s, self._failed_logins))
        if login.account is not None:
            self._client = self._client._replace(account=login.account)
            self._offer()
        return reply

    def _bindings(self) -> dict[str, bytes]:
        """The data of the channel by the names of channel binding."""
        tls, server_tls = self._client.tls, self._context.server_tls
        if tls is None or server_tls is None:
            return {}
        value = end_point(server_tls.certificate_of(tls.context).der)
        return {} if value is None else {END_POINT: value}

    def _mail_offered(self, event: MailOffered) -> Reply:
        context = self._context
        # A client that pipelines never makes the session wait.
        if time.monotonic() >= self._ends_at:
            raise LimitReached(Limit.SESSION)
        if self._transactions == context.limits.messages:
            return REPLIES[Limit.MESSAGES_PER_SESSION]
        account = self._client.account
        refusal = context.config.relay.policy.decide_mail(
            context.role, self._client.address, is_logged_in=account is not None
        )
        if refusal is None and account is not None:
            refusal = account.sender_refusal(event.reverse_path)
        if refusal is not None:
            return refusal
        if not context.space.is_in_place:
            return _NO_QUEUE
        if not context.space.has_room:
            return NO_SPACE
        if event.hold is not None or event.deliver_by is not None:
            limits = TimingLimits(context.configured.hold_s, context.configured.deliver_by_s)
            refusal = find_refusal(event.hold, event.deliver_by, Timestamp(time.time()), limits)
            if refusal is not None:
                return refusal
        reply = _SENDER_OK
        if event.mt_priority and not self._is_trusted:
            event, reply = event._replace(mt_priority=0), _PRIORITY_CHANGED
        refusal = context.rates.take(Limit.MESSAGE_RATE, self._client.address, account)
        if refusal is not None:
            return refusal
        self._transaction = Transaction(context, self._client, event)
        self._transactions += 1
        self._sender = str(event.reverse_path)
        return reply

    def _recipient_offered(self, event: RecipientOffered) -> Reply:
        config = self._context.config
        if self._recipients == self._context.configured.recipients_per_session:
            return REPLIES[Limit.RECIPIENTS_PER_SESSION]
        address, no_route = event.forward_path.address, _NO_ROUTE
        is_to_postmaster = address is None or config.is_for_postmaster(address)
        if address is None or is_to_postmaster:
            # RFC 3461 §5.2.1: reports name the address that the sender knows.
            event = event._replace(original_recipient=event.original_recipient or f"rfc822;{event.forward_path}")
            address, no_route = config.postmaster, _NO_ROUTE_TO_POSTMASTER
        # Accept mail to the double-bounce address from anyone; rejecting it would create a mail loop.
        elif not is_double_bounce(str(address), config.hostname):
            is_logged_in = self._client.account is not None
            refusal = config.relay.policy.decide(
                self._context.role, self._client.address, address, is_logged_in=is_logged_in
            )
            if refusal is not None:
                return refusal
        refusal = self._context.rates.take(Limit.RECIPIENT_RATE, self._client.address, self._client.account)
        if refusal is not None:
            return refusal
        targets = self._targets(address, is_known=is_to_postmaster)
        if isinstance(targets, Reply):
            return targets
        destinations = []
        for target in targets:
            route = config.find_route(str(target), target.domain)
            if route is None:
                return no_route if target == address else _NO_ROUTE_TO_TARGET
            destinations.append(route.destination(str(target.domain)))
        transaction = self._open_transaction()
        if transaction.size + len(targets) > _MOST_RECIPIENTS and len(targets) > 1:
            return _TOO_MANY_TARGETS
        must_come_again = self._greylisted(address)
        if must_come_again is not None:
            return must_come_again
        return self._take_recipient(address, event, targets, destinations)

    def _take_recipient(
        self, address: Address, event: RecipientOffered, targets: Sequence[Address], destinations: Sequence[str]
    ) -> Reply:
        if len(targets) == 1 and targets[0] == address:
            self._open_transaction().add_recipient(address, event, destinations[0])
        else:
            self._open_transaction().add_expansion(address, targets, event, destinations)
        self._recipients += 1
        return _RECIPIENT_OK

    def _targets(self, address: Address, *, is_known: bool) -> Sequence[Address] | Reply:
        """The addresses to which mail to *address* goes, itself without an alias; or the reply that refuses it."""
        recipients = self._context.recipients
        if recipients is None or is_double_bounce(str(address), self._context.config.hostname):
            return (address,)
        return recipients.resolve(address, is_known=is_known)

    def _greylisted(self, recipient: Address) -> Reply | None:
        """
        The refusal of a recipient whose mail must come again.

        Mail without a sender is refused at DATA: other hosts ask by such a RCPT whether a sender exists, and take a
        refusal for a no.
        """
        greylist, client = self._context.greylist, self._client
        if greylist is None or client.account is not None:
            return None
        if self._context.config.relay.policy.is_trusted(client.address):
            return None
        transaction = self._open_transaction()
        refusal = greylist.judge(client.address, transaction.reverse_path, recipient)
        if refusal is None or not transaction.reverse_path.is_null:
            return refusal
        transaction.refusal_at_data = refusal
        return None

    def _data_offered(self, _: DataOffered) -> Reply:
        refusal = self._open_transaction().refusal_at_data
        if refusal is not None:
            return refusal
        self._open_transaction().begin_content()
        return _GO_AHEAD

    def _content_came(self, event: Content) -> None:
        self._open_transaction().add_content(event.octets)

    def _content_ended(self, _: ContentEnded) -> Reply:
        try:
            reply = self._open_transaction().end_content()
        finally:
            self._end_transaction()
        self._messages += reply.code == 250
        return reply

    def _transaction_over(self, _: ContentRefused | TransactionReset) -> None:
        self._end_transaction()

    def _closed(self, event: Closed) -> None:
        self._reason = str(event.reason)
        self._end_transaction()

    def _log_refusal(self, refusal: Refusal) -> None:
        client, stage = self._client, refusal.signal
        self._context.tally.count(refusal.reply)
        if not self._context.refusals.admit(client.address_text, time.monotonic()):
            return
        self._context.emit(
            Refused(
                client=client.address_text,
                listener=self._context.address,
                account=None if client.account is None else client.account.name,
                name=client.name,
                ptr=client.verified_name,
                sender=refusal.path if stage is ServerSignal.MAIL else self._sender,
                recipient=refusal.path if stage is ServerSignal.RCPT else None,
                stage=str(stage),
                reply=str(refusal.reply),
            )
        )

    def _log_tls_failure(self, error: str) -> None:
        client = self._client.address_text
        if self._context.refusals.admit(client, time.monotonic()):
            self._context.emit(TlsNotBegun(client=client, listener=self._context.address, error=error))

    def _log_end(self) -> None:
        if self._context.emit.wants(SessionEnded):
            self._context.emit(
                SessionEnded(
                    client=self._client.address_text,
                    name=self._client.name,
                    reason=self._reason,
                    messages=self._messages,
                    duration_s=round(time.monotonic() - self.began_at, 4),
                )
            )

    def _open_transaction(self) -> Transaction:
        if self._transaction is None:
            raise RuntimeError("the protocol session sent an event of a transaction outside one")
        return self._transaction

    def _end_transaction(self) -> None:
        transaction, self._transaction = self._transaction, None
        if self._client.origin is not None:
            self._client = self._client._replace(origin=None)
        if transaction is not None:
            transaction.close()


ANSWERS: dict[type, Callable[[ReceivingSession, Any], Reply | None]] = {
    Connected: ReceivingSession._connected,
    Greeted: ReceivingSession._greeted,
    StartTls: ReceivingSession._starttls_asked,
    ClientNamed: ReceivingSession._client_named,
    OriginNamed: ReceivingSession._origin_named,
    AuthOffered: ReceivingSession._auth_offered,
    AuthResponded: ReceivingSession._auth_responded,
    MailOffered: ReceivingSession._mail_offered,
    RecipientOffered: ReceivingSession._recipient_offered,
    DataOffered: ReceivingSession._data_offered,
    Content: ReceivingSession._content_came,
    ContentEnded: ReceivingSession._content_ended,
    ContentRefused: ReceivingSession._transaction_over,
    TransactionReset: ReceivingSession._transaction_over,
    Closed: ReceivingSession._closed,
}
ReceivingSession.answers = ANSWERS
