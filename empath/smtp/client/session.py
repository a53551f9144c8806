"""
client - the sending side of SMTP without I/O, RFC 5321 §3

Theory of operation: the state is what the peer answers next, or READY and CONTENT, when it has nothing to answer.
NEXT at the end of this file says for every state and every kind of answer what is done and where that may lead; an
action gives the state that follows.  Commands go out in groups (RFC 2920): MAIL, RCPT and DATA together where the peer
offers PIPELINING, one at a time where not, and a group follows when the one before is answered.

What became of a recipient is the reply that ended it.  Where no reply came there is one of ours in its place: 4.4.2 for
a lost connection, 4.5.0 for octets that are no reply, 5.5.0 for a reply that is none to this command.  A session that
met one of these is not used again.
"""

from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from empath.errors import EmpathError, SyntaxViolation
from empath.mail.fate import Said
from empath.mail.outcome import Stage
from empath.mail.reply import EnhancedStatus, Reply
from empath.smtp.client.capabilities import Capabilities
from empath.smtp.client.dot_stuffing import DotStuffer
from empath.smtp.client.events import (
    ClientEvent,
    ContentWanted,
    HostFailed,
    Ready,
    SessionClosed,
    TransactionEnded,
)
from empath.smtp.client.plan import Plan
from empath.smtp.client.reply_reader import ReplyReader
from empath.smtp.client.states import CALLS, SIGNALS, STAGES, Call, Signal, State
from empath.smtp.client.transaction import ClientRecipient, Transaction

__all__ = ["NEXT", "ClientRecipient", "ClientSession", "Step", "Transaction"]

_GARBAGE: Final = EnhancedStatus(4, 5, 0)
_LOST: Final = EnhancedStatus(4, 4, 2)
_NO_PLAN: Final = Plan(Transaction("", {}, 0), Capabilities.NONE)  # before the first transaction
_NO_ANSWER_TO_THIS: Final = EnhancedStatus(5, 5, 0)


class ClientSession:
    """
    One SMTP session, as client, over a connection that the driver holds.

    The driver sends octets_to_send() after every call, gives what it reads to receive(), and takes events until there
    are none. Input is bounded by ReplyReader; output is what the driver puts in, plus one group of commands.
    """

    def __init__(self, ehlo_name: str) -> None:
        """Wait for the greeting of a peer; *ehlo_name* is our host name in A-labels, or an address literal."""
        self._ehlo_name = ehlo_name.encode("ascii")
        self._state = State.GREETING
        self._reader = ReplyReader()
        self._out: list[bytes] = []
        self._events: deque[ClientEvent] = deque()
        self._peer = Capabilities.NONE
        self._is_fit = True  # for another transaction
        self._plan = _NO_PLAN
        self._stuffer = DotStuffer()

    @property
    def state(self) -> State:
        """What the peer answers next."""
        return self._state

    @property
    def stage(self) -> Stage:
        """Which timeout applies now, RFC 5321 §4.5.3.2."""
        return STAGES[self._state]

    @property
    def is_ready(self) -> bool:
        """Whether a transaction may begin now."""
        # Half a reply that nothing asked for would be taken for the reply to MAIL.
        return (self._state, Call.BEGIN) in CALLS and not self._reader.is_midway

    @property
    def is_usable(self) -> bool:
        """Whether the session may serve another transaction, now or when this one is over."""
        return self._is_fit

    @property
    def extensions(self) -> Capabilities:
        """What the peer offers."""
        return self._peer

    def receive(self, octets: bytes) -> None:
        """Take what the peer sent; no octets at all mean that it closed the connection."""
        if not octets:
            self.lost("closed by the peer", is_timeout=False)
            return
        reader = self._reader
        reader.receive(octets)
        try:
            while (reply := reader.next_reply()) is not None:
                self._take(Signal.SHUTDOWN if reply.code == 421 else SIGNALS[reply.klass], reply)
        except SyntaxViolation as exc:
            self._take(Signal.GARBAGE, Reply(451, _GARBAGE, f"Protocol error: {exc}"))

    def lost(self, reason: str, is_timeout: bool) -> None:
        """The connection broke, or the time for this stage is over: whatever was under way ends with 4.4.2."""
        what = "Timed out" if is_timeout else "Connection lost"
        doubt = "; the message may be delivered twice" if self._state is State.END_OF_DATA else ""
        reply = Reply(451, _LOST, f"{what} at {self.stage}: {reason}{doubt}")
        self._take(Signal.TIMED_OUT if is_timeout else Signal.LOST, reply)

    def next_event(self) -> ClientEvent | None:
        """Give what happened next, or None until more octets come."""
        return self._events.popleft() if self._events else None

    def octets_to_send(self) -> bytes:
        """Take what is to be sent."""
        octets = b"".join(self._out)
        self._out.clear()
        return octets

    def begin(self, transaction: Transaction) -> None:
        """
        Start one transaction; only while is_ready. It ends at once where the peer lacks what the message needs.

        Raises:
            SyntaxViolation: a control character in a path or parameter; nothing was sent, the session stays ready.
        """
        if not self.is_ready:
            raise EmpathError(f"no transaction can begin in state {self._state}")
        self._plan = Plan(transaction, self._peer)
        self._state = self._proceed() if self._plan.has_hope else self._end()

    def content(self, octets: bytes) -> None:
        """Send the next piece of content, with CRLF line ends and not dot-stuffed; only after ContentWanted."""
        if self._asked(Call.PIECE) is not State.CLOSED:
            self._out.append(self._stuffer.stuff(octets))

    def end_content(self) -> None:
        """End the content: the message is the peer's when it says so."""
        following = self._asked(Call.END)
        if self._reader.is_midway:
            # What the peer began to say before it had the message cannot be its answer to the message.
            self._take(Signal.GARBAGE, Reply(451, _GARBAGE, "Protocol error: a reply before its time"))
        elif following is not State.CLOSED:
            self._out.append(self._stuffer.end())
            self._state = following

    def quit(self) -> None:
        """Take leave of a peer that waits for a command; of any other the driver just closes the connection."""
        if self.is_ready:
            self._state = self._say_quit()

    # --- how the tables are used

    def _take(self, signal: Signal, reply: Reply) -> None:
        self._state = NEXT[self._state, signal].action(self, reply)

    def _asked(self, call: Call) -> State:
        following = CALLS.get((self._state, call))
        if following is None:
            raise EmpathError(f"no {call} of content is due in state {self._state}")
        return following

    # --- actions before a transaction: each gives the state that follows

    def _say_ehlo(self, _: Reply) -> State:
        self._out.append(b"EHLO " + self._ehlo_name + b"\r\n")
        return State.EHLO

    def _say_helo(self, _: Reply) -> State:
        self._out.append(b"HELO " + self._ehlo_name + b"\r\n")
        return State.HELO

    def _learn(self, reply: Reply) -> State:
        self._peer = Capabilities.parse(reply)
        return self._be_ready(reply)

    def _be_ready(self, _: Reply) -> State:
        self._events.append(Ready())
        return State.READY

    def _turn_away(self, reply: Reply) -> State:
        state = self._fail(reply)
        self._out.append(b"QUIT\r\n")  # RFC 5321 §3.1: a peer that refuses us waits for it; its answer tells nothing
        return state

    def _turn_away_confused(self, reply: Reply) -> State:
        return self._turn_away(self._confusion(reply))

    def _fail(self, reply: Reply) -> State:
        self._events.append(HostFailed(self.stage, reply))
        return self._close(reply)

    # --- actions within one

    def _heed(self, _: Reply) -> State:
        return self._proceed()

    def _distrust(self, _: Reply) -> State:
        self._is_fit = False
        return self._proceed()

    def _refuse_all(self, reply: Reply) -> State:
        self._settle(reply)
        return self._proceed()

    def _confuse_all(self, reply: Reply) -> State:
        return self._refuse_all(self._confusion(reply))

    def _accept(self, _: Reply) -> State:
        self._plan.accept()
        return self._proceed()

    def _refuse(self, reply: Reply) -> State:
        self._plan.refuse(Said(self.stage, reply))
        return self._proceed()

    def _confuse(self, reply: Reply) -> State:
        return self._refuse(self._confusion(reply))

    def _want_content(self, _: Reply) -> State:
        self._stuffer = DotStuffer()
        self._events.append(ContentWanted())
        return State.CONTENT

    def _say_lone_dot(self, _: Reply) -> State:
        self._out.append(b".\r\n")
        return State.LONE_DOT

    def _conclude(self, reply: Reply) -> State:
        self._settle(reply)
        return self._end()

    def _conclude_confused(self, reply: Reply) -> State:
        return self._conclude(self._confusion(reply))

    def _finish(self, _: Reply) -> State:
        return self._end()

    def _finish_distrusting(self, _: Reply) -> State:
        self._is_fit = False
        return self._end()

    def _abandon(self, reply: Reply) -> State:
        self._settle(reply)
        self._events.append(TransactionEnded(self._plan.results))
        return self._close(reply)

    def _abandon_stale(self, reply: Reply) -> State:
        self._settle(reply)
        self._events.append(TransactionEnded(self._plan.results, is_stale=True))
        return self._close(reply)

    def _abandon_in_doubt(self, reply: Reply) -> State:
        self._settle(reply)
        self._events.append(TransactionEnded(self._plan.results, is_in_doubt=True))
        return self._close(reply)

    def _abandon_premature(self, reply: Reply) -> State:
        # 2yz before the end of data is no promise about the message: to believe it would lose mail.
        return self._abandon(Reply(451, _GARBAGE, f"Protocol error: {reply.escaped()} before the end of data"))

    # --- actions of the end

    def _close(self, _: Reply) -> State:
        self._is_fit = False
        self._out.clear()
        self._events.append(SessionClosed())
        return State.CLOSED

    def _stay(self, _: Reply) -> State:
        return State.CLOSED

    # --- what actions are made of

    def _proceed(self) -> State:
        """Await the next reply of this group, or send the next group, or give up a transaction without recipients."""
        plan = self._plan
        if not plan.is_awaiting:
            if not plan.has_hope:
                return self._reset()
            self._out += plan.next_group()
        return plan.next_awaited()

    def _settle(self, reply: Reply) -> None:
        self._plan.settle(Said(self.stage, reply))

    def _confusion(self, reply: Reply) -> Reply:
        self._is_fit = False
        return Reply(554, _NO_ANSWER_TO_THIS, f"Protocol error: {reply.escaped()} in answer to {self.stage}")

    def _reset(self) -> State:
        if not self._is_fit:
            return self._end()
        self._out.append(b"RSET\r\n")
        return State.RSET

    def _end(self) -> State:
        self._events.append(TransactionEnded(self._plan.results))
        return State.READY if self._is_fit else self._say_quit()

    def _say_quit(self) -> State:
        self._is_fit = False
        self._out.append(b"QUIT\r\n")
        return State.QUIT


class Step(NamedTuple):
    """What is done with a reply, and every state that may follow."""

    action: Callable[[ClientSession, Reply], State]
    leads_to: tuple[State, ...]


def _rows(state: State, signals: tuple[Signal, ...], step: Step) -> dict[tuple[State, Signal], Step]:
    return {(state, signal): step for signal in signals}


_S, _C = State, ClientSession
_OK, _GO_ON, _4YZ, _5YZ = Signal.OK, Signal.GO_ON, Signal.TRANSIENT, Signal.PERMANENT
_REFUSED: Final = (_4YZ, _5YZ)
_OVER: Final = (Signal.SHUTDOWN, Signal.GARBAGE, Signal.LOST, Signal.TIMED_OUT)
_ANY: Final = tuple(Signal)
_IN_TRANSACTION: Final = (
    *(_S.MAIL, _S.RCPT, _S.RCPT_IN_VAIN, _S.DATA, _S.DATA_IN_VAIN),
    *(_S.CONTENT, _S.END_OF_DATA, _S.LONE_DOT, _S.RSET),
)

NEXT: Final[dict[tuple[State, Signal], Step]] = {  # every state with every signal: the peer may do anything
    (_S.GREETING, _OK): Step(_C._say_ehlo, (_S.EHLO,)),
    (_S.GREETING, _GO_ON): Step(_C._turn_away_confused, (_S.CLOSED,)),
    (_S.EHLO, _OK): Step(_C._learn, (_S.READY,)),
    (_S.EHLO, _GO_ON): Step(_C._turn_away_confused, (_S.CLOSED,)),
    (_S.EHLO, _4YZ): Step(_C._turn_away, (_S.CLOSED,)),
    (_S.EHLO, _5YZ): Step(_C._say_helo, (_S.HELO,)),  # RFC 5321 §3.2
    (_S.HELO, _OK): Step(_C._be_ready, (_S.READY,)),
    (_S.HELO, _GO_ON): Step(_C._turn_away_confused, (_S.CLOSED,)),
    (_S.MAIL, _OK): Step(_C._heed, (_S.RCPT,)),
    (_S.MAIL, _GO_ON): Step(_C._confuse_all, (_S.RCPT_IN_VAIN, _S.QUIT)),
    (_S.RCPT, _OK): Step(_C._accept, (_S.RCPT, _S.DATA)),
    (_S.RCPT, _GO_ON): Step(_C._confuse, (_S.RCPT, _S.DATA, _S.DATA_IN_VAIN, _S.QUIT)),
    (_S.RCPT_IN_VAIN, _OK): Step(_C._heed, (_S.RCPT_IN_VAIN, _S.DATA_IN_VAIN, _S.RSET, _S.QUIT)),
    (_S.RCPT_IN_VAIN, _GO_ON): Step(_C._distrust, (_S.RCPT_IN_VAIN, _S.DATA_IN_VAIN, _S.QUIT)),
    (_S.DATA, _OK): Step(_C._confuse_all, (_S.QUIT,)),
    (_S.DATA, _GO_ON): Step(_C._want_content, (_S.CONTENT,)),
    (_S.DATA_IN_VAIN, _OK): Step(_C._distrust, (_S.QUIT,)),
    (_S.DATA_IN_VAIN, _GO_ON): Step(_C._say_lone_dot, (_S.LONE_DOT,)),
    (_S.CONTENT, _OK): Step(_C._abandon_premature, (_S.CLOSED,)),
    (_S.CONTENT, _GO_ON): Step(_C._abandon_premature, (_S.CLOSED,)),
    (_S.END_OF_DATA, _OK): Step(_C._conclude, (_S.READY, _S.QUIT)),
    (_S.END_OF_DATA, _GO_ON): Step(_C._conclude_confused, (_S.QUIT,)),
    (_S.LONE_DOT, _OK): Step(_C._finish, (_S.READY, _S.QUIT)),
    (_S.LONE_DOT, _GO_ON): Step(_C._finish_distrusting, (_S.QUIT,)),
    (_S.RSET, _OK): Step(_C._finish, (_S.READY,)),
    (_S.RSET, _GO_ON): Step(_C._finish_distrusting, (_S.QUIT,)),
    **_rows(_S.GREETING, _REFUSED, Step(_C._turn_away, (_S.CLOSED,))),
    **_rows(_S.HELO, _REFUSED, Step(_C._turn_away, (_S.CLOSED,))),
    **_rows(_S.MAIL, _REFUSED, Step(_C._refuse_all, (_S.RCPT_IN_VAIN, _S.RSET))),
    **_rows(_S.RCPT, _REFUSED, Step(_C._refuse, (_S.RCPT, _S.DATA, _S.DATA_IN_VAIN, _S.RSET, _S.QUIT))),
    **_rows(_S.RCPT_IN_VAIN, _REFUSED, Step(_C._heed, (_S.RCPT_IN_VAIN, _S.DATA_IN_VAIN, _S.RSET, _S.QUIT))),
    **_rows(_S.DATA, _REFUSED, Step(_C._refuse_all, (_S.RSET, _S.QUIT))),
    **_rows(_S.DATA_IN_VAIN, _REFUSED, Step(_C._heed, (_S.RSET, _S.QUIT))),
    **_rows(_S.CONTENT, _REFUSED, Step(_C._abandon, (_S.CLOSED,))),
    **_rows(_S.END_OF_DATA, _REFUSED, Step(_C._conclude, (_S.READY, _S.QUIT))),
    **_rows(_S.LONE_DOT, _REFUSED, Step(_C._finish, (_S.READY, _S.QUIT))),
    **_rows(_S.RSET, _REFUSED, Step(_C._finish_distrusting, (_S.QUIT,))),
    **{(state, over): Step(_C._fail, (_S.CLOSED,)) for state in (_S.GREETING, _S.EHLO, _S.HELO) for over in _OVER},
    **{(state, over): Step(_C._abandon, (_S.CLOSED,)) for state in _IN_TRANSACTION for over in _OVER},
    **_rows(_S.END_OF_DATA, (Signal.GARBAGE, Signal.LOST, Signal.TIMED_OUT), Step(_C._abandon_in_doubt, (_S.CLOSED,))),
    # These two are what a connection looks like that the peer gave up while it was idle.
    **_rows(_S.MAIL, (Signal.SHUTDOWN, Signal.LOST), Step(_C._abandon_stale, (_S.CLOSED,))),
    # A peer that speaks unasked is saying goodbye, or is out of step.
    **_rows(_S.READY, _ANY, Step(_C._close, (_S.CLOSED,))),
    **_rows(_S.QUIT, _ANY, Step(_C._close, (_S.CLOSED,))),
    **_rows(_S.CLOSED, _ANY, Step(_C._stay, (_S.CLOSED,))),
}
