"""
connections - how many connections the clients may have open

The driver of a connection admits it first and releases it last. The numbers of open connections are `OpenCounts`, which
the acceptors of an instance share: each adds its own and sees the sum.
"""

import ipaddress
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from empath.mail.reply import Reply
from empath.policy.access import ClientAddress, plain_address
from empath.policy.limits.refusal import TOO_MANY_CONNECTIONS, TOO_MANY_FROM_CLIENT


class OpenCounts(Protocol):
    """
    Numbers of open connections by key. Two keys may share a number, which then counts both.

    Shape: a key is what `listener_key` or `client_key` returns.
    """

    def listener_key(self, listener: str) -> Hashable:
        """The key of the listener at an address."""

    def client_key(self, scope: str, network: ClientAddress) -> Hashable:
        """The key of a client's network; clients are counted apart in each *scope*."""

    def add(self, key: Any, count: int) -> int:
        """Add *count*, 1 or -1, to the number of *key*; return the number of all processes then."""

    def total(self, key: Any) -> int:
        """The number of all processes."""


class OwnCounts:
    """The numbers of one process that shares them with no other."""

    def __init__(self) -> None:
        self._counts: Counter[Hashable] = Counter()

    def listener_key(self, listener: str) -> Hashable:
        """As in `OpenCounts`."""
        return listener

    def client_key(self, scope: str, network: ClientAddress) -> Hashable:
        """As in `OpenCounts`."""
        return scope, network

    def add(self, key: Any, count: int) -> int:
        """As in `OpenCounts`."""
        self._counts[key] = left = self._counts[key] + count
        if not left:
            del self._counts[key]  # memory for open connections only
        return left

    def total(self, key: Any) -> int:
        """As in `OpenCounts`."""
        return self._counts[key]


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """
    Most open connections.

    Shape: total and per_client are at least 1; ipv6_prefix is 1..128. A client on IPv6 is a network of that prefix,
    since each customer of a provider has a whole one.
    """

    total: int
    per_client: int
    ipv6_prefix: int = 64


@dataclass(frozen=True, slots=True)
class _Listener:
    """A listener: the key of its own number, its limits, and the scope in which its clients are counted."""

    key: Hashable
    limits: ConnectionLimits
    scope: str


class ConnectionCounter:
    """
    Open connections: in all, by listener and by client.

    A share of the total belongs to each listener, so that the clients of one cannot lock out those of another; all
    listeners share the rest. A listener with limits of its own has them besides the total, and counts its clients apart
    from those of the other listeners.
    """

    __slots__ = ("_common", "_counts", "_listeners", "_share")

    def __init__(
        self,
        limits: ConnectionLimits,
        listeners: Mapping[str, ConnectionLimits | None],
        counts: OpenCounts | None = None,
    ) -> None:
        """*listeners* has each listener by its address, with its own limits or None."""
        self._counts = counts or OwnCounts()
        self._divide(limits.total, len(listeners))
        self._listeners = {
            address: _Listener(self._counts.listener_key(address), own or limits, address if own else "")
            for address, own in listeners.items()
        }

    def _divide(self, total: int, listeners: int) -> None:
        self._share = listener_share(total, listeners)
        self._common = total - listeners * self._share  # connections that no listener has a right to

    def change(self, total: int, listeners: Mapping[str, ConnectionLimits]) -> None:
        """
        Have other numbers from now on: *total*, and the limits of each listener. Connections that are open stay, and
        what is counted together stays, too. So the ipv6_prefix must be as before.
        """
        self._divide(total, len(self._listeners))
        self._listeners = {
            address: replace(listener, limits=listeners[address]) for address, listener in self._listeners.items()
        }

    @property
    def count(self) -> int:
        """Open connections in all."""
        return sum(self._counts.total(listener.key) for listener in self._listeners.values())

    def admit(self, address: str, client: ClientAddress, is_trusted: bool = False) -> Reply | None:
        """
        Count one more connection to the listener at *address* and return None, or count nothing and return the refusal.

        Only the total limits a trusted client: one internal mail hub stands for many users. A connection is counted
        before it is judged, so that two processes that do so at once never admit more than the limit.
        """
        listener = self._listeners[address]
        count = self._counts.add(listener.key, 1)
        is_full = count > self._share and self._in_common() > self._common
        if is_full or count > listener.limits.total:
            self._counts.add(listener.key, -1)
            return TOO_MANY_CONNECTIONS
        key = self._client_key(listener, client)
        if self._counts.add(key, 1) > listener.limits.per_client and not is_trusted:
            self._counts.add(key, -1)
            self._counts.add(listener.key, -1)
            return TOO_MANY_FROM_CLIENT
        return None

    def rename(
        self, address: str, client: ClientAddress, named: ClientAddress, is_trusted: bool = False
    ) -> Reply | None:
        """
        Count an admitted connection of *client* as one of *named* and return None, or return the refusal.

        The connection stays among those of the listener, so no other one can take its place in between.
        """
        listener = self._listeners[address]
        key = self._client_key(listener, named)
        if self._counts.add(key, 1) > listener.limits.per_client and not is_trusted:
            self._counts.add(key, -1)
            return TOO_MANY_FROM_CLIENT
        self._counts.add(self._client_key(listener, client), -1)
        return None

    def release(self, address: str, client: ClientAddress) -> None:
        """One admitted connection of *client* to the listener at *address* has ended."""
        listener = self._listeners[address]
        self._counts.add(listener.key, -1)
        self._counts.add(self._client_key(listener, client), -1)

    def _client_key(self, listener: _Listener, client: ClientAddress) -> Hashable:
        return self._counts.client_key(listener.scope, client_network(client, listener.limits.ipv6_prefix))

    def _in_common(self) -> int:
        counts = (self._counts.total(listener.key) for listener in self._listeners.values())
        return sum(max(0, count - self._share) for count in counts)


def listener_share(total: int, listeners: int) -> int:
    """Connections that belong to each of *listeners*: a tenth, at most half of all together, one where that is less."""
    return max(total // max(10, 2 * listeners), 1 if total >= listeners else 0)


def client_network(client: ClientAddress, ipv6_prefix: int) -> ClientAddress:
    """What *client* is counted as: itself, or on IPv6 the first address of its network of that prefix."""
    client = plain_address(client)
    if client.version == 4:
        return client
    host_bits = 128 - ipv6_prefix
    return ipaddress.IPv6Address(int(client) >> host_bits << host_bits)
