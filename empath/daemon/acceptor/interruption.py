"""interruption - why this host ends a session that its client would go on with"""

from typing import Final

from empath.errors import EmpathError
from empath.mail.reply import Reply
from empath.policy.limits.refusal import Limit

SHUTTING_DOWN: Final = Reply.of("421 4.3.2 Service shutting down, try again later")


class Interrupted(EmpathError):
    """This host ends the session. `reason` is for the log, `reply` for the client."""

    reason: str
    reply: Reply


class Draining(Interrupted):
    """The process drains, and the session waits for its client."""

    reason = "drain"
    reply = SHUTTING_DOWN


class ClosedByOrder(Interrupted):
    """An operator closes the session."""

    reason = "order"
    reply = Reply.of("421 4.3.2 Session closed by the administrator")


class LimitReached(EmpathError):
    """A limit ends the session."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(str(limit))
        self.limit = limit


# How the log names the end of a session at a limit.
REASONS: Final = {
    Limit.WAIT: "timeout",
    Limit.SESSION: "session limit",
    Limit.CONTENT_RATE: "slow content",
    Limit.ERROR_RATE: "too many errors",
}
