"""In which order clients get what only a few can have at once."""

import pytest

from empath.policy.login.turns import Standing, Turns, place_of


def turns(*places, most=100, most_of_one=100):
    made: Turns[str] = Turns(most, most_of_one)
    for number, place in enumerate(places):
        made.add(place, f"{''.join(place)}{number}")
    return made


def order(queue):
    return [queue.take()[1] for _ in range(len(queue))]


def test_each_client_has_its_turn():
    """
    The one wait of b comes second, however much of a waits before it.
    """
    assert ["a0", "b3", "a1", "a2"] == order(turns("a", "a", "a", "b"))


def test_networks_have_turns_before_their_clients():
    """
    Many addresses of one network are one flood.
    """
    queue = turns(("n", "1"), ("n", "2"), ("n", "3"), ("m", "1"))
    assert ["n10", "m13", "n21", "n32"] == order(queue)


def test_nothing_waits_in_an_empty_queue():
    with pytest.raises(IndexError, match="nothing waits"):
        turns().take()


def test_a_client_that_waits_too_often_is_sent_away():
    queue = turns("a", "a", most_of_one=2)
    assert "new" == queue.add("a", "new")
    assert queue.add("a", "hub", is_bounded=False) is None
    assert ["a0", "a1", "hub"] == order(queue)


def test_a_full_queue_sends_away_the_newest_of_the_largest_flood():
    queue = turns("a", "a", "b", most=3)
    assert "a1" == queue.add("c", "new")
    assert "last" == queue.add("d", "last")
    assert ["a0", "b2", "new"] == order(queue)


def test_what_waits_no_longer_has_no_turn():
    queue = turns("a", "b")
    assert queue.remove("a", "a0")
    assert not queue.remove("a", "a0")
    assert not queue.remove("b", "other")
    assert 1 == len(queue)
    assert (("b",), "b1") == queue.take()


@pytest.mark.parametrize(
    ("client", "place"),
    [
        ("192.0.2.7", ("new", "192.0.0.0/16", "192.0.2.0/24", "192.0.2.7/32")),
        ("2001:db8:1:2:3::", ("new", "2001:db8::/32", "2001:db8:1::/48", "2001:db8:1:2::/64")),
        ("unix", ("new", "unix")),
    ],
)
def test_the_place_of_a_client_is_its_networks(client, place):
    assert place == place_of(Standing.NEW, client)
