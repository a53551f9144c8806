"""
slots - how many leases a worker may take now

THEORY
    A worker has as many slots as `[delivery] sessions`; a lease fills one.  Failing destinations, whose last attempt
    reached no host, may fill a quarter of them: the others do not wait, however many destinations fail.
    A host may take minutes to prove dead.  Where all slots are filled, leases that wait for a silent host do not count,
    up to three times as many as there are slots.
"""

from collections.abc import Callable
from typing import Final

_FAILING_SHARE: Final = 4  # the part of the slots for failing destinations is one by this number
_STUCK_SLOTS: Final = 3  # times the number of slots: most stuck leases that do not count
_LEASES_AT_ONCE: Final = 32  # leases of one transaction


def lease_limit(slots: int, active: int, count_stuck: Callable[[], int]) -> int:
    """
    Leases to take in one transaction, 0 for none.

    *active* counts the leases under way, *count_stuck* those of them that wait for a silent host.
    """
    free = slots - active
    if free <= 0:
        free += min(count_stuck(), _STUCK_SLOTS * slots)
    return max(0, min(free, _LEASES_AT_ONCE))


def failing_limit(slots: int, active_failing: int) -> int:
    """Leases of failing destinations to take; one slot at least is for them, for a worker of fewer than four slots."""
    return max(0, max(1, slots // _FAILING_SHARE) - active_failing)
