"""override - a limit of a listener that a row sets above the file, mostly for a time"""

from dataclasses import dataclass
from typing import Final

from empath.mail.identity import Timestamp

EVERY: Final = "*"  # stands for all listeners, as [receiving.limits] does


@dataclass(frozen=True, slots=True)
class LimitOverride:
    """
    One row of the view listener_limit.

    Shape: listener is the address of one, or EVERY; setting is a key of [receiving.limits], value its text; expires_at
    is None where it has no end.
    """

    listener: str
    setting: str
    value: str
    expires_at: Timestamp | None = None
    reason: str | None = None
