"""
tls_source - the generator for mail within TLS, which smtp-source does not speak

Its arguments are PORT MESSAGES OCTETS SESSIONS MODE. MODE is `new` (a connection with a full handshake for each mail),
`resumed` (a connection for each mail, which resumes the session of the one before), `reused` (a connection for each
of SESSIONS), `clear` or `clear-reused` (the same without TLS, to tell its cost). It begins in the clear and says
STARTTLS, and it fails at the first reply that it does not expect. One thread drives all sessions: threads that contend
for the interpreter take processor time and caches from the server that is measured.
"""

import select
import socket
import ssl
import sys
from collections.abc import Generator, Iterator

from .machine import LOOPBACK
from .traffic import RECIPIENT, SENDER

NEW, RESUMED, REUSED = "new", "resumed", "reused"
CLEAR, CLEAR_REUSED = "clear", "clear-reused"
_DEADLINE_S = 30.0
_EHLO = b"EHLO source.bench.example\r\n"

Dialogue = Generator[int, None, None]  # yields the descriptor from which it waits for octets


class Loop:
    """Runs dialogues side by side."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._waiting: dict[int, Dialogue] = {}  # by descriptor; it stays there until the descriptor is closed

    def run(self, dialogues: list[Dialogue]) -> None:
        """
        Run all of *dialogues* to their end.

        Raises:
            ConnectionError: no server has answered for long.
        """
        left = len(dialogues)
        for dialogue in dialogues:
            left -= self._is_over(dialogue)
        while left:
            ready = self._poll.poll(_DEADLINE_S)
            if not ready:
                raise ConnectionError(f"no reply within {_DEADLINE_S:g} s")
            for descriptor, _ in ready:
                left -= self._is_over(self._waiting[descriptor])

    def close(self, connection: socket.socket) -> None:
        """Close a connection; the next one may have its descriptor."""
        self._waiting.pop(connection.fileno(), None)
        connection.close()

    def _is_over(self, dialogue: Dialogue) -> bool:
        """Go on with *dialogue* until it waits, and say whether it is over."""
        descriptor = next(dialogue, None)
        if descriptor is None:
            return True
        if descriptor not in self._waiting:
            self._poll.register(descriptor, select.EPOLLIN)
        self._waiting[descriptor] = dialogue
        return False


class Source:
    """One of the sessions at once: connections after one another."""

    def __init__(self, port: int, content: bytes, context: ssl.SSLContext, loop: Loop) -> None:
        self._port = port
        self._content = content
        self._context = context
        self._loop = loop
        self._session: ssl.SSLSession | None = None
        self.connection: socket.socket

    def connect(self, mode: str = NEW) -> Dialogue:
        """Make `connection` one within TLS, where *mode* says so, after EHLO."""
        self.connection = socket.create_connection((LOOPBACK, self._port), _DEADLINE_S)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection.setblocking(False)
        yield from self._expect(b"220")
        yield from self._say(_EHLO, b"250")
        if mode in (CLEAR, CLEAR_REUSED):
            return
        yield from self._say(b"STARTTLS\r\n", b"220")
        descriptor = self.connection.fileno()
        session = self._session if mode == RESUMED else None
        secured = self._context.wrap_socket(self.connection, do_handshake_on_connect=False, session=session)
        self.connection = secured
        while True:
            try:
                secured.do_handshake()
                break
            except ssl.SSLWantReadError:
                yield descriptor
        yield from self._say(_EHLO, b"250")
        self._session = secured.session

    def run(self, messages: Iterator[int], mode: str) -> Dialogue:
        """Send mails while *messages* gives numbers."""
        is_connected = False
        for _ in messages:
            if not is_connected:
                yield from self.connect(mode)
            yield from self._send()
            is_connected = mode in (REUSED, CLEAR_REUSED)
            if not is_connected:
                yield from self._leave()
        if is_connected:
            yield from self._leave()

    def _send(self) -> Dialogue:
        """One mail."""
        yield from self._say(f"MAIL FROM:<{SENDER}>\r\n".encode(), b"250")
        yield from self._say(f"RCPT TO:<{RECIPIENT}>\r\n".encode(), b"250")
        yield from self._say(b"DATA\r\n", b"354")
        yield from self._say(self._content, b"250")

    def _leave(self) -> Dialogue:
        yield from self._say(b"QUIT\r\n", b"221")
        self._loop.close(self.connection)

    def _say(self, octets: bytes, code: bytes) -> Dialogue:
        left = memoryview(octets)
        while left:
            try:
                left = left[self.connection.send(left) :]
            except (BlockingIOError, ssl.SSLWantWriteError):  # rare, so that the other dialogues may wait, too
                select.select([], [self.connection], [], _DEADLINE_S)
        yield from self._expect(code)

    def _expect(self, code: bytes) -> Dialogue:
        reply, descriptor = b"", self.connection.fileno()
        while not reply.endswith(b"\r\n") or reply[reply.rfind(b"\n", 0, -1) + 4 :][:1] == b"-":
            yield descriptor
            try:
                octets = self.connection.recv(4096)
            except (BlockingIOError, ssl.SSLWantReadError):  # part of a record, or a ticket
                continue
            if not octets:
                raise ConnectionError(f"closed after {reply!r}")
            reply += octets
        if not reply.startswith(code):
            raise ConnectionError(f"unexpected reply {reply!r}")


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
    numbers, context, loop = iter(range(messages)), client_context(), Loop()
    try:
        loop.run([Source(port, content, context, loop).run(numbers, sys.argv[5]) for _ in range(sessions)])
    except OSError as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
