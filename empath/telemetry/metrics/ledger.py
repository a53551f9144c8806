"""
ledger - the values of all metrics of one process

THEORY
    A value is a number in a dict: to add to it costs a tenth of what a library of metrics takes, and the processes that
    carry mail load no such library. One process, `httpd`, collects the ledgers of all others and writes the format of
    Prometheus (decision 42). What is known only when it is asked for, such as the number of open sessions, is a
    function that the ledger calls then.
"""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

import orjson

from empath.telemetry.metrics.catalogue import METRIC_SERIES, OTHER, Metric

Labels = tuple[str, ...]
Reading = float | Mapping[Labels, float]
# By the name of the metric `[labels, value]`, for a histogram `[labels, counts, sum]` and, if it has exemplars, a list
# of `[bucket, trace_id, value, instant]`. Labels are lists, once decoded.
Values = dict[str, list[list[Any]]]
_NONE: Final[Labels] = ()


class _Counts:
    """The series of one counter, or the measured part of a gauge."""

    __slots__ = ("most", "other", "series")

    def __init__(self, metric: Metric) -> None:
        self.series: dict[Labels, float] = {}
        self.most = metric.most
        self.other: Labels = (OTHER,) * len(metric.labels)

    def add(self, labels: Labels, by: float) -> None:
        series = self.series
        if labels in series:
            series[labels] += by
        elif len(series) < self.most - 1 or not labels:
            series[labels] = by
        else:
            series[self.other] = series.get(self.other, 0) + by


class _Distribution:
    """
    One series of a histogram: the number of values in each bucket, the last without a bound, and their sum. An exemplar
    is the last traced value of a bucket: the id of its trace, the value, and its instant in Unix seconds.
    """

    __slots__ = ("counts", "exemplars", "sum")

    def __init__(self, buckets: int) -> None:
        self.counts = [0] * (buckets + 1)
        self.exemplars: dict[int, tuple[str, float, float]] = {}
        self.sum = 0.0


class Ledger:
    """What one process has counted so far."""

    def __init__(self) -> None:
        self._counts: dict[Metric, _Counts] = {}
        self._distributions: dict[Metric, dict[Labels, _Distribution]] = {}
        self._readings: dict[Metric, Callable[[], Reading]] = {}
        self._before: Callable[[], object] | None = None

    def add(self, metric: Metric, labels: Labels = _NONE, by: float = 1) -> None:
        """Count."""
        self.counter(metric)(labels, by)

    def counter(self, metric: Metric) -> Callable[[Labels, float], None]:
        """As `add` for one metric, which is looked up once: for what is counted with each mail."""
        counts = self._counts.get(metric)
        if counts is None:
            counts = self._counts[metric] = _Counts(metric)
        return counts.add

    def observe(self, metric: Metric, value: float, labels: Labels = _NONE) -> None:
        """Take *value* into a histogram."""
        series = self._distributions.get(metric)
        found = None if series is None else series.get(labels)
        if found is None:
            found = self._distribution(metric, labels)
        found.counts[bisect_left(metric.buckets, value)] += 1
        found.sum += value

    def exemplify(self, metric: Metric, value: float, labels: Labels, trace_id: str) -> None:
        """Show *value*, which has been observed, with the trace that it comes from."""
        exemplars = self._distribution(metric, labels).exemplars
        exemplars[bisect_left(metric.buckets, value)] = (trace_id, value, time.time())

    def observer_of_many(self, metric: Metric, labels: Labels = _NONE) -> Callable[[Iterable[float]], None]:
        """As `observer`, of values that have come together: none of them costs a call of Python."""
        found, place_of = self._distribution(metric, labels), partial(bisect_left, metric.buckets)

        def observe(values: Iterable[float]) -> None:
            kept = [*values]
            for place, number in Counter(map(place_of, kept)).items():
                found.counts[place] += number
            found.sum += sum(kept)

        return observe

    def observer(self, metric: Metric, labels: Labels = _NONE) -> Callable[[float], None]:
        """As `observe` for one series, which is looked up once: for what is measured with each mail."""
        found, buckets = self._distribution(metric, labels), metric.buckets
        counts = found.counts

        def observe(value: float) -> None:
            counts[bisect_left(buckets, value)] += 1
            found.sum += value

        return observe

    def _distribution(self, metric: Metric, labels: Labels) -> _Distribution:
        series = self._distributions.setdefault(metric, {})
        found = series.get(labels)
        if found is None:
            if labels and len(series) >= metric.most - 1:
                labels = (OTHER,) * len(metric.labels)
            found = series.setdefault(labels, _Distribution(len(metric.buckets)))
        return found

    def begin_with(self, count: Callable[[], object]) -> None:
        """Have *count* called whenever values are asked for, before they are read: it counts what still waits."""
        self._before = count

    def read(self, metric: Metric, reading: Callable[[], Reading]) -> None:
        """Have *reading* called whenever the values of *metric* are asked for; it gives a number, or one by labels."""
        self._readings[metric] = reading

    def encoded(self) -> bytes:
        """All values, as they go to another process."""
        return orjson.dumps(self.values())

    def values(self) -> Values:
        """All values, as plain data."""
        if self._before is not None:
            self._before()
        found: Values = {}
        for metric, counts in self._counts.items():
            found[metric.name] = [[labels, value] for labels, value in counts.series.items()]
        for metric, series in self._distributions.items():
            found[metric.name] = [
                [labels, each.counts, each.sum, [[place, *traced] for place, traced in each.exemplars.items()]]
                if each.exemplars
                else [labels, each.counts, each.sum]
                for labels, each in series.items()
            ]
        for metric, reading in self._readings.items():
            now = reading()
            by_labels = now if isinstance(now, Mapping) else {_NONE: now}
            found[metric.name] = [[labels, value] for labels, value in by_labels.items()]
        used = [[[name], len(series)] for name, series in found.items() if series and series[0][0]]
        if used:
            found[METRIC_SERIES.name] = used
        return found


def decoded(octets: bytes | bytearray) -> Values | None:
    """The values that another process has encoded; None if they are none."""
    try:
        values = orjson.loads(octets)
    except ValueError:
        return None
    return values if isinstance(values, dict) else None
