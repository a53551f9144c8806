"""
refusal - each limit on clients, the reply of a client that reaches it, and how often clients were refused

REPLIES is the whole table. A reply stands for one limit, so the place that logs a refusal counts it by its reply, and
no limit counts on its own. Refusals are counted before the bound on lines of the log, which leaves some out.
"""

from enum import StrEnum
from typing import Final

from empath.mail.reply import Reply
from empath.smtp.server import replies

TOO_MANY_CONNECTIONS: Final = Reply.of("421 4.3.2 Too many connections, try again later")
TOO_MANY_FROM_CLIENT: Final = Reply.of("421 4.7.0 Too many connections from your address")
SESSION_TOO_LONG: Final = Reply.of("421 4.4.2 Session lasted too long, try again")
CONTENT_TOO_SLOW: Final = Reply.of("421 4.4.2 Content arrives too slowly, try again")
TIMED_OUT: Final = Reply.of("421 4.4.2 Timed out waiting for you")
HEADER_TOO_LARGE: Final = Reply.of("552 5.3.4 Message header too big")
TOO_MANY_HOPS: Final = Reply.of("554 5.4.0 Too many hops: the message has been in a loop")
ALIAS_LOOP: Final = Reply.of("554 5.4.6 Mail loop: an alias of this host leads back to it")
FILTER_UNAVAILABLE: Final = Reply.of("451 4.3.0 A mail filter of this host is not available, try again later")
NO_SPACE: Final = Reply.of("452 4.3.1 Insufficient system storage, try again later")


class Limit(StrEnum):
    """A limit that a client can reach; the values are the names of the counters."""

    CONNECTIONS = "connections"
    CONNECTIONS_PER_CLIENT = "connections_per_client"
    CONNECTION_RATE = "connection_rate"
    MESSAGE_RATE = "message_rate"
    RECIPIENT_RATE = "recipient_rate"
    ERROR_RATE = "error_rate"
    MESSAGES_PER_SESSION = "messages_per_session"
    RECIPIENTS_PER_SESSION = "recipients_per_session"
    RECIPIENTS = "recipients"
    ERRORS = "errors"
    MESSAGE_SIZE = "message_size"
    HEADER_SIZE = "header_size"
    LINE_LENGTH = "line_length"
    COMMAND_LENGTH = "command_length"
    RECEIVED_HOPS = "received_hops"
    CONTENT_RATE = "minimum_content_rate"
    WAIT = "command_or_content"
    SESSION = "session"
    SPACE = "space"


REPLIES: Final[dict[Limit, Reply]] = {
    Limit.CONNECTIONS: TOO_MANY_CONNECTIONS,
    Limit.CONNECTIONS_PER_CLIENT: TOO_MANY_FROM_CLIENT,
    Limit.CONNECTION_RATE: Reply.of("421 4.7.0 Too many connections in a short time, try again later"),
    Limit.MESSAGE_RATE: Reply.of("450 4.7.1 Too many messages in a short time, try again later"),
    Limit.RECIPIENT_RATE: Reply.of("450 4.7.1 Too many recipients in a short time, try again later"),
    Limit.ERROR_RATE: Reply.of("421 4.7.0 Too many errors in a short time, try again later"),
    Limit.MESSAGES_PER_SESSION: Reply.of("421 4.7.0 Too many messages in this session, connect again"),
    Limit.RECIPIENTS_PER_SESSION: Reply.of("452 4.5.3 Too many recipients in this session, connect again"),
    Limit.RECIPIENTS: replies.TOO_MANY_RECIPIENTS,
    Limit.ERRORS: replies.TOO_MANY_ERRORS,
    Limit.MESSAGE_SIZE: replies.TOO_BIG,
    Limit.HEADER_SIZE: HEADER_TOO_LARGE,
    Limit.LINE_LENGTH: replies.LINE_TOO_LONG,
    Limit.COMMAND_LENGTH: replies.COMMAND_TOO_LONG,
    Limit.RECEIVED_HOPS: TOO_MANY_HOPS,
    Limit.CONTENT_RATE: CONTENT_TOO_SLOW,
    Limit.WAIT: TIMED_OUT,
    Limit.SESSION: SESSION_TOO_LONG,
    Limit.SPACE: NO_SPACE,
}
OTHER: Final = "other"
_MOST_CODES: Final = 200
_BY_REPLY: Final = {reply: limit for limit, reply in REPLIES.items()}


class RefusalTally:
    """
    How often clients of this process were refused.

    `counts` has a number for each limit that they reached, `by_code` one for each stage and codes of the reply, such as
    ("RCPT", "550 5.1.1"). Replies of modules may have any code, so the table is bounded, and the rest counts as OTHER.
    """

    __slots__ = ("by_code", "counts")

    def __init__(self) -> None:
        self.counts = dict.fromkeys(Limit, 0)
        self.by_code: dict[tuple[str, ...], int] = {}

    def count(self, reply: Reply, stage: str) -> None:
        """Count the refusal *reply* at *stage*."""
        limit = _BY_REPLY.get(reply)
        if limit is not None:
            self.counts[limit] += 1
        self.count_code(stage, f"{reply.code} {reply.enhanced}" if reply.enhanced else str(reply.code))

    def count_code(self, stage: str, code: str) -> None:
        """Count a refusal that has no reply, such as that of a handshake, by what it is called."""
        key = (stage, code)
        if key not in self.by_code and len(self.by_code) >= _MOST_CODES - 1:
            key = (OTHER, OTHER)
        self.by_code[key] = self.by_code.get(key, 0) + 1
