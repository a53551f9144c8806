"""
session - the receiving side of an SMTP session, without I/O

The driver gives octets to `receive`, acts on each `next_event`, gives its decision to `answer`, and sends what
`octets_to_send` returns.  The session decides syntax, sequence, limits and the framing of content.  The driver decides
which clients, senders and recipients it serves and what it stores.

Theory of operation: a command becomes a signal, and `table.NEXT` says what a signal does in the present state.  Where
it is obeyed, the reader of the command gives either an event, which the driver answers, or a reply.  `_take` carries
out every row of the table.  No other code sets the state.

While an event waits for its answer the session reads nothing more, so that replies keep the order of commands.  Between
two reads of the driver the session holds at most one incomplete command line, or one line end of content.

A client must wait for the reply to the last command of a group (`table.LAST_IN_GROUP`).  If it did not, octets arrive
before `octets_to_send` took that reply.  An attacker may have put these octets behind the client's own, so 554 5.5.0
goes out in place of the reply and the session ends.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from empath.errors import DriverError
from empath.mail.protocol import Protocol
from empath.mail.reply import Reply
from empath.smtp.server import replies
from empath.smtp.server.chunks import Chunk
from empath.smtp.server.command import (
    blanks_for_tabs,
    is_field,
    read_chunk,
    read_response,
)
from empath.smtp.server.content import ChunkReader, ContentReader
from empath.smtp.server.events import (
    Closed,
    Connected,
    Content,
    ContentEnded,
    ContentRefused,
    Event,
    TransactionReset,
)
from empath.smtp.server.extensions import ALL, Extensions
from empath.smtp.server.limits import ServerLimits
from empath.smtp.server.states import IN_CONTENT, TRANSACTION, ServerSignal, ServerState
from empath.smtp.server.table import (
    CLOSE_REASONS,
    EFFECTS,
    EFFECTS_OF_REFUSAL,
    LAST_IN_GROUP,
    NEXT,
    REFUSALS,
    ServerAction,
    ServerEffect,
)
from empath.smtp.server.verbs import READERS, Verbs
from empath.smtp.transcript import Scribe

# What an answer of the driver is, where its code says more than that it accepts or refuses: 421 and 521 end the session
# (RFC 5321 §3.8, RFC 7504 §3), 235 ends an exchange (RFC 4954 §4).
_BY_CODE: Final = {421: ServerSignal.DISMISSED, 521: ServerSignal.DISMISSED, 235: ServerSignal.AUTHENTICATED}
_SECRET: Final = (ServerSignal.AUTH, ServerSignal.NOT_OFFERED)  # their arguments may be secrets
# Members by names of their own: before Python 3.12 a look-up in the class takes a tenth of a microsecond.
_OBEY, _IGNORE = ServerAction.OBEY, ServerAction.IGNORE
_AUTHENTICATING, _CLOSED = ServerState.AUTHENTICATING, ServerState.CLOSED
_BDAT, _FORBIDDEN, _TERMINATED = ServerSignal.BDAT, ServerSignal.FORBIDDEN, ServerSignal.TERMINATED
_GREETINGS: Final = (ServerSignal.EHLO, ServerSignal.HELO, ServerSignal.LHLO)
_MAX_PATH_CHARACTERS: Final = 300  # of what a refusal keeps
_MAX_RESPONSE_OCTETS: Final = 12_288  # RFC 4954 §4, a line with its end


class Refusal(NamedTuple):
    """
    A 4yz or 5yz reply, or the 221 to a client that does not speak SMTP; for the log.

    Shape: argument is that of the last command; "" for AUTH, which has secrets.
    """

    signal: ServerSignal
    argument: str
    reply: Reply

    @property
    def path(self) -> str:
        """The refused path, or the text in its place."""
        text = self.argument.partition(":")[2].strip()
        if text.startswith("<"):
            text = text[1:].partition(">")[0]
        return text[:_MAX_PATH_CHARACTERS]


class ServerSession(Verbs):
    """
    One session, from the banner to the close.

    `errors` is as in `Verbs`. `state` says where the dialogue stands; only the session sets it. `takes_bare_lf` may
    change with the client for which another one speaks. `transcript` gets what both sides say, if the driver sets one.
    """

    __slots__ = (
        "_argument",
        "_asked",
        "_at",
        "_buffer",
        "_chunk",
        "_content",
        "_events",
        "_is_eof",
        "_is_overlong",
        "_must_wait",
        "_out",
        "_refusals",
        "state",
        "takes_bare_lf",
        "transcript",
    )

    def __init__(
        self,
        hostname: str,
        limits: ServerLimits,
        extensions: Extensions = ALL,
        *,
        is_lenient: bool = False,
        takes_bare_lf: bool = True,
    ) -> None:
        """
        *hostname* is the name of this host for the reply to QUIT; the driver puts it into the banner. *is_lenient* says
        how commands are read, see `command`. Without *takes_bare_lf* a line that ends in a bare LF ends the session.
        """
        super().__init__(hostname, limits, extensions, is_lenient=is_lenient)
        self.takes_bare_lf = takes_bare_lf
        self.state: ServerState = ServerState.CONNECTING
        self._asked: ServerSignal | None = ServerSignal.CONNECT  # signal that waits for the driver's answer
        self._events: list[Event] = [Connected()]  # events that the driver has not taken yet
        self._out: list[bytes] = []
        self._must_wait = True  # the last command was the last of its group
        self._buffer = b""
        self._at = 0  # start of the next command in _buffer
        self._is_eof = False
        self._is_overlong = False  # inside a command line that is known to be too long
        self._content: ContentReader | None = None  # in the content of DATA
        self._chunk: Chunk | None = None  # from a BDAT to the last octet of its chunk
        self._argument = ""  # of the last command
        self._refusals: list[Refusal] = []
        self.transcript: Scribe | None = None

    @property
    def is_closed(self) -> bool:
        """Whether the session is over: it reads no more octets, though `next_event` may still have events to give."""
        return self.state is _CLOSED

    @property
    def is_in_content(self) -> bool:
        """Whether the client is sending a message, or waits for the reply to it; also between two chunks."""
        return self.state in IN_CONTENT or self._chunk is not None

    @property
    def has_transaction(self) -> bool:
        """Whether a MAIL was accepted and its transaction is not over."""
        return self.state in TRANSACTION

    @property
    def held_octets(self) -> int:
        """Octets of input that take memory, read or not."""
        return len(self._buffer)

    def offer(self, extensions: Extensions) -> None:
        """
        Offer exactly *extensions* from now on: in the reply to EHLO, to the commands and to their parameters.

        Call it before the answer to `Greeted`, and before the answer to any command that changes what the session may
        use. A transaction that has begun keeps the parameters that it was given.
        """
        self._extensions = extensions

    def receive(self, octets: bytes) -> None:
        """
        Take what the client sent; b"" is its end of file. A closed session takes nothing more. One that waits for the
        end of a handshake discards what came before it.
        """
        if self.state is _CLOSED:
            return
        if not octets:
            self._is_eof = True
            return
        if self.state is ServerState.HANDSHAKE:
            return
        self._buffer = self._buffer[self._at :] + octets if self._buffer else octets
        self._at = 0
        if self._must_wait and self._asked is None:
            self._lose_step()

    def next_event(self) -> Event | None:
        """Give what happened next; None when the session first needs more octets or an answer, or is over."""
        events = self._events
        while not events and self._asked is None:
            if self._content is not None:
                is_read = self._read_content(self._content)
            elif self._chunk is not None:
                is_read = self._read_chunk(self._chunk)
            elif self._at == len(self._buffer) and not self._is_eof:  # the usual end of a turn
                self._buffer, self._at = b"", 0  # it must not be held while the client is silent
                break
            else:
                is_read = self._read_command()
            if not is_read:
                break
        return events.pop(0) if events else None

    def answer(self, reply: Reply) -> None:
        """
        Decide the last event that wants an answer. A session that ended after that event ignores the answer.

        Raises:
            DriverError: no event waits for an answer.
        """
        asked, self._asked = self._asked, None
        if asked is None:
            raise DriverError("no event waits for an answer")
        signal = _BY_CODE.get(reply.code, asked)
        if self._chunk is None:
            self._take(signal, reply)
        else:
            self._decide(signal, reply)

    def begin_anew(self) -> None:
        """Read what the client sends from now on: the handshake after STARTTLS is over."""
        self._take(ServerSignal.SECURED, None)

    def octets_to_send(self) -> bytes:
        """Take all replies that are ready. Send them before you read again."""
        if self._asked is None:
            self._must_wait = False
        octets = b"".join(self._out)
        self._out.clear()
        if self.transcript is not None and octets:
            self.transcript.reply(octets)
        return octets

    def take_refusals(self) -> list[Refusal]:
        """Take what was refused since the last call, in its order."""
        if not self._refusals:
            return []
        refusals, self._refusals = self._refusals, []
        return refusals

    def terminate(self, reply: Reply) -> None:
        """End the session with *reply*, for a timeout or a stop. A session that is over stays as it is."""
        self._take(ServerSignal.TERMINATED, reply)

    # --- how the table is carried out

    def _decide(self, signal: ServerSignal, reply: Reply) -> None:
        """Take *reply* to a command; to a refused BDAT only behind its chunk, whose octets are on their way."""
        chunk = self._chunk
        if chunk is not None and chunk.signal is signal:
            if reply.code >= 400:
                chunk.fate = reply
                return
            chunk.fate = self._chunks = self._chunks or self._new_chunk_reader()
        self._take(signal, reply)

    def _take(self, signal: ServerSignal, reply: Reply | None) -> None:
        """Carry out the row of *signal*: send *reply*, apply the effects, enter the next state."""
        action, accepted, refused, effects, effects_of_refusal = _STEPS[self.state, signal]
        if action is _IGNORE:
            return
        code = 0  # the end of file has no reply
        if reply is not None:
            code = reply.code
            self._out.append(reply.octets)
            is_refusal = code >= 400 or signal is _FORBIDDEN
            if is_refusal and signal is not _TERMINATED:  # a timeout or a stop refuses nothing
                self._refusals.append(Refusal(signal, self._argument, reply))
        if code < 400:
            for effect in effects:
                effect(self)
            self.state = accepted
        else:
            for effect in effects_of_refusal:
                effect(self)
            self.state = refused
        if self.state is _CLOSED:
            self._close(signal)
            return
        if code >= 500:
            self.errors += 1
        if self.errors >= self._limits.errors:
            self._take(ServerSignal.TOO_MANY_ERRORS, replies.TOO_MANY_ERRORS)
        elif self._must_wait and self._at < len(self._buffer):
            self._lose_step()

    def _ask(self, signal: ServerSignal, event: Event) -> None:
        self._asked = signal
        self._events.append(event)

    def _lose_step(self) -> None:
        del self._out[-1]
        self._take(ServerSignal.OUT_OF_STEP, replies.OUT_OF_STEP)

    def _close(self, signal: ServerSignal) -> None:
        self._content = self._chunk = self._chunks = None
        self._buffer, self._at = b"", 0
        self._events.append(Closed(CLOSE_REASONS[signal]))

    def _new_chunk_reader(self) -> ChunkReader:
        limits = self._limits
        return ChunkReader(limits.message_octets, limits.line_octets, takes_bare_lf=self.takes_bare_lf)

    # --- how octets are read

    def _need_octets(self) -> bool:
        """Keep what is not read yet, within bounds; False, as there is nothing to read."""
        self._buffer, self._at = self._buffer[self._at :], 0
        if self._is_eof:
            self._take(ServerSignal.EOF, None)
        elif len(self._buffer) >= self._limits.command_octets and len(self._buffer) >= self._limit_of(self._buffer):
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
        if self.transcript is not None:
            self.transcript.content(reader.size)
        if reader.refusal is None:
            self._ask(ServerSignal.END_OF_DATA, ContentEnded(reader.size))
        else:
            self._events.append(ContentRefused(reader.refusal))
            self._take(_BY_CODE.get(reader.refusal.code, ServerSignal.END_OF_DATA), reader.refusal)
        return True

    def _read_chunk(self, chunk: Chunk) -> bool:
        octets = self._buffer[self._at : self._at + chunk.left]
        self._at += len(octets)
        content = chunk.take(octets)
        if content:
            self._events.append(Content(content))
        if chunk.left:
            return bool(self._events) or self._need_octets()
        self._chunk = None
        signal, answer, refused = chunk.end()
        if isinstance(answer, ContentEnded):
            self._ask(signal, answer)
            return True
        if refused is not None:
            self._events.append(refused)
            signal = _BY_CODE.get(refused.reply.code, signal)
        self._take(signal, answer)
        return True

    def _read_command(self) -> bool:
        end = self._buffer.find(b"\n", self._at)
        if end < 0:
            return self._need_octets()
        line = self._buffer[self._at : end]
        self._at = end + 1
        if self.transcript is not None:
            self.transcript.command(line, is_response=self.state is _AUTHENTICATING)
        if self._is_overlong or (len(line) >= self._limits.command_octets and len(line) >= self._limit_of(line)):
            self._is_overlong = False
            if self.state is _AUTHENTICATING:
                self._take(ServerSignal.RESPONSE, replies.RESPONSE_TOO_LONG)
            else:
                self._take(ServerSignal.UNKNOWN, replies.COMMAND_TOO_LONG)
            return True
        # RFC 5321 §2.3.8 forbids clients to end a command in a bare LF, but some do, and alone it does no harm.
        if not self.takes_bare_lf and not line.endswith(b"\r"):
            self._take(ServerSignal.DISMISSED, replies.BARE_LINE_FEED)
            return True
        if self.state is _AUTHENTICATING:
            return self._read_response(line.rstrip(b" \t\r"))
        if not self._is_lenient:
            line = line.removesuffix(b"\r").rstrip(b" \t")
        elif b"\t" in (line := line.rstrip(b" \t\r")):
            line = blanks_for_tabs(line)
        word, _, rest = line.partition(b" ")
        signal = self._extensions.verbs.get(word.upper())
        self._must_wait = signal in LAST_IN_GROUP
        octets = rest if signal else line
        try:
            argument = octets.decode().lstrip(" ")
        except UnicodeDecodeError:
            # A lenient session reads any name, in whatever charset. BDAT has its own answer to what is not a number.
            if signal is not _BDAT and not (self._is_lenient and signal in _GREETINGS):
                self._take(ServerSignal.UNKNOWN, replies.NOT_UTF8)
                return True
            argument = octets.decode(errors="replace").lstrip(" ")
        if signal is None:
            signal = _FORBIDDEN if is_field(word) else ServerSignal.UNKNOWN
        self._argument = "" if signal in _SECRET else argument
        if signal is _BDAT:
            signal, size = read_chunk(argument)
            self._chunk = Chunk(signal, size)
        action = NEXT[self.state, signal].action
        is_obeyed = action is _OBEY
        answer = READERS[signal](self, argument) if is_obeyed else REFUSALS[self._extensions.protocol][action]
        if isinstance(answer, Reply):
            (self._take if self._chunk is None else self._decide)(signal, answer)
        else:
            self._asked = signal
            self._events.append(answer)
        return True

    def _read_response(self, line: bytes) -> bool:
        self._must_wait, self._argument = True, ""
        answer = read_response(line)
        if isinstance(answer, Reply):
            self._take(ServerSignal.RESPONSE, answer)
        else:
            self._ask(ServerSignal.RESPONSE, answer)
        return True

    def _limit_of(self, line: bytes) -> int:
        """The octets below which a line with its end must stay that begins as *line* does."""
        is_exchange = self.state is _AUTHENTICATING or (
            line[:5].upper() == b"AUTH " and self._extensions.verbs[b"AUTH"] is ServerSignal.AUTH
        )
        return max(_MAX_RESPONSE_OCTETS * is_exchange, self._limits.command_octets)

    # --- effects of accepted commands

    def _drop_transaction(self) -> None:
        if self.has_transaction:
            self._events.append(TransactionReset())

    def _add_extensions(self) -> None:
        self._out[-1] = self._extensions.added_to(self._out[-1], self._limits)

    def _begin_transaction(self) -> None:
        self._recipients = self._overshoot = 0
        self._chunks = None

    def _begin_content(self) -> None:
        self._content = ContentReader(
            self._limits.message_octets, self._limits.line_octets, takes_bare_lf=self.takes_bare_lf
        )

    def _repeat(self) -> None:
        if self._extensions.protocol is Protocol.LMTP and self.has_transaction:
            self._out[-1] *= self._recipients

    def _answer_later(self) -> None:
        del self._out[-1]

    def _discard_input(self) -> None:
        # An attacker between the client and this host may have added it, CVE-2011-0411.
        self._buffer, self._at = b"", 0


_DO: Final[dict[ServerEffect, Callable[[ServerSession], None]]] = {
    ServerEffect.DROP_TRANSACTION: ServerSession._drop_transaction,
    ServerEffect.ADD_EXTENSIONS: ServerSession._add_extensions,
    ServerEffect.BEGIN_TRANSACTION: ServerSession._begin_transaction,
    ServerEffect.COUNT_RECIPIENT: ServerSession._count_recipient,
    ServerEffect.BEGIN_CONTENT: ServerSession._begin_content,
    ServerEffect.ANSWER_LATER: ServerSession._answer_later,
    ServerEffect.DISCARD_INPUT: ServerSession._discard_input,
    ServerEffect.REPEAT: ServerSession._repeat,
    ServerEffect.FORGIVE: ServerSession._forgive,
}
# Each row of the table with what is to be called after a reply below 400, and after any other.
_STEPS: Final = {
    (state, signal): (
        *step,
        tuple(_DO[effect] for effect in EFFECTS.get(signal, ())),
        tuple(_DO[effect] for effect in EFFECTS_OF_REFUSAL.get(signal, ())),
    )
    for (state, signal), step in NEXT.items()
}
