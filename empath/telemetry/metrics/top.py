"""
top - the destinations with the most traffic, each with counts of its own

THEORY
    A counter must never go down, or Prometheus takes it for one that began anew and adds all of it again. So a
    destination that comes to the top starts at zero there, what it had before stays in `other`, and what leaves the top
    takes its counts along. Who is at the top is decided once a period, by the traffic of that period; one at the top
    leaves for one that has more than twice its traffic, so that two of them do not change places all the time.
"""

from collections.abc import Mapping
from typing import Final

from empath.telemetry.metrics.catalogue import OTHER, TOP_DESTINATIONS

PERIOD_S: Final = 60.0
_MOST_CANDIDATES: Final = 1_000


class TopCounts:
    """Counts by destination and outcome. *most* destinations have counts of their own."""

    def __init__(self, most: int = TOP_DESTINATIONS) -> None:
        self._most = most
        self._counts: dict[str, dict[str, int]] = {}  # of those at the top
        self._others: dict[str, int] = {}
        self.traffic: dict[str, int] = {}  # of this period, of candidates and of those at the top
        self._period_ends_at = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted."""
        return not self._counts

    def count(self, destination: str, outcome: str, now: float, by: int = 1) -> None:
        """Count *by* attempts at *now*, in seconds on any clock that does not go back."""
        if now >= self._period_ends_at:
            self._choose()
            self._period_ends_at = now + PERIOD_S
        traffic = self.traffic
        if destination in traffic:
            traffic[destination] += by
        elif len(traffic) < _MOST_CANDIDATES:
            traffic[destination] = by
        counts = self._counts.get(destination)
        if counts is None:
            if len(self._counts) >= self._most:
                counts = self._others
            else:
                counts = self._counts[destination] = {}
        counts[outcome] = counts.get(outcome, 0) + by

    def values(self) -> Mapping[tuple[str, ...], float]:
        """The counts by destination and outcome."""
        groups = {**self._counts, OTHER: self._others} if self._others else self._counts
        return {(name, outcome): n for name, counts in groups.items() for outcome, n in counts.items()}

    def _choose(self) -> None:
        """Who is at the top in the next period."""
        traffic, self.traffic = self.traffic, {}
        if len(self._counts) < self._most:
            return
        leaving = sorted(self._counts, key=lambda name: traffic.get(name, 0))
        coming = sorted((name for name in traffic if name not in self._counts), key=lambda name: -traffic[name])
        for old, new in zip(leaving, coming, strict=False):
            if traffic[new] <= 2 * traffic.get(old, 0):
                break
            del self._counts[old]
            self._counts[new] = {}
        self.traffic = dict.fromkeys(self._counts, 0)
