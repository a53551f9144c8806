"""
smtp_probe - the greeting of a listener, as a client sees it

One connection: connect, perhaps TLS, the first line, QUIT. The whole of it has one deadline. It uses the sockets of the
standard library, which wait in a thread, or in the hub of a process that is patched.
"""

import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from empath.mail.endpoint import Endpoint, UnixSocket

_QUIT: Final = b"QUIT\r\n"
_MOST_OCTETS: Final = 1024
_GOODBYE_S: Final = 1.0
_ANY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """A listener; *opening* gives what a client of this address says first, such as the header of a proxy."""

    address: Endpoint | UnixSocket
    is_tls: bool
    opening: Callable[[str], bytes] = lambda _: b""


def greeting_of(target: ProbeTarget, within_s: float) -> bytes:
    """
    The first line of *target*, without its end.

    Raises:
        OSError: there is no connection, no TLS, or no line within *within_s*.
    """
    ends_at = time.monotonic() + within_s
    with _connected(target.address, within_s) as plain:
        name = plain.getsockname()[0] if isinstance(target.address, Endpoint) else "127.0.0.1"
        if opening := target.opening(name):
            plain.sendall(opening)
        plain.settimeout(_left(ends_at))
        with _tls_context().wrap_socket(plain) if target.is_tls else plain as client:
            line = _first_line(client, ends_at)
            with suppress(OSError):  # it has answered
                client.settimeout(_GOODBYE_S)
                client.sendall(_QUIT)
                client.recv(_MOST_OCTETS)
    return line


def _connected(address: Endpoint | UnixSocket, within_s: float) -> socket.socket:
    if isinstance(address, Endpoint):
        return socket.create_connection((_ANY.get(address.host, address.host), address.port), within_s)
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(within_s)
    try:
        client.connect(str(address).removeprefix("unix:"))
    except OSError:
        client.close()
        raise
    return client


def _first_line(client: socket.socket, ends_at: float) -> bytes:
    octets = b""
    while b"\n" not in octets and len(octets) < _MOST_OCTETS:
        client.settimeout(_left(ends_at))
        piece = client.recv(_MOST_OCTETS)
        if not piece:
            break
        octets += piece
    return octets.partition(b"\n")[0].rstrip(b"\r")


def _left(ends_at: float) -> float:
    left_s = ends_at - time.monotonic()
    if left_s <= 0:
        raise TimeoutError("timed out")
    return left_s


@lru_cache(maxsize=1)
def _tls_context() -> ssl.SSLContext:
    """Takes any certificate: the question is whether the listener answers."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
