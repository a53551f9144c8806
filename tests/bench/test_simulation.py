"""The model of docs/SCALING.md agrees with what was measured, and bends where it must."""

import pytest

from .simulation.costs import POSTGRESQL, SQLITE
from .simulation.model import Machines, Model, Work
from .simulation.points import POINTS, Point


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.what)
def test_the_model_agrees_with_what_was_measured(point: Point):
    """Within what the rate of equal runs wanders."""
    rate = point.simulated(0.2)
    assert point.is_met(rate), rate


def test_one_file_has_one_writer():
    """From some cores on, more of them bring nothing."""
    work = Work(acceptors=8, workers=8, reply=0.005)
    few, many = (min(Model(SQLITE, Machines(cores), work).rates(0.1)) for cores in (8, 32))
    assert many < 1.1 * few


def test_a_server_with_more_cores_carries_more():
    """As long as there are nodes enough to keep it busy."""
    work = Work(acceptors=8, workers=8, reply=0.005)
    few, many = (min(Model(POSTGRESQL, Machines(cores, 64, replication=0.002), work).rates(0.1)) for cores in (1, 4))
    assert many > 2 * few


def test_takes_of_one_destination_wait_for_the_standby():
    """Each keeps the lock of the destination until its commit is durable, so that there is less than one in 2 ms."""
    work = Work(workers=8, sessions=50, messages=1, destinations=1, concurrency=500, reply=0.02, is_drain=True)
    model = Model(POSTGRESQL, Machines(16, 64, replication=0.002), work)
    model.rates(0.5)
    assert 0 < model.seen.takes < 0.5 / 0.002
