"""listener - one listening socket, which accepts connections and hands them on"""

import errno
import socket
from _socket import socket as RawSocket
from collections.abc import Callable

import gevent
from gevent.hub import get_hub

from empath.daemon.process.greenlet_pool import GreenletPool

_ACCEPTS_AT_ONCE = 64  # number of connections that the only acceptor accepts before other greenlets run
_ACCEPTS_OF_SEVERAL = 4  # the same for one of several acceptors, which leaves connections to the others
_OUT_OF_DESCRIPTORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_LATER = frozenset({errno.EAGAIN, errno.ECONNABORTED, errno.EINTR, errno.EPROTO})

_LOCAL = ("127.0.0.1", 0)  # peer address of a client that came by a UNIX socket

Serve = Callable[[RawSocket, tuple[object, ...]], None]  # body of a connection's greenlet: its socket and peer address


class Listener:
    """One listening socket at *address*, inherited as the descriptor *fd*."""

    def __init__(
        self,
        address: str,
        fd: int,
        serve: Serve,
        out_of_descriptors: Callable[[str], None],
        *,
        is_shared: bool = False,
    ) -> None:
        """
        *out_of_descriptors* gets the reason when the system has no descriptor for a connection that waits. *is_shared*
        says that other acceptors serve the same socket.
        """
        self._accepts_at_once = _ACCEPTS_OF_SEVERAL if is_shared else _ACCEPTS_AT_ONCE
        self.address = address
        self._greenlets = GreenletPool(serve)
        self._out_of_descriptors = out_of_descriptors
        self._socket = RawSocket(fileno=fd)
        self._socket.setblocking(False)
        self._watcher = get_hub().loop.io(fd, 1)

    def start(self) -> None:
        """Accept connections from now on."""
        self._watcher.start(self._accept)

    def pause(self, pause_s: float) -> None:
        """Accept nothing for *pause_s* seconds; clients wait in the backlog."""
        self._watcher.stop()
        gevent.spawn_later(pause_s, self._resume)

    def close(self) -> None:
        """Accept no more, in this process."""
        self._watcher.stop()
        self._socket.close()

    def stop_listening(self) -> None:
        """Refuse further connections in every process that shares the socket; accept those that wait first."""
        self._accept()
        # Once only: a second shutdown would reach the connections of a later life of this socket.
        if self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            self._socket.shutdown(socket.SHUT_RD)

    def _resume(self) -> None:
        if self._socket.fileno() >= 0:
            self.start()

    def _accept(self) -> None:
        for _ in range(self._accepts_at_once):
            try:
                # The method under socket.accept(), without the object that it builds and the hub does not need.
                descriptor, peer = self._socket._accept()  # type: ignore[attr-defined]
            except OSError as exc:
                if exc.errno == errno.EINVAL:  # this process or another one called stop_listening()
                    self._watcher.stop()
                elif exc.errno in _OUT_OF_DESCRIPTORS:
                    self._out_of_descriptors(str(exc.strerror))
                elif exc.errno not in _LATER:
                    raise
                return
            raw = RawSocket(self._socket.family, socket.SOCK_STREAM, 0, descriptor)
            raw.setblocking(False)
            self._greenlets.spawn(raw, _LOCAL if raw.family == socket.AF_UNIX else peer)
