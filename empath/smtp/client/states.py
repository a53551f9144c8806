"""client_states - the states of a client session and what can happen in them; client.NEXT ties them together"""

from enum import StrEnum
from typing import Final

from empath.mail.outcome import Stage


class State(StrEnum):
    """What the peer answers next; READY, CONTENT and CLOSED wait for no answer."""

    GREETING = "greeting"
    EHLO = "ehlo"
    HELO = "helo"
    READY = "ready"
    MAIL = "mail"
    RCPT = "rcpt"
    RCPT_IN_VAIN = "rcpt-in-vain"  # no recipient can be accepted any more
    DATA = "data"
    DATA_IN_VAIN = "data-in-vain"
    CONTENT = "content"
    END_OF_DATA = "end-of-data"
    LONE_DOT = "lone-dot"
    RSET = "rset"
    QUIT = "quit"
    CLOSED = "closed"


class Signal(StrEnum):
    """A reply by its class (RFC 5321 §4.2.1), or the lack of one."""

    OK = "2yz"
    GO_ON = "3yz"
    TRANSIENT = "4yz"
    PERMANENT = "5yz"
    SHUTDOWN = "421"
    GARBAGE = "garbage"  # octets that are no reply
    LOST = "lost"
    TIMED_OUT = "timed-out"


class Call(StrEnum):
    """What the driver may ask for."""

    BEGIN = "begin"
    PIECE = "piece"
    END = "end"


SIGNALS: Final = {2: Signal.OK, 3: Signal.GO_ON, 4: Signal.TRANSIENT, 5: Signal.PERMANENT}  # by Reply.klass
IN_VAIN: Final = {State.RCPT: State.RCPT_IN_VAIN, State.DATA: State.DATA_IN_VAIN}
CALLS: Final = {  # (state, call) -> the state asked for; a pair not here is an error of the driver
    (State.READY, Call.BEGIN): State.MAIL,
    (State.CONTENT, Call.PIECE): State.CONTENT,
    (State.CONTENT, Call.END): State.END_OF_DATA,
    # The peer may end the session while the driver still reads the content of its message.
    (State.CLOSED, Call.PIECE): State.CLOSED,
    (State.CLOSED, Call.END): State.CLOSED,
}
STAGES: Final = {  # whose timeout applies
    State.GREETING: Stage.GREETING,
    State.EHLO: Stage.EHLO,
    State.HELO: Stage.EHLO,
    State.READY: Stage.MAIL,
    State.MAIL: Stage.MAIL,
    State.RCPT: Stage.RCPT,
    State.RCPT_IN_VAIN: Stage.RCPT,
    State.DATA: Stage.DATA,
    State.DATA_IN_VAIN: Stage.DATA,
    State.CONTENT: Stage.CONTENT,
    State.END_OF_DATA: Stage.END_OF_DATA,
    State.LONE_DOT: Stage.DATA,  # nothing hangs on this answer: it is not worth the ten minutes of END_OF_DATA
    State.RSET: Stage.RCPT,
    State.QUIT: Stage.QUIT,
    State.CLOSED: Stage.QUIT,
}
