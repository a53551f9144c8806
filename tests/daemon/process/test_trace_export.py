"""Spans on their way to a collector that takes them, refuses them, or is not there."""

import time

import gevent
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from empath.daemon.process.trace_export import TraceExport
from empath.mail.url import parse_url
from empath.net.http_client import HttpEndpoint
from empath.policy.tracing import spans as s
from empath.policy.tracing.context import TraceContext
from empath.telemetry.occurrence import Emitter, Occurrence
from empath.telemetry.occurrences.process import TracesExported, TracesUnexported
from empath.telemetry.tracing.otlp import refused_in, request_of
from empath.telemetry.tracing.span_queue import BATCH, SpanQueue
from tests.kit.collector import TAKEN, Collector
from tests.kit.http_server import answer

SPAN = s.Span(s.COMMIT, TraceContext("1" * 32, "2" * 16, is_sampled=True), None, 1.0, 2.0)


class Process:
    """What sends the spans of one process to *url*."""

    def __init__(self, url, encode=request_of):
        self.seen: list[Occurrence] = []
        self.spans = SpanQueue()
        self.export = TraceExport(
            self.spans,
            HttpEndpoint(parse_url(f"{url}/v1/traces")),
            (encode, refused_in),
            resource={},
            fields=(("Authorization", "Bearer abc"),),
            emit=Emitter("a", (lambda _, what: self.seen.append(what),)),
            again_s=0.01,
            every_s=1.0,
        )

    def send(self, count=1):
        """Let *count* spans go."""
        self.spans.add([SPAN] * count)
        self.export.ring()


@pytest.fixture
def process():
    """Makes one process, which is ended."""
    made = []

    def make(*arguments, **named):
        made.append(Process(*arguments, **named))
        made[-1].export.start()
        return made[-1]

    yield make
    for each in made:
        each.export.end()


def until(condition):
    """Let the other greenlets run until *condition* holds."""
    with gevent.Timeout(10):
        while not condition():
            gevent.sleep(0.001)


def test_a_batch_goes_as_one_request(process):
    """
    What the collector wants to see with each request comes from a file.
    """
    with Collector() as collector:
        sending = process(collector.url)
        sending.send(BATCH + 1)
        until(lambda: sending.spans.exported == BATCH + 1)
        assert [BATCH, 1] == [call.body.count(b"mail.commit") for call in collector.calls]
        call = collector.calls[0]
    assert ("POST /v1/traces HTTP/1.1", "Bearer abc", "application/x-protobuf") == (
        *(call.line, call.field("authorization")),
        call.field("content-type"),
    )


def test_a_collector_that_is_busy_gets_the_batch_again_and_one_that_refuses_does_not(process):
    """
    Each outage is said once, and its end as well.
    """
    busy, refused = answer(503), answer(400, b"no such tenant")
    with Collector(b"", busy, TAKEN, refused, TAKEN) as collector:
        sending = process(collector.url)
        sending.send()
        until(lambda: sending.spans.exported == 1)
        sending.send(2)
        until(lambda: sending.spans.dropped == 2)
        sending.send()
        until(lambda: sending.spans.exported == 2)
        assert 5 == len(collector.calls)
    assert [TracesUnexported, TracesExported, TracesUnexported, TracesExported] == [*map(type, sending.seen)]
    assert ("HTTP status 400: the spans are dropped", 2) == (sending.seen[2].error, sending.seen[3].dropped)


def test_spans_that_a_collector_refuses_among_others_are_dropped_and_said(process):
    """
    It takes the others and answers 200, so that nothing else would tell that they are missing. They are not sent again.
    """
    told = ExportTraceServiceResponse()
    told.partial_success.rejected_spans, told.partial_success.error_message = 2, "too old"
    note = ExportTraceServiceResponse()
    note.partial_success.error_message = "42"  # words of the collector, which refuses nothing
    answers = [answer(200, each.SerializeToString()) for each in (note, told)]
    with Collector(*answers, answer(200, b"<html>")) as collector:
        sending = process(collector.url)
        sending.send()
        until(lambda: sending.spans.exported == 1)
        assert [] == sending.seen
        sending.send(5)
        until(lambda: sending.spans.exported == 4)
        sending.send()
        until(lambda: sending.spans.exported == 5)
        assert 3 == len(collector.calls)
    assert [TracesUnexported(error="2 of 5 spans are refused: too old"), TracesExported(dropped=2)] == sending.seen


@pytest.mark.parametrize("wanted", ["1", "Wed, 21 Oct 2015 07:28:00 GMT", "soon"])
def test_a_busy_collector_is_left_alone_as_long_as_it_asks(wanted, process):
    """
    Retry-After has seconds or an instant; other words do not count.
    """
    with Collector(answer(429, Retry_After=wanted), TAKEN) as collector:
        sending = process(collector.url)
        began_at = time.monotonic()
        sending.send()
        until(lambda: sending.spans.exported == 1)
        assert wanted != "1" or time.monotonic() - began_at >= 1.0
        assert 2 == len(collector.calls)


def test_the_end_of_a_process_does_not_wait_for_a_collector(process):
    """
    What is left is dropped.
    """
    with Collector() as gone:
        url = gone.url
    sending = process(url)
    sending.send(3)
    until(lambda: sending.seen)
    with gevent.Timeout(5):
        sending.export.end()
    assert (0, 3) == (sending.spans.exported, sending.spans.dropped)


def test_a_fault_costs_the_batch_alone(process):
    """
    It ends neither the process nor the export.
    """

    def encode(spans, resource):
        if len(spans) == 2:
            raise ValueError("a fault")
        return request_of(spans, resource)

    with Collector() as collector:
        sending = process(collector.url, encode)
        sending.send(2)
        until(lambda: sending.spans.dropped == 2)
        sending.send()
        until(lambda: sending.spans.exported == 1)


def test_spans_that_come_during_a_request_wait_for_others(process):
    """
    Else a busy process makes a request for each of its messages.
    """
    made = []

    def encode(spans, resource):
        made.append((len(spans), time.monotonic()))
        sending.spans.add([SPAN] * 5)  # as mail does meanwhile
        return request_of(spans, resource)

    with Collector() as collector:
        sending = process(collector.url, encode)
        sending.send()
        until(lambda: len(made) == 3)
    assert [1, 5, 5] == [count for count, _ in made]
    assert made[2][1] - made[1][1] > 0.5
