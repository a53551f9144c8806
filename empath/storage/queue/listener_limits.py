"""listener_limits - the rows that say what clients of a listener may do instead of what the file says"""

from typing import Final

from empath.mail.identity import Timestamp
from empath.policy.limits.override import LimitOverride
from empath.storage.engine import Selects
from empath.storage.queue.sweep import Kept

ENDED: Final = Kept("listener_limits.ended", "listener_limits.forget")


def limits_in_force(selects: Selects, now: float) -> list[LimitOverride]:
    """
    The rows that have not ended.

    Raises:
        QueueBusy, StorageFailure: they cannot be read.
    """
    return [
        LimitOverride(listener, setting, value, None if ends_at is None else Timestamp(ends_at), reason)
        for listener, setting, value, ends_at, reason in selects.rows("listener_limits.in_force", {"now": now})
    ]
