"""
history - shares over the last minutes and the last hour, from totals that were taken now and then

A process that ends takes its counts along, and a new one begins at zero. So the total of each process is taken by
itself, and one that is smaller than before counts from zero: as Prometheus does it.
"""

from collections import deque
from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from empath.mail.status import RecipientStatus
from empath.telemetry.metrics.catalogue import ATTEMPTS, MESSAGES, REFUSALS
from empath.telemetry.metrics.ledger import Values

SAMPLE_S: Final = 10.0
WINDOWS_S: Final[Mapping[str, float]] = {"5m": 300.0, "1h": 3600.0}
RATES: Final = ("messages", "refusals", RecipientStatus.DELIVERED.value, RecipientStatus.DEFERRED.value, "failed")
_KEPT: Final = int(max(WINDOWS_S.values()) / SAMPLE_S) + 1
Totals = dict[str, float]
_DELIVERED: Final = RecipientStatus.DELIVERED.value
_DEFERRED: Final = RecipientStatus.DEFERRED.value
_FINAL_FAILURES: Final = frozenset({RecipientStatus.BOUNCED.value, RecipientStatus.EXPIRED.value})


class History:
    """What came together in all processes, as totals that only grow, at the instants of the last hour."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, Totals]] = deque(maxlen=_KEPT)
        self._totals: Totals = {}
        self._before: dict[tuple[str, str], float] = {}

    def take(self, values: Mapping[str, Values], now: float) -> None:
        """Take the totals of all processes at *now*, monotonic seconds."""
        found = {(process, name): total for process, own in values.items() for name, total in _totals_of(own).items()}
        for key, total in found.items():
            before = self._before.get(key, 0.0)
            self._totals[key[1]] = self._totals.get(key[1], 0.0) + (total - before if total >= before else total)
        self._before = {**{key: total for key, total in self._before.items() if key not in found}, **found}
        if len(self._before) > _KEPT:  # of processes that are long gone
            self._before = found
        self._samples.append((now, dict(self._totals)))

    def shares(self) -> dict[str, dict[str, float]]:
        """By kind of share and window: the share, 0 to 1. There is none where nothing happened."""
        found: dict[str, dict[str, float]] = {"success": {}, "error": {}, "refusal": {}}
        if not self._samples:
            return found
        now, latest = self._samples[-1]
        for window, length_s in WINDOWS_S.items():
            earlier = next((totals for at, totals in self._samples if now - at <= length_s), latest)
            grown = {name: total - earlier.get(name, 0.0) for name, total in latest.items()}
            attempts, received = grown.get("attempts", 0.0), grown.get("messages", 0.0) + grown.get("refusals", 0.0)
            if attempts:
                found["success"][window] = grown.get(_DELIVERED, 0.0) / attempts
                found["error"][window] = grown.get("failed", 0.0) / attempts
            if received:
                found["refusal"][window] = grown.get("refusals", 0.0) / received
        return found

    def series(self, now: float, monotonic: float) -> dict[str, list[float]]:
        """
        What happened a second, at the instants of the samples.

        *now* is Unix seconds, and *monotonic* the same instant of the clock of the samples. Shape: `at` has Unix
        seconds, and every other list has a number for each of them.
        """
        found: dict[str, list[float]] = {name: [] for name in ("at", *RATES)}
        for (began, earlier), (ended, later) in pairwise(self._samples):
            found["at"].append(now - (monotonic - ended))
            for name in RATES:
                found[name].append((later.get(name, 0.0) - earlier.get(name, 0.0)) / (ended - began))
        return found


def _totals_of(values: Values) -> Totals:
    attempts = values.get(ATTEMPTS.name, ())
    return {
        "attempts": sum(value for _, value in attempts),
        _DELIVERED: sum(value for labels, value in attempts if labels[0] == _DELIVERED),
        _DEFERRED: sum(value for labels, value in attempts if labels[0] == _DEFERRED),
        "failed": sum(value for labels, value in attempts if labels[0] in _FINAL_FAILURES),
        "messages": sum(value for _, value in values.get(MESSAGES.name, ())),
        "refusals": sum(value for _, value in values.get(REFUSALS.name, ())),
    }
