"""Bells between processes."""

import os

import gevent
import pytest
from gevent.event import Event

from empath.net.wakeup import WakeUp, ring
from tests.kit.waiting import DEADLINE_S


@pytest.fixture
def descriptor():
    """An eventfd, as the supervisor makes it."""
    number = os.eventfd(0)
    yield number
    os.close(number)


def test_a_ring_wakes_once_however_often_it_was_rung(descriptor):
    """
    Who is awake looks at everything.
    """
    rung = Event()
    calls = []

    def note():
        calls.append(1)
        rung.set()

    bell = WakeUp(descriptor, note)
    ring([descriptor, descriptor])
    assert rung.wait(DEADLINE_S)
    bell.close()
    assert [1] == calls


def test_a_closed_bell_wakes_nobody(descriptor):
    """
    A worker that drains takes no more work.
    """
    calls = []
    bell = WakeUp(descriptor, lambda: calls.append(1))
    bell.close()
    ring([descriptor])
    gevent.sleep(0)
    assert [] == calls


def test_a_ring_wakes_one_of_those_who_share_a_bell(descriptor):
    """
    Two generations of a worker hold the same one.
    """
    rung = Event()
    calls = []

    def note():
        calls.append(1)
        rung.set()

    bells = [WakeUp(descriptor, note) for _ in range(2)]
    ring([descriptor])
    assert rung.wait(DEADLINE_S)
    for bell in bells:
        bell.close()
    assert [1] == calls


def test_a_full_bell_is_no_error(descriptor):
    """
    It was rung, and not heard yet.
    """
    os.set_blocking(descriptor, False)
    os.eventfd_write(descriptor, 2**64 - 2)
    ring([descriptor])
    assert 2**64 - 2 == os.eventfd_read(descriptor)
