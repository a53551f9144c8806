"""
rerouting - waiting recipients follow a changed table of routes

A recipient waits under the destination that its route gave when the mail arrived.  A lease routes again, but mail for a
destination that is suspended, failing or full gets no lease.  So, once for each table of routes, a walk over all
waiting recipients moves them.
"""

from collections.abc import Mapping

from empath.storage.engine import Reader, Session
from empath.storage.write import Write

RECIPIENTS = 1000  # size of one slice


def is_followed(reader: Reader, digest: str) -> bool:
    """Whether all waiting mail follows the routes of *digest*."""
    return bool(reader.value("rerouting.known_routes") == digest)


def waiting(reader: Reader, after: int) -> list[tuple[int, str, str, str]]:
    """Number, address, domain and destination of the recipients of one slice that are not leased."""
    return reader.rows("rerouting.waiting", {"after": after, "last": after + RECIPIENTS})


class MoveWaiting(Write):
    """Move recipients to other *destinations*, which are given by the recipient's number; `moved` counts them."""

    def __init__(self, destinations: Mapping[int, str]) -> None:
        super().__init__()
        self.rows = len(destinations)
        self.moved = 0
        self._destinations = destinations

    def run(self, session: Session) -> None:
        self.moved = 0
        for recipient_id, name in self._destinations.items():
            keys = {"recipient_id": recipient_id, "destination_id": session.destination_id(name)}
            self.moved += session.run("rerouting.move", keys)


class RememberRoutes(Write):
    """Record that all waiting mail follows the routes of *digest*."""

    def __init__(self, digest: str) -> None:
        super().__init__()
        self._keys = {"digest": digest}

    def run(self, session: Session) -> None:
        session.run("rerouting.forget_routes")
        session.run("rerouting.remember_routes", self._keys)
