"""
deadlines - until when the client of one session must send what it owes

Octets that complete no command do not move the deadline of a command.  A transaction that is open when the time of the
session ends has the time of one more command to begin its content.
"""

from empath.policy.limits.refusal import Limit
from empath.policy.limits.session import Pace


class Deadlines:
    """
    The deadlines of one session. `limit` is the one that is reached at the last deadline that `find` gave.

    Instants are those of a monotonic clock; ends_at is that of the session.
    """

    __slots__ = ("_command_ends_at", "_command_s", "_content_began_at", "_octets_before", "_pace", "ends_at", "limit")

    def __init__(self, pace: Pace, began_at: float) -> None:
        self._pace = pace
        self._command_s = pace.command_s
        self.ends_at = began_at + pace.session_s
        self.limit = Limit.WAIT
        self._command_ends_at = 0.0
        self._content_began_at: float | None = None  # while content arrives
        self._octets_before = 0

    def hurry(self, command_s: float) -> None:
        """Give the client *command_s* for each command from now on, or less."""
        self._command_s = min(self._command_s, command_s)

    def of_content(self, now: float, octets: int) -> float:
        """The instant by which more content must come; *octets* is what the session has received in all."""
        if self._content_began_at is None:
            self._content_began_at, self._octets_before = now, octets
        deadline_at = self._pace.content_deadline(now, self._content_began_at, octets - self._octets_before)
        self.limit = Limit.CONTENT_RATE if deadline_at < now + self._pace.content_s else Limit.WAIT
        return deadline_at

    def of_command(self, now: float, *, has_replied: bool, has_transaction: bool) -> float:
        """The instant by which the next command must be complete; *has_replied*: it is due from now on."""
        self._content_began_at = None
        if has_replied or not self._command_ends_at:
            self._command_ends_at = now + self._command_s
        ends_at = self.ends_at + self._pace.command_s if has_transaction else self.ends_at
        if ends_at < self._command_ends_at:
            self.limit = Limit.SESSION
            return ends_at
        self.limit = Limit.WAIT
        return self._command_ends_at
