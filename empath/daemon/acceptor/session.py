"""
session - the driver of one receiving session

The protocol session speaks SMTP and policy decides what to accept.  This class carries octets between the socket and
the protocol session, and events to the transaction.  It holds one transaction at a time.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gevent

from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.transaction import Client, Transaction
from empath.errors import EmpathError
from empath.mail.domain import AddressLiteral
from empath.mail.reply import Reply
from empath.net.stream import Stream, StreamClosed, StreamTimeout
from empath.policy.access import ClientAddress, Role
from empath.policy.bounce import is_double_bounce
from empath.policy.limits import error_delay_s
from empath.smtp.server.events import (
    Closed,
    Connected,
    Content,
    ContentEnded,
    ContentRefused,
    DataOffered,
    Greeted,
    MailOffered,
    RecipientOffered,
    TransactionReset,
)
from empath.smtp.server.session import Refusal, ServerSession
from empath.smtp.server.states import ServerSignal
from empath.telemetry.occurrences.acceptor import Refused, SessionBegan, SessionEnded

_SENDER_OK = Reply.of("250 2.1.0 Ok")
_RECIPIENT_OK = Reply.of("250 2.1.5 Ok")
_GO_AHEAD = Reply.of("354 End data with <CR><LF>.<CR><LF>")
_NO_ROUTE = Reply.of("550 5.1.2 No route to this domain")
_NO_ROUTE_TO_POSTMASTER = Reply.of("451 4.3.5 No route to the postmaster of this host, try again later")
_NO_SPACE = Reply.of("452 4.3.1 Insufficient system storage, try again later")
_NO_QUEUE = Reply.of("451 4.3.0 The queue is not available, try again later")
_TIMED_OUT = Reply.of("421 4.4.2 Timed out waiting for you")
_TOO_LONG = Reply.of("421 4.4.2 Session lasted too long, try again")
_SHUTTING_DOWN = Reply.of("421 4.3.2 Service shutting down, try again later")


class Draining(EmpathError):
    """The process drains, and the session waits for its client."""


class SessionTooLong(EmpathError):
    """The session has reached its limit, and no transaction is open."""


class ReceivingSession:
    """One client's connection, from the banner to the close."""

    def __init__(self, context: ListenerContext, stream: Stream, address: ClientAddress) -> None:
        self._context = context
        self._stream = stream
        self._client = Client(address, stream.peer)
        self._session = ServerSession(
            str(context.config.hostname), context.limits, is_lenient=context.role is not Role.MX
        )
        self._began_at = time.monotonic()
        self._ends_at = self._began_at + context.config.timeouts.session_s
        self._messages = 0  # number of messages accepted
        self._reason = "connection lost"
        self._sender: str | None = None  # reverse path of the last transaction
        self._transaction: Transaction | None = None

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

    def run(self) -> None:
        """Serve until the session is over; closes the stream."""
        self._context.emit(SessionBegan(client=self._client.address_text, listener=self._context.address))
        try:
            early = self._stream.receive_now()
            if early:
                self._session.receive(early)
            while self._turn():
                pass
        except StreamTimeout:
            if self._is_too_long:
                self._end_at_limit()
            else:
                self._reason = "timeout"
                if self._session.has_transaction:
                    self._log_refusal(Refusal(ServerSignal.TERMINATED, "", _TIMED_OUT))
                self._end(_TIMED_OUT)
        except SessionTooLong:
            self._end_at_limit()
        except Draining:
            self._reason = "drain"
            self._end(_SHUTTING_DOWN)
        except StreamClosed:
            pass
        finally:
            self._stream.close()
            self._end_transaction()
            self._log_end()

    def _turn(self) -> bool:
        """Answer what the client sent, and wait for more; False if the session is over."""
        session = self._session
        while (event := session.next_event()) is not None:
            answer = _ANSWERS[type(event)](self, event)
            if answer is not None:
                session.answer(answer)
        for refusal in session.take_refusals():
            self._log_refusal(refusal)
        octets = session.octets_to_send()
        if octets:
            if session.errors:
                gevent.sleep(error_delay_s(session.errors, self._context.limits.slow_errors))
            self._stream.send(octets)
        if session.is_closed:
            return False
        now = time.monotonic()
        timeouts = self._context.config.timeouts
        deadline_at = now + (timeouts.content_s if session.is_in_content else timeouts.command_s)
        # A transaction outlasts the limit: a steady client on a slow line gets its message through.
        if not session.has_transaction:
            if self._context.is_draining and not self.outlasts_drain:
                raise Draining
            if now >= self._ends_at:
                raise SessionTooLong
            deadline_at = min(deadline_at, self._ends_at)
        self._stream.deadline_at = deadline_at
        session.receive(self._stream.receive_next() if octets else self._stream.receive())
        return True

    @property
    def _is_too_long(self) -> bool:
        return not self._session.has_transaction and time.monotonic() >= self._ends_at

    def _end_at_limit(self) -> None:
        self._reason = "session limit"
        self._log_refusal(Refusal(ServerSignal.TERMINATED, "", _TOO_LONG))
        self._end(_TOO_LONG)

    def _end(self, reply: Reply) -> None:
        self._session.terminate(reply)
        try:
            self._stream.deadline_at = time.monotonic() + 1
            self._stream.send(self._session.octets_to_send())
        except (StreamClosed, StreamTimeout, Draining):
            pass

    def _connected(self, _: Connected) -> Reply:
        context = self._context
        return _SHUTTING_DOWN if context.is_draining and not context.admits_new_clients else context.banner

    def _greeted(self, event: Greeted) -> Reply:
        client = self._client
        name = event.name or str(AddressLiteral(client.address))
        self._client = Client(client.address, client.address_text, name, event.verb == "EHLO")
        return Reply(250, None, str(self._context.config.hostname))

    def _mail_offered(self, event: MailOffered) -> Reply:
        if self._is_too_long:  # a client that pipelines never makes the session wait
            raise SessionTooLong
        context = self._context
        refusal = context.config.relay.policy.decide_mail(context.role, self._client.address)
        if refusal is not None:
            return refusal
        if not context.space.is_in_place:
            return _NO_QUEUE
        if not context.space.has_room:
            return _NO_SPACE
        self._transaction = Transaction(context, self._client, event)
        self._sender = str(event.reverse_path)
        return _SENDER_OK

    def _recipient_offered(self, event: RecipientOffered) -> Reply:
        config = self._context.config
        address, no_route = event.forward_path.address, _NO_ROUTE
        if address is None or config.is_for_postmaster(address):
            # RFC 3461 §5.2.1: reports name the address that the sender knows.
            event = replace(event, original_recipient=event.original_recipient or f"rfc822;{event.forward_path}")
            address, no_route = config.postmaster, _NO_ROUTE_TO_POSTMASTER
        # Accept mail to the double-bounce address from anyone; rejecting it would create a mail loop.
        elif not is_double_bounce(str(address), config.hostname):
            refusal = config.relay.policy.decide(self._context.role, self._client.address, address)
            if refusal is not None:
                return refusal
        route = config.find_route(str(address), address.domain)
        if route is None:
            return no_route
        self._open_transaction().add_recipient(address, event, route.destination(str(address.domain)))
        return _RECIPIENT_OK

    def _data_offered(self, _: DataOffered) -> Reply:
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
        if not self._context.refusals.admit(client.address_text, time.monotonic()):
            return
        self._context.emit(
            Refused(
                client=client.address_text,
                name=client.name,
                sender=refusal.path if stage is ServerSignal.MAIL else self._sender,
                recipient=refusal.path if stage is ServerSignal.RCPT else None,
                stage=str(stage),
                reply=str(refusal.reply),
            )
        )

    def _log_end(self) -> None:
        self._context.emit(
            SessionEnded(
                client=self._client.address_text,
                name=self._client.name,
                reason=self._reason,
                messages=self._messages,
                duration_s=round(time.monotonic() - self._began_at, 4),
            )
        )

    def _open_transaction(self) -> Transaction:
        if self._transaction is None:
            raise RuntimeError("the protocol session sent an event of a transaction outside one")
        return self._transaction

    def _end_transaction(self) -> None:
        transaction, self._transaction = self._transaction, None
        if transaction is not None:
            transaction.close()


_ANSWERS: dict[type, Callable[[ReceivingSession, Any], Reply | None]] = {
    Connected: ReceivingSession._connected,
    Greeted: ReceivingSession._greeted,
    MailOffered: ReceivingSession._mail_offered,
    RecipientOffered: ReceivingSession._recipient_offered,
    DataOffered: ReceivingSession._data_offered,
    Content: ReceivingSession._content_came,
    ContentEnded: ReceivingSession._content_ended,
    ContentRefused: ReceivingSession._transaction_over,
    TransactionReset: ReceivingSession._transaction_over,
    Closed: ReceivingSession._closed,
}
