"""Which destinations have counts of their own."""

from empath.telemetry.metrics.catalogue import OTHER
from empath.telemetry.metrics.top import PERIOD_S, TopCounts


def counted(top, now, **numbers):
    for name, number in numbers.items():
        for _ in range(number):
            top.count(name, "delivered", now)


def values(top):
    return {name: number for (name, _), number in top.values().items()}


def test_the_first_ones_have_their_own_and_the_rest_counts_together():
    top = TopCounts(most=2)
    counted(top, 0.0, a=3, b=1, c=2)
    assert {"a": 3, "b": 1, OTHER: 2} == values(top)


def test_a_busier_destination_takes_the_place_and_begins_at_zero():
    """
    No series goes down: what it had before stays where it was counted.
    """
    top = TopCounts(most=2)
    counted(top, 0.0, a=9, b=1, c=5)
    counted(top, PERIOD_S, c=1)
    assert {"a": 9, "c": 1, OTHER: 5} == values(top)


def test_equals_do_not_change_places():
    top = TopCounts(most=2)
    counted(top, 0.0, a=9, b=3, c=5)
    counted(top, PERIOD_S, c=1)
    assert {"a": 9, "b": 3, OTHER: 6} == values(top)


def test_a_flood_of_names_takes_bounded_memory():
    """
    Each made-up domain of a sender is a destination.
    """
    top = TopCounts(most=2)
    for number in range(5_000):
        top.count(f"x{number}.example", "deferred", 0.0)
    assert (3, 5_000) == (len(values(top)), sum(values(top).values()))
    assert 1_000 >= len(top.traffic)
