"""
slots - how many leases a worker may take now

THEORY
    A worker has as many slots as `[delivery] sessions`; a lease fills one.  Failing destinations, whose last attempt
    reached no host, may fill a quarter of them: the others do not wait, however many destinations fail.
    An eighth of the slots is for destinations that have no lease: mail to an idle one finds a slot at once while others
    have a backlog.
    A host may take minutes to prove dead.  Where all slots are filled, leases that wait for a silent host do not count,
    up to three times as many as there are slots.  The last of these places, an eighth of the slots, are a reserve for
    the first lease of a destination that had a lease before and is not failing: new hosts that stay silent do not stop
    the mail to those that answer.  If all other places are filled, messages that have been under way for a minute are
    cut short, the longest first, unless they are past the final dot.
    A message that was under way for a minute and was not delivered makes its destination a failing one, so that slow
    hosts share the quarter whatever they answer.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

_FAILING_SHARE: Final = 4  # the part of the slots for failing destinations is one by this number
_FIRST_LEASES_SHARE: Final = 8  # the part of the slots for the first lease of a destination is one by this number
_STUCK_SLOTS: Final = 3  # times the number of slots: most stuck leases that do not count
SLOW_S: Final = 60.0  # time after which a message may be cut short, and counts as one of a failing destination
_LEASES_AT_ONCE: Final = 32  # leases of one transaction


class LeaseLimits(NamedTuple):
    """
    Leases to take in one transaction, 0 for none, and how many of them may be further leases of a destination.

    with_new: they may be of any destination. Otherwise only the reserve is left.
    """

    leases: int
    further: int
    with_new: bool


def lease_limits(slots: int, active: int, count_stuck: Callable[[], int]) -> LeaseLimits:
    """*active* counts the leases under way, *count_stuck* those of them that wait for a silent host."""
    free = slots - active
    if free <= 0:
        free += min(count_stuck(), _STUCK_SLOTS * slots)
    reserve = max(1, slots // _FIRST_LEASES_SHARE)
    for_new = slots + _STUCK_SLOTS * slots - reserve - active
    if for_new <= 0:
        return LeaseLimits(_at_once(free), 0, with_new=False)
    free = min(free, for_new)
    return LeaseLimits(_at_once(free), _at_once(free - slots // _FIRST_LEASES_SHARE), with_new=True)


def failing_limit(slots: int, active_failing: int) -> int:
    """Leases of failing destinations to take; one slot at least is for them, for a worker of fewer than four slots."""
    return max(0, max(1, slots // _FAILING_SHARE) - active_failing)


def slow_to_cut(slots: int, active: int, stuck: int) -> int:
    """
    Slow messages to cut short at once, where mail is due and a new destination can get no lease.

    *active* counts the leases under way, *stuck* those of them that wait for a silent host. Where the others fill the
    slots, the end of a stuck one makes no room.
    """
    return max(0, min(max(1, slots // _FAILING_SHARE), slots - (active - stuck)))


def _at_once(leases: int) -> int:
    return max(0, min(leases, _LEASES_AT_ONCE))
