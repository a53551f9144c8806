"""What occurrences add to the metrics, one by one and many at a time."""

from typing import Any

import pytest

from empath.policy.tracing.context import TraceContext
from empath.telemetry.metrics import catalogue as m
from empath.telemetry.metrics.feeds import MetricsFeed
from empath.telemetry.metrics.ledger import Ledger
from empath.telemetry.occurrences import acceptor, process, worker


def made(kind: Any, **given: Any) -> Any:
    """An occurrence of *kind*, with None where nothing is *given*."""
    return kind(**dict.fromkeys(kind.field_names) | given)


def delivered(number: int, **given: Any) -> Any:
    usual = {"destination": "a.test", "stage": "end-of-data", "duration_s": 0.01 * number, "age_s": 1.0}
    return made(worker.Delivered, **usual | given)


OCCURRENCES = [
    *(delivered(number) for number in range(300)),
    delivered(1, destination="b.test", tls_version="TLSv1.3", tls_failure="no trust"),
    *(made(acceptor.Accepted, duration_s=0.002, recipients=2, size=100) for _ in range(3)),
    made(acceptor.SessionBegan),
    made(acceptor.SessionEnded, reason="quit", duration_s=1.0),
    made(acceptor.SessionEnded, reason="lost", duration_s=1.0),
    made(worker.Bounced, destination="a.test", stage="RCPT", duration_s=0.1, bounce_class="no_mailbox"),
    made(process.LogLinesLost, lines=7),
    made(worker.LeaseTaken),
]


@pytest.mark.parametrize("is_asked_often", [True, False])
def test_occurrences_count_alike_whether_the_values_are_asked_for_or_not(is_asked_often):
    """
    They are counted some hundred at a time, and at the latest when somebody asks.
    """
    ledger = Ledger()
    feed = MetricsFeed(ledger, lambda: 0.0)
    for each in OCCURRENCES:
        feed("worker-1", each)
        if is_asked_often:
            ledger.values()
    values = ledger.values()
    numbers = {
        metric.name: {tuple(labels): number for labels, number in values[metric.name]}
        for metric in (m.MESSAGES, m.RECIPIENTS, m.OCTETS, m.CONNECTIONS, m.SESSION_ENDS, m.ATTEMPTS, m.BY_DESTINATION)
    }
    assert {
        m.MESSAGES.name: {("none",): 3},
        m.RECIPIENTS.name: {(): 6},
        m.OCTETS.name: {(): 300},
        m.CONNECTIONS.name: {(): 1},
        m.SESSION_ENDS.name: {("quit",): 1, ("lost",): 1},
        m.ATTEMPTS.name: {("delivered", "end-of-data"): 301, ("bounced", "RCPT"): 1},
        m.BY_DESTINATION.name: {("a.test", "delivered"): 300, ("b.test", "delivered"): 1, ("a.test", "bounced"): 1},
    } == numbers
    assert {("none",): 300, ("TLSv1.3",): 1} == {
        tuple(labels): number for labels, number in values[m.DELIVERY_TLS.name]
    }
    assert [[(), 1]] == values[m.TLS_FAILURES.name]
    assert [[(), 7]] == values[m.LOG_LINES_LOST.name]
    assert [((), 301, 301.0)] == [
        (labels, sum(counts), total) for labels, counts, total in values[m.QUEUE_SECONDS.name]
    ]
    by_outcome = {labels: (sum(counts), round(total, 3)) for labels, counts, total in values[m.ATTEMPT_SECONDS.name]}
    assert {
        ("delivered",): (301, round(sum(0.01 * n for n in range(300)) + 0.01, 3)),
        ("bounced",): (1, 0.1),
    } == by_outcome
    assert {"lease_taken": 1, "delivered": 301} == {
        event: number for (event, _), number in values[m.EVENTS.name] if event in ("lease_taken", "delivered")
    }


def _trace_of(what: Any) -> TraceContext | None:
    return TraceContext("abc", "def", is_sampled=True) if what.destination == "a.test" else None


def test_a_value_is_shown_with_its_trace_though_it_is_counted_later():
    """
    Only while the message is on its way is its trace known.
    """
    ledger = Ledger()
    feed = MetricsFeed(ledger, lambda: 0.0)
    feed.trace_of = _trace_of
    for each in (delivered(1), delivered(2, destination="b.test")):
        feed("worker-1", each)
    feed.trace_of = None
    [[_, counts, total, exemplars]] = ledger.values()[m.ATTEMPT_SECONDS.name]
    assert (2, 0.03, ["abc"]) == (sum(counts), total, [trace_id for _, trace_id, *_ in exemplars])
