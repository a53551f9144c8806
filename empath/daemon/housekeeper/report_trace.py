"""
report_trace - the traces of reports to senders

A report has a trace of its own, which is linked to that of the message that it is about. It is kept where that one is,
or where the ratio takes it.
"""

import time

from empath.daemon.process.tracing import Tracing
from empath.policy.tracing import spans as s
from empath.policy.tracing.context import TraceContext, trace_id_of
from empath.storage.queue.accept import NewMessage
from empath.storage.queue.reports import Case


class ReportTrace:
    """The report *queue_id* about one message."""

    def __init__(self, tracing: Tracing, case: Case, queue_id: str) -> None:
        self._tracing = tracing
        self._case = case
        self._began_at = time.time()
        self._cause = TraceContext.find(case.traceparent)
        trace_id = trace_id_of(queue_id)
        self._context: TraceContext | None = None
        if tracing.sampling.takes(trace_id) or (self._cause is not None and self._cause.is_sampled):
            self._context = TraceContext(trace_id, tracing.new_span_id(), True)

    @property
    def traceparent(self) -> str | None:
        """What the row of the report keeps of it."""
        return None if self._context is None else str(self._context)

    def queued(self, message: NewMessage) -> None:
        """The report is in the queue as *message*."""
        if self._context is None:
            return
        attributes: s.Attributes = (
            (s.QUEUE_ID, str(message.queue_id)),
            (s.SENDER, str(message.envelope.reverse_path)),
            (s.RECIPIENTS, len(message.destinations)),
            (s.SIZE, message.size),
            (s.REPORT_KIND, str(self._case.due.kind)),
        )
        links = () if self._cause is None else (self._cause,)
        span = s.Span(s.REPORT, self._context, None, self._began_at, time.time(), attributes, links=links)
        self._tracing.record((span,))
