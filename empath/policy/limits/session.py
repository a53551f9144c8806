"""session - how long one session may take, how fast it must be, and how much room a message needs"""

from dataclasses import dataclass
from typing import Final

from empath.policy.access import Role

_MAX_LINE_OCTETS: Final = 998  # RFC 5321 §4.5.3.1.6 without CRLF
_ERROR_DELAY_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Pace:
    """
    How fast a client must be.

    Shape: the times are greater than 0; content_octets_per_s is 0 where pauses alone limit content. Instants are those
    of a monotonic clock.
    """

    command_s: float
    content_s: float
    session_s: float
    content_octets_per_s: int

    def content_deadline(self, now: float, began_at: float, octets: int) -> float:
        """
        The instant until which the next octets of content must come.

        *octets* arrived since *began_at*. A pause may last content_s. All octets together may take content_s, and as
        long as they need at the slowest rate.
        """
        pause_ends_at = now + self.content_s
        if not self.content_octets_per_s:
            return pause_ends_at
        return min(pause_ends_at, began_at + self.content_s + octets / self.content_octets_per_s)


def error_delay_s(errors: int, slow_errors: int) -> float:
    """Seconds by which a reply is delayed after *errors* in a session: 1 above *slow_errors*, else 0."""
    return _ERROR_DELAY_S if errors > slow_errors else 0.0


def line_limit_octets(role: Role, configured_octets: int | None) -> int | None:
    """
    Longest content line that a listener of *role* takes, without CRLF; None for no limit.

    Role mx keeps to RFC 5321 §4.5.3.1.6, the other roles to the setting, because the operator can correct their
    senders.
    """
    return _MAX_LINE_OCTETS if role is Role.MX else configured_octets


def wanted_space_octets(reserve_octets: int, message_octets: int) -> int:
    """Free space of the disk below which no mail is taken: the reserve, or room for the largest message."""
    return max(reserve_octets, message_octets * 3 // 2)
