"""
server - the HTTP server: who may connect, how long a connection may take, how many there may be

What is for everybody is served to strangers, too: clients of none of the networks. They may ask for nothing else, and
their connections are few and short.

A connection that waits for its client costs little, and many of them must not keep others out. So when there are too
many, the one that has waited longest is closed: for a request, its body, or its answer to be read. One whose request is
under way stays. One that follows events has no end: such connections count apart, and have a number of their own.
"""

import os
import socket as plain_socket
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from ipaddress import ip_address
from typing import Any, Final, Protocol

import gevent
from gevent import socket
from gevent.pywsgi import WSGIServer

from empath.daemon.httpd.api.stream import STREAMS
from empath.daemon.httpd.handler import Handler
from empath.policy.access import Network, is_within

MOST_CONNECTIONS: Final = 200
MOST_STREAMS: Final = 200  # connections that follow events, apart from the others
_SILENT_S: Final = 60.0  # without an octet from the client
_HANDSHAKE_S: Final = 10.0
_LONGEST_S: Final = 600.0  # of a connection, whatever comes
_STRANGER_S: Final = 20.0  # of a connection of a stranger
_MOST_STRANGERS: Final = MOST_CONNECTIONS // 4
_DRAIN_S: Final = 5.0
_REFUSAL: Final = b"HTTP/1.1 %s\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
_FORBIDDEN: Final = b"403 Forbidden", b"This address may not connect; see `networks` and `token_networks` in [http].\n"
_FULL: Final = b"503 Service Unavailable", b"Too many requests are under way.\n"
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class TlsContext(Protocol):
    """What a connection gets TLS by."""

    def wrap_socket(self, sock: Any, *, server_side: bool, do_handshake_on_connect: bool) -> Any:
        """The stream inside TLS."""


class HttpServer(WSGIServer):
    """A server on the listening socket *fd*, for clients of *networks* and of a UNIX socket; HTTPS with *tls*."""

    def __init__(
        self,
        fd: int,
        application: Application,
        networks: Collection[Network],
        *,
        tls: TlsContext | None = None,
        open_paths: Collection[str] = (),
        most_connections: int = MOST_CONNECTIONS,
        most_strangers: int = _MOST_STRANGERS,
        most_streams: int = MOST_STREAMS,
        silent_s: float = _SILENT_S,
    ) -> None:
        """*open_paths* are what strangers may ask for; without any, none may connect."""
        listener = socket.socket(fileno=fd)
        super().__init__(listener, self._answer, log=None, error_log=None, handler_class=Handler)
        self._wanted = application
        self._tls = tls
        self._most = most_connections
        self._open_paths = frozenset(open_paths)
        self._most_strangers = most_strangers
        self._strangers: set[Any] = set()  # greenlets of their connections
        self._silent_s = silent_s
        self._waiting: OrderedDict[Any, None] = OrderedDict()  # greenlets of connections, who waits longest first
        self._working: set[Any] = set()
        self._streams: set[Any] = set()
        self._most_streams = most_streams
        self.open_connections: dict[Any, int] = {}  # the descriptor of each greenlet's connection
        self._is_local = listener.family == plain_socket.AF_UNIX
        self._networks = networks
        self.stop_timeout = _DRAIN_S

    def handle(self, sock: Any, address: Any) -> None:
        """Serve one connection."""
        is_known = self._is_local or is_within(ip_address(address[0].partition("%")[0]), self._networks)
        with gevent.Timeout(_LONGEST_S if is_known else _STRANGER_S, False):  # type: ignore[arg-type]
            sock.settimeout(_HANDSHAKE_S)
            if not is_known and not self._open_paths:
                self._refuse(sock, *_FORBIDDEN)
                return
            if not is_known and len(self._strangers) >= self._most_strangers:
                longest = next((each for each in self._waiting if each in self._strangers), None)
                if longest is None:
                    self._refuse(sock, *_FULL)
                    return
                self._end(longest)
            if len(self._waiting) + len(self._working) >= self._most:
                if not self._waiting:
                    self._refuse(sock, *_FULL)
                    return
                self._end(next(iter(self._waiting)))
            me = gevent.getcurrent()
            if not is_known:
                self._strangers.add(me)
            self._waiting[me] = None
            self.open_connections[me] = sock.fileno()
            try:
                if self._tls is not None:
                    sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
                    sock.do_handshake()  # apart, so that the end of this greenlet closes it meanwhile, too
                sock.settimeout(self._silent_s)
                super().handle(sock, address)
            except OSError:
                pass  # it went away, or speaks no TLS
            finally:
                self._waiting.pop(me, None)
                self._strangers.discard(me)
                self._streams.discard(me)
                self.open_connections.pop(me, None)
                sock.close()

    def _end(self, greenlet: Any) -> None:
        """End the connection of *greenlet*, which waits for its client."""
        del self._waiting[greenlet]
        self._strangers.discard(greenlet)
        greenlet.kill(block=False)
        # gevent answers what ends its greenlet with an error, and would wait for the client to read that. TLS is passed
        # by: its stream would end under the greenlet, which has not seen yet that it is to end.
        with suppress(OSError), plain_socket.socket(fileno=os.dup(self.open_connections[greenlet])) as connection:
            connection.shutdown(plain_socket.SHUT_RDWR)

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        me = gevent.getcurrent()
        gevent.sleep(0)  # a client that sends many requests at once does not keep others waiting
        if me in self._strangers and environ["PATH_INFO"] not in self._open_paths:
            status, words = _FORBIDDEN
            start_response(status.decode(), [("Content-Type", "text/plain"), ("Connection", "close")])
            return [words]
        environ["wsgi.input"] = _Body(environ["wsgi.input"], self._waits)
        environ[STREAMS] = self._streaming
        self._waiting.pop(me, None)
        self._working.add(me)
        try:
            return self._wanted(environ, start_response)
        finally:
            self._working.discard(me)
            self._waiting[me] = None  # a client that does not read its answer waits, too

    @contextmanager
    def _waits(self) -> Iterator[None]:
        """The connection waits for its client in the middle of a request."""
        me = gevent.getcurrent()
        self._working.discard(me)
        self._waiting[me] = None
        try:
            yield
        finally:
            self._waiting.pop(me, None)
            self._working.add(me)

    @contextmanager
    def _streaming(self) -> Iterator[bool]:
        """The answer has no end: its connection counts apart. Gives False if there are too many of them."""
        me = gevent.getcurrent()
        is_one_of_few = len(self._streams) < self._most_streams
        if is_one_of_few:
            self._waiting.pop(me, None)
            self._streams.add(me)
        try:
            yield is_one_of_few
        finally:
            if me in self._streams:
                self._streams.discard(me)
                self._waiting[me] = None

    def _refuse(self, sock: Any, status: bytes, words: bytes) -> None:
        try:
            if self._tls is None:  # inside TLS it could not read it, and a handshake is work
                sock.sendall(_REFUSAL % (status, len(words), words))
        except OSError:
            pass  # it went away
        finally:
            sock.close()


class _Body:
    """The body of a request. A client may send it as slowly as it likes, but as one that waits."""

    def __init__(self, body: Any, waits: Callable[[], AbstractContextManager[None]]) -> None:
        self._body = body
        self._waits = waits

    def read(self, size: int = -1) -> bytes:
        """The next *size* octets, all without it."""
        with self._waits():
            octets: bytes = self._body.read(size)
        return octets
