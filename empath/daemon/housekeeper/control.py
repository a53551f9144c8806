"""
control - carry out what people order by INSERT INTO control

SQL alone does freeze, thaw, flush and log-level.  The housekeeper asks the supervisor for a reload and a drain, with
one octet each, and learns whether a reload was refused.  An acceptor stops a listener, since it has the socket.
"""

import os
import time

from empath.daemon.process.child import SupervisorRequest
from empath.daemon.process.orders import finish
from empath.daemon.process.reload_outcome import read_outcome, wait_for_outcome
from empath.daemon.process.runtime import Runtime
from empath.storage.engine import Reader
from empath.storage.queue.control import GiveUpOrders, ServiceOrder, StartOrder, is_any_stuck, open_orders

_TOO_EARLY = "not carried out: the service was not running when it was ordered"
_OUTCOME_S = 2.0  # longer than the supervisor needs to read a configuration and to bind its listeners
_AT_WORK_S = 15.0  # longer than a process works on an order: the outcome, and two writes
_REQUESTS = {
    "reload": (SupervisorRequest.RELOAD, "the supervisor was asked to reload; the log has the outcome"),
    "drain": (SupervisorRequest.STOP, "the supervisor was asked to end the service"),
}


class Control:
    """The orders that the housekeeper of a node carries out."""

    def __init__(self, runtime: Runtime, reader: Reader) -> None:
        """*reader* reads the queue, in the hub."""
        self._runtime = runtime
        self._reader = reader
        self._node = runtime.config.node.name

    def begin(self) -> None:
        """
        Close the orders that an earlier process died over, those to nodes that have ended, and at the start of the
        service those that were given before it: a drain must not end the next run.

        During a reload the housekeeper of before lives and may be at work on an order, that of the reload for one.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be written.
        """
        is_first = self._runtime.child.generation == 1  # of this run of the service
        now = time.time()
        before = now if is_first else now - _AT_WORK_S
        self._runtime.writer.commit(GiveUpOrders(node=self._node, now=now, before=before))
        if is_first:
            for order in open_orders(self._reader, self._node):
                finish(self._runtime, order, _TOO_EARLY)

    def give_up(self) -> None:
        """
        Close the orders that a process died over.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read or written.
        """
        now = time.time()
        if is_any_stuck(self._reader, self._node, now - _AT_WORK_S):
            self._runtime.writer.commit(GiveUpOrders(node=self._node, now=now, before=now - _AT_WORK_S))

    def obey(self) -> None:
        """
        Carry out the orders that wait.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read or written; an order that was taken up stays open.
        """
        for order in open_orders(self._reader, self._node):
            if order.verb in _REQUESTS:
                self._obey(order)

    def _obey(self, order: ServiceOrder) -> None:
        if not self._runtime.writer.commit(StartOrder(order.control_id, node=self._node, now=time.time())).is_ours:
            return
        ask, result = _REQUESTS[order.verb]
        try:
            ask_fd, outcome_fd = self._runtime.child.ask_fd, self._runtime.child.outcome_fd
            assert ask_fd is not None, "only the housekeeper obeys"
            assert outcome_fd is not None, "only the housekeeper obeys"
            before = read_outcome(outcome_fd).number
            os.write(ask_fd, ask.value)
            if ask is SupervisorRequest.RELOAD:
                outcome = wait_for_outcome(outcome_fd, before, wait_s=_OUTCOME_S)
                if outcome is not None and outcome.refusal:
                    result = f"refused: {outcome.refusal}"
        except OSError as exc:
            result = f"the supervisor could not be asked: {exc.strerror}"
        finish(self._runtime, order, result)
