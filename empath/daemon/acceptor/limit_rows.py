"""
limit_rows - the limits of listeners, as this process follows the rows of the view listener_limit

The rows are a few, and mostly none. So no number counts their changes: when anything was committed, they are read, and
compared with what was read before.
"""

from collections.abc import Callable

from empath.config import Config
from empath.config.listener_limits import LimitBook
from empath.mail.identity import Timestamp
from empath.policy.limits.override import LimitOverride
from empath.storage.engine import Reader
from empath.storage.queue.listener_limits import limits_in_force
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.acceptor import LimitUnusable


class LimitRows:
    """`book` has the limits in force; a new one is handed to *put*."""

    def __init__(self, config: Config, put: Callable[[LimitBook], None], emit: Emitter) -> None:
        self._config = config
        self._put = put
        self._emit = emit
        self._rows: list[LimitOverride] = []
        self.book = LimitBook(config)

    def follow(self, reader: Reader, now: Timestamp, *, has_news: bool) -> None:
        """
        Read the rows again if they may have changed (*has_news*: something was committed), or if one has ended.

        Raises:
            QueueBusy, StorageFailure: they cannot be read.
        """
        if not has_news and (self.book.ends_at is None or self.book.ends_at > now):
            return
        rows = limits_in_force(reader, now)
        if rows == self._rows:
            return
        before, self._rows, self.book = self.book, rows, LimitBook(self._config, rows)
        for row, words in self.book.unusable:
            if (row, words) not in before.unusable:
                self._emit(LimitUnusable(listener=row.listener, setting=row.setting, error=words))
        self._put(self.book)
