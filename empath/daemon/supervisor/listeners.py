"""
listeners - bind what the configuration names

Only the supervisor binds, as root where a port requires it; acceptors inherit. An address identifies a socket: a reload
keeps the sockets whose addresses stay, so that no connection in a backlog is lost.
"""

import errno
import ipaddress
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from empath.config.tables.receiving import Listener
from empath.errors import EmpathError, PermissionRefused, ServiceUnavailable

BACKLOG: Final = 1024


@dataclass(frozen=True, slots=True)
class BoundListener:
    """A listening socket and its `[[listener]]`."""

    socket: socket.socket
    listener: Listener


def bind(wanted: Iterable[Listener], bound: Iterable[BoundListener] = ()) -> tuple[BoundListener, ...]:
    """
    Make sockets for all of *wanted*, or for none; where *bound* has the address, its socket is used again.

    Raises:
        ServiceUnavailable: an address is in use, or no interface of this machine has it.
        PermissionRefused: a port needs root.
    """
    wanted, bound = tuple(wanted), tuple(bound)
    at_hand = {item.listener.text: item.socket for item in bound}
    made: list[BoundListener] = []
    try:
        for listener in wanted:
            same = at_hand.get(listener.text)
            if same is not None:
                same.listen(BACKLOG)  # an order may have stopped the listener
            made.append(
                BoundListener(same or _listen(listener, [*wanted, *(item.listener for item in bound)]), listener)
            )
    except EmpathError:
        close(made, keep=at_hand.values())
        raise
    return tuple(made)


def close(bound: Iterable[BoundListener], keep: Iterable[socket.socket] = ()) -> None:
    """Close the sockets of *bound* that are not among *keep*."""
    kept = set(keep)
    for item in bound:
        if item.socket not in kept:
            item.socket.close()


def _listen(listener: Listener, ours: Iterable[Listener]) -> socket.socket:
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Accepted sockets inherit it: without it each small reply waits for the peer's delayed acknowledgement, 40 ms.
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if family == socket.AF_INET6:
            # "[::]" and "0.0.0.0" are two listeners; the first must not take the port of the second.
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((listener.host, listener.port))
        made.listen(BACKLOG)
    except OSError as exc:
        made.close()
        other = next((one for one in ours if _excludes(listener, one)), None) if exc.errno == errno.EADDRINUSE else None
        if other is not None:
            words = f"this instance listens on {other.text}, which excludes it; use restart if that address is left out"
            raise ServiceUnavailable(f"cannot listen on {listener.text}: {words}") from exc
        raise _refusal(listener.text, exc) from exc
    made.setblocking(False)
    return made


def _excludes(listener: Listener, other: Listener) -> bool:
    """Whether one of two different listeners has the port of the other on every address of its family."""
    hosts = [ipaddress.ip_address(one.host) for one in (listener, other)]
    is_same_port = listener.port == other.port and hosts[0].version == hosts[1].version
    return is_same_port and hosts[0] != hosts[1] and any(host.is_unspecified for host in hosts)


def _refusal(address: str, error: OSError) -> EmpathError:
    match error.errno:
        case errno.EADDRINUSE:
            return ServiceUnavailable(f"cannot listen on {address}: the address is in use by another process")
        case errno.EADDRNOTAVAIL:
            return ServiceUnavailable(f"cannot listen on {address}: no interface of this machine has that address")
        case errno.EACCES:
            return PermissionRefused(f"cannot listen on {address}: ports below 1024 need root")
        case number:
            return ServiceUnavailable(f"cannot listen on {address}: {os.strerror(number or 0)}")
