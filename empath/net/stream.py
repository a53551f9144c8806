"""
stream - one TCP connection, driven by one greenlet

THEORY
    A wait for octets is a switch to the hub; no timer is started for it.  Each stream has the end of its current wait
    in `deadline_at`, and one greenlet per process (`Deadlines`) checks all streams twice a second.  So a deadline is
    met within half a second, and a dialogue of ten waits needs no timer.

    A peer whose octets are always there before they are asked for would never let its greenlet wait, and no other one
    would run.  So a stream that has not waited for some reads goes through the hub before the next.
"""

import errno
import fcntl
import os
import select
import socket
import termios
import time

# The unpatched class: this module does its own waiting.
from _socket import socket as RawSocket
from collections.abc import Callable, Iterator

import gevent
from gevent.hub import get_hub
from gevent.monkey import get_original
from greenlet import getcurrent, greenlet

from empath.errors import EmpathError
from empath.mail.endpoint import UnixSocket, host_and_port

_RECEIVE_OCTETS = 64 * 1024
_SWEEP_S = 0.5
_BACKLOG_AGAIN_S = 0.05
_READS_AT_ONCE = 1  # without a switch to the hub; one read may hold hundreds of small records of TLS
_READ, _WRITE = 1, 2
_unpatched_poll = get_original("select", "poll")  # that of gevent would wait, and knows no POLLRDHUP
_NONE = b"\0\0\0\0"  # the number 0 of the kernel's type int
_OUR_LIMITS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class StreamClosed(EmpathError):
    """The peer is gone: reset, refused, unreachable, or closed for writing."""

    exit_code = 75  # EX_TEMPFAIL


class OutOfResources(StreamClosed):
    """This process or this machine can open no further connection: the peer was not asked."""


class StreamTimeout(EmpathError):
    """The stream's deadline passed while it waited."""

    exit_code = 75  # EX_TEMPFAIL


class Stream:
    """
    A connected or connecting TCP or UNIX socket.

    `deadline_at` is an instant of time.monotonic(), or None for no limit.
    """

    __slots__ = ("_fd", "_look", "_reads", "_socket", "_waiting", "_watchers", "deadline_at", "deadlines", "peer")

    def __init__(self, raw: RawSocket, peer: str, deadlines: "Deadlines") -> None:
        self._socket = raw
        self._fd = raw.fileno()
        self._watchers: dict[int, object] = {}
        self._waiting: greenlet | None = None
        self._look: select.poll | None = None  # for is_quiet
        self._reads = 0  # since the last wait
        self.peer = peer
        self.deadline_at: float | None = None
        self.deadlines = deadlines
        deadlines.add(self)

    @classmethod
    def connect(cls, host: str, port: int, *, deadlines: "Deadlines", timeout_s: float, source: str = "") -> "Stream":
        """
        Connect to an IP address, or to the UNIX socket at the absolute path *host*.

        Raises:
            StreamTimeout: not within *timeout_s*.
            StreamClosed: refused or unreachable; the text is the system's.
            OutOfResources: no descriptor or memory is left, and the peer was not asked.
        """
        is_path = host.startswith("/")
        family = socket.AF_UNIX if is_path else socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            raw = RawSocket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0)
        except OSError as exc:
            raise _unconnected(exc.errno) from exc
        if not is_path:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = cls(raw, str(UnixSocket(host)) if is_path else host_and_port(host, port), deadlines)
        stream.deadline_at = time.monotonic() + timeout_s
        try:
            if source:
                raw.bind((source, 0))
            code = raw.connect_ex(host if is_path else (host, port))
            # A UNIX socket whose backlog is full does not let the connection wait.
            while code == errno.EAGAIN and is_path and time.monotonic() < stream.deadline_at:
                gevent.sleep(_BACKLOG_AGAIN_S)
                code = raw.connect_ex(host)
            if code == errno.EINPROGRESS:
                stream._wait(_WRITE)
                code = raw.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise _unconnected(code)
        except OSError as exc:
            stream.close()
            raise _unconnected(exc.errno) from exc
        except BaseException:
            stream.close()
            raise
        return stream

    def receive(self, limit_octets: int = _RECEIVE_OCTETS) -> bytes:
        """
        Wait for octets, at most *limit_octets*; b"" when the peer has closed its side.

        Raises:
            StreamClosed: the connection broke.
            StreamTimeout: the deadline passed.
        """
        self._reads += 1
        if self._reads > _READS_AT_ONCE:
            self._wait(_READ)
        while True:
            try:
                return self._socket.recv(limit_octets)
            except BlockingIOError:
                self._wait(_READ)
            except OSError as exc:
                raise StreamClosed(_reason(exc.errno)) from exc

    def receive_now(self) -> bytes | None:
        """Octets that have arrived, None if there are none. Never waits."""
        try:
            return self._socket.recv(_RECEIVE_OCTETS)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def is_quiet(self) -> bool:
        """Whether the peer has neither sent octets nor closed since all was read. Never waits."""
        if self._look is None:
            self._look = _unpatched_poll()
            self._look.register(self._fd, select.POLLIN)
        # A third of the time of receive_now, whose usual way is an exception.
        return not self._look.poll(0)

    def receive_within(self, wait_s: float) -> bytes | None:
        """
        Wait at most about *wait_s* seconds for octets; None if there are none by then.

        Raises:
            StreamClosed: the connection broke.
        """
        self.deadline_at = time.monotonic() + wait_s
        try:
            return self.receive()
        except StreamTimeout:
            return None
        finally:
            self.deadline_at = None

    def receive_next(self, limit_octets: int = _RECEIVE_OCTETS) -> bytes:
        """As receive(), for when the peer has had no time to answer: waits first, which saves a system call."""
        self._wait(_READ)
        self._reads = 1
        try:
            return self._socket.recv(limit_octets)
        except BlockingIOError:  # nothing is there after all
            return self.receive(limit_octets)
        except OSError as exc:
            raise StreamClosed(_reason(exc.errno)) from exc

    def peek(self, most: int) -> bytes:
        """
        Wait for octets and leave them to be read, at most *most*; b"" when the peer has closed its side.

        Raises:
            StreamClosed: the connection broke.
            StreamTimeout: the deadline passed.
        """
        while True:
            try:
                return self._socket.recv(most, socket.MSG_PEEK)
            except BlockingIOError:
                self._wait(_READ)
            except OSError as exc:
                raise StreamClosed(_reason(exc.errno)) from exc

    def skip(self, count: int) -> None:
        """Take *count* octets that `peek` gave."""
        self._socket.recv(count)

    def is_acknowledged(self) -> bool:
        """Whether all octets that were sent have arrived, by the word of the peer's TCP."""
        try:
            unacknowledged = fcntl.ioctl(self._fd, termios.TIOCOUTQ, _NONE)
        except OSError:  # it was closed
            return True
        return unacknowledged == _NONE

    def has_left(self) -> bool:
        """Whether the peer has closed its side, even if octets of it wait to be read. Never waits."""
        look = _unpatched_poll()
        look.register(self._fd, select.POLLRDHUP)
        return bool(look.poll(0))

    def send(self, octets: bytes) -> None:
        """
        Send all of *octets*.

        Raises:
            StreamClosed: the connection broke.
            StreamTimeout: the deadline passed.
        """
        try:
            sent = self._socket.send(octets)
            if sent == len(octets):
                return
        except BlockingIOError:
            sent = 0
        except OSError as exc:
            raise StreamClosed(_reason(exc.errno)) from exc
        self._send_rest(memoryview(octets)[sent:])

    def send_last(self, octets: bytes) -> None:
        """As send(), where nothing follows but the close."""
        self.send(octets)

    def _send_rest(self, left: memoryview) -> None:
        while left:
            self._wait(_WRITE)
            try:
                left = left[self._socket.send(left) :]
            except BlockingIOError:
                pass
            except OSError as exc:
                raise StreamClosed(_reason(exc.errno)) from exc

    def send_part(self, octets: bytes | memoryview) -> int:
        """
        Send what the connection takes, waiting for room; return the number of octets, 0 if the peer sent some first.

        Raises:
            StreamClosed: the connection broke.
            StreamTimeout: the deadline passed.
        """
        try:
            return self._socket.send(octets)
        except BlockingIOError:
            self._wait(_READ | _WRITE)
        except OSError as exc:
            raise StreamClosed(_reason(exc.errno)) from exc
        try:
            return self._socket.send(octets)
        except BlockingIOError:
            return 0
        except OSError as exc:
            raise StreamClosed(_reason(exc.errno)) from exc

    def send_now(self, octets: bytes) -> None:
        """Send what the kernel takes at once, and drop the rest: the last reply to a client that is not served."""
        try:
            self._socket.send(octets)
        except OSError:
            pass

    def close(self) -> None:
        """Close both directions; may be called again."""
        self.deadlines.discard(self)
        for watcher in self._watchers.values():
            watcher.stop()  # type: ignore[attr-defined]
            watcher.close()  # type: ignore[attr-defined]
        self._watchers.clear()
        self._socket.close()

    def expire(self) -> None:
        """End the wait with StreamTimeout, if its deadline is still past. Called by Deadlines in the hub."""
        is_over = self.deadline_at is not None and self.deadline_at < time.monotonic()
        if self._waiting is not None and is_over:
            self._waiting.throw(StreamTimeout("timed out"))

    def interrupt(self, error: EmpathError, *, unless: Callable[[], bool] = bool) -> bool:
        """
        End the wait, if there is one, with *error*. False if the greenlet of the stream does not wait.

        The hub does it a moment later, when the peer may have sent something; it leaves the wait if *unless* is true
        by then.
        """
        if self._waiting is None:
            return False
        get_hub().loop.run_callback(self._throw, error, unless)
        return True

    def _throw(self, error: EmpathError, unless: Callable[[], bool]) -> None:
        if self._waiting is not None and not unless():
            self._waiting.throw(error)

    def _wait(self, direction: int) -> None:
        hub = get_hub()
        watcher = self._watchers.get(direction)
        if watcher is None:
            watcher = self._watchers[direction] = hub.loop.io(self._fd, direction)
        self._reads = 0
        self._waiting = getcurrent()
        try:
            watcher.start(self._waiting.switch)  # type: ignore[attr-defined]
            hub.switch()
        finally:
            watcher.stop()  # type: ignore[attr-defined]
            self._waiting = None


class Deadlines:
    """All open streams of a process, and the one greenlet that ends waits past their deadline."""

    def __init__(self) -> None:
        self._streams: set[Stream] = set()

    def add(self, stream: Stream) -> None:
        """Watch over *stream* from now on."""
        self._streams.add(stream)

    def discard(self, stream: Stream) -> None:
        """Stop watching it."""
        self._streams.discard(stream)

    def __iter__(self) -> Iterator[Stream]:
        return iter(list(self._streams))

    def run(self) -> None:
        """Body of the greenlet."""
        while True:
            gevent.sleep(_SWEEP_S)
            now = time.monotonic()
            for stream in self:
                if stream.deadline_at is not None and stream.deadline_at < now:
                    get_hub().loop.run_callback(stream.expire)


def _unconnected(code: int | None) -> StreamClosed:
    return (OutOfResources if code in _OUR_LIMITS else StreamClosed)(_reason(code))


def _reason(code: int | None) -> str:
    return "connection failed" if code is None else os.strerror(code).lower()
