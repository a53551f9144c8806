"""
control - orders to the service as a whole, given by INSERT INTO control

An order is carried out at most once: whoever does it first commits that he has taken it up.
"""

from dataclasses import dataclass

from empath.storage.engine import Reader, Session
from empath.storage.write import Write


@dataclass(frozen=True, slots=True)
class Order:
    """One order that waits; verb and argument as sql/sqlite/control.sql accepts them, who as in the audit."""

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

    def run(self, session: Session) -> None:
        self.is_ours = session.run("control.start_order", self._row) == 1


class FinishOrder(Write):
    """Say what came of an order, in a sentence."""

    def __init__(self, control_id: int, *, now: float, result: str) -> None:
        super().__init__()
        self._row = {"control_id": control_id, "now": now, "result": result}

    def run(self, session: Session) -> None:
        session.run("control.finish_order", self._row)


class GiveUpOrders(Write):
    """Close what a process had taken up that died over it."""

    def __init__(self, *, now: float) -> None:
        super().__init__()
        self._row = {"now": now}

    def run(self, session: Session) -> None:
        session.run("control.give_up_orders", self._row)


def open_orders(reader: Reader) -> list[Order]:
    """Orders that nobody has taken up, oldest first."""
    return [Order(*row) for row in reader.rows("control.open_orders")]
