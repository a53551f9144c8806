"""
peer - a scripted SMTP or LMTP server on a real loopback or UNIX socket

A ScriptedPeer gets its script before it is started, serves each connection in a thread of its own and records every
session and every message.  Without a script it is a decent host that accepts everything:

    with ScriptedPeer().reply("RCPT", "250 2.1.5 Ok", "451 4.7.1 Later") as peer:
        ... deliver to peer.address ...
        peer.wait_for_messages(1)

Steps of the script are named by the verb of the command (`EHLO`, `MAIL`, `RCPT`, `DATA` …), by `GREETING` for the
connection and by `END_OF_DATA` for the final dot.  A reply is text without its last line end, lines divided by "\n", or
octets that are sent as they are, whatever is wrong with them.

With `secure_with` the peer offers STARTTLS and speaks TLS.  `HANDSHAKE` is then a step, too: the script may delay it,
hang or drop there, and a scripted reply to it goes out in the clear, in its place.  `RESPONSE` is the step of each line
after a 3yz to AUTH.
"""

import socket
import ssl
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self, TypeVar

GREETING = "GREETING"
END_OF_DATA = "END_OF_DATA"
HANDSHAKE = "HANDSHAKE"
RESPONSE = "RESPONSE"
DEADLINE_S = 10.0
T = TypeVar("T")
_READ_OCTETS = 64 * 1024
_DEFAULTS = {
    GREETING: "220 peer.test ESMTP",
    "HELO": "250 peer.test",
    "MAIL": "250 2.1.0 Ok",
    "RCPT": "250 2.1.5 Ok",
    "DATA": "354 Go ahead",
    END_OF_DATA: "250 2.0.0 Taken",
    "RSET": "250 2.0.0 Ok",
    "NOOP": "250 2.0.0 Ok",
    "QUIT": "221 2.0.0 Bye",
    "STARTTLS": "220 2.0.0 Go",
    "AUTH": "235 2.7.0 Welcome",
    RESPONSE: "235 2.7.0 Welcome",
}
_UNKNOWN = "500 5.5.2 What?"
_EXTENSIONS = ("PIPELINING", "SIZE 104857600", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN")


@dataclass(frozen=True)
class PeerMessage:
    """
    One message as the peer got it.

    Shape: mail is the MAIL command as it came, rcpts the RCPT commands that had a 2yz; content is without dot-stuffing,
    raw has the octets on the wire without the final dot; is_accepted says whether the reply to the end of data was 2yz.
    """

    mail: str
    rcpts: tuple[str, ...]
    content: bytes
    raw: bytes
    is_accepted: bool

    @property
    def reverse_path(self) -> str:
        """The text in the angle brackets of MAIL."""
        return _path(self.mail)

    @property
    def recipients(self) -> tuple[str, ...]:
        """The texts in the angle brackets of each RCPT."""
        return tuple(map(_path, self.rcpts))


@dataclass
class PeerSession:
    """
    One connection: commands as they came, replies as they went, messages, and how many octets each read gave.

    Shape: tls_version is None in the clear; server_name is what the client asked for, is_resumed says whether its
    session of TLS went on with an earlier one, and certificate is what it showed, in DER.
    """

    number: int  # number from 1, in the order of connecting
    client: str = ""  # address that the client came from; empty over a UNIX socket
    commands: list[str] = field(default_factory=list)
    replies: list[bytes] = field(default_factory=list)
    messages: list[PeerMessage] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)
    tls_version: str | None = None
    server_name: str | None = None
    is_resumed: bool = False
    certificate: bytes | None = None
    is_over: bool = False

    @property
    def verbs(self) -> list[str]:
        """The commands without their arguments."""
        return [_verb(command) for command in self.commands]


class _HungUp(Exception):
    """This session is over: by the script, by the client, or because the peer is stopped."""


class ScriptedPeer:
    """An SMTP server with scripted replies and misbehaviour. Build it, then use it as a context manager."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Plan a peer; port 0 means a free one at the start. An absolute path as *host* is that of a UNIX socket."""
        self.host = host
        self.port = port
        self.sessions: list[PeerSession] = []
        self.refused = 0  # connections beyond the most sessions
        self._refusal = ""
        self._replies: dict[str, list[str | bytes]] = {step: [text] for step, text in _DEFAULTS.items()}
        self._for_recipient: dict[str, list[str | bytes]] = {}
        self.is_lmtp = False
        self._uses: defaultdict[str, int] = defaultdict(int)
        self._delays_s: dict[str, float] = {}
        self._drops: set[str] = set()
        self._drops_once_answered: set[str] = set()
        self._resets = False
        self._hangs: set[str] = set()
        self._drop_after: int | None = None
        self._piece_octets: int | None = None
        self._most_sessions: int | None = None
        self._context: ssl.SSLContext | None = None
        self._is_implicit = False
        self._extensions: tuple[str, ...] = ()
        self._extensions_in_tls: tuple[str, ...] | None = None
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._listener: socket.socket | None = None
        self._connections: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self.extensions(*_EXTENSIONS)

    # --- the script

    def greeting(self, *replies: str | bytes) -> Self:
        """
        Greet the first connection with the first of *replies*, and so on; the last one is for all further connections.
        """
        return self.reply(GREETING, *replies)

    def extensions(self, *lines: str) -> Self:
        """Offer exactly these in the answer to EHLO."""
        self._extensions = lines
        return self.reply("EHLO", _greeting(lines))

    def extensions_in_tls(self, *lines: str) -> Self:
        """Offer exactly these inside TLS. By default they are those of before without STARTTLS."""
        self._extensions_in_tls = lines
        return self

    def secure_with(self, context: ssl.SSLContext, *, is_implicit: bool = False) -> Self:
        """Speak TLS as *context* says: after STARTTLS, which is offered, or before the greeting."""
        self._context, self._is_implicit = context, is_implicit
        return self if is_implicit else self.extensions(*self._extensions, "STARTTLS")

    def lmtp(self) -> Self:
        """Speak LMTP: LHLO instead of EHLO, and an answer to END_OF_DATA for each recipient that RCPT accepted."""
        self.is_lmtp = True
        self._replies["LHLO"] = self._replies.pop("EHLO")
        del self._replies["HELO"]
        return self

    def reply(self, step: str, *replies: str | bytes) -> Self:
        """
        Answer the first use of a step with the first of *replies*, and so on, over all sessions; the last one stays.
        """
        self._replies[step] = list(replies)
        return self

    def reply_to_recipient(self, address: str, *replies: str | bytes) -> Self:
        """Answer RCPT for this address with these replies, in the same way, instead of those for every RCPT."""
        self._for_recipient[address] = list(replies)
        return self

    def at_most(self, sessions: int, refusal: str = "421 4.7.0 Too many connections") -> Self:
        """Greet a connection with *refusal* and close it while this number of others is open."""
        self._most_sessions = sessions
        self._refusal = refusal
        return self

    def delay(self, step: str, seconds: float) -> Self:
        """Wait before each answer to this step."""
        self._delays_s[step] = seconds
        return self

    def drop_at(self, step: str, is_reset: bool = False) -> Self:
        """Close the connection instead of answering this step; with *is_reset*, by RST."""
        self._drops.add(step)
        self._resets = is_reset
        return self

    def drop_after(self, commands: int) -> Self:
        """Close each connection after this number of answered commands; 0 closes after the greeting."""
        self._drop_after = commands
        return self

    def drop_once_answered(self, step: str) -> Self:
        """Close the connection right after the answer to this step."""
        self._drops_once_answered.add(step)
        return self

    def hang_at(self, step: str) -> Self:
        """Never answer this step, and keep the connection open until the peer is stopped or the client goes."""
        self._hangs.add(step)
        return self

    def in_pieces(self, octets: int) -> Self:
        """Send every reply in writes of this number of octets, each a segment of its own."""
        self._piece_octets = octets
        return self

    # --- running

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Listen; from here on `port` is the real one. A stopped peer may start again, on the same port."""
        self._stopping.clear()
        if self.host.startswith("/"):
            self._listener = socket.socket(socket.AF_UNIX)
            self._listener.bind(self.host)
            self._listener.listen(128)
        else:
            family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
            self._listener = socket.create_server((self.host, self.port), family=family, backlog=128)
            self.port = self._listener.getsockname()[1]
        self._run(self._accept, self._listener)
        return self

    def stop(self) -> None:
        """Close all connections, even in the middle of a dialogue, and wait for the threads."""
        with self._changed:
            self._stopping.set()
            for connection in self._connections:
                _shut(connection)
        if self._listener is not None:
            _shut(self._listener)
            self._listener.close()
        for thread in self._threads:
            thread.join(DEADLINE_S)
        self._threads.clear()

    def say(self, octets: bytes, *, is_last: bool = False) -> None:
        """Send *octets* unasked over each open connection, and close the connection if they are the last."""
        with self._changed:
            for connection in self._connections:
                connection.sendall(octets)
                if is_last:
                    _shut(connection)

    @property
    def address(self) -> str:
        """`host:port` as routes have it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def messages(self) -> list[PeerMessage]:
        """All messages of all sessions that were accepted."""
        with self._changed:
            return [message for session in self.sessions for message in session.messages if message.is_accepted]

    @property
    def open_sessions(self) -> int:
        """The number of open connections."""
        with self._changed:
            return len(self._connections)

    def wait_for_messages(self, count: int, deadline_s: float = DEADLINE_S) -> list[PeerMessage]:
        """The accepted messages, once there are *count*; TimeoutError if there are fewer in time."""
        self.wait_until(lambda: len(self.messages) >= count, deadline_s)
        return self.messages

    def wait_until(self, condition: Callable[[], bool], deadline_s: float = DEADLINE_S) -> None:
        """Wait until the record of this peer meets *condition*; TimeoutError if it does not in time."""
        with self._changed:
            if not self._changed.wait_for(condition, deadline_s):
                raise TimeoutError(f"the peer saw only {[session.commands for session in self.sessions]}")

    # --- threads

    def _run(self, work: Callable[[socket.socket], None], subject: socket.socket) -> None:
        thread = threading.Thread(target=work, args=(subject,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if connection.family != socket.AF_UNIX:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._changed:
                if self._stopping.is_set():
                    connection.close()
                    return
                self._connections.add(connection)
                is_refused = self._most_sessions is not None and len(self._connections) > self._most_sessions
            if is_refused:
                self._refuse(connection)
            else:
                self._run(self._serve, connection)

    def _refuse(self, connection: socket.socket) -> None:
        with self._changed:
            self._connections.discard(connection)
            self.refused += 1
        connection.sendall(self._refusal.encode() + b"\r\n")
        connection.close()

    def _serve(self, connection: socket.socket) -> None:
        with self._changed:
            is_path = connection.family == socket.AF_UNIX
            session = PeerSession(len(self.sessions) + 1, "" if is_path else connection.getpeername()[0])
            self.record(self.sessions, session)
        try:
            _Dialogue(self, session, connection).run()
        except (_HungUp, OSError):
            pass
        finally:
            with self._changed:
                self._connections.discard(connection)
                session.is_over = True
                self._changed.notify_all()
            connection.close()

    # --- what a dialogue asks of its script

    def answer_for(self, step: str, address: str | None) -> bytes:
        """Give the reply that the script has for this use of the step, and count the use."""
        with self._changed:
            name, replies = step, self._replies.get(step, [_UNKNOWN])
            if address is not None and address in self._for_recipient:
                name, replies = f"{step} {address}", self._for_recipient[address]
            use = self._uses[name]
            self._uses[name] += 1
        reply = replies[min(use, len(replies) - 1)]
        return reply if isinstance(reply, bytes) else reply.replace("\n", "\r\n").encode() + b"\r\n"

    def obstruct(self, step: str, connection: socket.socket) -> None:
        """Carry out the script's obstacle to an answer to this step: wait, hang, or drop the connection."""
        if step in self._delays_s and self._stopping.wait(self._delays_s[step]):
            raise _HungUp
        if step in self._hangs:
            while connection.recv(_READ_OCTETS):
                pass
            raise _HungUp
        if step in self._drops:
            if self._resets:
                # A linger time of zero makes close() send RST.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            raise _HungUp

    def secure(self, connection: socket.socket, session: PeerSession) -> socket.socket:
        """The connection inside TLS; the script may have something else in place of the handshake."""
        self.obstruct(HANDSHAKE, connection)
        if HANDSHAKE in self._replies:
            connection.recv(_READ_OCTETS)  # the client begins
            self.send(connection, self.answer_for(HANDSHAKE, None))
            raise _HungUp
        assert self._context is not None
        self._context.sni_callback = lambda _, name, __: setattr(session, "server_name", name)
        secured = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        with self._changed:
            self._connections.discard(connection)
            self._connections.add(secured)
        try:
            secured.do_handshake()
        except OSError:
            secured.close()
            raise
        session.tls_version, session.is_resumed = secured.version(), bool(secured.session_reused)
        session.certificate = secured.getpeercert(binary_form=True)
        if self._extensions_in_tls is None:
            lines = tuple(line for line in self._extensions if line != "STARTTLS")
        else:
            lines = self._extensions_in_tls
        with self._changed:
            self._replies["EHLO in TLS"] = [_greeting(lines)]
        return secured

    @property
    def is_implicit(self) -> bool:
        """Whether TLS comes before the greeting."""
        return self._is_implicit

    def send(self, connection: socket.socket, octets: bytes) -> None:
        """Send a reply, in pieces if the script says so."""
        size = self._piece_octets or max(1, len(octets))
        for start in range(0, len(octets), size):
            connection.sendall(octets[start : start + size])

    def is_over(self, step: str, commands: int) -> bool:
        """Whether the script ends a session after the answer to this step, its command being number *commands*."""
        return step in self._drops_once_answered or commands == self._drop_after

    def record(self, where: list[T], what: T) -> None:
        """Add to the record and wake the waiting test."""
        with self._changed:
            where.append(what)
            self._changed.notify_all()


class _Dialogue:
    """One session of a peer: reads commands and content, answers by the script."""

    def __init__(self, peer: ScriptedPeer, session: PeerSession, connection: socket.socket) -> None:
        self._peer = peer
        self._session = session
        self._connection = connection
        self._buffer = bytearray()
        self._mail = ""
        self._rcpts: list[str] = []

    def run(self) -> None:
        """Serve until QUIT; any other end of the session raises."""
        try:
            self._serve()
        finally:
            self._connection.close()

    def _serve(self) -> None:
        if self._peer.is_implicit:
            self._secure()
        self._answer(GREETING)
        verb = ""
        while verb != "QUIT":
            command = self._take(b"\r\n").decode("utf-8", "surrogateescape")
            self._peer.record(self._session.commands, command)
            verb = _verb(command)
            if verb == "BDAT":
                self._take_chunk(int(command.split()[1]))
                continue
            step = "EHLO in TLS" if verb == "EHLO" and self._session.tls_version else verb
            reply = self._answer(step, _path(command) if verb == "RCPT" else None)
            self._note(verb, command, reply[:1])
            if verb == "DATA" and reply.startswith(b"3"):
                self._take_message()
            elif verb == "STARTTLS" and reply.startswith(b"2"):
                self._secure()
            while verb == "AUTH" and reply.startswith(b"3"):
                line = self._take(b"\r\n").decode()
                self._peer.record(self._session.commands, f"{RESPONSE} {line}")
                reply = self._answer(RESPONSE)

    def _secure(self) -> None:
        self._connection = self._peer.secure(self._connection, self._session)

    def _note(self, verb: str, command: str, klass: bytes) -> None:
        if verb in ("EHLO", "HELO", "LHLO", "RSET"):
            self._mail, self._rcpts = "", []
        elif verb == "MAIL" and klass == b"2":
            self._mail = command
        elif verb == "RCPT" and klass == b"2":
            self._rcpts.append(command)

    def _take_message(self) -> None:
        self._buffer[:0] = b"\r\n"  # so that the search finds the lone dot of an empty message, too
        raw = self._take(b"\r\n.\r\n") + b"\r\n"
        self._end_message(raw.replace(b"\r\n.", b"\r\n")[2:], raw[2:])

    def _take_chunk(self, octets: int) -> None:
        """Take the only chunk of a message, RFC 3030."""
        while len(self._buffer) < octets:
            self._receive()
        content = bytes(self._buffer[:octets])
        del self._buffer[:octets]
        self._end_message(content, content)

    def _end_message(self, content: bytes, raw: bytes) -> None:
        mail, rcpts = self._mail, tuple(self._rcpts)
        self._mail, self._rcpts = "", []
        if not self._peer.is_lmtp:
            self._answer(END_OF_DATA, message=PeerMessage(mail, rcpts, content, raw, is_accepted=False))
            return
        for rcpt in rcpts:  # RFC 2033 §4.2
            self._answer(END_OF_DATA, message=PeerMessage(mail, (rcpt,), content, raw, is_accepted=False))

    def _answer(self, step: str, address: str | None = None, message: PeerMessage | None = None) -> bytes:
        reply = b""
        try:
            self._peer.obstruct(step, self._connection)
            reply = self._peer.answer_for(step, address)
        finally:
            # Record it before the client gets the reply.
            if message is not None:
                self._peer.record(self._session.messages, replace(message, is_accepted=reply.startswith(b"2")))
        self._session.replies.append(reply)
        self._peer.send(self._connection, reply)
        if self._peer.is_over(step, len(self._session.commands)):
            raise _HungUp
        return reply

    def _take(self, end: bytes) -> bytes:
        searched = 0
        while (place := self._buffer.find(end, searched)) < 0:
            searched = max(0, len(self._buffer) - len(end) + 1)
            self._receive()
        taken = bytes(self._buffer[:place])
        del self._buffer[: place + len(end)]
        return taken

    def _receive(self) -> None:
        octets = self._connection.recv(_READ_OCTETS)
        if not octets:
            raise _HungUp
        self._session.reads.append(len(octets))
        self._buffer += octets


def _greeting(lines: tuple[str, ...]) -> str:
    lines = ("peer.test", *lines)
    return "\n".join([f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"])


def _verb(command: str) -> str:
    return command.partition(" ")[0].upper()


def _path(command: str) -> str:
    return command.partition("<")[2].rpartition(">")[0]


def _shut(connection: socket.socket) -> None:
    try:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)  # that of TLS would forget its session under way
    except OSError:
        pass  # the other side has closed it
