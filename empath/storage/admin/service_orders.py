"""
service_orders - orders to the service as a whole, as a client of the view `control`

The commit that gives it carries out freeze, thaw, flush or log-level. A process of the running service carries out the
other orders and writes back the result.
"""

import time
from typing import Final

from empath.storage.admin.pauses import Pauses, find_pauses, frozen_since
from empath.storage.admin.selection import require_destination
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Selects, Session
from empath.storage.write import Write

_LOOK_S: Final = 0.05


class Tell(Write):
    """Give an order in the name of *who*; `control_id` is its number."""

    def __init__(self, verb: str, argument: str | None, *, who: str) -> None:
        super().__init__()
        self.control_id = 0
        self._order = {"verb": verb, "argument": argument}
        self._who = who

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            self.control_id = session.insert("orders.give", self._order)


class Freeze(Tell):
    """Stop delivery; `since` is the instant in ISO 8601; `is_changed` is False if it was stopped before."""

    def __init__(self, *, who: str) -> None:
        super().__init__("freeze", None, who=who)
        self.since = ""
        self.is_changed = False

    def run(self, session: Session) -> None:
        self.is_changed = frozen_since(session) is None
        if self.is_changed:
            super().run(session)
        self.since = frozen_since(session) or ""


class Thaw(Tell):
    """Let delivery go on; `since` is the instant at which it was stopped, None if it was not."""

    def __init__(self, *, who: str) -> None:
        super().__init__("thaw", None, who=who)
        self.since: str | None = None

    def run(self, session: Session) -> None:
        self.since = frozen_since(session)
        if self.since is not None:
            super().run(session)


class Flush(Tell):
    """
    Make waiting mail for *destination*, or for all, due at *now* (Unix seconds), and end the back-off.

    Afterwards `recipients` and `destinations` count what was not due before, and `pauses` has what keeps this mail from
    going out. A rehearsal only counts.

    Raises:
        MissingInput: there is no such destination.
    """

    def __init__(self, destination: str | None, *, who: str, now: float) -> None:
        super().__init__("flush", destination, who=who)
        self.recipients = 0
        self.destinations = 0
        self.pauses = Pauses(None)
        self._destination = destination
        self._now = now

    def count(self, session: Selects) -> None:
        """Count only."""
        destination = self._destination
        require_destination(session, destination)
        [(self.recipients, self.destinations)] = session.rows(
            "orders.backed_off", {"destination": destination, "now": self._now}
        )
        self.pauses = find_pauses(session, self._now, destination)

    def run(self, session: Session) -> None:
        self.count(session)
        super().run(session)


def rehearse(engine: Engine, flush: Flush) -> None:
    """
    Count what *flush* would do, without the write lock.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit, visit.one_instant():
        flush.count(visit)


def wait_for_outcome(engine: Engine, control_id: int, *, deadline_s: float) -> str | None:
    """
    The result of an order; None if no process has carried it out within *deadline_s*.

    Raises:
        PermissionRefused, UnusableQueue, StorageFailure: see `carry_out`.
    """
    ends_at = time.monotonic() + deadline_s
    with engine.visiting(None) as visit:
        while (result := visit.value("orders.outcome", {"control_id": control_id})) is None:
            if time.monotonic() >= ends_at:
                return None
            time.sleep(_LOOK_S)
    return str(result)
