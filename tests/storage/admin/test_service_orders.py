"""test_service_orders - orders to the service, as seen by the commit that gives them"""

from empath.storage.admin.service_orders import Tell
from empath.storage.write import Batch
from tests.kit.queue import Queue


def test_an_order_gets_its_own_number(queue: Queue) -> None:
    """
    The result is looked up by that number; another order's result would be wrong.
    """
    first, second = Tell("reload", None, who="alice"), Tell("drain", None, who="bob")

    queue.run(Batch(first, second))

    numbers = [(first.control_id, "reload", "alice"), (second.control_id, "drain", "bob")]
    assert numbers == queue.select("SELECT control_id, verb, who FROM control ORDER BY control_id")
