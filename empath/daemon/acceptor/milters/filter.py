"""
filter - one filter of [[milter]], as the sessions of a process share it

THEORY
    A connection outlives its session where the protocol allows it: the next session takes it up and saves a connect
    and an agreement.  Few are kept, and not for long.

    A filter that cannot be reached, or fails again and again, is paused: until the pause is over nobody waits for it,
    and its `on_failure` answers at once.  Then one session tries it, while the others still do without.  Each failure
    makes the next pause longer.
"""

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

import gevent

from empath.config.tables.milter import Milter
from empath.daemon.acceptor.milters.connection import FilterConnection, FilterFailed
from empath.mail.reply import Reply
from empath.net.stream import Deadlines
from empath.policy.limits.refusal import FILTER_UNAVAILABLE
from empath.policy.limits.refusal_log import RefusalMeter
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.acceptor import MilterBack, MilterFailed, MilterPaused

FAILURES: Final = 5  # in a row, after which a filter that can be reached is paused
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 60.0
_IDLE: Final = 10  # connections that are kept
_IDLE_S: Final = 60.0  # time for which one is
_TIDY_S: Final = 10.0


class FilterPaused(FilterFailed):
    """The filter has failed before, and is not asked for a while."""

    def __init__(self) -> None:
        super().__init__("it is paused after failures")


class Filter:
    """
    One filter. failures counts by stage, verdicts by their names; both have the name of the filter in front.

    Sessions call `connection` and `give_back`, and say how it went by `succeeded` and `failed`.
    """

    def __init__(
        self,
        settings: Milter,
        deadlines: Deadlines,
        emit: Emitter,
        meter: RefusalMeter,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """*meter* bounds the lines of the log; *clock* gives monotonic seconds."""
        self.settings = settings
        self.name = settings.name
        self.failures: Counter[tuple[str, ...]] = Counter()
        self.verdicts: Counter[tuple[str, ...]] = Counter()
        self._deadlines = deadlines
        self._emit = emit
        self._meter = meter
        self._clock = clock
        self.idle: list[tuple[FilterConnection, float]] = []  # the last used one at the end
        self._in_a_row = 0
        self._pause_s = 0.0  # 0 while it is not paused
        self._paused_until = 0.0
        self._is_unreachable = False  # so an open connection ends the pause

    @property
    def refusal(self) -> Reply | None:
        """The reply in place of that of the filter where it fails; None if mail passes without it."""
        return FILTER_UNAVAILABLE if self.settings.on_failure == "tempfail" else None

    def connection(self, *, is_new: bool = False) -> FilterConnection:
        """
        A connection for one session; one that is idle, unless it must be new.

        Raises:
            FilterFailed: there is none, or the filter is paused.
        """
        while self.idle and not is_new:
            found, _ = self.idle.pop()
            if found.is_usable:
                found.begin()
                return found
            found.close()
        now = self._clock()
        if now < self._paused_until:
            raise FilterPaused
        if self._pause_s:
            self._paused_until = now + self._pause_s  # nobody else tries meanwhile
        connection = FilterConnection.open(self.settings, self._deadlines)
        if self._is_unreachable:
            self.succeeded()
        return connection

    def give_back(self, connection: FilterConnection) -> None:
        """A session is over that used *connection*."""
        if not connection.end_session():
            return
        if len(self.idle) >= _IDLE:
            connection.quit()
        else:
            self.idle.append((connection, self._clock() + _IDLE_S))

    def succeeded(self) -> None:
        """It has judged a message, or can be reached again."""
        self._in_a_row = 0
        if self._pause_s:
            self._emit(MilterBack(milter=self.name))
        self._pause_s = self._paused_until = 0.0
        self._is_unreachable = False

    def failed(self, stage: str, error: FilterFailed) -> None:
        """It has failed at *stage*."""
        if isinstance(error, FilterPaused):
            return
        self.failures[self.name, stage] += 1
        self._in_a_row += 1
        if self._meter.admit(f"milter:{self.name}", time.monotonic()):
            answer = "none: mail passes without it" if self.refusal is None else self.refusal.escaped()
            self._emit(MilterFailed(milter=self.name, stage=stage, error=str(error), answer=answer))
        if not (error.is_unreachable or self._in_a_row >= FAILURES or self._pause_s):
            return
        if not self._pause_s:
            self._emit(MilterPaused(milter=self.name, failures=self._in_a_row))
        self._is_unreachable = error.is_unreachable
        self._pause_s = min(max(_FIRST_PAUSE_S, 2 * self._pause_s), _LONGEST_PAUSE_S)
        self._paused_until = self._clock() + self._pause_s

    def tidy(self) -> None:
        """Close the connections that nobody took up again."""
        now = self._clock()
        over = [connection for connection, until in self.idle if until <= now or not connection.is_usable]
        self.idle = [(connection, until) for connection, until in self.idle if connection not in over]
        for connection in over:
            connection.quit()

    def run(self) -> None:
        """Tidy again and again."""
        while True:
            gevent.sleep(_TIDY_S)
            self.tidy()
