"""
exposition - collected values in the formats of Prometheus, by its own library
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, Exemplar, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder

from empath.telemetry.metrics import catalogue
from empath.telemetry.metrics.catalogue import BY_NAME, MetricKind
from empath.telemetry.metrics.ledger import Values

_PROCESS: Final = "process"


class _Families:
    """What the library takes for a registry."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterator[Metric]:
        """All families."""
        return iter(self._families)


def exposed(values: dict[str, Values], accept: str) -> tuple[bytes, str]:
    """The text for a client that accepts *accept*, and its content type; *values* are by the label of the process."""
    encode: Callable[[Any], bytes]
    encode, content_type = choose_encoder(accept)
    return encode(_Families(_families(values))), content_type


def _families(values: dict[str, Values]) -> Iterator[Metric]:
    for metric in BY_NAME.values():
        series = [(process, *each) for process, found in values.items() for each in found.get(metric.name, ())]
        if series:
            yield _family(metric, series)


def _family(metric: catalogue.Metric, series: list[tuple[Any, ...]]) -> Metric:
    labels = (_PROCESS, *metric.labels)
    match metric.kind:
        case MetricKind.COUNTER:
            counter = CounterMetricFamily(metric.name.removesuffix("_total"), metric.text, labels=labels)
            for process, own, value in series:
                counter.add_metric((process, *own), value)
            return counter
        case MetricKind.GAUGE:
            gauge = GaugeMetricFamily(metric.name, metric.text, labels=labels)
            for process, own, value in series:
                gauge.add_metric((process, *own), value)
            return gauge
        case MetricKind.HISTOGRAM:
            histogram = HistogramMetricFamily(metric.name, metric.text, labels=labels)
            bounds = (*map(str, metric.buckets), "+Inf")
            for process, own, counts, total, *exemplars in series:
                buckets: list[Any] = [*zip(bounds, accumulate(counts), strict=True)]
                for place, trace_id, value, at in exemplars[0] if exemplars else ():
                    buckets[place] = (*buckets[place], Exemplar({"trace_id": trace_id}, value, at))
                histogram.add_metric((process, *own), buckets, total)
            return histogram
