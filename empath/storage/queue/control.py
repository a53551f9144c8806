"""
control - orders to the service as a whole, given by INSERT INTO control

Each node that is running when an order is given gets an outcome of its own. A node carries out an order at most once:
before a process acts, it commits that it has taken up the order.
"""

from dataclasses import dataclass

from empath.storage.engine import Reader, Session
from empath.storage.write import Write


@dataclass(frozen=True, slots=True)
class ServiceOrder:
    """An order that waits; verb and argument as sql/sqlite/control/service.sql accepts them, who as in the audit."""

    control_id: int
    verb: str
    argument: str | None
    who: str


class StartOrder(Write):
    """Take an order up for *node*. `is_ours` says after the commit that no other process had."""

    def __init__(self, control_id: int, *, node: str, now: float) -> None:
        super().__init__()
        self.is_ours = False
        self._row = {"control_id": control_id, "node": node, "now": now}

    def run(self, session: Session) -> None:
        self.is_ours = session.run("control.start_order", self._row) == 1


class FinishOrder(Write):
    """Record what came of an order on *node*, in a sentence."""

    def __init__(self, control_id: int, *, node: str, now: float, result: str) -> None:
        super().__init__()
        self._row = {"control_id": control_id, "node": node, "now": now, "result": result}

    def run(self, session: Session) -> None:
        session.run("control.finish_order", self._row)
        session.run("control.close_orders", {"now": self._row["now"]})


class GiveUpOrders(Write):
    """
    Close orders whose process on *node* died at work, and orders for a node that has no running process.

    *before* is the instant such that what was taken up earlier would be finished by now.
    """

    def __init__(self, *, node: str, now: float, before: float) -> None:
        super().__init__()
        self._row = {"node": node, "now": now}
        self._before = before

    def run(self, session: Session) -> None:
        session.run("control.give_up_started", {**self._row, "before": self._before})
        session.run("control.give_up_departed", {"now": self._row["now"]})
        session.run("control.close_orders", {"now": self._row["now"]})


def open_orders(reader: Reader, node: str) -> list[ServiceOrder]:
    """Orders that *node* has not taken up, oldest first."""
    return [ServiceOrder(*row) for row in reader.rows("control.open_orders", {"node": node})]


def is_any_stuck(reader: Reader, node: str, before: float) -> bool:
    """Whether an order that *node* took up before that instant is still not finished."""
    return bool(reader.value("control.is_any_stuck", {"node": node, "before": before}))
