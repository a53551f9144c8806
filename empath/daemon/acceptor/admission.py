"""
admission - the step between accept() and a session

The step reads the client's address, counts the connection, and admits the client or gives the reply that refuses it.
Behind a proxy the client is the one that the proxy names: limits, policy, log and trace fields know no other.
"""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from empath.mail.reply import Reply
from empath.net.proxy_header import ProxyHeader
from empath.policy.access import ClientAddress, plain_address
from empath.policy.limits.connections import ConnectionCounter


@dataclass(frozen=True, slots=True)
class Admitted:
    """A session may begin. Call `Admission.release` when it is over."""

    client: ClientAddress


@dataclass(frozen=True, slots=True)
class Refused:
    """Send the reply and close the connection. It was not counted."""

    client: ClientAddress
    reply: Reply


class Admission:
    """Admits the connections of one process, whichever listener they came by."""

    def __init__(
        self,
        connections: ConnectionCounter,
        is_trusted: Callable[[ClientAddress], bool],
        admit_by_rate: Callable[[str, ClientAddress], Reply | None] = lambda _listener, _client: None,
    ) -> None:
        """
        *is_trusted* says whether a client is exempt from the limit per client; *admit_by_rate* gives the reply that
        refuses a client that connects to a listener too often, or makes too many errors.
        """
        self._admit_by_rate = admit_by_rate
        self._connections = connections
        self._is_trusted = is_trusted

    def admit(self, listener: str, host: str) -> Admitted | Refused:
        """Decide about one connection to *listener*; *host* is the address that accept() gave."""
        return self._decide(listener, client_address(host))

    def admit_behind_proxy(
        self, listener: str, proxy: ClientAddress, read_header: Callable[[], ProxyHeader]
    ) -> Admitted | Refused:
        """
        Decide about the client of *proxy*; *read_header* waits for the header. Until then the connection counts as one
        of the proxy, without its limit per client.

        Raises:
            NoProxyHeader: the proxy sent none. Nothing is counted.
        """
        refusal = self._connections.admit(listener, proxy, is_trusted=True)
        if refusal is not None:
            return Refused(proxy, refusal)
        try:
            header = read_header()
        finally:
            self._connections.release(listener, proxy)
        return self._decide(listener, header.client or proxy)

    def exchange(self, listener: str, client: ClientAddress, named: ClientAddress) -> Reply | None:
        """Count an admitted connection of *client* as one of *named* from now on; the reply if that is refused."""
        refusal = self._connections.rename(listener, client, named, self._is_trusted(named))
        if refusal is None:
            refusal = self._admit_by_rate(listener, named)
            if refusal is not None:
                self._connections.rename(listener, named, client, is_trusted=True)
        return refusal

    def _decide(self, listener: str, client: ClientAddress) -> Admitted | Refused:
        refusal = self._count(listener, client)
        return Admitted(client) if refusal is None else Refused(client, refusal)

    def _count(self, listener: str, client: ClientAddress) -> Reply | None:
        """Count one connection of *client*, or give the reply that refuses it."""
        refusal = self._connections.admit(listener, client, self._is_trusted(client))
        if refusal is None:
            refusal = self._admit_by_rate(listener, client)
            if refusal is not None:
                self._connections.release(listener, client)
        return refusal

    def release(self, listener: str, client: ClientAddress) -> None:
        """Take one connection of *client* to *listener* out of the count, after its session."""
        self._connections.release(listener, client)


@lru_cache(maxsize=1024)
def client_address(host: str) -> ClientAddress:
    """Read *host* without the scope of a link-local address."""
    return plain_address(ipaddress.ip_address(host.partition("%")[0]))
