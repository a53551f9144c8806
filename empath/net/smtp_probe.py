"""
smtp_probe - a listener as a client sees it: its greeting, and whether it relays for strangers

One connection: connect, perhaps TLS, a few lines, QUIT. The whole of it has one deadline. It uses the sockets of the
standard library, which wait in a thread, or in the hub of a process that is patched.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from empath.mail.endpoint import Endpoint, UnixSocket

_QUIT: Final = b"QUIT\r\n"
_MOST_OCTETS: Final = 1024
_MOST_LINES: Final = 100  # of a reply
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
    with _session(target, time.monotonic() + within_s) as session:
        return session.line()


def reply_to_relaying(target: ProbeTarget, recipient: str, within_s: float) -> bytes:
    """
    What *target* says to a report, with the null sender, for *recipient*: the last line of its reply to RCPT, or of the
    first reply before it that is not positive. No content is sent, so no mail is.

    Raises:
        OSError: as `greeting_of`, of any line.
    """
    with _session(target, time.monotonic() + within_s) as session:
        reply = session.reply()
        for command in (f"EHLO {session.own_literal}", "MAIL FROM:<>", f"RCPT TO:<{recipient}>"):
            if not reply.startswith(b"2"):
                break
            reply = session.reply(command)
        return reply


class _Session:
    """One connection. Every line has the one deadline."""

    def __init__(self, client: socket.socket, own_address: str, ends_at: float) -> None:
        self._client = client
        self._ends_at = ends_at
        self._octets = b""
        self.own_literal = f"[IPv6:{own_address}]" if ":" in own_address else f"[{own_address}]"

    def line(self) -> bytes:
        """The next line, without its end; what there is of one that is too long or that the server breaks off."""
        while b"\n" not in self._octets and len(self._octets) < _MOST_OCTETS:
            self._client.settimeout(_left(self._ends_at))
            piece = self._client.recv(_MOST_OCTETS)
            if not piece:
                break
            self._octets += piece
        line, _, self._octets = self._octets.partition(b"\n")
        return line.rstrip(b"\r")

    def reply(self, command: str = "") -> bytes:
        """The last line of the reply to *command*, of the greeting without one."""
        if command:
            self._client.settimeout(_left(self._ends_at))
            self._client.sendall(f"{command}\r\n".encode())
        for _ in range(_MOST_LINES):
            line = self.line()
            if line[3:4] != b"-":
                break
        return line

    def leave(self) -> None:
        """Say QUIT, and wait a moment for the answer."""
        with suppress(OSError):  # it has answered what was asked
            self._client.settimeout(_GOODBYE_S)
            self._client.sendall(_QUIT)
            self._client.recv(_MOST_OCTETS)


@contextmanager
def _session(target: ProbeTarget, ends_at: float) -> Iterator[_Session]:
    with _connected(target.address, _left(ends_at)) as plain:
        name = plain.getsockname()[0] if isinstance(target.address, Endpoint) else "127.0.0.1"
        if opening := target.opening(name):
            plain.sendall(opening)
        plain.settimeout(_left(ends_at))
        with _tls_context().wrap_socket(plain) if target.is_tls else plain as client:
            session = _Session(client, name, ends_at)
            yield session
            session.leave()


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
