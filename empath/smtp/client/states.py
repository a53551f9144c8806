"""states - where a client session stands, and what can happen to it"""

from enum import StrEnum
from typing import Final

from empath.mail.outcome import Stage


class ClientState(StrEnum):
    """The command that the peer answers next; in READY, IDLE, HANDSHAKE, CONTENT and CLOSED it has
    nothing to answer."""

    GREETING = "greeting"
    EHLO = "ehlo"
    HELO = "helo"
    LHLO = "lhlo"  # in LMTP, RFC 2033 §4.1
    STARTTLS = "starttls"
    HANDSHAKE = "handshake"  # of TLS, which the driver does
    AUTH = "auth"
    READY = "ready"  # for the first transaction
    IDLE = "idle"  # between two transactions
    RSET = "rset"
    MAIL = "mail"
    RCPT = "rcpt"
    RCPT_IN_VAIN = "rcpt-in-vain"  # after every recipient was refused
    DATA = "data"
    DATA_IN_VAIN = "data-in-vain"
    CONTENT = "content"
    END_OF_DATA = "end-of-data"
    LONE_DOT = "lone-dot"
    QUIT = "quit"
    CLOSED = "closed"


class ClientSignal(StrEnum):
    """A reply by its class (RFC 5321 §4.2.1), or the lack of one."""

    OK = "2yz"
    GO_ON = "3yz"
    TRANSIENT = "4yz"
    PERMANENT = "5yz"
    OUT_OF_SEQUENCE = "503"
    SHUTDOWN = "421"
    GARBAGE = "garbage"  # octets that are not a reply, or a reply before its command
    LOST = "lost"
    TIMED_OUT = "timed-out"


class ClientCall(StrEnum):
    """A request of the driver."""

    BEGIN = "begin"
    PIECE = "piece"
    END = "end"
    SECURED = "secured"  # the handshake of TLS is over
    SECURED_LMTP = "secured-lmtp"


# The signal of each class of replies.
SIGNALS: Final = {2: ClientSignal.OK, 3: ClientSignal.GO_ON, 4: ClientSignal.TRANSIENT, 5: ClientSignal.PERMANENT}
# The state of a command whose answer no longer matters to a recipient.
IN_VAIN: Final = {ClientState.RCPT: ClientState.RCPT_IN_VAIN, ClientState.DATA: ClientState.DATA_IN_VAIN}
STAGES: Final = {  # the timeout of each state
    ClientState.GREETING: Stage.GREETING,
    ClientState.EHLO: Stage.EHLO,
    ClientState.HELO: Stage.EHLO,
    ClientState.LHLO: Stage.EHLO,
    ClientState.STARTTLS: Stage.TLS,
    ClientState.HANDSHAKE: Stage.TLS,
    ClientState.AUTH: Stage.AUTH,
    ClientState.READY: Stage.MAIL,
    ClientState.IDLE: Stage.MAIL,
    ClientState.RSET: Stage.MAIL,
    ClientState.MAIL: Stage.MAIL,
    ClientState.RCPT: Stage.RCPT,
    ClientState.RCPT_IN_VAIN: Stage.RCPT,
    ClientState.DATA: Stage.DATA,
    ClientState.DATA_IN_VAIN: Stage.DATA,
    ClientState.CONTENT: Stage.CONTENT,
    ClientState.END_OF_DATA: Stage.END_OF_DATA,
    ClientState.LONE_DOT: Stage.DATA,  # an answer without consequences, not worth the ten minutes of END_OF_DATA
    ClientState.QUIT: Stage.QUIT,
    ClientState.CLOSED: Stage.QUIT,
}
