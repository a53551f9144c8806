"""
several - the hosts of a list of next hops, in one order

The hop that is drawn first gives the first host; then the hops take turns, so that a hop which is down costs the mail
one address, and not all that it has.
"""

import math
from collections.abc import Sequence
from itertools import chain, zip_longest

from empath.policy.hosts.search import MAX_HOSTS, Host, NoHost, Random
from empath.policy.routing import ListedRoute


def drawn(hops: Sequence[ListedRoute], random: Random) -> list[ListedRoute]:
    """*hops* in an order drawn by their weights: one of weight 3 comes before one of weight 1 three times of four."""
    if len(hops) == 1:
        return [*hops]
    return sorted(hops, key=lambda hop: -math.log(1.0 - random()) / hop.weight)


def merged(found: Sequence[tuple[Host, ...] | NoHost]) -> tuple[Host, ...] | NoHost:
    """
    The hosts of one attempt from those *found* for each hop, in the order of the hops; at least one hop.

    If none has a host, a reply that may change outweighs one that will not.
    """
    refusals = [each for each in found if isinstance(each, NoHost)]
    if len(refusals) == len(found):
        return next((each for each in refusals if each.reply.klass == 4), refusals[0])
    turns = zip_longest(*(each for each in found if not isinstance(each, NoHost)))
    hosts = dict.fromkeys(host for host in chain.from_iterable(turns) if host is not None)
    return tuple(hosts)[:MAX_HOSTS]
