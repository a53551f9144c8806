"""
server - the receiving side of an SMTP session, without I/O

The driver gives octets to `receive`, acts on each `next_event`, gives its decision to `answer`, and sends what
`octets_to_send` returns.  Syntax, sequence, limits and the framing of content are decided here; whom to serve, what to
accept and what to store are the driver's.

Rules of the house: transitions.NEXT alone says what may follow what, and no reader of a command tests a state.  While
an event waits for its answer nothing more is read, so that replies keep the order of commands.  Between two reads of
the driver the session holds at most one incomplete command line, or four octets of content.

A client must wait for the reply to EHLO, HELO, DATA, NOOP and VRFY, and for the banner (RFC 2920 §3.1, RFC 5321 §3.1).
The only sign that it did not are octets that came before `octets_to_send` took that reply; then 554 5.5.0 goes out in
its place and the session ends.  They may be commands that somebody else put behind the client's own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from empath.mail.reply import Reply
from empath.smtp.server import replies
from empath.smtp.server.command import VERBS, Verb, is_forbidden, read_greeting, read_mail, read_recipient
from empath.smtp.server.content import ContentReader
from empath.smtp.server.events import (
    Closed,
    CloseReason,
    Connected,
    Content,
    ContentEnded,
    ContentRefused,
    DataOffered,
    Event,
    TransactionReset,
)
from empath.smtp.server.states import NEXT, REFUSALS, TRANSACTION, State

_LAST_IN_GROUP: Final = frozenset({Verb.CONNECT, Verb.EHLO, Verb.HELO, Verb.DATA, Verb.NOOP, Verb.VRFY})
# The driver wants to be rid of the client: RFC 5321 §3.8, RFC 7504 §3.
_CLOSING: Final = (421, 521)
# So many recipients over the limit cost no error: a list server that sends too many is to come back with the rest.
_FREE_OVERSHOOT: Final = 1000


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """
    What one session may ask for.

    Shape: message_octets is content after normalization and the SIZE of EHLO; recipients at least 100 in service
    (RFC 5321 §4.5.3.1.8); command_octets with its line end; line_octets a line of content without its CRLF, None for no
    limit; errors end the session, above slow_errors the driver delays replies; junk is NOOP, VRFY, RSET and HELP
    without a message between them, each one more is an error.
    """

    message_octets: int
    recipients: int = 1000
    command_octets: int = 2048
    line_octets: int | None = 998
    errors: int = 20
    slow_errors: int = 10
    junk: int = 100
    offers_dsn: bool = True


class ServerSession:
    """
    One session, from the banner to the close.

    `errors` counts refusals with 5yz and other misuse since the last accepted message; a 4yz is our own trouble and
    costs a client nothing.
    """

    __slots__ = (
        "_asked",
        "_at",
        "_buffer",
        "_content",
        "_events",
        "_hostname",
        "_is_eof",
        "_is_overlong",
        "_is_smtputf8",
        "_junk",
        "_limits",
        "_must_wait",
        "_out",
        "_overshoot",
        "_recipients",
        "_state",
        "errors",
    )

    def __init__(self, hostname: str, limits: ServerLimits) -> None:
        """*hostname* is ours, for the replies to EHLO and QUIT; the driver puts it into the banner."""
        self.errors = 0
        self._hostname = hostname
        self._limits = limits
        self._state = State.CONNECTING
        self._asked: Verb | None = Verb.CONNECT  # what the driver is to answer
        self._events: list[Event] = [Connected()]  # decided, not yet taken
        self._out: list[bytes] = []
        self._must_wait = True  # the client, for the reply to its last command
        self._buffer = b""
        self._at = 0  # where the next command begins in _buffer
        self._is_eof = False
        self._is_overlong = False  # inside a command line that is already known to be too long
        self._content: ContentReader | None = None
        self._recipients = 0
        self._overshoot = 0
        self._is_smtputf8 = False
        self._junk = 0

    @property
    def is_closed(self) -> bool:
        """Whether the session is over: no more octets are read, though `next_event` may still have Closed to give."""
        return self._state is State.CLOSED

    @property
    def is_in_content(self) -> bool:
        """Whether the client is sending a message, or waits for our word on it."""
        return self._state is State.CONTENT

    @property
    def has_transaction(self) -> bool:
        """Whether a MAIL was accepted and its transaction is not over."""
        return self._state in TRANSACTION

    @property
    def awaits(self) -> str:
        """Which timeout of RFC 5321 §4.5.3.2 runs: `command` or `content`."""
        return "content" if self._state is State.CONTENT else "command"

    @property
    def held_octets(self) -> int:
        """Octets received and not yet read."""
        return len(self._buffer) - self._at

    def receive(self, octets: bytes) -> None:
        """Take what came from the client; b"" is its end of file. A closed session takes nothing more."""
        if self._state is State.CLOSED:
            return
        if not octets:
            self._is_eof = True
            return
        self._buffer = self._buffer[self._at :] + octets if self._buffer else octets
        self._at = 0
        if self._must_wait and self._asked is None:
            self._lose_step()

    def next_event(self) -> Event | None:
        """What happened next; None: more octets are needed first, or an answer, or the session is over."""
        while not self._events and self._asked is None and self._state is not State.CLOSED:
            if not (self._read_command() if self._content is None else self._read_content(self._content)):
                break
        return self._events.pop(0) if self._events else None

    def answer(self, reply: Reply) -> None:
        """
        Decide the last event that wants an answer. A session that was terminated in between ignores it.

        Raises:
            RuntimeError: no event waits for an answer, the driver is wrong.
        """
        if self._state is State.CLOSED:
            return
        verb, self._asked = self._asked, None
        if verb is None:
            raise RuntimeError("no event waits for an answer")
        code, octets = reply.code, reply.octets
        if code in _CLOSING:
            self._out.append(octets)
            self._close(CloseReason.REFUSED)
            return
        if code < 400:
            octets = self._accept(verb, octets)
        elif verb is Verb.END_OF_DATA:
            self._state = NEXT[self._state, verb]
        elif verb is Verb.CONNECT:
            self._state = State.REFUSED
        self._send(code, octets)

    def octets_to_send(self) -> bytes:
        """Take all replies that are ready. Send them before you read again."""
        if self._asked is None:
            self._must_wait = False
        octets = b"".join(self._out)
        self._out.clear()
        return octets

    def terminate(self, reply: Reply) -> None:
        """End the session unasked, with *reply* as its last words: a timeout, a stop. Nothing if it is over already."""
        if self._state is not State.CLOSED:
            self._out.append(reply.octets)
            self._close(CloseReason.TERMINATED)

    def _accept(self, verb: Verb, octets: bytes) -> bytes:
        """Move on as the driver decided; returns the octets of its reply, completed."""
        had_transaction = self._state in TRANSACTION
        self._state = NEXT[self._state, verb]
        if verb is Verb.RCPT:
            self._recipients += 1
        elif verb is Verb.MAIL:
            self._recipients = self._overshoot = 0
        elif verb is Verb.DATA:
            self._content = ContentReader(self._limits.message_octets, self._limits.line_octets)
        elif verb is Verb.END_OF_DATA:
            self.errors = self._junk = 0
        elif had_transaction:  # EHLO and HELO
            self._events.append(TransactionReset())
        if verb is Verb.EHLO:
            return replies.with_extensions(octets, self._limits.message_octets, self._limits.offers_dsn)
        return octets

    def _send(self, code: int, octets: bytes) -> None:
        """Queue the reply to the last command, then see whether the session may go on."""
        self._out.append(octets)
        if code >= 500:
            self.errors += 1
        if self.errors >= self._limits.errors:
            self._out.append(replies.TOO_MANY_ERRORS.octets)
            self._close(CloseReason.ERRORS)
        elif self._must_wait and self._at < len(self._buffer):
            self._lose_step()

    def _reply(self, reply: Reply) -> None:
        self._send(reply.code, reply.octets)

    def _lose_step(self) -> None:
        self._out[-1] = replies.OUT_OF_STEP.octets
        self._close(CloseReason.SYNCHRONIZATION)

    def _close(self, reason: CloseReason) -> None:
        self._state = State.CLOSED
        self._asked = self._content = None
        self._buffer, self._at = b"", 0
        self._events.append(Closed(reason))

    def _need_octets(self) -> bool:
        """Keep what is not read yet, within bounds; False, as there is nothing to read."""
        self._buffer, self._at = self._buffer[self._at :], 0
        if self._is_eof:
            self._close(CloseReason.EOF)
        elif len(self._buffer) >= self._limits.command_octets:
            self._buffer, self._is_overlong = b"", True
        return False

    def _read_content(self, reader: ContentReader) -> bool:
        if self._at < len(self._buffer):
            content = reader.feed(self._buffer[self._at :])
            self._buffer, self._at = reader.rest, 0
            if content:
                self._events.append(Content(content))
        if not reader.is_ended:
            return bool(self._events) or self._need_octets()
        self._content = None
        if reader.refusal is None:
            self._offer(Verb.END_OF_DATA, ContentEnded(reader.size))
        else:
            self._state = NEXT[self._state, Verb.END_OF_DATA]
            self._events.append(ContentRefused(reader.refusal))
            self._reply(reader.refusal)
        return True

    def _read_command(self) -> bool:
        end = self._buffer.find(b"\n", self._at)
        if end < 0:
            return self._need_octets()
        line = self._buffer[self._at : end]
        self._at = end + 1
        if self._is_overlong or len(line) >= self._limits.command_octets:
            self._is_overlong = False
            self._reply(replies.COMMAND_TOO_LONG)
            return True
        # A command may end in a bare LF, which RFC 5321 §2.3.8 forbids to send: refusing it helps nobody.
        line = line.removesuffix(b"\r").rstrip(b" \t")
        word, _, rest = line.partition(b" ")
        verb = VERBS.get(word.upper())
        self._must_wait = verb in _LAST_IN_GROUP
        try:
            argument = (rest if verb else line).decode().lstrip(" ")
        except UnicodeDecodeError:
            self._reply(replies.NOT_UTF8)
            return True
        if verb is None:
            self._refuse_unknown(word)
        elif (self._state, verb) not in NEXT:
            self._reply(REFUSALS.get((self._state, verb), replies.BAD_SEQUENCE))
        else:
            _READERS[verb](self, verb, argument)
        return True

    def _refuse_unknown(self, word: bytes) -> None:
        if is_forbidden(word):
            self._out.append(replies.FORBIDDEN.octets)
            self._close(CloseReason.FORBIDDEN)
        else:
            self._reply(replies.UNKNOWN_COMMAND)

    def _offer(self, verb: Verb, event: Event | Reply) -> None:
        """Ask the driver, unless a reply says already why not."""
        if isinstance(event, Reply):
            self._reply(event)
        else:
            self._asked = verb
            self._events.append(event)

    # One reader for each verb, called only where NEXT has a row for it

    def _greeting(self, verb: Verb, argument: str) -> None:
        self._offer(verb, read_greeting(verb, argument))

    def _mail(self, verb: Verb, argument: str) -> None:
        event = read_mail(argument, self._limits.message_octets, self._limits.offers_dsn)
        self._is_smtputf8 = not isinstance(event, Reply) and event.is_smtputf8
        self._offer(verb, event)

    def _rcpt(self, verb: Verb, argument: str) -> None:
        event: Event | Reply = read_recipient(argument, self._is_smtputf8, self._limits.offers_dsn)
        if self._recipients >= self._limits.recipients and not isinstance(event, Reply):
            self._overshoot += 1
            if self._overshoot > _FREE_OVERSHOOT:
                self.errors += 1
            event = replies.TOO_MANY_RECIPIENTS
        self._offer(verb, event)

    def _data(self, verb: Verb, argument: str) -> None:
        self._offer(verb, replies.NO_ARGUMENT_ALLOWED if argument else DataOffered())

    def _rset(self, verb: Verb, argument: str) -> None:
        self._count_junk()
        if argument:
            self._reply(replies.NO_ARGUMENT_ALLOWED)
            return
        if self.has_transaction:
            self._events.append(TransactionReset())
        self._state = NEXT[self._state, verb]
        self._reply(replies.OK)

    def _noop(self, _verb: Verb, _argument: str) -> None:
        self._count_junk()
        self._reply(replies.OK)

    def _vrfy(self, _verb: Verb, argument: str) -> None:
        self._count_junk()
        self._reply(replies.CANNOT_VERIFY if argument else replies.ARGUMENT_NEEDED)

    def _help(self, _verb: Verb, _argument: str) -> None:
        self._count_junk()  # nothing else bounds how many of these long replies one read can ask for
        self._reply(replies.HELP)

    def _not_offered(self, _verb: Verb, _argument: str) -> None:
        self._reply(replies.NOT_OFFERED)

    def _bdat(self, _verb: Verb, _argument: str) -> None:
        # The chunk is under way already, and its octets would be read as commands.
        self._out.append(replies.BDAT_NOT_OFFERED.octets)
        self._close(CloseReason.BDAT)

    def _quit(self, _verb: Verb, _argument: str) -> None:
        self._out.append(Reply.of(f"221 2.0.0 {self._hostname} closing connection").octets)
        self._close(CloseReason.QUIT)

    def _count_junk(self) -> None:
        self._junk += 1
        if self._junk > self._limits.junk:
            self.errors += 1


_READERS: Final[dict[Verb, Callable[[ServerSession, Verb, str], None]]] = {
    Verb.EHLO: ServerSession._greeting,
    Verb.HELO: ServerSession._greeting,
    Verb.MAIL: ServerSession._mail,
    Verb.RCPT: ServerSession._rcpt,
    Verb.DATA: ServerSession._data,
    Verb.RSET: ServerSession._rset,
    Verb.NOOP: ServerSession._noop,
    Verb.VRFY: ServerSession._vrfy,
    Verb.EXPN: ServerSession._not_offered,
    Verb.HELP: ServerSession._help,
    Verb.QUIT: ServerSession._quit,
    Verb.AUTH: ServerSession._not_offered,
    Verb.STARTTLS: ServerSession._not_offered,
    Verb.BDAT: ServerSession._bdat,
}
