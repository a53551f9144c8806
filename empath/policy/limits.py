"""
limits - how much one client may take

Plain counters of one process.  The driver of a connection admits it first and releases it last.
"""

from collections import Counter

from empath.mail.reply import Reply
from empath.policy.access import ClientAddress, Role

TOO_MANY_CONNECTIONS = Reply.of("421 4.3.2 Too many connections, try again later")
TOO_MANY_FROM_CLIENT = Reply.of("421 4.7.0 Too many connections from your address")

_MAX_LINE_OCTETS = 998  # RFC 5321 §4.5.3.1.6 without CRLF
_ERROR_DELAY_S = 1.0


class ConnectionCounter:
    """Open connections, in all and by client. Shape: both limits are at least 1."""

    __slots__ = ("_by_client", "_per_client", "_total", "count")

    def __init__(self, total: int, per_client: int) -> None:
        self._total = total
        self._per_client = per_client
        self._by_client: Counter[ClientAddress] = Counter()
        self.count = 0

    def admit(self, client: ClientAddress, is_trusted: bool = False) -> Reply | None:
        """
        Count one more connection and return None, or count nothing and return the refusal.

        A trusted client is bound by the total only: one mail hub of ours is many users.
        """
        if self.count >= self._total:
            return TOO_MANY_CONNECTIONS
        if not is_trusted and self._by_client[client] >= self._per_client:
            return TOO_MANY_FROM_CLIENT
        self.count += 1
        self._by_client[client] += 1
        return None

    def release(self, client: ClientAddress) -> None:
        """One admitted connection of *client* has ended."""
        self.count -= 1
        self._by_client[client] -= 1
        if not self._by_client[client]:
            del self._by_client[client]  # memory for open connections only


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
