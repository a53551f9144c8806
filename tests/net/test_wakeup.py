"""Wake-ups between processes."""

import os

import gevent
import pytest
from gevent.event import Event

from empath.net.wakeup import WakeUp, wake
from tests.kit.waiting import DEADLINE_S


@pytest.fixture
def descriptor():
    """An eventfd, as the supervisor makes it."""
    number = os.eventfd(0)
    yield number
    os.close(number)


def test_many_wake_ups_at_once_wake_once(descriptor):
    """
    An awake worker looks at the whole queue.
    """
    woken = Event()
    calls = []

    def note():
        calls.append(1)
        woken.set()

    receiver = WakeUp(descriptor, note)
    wake([descriptor, descriptor])
    assert woken.wait(DEADLINE_S)
    receiver.close()
    assert [1] == calls


def test_a_closed_end_is_not_woken(descriptor):
    """
    A worker that drains takes no more work.
    """
    calls = []
    receiver = WakeUp(descriptor, lambda: calls.append(1))
    receiver.close()
    wake([descriptor])
    gevent.sleep(0)
    assert [] == calls


def test_one_wake_up_wakes_one_of_those_that_share_an_eventfd(descriptor):
    """
    Two generations of a worker share one.
    """
    woken = Event()
    calls = []

    def note():
        calls.append(1)
        woken.set()

    receivers = [WakeUp(descriptor, note) for _ in range(2)]
    wake([descriptor])
    assert woken.wait(DEADLINE_S)
    for receiver in receivers:
        receiver.close()
    assert [1] == calls


def test_a_full_eventfd_is_no_error(descriptor):
    """
    Its wake-ups are not read yet.
    """
    os.set_blocking(descriptor, False)
    os.eventfd_write(descriptor, 2**64 - 2)
    wake([descriptor])
    assert 2**64 - 2 == os.eventfd_read(descriptor)
