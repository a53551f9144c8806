"""
http_client - one request to an HTTP endpoint, and its answer

THEORY
    The library of Python does the protocol.  This module bounds it: all of a request has one deadline, an answer has a
    largest size with all its headers and interim responses, certificates are checked, and redirections are not
    followed, because they would carry the request elsewhere.  In a process with gevent a request blocks its greenlet
    only.
"""

import errno
import io
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from ssl import SSLError
from typing import Any, Final, NamedTuple
from urllib.parse import SplitResult

from empath.errors import EmpathError
from empath.mail.printable import printable
from empath.net.stream import OutOfResources

_MAX_OCTETS: Final = 256 * 1024  # with all headers and interim responses, of which http.client reads any number
_MOST_WORDS: Final = 200
_MOST_WAIT_S: Final = 10.0  # for an address, where there are others
_OUR_LIMITS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_PORTS: Final = {"http": 80, "https": 443}

AddressesOf = Callable[[str], Sequence[str]]  # of a host name, in the order to try them; raises HttpFailed
Fields = Sequence[tuple[str, str]]


class HttpFailed(EmpathError):
    """
    The server could not be asked, or gave no answer of the expected form; the text is a clause.

    has_connected: the server may have read a part of the request.
    """

    exit_code = 75  # EX_TEMPFAIL

    def __init__(self, words: str, *, has_connected: bool = True) -> None:
        super().__init__(words)
        self.has_connected = has_connected


class HttpAnswer(NamedTuple):
    """Shape: fields by their names in lower case, the last of several; body is at most as long as was asked for."""

    status: int
    fields: Mapping[str, str]
    body: bytes
    peer: str


class HttpRequest(NamedTuple):
    """
    One request.

    Shape: body are the octets in pieces, and length their number. None sends no body.
    """

    method: str
    fields: Fields = ()
    body: Iterable[bytes] | None = None
    length: int = 0


class _Bounded(io.RawIOBase):
    """What comes from *file*, at most _MAX_OCTETS, each wait within what is left of the time."""

    def __init__(self, file: io.RawIOBase, before_read: Callable[[], None]) -> None:
        self._file = file
        self._before_read = before_read
        self._left = _MAX_OCTETS

    def readable(self) -> bool:
        """See `io`."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """See `io`."""
        self._before_read()
        count = self._file.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise OSError("the answer is too long")
        return count

    def close(self) -> None:
        """See `io`."""
        self._file.close()
        super().close()


class _Answer(HTTPResponse):
    """An answer that comes to an end."""

    def __init__(self, *arguments: Any, before_read: Callable[[], None], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.fp = io.BufferedReader(_Bounded(self.fp.detach(), before_read))


class OneRequest(HTTPConnection):
    """A connection for one request."""

    def __init__(
        self, parts: SplitResult, context: ssl.SSLContext | None, addresses_of: AddressesOf | None, ends_at: float
    ) -> None:
        self.default_port = _PORTS[parts.scheme]  # which the field Host leaves out: a signature may be over it
        super().__init__(parts.hostname or "", parts.port or self.default_port)
        self._context = context
        self._addresses_of = addresses_of
        self._ends_at = ends_at
        self.has_connected = False
        self.peer = ""
        self.response_class = partial(_Answer, before_read=self.limit_wait)  # type: ignore[assignment]

    def connect(self) -> None:
        """Connect to the first address that answers."""
        addresses = _looked_up(self.host) if self._addresses_of is None else self._addresses_of(self.host)
        failure: OSError = OSError("it has no address")
        for place, address in enumerate(addresses, start=1):
            wait_s = self._left_s()
            if place < len(addresses):  # one that drops packets must not use up the time of the others
                wait_s = min(wait_s / 2, _MOST_WAIT_S)
            try:
                sock = socket.create_connection((address, self.port), timeout=wait_s)
                break
            except OSError as exc:
                if exc.errno in _OUR_LIMITS:
                    raise OutOfResources((exc.strerror or str(exc)).lower()) from exc
                failure = exc
        else:
            raise failure
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.peer = _text_of(sock)
            sock.settimeout(self._left_s())
            self.sock = sock if self._context is None else self._context.wrap_socket(sock, server_hostname=self.host)
        except BaseException:
            sock.close()
            raise
        self.has_connected = True

    def send(self, data: Any) -> None:
        """See HTTPConnection; each piece within what is left of the time."""
        if self.sock is not None:
            self.limit_wait()
        super().send(data)

    def limit_wait(self) -> None:
        """Let the next wait end with the time of the request."""
        if self.sock is not None:
            self.sock.settimeout(self._left_s())

    def _left_s(self) -> float:
        left_s = self._ends_at - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("timed out")
        return left_s


class HttpEndpoint:
    """A server that takes requests. *ca_file* has the authorities that count, those of the system if it is None."""

    def __init__(
        self, parts: SplitResult, *, ca_file: Path | None = None, addresses_of: AddressesOf | None = None
    ) -> None:
        self._parts = parts
        self._ca_file = ca_file
        self._addresses_of = addresses_of

    def ask(
        self, request: HttpRequest, *, timeout_s: float, most_octets: int, status_counts: bool = False
    ) -> HttpAnswer:
        """
        Send *request*, and return the answer, whatever its status. *timeout_s* bounds all of it.

        With *status_counts*, the answer counts once its status and fields are there: a body that is too long is cut,
        and one that breaks off or takes too long is empty.

        Raises what the body of the request raises, and what is thrown into the greenlet before then.

        Raises:
            HttpFailed: there is no answer, or it is longer than *most_octets*.
            OutOfResources: this process can open no connection.
        """
        parts = self._parts
        context = None
        if parts.scheme == "https":
            try:
                context = client_context(self._ca_file)
            except OSError as exc:  # SSLError is one, too
                raise HttpFailed(f"{self._ca_file}: {exc.strerror or exc}", has_connected=False) from exc
        connection = OneRequest(parts, context, self._addresses_of, time.monotonic() + timeout_s)
        try:
            return self._exchange(connection, request, most_octets, status_counts)
        except (
            OSError,
            HTTPException,
            ValueError,
        ) as exc:  # the last: a chunk of -5 octets, a name that IDNA does not know
            words = printable((str(exc) or type(exc).__name__)[:_MOST_WORDS])  # it may quote what the server said
            raise HttpFailed(words, has_connected=connection.has_connected) from exc
        finally:
            connection.close()

    def _exchange(
        self, connection: OneRequest, request: HttpRequest, most_octets: int, status_counts: bool
    ) -> HttpAnswer:
        parts = self._parts
        connection.putrequest(request.method, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))
        for name, value in request.fields:
            connection.putheader(name, value)
        connection.putheader("Connection", "close")
        if request.body is not None:
            connection.putheader("Content-Length", str(request.length))
        connection.endheaders()
        is_whole = False
        try:
            for piece in request.body or ():
                connection.send(piece)
            is_whole = True
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server may have said why
        answer = connection.getresponse()
        if not is_whole and answer.status < 300:
            raise HttpFailed("the connection broke before the end of the request")
        try:
            body = answer.read(most_octets + 1)
        except (OSError, HTTPException, ValueError, EmpathError):  # the last: thrown by a lease that goes on
            if not status_counts:
                raise
            body = b""
        if len(body) > most_octets and not status_counts:
            raise HttpFailed("the answer is too long")
        fields = {name.lower(): value for name, value in answer.getheaders()}
        return HttpAnswer(answer.status, fields, body[:most_octets], connection.peer)


def _looked_up(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address) for _, _, _, _, (address, *_) in found))


def _text_of(sock: socket.socket) -> str:
    host, port = sock.getpeername()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _version(file: Path | None) -> tuple[int, ...]:
    if file is None:
        return ()
    found = file.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def client_context(ca_file: Path | None) -> ssl.SSLContext:
    """
    What checks the certificate of a server, by the authorities in *ca_file*, else by those of the system.

    Raises:
        OSError: the file cannot be read, or has none.
    """
    return _context(ca_file, _version(ca_file))


@lru_cache(maxsize=16)
def _context(ca_file: Path | None, _: tuple[int, ...]) -> ssl.SSLContext:
    """Loading the authorities takes some 20 ms."""
    return ssl.create_default_context(cafile=ca_file)


def has_authorities(ca_file: Path) -> bool:
    """Whether *ca_file* has certificates, as far as it can be read."""
    try:
        ssl.create_default_context(cafile=ca_file)
    except SSLError:
        return False
    except OSError:
        pass
    return True
