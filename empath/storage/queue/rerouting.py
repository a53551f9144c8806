"""
rerouting - waiting recipients follow a changed table of routes

A recipient waits under the destination that its route gave when the mail arrived.  A lease routes again, but mail for a
destination that is suspended, failing or full gets no lease.  So, once for each table of routes, a walk over all
waiting recipients moves them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from empath.mail.domain import parse_stored
from empath.policy.router import Router, SentBy
from empath.storage.engine import Selects, Session
from empath.storage.write import Write

RECIPIENTS = 1000  # size of one slice


def is_followed(reader: Selects, digest: str) -> bool:
    """Whether all waiting mail follows the routes of *digest*."""
    return bool(reader.value("rerouting.known_routes") == digest)


class Waiting(NamedTuple):
    """A recipient that is not leased, and what its route depends on. Shape: as in _recipient and _message."""

    recipient_id: int
    address: str
    domain: str
    destination: str
    reverse_path: str
    account: str | None
    metadata: str


def waiting(reader: Selects, after: int) -> list[Waiting]:
    """The recipients of one slice that are not leased."""
    rows = reader.rows("rerouting.waiting", {"after": after, "last": after + RECIPIENTS})
    return [Waiting(*row) for row in rows]


def waiting_of(reader: Selects, recipients: Sequence[int]) -> list[Waiting]:
    """Those of *recipients* that are not leased."""
    return [Waiting(*row) for row in reader.rows("rerouting.waiting_of", {"page": tuple(recipients)})]


def elsewhere(router: Router, recipients: Iterable[Waiting]) -> Iterator[tuple[Waiting, str]]:
    """Those of *recipients* that *router* gives another destination, with that."""
    known: dict[str, str] = {}  # by domain, where nothing else counts
    for each in recipients:
        destination = known.get(each.domain)
        if destination is None or router.depends_on(each.domain, each.metadata):
            sent_by = SentBy(each.reverse_path, each.account, each.metadata)
            decision = router.decide(each.address, parse_stored(each.domain), sent_by)
            destination = known[each.domain] = decision.destination(each.domain)
        if destination != each.destination:
            yield each, destination


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
