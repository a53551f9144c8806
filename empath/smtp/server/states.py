"""states - where a server session stands, and what can happen to it"""

from enum import StrEnum
from typing import Final


class ServerState(StrEnum):
    """What the client may say next."""

    CONNECTING = "connecting"  # before the banner
    REFUSED = "refused"  # after a refusing banner, until QUIT (RFC 5321 §3.1)
    UNGREETED = "ungreeted"
    READY = "ready"
    MAIL_GIVEN = "mail-given"
    RCPT_GIVEN = "rcpt-given"
    CONTENT = "content"  # after DATA, or in the last chunk
    CHUNK = "chunk"  # in a chunk that is not the last
    CHUNKS = "chunks"  # between two chunks
    CHUNKS_LOST = "chunks-lost"  # as CHUNKS, after an error
    AUTHENTICATING = "authenticating"  # until the reply that ends the exchange; no line is a command
    HANDSHAKE = "handshake"  # of TLS, after STARTTLS
    CLOSED = "closed"


class ServerSignal(StrEnum):
    """A command, by its verb, or another event of the session."""

    CONNECT = "connection"
    EHLO = "EHLO"
    HELO = "HELO"
    LHLO = "LHLO"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    BDAT = "BDAT"
    BDAT_LAST = "BDAT LAST"
    RSET = "RSET"
    NOOP = "NOOP"
    VRFY = "VRFY"
    HELP = "HELP"
    QUIT = "QUIT"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    XCLIENT = "XCLIENT"
    XFORWARD = "XFORWARD"
    RESPONSE = "response to a challenge"
    AUTHENTICATED = "235"
    NOT_OFFERED = "unoffered command"
    BDAT_NOT_OFFERED = "unoffered BDAT"
    BDAT_MALFORMED = "malformed BDAT"
    TLS_NEEDED = "command that needs TLS"
    TLS_ACTIVE = "STARTTLS within TLS"
    UNKNOWN = "unknown command"
    FORBIDDEN = "HTTP or header field"
    END_OF_CHUNK = "end of a chunk"
    END_OF_DATA = "end of data"
    SECURED = "end of handshake"
    DISMISSED = "421 or 521"
    TOO_MANY_ERRORS = "too many errors"
    OUT_OF_STEP = "octets before their time"
    TERMINATED = "timeout or stop"
    EOF = "end of file"


_State = ServerState
IN_CONTENT: Final = frozenset({_State.CONTENT, _State.CHUNK, _State.CHUNKS, _State.CHUNKS_LOST})
TRANSACTION: Final = IN_CONTENT | {_State.MAIL_GIVEN, _State.RCPT_GIVEN}
