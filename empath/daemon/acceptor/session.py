"""
session - the driver of one receiving session

The protocol session speaks SMTP, `introduction` finds out who the client is, and `judging` decides what to accept.
This class carries octets between the socket and the protocol session, and events to the transaction.  It holds one
transaction at a time.
"""

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import gevent

from empath.config.tables.tls import TlsMode
from empath.daemon.acceptor.authentication import Authenticator
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.interruption import REASONS, ClosedByOrder, Draining, Interrupted, LimitReached
from empath.daemon.acceptor.introduction import INTRODUCTIONS, Introduction
from empath.daemon.acceptor.judging import JudgedRecipient, find_sender_refusal, judge_recipient
from empath.daemon.acceptor.securing import tls_over
from empath.daemon.acceptor.session_report import keep_failure, report_begin, report_end, report_refusal
from empath.daemon.acceptor.transaction import Transaction
from empath.daemon.process.dialogues import Dialogue
from empath.daemon.process.turns import let_others_run
from empath.mail.printable import printable
from empath.mail.reply import Reply
from empath.net.stream import Stream, StreamClosed, StreamTimeout
from empath.policy.access import ClientAddress
from empath.policy.limits.refusal import REPLIES, Limit
from empath.policy.limits.session import error_delay_s
from empath.policy.login.account import LoggedIn
from empath.policy.service_part import About
from empath.policy.soft_bounce import softened
from empath.policy.tracing.context import TraceContext
from empath.smtp.server.events import (
    Closed,
    CloseReason,
    Connected,
    Content,
    ContentEnded,
    ContentRefused,
    DataOffered,
    Event,
    MailOffered,
    RecipientOffered,
    TransactionReset,
)
from empath.smtp.server.session import Refusal
from empath.smtp.server.states import TRANSACTION, ServerSignal, ServerState
from empath.smtp.transcript import SPEAKERS, TranscriptLine
from empath.storage.queue.sessions import SessionRow
from empath.telemetry.occurrence import Occurrence
from empath.telemetry.occurrences.acceptor import ClientDialogue

if TYPE_CHECKING:  # only what is configured is imported
    from empath.daemon.acceptor.reception_trace import ReceptionTrace

_CLOSED = ServerState.CLOSED
REFUSED_S = 30.0  # time for the QUIT of a client that a module refused in place of the banner, RFC 5321 §3.1
_OF_MAIL = (Connected, MailOffered, RecipientOffered, DataOffered, ContentEnded)  # events whose refusal costs mail
_EVENTS_AT_ONCE = 50  # before other sessions run: one read may hold thousands of commands
_BROKEN_OFF = Refusal(ServerSignal.TERMINATED, "", Reply.of("421 4.4.2 The client closed the connection"))
_SENDER_OK = Reply.of("250 2.1.0 Ok")
_PRIORITY_CHANGED = Reply.of("250 2.3.6 Ok, with priority 0: this client may not choose it")  # RFC 6710 §5
_RECIPIENT_OK = Reply.of("250 2.1.5 Ok")
_GO_AHEAD = Reply.of("354 End data with <CR><LF>.<CR><LF>")


class ReceivingSession(Introduction):
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
        super().__init__(context, stream, address, account=account)
        self.number = number
        self._is_soft = context.config.delivery.soft_bounce
        self._octets = 0  # received
        self._is_closed_by_order = False
        self._transactions = 0
        self._recipients = 0  # of all transactions
        self._messages = 0  # number of messages accepted
        self._sender: str | None = None  # reverse path of the last transaction
        self._refusal: Refusal | None = None  # the first one of the dialogue that is not kept yet
        self._transaction: Transaction | None = None
        self._metadata_text = "{}"  # of each message
        self._traced_from = self._admitted_at  # where the part of the next message begins, in its trace
        self.trace_parent: TraceContext | None = None  # of each message; None: each begins a trace of its own

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
        report_begin(self._context, self._client)
        try:
            if self._dialogue_number != self._context.dialogues.number:
                self._be_heard()
            if self._context.listener.tls is TlsMode.IMPLICIT:
                self._secure(tls_over(self._context, self._stream, self._client.address_text))
            while self._turn():
                pass
        except StreamTimeout:
            self._end_at(self._deadlines.limit)
        except LimitReached as exc:
            self._end_at(exc.limit)
        except Interrupted as exc:
            self._reason = exc.reason
            self._end(exc.reply)
        except StreamClosed:
            self._note_break()
        finally:
            self._stream.close()
            if self._hearing is not None:
                self._hearing.tell()
            self._keep_failure()
            self._end_transaction()
            duration_s = round(time.monotonic() - self.began_at, 4)
            report_end(self._context, self._client, self._reason, self._messages, duration_s)

    def decide(self, event: Event) -> Reply | None:
        """The answer to an event."""
        answer = self.answers[type(event)](self, event)
        if answer is not None and answer.code >= 500 and self._is_soft and isinstance(event, _OF_MAIL):
            return softened(answer)
        return answer

    def take_metadata(self, text: str) -> None:
        """Keep *text*, a JSON object, with each message."""
        self._metadata_text = text

    def _turn(self) -> bool:
        """Answer what the client sent, and wait for more; False if the session is over."""
        session = self._session
        if self._dialogue_number != self._context.dialogues.number:
            self._be_heard()
        answered = 0
        while (event := session.next_event()) is not None:
            answer = self.decide(event)
            if answer is not None:
                session.answer(answer)
            answered += 1
            if answered % _EVENTS_AT_ONCE == 0:
                let_others_run()
        refusals = session.take_refusals()
        for refusal in refusals:
            self.log_refusal(refusal)
        octets, is_closed = session.octets_to_send(), session.state is _CLOSED
        if octets:
            if session.errors:
                gevent.sleep(error_delay_s(session.errors, self._context.limits.slow_errors))
            if is_closed:
                self._stream.send_last(octets)
            else:
                self._stream.send(octets)
        if self._hearing is not None:
            self._hearing.tell()
        if refusals:
            self._count_errors(refusals)
        if is_closed:
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

    def _be_heard(self) -> None:
        """Find out who listens to this dialogue from now on."""
        if self._hearing is not None:
            self._hearing.tell()
        dialogues, client = self._context.dialogues, self._client.address_text
        self._dialogue_number = dialogues.number
        self._hearing = dialogues.hearing(
            *(Dialogue(client, self.number), [About("smtp", client=client)], ClientDialogue, self._as_occurrence),
            recent=self._recent,
        )
        self._session.transcript = self._recent if self._hearing is None else self._hearing.transcript

    def _as_occurrence(self, dialogue: Dialogue, line: TranscriptLine) -> Occurrence:
        return ClientDialogue(
            client=dialogue.peer,
            listener=self._context.address,
            session=dialogue.number,
            speaker=SPEAKERS[line.speaker],
            text=line.text,
        )

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
        The instant until which the client must send what it owes.

        Raises:
            LimitReached: the instant is past.
        """
        session, deadlines, now = self._session, self._deadlines, time.monotonic()
        if session.is_in_content:
            deadline_at = deadlines.of_content(now, self._octets)
        else:
            has_transaction = session.state in TRANSACTION
            deadline_at = deadlines.of_command(now, has_replied=has_replied, has_transaction=has_transaction)
        if deadline_at <= now:
            raise LimitReached(deadlines.limit)
        return deadline_at

    def _end_at(self, limit: Limit) -> None:
        reply = REPLIES[limit]
        self._reason = REASONS[limit]
        if limit is not Limit.WAIT or self._session.has_transaction:
            self.log_refusal(Refusal(ServerSignal.TERMINATED, "", reply))
        self._end(reply)

    def _end(self, reply: Reply) -> None:
        self._session.terminate(reply)
        try:
            self._stream.deadline_at = time.monotonic() + 1
            self._stream.send_last(self._session.octets_to_send())
        except (StreamClosed, StreamTimeout, Interrupted):
            pass

    def _mail_offered(self, event: MailOffered) -> Reply:
        context = self._context
        if self._recent is not None:
            self._keep_failure()
            self._recent.begin(is_asked=True)
        # A client that pipelines never makes the session wait.
        if time.monotonic() >= self._deadlines.ends_at:
            raise LimitReached(Limit.SESSION)
        most = context.limits.messages  # a row may have made it less than there were
        if most is not None and self._transactions >= most:
            return REPLIES[Limit.MESSAGES_PER_SESSION]
        refusal = find_sender_refusal(context, self._client, event)
        if refusal is not None:
            return refusal
        reply = _SENDER_OK
        if event.mt_priority and not self._is_trusted:
            event, reply = event._replace(mt_priority=0), _PRIORITY_CHANGED
        self._transaction = Transaction(context, self._client, event)
        self._transaction.metadata = self._metadata_text
        if context.tracing is not None:
            self._transaction.trace = _trace_kind()(context.tracing, self._traced_from, self.trace_parent)
        if context.authentication is not None and not self._is_trusted:
            self._check(self._transaction, context.authentication)
        self._transactions += 1
        self._sender = str(event.reverse_path)
        return reply

    def _check(self, transaction: Transaction, authenticator: Authenticator) -> None:
        """Begin to find out who vouches for the message."""
        client = self._client
        check = transaction.check = authenticator.begin(client.address, client.name, transaction.reverse_path)
        if check.hashes_body:
            transaction.body_wanted.append(check.body_forms)

    def _recipient_offered(self, event: RecipientOffered) -> Reply:
        most = self._context.configured.recipients_per_session
        if most is not None and self._recipients >= most:
            return REPLIES[Limit.RECIPIENTS_PER_SESSION]
        judged = judge_recipient(self._context, self._client, self._open_transaction(), event)
        return judged if isinstance(judged, Reply) else self._take_recipient(judged)

    def _take_recipient(self, recipient: JudgedRecipient) -> Reply:
        address, offer, targets, destinations = recipient
        if len(targets) == 1 and targets[0] == address:
            self._open_transaction().recipients.add(address, offer, destinations[0])
        else:
            self._open_transaction().recipients.add_expansion(address, targets, offer, destinations)
        self._recipients += 1
        return _RECIPIENT_OK

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
            if self._context.tracing is not None:
                self._traced_from = time.time()
        self._messages += reply.code == 250
        return reply

    def _transaction_over(self, _: ContentRefused | TransactionReset) -> None:
        self._end_transaction()

    def _closed(self, event: Closed) -> None:
        self._reason = str(event.reason)
        if event.reason == CloseReason.EOF:
            self._note_break()
        self._end_transaction()

    def log_refusal(self, refusal: Refusal) -> None:
        """Report a refusal, and count it."""
        self._refusal = self._refusal or refusal
        report_refusal(self._context, self._client, refusal, self._sender)

    def _note_break(self) -> None:
        """The connection is closed. Within a message, something failed for the client."""
        if self._transaction is not None:
            self._refusal = self._refusal or _BROKEN_OFF

    def _keep_failure(self) -> None:
        """Keep what was said since the last transaction, if something of it was refused, or the client broke it off."""
        recent, refusal = self._recent, self._refusal
        if recent is None or refusal is None:
            return
        self._refusal = None
        if self._hearing is not None:
            self._hearing.tell()
        keep_failure(self._context, self._client, refusal, self._sender, recent)

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


@cache
def _trace_kind() -> "type[ReceptionTrace]":
    from empath.daemon.acceptor.reception_trace import ReceptionTrace  # noqa: PLC0415 - only what is configured

    return ReceptionTrace


ANSWERS: dict[type, Callable[[ReceivingSession, Any], Reply | None]] = {
    **INTRODUCTIONS,
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
