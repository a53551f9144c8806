"""followers - connections that follow the events of a server and read what comes"""

import selectors
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread

from ..machine import LOOPBACK, BenchFailure

_PIECE = 65_536


@contextmanager
def following(port: int, token: str, count: int) -> Iterator[None]:
    """
    *count* clients that follow all events, with *token*, until the end of the context.

    Raises:
        BenchFailure: one is not let in.
    """
    request = f"GET /api/v1/events HTTP/1.1\r\nHost: {LOOPBACK}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    with ExitStack() as stack:
        watched = stack.enter_context(selectors.DefaultSelector())
        for _ in range(count):
            client = stack.enter_context(socket.create_connection((LOOPBACK, port), 30))
            client.sendall(request)
            answer = client.recv(_PIECE)
            if not answer.startswith(b"HTTP/1.1 200"):
                raise BenchFailure(f"a follower got {answer[:200]!r}")
            client.setblocking(False)
            watched.register(client, selectors.EVENT_READ)
        is_over = Event()
        reader = Thread(target=_read, args=(watched, is_over), daemon=True)
        reader.start()
        try:
            yield
        finally:
            is_over.set()
            reader.join()


def _read(watched: selectors.BaseSelector, is_over: Event) -> None:
    while not is_over.is_set():
        for key, _ in watched.select(0.1):
            client = key.fileobj
            assert isinstance(client, socket.socket)
            try:
                if not client.recv(_PIECE):
                    watched.unregister(client)
            except BlockingIOError:
                continue
