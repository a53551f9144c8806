"""
limits - the limits on clients

Plain counters of one process.  The driver of a connection admits it first and releases it last.
"""

import ipaddress
from collections import Counter

from empath.mail.reply import Reply
from empath.policy.access import ClientAddress, Role

TOO_MANY_CONNECTIONS = Reply.of("421 4.3.2 Too many connections, try again later")
TOO_MANY_FROM_CLIENT = Reply.of("421 4.7.0 Too many connections from your address")

_MAX_LINE_OCTETS = 998  # RFC 5321 §4.5.3.1.6 without CRLF
_ERROR_DELAY_S = 1.0


class ConnectionCounter:
    """
    Open connections: in all, by listener and by client.

    A share of the total belongs to each listener, so that the clients of one cannot lock out those of another; all
    listeners share the rest. A client on IPv6 is a network, since each customer of a provider has a whole one.

    Shape: total, per_client and listeners are at least 1; ipv6_prefix is 1..128.
    """

    __slots__ = ("_by_client", "_by_listener", "_common", "_ipv6_prefix", "_per_client", "_share")

    def __init__(self, total: int, per_client: int, *, listeners: int = 1, ipv6_prefix: int = 64) -> None:
        self._per_client = per_client
        self._ipv6_prefix = ipv6_prefix
        self._share = listener_share(total, listeners)
        self._common = total - listeners * self._share  # connections that no listener has a right to
        self._by_client: Counter[ClientAddress] = Counter()
        self._by_listener: Counter[str] = Counter()

    @property
    def count(self) -> int:
        """Open connections in all."""
        return self._by_listener.total()

    def admit(self, listener: str, client: ClientAddress, is_trusted: bool = False) -> Reply | None:
        """
        Count one more connection and return None, or count nothing and return the refusal.

        Only the total limits a trusted client: one internal mail hub stands for many users.
        """
        if self._by_listener[listener] >= self._share and self._in_common() >= self._common:
            return TOO_MANY_CONNECTIONS
        key = client_network(client, self._ipv6_prefix)
        if not is_trusted and self._by_client[key] >= self._per_client:
            return TOO_MANY_FROM_CLIENT
        self._by_listener[listener] += 1
        self._by_client[key] += 1
        return None

    def release(self, listener: str, client: ClientAddress) -> None:
        """One admitted connection of *client* has ended."""
        key = client_network(client, self._ipv6_prefix)
        self._by_listener[listener] -= 1
        self._by_client[key] -= 1
        if not self._by_client[key]:
            del self._by_client[key]  # memory for open connections only

    def _in_common(self) -> int:
        return sum(max(0, count - self._share) for count in self._by_listener.values())


def listener_share(total: int, listeners: int) -> int:
    """Connections that belong to each of *listeners*: a tenth, at most half of all together, one where that is less."""
    return max(total // max(10, 2 * listeners), 1 if total >= listeners else 0)


def client_network(client: ClientAddress, ipv6_prefix: int) -> ClientAddress:
    """What *client* is counted as: itself, or on IPv6 the first address of its network of that prefix."""
    if client.version == 4:
        return client
    if client.ipv4_mapped is not None:
        return client.ipv4_mapped
    host_bits = 128 - ipv6_prefix
    return ipaddress.IPv6Address(int(client) >> host_bits << host_bits)


class RefusalMeter:
    """
    Limits the refusals of one second that go into the log. The rest is counted: a flood must not fill the disk.

    Shape: both limits are at least 1; the second keeps one noisy client from hiding the others.
    """

    __slots__ = ("_by_client", "_left_out", "_per_client", "_per_second", "_second")

    def __init__(self, per_second: int, per_client: int) -> None:
        self._per_second = per_second
        self._per_client = per_client
        self._by_client: Counter[str] = Counter()  # of the running second
        self._second = 0
        self._left_out = 0

    def admit(self, client: str, at_s: float) -> bool:
        """Whether a refusal of *client* at this instant goes into the log; one that does not is counted."""
        if int(at_s) != self._second:
            self._second = int(at_s)
            self._by_client.clear()
        if self._by_client.total() >= self._per_second or self._by_client[client] >= self._per_client:
            self._left_out += 1
            return False
        self._by_client[client] += 1
        return True

    def take_left_out(self) -> int:
        """The number of refusals that were left out since the last call."""
        count, self._left_out = self._left_out, 0
        return count


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
