"""
orders - how the programs carry out orders that come by INSERT INTO control

Each order belongs to one program: the housekeeper obeys those to the service, an acceptor those to its listeners. Both
look for orders at the same pace and finish them in the same way.
"""

import time
from typing import Final

from empath.daemon.process.runtime import Runtime
from empath.storage.queue.control import FinishOrder, ServiceOrder
from empath.telemetry.occurrences.process import OrderObeyed

LOOK_S: Final = 0.5  # pause between two looks for orders


def finish(runtime: Runtime, order: ServiceOrder, result: str) -> None:
    """
    Write the *result* of an order to the log and to the queue.

    Raises:
        QueueBusy, StorageFailure: the result could not be written to the queue.
    """
    runtime.emit(OrderObeyed(verb=order.verb, argument=order.argument, who=order.who, result=result))
    node = runtime.config.node.name
    runtime.writer.commit(FinishOrder(order.control_id, node=node, now=time.time(), result=result))
