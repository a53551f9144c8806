"""
log_levels - how much of the log is written about a part of the service, while somebody looks at that part

Of several levels for a client, a destination or a message the least one counts. They come before the level of an area,
and that before the level of the whole log.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from empath.mail.identity import Timestamp
from empath.policy.service_part import About, Scope, ServicePart


@dataclass(frozen=True, slots=True)
class PartLevel:
    """The level of one part, until its end. Shape: severity as the log counts, 10 is debug."""

    part: ServicePart
    severity: int
    ends_at: Timestamp


class LogLevels:
    """
    The levels in force.

    Shape: floor is the least severity of them; ends_at is when the first of them ends.
    """

    def __init__(self, levels: Iterable[PartLevel]) -> None:
        """*levels* is at least one."""
        found = tuple(levels)
        self.floor: Final = min(level.severity for level in found)
        self.ends_at: Final = min(level.ends_at for level in found)
        self._areas = {level.part.pattern: level.severity for level in found if level.part.scope is Scope.AREA}
        self._parts = [(level.part, level.severity) for level in found if level.part.scope is not Scope.AREA]

    def least(self, about: About, default: int) -> int:
        """The least severity that is written of what is *about* something; *default* is that of the whole log."""
        matching = [severity for part, severity in self._parts if part.covers(about)]
        return min(matching) if matching else self._areas.get(about.area, default)
