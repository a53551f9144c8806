"""
tickets - which clients get a ticket, by which they can resume their session of TLS

A ticket costs a tenth of a full handshake, and most hosts that send mail resume nothing: Postfix keeps no sessions
unless it is configured to.  So a client that has made some full handshakes gets few tickets until it resumes a session.
It gets them in two connections in a row, because a connection that gets none cannot resume a session either.
"""

from typing import Final

_FIRST: Final = 10  # connections that get a ticket in any case
_PERIOD: Final = 20  # connections of which two get a ticket after that
_MOST_CLIENTS: Final = 10_000


class Tickets:
    """How many connections each client has made since it last resumed a session."""

    __slots__ = ("_connections", "_most_clients")

    def __init__(self, most_clients: int = _MOST_CLIENTS) -> None:
        """Of more than *most_clients* the first ones are forgotten."""
        self._connections: dict[str, int] = {}
        self._most_clients = most_clients

    def begin(self, client: str) -> bool:
        """Count a connection of *client*; whether it may resume a session in it, and gets a ticket."""
        before = self._connections.get(client)
        if before is None:
            if len(self._connections) >= self._most_clients:
                del self._connections[next(iter(self._connections))]
            before = 0
        self._connections[client] = before + 1
        return before < _FIRST or before % _PERIOD < 2

    def note_resumed(self, client: str) -> None:
        """Note that *client* resumes sessions."""
        self._connections.pop(client, None)
