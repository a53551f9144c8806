"""
smtp_sender - messages go out over SMTP

One connection carries one transaction after another.  A connection that is left over waits in the pool for the next
lease with the same next hop; one that the peer closed meanwhile is replaced once, which is no failed attempt.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from empath.config.tables.delivery import Delivery
from empath.daemon.worker.content_fit import Pieces, fit
from empath.errors import EmpathError
from empath.mail.endpoint import host_and_port
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.net.stream import Deadlines, Stream, StreamClosed, StreamTimeout
from empath.policy.hosts.search import Host
from empath.smtp.client.events import (
    ClientEvent,
    ContentWanted,
    HostFailed,
    Ready,
    RecipientResult,
    SessionClosed,
    TransactionEnded,
)
from empath.smtp.client.session import ClientSession, Transaction

Permission = Callable[[], bool]  # asked just before the final dot; False: say nothing more
Clock = Callable[[], float]  # seconds that only ever rise


class HostUnreachable(EmpathError):
    """A host of the next hop gave no session. *stage* and *reply* say how far it went."""

    def __init__(self, stage: Stage, reply: Reply) -> None:
        super().__init__(reply.escaped())
        self.stage = stage
        self.reply = reply


class Abandoned(EmpathError):
    """The transaction was given up before its final dot: no mail went out."""


@dataclass(frozen=True, slots=True)
class Manner:
    """
    How connections of one worker are made and used.

    timeouts are those of RFC 5321 §4.5.3.2 in seconds; but in tests connect is Stream.connect, clock time.monotonic.
    """

    settings: Delivery
    ehlo_name: str
    deadlines: Deadlines
    timeouts: dict[Stage, float]
    connect: Callable[..., Stream]
    clock: Clock


class Connection:
    """One SMTP connection to one host."""

    def __init__(self, host: Host, stream: Stream, manner: Manner) -> None:
        self.host = host
        self.born_at = self.used_at = manner.clock()
        self._stream = stream
        self._session = ClientSession(manner.ehlo_name)
        self._manner = manner

    @classmethod
    def open(cls, host: Host, manner: Manner) -> "Connection":
        """
        Connect, and be greeted.

        Raises:
            HostUnreachable: no connection, or no session.
        """
        try:
            wait_s = manner.timeouts[Stage.CONNECT]
            stream = manner.connect(host.address, host.port, deadlines=manner.deadlines, timeout_s=wait_s)
        except (StreamClosed, StreamTimeout) as exc:
            reply = Reply.of(f"451 4.4.1 connect to {host.name}[{host.address}]:{host.port}: {exc}")
            raise HostUnreachable(Stage.CONNECT, reply) from exc
        connection = cls(host, stream, manner)
        event = connection._next()
        if isinstance(event, Ready):
            return connection
        connection.leave()
        assert isinstance(event, HostFailed)
        raise HostUnreachable(event.stage, event.reply)

    @property
    def is_usable(self) -> bool:
        """Whether another transaction may begin."""
        return self._session.is_ready and self._session.is_usable

    def transact(self, transaction: Transaction, pieces: Pieces, may_end: Permission) -> TransactionEnded:
        """
        Send one message. Where that raises, the connection is closed: the peer must not wait for the rest.

        Raises:
            Abandoned: *may_end* said no.
            StorageFailure: the content cannot be read.
            SyntaxViolation: a path or parameter has a control character in it.
        """
        try:
            return self._transact(transaction, pieces, may_end)
        except BaseException:
            self.close()
            raise

    def _transact(self, transaction: Transaction, pieces: Pieces, may_end: Permission) -> TransactionEnded:
        session = self._session
        if transaction.has_8bit:
            without = self._manner.settings.without_8bitmime
            transaction, pieces = fit(transaction, pieces, session.extensions, without)
        session.begin(transaction)
        while True:
            event = self._next()
            if isinstance(event, TransactionEnded):
                self.used_at = self._manner.clock()
                return event
            if isinstance(event, ContentWanted):
                self._send_content(pieces(), may_end)
            elif isinstance(event, SessionClosed):
                raise Abandoned("the session ended without a word on the transaction")

    def quit(self) -> None:
        """Take leave; no reply is waited for, as nothing depends on it."""
        self._session.quit()
        self.leave()

    def leave(self) -> None:
        """Say what the session has still to say, such as QUIT to a host that turned us away, and close."""
        if octets := self._session.octets_to_send():
            self._stream.send_now(octets)
        self.close()

    def close(self) -> None:
        """Drop the connection."""
        self._stream.close()

    def _send_content(self, pieces: Iterator[bytes], may_end: Permission) -> None:
        session = self._session
        for piece in pieces:
            # The last piece leaves together with the final dot.
            self._flush()
            session.content(piece)
        if not may_end():
            raise Abandoned("given up before the final dot")
        session.end_content()

    def _next(self) -> ClientEvent:
        session, stream = self._session, self._stream
        while (event := session.next_event()) is None:
            self._flush()
            if (event := session.next_event()) is not None:
                return event
            stream.deadline_at = self._manner.clock() + self._manner.timeouts[session.stage]
            try:
                session.receive(stream.receive_next())
            except StreamTimeout as exc:
                session.lost(str(exc), is_timeout=True)
            except StreamClosed as exc:
                session.lost(str(exc), is_timeout=False)
        return event

    def _flush(self) -> None:
        octets = self._session.octets_to_send()
        if octets:
            self._stream.deadline_at = self._manner.clock() + self._manner.timeouts[Stage.CONTENT]
            try:
                self._stream.send(octets)
            except StreamTimeout as exc:
                self._session.lost(str(exc), is_timeout=True)
            except StreamClosed as exc:
                self._session.lost(str(exc), is_timeout=False)


@dataclass(frozen=True, slots=True)
class HostResult:
    """
    What one host said to one message.

    Shape: peer is its address and port; results are the recipients'. was_reached tells whether there was a session,
    connect_s how long that took to come about, None for one that was there already or never was. is_in_doubt: see
    TransactionEnded.
    """

    host: Host
    peer: str
    results: tuple[RecipientResult, ...]
    was_reached: bool
    connect_s: float | None = None
    is_in_doubt: bool = False


class ConnectionPool:
    """Connections of this worker that wait for more mail, by the address and port that they lead to."""

    def __init__(
        self,
        settings: Delivery,
        ehlo_name: str,
        deadlines: Deadlines,
        connect: Callable[..., Stream] = Stream.connect,
        clock: Clock = time.monotonic,
    ) -> None:
        self._settings = settings
        self._clock = clock
        timeouts = {
            Stage.CONNECT: settings.connect_s,
            Stage.GREETING: settings.greeting_s,
            Stage.EHLO: settings.ehlo_s,
            Stage.MAIL: settings.mail_s,
            Stage.RCPT: settings.rcpt_s,
            Stage.DATA: settings.data_s,
            Stage.CONTENT: settings.content_s,
            Stage.END_OF_DATA: settings.end_of_data_s,
            Stage.QUIT: settings.quit_s,
        }
        self._manner = Manner(settings, ehlo_name, deadlines, timeouts, connect, clock)
        self._idle: dict[tuple[str, int], list[Connection]] = {}

    def send(self, host: Host, transaction: Transaction, pieces: Pieces, may_end: Permission) -> HostResult:
        """
        Send one message to one host, over a waiting connection if there is one.

        Raises:
            Abandoned: see Connection.transact.
        """
        connection = self._take(host)
        if connection is not None:
            ended = connection.transact(transaction, pieces, may_end)
            if not ended.is_stale:
                return self._done(connection, ended, None)
            connection.close()
        began = self._clock()
        try:
            connection = Connection.open(host, self._manner)
        except HostUnreachable as exc:
            failed = RecipientResult(exc.stage, exc.reply)
            return HostResult(host, _peer(host), (failed,) * len(transaction.recipients), was_reached=False)
        connect_s = self._clock() - began
        return self._done(connection, connection.transact(transaction, pieces, may_end), connect_s)

    def close_idle(self, *, all_of_them: bool = False) -> None:
        """Take leave of connections that waited too long."""
        now = self._clock()
        for key, waiting in list(self._idle.items()):
            keep = [] if all_of_them else [c for c in waiting if now - c.used_at < self._settings.idle_s]
            for connection in waiting:
                if connection not in keep:
                    connection.quit()
            if keep:
                self._idle[key] = keep
            else:
                del self._idle[key]

    def _take(self, host: Host) -> Connection | None:
        waiting = self._idle.get((host.address, host.port))
        return waiting.pop() if waiting else None

    def _done(self, connection: Connection, ended: TransactionEnded, connect_s: float | None) -> HostResult:
        host = connection.host
        is_young = self._clock() - connection.born_at < self._settings.reuse_s
        if connection.is_usable and is_young:
            self._idle.setdefault((host.address, host.port), []).append(connection)
        elif connection.is_usable:
            connection.quit()
        else:
            connection.leave()
        return HostResult(host, _peer(host), ended.results, True, connect_s, ended.is_in_doubt)


def _peer(host: Host) -> str:
    return host_and_port(host.address, host.port)
