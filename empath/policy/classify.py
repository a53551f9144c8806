"""
classify - the one place where a reply becomes a fate, RFC 5321 §4.2.1

A table by stage and class of reply.  A pair that is not in it is a reply out of place: doubt keeps the mail.
What went wrong without a reply (refused, lost, timed out) comes here as a 4yz reply that our client made up.
"""

from enum import Enum, auto
from typing import Final

from empath.mail.outcome import Bounced, Deferred, Delivered, Outcome, Stage, TryNext
from empath.mail.reply import EnhancedStatus, Reply

# What one host of a domain lacks another may offer: SMTPUTF8 (RFC 6531 §4.2), 8BITMIME (RFC 6152 §3).
_LACKS: Final = frozenset({EnhancedStatus(5, 6, 7), EnhancedStatus(5, 6, 3)})


class _Fate(Enum):
    DELIVERED = auto()
    DEFERRED = auto()  # also where another host is left
    NEXT = auto()  # another host, or deferred after the last
    NEXT_OR_BOUNCED = auto()  # another host; after the last bounced, or deferred if one of them may yet take it
    BOUNCED = auto()


_FATES: Final = (
    # No transaction was begun, so even "554 go away" says nothing about this mail (Postfix smtp_skip_5xx_greeting).
    {(stage, klass): _Fate.NEXT for stage in (Stage.CONNECT, Stage.GREETING, Stage.EHLO) for klass in range(1, 6)}
    | {(stage, 4): _Fate.NEXT for stage in (Stage.DNS, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.CONTENT)}
    | {(stage, 5): _Fate.BOUNCED for stage in (Stage.DNS, Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.CONTENT)}
    # Past the final dot another host might take a message that this one has taken, so no other is tried.
    | {(stage, 2): _Fate.DELIVERED for stage in (Stage.END_OF_DATA, Stage.LOCAL)}
    | {(stage, 4): _Fate.DEFERRED for stage in (Stage.END_OF_DATA, Stage.LOCAL)}
    | {(stage, 5): _Fate.BOUNCED for stage in (Stage.END_OF_DATA, Stage.LOCAL)}
)


def classify(stage: Stage, reply: Reply, is_last_host: bool, is_put_off: bool = False) -> Outcome:
    """
    What the *reply* that ended a recipient's transaction at *stage* means for that recipient.

    *is_put_off* says that a host before could not be asked, or said 4yz: it may yet take what this one never will.
    The outcome carries the reply as it was given, also where a 5yz leads to a deferral.
    """
    match _fate(stage, reply):
        case _Fate.DELIVERED:
            return Delivered(reply)
        case _Fate.BOUNCED:
            return Bounced(reply)
        case _Fate.NEXT_OR_BOUNCED:
            if not is_last_host:
                return TryNext(reply, is_final_here=True)
            return Deferred(reply) if is_put_off else Bounced(reply)
        case _Fate.NEXT if not is_last_host:
            return TryNext(reply)
        case _:
            return Deferred(reply)


def is_lack(stage: Stage, reply: Reply) -> bool:
    """Whether a *reply* that refuses says that the host lacks an extension, and nothing of the recipient."""
    return reply.enhanced in _LACKS and (stage is Stage.MAIL or stage is Stage.RCPT)


def _fate(stage: Stage, reply: Reply) -> _Fate:
    if stage is Stage.RCPT and reply.code == 552:
        return _Fate.NEXT  # RFC 5321 §4.5.3.1.10: "too many recipients" of an older RFC, to be read as 452
    fate = _FATES.get((stage, reply.klass), _Fate.DEFERRED)
    return _Fate.NEXT_OR_BOUNCED if fate is _Fate.BOUNCED and is_lack(stage, reply) else fate
