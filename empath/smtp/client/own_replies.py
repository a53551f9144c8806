"""
own_replies - the replies that a session makes itself, where the peer gave none, or none that can be believed

They have the shape of a reply of the peer, so that what judges a fate reads one shape.  The text says what happened,
and quotes the peer where it said something.
"""

import re
from typing import Final

from empath.mail.outcome import Stage
from empath.mail.reply import EnhancedStatus, Reply

_GARBAGE: Final = EnhancedStatus(4, 5, 0)
_HAD_ENOUGH: Final = EnhancedStatus(4, 5, 0)
_NO_CHUNKS: Final = EnhancedStatus(4, 5, 1)
_LOST: Final = EnhancedStatus(4, 4, 2)
_EARLY: Final = EnhancedStatus(4, 7, 0)
_TLS_WANTED: Final = EnhancedStatus(4, 7, 4)
_NOT_SECURED: Final = EnhancedStatus(4, 7, 5)
_NO_ANSWER_TO_THIS: Final = EnhancedStatus(5, 5, 0)
_ENCRYPTION_NEEDED: Final = EnhancedStatus(5, 7, 10)  # RFC 5248
_TLS_WORDS: Final = re.compile(r"\b(?:start)?tls\b|encrypt", re.IGNORECASE)

TOO_EARLY: Final = Reply(451, _GARBAGE, "Protocol error: a reply before its time")
NO_TLS: Final = Reply.of("451 4.7.4 TLS is required, and the host does not offer it")
NO_TLS_AT_ALL: Final = Reply.of("550 5.7.30 The message needs REQUIRETLS and the host does not offer TLS")
NO_TLS_FOR_LOGIN: Final = Reply.of("451 4.7.4 The login needs TLS, and the host does not offer it")
INJECTED: Final = Reply.of("451 4.7.0 Protocol error: octets after the reply to STARTTLS, before the handshake")


def lost(stage: Stage, reason: str, is_timeout: bool, *, is_in_doubt: bool) -> Reply:
    """The connection broke, or the time for *stage* is over; *is_in_doubt* if the peer may have taken the message."""
    what = "Timed out" if is_timeout else "Connection lost"
    doubt = "; the message may be delivered twice" if is_in_doubt else ""
    return Reply(451, _LOST, f"{what} at {stage}: {reason}{doubt}")


def not_a_reply(why: str) -> Reply:
    """The octets of the peer are not a reply."""
    return Reply(451, _GARBAGE, f"Protocol error: {why}")


def early(what: str, command: str) -> Reply:
    """The peer said *what* before it had *command*."""
    return Reply(451, _EARLY, f"Protocol error: {what} before {command}")


def premature(reply: Reply) -> Reply:
    """The peer said *reply* to the message while the content was under way."""
    return Reply(451, _GARBAGE, f"Protocol error: {reply.escaped()} before the end of data")


def unexpected(reply: Reply, stage: Stage) -> Reply:
    """The command of *stage* cannot have *reply*."""
    return Reply(554, _NO_ANSWER_TO_THIS, f"Protocol error: {reply.escaped()} in answer to {stage}")


def not_secured(reason: str) -> Reply:
    """The handshake failed, or the peer did not prove what it has to."""
    return Reply(451, _NOT_SECURED, reason)


def no_chunking(reply: Reply) -> Reply:
    """The peer offers CHUNKING, and does not know BDAT."""
    words = f"The host offers CHUNKING and refuses BDAT; set chunking = false for it: {reply.escaped()}"
    return Reply(451, _NO_CHUNKS, words)


def for_now(reply: Reply) -> Reply:
    """*reply* of a session that has delivered: a permanent refusal counts as a temporary one."""
    if reply.klass < 5:
        return reply
    return Reply(451, _HAD_ENOUGH, f"{reply.escaped()} in a session that has delivered")


def asks_for_tls(reply: Reply) -> bool:
    """Whether *reply* refuses for good because the session is in the clear."""
    return reply.klass == 5 and (reply.enhanced == _ENCRYPTION_NEEDED or _TLS_WORDS.search(reply.text) is not None)


def tls_wanted(reply: Reply) -> Reply:
    """A temporary refusal in place of *reply*, which asks for TLS."""
    return Reply(451, _TLS_WANTED, f"The host wants TLS, and the session has none: {reply.escaped()}")
