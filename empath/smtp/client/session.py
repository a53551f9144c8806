"""
session - the sending side of an SMTP or LMTP session, without I/O, RFC 5321 §3, RFC 2033

Theory of operation: the state is the command that the peer answers next, or READY or CONTENT when the peer has nothing
to answer.  `table.NEXT` gives the action for every state and every kind of answer; the action returns the state that
follows, one of those that the row names.  Actions before the first transaction are in `opening_actions`, those of a
message in `transaction_actions`.

Commands go out in groups (RFC 2920): MAIL, RCPT and DATA together where the peer offers PIPELINING, else one at a time.
The next group follows when the one before is answered.  RSET begins every transaction but the first: some peers keep
the recipients of the one before, and would give them the next message too.

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
"""

from collections.abc import Callable, Mapping
from typing import Final

from empath.errors import DriverError, SyntaxViolation
from empath.mail.reply import Reply
from empath.smtp.client import own_replies
from empath.smtp.client.capabilities import NO_CAPABILITIES, Capabilities
from empath.smtp.client.conversation import NOISE_LINES
from empath.smtp.client.events import ClientEvent
from empath.smtp.client.plan import TransactionPlan
from empath.smtp.client.reply_reader import ReplyReader
from empath.smtp.client.states import SIGNALS, ClientCall, ClientSignal, ClientState
from empath.smtp.client.table import CALLS, NEXT, ClientAction
from empath.smtp.client.transaction import ClientRecipient, Transaction
from empath.smtp.client.transaction_actions import TransactionActions

__all__ = ["ClientRecipient", "ClientSession", "Transaction"]

_BAD_SEQUENCE: Final = 503
_NO_SUCH_COMMAND: Final = frozenset({500, 502, 504})  # in answer to BDAT
_SHUTDOWN: Final = 421
# What each message needs: Python finds a name of the module in a fifth of the time of a member of an enum.
_CLOSED: Final = ClientState.CLOSED
_END_OF_DATA: Final = ClientState.END_OF_DATA
_AUTH: Final = ClientState.AUTH
_BEGIN: Final = ClientCall.BEGIN
_PIECE: Final = ClientCall.PIECE
_END: Final = ClientCall.END
_CONTENT_STATES: Final = (ClientState.CONTENT, ClientState.END_OF_DATA)
_IDLE: Final = (ClientState.READY, ClientState.IDLE)
_GREETINGS: Final = (ClientState.EHLO, ClientState.HELO, ClientState.LHLO)
_GREETED: Final = 250  # their one answer of success
_IN_TRANSACTION: Final = frozenset({ClientState.RSET, ClientState.MAIL, ClientState.RCPT, ClientState.END_OF_DATA})
# States with a command that may not have gone out yet.
_AFTER_COMMAND: Final = frozenset(ClientState) - {
    *(*_IDLE, ClientState.GREETING, ClientState.HANDSHAKE, ClientState.CONTENT),
    *(ClientState.END_OF_DATA, ClientState.QUIT, ClientState.CLOSED),
}


class ClientSession(TransactionActions):
    """
    One SMTP session, as client, over a connection that the driver holds.

    The driver sends `octets_to_send` after every call, gives what it reads to `receive`, and takes events until there
    are none. ReplyReader bounds the input; the output is the content that the driver gives, plus one group of commands.
    `answered` changes when the wait for a reply is over, so that the driver can give each reply a deadline.
    """

    @property
    def state(self) -> ClientState:
        """The command that the peer answers next."""
        return self._state

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
        if self._state in _IN_TRANSACTION and (replies := reader.taken_whole(octets)) is not None:
            if self.transcript is not None:
                self.transcript.heard(*replies)
            if is_all_sent and not self._out and self._plan.accept_all(replies):  # nearly always
                self.answered += len(replies)
                self._state = self._begin_content(replies[-1])
                return
            for each in replies:
                self._take_reply(each)
            return
        reader.receive(octets)
        try:
            while (reply := reader.next_reply()) is not None:
                if self.transcript is not None:
                    self.transcript.heard(reply)
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
        octets = b"".join(self._out)
        self._out.clear()
        # Octets of content go out in states that have no command of their own.
        if self.transcript is not None and octets and self._state not in _CONTENT_STATES:
            self.transcript.group(octets, is_login=self._state is _AUTH)
        return octets

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
                self._reader.allow_noise(NOISE_LINES)

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
        self._peer = NO_CAPABILITIES
        self._reader = ReplyReader(NOISE_LINES)
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
        usual = _USUAL.get((state, klass))
        if usual is not None and self._is_all_sent and not self._out:  # nearly every reply
            self.answered += 1
            self._state = usual(self, reply)
        elif code == _SHUTDOWN:
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
            self._take(SIGNALS[klass] if code != _BAD_SEQUENCE else ClientSignal.OUT_OF_SEQUENCE, reply)

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
# The steps of the answers that the usual message gets, by state and class. None of their codes means anything else.
_USUAL: Final = {
    (state, klass): _STEPS[state, SIGNALS[klass]]
    for state, klass in (
        *((state, 2) for state in (ClientState.RSET, ClientState.MAIL, ClientState.RCPT, ClientState.END_OF_DATA)),
        (ClientState.DATA, 3),
    )
}
