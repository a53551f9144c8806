"""
rerouting - which waiting mail other routes would move, and move it now

A walk over all recipients that are not leased, slice by slice, as the housekeeper does after a change of the routes.
A rehearsal reads one instant.  Otherwise each slice is a transaction of its own, so that no client waits long.
"""

from collections import Counter
from collections.abc import Iterable

from empath.policy.router import Router
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Session
from empath.storage.queue.clock import last_recipient
from empath.storage.queue.rerouting import RECIPIENTS, MoveWaiting, Waiting, elsewhere, is_followed, waiting
from empath.storage.write import Write

Moves = Counter[tuple[str, str]]  # numbers of recipients by their old and their new destination


def find_moves(engine: Engine, router: Router) -> Moves:
    """
    What `move` would do now.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    moves: Moves = Counter()
    with engine.visiting(None) as visit, visit.one_instant():
        for after in range(0, last_recipient(visit), RECIPIENTS):
            moves.update((each.destination, new) for each, new in elsewhere(router, waiting(visit, after)))
    return moves


def move(engine: Engine, router: Router, *, who: str, deadline_s: float) -> Moves:
    """
    Move waiting recipients to the destinations that *router* gives them, in the name of *who*.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, QueueBusy, StorageFailure: see `carry_out`.
            What was moved before stays moved.
    """
    moves: Moves = Counter()
    with engine.visiting(deadline_s) as visit:
        for after in range(0, last_recipient(visit), RECIPIENTS):
            if any(elsewhere(router, waiting(visit, after))):  # only then the write lock is worth it
                with visit.transaction():
                    reroute = Reroute(elsewhere(router, waiting(visit, after)), who=who)
                    reroute.run(visit)
                moves.update(reroute.moves)
    return moves


class Reroute(Write):
    """Move recipients to other destinations in the name of *who*, with a row of the audit for each pair of them."""

    def __init__(self, found: Iterable[tuple[Waiting, str]], *, who: str) -> None:
        super().__init__()
        self._found = [*found]
        self._who = who
        self.moves: Moves = Counter((each.destination, new) for each, new in self._found)

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            MoveWaiting({each.recipient_id: new for each, new in self._found}).run(session)
            for (old, new), number in self.moves.items():
                keys = {
                    "who": self._who,
                    "before": old,
                    "after": new,
                    "object": f"{number} recipient{'s' if number != 1 else ''}",
                }
                session.run("rerouting.audit", keys)


def is_followed_by_service(engine: Engine, digest: str) -> bool:
    """Whether the service has moved all waiting mail by the routes of *digest*."""
    with engine.visiting(None) as visit:
        return is_followed(visit, digest)
