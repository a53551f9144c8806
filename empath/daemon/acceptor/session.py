"""
session - the driver of one receiving session

The protocol session speaks SMTP, and `judging` decides what to accept.  This class carries octets between the socket
and the protocol session, and events to the transaction.  It holds one transaction at a time.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final

import gevent

from empath.config.tables.tls import TlsMode
from empath.daemon.acceptor.authentication import Authenticator
from empath.daemon.acceptor.client import Client
from empath.daemon.acceptor.context import ListenerContext
from empath.daemon.acceptor.entry import EntryChecks, Findings
from empath.daemon.acceptor.judging import JudgedRecipient, find_sender_refusal, judge_recipient
from empath.daemon.acceptor.login.dialogue import LoginDialogue, offered_mechanisms, vouched_for
from empath.daemon.acceptor.named_client import greeted_by, renamed
from empath.daemon.acceptor.securing import report_failure, shake_hands, tls_over
from empath.daemon.acceptor.transaction import Transaction
from empath.daemon.process.dialogues import Dialogue, Hearing
from empath.daemon.process.turns import let_others_run
from empath.errors import EmpathError
from empath.mail.domain import AddressLiteral
from empath.mail.printable import printable
from empath.mail.reply import Reply
from empath.net.stream import Stream, StreamClosed, StreamTimeout
from empath.net.tls import TlsFailed, TlsStream
from empath.policy.access import ClientAddress, Role, is_within
from empath.policy.limits.refusal import REPLIES, Limit
from empath.policy.limits.session import error_delay_s
from empath.policy.login.account import LoggedIn
from empath.policy.service_part import About
from empath.policy.soft_bounce import softened
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
    Event,
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
from empath.smtp.server.states import TRANSACTION, ServerSignal, ServerState
from empath.smtp.transcript import SPEAKERS, TranscriptLine
from empath.storage.queue.sessions import SessionRow
from empath.telemetry.occurrence import Occurrence
from empath.telemetry.occurrences.acceptor import ClientDialogue, Refused, SessionBegan, SessionEnded

_CLOSED = ServerState.CLOSED
REFUSED_S = 30.0  # time for the QUIT of a client that a module refused in place of the banner, RFC 5321 §3.1
_OF_MAIL = (Connected, MailOffered, RecipientOffered, DataOffered, ContentEnded)  # events whose refusal costs mail
_ASK_AGAIN: Final = -1  # in place of the number of those who listen
_EVENTS_AT_ONCE = 50  # before other sessions run: one read may hold thousands of commands
_SENDER_OK = Reply.of("250 2.1.0 Ok")
_PRIORITY_CHANGED = Reply.of("250 2.3.6 Ok, with priority 0: this client may not choose it")  # RFC 6710 §5
_RECIPIENT_OK = Reply.of("250 2.1.5 Ok")
_BEGIN_TLS = Reply.of("220 2.0.0 Ready to start TLS")
_NO_TLS = Reply.of("454 4.7.0 TLS is not available, try again later")
_GO_AHEAD = Reply.of("354 End data with <CR><LF>.<CR><LF>")
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
        self._is_soft = context.config.delivery.soft_bounce
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
        self._logins = LoginDialogue(context)
        self._metadata_text = "{}"  # of each message
        self._hearing: Hearing | None = None
        self._dialogue_number = context.dialogues.beginning

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
            if self._dialogue_number != self._context.dialogues.number:
                self._be_heard()
            if self._context.listener.tls is TlsMode.IMPLICIT:
                self._secure(tls_over(self._context, self._stream, self._client.address_text))
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
            if self._hearing is not None:
                self._hearing.tell()
            self._end_transaction()
            self._log_end()

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
            Dialogue(client, self.number), [About("smtp", client=client)], ClientDialogue, self._as_occurrence
        )
        self._session.transcript = None if self._hearing is None else self._hearing.transcript

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
            ends_at = self._ends_at + pace.command_s if session.state in TRANSACTION else self._ends_at
            if ends_at < deadline_at:
                deadline_at, self._next_limit = ends_at, Limit.SESSION
        if deadline_at <= now:
            raise LimitReached(self._next_limit)
        return deadline_at

    def _end_at(self, limit: Limit) -> None:
        reply = REPLIES[limit]
        self._reason = _REASONS[limit]
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

    def _connected(self, _: Connected) -> Reply:
        context = self._context
        if context.entry is not None:
            self._examine(context.entry)
        early = self._stream.receive_now()
        if early:
            self._session.receive(early)
        if self._names_clients:
            self._offer()  # XCLIENT may come before EHLO
        return _SHUTTING_DOWN if context.is_draining and not context.admits_new_clients else context.banner

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
            tls = shake_hands(self._context, stream, self._client.address_text, self._ends_at)
        except StreamClosed:
            self._reason = "no TLS"
            raise
        self._client = self._client._replace(name="", is_esmtp=False, tls=tls, account=None)
        if self._hearing is not None:
            self._hearing.transcript.note(f"{tls.version} {tls.cipher}")
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

    def _mail_offered(self, event: MailOffered) -> Reply:
        context = self._context
        # A client that pipelines never makes the session wait.
        if time.monotonic() >= self._ends_at:
            raise LimitReached(Limit.SESSION)
        if self._transactions == context.limits.messages:
            return REPLIES[Limit.MESSAGES_PER_SESSION]
        refusal = find_sender_refusal(context, self._client, event)
        if refusal is not None:
            return refusal
        reply = _SENDER_OK
        if event.mt_priority and not self._is_trusted:
            event, reply = event._replace(mt_priority=0), _PRIORITY_CHANGED
        self._transaction = Transaction(context, self._client, event)
        self._transaction.metadata = self._metadata_text
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
        if self._recipients == self._context.configured.recipients_per_session:
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
        self._messages += reply.code == 250
        return reply

    def _transaction_over(self, _: ContentRefused | TransactionReset) -> None:
        self._end_transaction()

    def _closed(self, event: Closed) -> None:
        self._reason = str(event.reason)
        self._end_transaction()

    def log_refusal(self, refusal: Refusal) -> None:
        """Report a refusal, and count it."""
        client, stage = self._client, refusal.signal
        self._context.tally.count(refusal.reply, str(stage))
        account = None if client.account is None else client.account.name
        sender = refusal.path if stage is ServerSignal.MAIL else self._sender
        recipient = refusal.path if stage is ServerSignal.RCPT else None
        self._context.refusal_rows.note(
            refusal.reply,
            client=client.address_text,
            listener=self._context.address,
            stage=str(stage),
            name=client.name,
            account=account,
            sender=sender,
            recipient=recipient,
        )
        if not self._context.refusals.admit(client.address_text, time.monotonic()):
            return
        self._context.emit(
            Refused(
                client=client.address_text,
                listener=self._context.address,
                account=account,
                name=client.name,
                ptr=client.verified_name,
                sender=sender,
                recipient=recipient,
                stage=str(stage),
                reply=str(refusal.reply),
            )
        )

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
