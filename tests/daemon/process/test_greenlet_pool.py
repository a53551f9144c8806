"""The greenlets that serve connections."""

import gevent
from gevent.event import Event
from greenlet import getcurrent

from empath.daemon.process.greenlet_pool import GreenletPool
from tests.kit.waiting import DEADLINE_S


class Served:
    """A function that waits for `gate`, and notes its arguments and the greenlet that called it."""

    def __init__(self):
        self.gate, self.calls = Event(), []

    def __call__(self, *arguments):
        self.calls.append((arguments, getcurrent()))
        self.gate.wait(DEADLINE_S)


def test_a_greenlet_serves_one_connection_after_another():
    """
    A new one would map memory for its frames, and unmap it.
    """
    served = Served()
    pool = GreenletPool(served)
    served.gate.set()
    for number in range(3):
        pool.spawn(number, "peer")
        gevent.idle()
    assert [(0, "peer"), (1, "peer"), (2, "peer")] == [arguments for arguments, _ in served.calls]
    assert 1 == len({greenlet for _, greenlet in served.calls})


def test_connections_at_once_have_a_greenlet_each_and_few_are_kept():
    """
    A burst of connections must not hold its memory for ever.
    """
    served = Served()
    pool = GreenletPool(served, most_idle=2)
    for number in range(5):
        pool.spawn(number)
    gevent.idle()
    assert 5 == len({greenlet for _, greenlet in served.calls})
    served.gate.set()
    gevent.idle()
    assert 3 == sum(greenlet.dead for _, greenlet in served.calls)
