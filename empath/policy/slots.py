"""
slots - how many leases a worker may take now

THEORY
    A worker has as many slots as `[delivery] sessions`; a lease fills one.  Failing destinations, whose last attempt
    reached no host, may fill a quarter of them: the others do not wait, however many destinations fail.
    An eighth of the slots is for destinations that have no lease: mail to an idle one finds a slot at once while others
    have a backlog.
    A host may take minutes to prove dead.  Where all slots are filled, leases that wait for a silent host do not count,
    up to three times as many as there are slots.  If these are filled too, messages that have been under way for a
    minute are cut short, the longest first, unless they are past the final dot.
    A message that was under way for a minute and was not delivered makes its destination a failing one, so that slow
    hosts share the quarter whatever they answer.
"""

from collections.abc import Callable
from typing import Final

_FAILING_SHARE: Final = 4  # the part of the slots for failing destinations is one by this number
_FIRST_LEASES_SHARE: Final = 8  # the part of the slots for the first lease of a destination is one by this number
_STUCK_SLOTS: Final = 3  # times the number of slots: most stuck leases that do not count
SLOW_S: Final = 60.0  # time after which a message may be cut short, and counts as one of a failing destination
_LEASES_AT_ONCE: Final = 32  # leases of one transaction


def lease_limits(slots: int, active: int, count_stuck: Callable[[], int]) -> tuple[int, int]:
    """
    Leases to take in one transaction, 0 for none, and how many of them may be further leases of a destination.

    *active* counts the leases under way, *count_stuck* those of them that wait for a silent host.
    """
    free = slots - active
    if free <= 0:
        free += min(count_stuck(), _STUCK_SLOTS * slots)
    further = free - slots // _FIRST_LEASES_SHARE
    return max(0, min(free, _LEASES_AT_ONCE)), max(0, min(further, _LEASES_AT_ONCE))


def failing_limit(slots: int, active_failing: int) -> int:
    """Leases of failing destinations to take; one slot at least is for them, for a worker of fewer than four slots."""
    return max(0, max(1, slots // _FAILING_SHARE) - active_failing)


def slow_to_cut(slots: int, stuck: int) -> int:
    """
    Slow messages to cut short at once, where no lease can be taken and mail is due.

    *stuck* counts the leases under way that wait for a silent host. Only if they are more than the places for them does
    the end of one make room for other mail.
    """
    return max(0, min(max(1, slots // _FAILING_SHARE), stuck - _STUCK_SLOTS * slots))
