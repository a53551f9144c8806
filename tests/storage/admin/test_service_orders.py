"""test_service_orders - orders to the service, as the commit that gives them sees them"""

from empath.storage.admin.service_orders import Tell
from empath.storage.write import Batch
from tests.kit.queue import Queue


def test_an_order_gets_its_own_number(queue: Queue) -> None:
    """
    By that number its result is waited for: that of another's order would be taken for it.
    """
    first, second = Tell("reload", None, who="alice"), Tell("drain", None, who="bob")

    queue.run(Batch(first, second))

    numbers = [(first.control_id, "reload", "alice"), (second.control_id, "drain", "bob")]
    assert numbers == queue.select("SELECT control_id, verb, who FROM control ORDER BY control_id")
