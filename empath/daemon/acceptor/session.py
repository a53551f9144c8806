"""
reception - the driver of one receiving session

The session speaks SMTP, policy decides whom to serve, this class carries octets between the socket and the session and
accepted messages to the group commit.  It holds one transaction at a time.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gevent

from empath.config import Config
from empath.daemon.acceptor.content import ContentBudget, IncomingContent
from empath.daemon.acceptor.space import Space
from empath.daemon.process.hub_writer import HubWriter
from empath.errors import EmpathError
from empath.mail.address import Address
from empath.mail.envelope import Envelope, Recipient
from empath.mail.identity import QueueId, Timestamp
from empath.mail.reply import EnhancedStatus, Reply
from empath.message.header import has_field, read_fields
from empath.message.trace import Reception, missing_fields, protocol_word, received_field
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
from empath.smtp.server.session import ServerLimits, ServerSession
from empath.storage.queue.accept import Accept, DestinationIds, NewMessage
from empath.storage.spool import SpoolFile
from empath.telemetry.log import Logger

_OK = EnhancedStatus(2, 0, 0)
_SENDER_OK = Reply.of("250 2.1.0 Ok")
_RECIPIENT_OK = Reply.of("250 2.1.5 Ok")
_GO_AHEAD = Reply.of("354 End data with <CR><LF>.<CR><LF>")
_NO_ROUTE = Reply.of("550 5.1.2 No route to this domain")
_TOO_MANY_HOPS = Reply.of("554 5.4.0 Too many hops: the message has been in a loop")
_NO_SPACE = Reply.of("452 4.3.1 Insufficient system storage, try again later")
_NOT_NOW = Reply.of("451 4.3.0 The message could not be stored, try again later")
_TIMED_OUT = Reply.of("421 4.4.2 Timed out waiting for you")
_SHUTTING_DOWN = Reply.of("421 4.3.2 Service shutting down, try again later")


class Draining(EmpathError):
    """The process is to end, and the session waits for its client."""


@dataclass(slots=True)
class Desk:
    """What all sessions of one listener share; budget and space they share with those of all listeners."""

    config: Config
    listener: str
    role: Role
    limits: ServerLimits
    writer: HubWriter
    destination_ids: DestinationIds
    budget: ContentBudget
    space: Space
    log: Logger
    banner: Reply
    is_draining: bool = False


@dataclass(slots=True)
class _Transaction:
    offer: MailOffered
    recipients: list[Recipient] = field(default_factory=list)
    destinations: list[str] = field(default_factory=list)
    known: set[Address] = field(default_factory=set)


class ReceivingSession:
    """One client's connection, from the banner to the close."""

    def __init__(self, desk: Desk, stream: Stream, client: ClientAddress) -> None:
        self._desk = desk
        self._stream = stream
        self._client = client
        self._client_text = stream.peer
        self._session = ServerSession(str(desk.config.hostname), desk.limits)
        self._ends_at = time.monotonic() + desk.config.timeouts.session_s
        self._is_esmtp = False
        self._client_name = ""
        self._transaction: _Transaction | None = None
        self._queue_id: QueueId | None = None
        self._content: IncomingContent | None = None
        self._data_at = 0.0

    @property
    def is_in_content(self) -> bool:
        """Whether the client is sending a message, which a graceful stop lets it finish."""
        return self._session.is_in_content

    def interrupt(self) -> None:
        """End the session at its next wait for the client, if it waits now."""
        self._stream.interrupt(Draining())

    def run(self) -> None:
        """Serve until the session is over; closes the stream."""
        try:
            early = self._stream.receive_now()
            if early:
                self._session.receive(early)
            while not self._session.is_closed:
                self._turn()
        except StreamTimeout:
            self._end(_TIMED_OUT)
        except Draining:
            self._end(_SHUTTING_DOWN)
        except StreamClosed:
            pass
        finally:
            self._drop_content(is_accepted=False)
            self._stream.close()

    def _turn(self) -> None:
        session = self._session
        while (event := session.next_event()) is not None:
            answer = _ANSWERS[type(event)](self, event)
            if answer is not None:
                session.answer(answer)
        octets = session.octets_to_send()
        if octets:
            if session.errors:
                gevent.sleep(error_delay_s(session.errors, self._desk.limits.slow_errors))
            self._stream.send(octets)
        if session.is_closed:
            return
        if self._desk.is_draining and not session.is_in_content:
            raise Draining
        timeouts = self._desk.config.timeouts
        wait_s = timeouts.content_s if session.is_in_content else timeouts.command_s
        self._stream.deadline_at = min(time.monotonic() + wait_s, self._ends_at)
        session.receive(self._stream.receive_next() if octets else self._stream.receive())

    def _end(self, reply: Reply) -> None:
        self._session.terminate(reply)
        try:
            self._stream.deadline_at = time.monotonic() + 1
            self._stream.send(self._session.octets_to_send())
        except (StreamClosed, StreamTimeout, Draining):
            pass

    def _connected(self, _: Connected) -> Reply:
        return _SHUTTING_DOWN if self._desk.is_draining else self._desk.banner

    def _greeted(self, event: Greeted) -> Reply:
        self._is_esmtp = event.verb == "EHLO"
        self._client_name = event.name
        return Reply(250, None, str(self._desk.config.hostname))

    def _mail_offered(self, event: MailOffered) -> Reply:
        desk = self._desk
        refusal = desk.config.relay.policy.decide_mail(desk.role, self._client)
        if refusal is not None:
            return refusal
        if not desk.space.has_room:
            return _NO_SPACE
        self._transaction = _Transaction(event)
        return _SENDER_OK

    def _recipient_offered(self, event: RecipientOffered) -> Reply:
        transaction = self._open_transaction()
        config = self._desk.config
        address = event.forward_path.address or config.postmaster
        # What answers a report to the postmaster is taken from anyone and thrown away: refused it would go in a circle.
        if not is_double_bounce(str(address), config.hostname):
            refusal = config.relay.policy.decide(self._desk.role, self._client, event.forward_path)
            if refusal is not None:
                return refusal
        route = config.find_route(str(address), address.domain)
        if route is None:
            return _NO_ROUTE
        if address not in transaction.known:  # a recipient given twice gets one copy
            transaction.known.add(address)
            transaction.recipients.append(Recipient(address, event.notify, event.original_recipient))
            transaction.destinations.append(route.destination(str(address.domain)))
        return _RECIPIENT_OK

    def _data_offered(self, _: DataOffered) -> Reply:
        desk = self._desk
        self._data_at = time.time()
        self._queue_id = QueueId.make(Timestamp(self._data_at), os.urandom(10))
        spool_file = SpoolFile(desk.config.queue.spool, str(desk.config.hostname), self._queue_id)
        self._content = IncomingContent(
            desk.budget, spool_file, header_octets=desk.config.limits.header_octets, top=self._top
        )
        return _GO_AHEAD

    def _content_came(self, event: Content) -> None:
        if self._content is not None:
            try:
                self._content.add(event.octets)
            except EmpathError as exc:  # the client hears of it at the end of data
                self._log_refusal(str(exc))
                self._drop_content(is_accepted=False)

    def _content_ended(self, _: ContentEnded) -> Reply:
        if self._content is None:
            return _NOT_NOW
        is_accepted = False
        try:
            fields = read_fields(self._content.header)
            if fields.received_hops >= self._desk.config.limits.received_hops:
                self._log_refusal("too many hops")
                return _TOO_MANY_HOPS
            self._content.finish()
            message = self._message(self._content, fields.message_id, fields.subject)
            self._desk.writer.commit(Accept(message, self._desk.destination_ids))
            is_accepted = True
        except EmpathError as exc:
            self._log_refusal(str(exc))
            return _NOT_NOW
        finally:
            self._drop_content(is_accepted=is_accepted)
            self._transaction = None
        self._desk.space.take(message.size)
        self._log_acceptance(message)
        return Reply(250, _OK, f"Ok: queued as {message.queue_id}")

    def _content_refused(self, event: ContentRefused) -> None:
        self._log_refusal(str(event.reply))
        self._drop_content(is_accepted=False)
        self._transaction = None

    def _transaction_reset(self, _: TransactionReset) -> None:
        self._transaction = None

    def _closed(self, _: Closed) -> None:
        self._transaction = None

    def _open_transaction(self) -> _Transaction:
        if self._transaction is None:
            raise RuntimeError("the session offered a recipient outside a transaction")
        return self._transaction

    def _top(self, header: bytes) -> bytes:
        """The fields that this host puts above a message with this *header*."""
        transaction, queue_id = self._open_transaction(), self._queue_id
        assert queue_id is not None
        hostname, at = str(self._desk.config.hostname), Timestamp(self._data_at)
        protocol = protocol_word(is_esmtp=self._is_esmtp, is_smtputf8=transaction.offer.is_smtputf8)
        reception = Reception(self._client_name, self._client_text, hostname, protocol)
        only = str(transaction.recipients[0].address) if len(transaction.recipients) == 1 else None
        trace = received_field(reception, queue_id, at, only)
        if self._desk.role is not Role.SUBMISSION:
            return trace
        has_date, has_message_id = has_field(header, "date"), has_field(header, "message-id")
        return trace + missing_fields(hostname, queue_id, at, has_date=has_date, has_message_id=has_message_id)

    def _message(self, content: IncomingContent, message_id: str | None, subject: str | None) -> NewMessage:
        transaction, queue_id = self._open_transaction(), self._queue_id
        assert queue_id is not None
        config, offer = self._desk.config, transaction.offer
        is_null = offer.reverse_path.is_null
        lifetime_s = config.retry.bounce_lifetime_s if is_null else config.retry.lifetime_s
        now = Timestamp(time.time())
        return NewMessage(
            queue_id=queue_id,
            node=str(config.hostname),
            envelope=Envelope(
                reverse_path=offer.reverse_path,
                recipients=tuple(transaction.recipients),
                body_type=offer.body_type,
                is_smtputf8=offer.is_smtputf8,
                dsn_return=offer.dsn_return,
                envelope_id=offer.envelope_id,
            ),
            destinations=tuple(transaction.destinations),
            content=content.content,
            locator=content.locator,
            size=content.size,
            digest=content.digest,
            has_8bit=content.has_8bit,
            received_at=now,
            expires_at=Timestamp(now + lifetime_s),
            listener=self._desk.listener,
            client_address=self._client_text,
            client_name=self._client_name,
            header_message_id=message_id,
            subject=subject,
        )

    def _drop_content(self, *, is_accepted: bool) -> None:
        content, self._content = self._content, None
        if content is not None:
            content.release(is_accepted=is_accepted)

    def _log_acceptance(self, message: NewMessage) -> None:
        self._desk.log.info(
            "accepted",
            queue_id=str(message.queue_id),
            sender=str(message.envelope.reverse_path),
            recipients=len(message.destinations),
            size=message.size,
            client=self._client_text,
            duration_s=round(time.time() - self._data_at, 4),
        )

    def _log_refusal(self, reason: str) -> None:
        self._desk.log.warning("message_refused", queue_id=str(self._queue_id), client=self._client_text, reason=reason)


_ANSWERS: dict[type, Callable[[ReceivingSession, Any], Reply | None]] = {
    Connected: ReceivingSession._connected,
    Greeted: ReceivingSession._greeted,
    MailOffered: ReceivingSession._mail_offered,
    RecipientOffered: ReceivingSession._recipient_offered,
    DataOffered: ReceivingSession._data_offered,
    Content: ReceivingSession._content_came,
    ContentEnded: ReceivingSession._content_ended,
    ContentRefused: ReceivingSession._content_refused,
    TransactionReset: ReceivingSession._transaction_reset,
    Closed: ReceivingSession._closed,
}
