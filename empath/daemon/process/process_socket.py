"""
process_socket - a UNIX socket of one process, which only the user of the service may connect to

THEORY
    The sockets of all processes for one purpose lie in a directory next to the queue, each under the name
    `slot.generation`. Who wants something of every process connects to each of them. A process that ends removes its
    socket; after a crash the file stays until the next process of that name, and a connection to it is refused.
"""

import os
import socket as plain_socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

import gevent
from gevent import socket

_BACKLOG: Final = 8
_AGAIN_S: Final = 1.0


def socket_path(directory_fd: int, name: str) -> str:
    """The path of the socket *name*, short enough for an address, which may have 107 octets."""
    return f"/proc/self/fd/{directory_fd}/{name}"


class ProcessSocket:
    """The socket *name* in *directory*; *serve* gets each connection, and closes it."""

    def __init__(self, directory: Path, name: str, serve: Callable[[socket.socket], None]) -> None:
        self.path = directory / name
        self._serve = serve
        self._listener: socket.socket | None = None

    def listen(self) -> None:
        """
        Make the socket.

        Raises:
            OSError: it cannot be made.
        """
        directory = self.path.parent
        directory.mkdir(mode=0o750, exist_ok=True)
        directory_fd = os.open(directory, os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.path.unlink(missing_ok=True)  # of a generation of the same number, before a crash
            made = socket.socket(plain_socket.AF_UNIX, plain_socket.SOCK_STREAM)
            try:
                made.bind(socket_path(directory_fd, self.path.name))
                made.listen(_BACKLOG)
            except OSError:
                made.close()
                raise
        finally:
            os.close(directory_fd)
        self._listener = made

    def run(self) -> None:
        """Serve until `close`."""
        listener = self._listener
        assert listener is not None
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                if listener.fileno() < 0:
                    return
                gevent.sleep(_AGAIN_S)  # no descriptor is left
                continue
            self._serve(client)

    def close(self) -> None:
        """Remove the socket."""
        if self._listener is not None:
            self._listener.close()
            self.path.unlink(missing_ok=True)
