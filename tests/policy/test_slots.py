"""How many leases a worker may take now."""

import pytest

from empath.policy.slots import failing_limit, lease_limits, slow_to_cut


def stuck(count):
    """That *count* leases wait for a silent host."""
    return lambda: count


@pytest.mark.parametrize(
    ("slots", "active", "stuck_leases", "limit"),
    [
        (1, 0, 0, 1),
        (1, 1, 0, 0),
        (1, 1, 1, 1),
        (1, 4, 4, 0),
        (1, 2, 1, 0),
        (2, 1, 0, 1),
        (2, 2, 2, 2),
        (3, 3, 1, 1),
        (3, 12, 12, 0),
        (100, 0, 0, 32),
        (100, 90, 90, 10),
        (100, 100, 50, 32),
        (100, 130, 50, 20),
        (100, 380, 380, 8),
        (100, 400, 400, 0),
    ],
)
def test_stuck_leases_count_no_more_where_all_slots_are_filled(slots, active, stuck_leases, limit):
    """
    A host may take minutes to prove dead; up to three times the slots may wait for such hosts.
    """
    assert limit == lease_limits(slots, active, stuck(stuck_leases)).leases


@pytest.mark.parametrize(
    ("slots", "active", "limits"),
    [
        (1, 2, (1, 1, True)),
        (1, 3, (1, 0, False)),
        (1, 4, (0, 0, False)),
        (2, 6, (1, 1, True)),
        (2, 7, (1, 0, False)),
        (2, 8, (0, 0, False)),
        (3, 10, (1, 1, True)),
        (3, 11, (1, 0, False)),
        (3, 12, (0, 0, False)),
        (100, 386, (2, 0, True)),
        (100, 388, (12, 0, False)),
        (100, 399, (1, 0, False)),
        (100, 400, (0, 0, False)),
    ],
)
def test_silent_hosts_of_new_destinations_leave_a_reserve(slots, active, limits):
    """
    They may be silent after the final dot, for ten minutes, and no mail to any host would go out meanwhile.
    """
    assert limits == lease_limits(slots, active, stuck(active))


@pytest.mark.parametrize("slots", [1, 2, 3, 100])
def test_a_new_destination_finds_each_slot_in_ordinary_times(slots):
    """
    The reserve is taken from the places of stuck leases, not from the slots.
    """
    assert [True] * slots == [lease_limits(slots, active, stuck(0)).with_new for active in range(slots)]


@pytest.mark.parametrize(
    ("slots", "active_failing", "limit"),
    [(1, 0, 1), (1, 1, 0), (2, 0, 1), (3, 0, 1), (3, 2, 0), (4, 0, 1), (8, 0, 2), (100, 5, 20), (100, 30, 0)],
)
def test_failing_destinations_have_a_quarter_of_the_slots_and_one_at_least(slots, active_failing, limit):
    """
    A worker with one, two or three slots must try them, too; their mail would wait for ever.
    """
    assert limit == failing_limit(slots, active_failing)


@pytest.mark.parametrize(
    ("slots", "active", "limits"),
    [
        (1, 0, (1, 1)),
        (2, 1, (1, 1)),
        (3, 2, (1, 1)),
        (8, 6, (2, 1)),
        (8, 7, (1, 0)),
        (100, 0, (32, 32)),
        (100, 80, (20, 8)),
        (100, 88, (12, 0)),
        (100, 100, (0, 0)),
    ],
)
def test_an_eighth_of_the_slots_is_for_destinations_without_a_lease(slots, active, limits):
    """
    Forty next hops with a backlog used to fill all slots with leases of twelve seconds, and mail to an idle next hop
    waited.
    """
    assert limits == lease_limits(slots, active, stuck(0))[:2]


@pytest.mark.parametrize(("slots", "count"), [(1, 1), (2, 1), (3, 1), (4, 1), (8, 2), (100, 25)])
def test_a_quarter_of_the_slots_is_cut_short_at_once_and_one_at_least(slots, count):
    """
    Other mail may need as many. The rest goes on while no mail waits.
    """
    assert count == slow_to_cut(slots, 4 * slots, 4 * slots)


@pytest.mark.parametrize(
    ("slots", "active", "stuck", "count"),
    [
        (1, 4, 3, 0),
        (1, 4, 4, 1),
        (1, 3, 3, 1),
        (2, 7, 7, 1),
        (3, 11, 11, 1),
        (8, 8, 0, 0),
        (8, 32, 24, 0),
        (8, 32, 25, 1),
        (8, 32, 27, 2),
    ],
)
def test_a_slow_message_is_cut_short_only_if_that_makes_room(slots, active, stuck, count):
    """
    Slow hosts in the places for stuck leases do not disturb fast mail in the slots.
    """
    assert count == slow_to_cut(slots, active, stuck)
