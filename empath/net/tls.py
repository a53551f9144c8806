"""
tls - TLS over a Stream

THEORY
    OpenSSL reads and writes two buffers in memory. This module moves octets between them and the stream, which does all
    waiting, so that one deadline of the stream bounds a handshake as it bounds a wait for a command. OpenSSL takes at
    once what is put into the incoming buffer, so it never holds more than about one record; the other one holds at most
    what one call sends.
"""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from ssl import MemoryBIO, SSLCertVerificationError, SSLError, SSLSession, SSLWantReadError
from typing import Any, Final, Self, cast

from empath.errors import EmpathError
from empath.net.stream import Stream, StreamClosed, StreamTimeout

_RECORD_OCTETS: Final = 16 * 1024  # the most that one record carries, RFC 8446 §5.1


TlsSession = SSLSession  # what resumes a session in another connection


class TlsFailed(StreamClosed):
    """The handshake failed, or the peer broke the protocol of TLS; the text is a clause."""


@dataclass(frozen=True, slots=True)
class TlsParameters:
    """
    What a handshake agreed on.

    Shape: version as in `TLSv1.3`; cipher is the name that OpenSSL has for the suite; context is the one that the
    handshake ended with, which shows the certificate that this host presented.
    """

    version: str
    cipher: str
    context: ssl.SSLContext


class TlsStream:
    """The secured form of a stream. It has the methods of a Stream that a session calls."""

    __slots__ = (
        "_has_ticket",
        "_incoming",
        "_is_secured",
        "_is_server",
        "_outgoing",
        "_stream",
        "_taken",
        "_tls",
        "_unsent",
    )

    def __init__(
        self,
        stream: Stream,
        context: ssl.SSLContext,
        *,
        is_server: bool = True,
        server_name: str = "",
        session: SSLSession | None = None,
    ) -> None:
        """
        Args:
            context: that of a server, or of a client.
            server_name: name of the server to ask for as a client (RFC 6066 §3), "" for none.
            session: one to resume as a client, of the same context.

        Raises:
            TlsFailed: OpenSSL cannot make a session.
        """
        self._stream = stream
        self._is_server = is_server
        self._incoming = MemoryBIO()
        self._outgoing = MemoryBIO()
        self._unsent = memoryview(b"")  # records of send_part that are still to go out
        self._taken = 0  # octets that they hold
        try:
            self._tls = context.wrap_bio(
                *(self._incoming, self._outgoing),
                server_side=is_server,
                server_hostname=server_name or None,
                session=session,
            )
        except (SSLError, ValueError) as exc:  # ValueError: of a name that no server can have
            raise TlsFailed(_words(exc)) from exc
        self._is_secured = False
        self._has_ticket = False  # one waits for the first octets that are sent

    @classmethod
    def client(
        cls, stream: Stream, context: ssl.SSLContext, server_name: str = "", session: SSLSession | None = None
    ) -> Self:
        """The side that connects; arguments and errors as above."""
        return cls(stream, context, is_server=False, server_name=server_name, session=session)

    @property
    def deadline_at(self) -> float | None:
        """That of the stream."""
        return self._stream.deadline_at

    @deadline_at.setter
    def deadline_at(self, instant: float | None) -> None:
        self._stream.deadline_at = instant

    def shake_hands(self) -> TlsParameters:
        """
        Do the handshake, before anything is sent or received.

        Raises:
            TlsFailed: the peer does not speak TLS, or no version or cipher that this host takes, or went away.
            StreamClosed: the connection broke.
            StreamTimeout: the deadline passed.
        """
        while not self._has_shaken():
            octets = self._stream.receive_next(_RECORD_OCTETS)
            if not octets:
                raise TlsFailed("the peer closed the connection during the handshake")
            self._incoming.write(octets)
        self._is_secured = True
        version, cipher = self._tls.version(), self._tls.cipher()
        # What a client says last goes out with its first command. In TLS 1.3 the ticket goes with the first reply.
        if self._is_server:
            self._has_ticket = version == "TLSv1.3"
            if not self._has_ticket:
                self._flush()
        return TlsParameters(version or "", cipher[0] if cipher else "", self._tls.context)

    def _has_shaken(self) -> bool:
        try:
            self._tls.do_handshake()
        except SSLWantReadError:
            self._flush()
            return False
        except SSLError as exc:
            raise self._failure(exc) from exc
        return True

    @property
    def chain(self) -> tuple[bytes, ...]:
        """The certificates that the peer showed, in DER, its own first; nothing is said about their truth."""
        tls: Any = self._tls
        if hasattr(tls, "get_unverified_chain"):  # from Python 3.13 on
            return tuple(cast("list[bytes]", tls.get_unverified_chain() or ()))
        # The name of the format in `_ssl` is ENCODING_DER, 2.
        return tuple(certificate.public_bytes(2) for certificate in tls._sslobj.get_unverified_chain() or ())

    @property
    def session(self) -> SSLSession | None:
        """What resumes this session in another connection. In TLS 1.3 it is of use once the server has spoken."""
        return self._tls.session

    @property
    def is_resumed(self) -> bool:
        """Whether a session was resumed."""
        return bool(self._tls.session_reused)

    def receive(self) -> bytes:
        """
        Wait for octets; b"" when the peer has closed its side, with or without a closing alert.

        Raises:
            TlsFailed: the peer broke the protocol of TLS.
            StreamClosed: the connection broke.
            StreamTimeout: the deadline passed.
        """
        return self._received(self._stream.receive)

    def receive_next(self) -> bytes:
        """As `Stream.receive_next`."""
        return self._received(self._stream.receive_next)

    def _received(self, receive: Callable[[int], bytes]) -> bytes:
        incoming = self._incoming
        leaves_ticket, self._has_ticket = self._has_ticket, False
        while True:
            # A read takes a record whole, so that more can wait only here, and not in OpenSSL.
            if incoming.pending:
                try:
                    return self._tls.read(_RECORD_OCTETS)
                except SSLWantReadError:  # the record is not whole, or is one of the protocol's own
                    pass
                except SSLError as exc:
                    raise self._failure(exc) from exc
            if leaves_ticket:
                leaves_ticket = False
            else:
                self._flush()  # the answers to updates of keys, which would gather
            octets = receive(_RECORD_OCTETS)
            if not octets:  # RFC 8446 §6.1 asks for an alert before it; many clients only close
                return b""
            incoming.write(octets)

    def receive_within(self, wait_s: float) -> bytes | None:
        """As `Stream.receive_within`."""
        self.deadline_at = time.monotonic() + wait_s
        try:
            return self.receive()
        except StreamTimeout:
            return None
        finally:
            self.deadline_at = None

    def receive_now(self) -> bytes | None:
        """Octets that have arrived, None if there are none. Never waits."""
        arrived = self._stream.receive_now()
        if arrived:
            self._incoming.write(arrived)
        elif not self._incoming.pending:  # then OpenSSL has nothing either, see `_received`
            return arrived
        try:
            octets = self._read() if self._is_secured else b""
        except TlsFailed:
            return b""
        return b"" if octets is None and arrived == b"" else octets

    def is_quiet(self) -> bool:
        """As `Stream.is_quiet`, of what is within TLS: a ticket for the next session is no word of the peer."""
        return self.receive_now() is None

    def has_left(self) -> bool:
        """As `Stream.has_left`."""
        return self._stream.has_left()

    def send(self, octets: bytes) -> None:
        """
        Send all of *octets*.

        Raises:
            StreamClosed: the connection broke, or is not secured yet.
            StreamTimeout: the deadline passed.
        """
        self._encrypt(octets)
        self._stream.send(self._outgoing.read())

    def send_part(self, octets: bytes | memoryview) -> int:
        """
        Send *octets* as far as the connection takes them; return their number once all went out, and 0 before.

        The next call must have the same octets, of which no more is encrypted then. Raises as send().
        """
        if not self._unsent:
            self._encrypt(octets)
            self._taken = len(octets)
            self._unsent = memoryview(self._outgoing.read())
        self._unsent = self._unsent[self._stream.send_part(self._unsent) :]
        return 0 if self._unsent else self._taken

    def send_now(self, octets: bytes) -> None:
        """As `Stream.send_now`."""
        try:
            self._encrypt(octets)
        except StreamClosed:
            return
        self._stream.send_now(bytes(self._unsent) + self._outgoing.read())
        self._unsent = memoryview(b"")

    def is_acknowledged(self) -> bool:
        """As `Stream.is_acknowledged`."""
        return self._stream.is_acknowledged()

    def send_last(self, octets: bytes) -> None:
        """As send(), together with the closing alert."""
        self._encrypt(octets)
        self._shut()
        self._flush()

    def close(self) -> None:
        """Send the closing alert, and close both directions; may be called again."""
        if self._is_secured:
            self._shut()
            self._stream.send_now(self._outgoing.read())
        self._stream.close()

    def interrupt(self, error: EmpathError, *, unless: Callable[[], bool] = bool) -> bool:
        """As `Stream.interrupt`."""
        return self._stream.interrupt(error, unless=unless)

    def _encrypt(self, octets: bytes | memoryview) -> None:
        if not self._is_secured:
            raise StreamClosed("the handshake of TLS is not over")
        try:
            self._tls.write(octets)
        except SSLError as exc:
            raise self._failure(exc) from exc

    def _shut(self) -> None:
        self._is_secured = False
        try:
            self._tls.unwrap()
        except SSLError:  # it would wait for the alert of the peer, or TLS is broken
            pass

    def _read(self) -> bytes | None:
        try:
            return self._tls.read(_RECORD_OCTETS)
        except SSLWantReadError:
            return None
        except SSLError as exc:
            raise self._failure(exc) from exc

    def _flush(self) -> None:
        if self._outgoing.pending:
            self._stream.send(self._outgoing.read())

    def _failure(self, error: SSLError) -> TlsFailed:
        """The error in words. The peer gets the alert that OpenSSL has for it."""
        self._is_secured = False
        self._stream.send_now(self._outgoing.read())
        return TlsFailed(_words(error))


def _words(error: SSLError | ValueError) -> str:
    if isinstance(error, SSLCertVerificationError):
        return error.verify_message
    reason = error.reason if isinstance(error, SSLError) else None
    return (reason or str(error)).replace("_", " ").lower()
