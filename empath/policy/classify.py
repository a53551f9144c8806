"""
classify - the meaning of one reply for a recipient, RFC 5321 §4.2.1

A table by stage and class of reply.  A pair that is missing from it is a reply out of place: doubt keeps the mail.
A failure without a reply (refused, lost, timed out) arrives here as a 4yz reply that the client made up.
policy/attempt turns a meaning into an outcome; only there it matters whether another host is left.
"""

import re
from enum import Enum, auto
from typing import Final

from empath.mail.fate import Said
from empath.mail.outcome import Stage
from empath.mail.reply import EnhancedStatus

_NO_REQUIRETLS: Final = EnhancedStatus(5, 7, 30)  # RFC 8689 §7
# Another host of the domain may offer the missing extension: SMTPUTF8 (RFC 6531 §4.2), 8BITMIME (RFC 6152 §3).
_LACKS: Final = frozenset({EnhancedStatus(5, 6, 7), EnhancedStatus(5, 6, 3), _NO_REQUIRETLS})

LOOP: Final = EnhancedStatus(5, 4, 6)  # of a host that turned out to be this one
_NEVER_HERE: Final = frozenset({(Stage.EHLO, LOOP), (Stage.TLS, _NO_REQUIRETLS)})  # in our words
_TOO_MANY: Final = (5, 3)  # subject and detail of "too many recipients", RFC 3463 §3.6
_ONE_DOMAIN: Final = re.compile(r"multiple (?:destination |recipient )?domains", re.IGNORECASE)  # of Google
_LOGIN_WANTED: Final = 530  # RFC 4954 §6, and RFC 3207 §4 for STARTTLS

_BEFORE_MAIL: Final = (Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.TLS, Stage.AUTH)


class Meaning(Enum):
    """The meaning of a reply for a recipient."""

    DELIVERED = auto()
    LATER = auto()  # this attempt is over, a later one may succeed
    OTHER_HOST = auto()  # another host may take it now
    ONLY_OTHER_HOST = auto()  # another host may take it, this one never will
    NEVER = auto()  # no host of the destination will take it


_MEANINGS: Final = (
    # No transaction was begun, so even "554 go away" says nothing about this mail (Postfix smtp_skip_5xx_greeting).
    {(s, klass): Meaning.OTHER_HOST for s in _BEFORE_MAIL for klass in range(1, 6)}
    | {(s, 4): Meaning.OTHER_HOST for s in (Stage.DNS, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.CONTENT)}
    | {(s, 5): Meaning.NEVER for s in (Stage.DNS, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.CONTENT)}
    # Past the final dot another host might take a message that this one has taken, so no other is tried.
    | {(s, 2): Meaning.DELIVERED for s in (Stage.END_OF_DATA, Stage.LOCAL)}
    | {(s, 4): Meaning.LATER for s in (Stage.END_OF_DATA, Stage.LOCAL)}
    | {(s, 5): Meaning.NEVER for s in (Stage.END_OF_DATA, Stage.LOCAL)}
)


# What each message needs: Python finds a name of the module in a fifth of the time of a member of an enum.
_MAIL: Final = Stage.MAIL
_RCPT: Final = Stage.RCPT
_NEVER: Final = Meaning.NEVER
_LATER: Final = Meaning.LATER


def classify(said: Said, *, is_ours: bool = False) -> Meaning:
    """The one place where a reply gets its meaning. *is_ours*: a route names the host."""
    stage, reply = said
    if is_ours and reply.code == _LOGIN_WANTED:
        return Meaning.OTHER_HOST  # a mistake in the configuration, and not in the mail
    if stage is _RCPT and reply.code == 552:
        return Meaning.OTHER_HOST  # RFC 5321 §4.5.3.1.10: "too many recipients" of an older RFC, to be read as 452
    if not reply.is_from_host and (stage, reply.enhanced) in _NEVER_HERE:
        return Meaning.ONLY_OTHER_HOST
    meaning = _MEANINGS.get((stage, reply.klass), _LATER)
    return Meaning.ONLY_OTHER_HOST if meaning is _NEVER and is_lack(said) else meaning


def is_lack(said: Said) -> bool:
    """Whether a refusal says that the host lacks an extension, and nothing of the recipient."""
    return (said.stage is _MAIL or said.stage is _RCPT) and said.reply.enhanced in _LACKS


def is_too_many(said: Said) -> bool:
    """
    Whether a host refused a recipient because the transaction has enough of them, RFC 5321 §4.5.3.1.10, or has others
    of another domain.
    """
    reply = said.reply
    if said.stage is not Stage.RCPT or (reply.klass != 4 and reply.code != 552):
        return False
    if _ONE_DOMAIN.search(reply.text) is not None:
        return True
    if reply.enhanced is None:
        return reply.code in (452, 552)
    return (reply.enhanced.subject, reply.enhanced.detail) == _TOO_MANY
