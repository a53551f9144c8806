"""
table - the whole dialogue of the client as data

NEXT serves SMTP and LMTP (RFC 2033), which differ in EHLO and in the replies to the end of data.  It has a row for
every state and every signal, because a peer may do anything at any time; `ClientSession` carries it out.  CALLS says
what the driver may ask for.  docs/protocol.md is drawn from both by `make reference`.
"""

from enum import StrEnum
from typing import Final, NamedTuple

from empath.smtp.client.states import ClientCall, ClientSignal, ClientState


class ClientAction(StrEnum):
    """
    What the session does with a signal.

    A session is spent that has delivered and has had its allowance: a new one may try the message.

    An UNEXPECTED reply is of a class that the command cannot have. It counts as 554 5.5.0, and the session is not used
    for another transaction.
    """

    SEND_EHLO = "send EHLO (LHLO in LMTP), unless the peer is this host"
    SEND_HELO = "send HELO"
    SEND_HELO_FOR_NOW = "send HELO; extensions unknown"
    READ_EXTENSIONS = "read the extensions; begin TLS, log in or become ready, unless the peer is this host"
    BECOME_READY = "become ready, unless the peer is this host or the session needs TLS or a login"
    BEGIN_HANDSHAKE = "begin the handshake of TLS, unless more octets came"
    STAY_IN_CLEAR = "log in or become ready without TLS, unless the session needs it"
    FAIL_INJECTED = "fail the host: octets came before the handshake"
    ANSWER_CHALLENGE = "answer the challenge"
    FINISH_LOGIN = "become ready, unless the peer has to prove itself and has not"
    REFUSE_LOGIN = (
        "try another mechanism, or fail the host and send QUIT; a permanent refusal counts as a temporary one"
    )
    FAIL_HOST = "fail the host"
    TURN_AWAY = "fail the host, send QUIT"
    TURN_AWAY_UNEXPECTED = "fail the host with 554, send QUIT"
    END_UNASKED = "close; fail the host before the first transaction"
    CONTINUE = "continue"
    CONTINUE_AS_LAST = "continue; last transaction"
    REFUSE_ALL = "refuse all recipients; spent if it has delivered"
    REFUSE_ALL_UNEXPECTED = "refuse all recipients with 554; spent or stale if the session was used before"
    ACCEPT_RECIPIENT = "accept the recipient"
    REFUSE_RECIPIENT = "refuse the recipient"
    REFUSE_RECIPIENT_OR_ALL = "refuse the recipient; all recipients and spent if it has delivered"
    REFUSE_RECIPIENT_UNEXPECTED = "refuse the recipient with 554"
    BEGIN_CONTENT = "ask for the content"
    SEND_LONE_DOT = "send an empty message; in LMTP, where nothing answers it, close"
    SETTLE = "settle all accepted recipients; in LMTP the next one"
    SETTLE_UNEXPECTED = "settle all accepted recipients with 554; in LMTP the next one"
    SETTLE_OUT_OF_SEQUENCE = "refuse all recipients; spent if it has delivered; in LMTP settle the next one"
    FINISH = "finish"
    FINISH_AS_LAST = "finish; last transaction"
    ABANDON = "defer or refuse the rest, close"
    ABANDON_SPENT = "defer or refuse the rest, close; spent if it has delivered"
    ABANDON_STALE = "mark as stale, close"
    ABANDON_OUT_OF_STEP = "defer or refuse the rest, close; stale if the session was used before"
    ABANDON_IN_DOUBT = "mark as in doubt, close"
    ABANDON_PREMATURE = "defer the rest, close"
    CLOSE = "close"
    IGNORE = "ignore"


class ClientStep(NamedTuple):
    """One row: the action, and every state that may follow."""

    action: ClientAction
    leads_to: tuple[ClientState, ...]


_State, _Signal, _Action = ClientState, ClientSignal, ClientAction
_OK: Final = (_Signal.OK,)
_GO_ON: Final = (_Signal.GO_ON,)
_OUT_OF_SEQUENCE: Final = (_Signal.OUT_OF_SEQUENCE,)
_REFUSED_IN_SEQUENCE: Final = (_Signal.TRANSIENT, _Signal.PERMANENT)
_REFUSED: Final = _REFUSED_IN_SEQUENCE + _OUT_OF_SEQUENCE
_GONE: Final = (_Signal.SHUTDOWN, _Signal.LOST)
_GARBAGE: Final = (_Signal.GARBAGE,)
_TIMED_OUT: Final = (_Signal.TIMED_OUT,)
_OVER: Final = _GONE + _GARBAGE + _TIMED_OUT
_ANY: Final = tuple(_Signal)


def _rows(
    state: ClientState, signals: tuple[ClientSignal, ...], action: ClientAction, *leads_to: ClientState
) -> dict[tuple[ClientState, ClientSignal], ClientStep]:
    return {(state, signal): ClientStep(action, leads_to) for signal in signals}


NEXT: Final[dict[tuple[ClientState, ClientSignal], ClientStep]] = {
    **_rows(_State.GREETING, _OK, _Action.SEND_EHLO, _State.EHLO, _State.LHLO, _State.CLOSED),
    **_rows(_State.GREETING, _GO_ON, _Action.TURN_AWAY_UNEXPECTED, _State.CLOSED),
    **_rows(_State.GREETING, _REFUSED, _Action.TURN_AWAY, _State.CLOSED),
    **_rows(_State.GREETING, _OVER, _Action.FAIL_HOST, _State.CLOSED),
    **_rows(
        *(_State.EHLO, _OK, _Action.READ_EXTENSIONS),
        *(_State.STARTTLS, _State.AUTH, _State.READY, _State.CLOSED),
    ),
    **_rows(_State.EHLO, _GO_ON, _Action.TURN_AWAY_UNEXPECTED, _State.CLOSED),
    **_rows(_State.EHLO, (_Signal.TRANSIENT,), _Action.SEND_HELO_FOR_NOW, _State.HELO),
    **_rows(_State.EHLO, (_Signal.PERMANENT, *_OUT_OF_SEQUENCE), _Action.SEND_HELO, _State.HELO),  # RFC 5321 §3.2
    **_rows(_State.EHLO, _OVER, _Action.FAIL_HOST, _State.CLOSED),
    **_rows(
        *(_State.LHLO, _OK, _Action.READ_EXTENSIONS),
        *(_State.STARTTLS, _State.AUTH, _State.READY, _State.CLOSED),
    ),
    **_rows(_State.LHLO, _GO_ON, _Action.TURN_AWAY_UNEXPECTED, _State.CLOSED),
    **_rows(_State.LHLO, _REFUSED, _Action.TURN_AWAY, _State.CLOSED),  # nothing to fall back to
    **_rows(_State.LHLO, _OVER, _Action.FAIL_HOST, _State.CLOSED),
    **_rows(_State.HELO, _OK, _Action.BECOME_READY, _State.READY, _State.CLOSED),
    **_rows(_State.HELO, _GO_ON, _Action.TURN_AWAY_UNEXPECTED, _State.CLOSED),
    **_rows(_State.HELO, _REFUSED, _Action.TURN_AWAY, _State.CLOSED),
    **_rows(_State.HELO, _OVER, _Action.FAIL_HOST, _State.CLOSED),
    **_rows(_State.STARTTLS, _OK, _Action.BEGIN_HANDSHAKE, _State.HANDSHAKE, _State.CLOSED),
    **_rows(_State.STARTTLS, _GO_ON, _Action.TURN_AWAY_UNEXPECTED, _State.CLOSED),
    **_rows(_State.STARTTLS, _REFUSED, _Action.STAY_IN_CLEAR, _State.AUTH, _State.READY, _State.CLOSED),
    **_rows(_State.STARTTLS, _OVER, _Action.FAIL_HOST, _State.CLOSED),
    # What was said before the handshake, anyone on the way may have said.
    **_rows(_State.HANDSHAKE, _OK + _GO_ON + _REFUSED + _GARBAGE, _Action.FAIL_INJECTED, _State.CLOSED),
    **_rows(_State.HANDSHAKE, _GONE + _TIMED_OUT, _Action.FAIL_HOST, _State.CLOSED),
    **_rows(_State.AUTH, _OK, _Action.FINISH_LOGIN, _State.READY, _State.CLOSED),
    **_rows(_State.AUTH, _GO_ON, _Action.ANSWER_CHALLENGE, _State.AUTH, _State.CLOSED),
    **_rows(_State.AUTH, _REFUSED_IN_SEQUENCE, _Action.REFUSE_LOGIN, _State.AUTH, _State.CLOSED),
    **_rows(_State.AUTH, _OUT_OF_SEQUENCE, _Action.REFUSE_LOGIN, _State.CLOSED),
    **_rows(_State.AUTH, _OVER, _Action.FAIL_HOST, _State.CLOSED),
    # A peer that speaks unasked is about to close the connection, or has lost step.
    **_rows(_State.READY, _ANY, _Action.END_UNASKED, _State.CLOSED),
    **_rows(_State.IDLE, _ANY, _Action.CLOSE, _State.CLOSED),
    **_rows(_State.RSET, _OK, _Action.CONTINUE, _State.MAIL),
    # A peer that does not reset may keep the recipients of the transaction before.
    **_rows(_State.RSET, _GO_ON + _REFUSED + _GONE + _GARBAGE, _Action.ABANDON_STALE, _State.CLOSED),
    **_rows(_State.RSET, _TIMED_OUT, _Action.ABANDON, _State.CLOSED),
    **_rows(_State.MAIL, _OK, _Action.CONTINUE, _State.RCPT),
    **_rows(
        *(_State.MAIL, _GO_ON, _Action.REFUSE_ALL_UNEXPECTED),
        *(_State.RCPT_IN_VAIN, _State.QUIT, _State.CLOSED),
    ),
    **_rows(
        *(_State.MAIL, _REFUSED, _Action.REFUSE_ALL),
        *(_State.RCPT_IN_VAIN, _State.IDLE, _State.QUIT, _State.CLOSED),
    ),
    **_rows(_State.MAIL, _GARBAGE, _Action.ABANDON_OUT_OF_STEP, _State.CLOSED),
    **_rows(_State.MAIL, _TIMED_OUT, _Action.ABANDON, _State.CLOSED),
    # The peer closed the connection while it was idle.
    **_rows(_State.MAIL, _GONE, _Action.ABANDON_STALE, _State.CLOSED),
    # Without DATA, where content goes in a chunk, the last answer asks for the content, or ends the transaction.
    **_rows(_State.RCPT, _OK, _Action.ACCEPT_RECIPIENT, _State.RCPT, _State.DATA, _State.CONTENT),
    **_rows(
        *(_State.RCPT, _GO_ON, _Action.REFUSE_RECIPIENT_UNEXPECTED),
        *(_State.RCPT, _State.DATA, _State.DATA_IN_VAIN, _State.CONTENT, _State.QUIT),
    ),
    **_rows(
        *(_State.RCPT, _REFUSED_IN_SEQUENCE, _Action.REFUSE_RECIPIENT),
        *(_State.RCPT, _State.DATA, _State.DATA_IN_VAIN, _State.CONTENT, _State.IDLE, _State.QUIT),
    ),
    **_rows(
        *(_State.RCPT, _OUT_OF_SEQUENCE, _Action.REFUSE_RECIPIENT_OR_ALL),
        *(_State.RCPT, _State.DATA, _State.DATA_IN_VAIN, _State.CONTENT, _State.IDLE, _State.QUIT, _State.CLOSED),
    ),
    **_rows(_State.RCPT, _GONE, _Action.ABANDON_SPENT, _State.CLOSED),
    **_rows(_State.RCPT, _GARBAGE, _Action.ABANDON_OUT_OF_STEP, _State.CLOSED),
    **_rows(_State.RCPT, _TIMED_OUT, _Action.ABANDON, _State.CLOSED),
    **_rows(
        *(_State.RCPT_IN_VAIN, _OK + _REFUSED, _Action.CONTINUE),
        *(_State.RCPT_IN_VAIN, _State.DATA_IN_VAIN, _State.IDLE, _State.QUIT),
    ),
    **_rows(
        *(_State.RCPT_IN_VAIN, _GO_ON, _Action.CONTINUE_AS_LAST),
        *(_State.RCPT_IN_VAIN, _State.DATA_IN_VAIN, _State.QUIT),
    ),
    **_rows(_State.RCPT_IN_VAIN, _GARBAGE, _Action.ABANDON_OUT_OF_STEP, _State.CLOSED),
    **_rows(_State.RCPT_IN_VAIN, _GONE + _TIMED_OUT, _Action.ABANDON, _State.CLOSED),
    **_rows(_State.DATA, _OK, _Action.REFUSE_ALL_UNEXPECTED, _State.QUIT),
    **_rows(_State.DATA, _GO_ON, _Action.BEGIN_CONTENT, _State.CONTENT),
    **_rows(_State.DATA, _REFUSED, _Action.REFUSE_ALL, _State.IDLE, _State.QUIT),
    **_rows(_State.DATA, _GONE, _Action.ABANDON_SPENT, _State.CLOSED),
    **_rows(_State.DATA, _GARBAGE, _Action.ABANDON_OUT_OF_STEP, _State.CLOSED),
    **_rows(_State.DATA, _TIMED_OUT, _Action.ABANDON, _State.CLOSED),
    **_rows(_State.DATA_IN_VAIN, _OK, _Action.CONTINUE_AS_LAST, _State.QUIT),
    **_rows(_State.DATA_IN_VAIN, _GO_ON, _Action.SEND_LONE_DOT, _State.LONE_DOT, _State.CLOSED),
    **_rows(_State.DATA_IN_VAIN, _REFUSED, _Action.CONTINUE, _State.IDLE, _State.QUIT),
    **_rows(_State.DATA_IN_VAIN, _GARBAGE, _Action.ABANDON_OUT_OF_STEP, _State.CLOSED),
    **_rows(_State.DATA_IN_VAIN, _GONE + _TIMED_OUT, _Action.ABANDON, _State.CLOSED),
    **_rows(_State.CONTENT, _OK + _GO_ON, _Action.ABANDON_PREMATURE, _State.CLOSED),
    **_rows(_State.CONTENT, (_Signal.SHUTDOWN, *_OUT_OF_SEQUENCE), _Action.ABANDON_SPENT, _State.CLOSED),
    **_rows(
        *(_State.CONTENT, (*_REFUSED_IN_SEQUENCE, _Signal.LOST, *_GARBAGE, *_TIMED_OUT)),
        *(_Action.ABANDON, _State.CLOSED),
    ),
    **_rows(
        *(_State.END_OF_DATA, _OK + _REFUSED_IN_SEQUENCE, _Action.SETTLE),
        *(_State.END_OF_DATA, _State.IDLE, _State.QUIT),
    ),
    **_rows(
        *(_State.END_OF_DATA, _OUT_OF_SEQUENCE, _Action.SETTLE_OUT_OF_SEQUENCE),
        *(_State.END_OF_DATA, _State.IDLE, _State.QUIT),
    ),
    **_rows(_State.END_OF_DATA, _GO_ON, _Action.SETTLE_UNEXPECTED, _State.END_OF_DATA, _State.QUIT),
    **_rows(_State.END_OF_DATA, (_Signal.SHUTDOWN,), _Action.ABANDON, _State.CLOSED),
    **_rows(
        *(_State.END_OF_DATA, (*_GARBAGE, _Signal.LOST, *_TIMED_OUT)),
        *(_Action.ABANDON_IN_DOUBT, _State.CLOSED),
    ),
    **_rows(_State.LONE_DOT, _OK + _REFUSED, _Action.FINISH, _State.IDLE, _State.QUIT),
    **_rows(_State.LONE_DOT, _GO_ON, _Action.FINISH_AS_LAST, _State.QUIT),
    **_rows(_State.LONE_DOT, _GARBAGE, _Action.ABANDON_OUT_OF_STEP, _State.CLOSED),
    **_rows(_State.LONE_DOT, _GONE + _TIMED_OUT, _Action.ABANDON, _State.CLOSED),
    **_rows(_State.QUIT, _ANY, _Action.CLOSE, _State.CLOSED),
    **_rows(_State.CLOSED, _ANY, _Action.IGNORE, _State.CLOSED),
}

CALLS: Final[dict[tuple[ClientState, ClientCall], ClientState]] = {
    # A call in any other state is an error of the driver.
    (_State.READY, ClientCall.BEGIN): _State.MAIL,
    (_State.IDLE, ClientCall.BEGIN): _State.RSET,
    # The extensions of before do not count, RFC 3207 §4.2.
    (_State.HANDSHAKE, ClientCall.SECURED): _State.EHLO,
    (_State.HANDSHAKE, ClientCall.SECURED_LMTP): _State.LHLO,
    # The peer may end a session before its driver asks for a transaction; nothing begins.
    (_State.QUIT, ClientCall.BEGIN): _State.QUIT,
    (_State.CLOSED, ClientCall.BEGIN): _State.CLOSED,
    (_State.CONTENT, ClientCall.PIECE): _State.CONTENT,
    (_State.CONTENT, ClientCall.END): _State.END_OF_DATA,
    # The peer may end the session while the driver still reads the content of its message.
    (_State.CLOSED, ClientCall.PIECE): _State.CLOSED,
    (_State.CLOSED, ClientCall.END): _State.CLOSED,
}
