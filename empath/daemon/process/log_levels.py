"""log_levels - the levels of the log for parts of the service, as this process follows their rows"""

from collections.abc import Callable

from empath.mail.identity import Timestamp
from empath.policy.log_levels import LogLevels
from empath.storage.engine import Reader
from empath.storage.queue.log_levels import levels_in_force, revision


class LevelRows:
    """Hands the levels in force to *put* when they have changed, None where there is none."""

    def __init__(self, put: Callable[[LogLevels | None], None]) -> None:
        self._put = put
        self._levels: LogLevels | None = None
        self._revision: int | None = 0  # a queue without rows has no number

    def follow(self, reader: Reader, now: Timestamp, *, has_news: bool) -> None:
        """
        Read the rows again if they may have changed (*has_news*: something was committed), or if one has ended.

        Raises:
            QueueBusy, StorageFailure: they cannot be read.
        """
        has_ended = self._levels is not None and self._levels.ends_at <= now
        if not (has_news or has_ended):
            return
        changes = revision(reader)
        if changes == self._revision and not has_ended:
            return
        levels = levels_in_force(reader, now)
        self._revision = changes
        if levels is not None or self._levels is not None:
            self._levels = levels
            self._put(levels)
