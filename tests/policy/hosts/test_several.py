"""The hosts of several next hops: in which order, and which of them."""

import random
from collections import Counter

from empath.mail.reply import Reply
from empath.policy.hosts.search import Host, NoHost
from empath.policy.hosts.several import drawn, merged
from empath.policy.routing import ListedRoute, SmtpRoute

A, B, C = (ListedRoute(SmtpRoute(name), weight) for name, weight in (("a", 3), ("b", 1), ("c", 1)))
SOFT, HARD = NoHost(Reply.of("451 4.4.3 no answer")), NoHost(Reply.of("550 5.4.4 no address"))


def of(name, *last):
    """Hosts of one hop, by the last number of their addresses."""
    return tuple(Host(name, f"192.0.2.{number}", 25) for number in last)


def test_the_first_hop_is_drawn_by_weight():
    """
    3 : 1 : 1 of the mail, over many leases.
    """
    source = random.Random(1)
    first = Counter(drawn([A, B, C], source.random)[0] for _ in range(10_000))
    assert [6, 2, 2] == [round(first[each] / 1000) for each in (A, B, C)]


def test_one_hop_needs_no_draw():
    """
    A route with a backup costs no more than one without.
    """
    assert [A] == drawn([A], lambda: 1 / 0)


def test_hops_take_turns_so_that_one_that_is_down_costs_one_address():
    """
    Five addresses make an attempt.
    """
    hosts = merged([of("a", 1, 2, 3, 4), of("b", 5), SOFT, of("c", 6, 1)])
    assert isinstance(hosts, tuple)
    assert [("a", 1), ("b", 5), ("c", 6), ("a", 2), ("c", 1)] == [
        (host.name, int(host.address.rpartition(".")[2])) for host in hosts
    ]


def test_a_host_that_two_hops_share_is_tried_once():
    """
    It would be asked twice in one attempt.
    """
    assert of("a", 1, 2) == merged([of("a", 1), of("a", 1, 2)])


def test_what_may_change_outweighs_what_will_not():
    """
    Doubt dominates: the mail waits.
    """
    assert [SOFT, SOFT, HARD] == [merged([HARD, SOFT]), merged([SOFT]), merged([HARD, HARD])]
