"""
table - the whole dialogue of the server as data, RFC 5321 §4.1.4

NEXT has a row for every state and every signal; `ServerSession` carries it out.  EFFECTS says what else an accepted
command changes.  docs/protocol.md is drawn from both by `make reference`.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from empath.mail.protocol import Protocol
from empath.mail.reply import Reply
from empath.smtp.server import replies
from empath.smtp.server.events import CloseReason
from empath.smtp.server.states import ServerSignal, ServerState


class ServerAction(StrEnum):
    """What the session does with a signal."""

    OBEY = "obey"  # the driver or the session answers; the answer decides which state follows
    DEMAND_GREETING = "EHLO first"
    DEMAND_MAIL = "MAIL first"
    DEMAND_RECIPIENT = "no valid recipients"
    REFUSE_NESTED_MAIL = "nested MAIL"
    REFUSE_SEQUENCE = "bad sequence"
    DISCARD_CHUNK = "discarded"
    IGNORE = "ignore"


class ServerStep(NamedTuple):
    """One row: the action, the state after a reply below 400, the state after any other reply."""

    action: ServerAction
    accepted: ServerState
    refused: ServerState


class ServerEffect(StrEnum):
    """A change that an accepted command makes besides the state."""

    DROP_TRANSACTION = "drops the transaction"
    ADD_EXTENSIONS = "adds the lines of the extensions to the reply"
    BEGIN_TRANSACTION = "sets the number of recipients to zero"
    COUNT_RECIPIENT = "counts the recipient"
    BEGIN_CONTENT = "reads content from now on"
    REPEAT = "has its reply once for each recipient in LMTP"
    ANSWER_LATER = "is answered at the end of its chunk"
    DISCARD_INPUT = "discards what came behind the command"
    FORGIVE = "sets the numbers of errors and of junk commands to zero"


_State, _Signal, _Action, _Effect = ServerState, ServerSignal, ServerAction, ServerEffect
_GREETED: Final = (_State.READY, _State.MAIL_GIVEN, _State.RCPT_GIVEN, _State.CHUNKS, _State.CHUNKS_LOST)
_LISTENING: Final = (_State.UNGREETED, *_GREETED)
# Known commands that this session does not take.
_REFUSED: Final = (_Signal.NOT_OFFERED, _Signal.TLS_NEEDED, _Signal.TLS_ACTIVE)
_CLOSE: Final = ServerStep(_Action.OBEY, _State.CLOSED, _State.CLOSED)

# Each of these ends the session in every state.
ENDS: Final = (_Signal.DISMISSED, _Signal.TOO_MANY_ERRORS, _Signal.OUT_OF_STEP, _Signal.TERMINATED, _Signal.EOF)


def _obey(state: ServerState, accepted: ServerState, refused: ServerState | None = None) -> ServerStep:
    return ServerStep(_Action.OBEY, accepted, refused or state)


def _refuse(action: ServerAction, following: ServerState) -> ServerStep:
    return ServerStep(action, following, following)


NEXT: Final[dict[tuple[ServerState, ServerSignal], ServerStep]] = (
    # A pair without a row of its own below is a bad sequence of commands.
    {(state, signal): _refuse(_Action.REFUSE_SEQUENCE, state) for state in _State for signal in _Signal}
    | {(_State.UNGREETED, verb): _refuse(_Action.DEMAND_GREETING, _State.UNGREETED)
       for verb in (
           *(_Signal.MAIL, _Signal.RCPT, _Signal.DATA, _Signal.BDAT, _Signal.BDAT_LAST),
           *(_Signal.AUTH, _Signal.XFORWARD),
       )}
    | {(state, verb): _obey(state, _State.READY)
       for state in _LISTENING for verb in (_Signal.EHLO, _Signal.HELO, _Signal.LHLO)}
    | {(state, _Signal.MAIL): _refuse(_Action.REFUSE_NESTED_MAIL, state)
       for state in (_State.CHUNKS, _State.CHUNKS_LOST)}
    | {
        (_State.CONNECTING, _Signal.CONNECT): _obey(_State.CONNECTING, _State.UNGREETED, refused=_State.REFUSED),
        (_State.READY, _Signal.MAIL): _obey(_State.READY, _State.MAIL_GIVEN),
        (_State.READY, _Signal.RCPT): _refuse(_Action.DEMAND_MAIL, _State.READY),
        (_State.READY, _Signal.DATA): _refuse(_Action.DEMAND_MAIL, _State.READY),
        (_State.MAIL_GIVEN, _Signal.MAIL): _refuse(_Action.REFUSE_NESTED_MAIL, _State.MAIL_GIVEN),
        (_State.MAIL_GIVEN, _Signal.RCPT): _obey(_State.MAIL_GIVEN, _State.RCPT_GIVEN),
        (_State.MAIL_GIVEN, _Signal.DATA): _refuse(_Action.DEMAND_RECIPIENT, _State.MAIL_GIVEN),
        (_State.RCPT_GIVEN, _Signal.MAIL): _refuse(_Action.REFUSE_NESTED_MAIL, _State.RCPT_GIVEN),
        (_State.RCPT_GIVEN, _Signal.RCPT): _obey(_State.RCPT_GIVEN, _State.RCPT_GIVEN),
        (_State.RCPT_GIVEN, _Signal.DATA): _obey(_State.RCPT_GIVEN, _State.CONTENT),
        # The octets of a chunk follow its command at once, so they are read even where it is refused.
        (_State.READY, _Signal.BDAT): _refuse(_Action.DEMAND_MAIL, _State.READY),
        (_State.MAIL_GIVEN, _Signal.BDAT): _refuse(_Action.DEMAND_RECIPIENT, _State.CHUNKS_LOST),
        (_State.RCPT_GIVEN, _Signal.BDAT): _obey(_State.RCPT_GIVEN, _State.CHUNK, refused=_State.CHUNKS_LOST),
        (_State.CHUNKS, _Signal.BDAT): _obey(_State.CHUNKS, _State.CHUNK, refused=_State.CHUNKS_LOST),
        (_State.CHUNKS_LOST, _Signal.BDAT): _refuse(_Action.DISCARD_CHUNK, _State.CHUNKS_LOST),
        (_State.CHUNK, _Signal.END_OF_CHUNK): _obey(_State.CHUNK, _State.CHUNKS, refused=_State.CHUNKS_LOST),
        # The last chunk and the end of data end the transaction, whatever the answer is.
        (_State.READY, _Signal.BDAT_LAST): _refuse(_Action.DEMAND_MAIL, _State.READY),
        (_State.MAIL_GIVEN, _Signal.BDAT_LAST): _refuse(_Action.DEMAND_RECIPIENT, _State.READY),
        (_State.RCPT_GIVEN, _Signal.BDAT_LAST): _obey(_State.RCPT_GIVEN, _State.CONTENT, refused=_State.READY),
        (_State.CHUNKS, _Signal.BDAT_LAST): _obey(_State.CHUNKS, _State.CONTENT, refused=_State.READY),
        (_State.CHUNKS_LOST, _Signal.BDAT_LAST): _refuse(_Action.DISCARD_CHUNK, _State.READY),
        (_State.CONTENT, _Signal.END_OF_DATA): _obey(_State.CONTENT, _State.READY, refused=_State.READY),
        (_State.READY, _Signal.XFORWARD): _obey(_State.READY, _State.READY),
        # RFC 3207 §4.2: the client says everything again, within TLS.
        (_State.HANDSHAKE, _Signal.SECURED): _obey(_State.HANDSHAKE, _State.UNGREETED),
        (_State.UNGREETED, _Signal.RSET): _obey(_State.UNGREETED, _State.UNGREETED),
        # 334 goes on with the exchange, RFC 4954 §4. A refusal ends it.
        (_State.READY, _Signal.AUTH): _obey(_State.READY, _State.AUTHENTICATING),
        (_State.READY, _Signal.AUTHENTICATED): _obey(_State.READY, _State.READY),
        (_State.AUTHENTICATING, _Signal.RESPONSE): _obey(
            _State.AUTHENTICATING, _State.AUTHENTICATING, refused=_State.READY
        ),
        (_State.AUTHENTICATING, _Signal.AUTHENTICATED): _obey(_State.AUTHENTICATING, _State.READY),
    }
    | {(state, _Signal.XCLIENT): _obey(state, _State.UNGREETED) for state in (_State.UNGREETED, _State.READY)}
    | {(state, _Signal.RSET): _obey(state, _State.READY) for state in _GREETED}
    | {(state, signal): _obey(state, state)
       for state in _LISTENING for signal in (_Signal.NOOP, _Signal.VRFY, _Signal.HELP, *_REFUSED)}
    | {(state, signal): _CLOSE
       for state in (*_LISTENING, _State.REFUSED) for signal in (_Signal.BDAT_NOT_OFFERED, _Signal.BDAT_MALFORMED)}
    | {(state, _Signal.STARTTLS): _obey(state, _State.HANDSHAKE) for state in _LISTENING}
    | {(state, _Signal.UNKNOWN): _obey(state, state) for state in (*_LISTENING, _State.REFUSED)}
    | {(state, signal): _CLOSE
       for state in (*_LISTENING, _State.REFUSED) for signal in (_Signal.QUIT, _Signal.FORBIDDEN)}
    | {(state, signal): _CLOSE for state in _State for signal in ENDS}
    | {(_State.CLOSED, signal): _refuse(_Action.IGNORE, _State.CLOSED) for signal in _Signal}
)  # fmt: skip

_SMTP_REFUSALS: Final[dict[ServerAction, Reply]] = {
    _Action.DEMAND_GREETING: replies.GREETING_NEEDED,
    _Action.DEMAND_MAIL: replies.MAIL_NEEDED,
    _Action.DEMAND_RECIPIENT: replies.NO_VALID_RECIPIENTS,
    _Action.REFUSE_NESTED_MAIL: replies.NESTED_MAIL,
    _Action.REFUSE_SEQUENCE: replies.BAD_SEQUENCE,
    _Action.DISCARD_CHUNK: replies.CHUNK_DISCARDED,
}
_LMTP_REFUSALS: Final = {
    _Action.DEMAND_GREETING: replies.LHLO_NEEDED,
    _Action.DEMAND_RECIPIENT: replies.NO_VALID_RECIPIENTS_LMTP,
}
REFUSALS: Final = {Protocol.SMTP: _SMTP_REFUSALS, Protocol.LMTP: _SMTP_REFUSALS | _LMTP_REFUSALS}

EFFECTS: Final[dict[ServerSignal, tuple[ServerEffect, ...]]] = {
    _Signal.EHLO: (_Effect.DROP_TRANSACTION, _Effect.ADD_EXTENSIONS),
    _Signal.HELO: (_Effect.DROP_TRANSACTION,),
    _Signal.LHLO: (_Effect.DROP_TRANSACTION, _Effect.ADD_EXTENSIONS),
    _Signal.RSET: (_Effect.DROP_TRANSACTION,),
    _Signal.STARTTLS: (_Effect.DROP_TRANSACTION, _Effect.DISCARD_INPUT),
    _Signal.MAIL: (_Effect.BEGIN_TRANSACTION,),
    _Signal.RCPT: (_Effect.COUNT_RECIPIENT,),
    _Signal.DATA: (_Effect.BEGIN_CONTENT,),
    _Signal.BDAT: (_Effect.ANSWER_LATER,),
    _Signal.BDAT_LAST: (_Effect.ANSWER_LATER,),
    _Signal.END_OF_DATA: (_Effect.REPEAT, _Effect.FORGIVE),  # RFC 2033 §4.2
}
# What a refused command changes besides the state.
EFFECTS_OF_REFUSAL: Final[dict[ServerSignal, tuple[ServerEffect, ...]]] = {
    _Signal.BDAT_LAST: (_Effect.REPEAT, _Effect.DROP_TRANSACTION),  # RFC 2033 §4.3
    _Signal.END_OF_DATA: (_Effect.REPEAT,),
}

CLOSE_REASONS: Final[dict[ServerSignal, CloseReason]] = {
    _Signal.QUIT: CloseReason.QUIT,
    _Signal.BDAT_NOT_OFFERED: CloseReason.BDAT,
    _Signal.BDAT_MALFORMED: CloseReason.BDAT,
    _Signal.FORBIDDEN: CloseReason.FORBIDDEN,
    _Signal.DISMISSED: CloseReason.REFUSED,
    _Signal.TOO_MANY_ERRORS: CloseReason.ERRORS,
    _Signal.OUT_OF_STEP: CloseReason.SYNCHRONIZATION,
    _Signal.TERMINATED: CloseReason.TERMINATED,
    _Signal.EOF: CloseReason.EOF,
}

# The client must wait for the reply to these (RFC 2920 §3.1, RFC 4954 §3), and for the banner (RFC 5321 §3.1).
LAST_IN_GROUP: Final = frozenset(
    {_Signal.CONNECT, _Signal.EHLO, _Signal.HELO, _Signal.LHLO, _Signal.DATA, _Signal.NOOP, _Signal.VRFY}
    | {_Signal.AUTH, _Signal.RESPONSE, _Signal.XCLIENT}
)
