"""
service_orders - orders to the service as a whole, as a client of the view `control`

freeze, thaw, flush and log-level are done by the commit that asks. The others are carried out by a process of the
running service, which writes back what came of it.
"""

import time
from pathlib import Path
from typing import Final

import apsw

from empath.errors import MissingInput
from empath.storage.admin.snapshot import frozen_since
from empath.storage.admin.steering import acting
from empath.storage.sqlite.connection import rows, value
from empath.storage.sqlite.queries import queries
from empath.storage.sqlite.schema import check_current
from empath.storage.sqlite.visit import visiting
from empath.storage.write import Write

_SQL = queries("orders")
_LOOK_S: Final = 0.05


class Tell(Write):
    """Give an order in the name of *who*; `control_id` is its number."""

    def __init__(self, verb: str, argument: str | None, *, who: str) -> None:
        super().__init__()
        self.control_id = 0
        self._order = {"verb": verb, "argument": argument}
        self._who = who

    def run(self, connection: apsw.Connection) -> None:
        with acting(connection, self._who):
            connection.execute(_SQL["give"], self._order)
        self.control_id = value(connection, _SQL["newest_order"])


class Freeze(Tell):
    """Stop delivery; `since` is the instant in ISO 8601; `is_changed` is False if it was stopped before."""

    def __init__(self, *, who: str) -> None:
        super().__init__("freeze", None, who=who)
        self.since = ""
        self.is_changed = False

    def run(self, connection: apsw.Connection) -> None:
        self.is_changed = frozen_since(connection) is None
        if self.is_changed:
            super().run(connection)
        self.since = frozen_since(connection) or ""


class Thaw(Tell):
    """Let delivery go on; `since` is the instant at which it was stopped, None if it was not."""

    def __init__(self, *, who: str) -> None:
        super().__init__("thaw", None, who=who)
        self.since: str | None = None

    def run(self, connection: apsw.Connection) -> None:
        self.since = frozen_since(connection)
        if self.since is not None:
            super().run(connection)


class Flush(Tell):
    """
    Make due at *now* (Unix seconds) what waits for *destination*, or for all, and end their back-off.

    After it `recipients` and `destinations` count what was not due before; `frozen_since` tells that nothing will be
    delivered all the same. A rehearsal only counts.

    Raises:
        MissingInput: there is no such destination.
    """

    def __init__(self, destination: str | None, *, who: str, now: float) -> None:
        super().__init__("flush", destination, who=who)
        self.recipients = 0
        self.destinations = 0
        self.frozen_since: str | None = None
        self._keys = {"destination": destination, "now": now}

    def count(self, connection: apsw.Connection) -> None:
        """Count only."""
        destination = self._keys["destination"]
        if destination is not None and not rows(connection, _SQL["destination"], {"destination": destination}):
            raise MissingInput(f"no destination {destination!r} in the queue database; `empath-admin stats` names some")
        [(self.recipients, self.destinations)] = rows(connection, _SQL["backed_off"], self._keys)
        self.frozen_since = frozen_since(connection)

    def run(self, connection: apsw.Connection) -> None:
        self.count(connection)
        super().run(connection)


def rehearse(path: Path, flush: Flush) -> None:
    """
    Count what *flush* would do, without the write lock.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with visiting(path, None) as connection:
        connection.execute("BEGIN")
        check_current(connection, path)
        flush.count(connection)


def wait_for_outcome(path: Path, control_id: int, *, deadline_s: float) -> str | None:
    """
    What came of an order; None if nobody has carried it out in *deadline_s*.

    Raises:
        PermissionRefused, UnusableQueue, StorageFailure: see `carry_out`.
    """
    ends_at = time.monotonic() + deadline_s
    with visiting(path, None) as connection:
        while (result := value(connection, _SQL["outcome"], {"control_id": control_id})) is None:
            if time.monotonic() >= ends_at:
                return None
            time.sleep(_LOOK_S)
    return str(result)
