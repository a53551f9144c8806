"""
tls_source - the generator for mail within TLS, which smtp-source does not speak

Its arguments are PORT MESSAGES OCTETS SESSIONS MODE. MODE is `new` (a connection with a full handshake for each mail),
`resumed` (a connection for each mail, which resumes the session of the one before) or `reused` (a connection for each
of SESSIONS). It begins in the clear and says STARTTLS, and it fails at the first reply that it does not expect. Each
session is a thread, because OpenSSL and the sockets release the interpreter.
"""

import socket
import ssl
import sys
import threading
from collections.abc import Iterator

from .machine import LOOPBACK
from .traffic import RECIPIENT, SENDER

NEW, RESUMED, REUSED = "new", "resumed", "reused"


class Source:
    """One of the sessions at once: connections after one another."""

    def __init__(self, port: int, content: bytes, context: ssl.SSLContext) -> None:
        self._port = port
        self._content = content
        self._context = context
        self._session: ssl.SSLSession | None = None

    def connect(self, *, is_resumed: bool = False) -> ssl.SSLSocket:
        """A connection within TLS, after EHLO."""
        plain = socket.create_connection((LOOPBACK, self._port), 30)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _expect(plain, b"220")
        for line in (b"EHLO source.bench.example\r\n", b"STARTTLS\r\n"):
            plain.sendall(line)
            _expect(plain, b"2")
        secured = self._context.wrap_socket(plain, session=self._session if is_resumed else None)
        secured.sendall(b"EHLO source.bench.example\r\n")
        _expect(secured, b"250")
        self._session = secured.session
        return secured

    def send(self, connection: ssl.SSLSocket) -> None:
        """One mail."""
        for line in (f"MAIL FROM:<{SENDER}>\r\n", f"RCPT TO:<{RECIPIENT}>\r\n"):
            connection.sendall(line.encode())
            _expect(connection, b"250")
        connection.sendall(b"DATA\r\n")
        _expect(connection, b"354")
        connection.sendall(self._content)
        _expect(connection, b"250")

    def run(self, messages: Iterator[int], mode: str) -> None:
        """Send mails while *messages* gives numbers."""
        connection = None
        for _ in messages:
            if connection is None:
                connection = self.connect(is_resumed=mode == RESUMED)
            self.send(connection)
            if mode != REUSED:
                _leave(connection)
                connection = None
        if connection is not None:
            _leave(connection)


def _leave(connection: ssl.SSLSocket) -> None:
    connection.sendall(b"QUIT\r\n")
    _expect(connection, b"221")
    connection.close()


def _expect(connection: socket.socket, code: bytes) -> None:
    reply = b""
    while not reply.endswith(b"\r\n") or reply[reply.rfind(b"\n", 0, -1) + 4 :][:1] == b"-":
        octets = connection.recv(4096)
        if not octets:
            raise ConnectionError(f"closed after {reply!r}")
        reply += octets
    if not reply.startswith(code):
        raise ConnectionError(f"unexpected reply {reply!r}")


class _Numbers:
    """The numbers of all mails, for several threads."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[int]:
        while True:
            with self._lock:
                if not self._left:
                    return
                self._left -= 1
            yield self._left


def client_context() -> ssl.SSLContext:
    """The context of a client that checks nothing, as most senders of mail."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    return context


def main() -> int:
    """Run the generator; the exit code is 1 if a session failed."""
    port, messages, octets, sessions = map(int, sys.argv[1:5])
    line = b"x" * 62 + b"\r\n"
    content = b"Subject: bench\r\n\r\n" + line * (octets // len(line)) + b".\r\n"
    numbers, context, failures = _Numbers(messages), client_context(), []

    def serve() -> None:
        try:
            Source(port, content, context).run(iter(numbers), sys.argv[5])
        except OSError as failure:
            failures.append(failure)

    threads = [threading.Thread(target=serve) for _ in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
