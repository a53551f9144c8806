"""
session - the sending side of an SMTP or LMTP session, without I/O, RFC 5321 §3, RFC 2033

Theory of operation: the state is the command that the peer answers next, or READY or CONTENT when the peer has nothing
to answer.  `table.NEXT` gives the action for every state and every kind of answer; the action returns the state that
follows, one of those that the row names.  Commands go out in groups (RFC 2920): MAIL, RCPT and DATA together where the
peer offers PIPELINING, else one at a time.  The next group follows when the one before is answered.  RSET begins every
transaction but the first: some peers keep the recipients of the one before, and would give them the next message too.

The result of a recipient is the reply that ended it.  Where the peer gave no reply, the session makes one: 4.4.2 for a
lost connection, 4.5.0 for octets that are not a reply, 4.7.0 for a reply before its command, 5.5.0 for a reply that the
command cannot have.  A session that met one of these serves no other transaction.  A reply came before its command when
it is there before `octets_to_send` gave the command; after it nothing that the peer said of the transaction counts.

In LMTP the end of data has a reply for each recipient that was accepted, in their order.  A recipient without its reply
when the session breaks is in doubt; the others have their results.

A session that has delivered may have used up its allowance, or lost step with its peer.  If the peer then refuses a
whole transaction, says 503, closes, or gives replies of the wrong kind, the event says that the session may be the
reason, so that the driver can try the message on a new one.  Replies of the wrong kind say so of any session that has
served a transaction, even one that the peer refused.  A permanent refusal in a session that has delivered counts as a
temporary one.  So does one by which a host that offers STARTTLS asks for TLS while the session is in the clear: TLS
failed, or was not allowed, and the mail is not to blame.

Before the first transaction comes what `Opening` asks for: STARTTLS, and a login.  What the peer said before TLS does
not count: its extensions are asked for again, and octets that came behind its 220 fail the host, because anyone on the
way may have put them there.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from empath.errors import DriverError, SyntaxViolation
from empath.mail.fate import Said
from empath.mail.outcome import Stage
from empath.mail.protocol import Protocol
from empath.mail.reply import Reply
from empath.smtp.client import own_replies
from empath.smtp.client.capabilities import Capabilities
from empath.smtp.client.dot_stuffing import DotStuffer
from empath.smtp.client.events import (
    ClientEvent,
    ContentWanted,
    HandshakeWanted,
    HostFailed,
    Ready,
    SessionClosed,
    TransactionEnded,
)
from empath.smtp.client.login import CANCEL, LoginDialogue, refused
from empath.smtp.client.opening import IN_CLEAR, Opening, TlsUse
from empath.smtp.client.plan import TransactionPlan
from empath.smtp.client.reply_reader import ReplyReader
from empath.smtp.client.states import SIGNALS, STAGES, ClientCall, ClientSignal, ClientState
from empath.smtp.client.table import CALLS, NEXT, ClientAction
from empath.smtp.client.transaction import ClientRecipient, Transaction
from empath.smtp.transcript import Transcript

__all__ = ["ClientRecipient", "ClientSession", "Transaction"]

_NOISE_LINES: Final = 20  # before the end of one reply
_BAD_SEQUENCE: Final = 503
_NO_SUCH_COMMAND: Final = frozenset({500, 502, 504})  # in answer to BDAT
_SHUTDOWN: Final = 421
_NO_PLAN: Final = TransactionPlan(Transaction("", {}, 0), Capabilities.NONE)  # the plan before the first transaction
# What each message needs: Python finds a name of the module in a fifth of the time of a member of an enum.
_CLOSED: Final = ClientState.CLOSED
_END_OF_DATA: Final = ClientState.END_OF_DATA
_BEGIN: Final = ClientCall.BEGIN
_PIECE: Final = ClientCall.PIECE
_END: Final = ClientCall.END
_CONTENT_WANTED: Final = ContentWanted()
_CONTENT_STATES: Final = (ClientState.CONTENT, ClientState.END_OF_DATA)
_IDLE: Final = (ClientState.READY, ClientState.IDLE)
_GREETINGS: Final = (ClientState.EHLO, ClientState.HELO, ClientState.LHLO)
_GREETED: Final = 250  # their one answer of success
# States with a command that may not have gone out yet.
_AFTER_COMMAND: Final = frozenset(ClientState) - {
    *(*_IDLE, ClientState.GREETING, ClientState.HANDSHAKE, ClientState.CONTENT),
    *(ClientState.END_OF_DATA, ClientState.QUIT, ClientState.CLOSED),
}


class ClientSession:
    """
    One SMTP session, as client, over a connection that the driver holds.

    The driver sends `octets_to_send` after every call, gives what it reads to `receive`, and takes events until there
    are none. ReplyReader bounds the input; the output is the content that the driver gives, plus one group of commands.
    `answered` changes when the wait for a reply is over, so that the driver can give each reply a deadline.
    """

    def __init__(
        self,
        ehlo_name: str,
        own_names: frozenset[str] = frozenset(),
        protocol: Protocol = Protocol.SMTP,
        opening: Opening = IN_CLEAR,
    ) -> None:
        """
        Wait for the banner of a peer. *ehlo_name* is the name of this host in A-labels, or an address literal. A peer
        that greets by one of *own_names*, in lower case, is this host. *opening* comes before the first transaction.
        """
        self._opening = opening
        self._is_secured = opening.is_secured
        self._bindings = opening.bindings
        self._may_start_tls = not opening.is_secured and opening.tls is not TlsUse.NEVER
        self._login = None if opening.login is None else LoginDialogue(opening.login)
        self._ehlo_name = ehlo_name.encode("ascii")
        self._own_names = own_names
        self._is_lmtp = protocol is Protocol.LMTP
        self._is_all_sent = True
        self._state = ClientState.GREETING
        self._reader = ReplyReader(_NOISE_LINES)
        self._out: list[bytes] = []
        self.events: deque[ClientEvent] = deque()  # what happened, oldest first; the driver takes it from the left
        self._peer = Capabilities.NONE
        self._is_fit = True  # able to serve another transaction
        self.tls_refusal: Reply | None = None  # what the peer said to STARTTLS, if that was no
        self.answered = 0  # replies taken, and ends of the connection
        self._has_delivered = False  # a message of any transaction
        self._has_served = False  # a transaction is over, whatever its result
        self._plan = _NO_PLAN
        self._stuffer = DotStuffer()
        # The last octets of a chunk: with them the peer takes the message, so they go out when the driver ends it.
        self._kept: bytes | None = None
        self.lacks_chunking = False  # the peer offers CHUNKING, and does not know BDAT
        self.transcript: Transcript | None = None  # what both sides say from now on, if the driver sets one
        self._content_octets = 0  # of a transcript

    @property
    def state(self) -> ClientState:
        """The command that the peer answers next."""
        return self._state

    @property
    def stage(self) -> Stage:
        """The stage whose timeout applies now, RFC 5321 §4.5.3.2."""
        return STAGES[self._state]

    @property
    def is_ready(self) -> bool:
        """Whether a transaction may begin now."""
        # The session would take half an unasked reply for the reply to MAIL.
        return self._state in _IDLE and not self._reader.is_midway

    @property
    def is_usable(self) -> bool:
        """Whether the session may serve another transaction, now or when this one is over."""
        return self._is_fit

    @property
    def extensions(self) -> Capabilities:
        """What the peer offers."""
        return self._peer

    def receive(self, octets: bytes, *, is_all_sent: bool = True) -> None:
        """
        Take what the peer sent; b"" means that it closed the connection.

        *is_all_sent* is False while octets from `octets_to_send` have not arrived there: then a 2yz promises nothing.
        """
        self._is_all_sent = is_all_sent
        if not octets:
            self.lost("closed by the peer", is_timeout=False)
            return
        reader = self._reader
        reader.receive(octets)
        try:
            while (reply := reader.next_reply()) is not None:
                if self.transcript is not None:
                    self.transcript.reply(reply.octets)
                self._take_reply(reply)
        except SyntaxViolation as exc:
            self._take(ClientSignal.GARBAGE, own_replies.not_a_reply(str(exc)))

    def lost(self, reason: str, is_timeout: bool) -> None:
        """Note that the connection broke or the time for this stage is over; what is under way ends with 4.4.2."""
        reply = own_replies.lost(self.stage, reason, is_timeout, is_in_doubt=self._state is ClientState.END_OF_DATA)
        self._take(ClientSignal.TIMED_OUT if is_timeout else ClientSignal.LOST, reply)

    def next_event(self) -> ClientEvent | None:
        """Give what happened next, or None until more octets come."""
        return self.events.popleft() if self.events else None

    def octets_to_send(self) -> bytes:
        """Take the octets to send to the peer: none of a command that has half an answer already."""
        if self._out and self._state in _AFTER_COMMAND and self._reader.is_midway:
            self._take_stray("half a reply")
        if self.transcript is not None and self._out:
            self._transcribe(self.transcript)
        octets = b"".join(self._out)
        self._out.clear()
        return octets

    def _transcribe(self, transcript: Transcript) -> None:
        """Add what goes out now. Octets of content go out in states that have no command of their own."""
        if self._state in _CONTENT_STATES:
            return
        for line in b"".join(self._out).splitlines():
            transcript.command(line, is_response=self._state is ClientState.AUTH and line[:5].upper() != b"AUTH ")

    def ensure_ready(self) -> bool:
        """Say whether a transaction may begin now. Half a reply that nothing asked for ends the session."""
        if self._state in _IDLE and self._reader.is_midway:
            self._take_stray("half a reply")
        return self._state in _IDLE

    def begin(self, transaction: Transaction) -> bool:
        """
        Start one transaction, or return False: the session is over, and nothing of the transaction was sent.

        The transaction ends at once where the peer lacks an extension that the message needs.

        Raises:
            DriverError: the greetings or another transaction are under way.
            SyntaxViolation: a path or parameter has a control character; nothing was sent, the session stays ready.
        """
        if (self._state, _BEGIN) not in CALLS:
            raise DriverError(f"no transaction can begin in state {self._state}")
        if not self.ensure_ready():
            return False
        self._plan = TransactionPlan(transaction, self._peer, is_first=self._state is ClientState.READY)
        self._state = self._proceed() if self._plan.has_hope else self._end()
        return True

    def content(self, octets: bytes) -> None:
        """
        Send the next piece of content, with CRLF line ends and not dot-stuffed.

        Raises:
            DriverError: there was no ContentWanted.
        """
        if self._asked(_PIECE) is _CLOSED:
            return
        self._content_octets += len(octets)
        if self._kept is None:
            self._out.append(self._stuffer.stuff(octets))
        elif octets:
            self._out.append(self._kept)
            self._kept = octets

    def end_content(self) -> None:
        """
        Send the end of the content. The peer takes responsibility for the message with its reply.

        Raises:
            DriverError: there was no ContentWanted.
        """
        following = self._asked(_END)
        if self.transcript is not None:
            self.transcript.content(self._content_octets)
        if self._reader.is_midway:
            # A reply that began before the end of the message cannot answer the message.
            self._take(ClientSignal.GARBAGE, own_replies.TOO_EARLY)
        elif following is not _CLOSED:
            self._out.append(self._stuffer.end() if self._kept is None else self._kept)
            self._state = following
            if not self._is_lmtp:  # one reply is due, so a line that is passed over stands for no other one
                self._reader.allow_noise(_NOISE_LINES)

    def secured(self, bindings: Mapping[str, bytes]) -> None:
        """
        Go on inside TLS, after HandshakeWanted. *bindings* has the data of the channel, see `ClientLogin.begin`.

        Raises:
            DriverError: there was no HandshakeWanted.
        """
        following = self._asked(ClientCall.SECURED_LMTP if self._is_lmtp else ClientCall.SECURED)
        self._is_secured = True
        self._may_start_tls = False
        self._bindings = bindings
        self._peer = Capabilities.NONE
        self._reader = ReplyReader(_NOISE_LINES)
        self._out.append(self._greeting(following))
        self._state = following

    def not_secured(self, reason: str) -> None:
        """Note that the handshake failed, or that the peer did not prove what it has to; it ends with 4.7.5."""
        self._take(ClientSignal.LOST, own_replies.not_secured(reason))

    def quit(self) -> None:
        """Send QUIT if the peer waits for a command; else the driver only closes the connection."""
        if self.is_ready:
            self._state = self._send_quit()

    # --- how the tables are carried out

    def _take(self, signal: ClientSignal, reply: Reply) -> None:
        self.answered += 1
        self._state = _STEPS[self._state, signal](self, reply)

    def _take_reply(self, reply: Reply) -> None:
        state = self._state
        code, klass = reply.code, reply.klass
        if code == _SHUTDOWN:
            self._take(ClientSignal.SHUTDOWN, reply)
        elif (self._out and state in _AFTER_COMMAND) or (klass == 2 and code != _GREETED and state in _GREETINGS):
            self._take_stray(reply.escaped())
        elif klass == 2 and state is _END_OF_DATA and not self._is_all_sent:
            self._take(ClientSignal.GARBAGE, own_replies.TOO_EARLY)
        elif klass == 5 and self._is_chunk_unknown(code):
            self.lacks_chunking = True
            signal = ClientSignal.SHUTDOWN if state is _END_OF_DATA else ClientSignal.TRANSIENT
            self._take(signal, own_replies.no_chunking(reply))
        else:
            self.answered += 1  # as _take does: nearly every reply comes here
            signal = SIGNALS[klass] if code != _BAD_SEQUENCE else ClientSignal.OUT_OF_SEQUENCE
            self._state = _STEPS[state, signal](self, reply)

    def _is_chunk_unknown(self, code: int) -> bool:
        """Whether the peer takes BDAT for no command, and so the content for commands: then no message is refused."""
        is_due = self._state is _END_OF_DATA or self._state is ClientState.CONTENT
        return is_due and code in _NO_SUCH_COMMAND and self._plan.chunk is not None

    def _take_stray(self, what: str) -> None:
        """Take what the peer said before the command that it would answer: it has lost step."""
        self._plan.disbelieve()
        command = "MAIL" if self._state in _IDLE else str(self._state)
        self._take(ClientSignal.GARBAGE, own_replies.early(what, command))

    def _asked(self, call: ClientCall) -> ClientState:
        following = CALLS.get((self._state, call))
        if following is None:
            raise DriverError(f"no {call} of content is due in state {self._state}")
        return following

    # --- actions before a transaction: each gives the state that follows

    def _send_ehlo(self, reply: Reply) -> ClientState:
        if (name := self._own_name(reply)) is not None:
            return self._end_loop(reply, name)
        state = ClientState.LHLO if self._is_lmtp else ClientState.EHLO
        self._out.append(self._greeting(state))
        return state

    def _greeting(self, state: ClientState) -> bytes:
        """The command that is answered in *state*."""
        return state.upper().encode() + b" " + self._ehlo_name + b"\r\n"

    def _send_helo(self, _: Reply) -> ClientState:
        self._out.append(self._greeting(ClientState.HELO))
        return ClientState.HELO

    def _send_helo_for_now(self, reply: Reply) -> ClientState:
        self._peer = Capabilities.UNKNOWN
        return self._send_helo(reply)

    def _read_extensions(self, reply: Reply) -> ClientState:
        peer = Capabilities.parse(reply)
        # RFC 8689 §4: the extension exists inside TLS only.
        self._peer = replace(peer, has_requiretls=False) if peer.has_requiretls and not self._is_secured else peer
        if self._peer.has_pipelining:
            self._reader.allow_noise(0)  # a line that is passed over could be the reply to one command of a group
        return self._become_ready(reply)

    def _become_ready(self, reply: Reply) -> ClientState:
        if (name := self._own_name(reply)) is not None:
            return self._end_loop(reply, name)
        if not self._may_start_tls:
            return self._log_in()
        if self._peer.has_starttls:
            self._out.append(b"STARTTLS\r\n")
            return ClientState.STARTTLS
        return self._stay_in_clear(reply)

    def _begin_handshake(self, reply: Reply) -> ClientState:
        if self._reader.is_midway:
            return self._fail_injected(reply)
        self.events.append(HandshakeWanted())
        return ClientState.HANDSHAKE

    def _fail_injected(self, _: Reply) -> ClientState:
        self.events.append(HostFailed(Stage.TLS, own_replies.INJECTED))
        return self._close(own_replies.INJECTED)

    def _stay_in_clear(self, reply: Reply) -> ClientState:
        self._may_start_tls = False
        if self._state is ClientState.STARTTLS:
            self.tls_refusal = reply
        if self._opening.tls is TlsUse.REQUIRED:
            # Another session may show STARTTLS where EHLO was refused for now.
            is_lack = self._opening.for_requiretls and self._peer.is_known
            return self._decline(Stage.TLS, own_replies.NO_TLS_AT_ALL if is_lack else own_replies.NO_TLS)
        return self._log_in()

    def _log_in(self) -> ClientState:
        login = self._login
        if login is None:
            self.events.append(Ready())
            return ClientState.READY
        if not (self._is_secured or self._opening.may_log_in_clear):
            return self._decline(Stage.TLS, own_replies.NO_TLS_FOR_LOGIN)
        command = login.begin(self._peer.mechanisms, self._bindings)
        if isinstance(command, Reply):
            return self._decline(Stage.AUTH, command)
        self._out.append(command)
        return ClientState.AUTH

    def _answer_challenge(self, reply: Reply) -> ClientState:
        response = self._begun_login.answer(reply)
        if isinstance(response, Reply):
            state = self._decline(Stage.AUTH, response)
            self._out.insert(0, CANCEL)
            return state
        self._out.append(response)
        return ClientState.AUTH

    def _finish_login(self, _: Reply) -> ClientState:
        fault = self._begun_login.verdict()
        if fault is not None:
            return self._decline(Stage.AUTH, fault)
        self.events.append(Ready())
        return ClientState.READY

    def _refuse_login(self, reply: Reply) -> ClientState:
        command = self._begun_login.begin_again(reply, self._peer.mechanisms, self._bindings)
        if command is None:
            return self._turn_away(refused(reply))
        self._out.append(command)
        return ClientState.AUTH

    @property
    def _begun_login(self) -> LoginDialogue:
        assert self._login is not None
        return self._login

    def _decline(self, stage: Stage, reply: Reply) -> ClientState:
        """Leave a peer with which no transaction may begin."""
        self.events.append(HostFailed(stage, reply))
        state = self._close(reply)
        self._out.append(b"QUIT\r\n")
        return state

    def _turn_away(self, reply: Reply) -> ClientState:
        state = self._fail_host(reply)
        self._out.append(b"QUIT\r\n")  # RFC 5321 §3.1: a peer that refuses waits for QUIT
        return state

    def _own_name(self, reply: Reply) -> str | None:
        """The name that the peer gives itself, where it is a name of this host."""
        words = reply.text.split(None, 1)
        name = words[0].lower().removesuffix(".") if words else ""
        return name if name in self._own_names else None

    def _end_loop(self, reply: Reply, name: str) -> ClientState:
        self.events.append(HostFailed(Stage.EHLO, reply, name))
        state = self._close(reply)
        self._out.append(b"QUIT\r\n")
        return state

    def _turn_away_unexpected(self, reply: Reply) -> ClientState:
        return self._turn_away(self._unexpected(reply))

    def _fail_host(self, reply: Reply) -> ClientState:
        self.events.append(HostFailed(self.stage, reply))
        return self._close(reply)

    def _end_unasked(self, reply: Reply) -> ClientState:
        if reply.klass < 4:
            reply = own_replies.early(reply.escaped(), "MAIL")
        self.events.append(HostFailed(Stage.EHLO, reply))
        return self._close(reply)

    # --- actions within a transaction

    def _continue(self, _: Reply) -> ClientState:
        return self._proceed()

    def _continue_as_last(self, _: Reply) -> ClientState:
        self._is_fit = False
        return self._proceed()

    def _refuse_all(self, reply: Reply) -> ClientState:
        reply = self._unless_for_tls(reply)
        if not self._has_delivered:
            self._settle_all(reply)
            return self._proceed()
        self._settle_all(own_replies.for_now(reply))
        self.events.append(TransactionEnded(self._plan.results, is_spent=True))
        # The peer might take QUIT for content while commands of this group wait for their answers.
        return self._close(reply) if self._plan.is_awaiting else self._send_quit()

    def _refuse_all_unexpected(self, reply: Reply) -> ClientState:
        if self._has_served and not self._has_delivered:
            return self._abandon_stale(reply)
        return self._refuse_all(self._unexpected(reply))

    def _accept_recipient(self, _: Reply) -> ClientState:
        self._plan.accept()
        return self._proceed()

    def _refuse_recipient(self, reply: Reply) -> ClientState:
        self._plan.refuse(Said(self.stage, self._unless_for_tls(reply)))
        return self._proceed()

    def _refuse_recipient_or_all(self, reply: Reply) -> ClientState:
        return self._refuse_all(reply) if self._has_delivered else self._refuse_recipient(reply)

    def _refuse_recipient_unexpected(self, reply: Reply) -> ClientState:
        return self._refuse_recipient(self._unexpected(reply))

    def _begin_content(self, _: Reply) -> ClientState:
        self._stuffer = DotStuffer()
        self._kept = None
        self._content_octets = 0
        self.events.append(_CONTENT_WANTED)
        return ClientState.CONTENT

    def _send_lone_dot(self, reply: Reply) -> ClientState:
        if self._is_lmtp:  # which has a reply for each accepted recipient, and none is
            self.events.append(TransactionEnded(self._plan.results))
            return self._close(reply)
        self._out.append(b".\r\n")
        return ClientState.LONE_DOT

    def _settle(self, reply: Reply) -> ClientState:
        self._has_delivered |= reply.klass == 2
        if not self._is_lmtp:
            self._settle_all(reply)
        elif self._plan.settle_next(Said(self.stage, reply)):
            return _END_OF_DATA
        self.events.append(TransactionEnded(self._plan.results))
        return self._become_ready_again()

    def _settle_unexpected(self, reply: Reply) -> ClientState:
        return self._settle(self._unexpected(reply))

    def _settle_out_of_sequence(self, reply: Reply) -> ClientState:
        return self._settle(reply) if self._is_lmtp else self._refuse_all(reply)

    def _finish(self, _: Reply) -> ClientState:
        return self._end()

    def _finish_as_last(self, _: Reply) -> ClientState:
        self._is_fit = False
        return self._end()

    def _abandon(self, reply: Reply) -> ClientState:
        self._settle_all(reply)
        self.events.append(TransactionEnded(self._plan.results))
        return self._close(reply)

    def _abandon_spent(self, reply: Reply) -> ClientState:
        self._settle_all(own_replies.for_now(reply) if self._has_delivered else reply)
        self.events.append(TransactionEnded(self._plan.results, is_spent=self._has_delivered))
        return self._close(reply)

    def _abandon_stale(self, reply: Reply) -> ClientState:
        self._settle_all(reply if reply.klass in {4, 5} else self._unexpected(reply))
        self.events.append(TransactionEnded(self._plan.results, is_stale=True))
        return self._close(reply)

    def _abandon_out_of_step(self, reply: Reply) -> ClientState:
        self._settle_all(reply)
        self.events.append(TransactionEnded(self._plan.results, is_stale=self._has_served))
        return self._close(reply)

    def _abandon_in_doubt(self, reply: Reply) -> ClientState:
        self._settle_all(reply)
        self.events.append(TransactionEnded(self._plan.results, is_in_doubt=True))
        return self._close(reply)

    def _abandon_premature(self, reply: Reply) -> ClientState:
        # A 2yz before the end of data promises nothing about the message; to believe it would lose mail.
        return self._abandon(own_replies.premature(reply))

    # --- actions of the end

    def _close(self, _: Reply) -> ClientState:
        self._is_fit = False
        self._out.clear()
        self.events.append(SessionClosed())
        return ClientState.CLOSED

    def _ignore(self, _: Reply) -> ClientState:
        return ClientState.CLOSED

    # --- parts of actions

    def _proceed(self) -> ClientState:
        """Await the next reply of this group, or send the next group, or end a transaction without recipients."""
        plan = self._plan
        awaited = plan.next_awaited()
        if awaited is not None:
            return awaited
        if not plan.has_hope:
            return self._end()
        if plan.is_answered:
            return self._begin_chunk(plan.chunk)
        group, awaited = plan.next_group()
        self._out += group
        return awaited

    def _begin_chunk(self, command: bytes | None) -> ClientState:
        """Ask for the content, which follows its command without a reply in between."""
        self._kept = command
        self._content_octets = 0
        if self.transcript is not None and command is not None:
            self.transcript.command(command)
        self.events.append(_CONTENT_WANTED)
        return ClientState.CONTENT

    def _settle_all(self, reply: Reply) -> None:
        self._plan.settle(Said(self.stage, reply))

    def _unexpected(self, reply: Reply) -> Reply:
        self._is_fit = False
        return own_replies.unexpected(reply, self.stage)

    def _unless_for_tls(self, reply: Reply) -> Reply:
        """*reply*; a refusal for now if the host refuses for good only because the session is in the clear."""
        may_secure = self._peer.has_starttls and not self._is_secured
        return own_replies.tls_wanted(reply) if may_secure and own_replies.asks_for_tls(reply) else reply

    def _end(self) -> ClientState:
        # Replies of the wrong kind on a session that was used before: an unasked reply may have shifted all of them.
        is_stale = self._has_served and not self._is_fit
        self.events.append(TransactionEnded(self._plan.results, is_stale=is_stale))
        return self._become_ready_again()

    def _become_ready_again(self) -> ClientState:
        if self._peer.has_pipelining:
            self._reader.allow_noise(0)
        self._has_served = True
        return ClientState.IDLE if self._is_fit else self._send_quit()

    def _send_quit(self) -> ClientState:
        self._is_fit = False
        self._out.append(b"QUIT\r\n")
        return ClientState.QUIT


_ACTIONS: Final[dict[ClientAction, Callable[[ClientSession, Reply], ClientState]]] = {
    ClientAction.SEND_EHLO: ClientSession._send_ehlo,
    ClientAction.SEND_HELO: ClientSession._send_helo,
    ClientAction.SEND_HELO_FOR_NOW: ClientSession._send_helo_for_now,
    ClientAction.READ_EXTENSIONS: ClientSession._read_extensions,
    ClientAction.BECOME_READY: ClientSession._become_ready,
    ClientAction.BEGIN_HANDSHAKE: ClientSession._begin_handshake,
    ClientAction.STAY_IN_CLEAR: ClientSession._stay_in_clear,
    ClientAction.FAIL_INJECTED: ClientSession._fail_injected,
    ClientAction.ANSWER_CHALLENGE: ClientSession._answer_challenge,
    ClientAction.FINISH_LOGIN: ClientSession._finish_login,
    ClientAction.REFUSE_LOGIN: ClientSession._refuse_login,
    ClientAction.FAIL_HOST: ClientSession._fail_host,
    ClientAction.TURN_AWAY: ClientSession._turn_away,
    ClientAction.TURN_AWAY_UNEXPECTED: ClientSession._turn_away_unexpected,
    ClientAction.END_UNASKED: ClientSession._end_unasked,
    ClientAction.CONTINUE: ClientSession._continue,
    ClientAction.CONTINUE_AS_LAST: ClientSession._continue_as_last,
    ClientAction.REFUSE_ALL: ClientSession._refuse_all,
    ClientAction.REFUSE_ALL_UNEXPECTED: ClientSession._refuse_all_unexpected,
    ClientAction.ACCEPT_RECIPIENT: ClientSession._accept_recipient,
    ClientAction.REFUSE_RECIPIENT: ClientSession._refuse_recipient,
    ClientAction.REFUSE_RECIPIENT_OR_ALL: ClientSession._refuse_recipient_or_all,
    ClientAction.REFUSE_RECIPIENT_UNEXPECTED: ClientSession._refuse_recipient_unexpected,
    ClientAction.BEGIN_CONTENT: ClientSession._begin_content,
    ClientAction.SEND_LONE_DOT: ClientSession._send_lone_dot,
    ClientAction.SETTLE: ClientSession._settle,
    ClientAction.SETTLE_UNEXPECTED: ClientSession._settle_unexpected,
    ClientAction.SETTLE_OUT_OF_SEQUENCE: ClientSession._settle_out_of_sequence,
    ClientAction.FINISH: ClientSession._finish,
    ClientAction.FINISH_AS_LAST: ClientSession._finish_as_last,
    ClientAction.ABANDON: ClientSession._abandon,
    ClientAction.ABANDON_SPENT: ClientSession._abandon_spent,
    ClientAction.ABANDON_STALE: ClientSession._abandon_stale,
    ClientAction.ABANDON_OUT_OF_STEP: ClientSession._abandon_out_of_step,
    ClientAction.ABANDON_IN_DOUBT: ClientSession._abandon_in_doubt,
    ClientAction.ABANDON_PREMATURE: ClientSession._abandon_premature,
    ClientAction.CLOSE: ClientSession._close,
    ClientAction.IGNORE: ClientSession._ignore,
}
_STEPS: Final = {pair: _ACTIONS[step.action] for pair, step in NEXT.items()}
