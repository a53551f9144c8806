"""Values of metrics: what is counted, read and left together."""

from empath.telemetry.metrics import catalogue
from empath.telemetry.metrics.catalogue import (
    ACCEPT_SECONDS,
    ATTEMPT_SECONDS,
    CATALOGUE,
    EVENTS,
    METRIC_SERIES,
    OPEN_SESSIONS,
    OTHER,
    RECIPIENTS,
    REFUSALS,
    MetricKind,
)
from empath.telemetry.metrics.ledger import Ledger


def test_a_number_is_added_to():
    ledger = Ledger()
    ledger.add(RECIPIENTS)
    ledger.add(RECIPIENTS, by=3)
    assert {RECIPIENTS.name: [[(), 4]]} == ledger.values()


def test_a_value_lies_in_the_first_bucket_that_holds_it():
    """
    A bound belongs to its own bucket, and what is above all bounds to the last one.
    """
    ledger = Ledger()
    for seconds in (0.001, 0.0011, 99.0):
        ledger.observe(ACCEPT_SECONDS, seconds)
    [[labels, counts, total]] = ledger.values()[ACCEPT_SECONDS.name]
    assert ((), [1, 1, *([0] * 11), 1], 99.0021) == (labels, counts, round(total, 4))


def test_labels_beyond_the_budget_are_counted_together():
    """
    Whatever a peer sends, the memory for it is bounded, and the sum stays right.
    """
    ledger = Ledger()
    for number in range(2 * EVENTS.most):
        ledger.add(EVENTS, (str(number), "info"))
        ledger.observe(ATTEMPT_SECONDS, 1.0, (str(number),))
    values = ledger.values()
    assert (EVENTS.most, 2 * EVENTS.most) == (len(values[EVENTS.name]), sum(n for _, n in values[EVENTS.name]))
    assert [(OTHER, OTHER), EVENTS.most + 1] == values[EVENTS.name][-1]
    assert ATTEMPT_SECONDS.most == len(values[ATTEMPT_SECONDS.name])
    assert [[EVENTS.name], EVENTS.most] in values[METRIC_SERIES.name]


def test_what_is_known_anyway_is_asked_for_when_someone_asks():
    ledger, sessions = Ledger(), [1, 2]
    ledger.read(OPEN_SESSIONS, lambda: len(sessions))
    ledger.read(REFUSALS, lambda: {("RCPT", "550 5.1.1"): 7})
    sessions.pop()
    values = ledger.values()
    assert ([[(), 1]], [[("RCPT", "550 5.1.1"), 7]]) == (values[OPEN_SESSIONS.name], values[REFUSALS.name])


def test_names_follow_the_rules_of_prometheus():
    """
    A counter ends in _total and nothing else does; a histogram has bounds that grow.
    """
    for metric in (metric for group in CATALOGUE.values() for metric in group):
        assert metric.name.endswith("_total") == (metric.kind is MetricKind.COUNTER), metric.name
        assert (metric.kind is MetricKind.HISTOGRAM) == bool(metric.buckets), metric.name
        assert list(metric.buckets) == sorted(set(metric.buckets)), metric.name
        assert (metric.most > 1) == bool(metric.labels), metric.name


def test_an_observer_feeds_the_series_that_observe_feeds():
    """
    It is for what is measured with each mail.
    """
    ledger = Ledger()
    ledger.observer(catalogue.ACCEPT_SECONDS)(0.002)
    ledger.observe(catalogue.ACCEPT_SECONDS, 0.2)
    [[labels, counts, total]] = ledger.values()[catalogue.ACCEPT_SECONDS.name]
    assert ((), 2, 0.202) == (labels, sum(counts), total)
