"""
listeners - bind what the configuration names

Only the supervisor binds, as root where a port requires it; acceptors inherit. An address identifies a socket: a reload
keeps the sockets whose addresses stay, so that no connection in a backlog is lost.

The file of a UNIX socket is removed when its listener is closed. One that a crash left behind is removed when the
address is bound again, once no process answers there.
"""

import errno
import ipaddress
import os
import socket
import stat
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import Any, Final, Generic, Protocol, TypeVar

from empath.daemon.supervisor.instance import open_files
from empath.errors import EmpathError, PermissionRefused, ServiceUnavailable
from empath.mail.endpoint import Endpoint, UnixSocket

BACKLOG: Final = 1024
_LISTENS: Final = "0A"  # TCP_LISTEN, in /proc/net/tcp


class Bindable(Protocol):
    """A table of the configuration that names a listening socket."""

    @property
    def address(self) -> Endpoint | UnixSocket | None:
        """Where it listens."""

    @property
    def socket_mode(self) -> int:
        """File mode of a UNIX socket."""

    @property
    def endpoint(self) -> Endpoint | None:
        """The address if it is one of IP."""

    @property
    def unix_socket(self) -> UnixSocket | None:
        """The address if it is a UNIX socket."""

    @property
    def text(self) -> str:
        """The address for people, and what identifies the socket."""


B = TypeVar("B", bound=Bindable)


@dataclass(frozen=True, slots=True)
class BoundListener(Generic[B]):
    """A listening socket and the table that names it, a `[[listener]]` or `[http]`."""

    socket: socket.socket
    listener: B


def bind(wanted: Iterable[B], bound: Iterable[BoundListener[B]] = ()) -> tuple[BoundListener[B], ...]:
    """
    Make sockets for all of *wanted*, or for none; where *bound* has the address, its socket is used again.

    Raises:
        ServiceUnavailable: an address is in use, or no interface of this machine has it.
        PermissionRefused: a port needs root.
    """
    wanted, bound = tuple(wanted), tuple(bound)
    at_hand = {item.listener.text: item.socket for item in bound}
    made: list[BoundListener[B]] = []
    try:
        for listener in wanted:
            same = at_hand.get(listener.text)
            if same is not None:
                same.listen(BACKLOG)  # an order may have stopped the listener
            made.append(BoundListener(same or _made(listener, [*wanted, *(item.listener for item in bound)]), listener))
            if listener.unix_socket is not None:
                _set_mode(listener.unix_socket, listener.socket_mode)
    except EmpathError:
        close(made, keep=at_hand.values())
        raise
    return tuple(made)


def check(wanted: Iterable[Bindable], pids: Iterable[int]) -> None:
    """
    Check that all of *wanted* could be bound once the processes *pids* have ended; no client can connect meanwhile.

    The file of a UNIX socket is not looked at: `bind` takes it over where no process listens.

    Raises:
        ServiceUnavailable, PermissionRefused: as `bind`.
    """
    ours = {file for pid in pids for file in open_files(pid)}
    for endpoint in (listener.endpoint for listener in wanted):
        if endpoint is None:
            continue
        with _new_socket(endpoint) as probe:
            try:
                probe.bind((endpoint.host, endpoint.port))
            except OSError as exc:
                if exc.errno != errno.EADDRINUSE or _has_others(endpoint, ours):
                    raise _refusal(str(endpoint), exc) from exc


def _has_others(endpoint: Endpoint, ours: set[str]) -> bool:
    """Whether a socket listens on the address that is not among *ours*, as `/proc/PID/fd` names them."""
    host = ipaddress.ip_address(endpoint.host)
    for line in Path("/proc/net/tcp6" if host.version == 6 else "/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, _, state, _, _, _, _, _, inode, *_ = line.split()
        words, _, port = local.partition(":")
        if state != _LISTENS or int(port, 16) != endpoint.port or f"socket:[{inode}]" in ours:
            continue
        # The kernel prints each word of 32 bits in the order of the machine.
        bound = ipaddress.ip_address(b"".join(struct.pack("=I", int(word, 16)) for word in wrap(words, 8)))
        if bound == host or bound.is_unspecified or host.is_unspecified:
            return True
    return False


def close(bound: Iterable[BoundListener[Any]], keep: Iterable[socket.socket] = ()) -> None:
    """Close the sockets of *bound* that are not among *keep*."""
    kept = set(keep)
    for item in bound:
        if item.socket not in kept:
            item.socket.close()
            if item.listener.unix_socket is not None:
                _remove(item.listener.unix_socket.path)


def _made(listener: Bindable, ours: Iterable[Bindable]) -> socket.socket:
    match listener.address:
        case UnixSocket():
            return _listen_at_path(listener.address)
        case endpoint:
            assert endpoint is not None, "a table without an address is not bound"
            return _listen(endpoint, [one.endpoint for one in ours if one.endpoint is not None])


def _listen_at_path(address: UnixSocket) -> socket.socket:
    _remove_abandoned(address)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind(address.path)
        made.listen(BACKLOG)
    except OSError as exc:
        made.close()
        raise _refusal(str(address), exc) from exc
    made.setblocking(False)
    return made


def _remove_abandoned(address: UnixSocket) -> None:
    """Remove the file of a socket on which no process listens."""
    try:
        if not _is_socket(address.path):
            return  # binding will say so
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.setblocking(False)
            client.connect(address.path)
    except ConnectionRefusedError:
        _remove(address.path)
    except OSError:
        return  # binding will say why


def _is_socket(path: str) -> bool:
    return stat.S_ISSOCK(os.lstat(path).st_mode)


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        return  # already gone, or the directory is closed to this user; the next start takes the address all the same


def _set_mode(address: UnixSocket, mode: int) -> None:
    try:
        os.chmod(address.path, mode)
    except OSError as exc:
        raise _refusal(str(address), exc) from exc


def _listen(endpoint: Endpoint, ours: Iterable[Endpoint]) -> socket.socket:
    made = _new_socket(endpoint)
    try:
        made.bind((endpoint.host, endpoint.port))
        made.listen(BACKLOG)
    except OSError as exc:
        made.close()
        other = next((one for one in ours if _excludes(endpoint, one)), None) if exc.errno == errno.EADDRINUSE else None
        if other is not None:
            words = f"this instance listens on {other}, which excludes it; use restart if that address is left out"
            raise ServiceUnavailable(f"cannot listen on {endpoint}: {words}") from exc
        raise _refusal(str(endpoint), exc) from exc
    made.setblocking(False)
    return made


def _new_socket(endpoint: Endpoint) -> socket.socket:
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Accepted sockets inherit it: without it each small reply waits for the peer's delayed acknowledgement, 40 ms.
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if family == socket.AF_INET6:
        # "[::]" and "0.0.0.0" are two listeners; the first must not take the port of the second.
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return made


def _excludes(endpoint: Endpoint, other: Endpoint) -> bool:
    """Whether one of two different endpoints has the port of the other on every address of its family."""
    hosts = [ipaddress.ip_address(one.host) for one in (endpoint, other)]
    is_same_port = endpoint.port == other.port and hosts[0].version == hosts[1].version
    return is_same_port and hosts[0] != hosts[1] and any(host.is_unspecified for host in hosts)


def _refusal(address: str, error: OSError) -> EmpathError:
    match error.errno:
        case errno.EADDRINUSE if address.startswith("unix:") and not _is_socket(address.removeprefix("unix:")):
            return ServiceUnavailable(f"cannot listen on {address}: there is a file that is not a socket; remove it")
        case errno.ENOENT:
            return ServiceUnavailable(f"cannot listen on {address}: its directory does not exist; create it")
        case errno.EADDRINUSE:
            return ServiceUnavailable(f"cannot listen on {address}: the address is in use by another process")
        case errno.EADDRNOTAVAIL:
            return ServiceUnavailable(f"cannot listen on {address}: no interface of this machine has that address")
        case errno.EACCES if address.startswith("unix:"):
            return PermissionRefused(f"cannot listen on {address}: this user may not write to its directory")
        case errno.EACCES:
            return PermissionRefused(f"cannot listen on {address}: ports below 1024 need root")
        case number:
            return ServiceUnavailable(f"cannot listen on {address}: {os.strerror(number or 0)}")
