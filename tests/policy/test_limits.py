"""What one client may take."""

import itertools
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.policy.access import Role
from empath.policy.limits import ConnectionCounter, error_delay_s, line_limit_octets, wanted_space_octets

ONE, TWO = ip_address("192.0.2.1"), ip_address("2001:db8::2")


def test_a_client_is_refused_beyond_its_share():
    """
    One client cannot take all connections, and the others do not notice.
    """
    counter = ConnectionCounter(total=10, per_client=2)
    replies = [str(counter.admit(client)) for client in (ONE, ONE, ONE, TWO)]
    assert ["None", "None", "421 4.7.0 Too many connections from your address", "None"] == replies


def test_everyone_is_refused_beyond_the_total():
    """
    The process has that many descriptors and no more.
    """
    counter = ConnectionCounter(total=1, per_client=5)
    replies = [str(counter.admit(client, is_trusted=True)) for client in (ONE, TWO)]
    assert ["None", "421 4.3.2 Too many connections, try again later"] == replies


def test_a_trusted_client_is_bound_by_the_total_only():
    """
    A mail hub of ours stands for many users.
    """
    counter = ConnectionCounter(total=3, per_client=1)
    assert [None, None, None] == [counter.admit(ONE, is_trusted=True) for _ in range(3)]


def test_a_released_place_is_free_again():
    """
    Limits count connections in being, not connections ever made.
    """
    counter = ConnectionCounter(total=1, per_client=1)
    counter.admit(ONE)
    counter.release(ONE)
    assert None is counter.admit(ONE)


@given(
    moves=st.lists(st.tuples(st.booleans(), st.sampled_from([ONE, TWO])), max_size=40),
    total=st.integers(1, 6),
    per_client=st.integers(1, 4),
)
def test_counts_follow_admissions_and_releases(moves, total, per_client):
    """
    A counter that drifts closes the server after some weeks.
    """
    counter, held = ConnectionCounter(total, per_client), []
    for is_arrival, client in moves:
        if is_arrival and counter.admit(client) is None:
            held.append(client)
        elif not is_arrival and client in held:
            held.remove(client)
            counter.release(client)
        assert counter.count <= total
    assert len(held) == counter.count
    for client in (ONE, TWO):
        room = min(total - len(held), per_client - held.count(client))
        admitted = list(itertools.takewhile(lambda refusal: refusal is None, map(counter.admit, [client] * 9)))
        assert room == len(admitted)
        for _ in admitted:
            counter.release(client)


@pytest.mark.parametrize(("errors", "delay_s"), [(0, 0.0), (10, 0.0), (11, 1.0), (19, 1.0)])
def test_replies_slow_down_after_many_errors(errors, delay_s):
    """
    More than ten errors cost a second each.
    """
    assert delay_s == error_delay_s(errors, slow_errors=10)


@pytest.mark.parametrize(
    ("role", "configured", "limit"),
    [(Role.MX, None, 998), (Role.MX, 2000, 998), (Role.INTERNAL, 2000, 2000), (Role.SUBMISSION, None, None)],
)
def test_lines_from_the_internet_keep_to_the_rfc(role, configured, limit):
    """
    What is configured is for senders of ours.
    """
    assert limit == line_limit_octets(role, configured)


def test_the_wanted_space_is_the_reserve_or_room_for_the_largest_message() -> None:
    """
    A message is written twice while it comes in; half of it may still be in memory.
    """
    assert 100 == wanted_space_octets(100, 10)
    assert 150 == wanted_space_octets(100, 100)
