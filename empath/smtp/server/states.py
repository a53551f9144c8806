"""
transitions - the one table of the server's dialogue, RFC 5321 §4.1.4
"""

from enum import StrEnum
from typing import Final

from empath.mail.reply import Reply
from empath.smtp.server import replies
from empath.smtp.server.command import Verb


class State(StrEnum):
    """Where a session stands between two commands."""

    CONNECTING = "connecting"  # before the banner
    REFUSED = "refused"  # the banner said no; RFC 5321 §3.1 has us wait for QUIT all the same
    UNGREETED = "ungreeted"
    READY = "ready"
    MAIL_GIVEN = "mail-given"
    RCPT_GIVEN = "rcpt-given"
    CONTENT = "content"
    CLOSED = "closed"


TRANSACTION: Final = frozenset({State.MAIL_GIVEN, State.RCPT_GIVEN, State.CONTENT})
_LISTENING = (State.UNGREETED, State.READY, State.MAIL_GIVEN, State.RCPT_GIVEN)

# (state, verb) -> state after a 2yz or 3yz reply; a refusal leaves the state as it is, but that of END_OF_DATA, which
# ends the transaction whatever it says. A pair not here is refused, by REFUSALS or with 503 5.5.1.
NEXT: Final[dict[tuple[State, Verb], State]] = (
    {
        (State.CONNECTING, Verb.CONNECT): State.UNGREETED,
        (State.READY, Verb.MAIL): State.MAIL_GIVEN,
        (State.MAIL_GIVEN, Verb.RCPT): State.RCPT_GIVEN,
        (State.RCPT_GIVEN, Verb.RCPT): State.RCPT_GIVEN,
        (State.RCPT_GIVEN, Verb.DATA): State.CONTENT,
        (State.CONTENT, Verb.END_OF_DATA): State.READY,
        (State.UNGREETED, Verb.RSET): State.UNGREETED,
        (State.REFUSED, Verb.QUIT): State.CLOSED,
    }
    | {(state, Verb.RSET): State.READY for state in _LISTENING[1:]}
    | {(state, verb): State.READY for state in _LISTENING for verb in (Verb.EHLO, Verb.HELO)}
    | {(state, verb): State.CLOSED for state in _LISTENING for verb in (Verb.QUIT, Verb.BDAT)}
    | {
        (state, verb): state
        for state in _LISTENING
        for verb in (Verb.NOOP, Verb.VRFY, Verb.HELP, Verb.EXPN, Verb.AUTH, Verb.STARTTLS)
    }
)

REFUSALS: Final[dict[tuple[State, Verb], Reply]] = {
    (State.UNGREETED, Verb.MAIL): replies.GREETING_NEEDED,
    (State.UNGREETED, Verb.RCPT): replies.GREETING_NEEDED,
    (State.UNGREETED, Verb.DATA): replies.GREETING_NEEDED,
    (State.READY, Verb.RCPT): replies.MAIL_NEEDED,
    (State.READY, Verb.DATA): replies.MAIL_NEEDED,
    (State.MAIL_GIVEN, Verb.MAIL): replies.NESTED_MAIL,
    (State.RCPT_GIVEN, Verb.MAIL): replies.NESTED_MAIL,
    (State.MAIL_GIVEN, Verb.DATA): replies.NO_VALID_RECIPIENTS,
}
