"""
connection - one SMTP connection to one host

A connection carries one transaction after another.

THEORY
    Each reply has one deadline, by its stage.  It starts when the command goes out, or when the previous reply is
    complete, so a host that drips octets counts as silent.  Content has a deadline for each buffer and a minimum rate.
    A host may send a reply while content goes out.  The connection looks for one before the final dot, when the host
    reads no more, and when a write failed; that reply then decides.  A 2yz promises nothing before the dot has arrived.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from empath.config.tables.delivery import Delivery
from empath.daemon.process.dialogues import Dialogues, unheard
from empath.daemon.worker.cargo import Cargo
from empath.daemon.worker.content_fit import Pieces, fit, fold
from empath.daemon.worker.host_hearing import HostHearing
from empath.daemon.worker.securing import NotSecured, Securing, Security
from empath.daemon.worker.session_needs import NO_NEEDS, SessionNeeds
from empath.errors import EmpathError
from empath.mail.fate import Said, TlsEvidence
from empath.mail.outcome import Stage
from empath.mail.protocol import Protocol
from empath.mail.reply import EnhancedStatus, Reply
from empath.net.stream import Deadlines, OutOfResources, Stream, StreamClosed, StreamTimeout
from empath.net.tls import TlsFailed, TlsStream
from empath.policy.attempt import loop_found
from empath.policy.destinations.settings import DestinationSettings
from empath.policy.hosts.search import Host
from empath.policy.sources import SourceAddress
from empath.smtp.client.events import (
    ClientEvent,
    ContentWanted,
    HandshakeWanted,
    HostFailed,
    Ready,
    SessionClosed,
    TransactionEnded,
)
from empath.smtp.client.session import ClientSession, Transaction
from empath.smtp.client.states import ClientState

_FLUSH_OCTETS = 64 * 1024  # amount of content that is sent at once
Permission = Callable[[], bool]  # asked just before the final dot; False: give up without it
Clock = Callable[[], float]  # monotonic seconds
Measure = Callable[[str, float], object]
LEAST_RATE: Final = 500  # octets of content a second, as smtp_min_data_rate of Postfix
_AT_ONCE_S: Final = 0.0005
_NOT_SECURED: Final = EnhancedStatus(4, 7, 5)
_LOST: Final = EnhancedStatus(4, 4, 2)
_CLOSED: Final = ClientState.CLOSED
_END_OF_DATA: Final = ClientState.END_OF_DATA
_OVER_BEFORE_MAIL: Final = Said(Stage.MAIL, Reply.of("451 4.4.2 The session was over before MAIL"))


class HostUnreachable(EmpathError):
    """A host of the next hop gave no session. *said* tells how far it went, *tls* what became of TLS."""

    def __init__(self, said: Said, tls: TlsEvidence | None = None) -> None:
        super().__init__(said.reply.escaped())
        self.said = said
        self.tls = tls


class Abandoned(EmpathError):
    """The transaction was given up before its final dot, so the host has not taken the mail."""


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """
    How connections of one worker are made and used.

    timeouts are those of RFC 5321 §4.5.3.2, in seconds. A host on mx_port that greets by one of own_names is this host.
    Except in tests, connect is Stream.connect and clock is time.monotonic. measure gets the seconds of a stage and its
    name, if anybody counts: connect, opening (until the host is ready for mail), tls (the handshake), envelope (until
    the host wants the content) and content (until its reply). dialogues knows who listens.
    """

    delivery: Delivery
    ehlo_name: str
    deadlines: Deadlines
    timeouts: dict[Stage, float]
    connect: Callable[..., Stream]
    clock: Clock
    security: Security
    own_names: frozenset[str] = frozenset()
    measure: Measure | None = None
    dialogues: Dialogues = field(default_factory=unheard)


class Connection:
    """
    One SMTP connection to one host.

    `has_dsn`: the host takes what the sender wants to hear, and makes the report of success (RFC 3461 §5.2.1).
    `source_address` is the address of [sources] that it goes out from, None where the system chose.
    """

    def __init__(
        self,
        host: Host,
        stream: Stream | TlsStream,
        how: ConnectionSettings,
        needs: SessionNeeds,
        securing: Securing,
        *,
        source: SourceAddress | None = None,
        cargo: Cargo | None = None,
    ) -> None:
        self.host = host
        self.source = source
        self.source_address = None if source is None else source.address
        self.peer = host.peer
        self.has_dsn = False
        self.born_at = self.used_at = how.clock()
        self._stream = stream
        # Only where mail servers listen: a filter on another port may well greet by the name of this host.
        may_loop = host.port == how.delivery.mx_port and host.protocol is Protocol.SMTP
        opening = needs.opening(securing.bindings, is_secured=isinstance(stream, TlsStream))
        own_names = how.own_names if may_loop else frozenset()
        ehlo_name = how.ehlo_name if source is None or source.hostname is None else source.hostname
        self._session = ClientSession(ehlo_name, own_names, host.protocol, opening)
        self._how = how
        self._securing = securing
        self._due_at = 0.0  # the deadline of the reply that is awaited
        self._awaited: int | None = None  # `answered` of the session when that deadline was set
        self._content_s = how.timeouts[Stage.CONTENT]  # for one buffer
        self._content_left_s = math.inf  # for which the host may still keep us waiting with all that is sent now
        self._marks = None if cargo is None else cargo.marks
        self._hearing = HostHearing(how.dialogues, host, self._session, cargo)

    @classmethod
    def open(
        cls,
        host: Host,
        how: ConnectionSettings,
        needs: SessionNeeds = NO_NEEDS,
        source: SourceAddress | None = None,
        cargo: Cargo | None = None,
    ) -> "Connection":
        """
        Connect, from *source* if there is one, and wait until the host is ready for mail: it has greeted, and TLS and
        the login are over. *cargo* is what it is for.

        Raises:
            HostUnreachable: no connection, or no session.
            OutOfResources: this process can open no connection to any host.
        """
        securing = Securing(how.security, host, needs.demand)
        began = how.clock()
        marks = None if cargo is None else cargo.marks
        if marks is not None:
            marks.add(Stage.CONNECT, began)
        try:
            wait_s = how.timeouts[Stage.CONNECT]
            bound = {} if source is None else {"source": source.address}
            stream = how.connect(host.address, host.port, deadlines=how.deadlines, timeout_s=wait_s, **bound)
        except OutOfResources:
            raise
        except (StreamClosed, StreamTimeout) as exc:
            where = host.peer if host.is_socket else f"{host.name}[{host.address}]:{host.port}"
            origin = "" if source is None else f" from {source.address}"
            reply = Reply.of(f"451 4.4.1 connect{origin} to {where}: {exc}")
            raise HostUnreachable(Said(Stage.CONNECT, reply), securing.evidence) from exc
        secured: Stream | TlsStream = stream
        connected = how.clock()
        if marks is not None:
            marks.add(Stage.TLS if host.is_tls else Stage.GREETING, connected)
        try:
            if host.is_tls:
                secured = securing.secure(stream, connected + how.timeouts[Stage.TLS])
                if how.measure is not None:
                    how.measure("tls", how.clock() - connected)
                if marks is not None:
                    marks.add(Stage.GREETING, how.clock())
            opened = cls(host, secured, how, needs, securing, source=source, cargo=cargo)._opened()
            if how.measure is not None:
                how.measure("connect", connected - began)
                how.measure("opening", how.clock() - connected)
            return opened
        except NotSecured as exc:
            stream.close()
            raise HostUnreachable(Said(Stage.TLS, Reply(451, _NOT_SECURED, str(exc))), securing.evidence) from exc
        except BaseException:
            stream.close()
            raise

    def _opened(self) -> "Connection":
        event = self._next()
        while isinstance(event, HandshakeWanted):
            self._secure()
            event = self._next()
        if (refusal := self._session.tls_refusal) is not None:
            self._securing.note_failure(f"{self.host.name} refused STARTTLS: {refusal.escaped()}")
        if isinstance(event, Ready):
            if self._session.ensure_ready():
                self.has_dsn = self._session.extensions.has_dsn
                return self
            event = self._next()  # octets came behind the reply to EHLO
        self.leave()
        assert isinstance(event, HostFailed)
        # Many a host refuses what the handshake showed, such as the lack of a certificate, by no more than this.
        is_first_within = isinstance(self._stream, TlsStream) and event.stage is Stage.EHLO
        if event.reply.enhanced == _LOST and (is_first_within or event.stage is Stage.TLS):
            where = "at its beginning" if event.stage is Stage.TLS else "within it"
            self._securing.note_failure(f"{self.host.name} did not go on with TLS {where}: {event.reply.text}")
        said = Said(event.stage, loop_found(self.host, event.own_name) if event.own_name else event.reply)
        self._hearing.fail(said)
        raise HostUnreachable(said, self.tls)

    def _secure(self) -> None:
        stream = self._stream
        assert not isinstance(stream, TlsStream)
        began, measure = self._how.clock(), self._how.measure
        if self._marks is not None:
            self._marks.add(Stage.TLS, began)
        try:
            self._stream = self._securing.secure(stream, began + self._how.timeouts[Stage.TLS])
        except NotSecured as exc:
            self._hearing.note(f"TLS failed: {exc}")
            self._session.not_secured(str(exc))
        else:
            self._hearing.note(self._securing.evidence.version or "TLS")
            if measure is not None:
                measure("tls", self._how.clock() - began)
            if self._marks is not None:
                self._marks.add(Stage.EHLO, self._how.clock())
            self._session.secured(self._securing.bindings)

    @property
    def tls(self) -> TlsEvidence:
        """What became of TLS so far."""
        return self._securing.evidence

    def keep_session(self) -> None:
        """Let later connections resume the session of TLS, if there is one."""
        self._securing.keep_session()

    @property
    def is_usable(self) -> bool:
        """Whether another transaction may begin."""
        return self._session.is_usable and self._session.is_ready

    @property
    def lacks_chunking(self) -> bool:
        """Whether the host turned out not to know BDAT, though it offers it."""
        return self._session.lacks_chunking

    def is_quiet(self) -> bool:
        """Whether the host has neither spoken nor closed since its last reply. Never waits."""
        return self._stream.is_quiet()

    def transact(
        self,
        transaction: Transaction,
        pieces: Pieces,
        may_end: Permission,
        settings: DestinationSettings,
        cargo: Cargo | None = None,
    ) -> TransactionEnded:
        """
        Send one message, as *settings* of its destination say. The connection is closed if that raises: the peer must
        not wait for the rest. *cargo* names the message for those who listen.

        Raises:
            Abandoned: *may_end* said no.
            StorageFailure: the content cannot be read.
            SyntaxViolation: a path or parameter has a control character in it.
        """
        self._marks = None if cargo is None else cargo.marks
        self._hearing.begin(cargo)
        try:
            return self._transact(transaction, pieces, may_end, settings)
        except BaseException:
            self.close()
            raise

    def _transact(
        self, transaction: Transaction, pieces: Pieces, may_end: Permission, settings: DestinationSettings
    ) -> TransactionEnded:
        session = self._session
        if transaction.has_8bit:
            transaction, pieces = fit(transaction, pieces, session.extensions, settings.without_8bitmime)
        if settings.fold_lines:
            transaction, pieces = fold(transaction, pieces)
        if settings.chunking:
            transaction = transaction._replace(may_chunk=True)
        hearing = self._hearing
        if hearing.number != hearing.dialogues.number:
            hearing.renew()
        if not session.begin(transaction):
            return TransactionEnded(dict.fromkeys(transaction.recipients, _OVER_BEFORE_MAIL), is_stale=True)
        measure, marks = self._how.measure, self._marks
        began = 0.0 if measure is None and marks is None else self._how.clock()
        if marks is not None:
            marks.add(Stage.MAIL, began)
        wanted_at = 0.0
        while True:
            event = self._next()
            if isinstance(event, TransactionEnded):
                self._content_left_s = math.inf
                self.used_at = self._how.clock()
                if marks is not None:
                    marks.add(None, self.used_at)
                if measure is not None and wanted_at:
                    measure("envelope", wanted_at - began)
                    measure("content", self.used_at - wanted_at)
                if hearing.recent is not None:
                    self._keep_failure(event)
                return event
            if isinstance(event, ContentWanted):
                wanted_at = self._send_content(pieces(), may_end)
            elif isinstance(event, SessionClosed):
                raise Abandoned("the session ended without a result of the transaction")

    def _keep_failure(self, ended: TransactionEnded) -> None:
        """Keep what was said if the host did not take the message for all, and no new connection is to try it."""
        for said in ended.results.values():
            if said.reply.klass != 2:
                if not (ended.is_stale or ended.is_spent or self._session.lacks_chunking):
                    self._hearing.fail(said)
                return

    def quit(self) -> None:
        """Send QUIT and close; the reply is not awaited, because nothing depends on it."""
        self._session.quit()
        if self._marks is not None:
            self._marks.quit(self._how.clock())
        self.leave()

    def leave(self) -> None:
        """Send the rest of the session's octets, such as QUIT to a host that refused the session, and close."""
        if octets := self._session.octets_to_send():
            self._stream.send_now(octets)
        self.close()

    def close(self) -> None:
        """Close the connection without QUIT."""
        self._hearing.tell()
        self._stream.close()

    def _send_content(self, pieces: Iterator[bytes], may_end: Permission) -> float:
        """Send the content; gives the instant at which that began."""
        session = self._session
        began = self._how.clock()
        if self._marks is not None:
            self._marks.add(Stage.CONTENT, began)
        self._content_left_s = self._content_s
        waiting = 0
        for piece in pieces:
            # Small pieces leave together, and the last one together with the final dot.
            if waiting >= _FLUSH_OCTETS:
                self._flush()
                self._hear()
                waiting = 0
            if session.state is _CLOSED:
                return began
            session.content(piece)
            waiting += len(piece)
            self._content_left_s += len(piece) / LEAST_RATE
        # A small message goes out right after the host asked for it, before the host can have said more.
        if self._how.clock() - began > _AT_ONCE_S:
            self._hear()
        if session.state is _CLOSED:
            return began
        if not may_end():
            raise Abandoned("given up before the final dot")
        session.end_content()
        return began

    def _next(self) -> ClientEvent:
        session, stream, clock = self._session, self._stream, self._how.clock
        events, hearing = session.events, self._hearing
        while not events:
            if hearing.number != hearing.dialogues.number:
                hearing.renew()
            is_sent = self._flush()
            if hearing.heard is not None:
                hearing.tell()
            if events:
                break
            if is_sent or session.answered != self._awaited:
                self._awaited = session.answered
                self._due_at = clock() + self._how.timeouts[session.stage]
            elif clock() >= self._due_at:
                session.lost("the reply is not whole", is_timeout=True)
                continue
            stream.deadline_at = self._due_at
            try:
                octets = stream.receive_next()
                # The segment with the reply to the dot acknowledges the dot: a reply from before that is none to it.
                has_arrived = session.state is not _END_OF_DATA or stream.is_acknowledged()
                session.receive(octets, is_all_sent=has_arrived)
                if self._marks is not None and not events:
                    self._marks.add(session.stage, clock())
            except StreamTimeout as exc:
                session.lost(str(exc), is_timeout=True)
            except StreamClosed as exc:
                self._note_tls(exc)
                session.lost(str(exc), is_timeout=False)
        if hearing.heard is not None:
            hearing.tell()
        return events.popleft()

    def _note_tls(self, error: StreamClosed) -> None:
        if isinstance(error, TlsFailed):
            self._securing.note_failure(f"{self.host.name} broke the protocol of TLS: {error}")

    def _hear(self, *, is_all_sent: bool = True) -> None:
        """Take what the host has said already; never waits."""
        octets = self._stream.receive_now()
        if octets is not None:
            self._session.receive(octets, is_all_sent=is_all_sent)

    def _flush(self) -> bool:
        """Send what the session has to send; False if that is nothing."""
        octets = self._session.octets_to_send()
        if not octets:
            return False
        stream, clock = self._stream, self._how.clock
        began = clock()
        try:
            stream.deadline_at = began + min(self._content_s, self._content_left_s)
            sent = stream.send_part(octets)
            if sent < len(octets):
                self._send_rest(memoryview(octets)[sent:], began)
        except StreamTimeout as exc:
            self._session.lost(str(exc), is_timeout=True)
        except StreamClosed as exc:
            self._note_tls(exc)
            self._hear(is_all_sent=False)  # the host may have said why before it closed
            self._session.lost(str(exc), is_timeout=False)
        return True

    def _send_rest(self, left: memoryview, began: float) -> None:
        """Send what did not go out at once, unless the host ends the session meanwhile."""
        stream, clock = self._stream, self._how.clock
        while left:
            self._hear(is_all_sent=False)
            if self._session.state is ClientState.CLOSED:
                return
            now = clock()
            wait_s = min(self._content_s, self._content_left_s - (now - began))
            if wait_s <= 0:
                raise StreamTimeout(f"under {LEAST_RATE} octets a second")
            stream.deadline_at = now + wait_s
            left = left[stream.send_part(left) :]
        self._content_left_s -= clock() - began
