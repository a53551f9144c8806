"""
server - the HTTP server: who may connect, how long a connection may take, how many there may be
"""

import socket as plain_socket
from collections.abc import Callable, Collection
from ipaddress import ip_address
from typing import Any, Final

import gevent
from gevent import socket
from gevent.pool import Pool
from gevent.pywsgi import WSGIServer

from empath.policy.access import Network, is_within

_MOST_CONNECTIONS: Final = 100
_SILENT_S: Final = 60.0  # without an octet from the client
_LONGEST_S: Final = 600.0  # of a connection, whatever comes
_DRAIN_S: Final = 5.0
_FORBIDDEN: Final = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s"
)
_WORDS: Final = b"This address may not read here; see `networks` in [http].\n"


class HttpServer(WSGIServer):
    """A server on the listening socket *fd*, for clients of *networks* and of a UNIX socket."""

    def __init__(self, fd: int, application: Callable[..., Any], networks: Collection[Network]) -> None:
        listener = socket.socket(fileno=fd)
        super().__init__(listener, application, log=None, error_log=None, spawn=Pool(_MOST_CONNECTIONS))
        self._is_local = listener.family == plain_socket.AF_UNIX
        self._networks = networks
        self.stop_timeout = _DRAIN_S

    def handle(self, sock: Any, address: Any) -> None:
        """Serve one connection."""
        with gevent.Timeout(_LONGEST_S, False):  # type: ignore[arg-type]
            sock.settimeout(_SILENT_S)
            if not self._is_local and not is_within(ip_address(address[0]), self._networks):
                sock.sendall(_FORBIDDEN % (len(_WORDS), _WORDS))
                sock.close()
                return
            super().handle(sock, address)
