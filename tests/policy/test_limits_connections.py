"""How many connections the clients may have open."""

import itertools
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.policy.limits.connections import (
    ConnectionCounter,
    ConnectionLimits,
    OwnCounts,
    client_network,
    listener_share,
)
from empath.policy.limits.refusal import TOO_MANY_CONNECTIONS, TOO_MANY_FROM_CLIENT

ONE, TWO = ip_address("192.0.2.1"), ip_address("2001:db8::2")
MX, INTERNAL, SUBMISSION = LISTENERS = ("192.0.2.200:25", "10.0.0.1:25", "192.0.2.200:587")


def counter_of(total: int, per_client: int, listeners: int = 1) -> ConnectionCounter:
    return ConnectionCounter(ConnectionLimits(total, per_client), dict.fromkeys(LISTENERS[:listeners]))


def test_a_client_is_refused_beyond_its_share():
    """
    A7: one client cannot take all connections, and the others are not affected.
    """
    counter = counter_of(10, 2)
    replies = [str(counter.admit(MX, client)) for client in (ONE, ONE, ONE, TWO)]
    assert ["None", "None", "421 4.7.0 Too many connections from your address", "None"] == replies


def test_everyone_is_refused_beyond_the_total():
    """
    The process has only that many descriptors.
    """
    counter = counter_of(1, 5)
    replies = [str(counter.admit(MX, client, is_trusted=True)) for client in (ONE, TWO)]
    assert ["None", "421 4.3.2 Too many connections, try again later"] == replies


def test_a_trusted_client_is_bound_by_the_total_only():
    """
    A mail hub of ours stands for many users.
    """
    counter = counter_of(3, 1)
    assert [None, None, None] == [counter.admit(MX, ONE, is_trusted=True) for _ in range(3)]


def test_a_released_place_is_free_again():
    """
    Limits count open connections, not all connections so far.
    """
    counter = counter_of(1, 1)
    counter.admit(MX, ONE)
    counter.release(MX, ONE)
    assert None is counter.admit(MX, ONE)


@given(
    moves=st.lists(st.tuples(st.booleans(), st.sampled_from([ONE, TWO])), max_size=40),
    total=st.integers(1, 6),
    per_client=st.integers(1, 4),
)
def test_counts_follow_admissions_and_releases(moves, total, per_client):
    """
    A counter that drifts would close the server after some weeks.
    """
    counter, held = counter_of(total, per_client), []
    for is_arrival, client in moves:
        if is_arrival and counter.admit(MX, client) is None:
            held.append(client)
        elif not is_arrival and client in held:
            held.remove(client)
            counter.release(MX, client)
        assert counter.count <= total
    assert len(held) == counter.count
    for client in (ONE, TWO):
        room = min(total - len(held), per_client - held.count(client))
        refusals = (counter.admit(MX, client) for _ in range(9))
        admitted = list(itertools.takewhile(lambda refusal: refusal is None, refusals))
        assert room == len(admitted)
        for _ in admitted:
            counter.release(MX, client)


def test_the_clients_of_one_listener_cannot_lock_out_those_of_another():
    """
    Idle outside clients from many addresses take all shared connections; internal hosts can still connect.
    """
    counter = counter_of(20, 50, listeners=2)
    assert 18 == [counter.admit(MX, ONE) for _ in range(30)].count(None)
    assert [None, None, TOO_MANY_CONNECTIONS] == [counter.admit(INTERNAL, TWO) for _ in range(3)]
    counter.release(MX, ONE)
    assert None is counter.admit(INTERNAL, TWO)
    assert 20 == counter.count


@pytest.mark.parametrize(
    ("total", "listeners", "share"),
    [(1000, 1, 100), (1000, 3, 100), (20, 2, 2), (5, 2, 1), (3, 3, 1), (3, 1, 1), (2, 3, 0), (1, 3, 0)],
)
def test_each_listener_has_a_share_of_the_connections(total, listeners, share):
    """
    If there are few connections for many listeners, there is nothing to reserve, and every connection can be used.
    """
    assert share == listener_share(total, listeners)
    counter = counter_of(total, total, listeners=listeners)
    admitted = [counter.admit(name, ONE) for _ in range(total) for name in LISTENERS[:listeners]]
    assert total == admitted.count(None)


@pytest.mark.parametrize(
    ("client", "prefix", "network"),
    [
        ("192.0.2.9", 64, "192.0.2.9"),
        ("::ffff:192.0.2.9", 64, "192.0.2.9"),
        ("2001:db8:1:2:3::4", 64, "2001:db8:1:2::"),
        ("2001:db8:1:2:3::4", 48, "2001:db8:1::"),
        ("2001:db8:1:2:3::4", 128, "2001:db8:1:2:3::4"),
    ],
)
def test_a_client_on_ipv6_is_a_network(client, prefix, network):
    """
    A customer has 2^64 addresses or more, so a limit for each would be useless.
    """
    assert ip_address(network) == client_network(ip_address(client), prefix)


def test_addresses_of_one_ipv6_network_share_one_limit():
    counter = counter_of(10, 1)
    assert None is counter.admit(MX, ip_address("2001:db8::1"))
    assert TOO_MANY_FROM_CLIENT is counter.admit(MX, ip_address("2001:db8::2"))
    assert None is counter.admit(MX, ip_address("2001:db8:0:1::1"))
    counter.release(MX, ip_address("2001:db8::1"))
    assert None is counter.admit(MX, ip_address("2001:db8::3"))


def test_a_listener_with_limits_of_its_own_counts_its_clients_apart():
    """
    A client with many connections to the internal listener must not be over the smaller number of the public one.
    """
    own = {MX: ConnectionLimits(total=5, per_client=2), INTERNAL: None}
    counter = ConnectionCounter(ConnectionLimits(total=20, per_client=4), own)
    assert [None] * 4 + [TOO_MANY_FROM_CLIENT] == [counter.admit(INTERNAL, ONE) for _ in range(5)]
    assert [None, None, TOO_MANY_FROM_CLIENT] == [counter.admit(MX, ONE) for _ in range(3)]
    others = [ip_address(f"198.51.100.{number}") for number in range(4)]
    assert [None, None, None, TOO_MANY_CONNECTIONS] == [counter.admit(MX, client) for client in others]
    assert 9 == counter.count


def test_numbers_change_and_what_is_open_stays_counted():
    """
    Fewer than are open: nobody else enters until enough have left. Who left is not counted any more.
    """
    counter = ConnectionCounter(ConnectionLimits(total=20, per_client=2), {MX: None, INTERNAL: None})
    assert [None, None, TOO_MANY_FROM_CLIENT] == [counter.admit(MX, ONE) for _ in range(3)]
    fewer, more = ConnectionLimits(total=2, per_client=1), ConnectionLimits(total=20, per_client=3)
    counter.change(20, {MX: fewer, INTERNAL: more})
    assert [TOO_MANY_CONNECTIONS, None] == [counter.admit(MX, TWO), counter.admit(INTERNAL, ONE)]
    counter.change(3, {MX: more, INTERNAL: more})
    assert TOO_MANY_CONNECTIONS == counter.admit(MX, TWO)
    for listener in (MX, MX, INTERNAL):
        counter.release(listener, ONE)
    assert 0 == counter.count


def test_two_processes_that_share_their_counts_keep_to_one_limit():
    """
    Several acceptors take connections from the same sockets; to a client they are one server.
    """
    counts = OwnCounts()
    first, second = (ConnectionCounter(ConnectionLimits(3, 2), {MX: None}, counts) for _ in range(2))
    assert [None, None, TOO_MANY_FROM_CLIENT] == [each.admit(MX, ONE) for each in (first, second, first)]
    assert [None, TOO_MANY_CONNECTIONS] == [each.admit(MX, TWO) for each in (second, first)]
    first.release(MX, ONE)
    assert None is second.admit(MX, TWO)


def test_a_connection_of_a_proxy_counts_as_one_of_its_client():
    """
    A client that is refused stays that of the proxy, so that its end is counted once.
    """
    counter = ConnectionCounter(ConnectionLimits(10, 1), {"a": None})
    proxy, client = ip_address("192.0.2.1"), ip_address("192.0.2.2")
    assert [None, None] == [counter.admit("a", proxy), counter.rename("a", proxy, client)]
    assert [None, True] == [counter.admit("a", proxy), counter.rename("a", proxy, client) is not None]
    assert [None, 2] == [counter.rename("a", proxy, client, is_trusted=True), counter.count]
    assert counter.admit("a", proxy) is None
