"""
syslog - lines of the log as messages of syslog (RFC 5424), to a server that nothing waits for

A line that the server does not take at once waits in memory, up to `KEPT_OCTETS` of lines; lines beyond that are
counted and dropped. They go out with the next line or the next `flush`. Over TCP each message has its length in front
(RFC 6587 §3.4.1). Over a UNIX socket that is a stream it ends with a line feed: servers know no lengths there, and take
several messages for one (`unix-stream` of syslog-ng). A connection that is lost is made again, a second later at the
earliest, and the message that was under way goes out again whole. What the kernel had taken of a lost connection is
gone: syslog has no acknowledgements.

The sockets are those of the kernel, also in a process of gevent: no call here may let another greenlet run.
"""

import errno
import os
import time
from _socket import (
    AF_INET,
    AF_INET6,
    AF_UNIX,
    IPPROTO_TCP,
    MSG_DONTWAIT,
    MSG_NOSIGNAL,
    MSG_PEEK,
    SOCK_CLOEXEC,
    SOCK_DGRAM,
    SOCK_NONBLOCK,
    SOCK_STREAM,
    TCP_USER_TIMEOUT,
)
from _socket import socket as RawSocket
from collections import deque
from collections.abc import Callable
from typing import Final

from empath.mail.endpoint import Endpoint, UnixSocket
from empath.mail.syslog import FACILITIES, SyslogServer, SyslogTransport

KEPT_OCTETS: Final = 1_048_576
LAST_WORDS_S: Final = 1.0
# Most octets of a message. Datagrams beyond 8 KiB are cut by most servers.
DATAGRAM_OCTETS: Final = 8_192
STREAM_OCTETS: Final = 65_536
_AGAIN_S: Final = 1.0
_SILENT_MS: Final = 10_000  # a connection is lost when the server has acknowledged nothing for so long
_SEVERITIES: Final = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}  # RFC 5424 §6.2.1
_NOT_NAME: Final = str.maketrans({" ": "_"})


class Syslog:
    """The connection to one syslog server. `lost` counts dropped messages that no line has reported yet."""

    def __init__(
        self, server: SyslogServer, facility: str, hostname: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """*hostname* is this host for the server; *clock* counts the time until the next try to connect."""
        self.lost = 0
        self._server = server
        self._clock = clock
        self._facility = FACILITIES[facility] * 8
        self._head = f"{hostname.translate(_NOT_NAME)[:255] or '-'} empath {os.getpid()}"
        self._socket: RawSocket | None = None
        self._is_stream = server.transport is SyslogTransport.TCP
        self._kept: deque[bytes] = deque()
        self.kept_octets = 0
        self._sent = 0  # octets of the first message that the connection took
        self._again_at = 0.0

    @property
    def is_waiting(self) -> bool:
        """Whether messages wait until the server takes them."""
        return bool(self._kept)

    def write(self, at: str, level: str, event: str, line: bytes) -> None:
        """Send *line* as one message, now or later, or drop it. *at* is its instant in ISO 8601."""
        head = f"<{self._facility + _SEVERITIES[level]}>1 {at} {self._head} {event[:32]} - ".encode("ascii", "replace")
        most = STREAM_OCTETS if self._is_stream else DATAGRAM_OCTETS
        message = head + (line if len(line) <= most - len(head) else _cut(line, most - len(head)))
        if self.kept_octets + len(message) > KEPT_OCTETS:
            self.flush()
        if self.kept_octets + len(message) > KEPT_OCTETS:
            self.lost += 1
            return
        self._kept.append(message)
        self.kept_octets += len(message)
        self.flush()

    def flush(self) -> bool:
        """Send the messages that wait; True if none waits any more."""
        while self._kept:
            if self._socket is None and not self._connect():
                return False
            try:
                self._send_first()
            except BlockingIOError:
                return False
            except OSError as exc:
                self._failed(exc)
        return True

    def close(self) -> None:
        """Send what waits, for a second at most, and close."""
        if self._socket is not None and self._kept:
            try:
                self._socket.settimeout(LAST_WORDS_S)
                while self._kept:
                    self._send_first()
            except OSError:
                pass  # there is nobody left to hear it
        self._disconnect()

    def _connect(self) -> bool:
        if self._clock() < self._again_at:
            return False
        self._again_at = self._clock() + _AGAIN_S
        try:
            self._socket, self._is_stream = _connected(self._server)
        except OSError:
            return False
        return True

    def _send_first(self) -> None:
        """Send the first message that waits; raises OSError, BlockingIOError if only a part went out."""
        assert self._socket is not None
        message = self._kept[0]
        if not self._is_stream:
            self._socket.send(message, MSG_NOSIGNAL)
        else:
            if not self._sent:
                _check_open(self._socket)
            framed = self._framed(message)
            while self._sent < len(framed):
                self._sent += self._socket.send(framed[self._sent :], MSG_NOSIGNAL)
        self._drop_first()

    def _framed(self, message: bytes) -> bytes:
        if isinstance(self._server.at, UnixSocket):
            return message.replace(b"\n", b" ") + b"\n"
        return b"%d %b" % (len(message), message)

    def _drop_first(self) -> None:
        self.kept_octets -= len(self._kept.popleft())
        self._sent = 0

    def _failed(self, error: OSError) -> None:
        if error.errno == errno.EMSGSIZE:  # the system takes less in one datagram
            self._drop_first()
            self.lost += 1
            return
        self._disconnect()

    def _disconnect(self) -> None:
        self._sent = 0
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _connected(server: SyslogServer) -> tuple[RawSocket, bool]:
    """A socket to *server* that never waits, which may still be connecting; and whether it is a stream."""
    if not isinstance(server.at, UnixSocket):
        is_stream = server.transport is SyslogTransport.TCP
        return _connected_to(server.at, is_stream=is_stream), is_stream
    try:
        return _connected_by(server.at, SOCK_DGRAM), False
    except OSError as exc:
        if exc.errno != errno.EPROTOTYPE:
            raise
    return _connected_by(server.at, SOCK_STREAM), True


def _connected_by(at: UnixSocket, kind: int) -> RawSocket:
    made = RawSocket(AF_UNIX, kind | SOCK_NONBLOCK | SOCK_CLOEXEC)
    try:
        made.connect(at.path)
    except OSError:
        made.close()
        raise
    return made


def _connected_to(at: Endpoint, *, is_stream: bool) -> RawSocket:
    kind = SOCK_STREAM if is_stream else SOCK_DGRAM
    made = RawSocket(AF_INET6 if ":" in at.host else AF_INET, kind | SOCK_NONBLOCK | SOCK_CLOEXEC)
    try:
        if is_stream:
            made.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, _SILENT_MS)
        made.connect((at.host, at.port))
    except BlockingIOError:
        pass  # it goes on; a send says how it ended
    except OSError:
        made.close()
        raise
    return made


def _check_open(socket: RawSocket) -> None:
    """Raise ConnectionResetError if the server has closed: the kernel would take one more message for nothing."""
    try:
        if not socket.recv(1, MSG_PEEK | MSG_DONTWAIT):
            raise ConnectionResetError
    except BlockingIOError:
        pass


def _cut(line: bytes, octets: int) -> bytes:
    """The first *octets* of *line*, without a part of a character."""
    return line[: max(octets, 0)].decode("utf-8", "ignore").encode()
