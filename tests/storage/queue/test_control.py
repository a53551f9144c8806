"""test_control - orders to the service, and their outcome on each node"""

import pytest

from empath.storage.queue.control import FinishOrder, GiveUpOrders, ServiceOrder, StartOrder, is_any_stuck, open_orders
from empath.storage.queue.process import EndProcess, Register
from tests.kit.queue import T0, Queue

pytestmark = pytest.mark.engines

OWN = "mx.example.test"  # node of the kit's process


def start_node(queue: Queue, node: str) -> int:
    """Begin the run of a process of another node; its number."""
    return queue.done(
        Register(node=node, instance=node, slot="housekeeper-1", generation=1, pid=1, now=T0)
    ).process_id  # fmt: skip


def give(queue: Queue, verb: str, node: str | None = None) -> None:
    """Give an order by SQL."""
    queue.select("INSERT INTO control (verb, node) VALUES (?, ?)", verb, node)


def waiting(queue: Queue, node: str) -> list[ServiceOrder]:
    """Orders that wait for *node*."""
    reader = queue.engine.open_reader()
    try:
        return open_orders(reader, node)
    finally:
        reader.close()


def test_every_node_carries_an_order_out(queue: Queue) -> None:
    """
    The first node must not take a reload away from the others. The order is done when the last node is done.
    """
    start_node(queue, "mx2")
    give(queue, "reload")

    for node in (OWN, "mx2"):
        assert [ServiceOrder(1, "reload", None, "sql")] == waiting(queue, node)
        assert [(None, None)] == queue.select("SELECT done_at, result FROM control")
        assert queue.done(StartOrder(1, node=node, now=T0)).is_ours
        assert not queue.done(StartOrder(1, node=node, now=T0)).is_ours
        assert [] == waiting(queue, node)
        queue.done(FinishOrder(1, node=node, now=T0, result="asked"))

    assert [(T0, "mx.example.test: asked; mx2: asked")] == queue.select("SELECT done_unix, result FROM control")


def test_an_order_to_one_node_is_for_that_node(queue: Queue) -> None:
    """
    Only the host that will be switched off must drain.
    """
    start_node(queue, "mx2")

    give(queue, "drain", "mx2")

    assert [] == waiting(queue, OWN)
    assert [ServiceOrder(1, "drain", None, "sql")] == waiting(queue, "mx2")
    queue.done(FinishOrder(1, node="mx2", now=T0, result="asked"))
    assert [("mx2", T0, "asked")] == queue.select("SELECT node, done_unix, result FROM control")


def test_a_node_that_starts_later_has_nothing_to_do(queue: Queue) -> None:
    """
    It reads its configuration at its start, and has nothing to drain.
    """
    give(queue, "drain")

    start_node(queue, "mx2")

    assert [] == waiting(queue, "mx2")


def test_a_node_closes_what_its_own_process_died_over(queue: Queue) -> None:
    """
    Another node may still be at work on its part of the order.
    """
    start_node(queue, "mx2")
    give(queue, "reload")
    for node in (OWN, "mx2"):
        queue.done(StartOrder(1, node=node, now=T0))

    queue.done(GiveUpOrders(node=OWN, now=T0 + 9, before=T0 + 1))

    assert [("mx2",)] == queue.select("SELECT node FROM _control_outcome WHERE done_at IS NULL")
    queue.done(FinishOrder(1, node="mx2", now=T0, result="asked"))
    [(result,)] = queue.select("SELECT result FROM control")
    assert "mx.example.test: unknown: the process that had taken it up died; see the log; mx2: asked" == result


def test_an_order_that_a_living_process_is_at_work_on_stays_its_own(queue: Queue) -> None:
    """
    A reload that was ordered during a reload was called unknown, although the old housekeeper went on to finish it.
    """
    give(queue, "reload")
    queue.done(StartOrder(1, node=OWN, now=T0))
    reader = queue.engine.open_reader()

    assert [False, True] == [is_any_stuck(reader, OWN, before) for before in (T0, T0 + 1)]
    reader.close()
    queue.done(GiveUpOrders(node=OWN, now=T0, before=T0))

    queue.done(FinishOrder(1, node=OWN, now=T0, result="asked"))
    assert [("asked",)] == queue.select("SELECT result FROM control")


def test_a_node_that_ended_keeps_no_order_open(queue: Queue) -> None:
    """
    Otherwise an order would wait for ever for a host that is gone.
    """
    gone = start_node(queue, "mx2")
    give(queue, "reload", "mx2")
    queue.done(EndProcess(gone, now=T0))

    queue.done(GiveUpOrders(node=OWN, now=T0 + 9, before=T0 + 1))

    assert [("not done: the node ended before",)] == queue.select("SELECT result FROM control")
