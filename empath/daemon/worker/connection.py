"""
connection - one SMTP connection to one host

A connection carries one transaction after another.  Each stage of the dialogue has a timeout of its own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from empath.config.tables.delivery import Delivery
from empath.daemon.worker.content_fit import Pieces, fit
from empath.errors import EmpathError
from empath.mail.fate import Said
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.net.stream import Deadlines, Stream, StreamClosed, StreamTimeout
from empath.policy.hosts.search import Host
from empath.smtp.client.events import (
    ClientEvent,
    ContentWanted,
    HostFailed,
    Ready,
    SessionClosed,
    TransactionEnded,
)
from empath.smtp.client.session import ClientSession, Transaction

_FLUSH_OCTETS = 64 * 1024  # amount of content that is sent at once
Permission = Callable[[], bool]  # asked just before the final dot; False: give up without it
Clock = Callable[[], float]  # monotonic seconds


class HostUnreachable(EmpathError):
    """A host of the next hop gave no session. *said* tells how far it went."""

    def __init__(self, said: Said) -> None:
        super().__init__(said.reply.escaped())
        self.said = said


class Abandoned(EmpathError):
    """The transaction was given up before its final dot, so the host has not taken the mail."""


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """
    How connections of one worker are made and used.

    timeouts are those of RFC 5321 §4.5.3.2, in seconds. Except in tests, connect is Stream.connect and clock is
    time.monotonic.
    """

    delivery: Delivery
    ehlo_name: str
    deadlines: Deadlines
    timeouts: dict[Stage, float]
    connect: Callable[..., Stream]
    clock: Clock


class Connection:
    """One SMTP connection to one host."""

    def __init__(self, host: Host, stream: Stream, how: ConnectionSettings) -> None:
        self.host = host
        self.born_at = self.used_at = how.clock()
        self._stream = stream
        self._session = ClientSession(how.ehlo_name)
        self._how = how

    @classmethod
    def open(cls, host: Host, how: ConnectionSettings) -> "Connection":
        """
        Connect, and wait for the greeting.

        Raises:
            HostUnreachable: no connection, or no session.
        """
        try:
            wait_s = how.timeouts[Stage.CONNECT]
            stream = how.connect(host.address, host.port, deadlines=how.deadlines, timeout_s=wait_s)
        except (StreamClosed, StreamTimeout) as exc:
            reply = Reply.of(f"451 4.4.1 connect to {host.name}[{host.address}]:{host.port}: {exc}")
            raise HostUnreachable(Said(Stage.CONNECT, reply)) from exc
        connection = cls(host, stream, how)
        event = connection._next()
        if isinstance(event, Ready):
            return connection
        connection.leave()
        assert isinstance(event, HostFailed)
        raise HostUnreachable(Said(event.stage, event.reply))

    @property
    def is_usable(self) -> bool:
        """Whether another transaction may begin."""
        return self._session.is_ready and self._session.is_usable

    def transact(self, transaction: Transaction, pieces: Pieces, may_end: Permission) -> TransactionEnded:
        """
        Send one message. The connection is closed if that raises: the peer must not wait for the rest.

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
            without = self._how.delivery.without_8bitmime
            transaction, pieces = fit(transaction, pieces, session.extensions, without)
        session.begin(transaction)
        while True:
            event = self._next()
            if isinstance(event, TransactionEnded):
                self.used_at = self._how.clock()
                return event
            if isinstance(event, ContentWanted):
                self._send_content(pieces(), may_end)
            elif isinstance(event, SessionClosed):
                raise Abandoned("the session ended without a word on the transaction")

    def quit(self) -> None:
        """Send QUIT and close; the reply is not awaited, because nothing depends on it."""
        self._session.quit()
        self.leave()

    def leave(self) -> None:
        """Send what the session still has to send, such as QUIT to a host that turned us away, and close."""
        if octets := self._session.octets_to_send():
            self._stream.send_now(octets)
        self.close()

    def close(self) -> None:
        """Close the connection without a word."""
        self._stream.close()

    def _send_content(self, pieces: Iterator[bytes], may_end: Permission) -> None:
        session = self._session
        waiting = 0
        for piece in pieces:
            # Small pieces leave together, and the last one together with the final dot.
            if waiting >= _FLUSH_OCTETS:
                self._flush()
                waiting = 0
            session.content(piece)
            waiting += len(piece)
        if not may_end():
            raise Abandoned("given up before the final dot")
        session.end_content()

    def _next(self) -> ClientEvent:
        session, stream = self._session, self._stream
        while (event := session.next_event()) is None:
            self._flush()
            if (event := session.next_event()) is not None:
                return event
            stream.deadline_at = self._how.clock() + self._how.timeouts[session.stage]
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
            self._stream.deadline_at = self._how.clock() + self._how.timeouts[Stage.CONTENT]
            try:
                self._stream.send(octets)
            except StreamTimeout as exc:
                self._session.lost(str(exc), is_timeout=True)
            except StreamClosed as exc:
                self._session.lost(str(exc), is_timeout=False)
