"""
control - orders to the service as a whole, given by INSERT INTO control

An order is carried out at most once: whoever does it first commits that he has taken it up.
"""

from dataclasses import dataclass
from pathlib import Path

import apsw

from empath.storage.sqlite.connection import rows, translated
from empath.storage.sqlite.queries import queries
from empath.storage.write import Write

_SQL = queries("control")


@dataclass(frozen=True, slots=True)
class Order:
    """One order that waits; verb and argument as sql/control.sql lets them in, who as in the audit."""

    control_id: int
    verb: str
    argument: str | None
    who: str


class StartOrder(Write):
    """Take an order up. `is_ours` says after the commit that nobody else had."""

    def __init__(self, control_id: int, *, now: float) -> None:
        super().__init__()
        self.is_ours = False
        self._row = {"control_id": control_id, "now": now}

    def run(self, connection: apsw.Connection) -> None:
        connection.execute(_SQL["start_order"], self._row)
        self.is_ours = connection.changes() == 1


class FinishOrder(Write):
    """Say what came of an order, in a sentence."""

    def __init__(self, control_id: int, *, now: float, result: str) -> None:
        super().__init__()
        self._row = {"control_id": control_id, "now": now, "result": result}

    def run(self, connection: apsw.Connection) -> None:
        connection.execute(_SQL["finish_order"], self._row)


class GiveUpOrders(Write):
    """Close what a process had taken up that died over it."""

    def __init__(self, *, now: float) -> None:
        super().__init__()
        self._row = {"now": now}

    def run(self, connection: apsw.Connection) -> None:
        connection.execute(_SQL["give_up_orders"], self._row)


def open_orders(connection: apsw.Connection, path: Path) -> list[Order]:
    """Orders that nobody has taken up, oldest first."""
    with translated(path):
        return [Order(*row) for row in rows(connection, _SQL["open_orders"])]
