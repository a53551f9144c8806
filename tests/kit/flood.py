"""flood - a server on loopback that never stops talking, until whoever has connected leaves"""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def flooding(first: bytes, again: bytes = b"") -> Iterator[int]:
    """The port of a server that waits to be spoken to, then says *first*, and *again* without an end."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=_serve, args=(listening, first, again), daemon=True)
        serving.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)  # which ends the wait for another connection
        serving.join()


def _serve(listening: socket.socket, first: bytes, again: bytes) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(first)
            while again or connection.recv(65_536):
                connection.sendall(again)
