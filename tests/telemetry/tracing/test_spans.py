"""Spans on their way: the queue, the octets, and which line belongs to which trace."""

from dataclasses import dataclass

from empath.policy.tracing import spans as s
from empath.policy.tracing.context import TraceContext
from empath.telemetry.tracing.otlp import request_of
from empath.telemetry.tracing.span_queue import BATCH, SpanQueue
from empath.telemetry.tracing.traced import TracedMessages
from tests.kit.collector import seen

CONTEXT = TraceContext("1" * 32, "2" * 16, is_sampled=True)
SPAN = s.Span(s.ATTEMPT, CONTEXT, "3" * 16, 10.0, 11.5)


@dataclass
class _About:
    queue_id: str | None


def test_a_request_has_each_span_whole():
    """
    Values are bounded, a clock that was set back gives no negative time, and what is None is left out.
    """
    attributes = (
        *((s.QUEUE_ID, "01K" + "\udcff" + "x" * 400), (s.RECIPIENTS, 1), (s.DELIVERED, True)),
        *((s.SIZE, 0.5), (s.SENDER, None)),
    )
    other = TraceContext("4" * 32, "5" * 16, is_sampled=False)
    span = s.Span(s.LEASE, CONTEXT, None, 10.0, 9.0, attributes, "451 4.7.1 Later", (other,))
    [first, second] = seen(request_of([span, SPAN], {"service.instance.id": "mx/worker-1.1"}))
    assert ("mail.lease", "1" * 32, "2" * 16, "") == first[:4]
    assert {
        "mail.queue_id": "01K\\udcff" + "x" * 252, "mail.recipients": 1, "mail.delivered": True, "mail.size": 0.5,
    } == first.attributes  # fmt: skip
    assert (True, False) == (first.attributes["mail.delivered"] is True, first.attributes["mail.recipients"] is True)
    assert ("451 4.7.1 Later", [("4" * 32, "5" * 16)], 10_000_000_000, 10_000_000_000) == first[5:9]
    assert ("mail.attempt", "3" * 16, {}, None, 11_500_000_000) == (
        *(second.name, second.parent_id, second.attributes, second.error),
        second.ended_ns,
    )
    assert "mx/worker-1.1" == second.process


def test_the_queue_is_bounded_and_counts_what_it_drops():
    """
    The oldest spans stay: they belong together.
    """
    queue = SpanQueue(most=BATCH + 2)
    queue.add([SPAN] * (BATCH + 5))
    assert (3, True) == (queue.dropped, queue.has_batch)
    assert (BATCH, 2, False) == (len(queue.take()), len(queue), queue.has_batch)
    queue.drop_all()
    assert (5, [], 0) == (queue.dropped, queue.take(), queue.exported)


def test_what_is_about_a_traced_message_belongs_to_its_span():
    """
    Most occurrences are about no message, or about one that is not traced.
    """
    traced = TracedMessages()
    assert traced.find(_About("A")) is None
    traced.begin("A", CONTEXT)
    assert [CONTEXT, None, None, None] == [traced.find(x) for x in (_About("A"), _About("B"), _About(None), object())]
    traced.end("A")
    traced.end("A")
    assert traced.find(_About("A")) is None
