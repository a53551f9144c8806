"""
lease_trace - what traces show of one lease

Nothing is made of a message until it is over, and then only if its trace is kept: it is one of the ratio, or it failed
or was slow. Then the spans come from what the attempt leaves behind anyway, and from the marks of its connection. The
commit of its fates comes later, and with it the last spans.
"""

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from empath.daemon.process.tracing import Tracing
from empath.daemon.worker.transport.carrier import Answer, HostAttempt
from empath.mail.outcome import Outcome
from empath.policy.tracing import spans as s
from empath.policy.tracing.context import TraceContext, trace_id_of
from empath.policy.tracing.stages import stage_times
from empath.storage.queue.lease import Lease, LeasedMessage
from empath.storage.queue.tracing import KeepTrace

_DELIVERED: Final = Outcome.DELIVERED


class _Part(NamedTuple):
    """A message whose fates are decided and not on the disk yet. Shape: context is that of its span `mail.lease`."""

    message: LeasedMessage
    context: TraceContext
    parent_id: str | None
    began_at: float
    attempts: Sequence[s.Span]
    error: str | None


class LeaseTrace:
    """The messages of one lease. Call `close` last."""

    def __init__(self, tracing: Tracing, lease: Lease) -> None:
        self._tracing = tracing
        self._lease = lease
        self._began_at = time.time()  # the lease, then each further message
        self._context: TraceContext | None = None  # of the message under way, if its trace is kept
        self._given: TraceContext | None = None  # the span above
        self._parts: list[_Part] = []

    def begin(self, message: LeasedMessage) -> None:
        """The lease turns to *message*."""
        self._context = None
        given = self._given = None if message.traceparent is None else TraceContext.find(message.traceparent)
        if given is not None and given.is_sampled:
            self._keep(message, given.trace_id)

    def judge(self, message: LeasedMessage, tried: Sequence[HostAttempt]) -> KeepTrace | None:
        """
        Take what became of *message*, just before that is logged and written; the write that is to go with it.
        """
        try:
            return self._judge(message, tried)
        except Exception as exc:  # noqa: BLE001 - the mail may be delivered, and its fate must be written
            self._tracing.fail(exc)
            return None

    def _judge(self, message: LeasedMessage, tried: Sequence[HostAttempt]) -> KeepTrace | None:
        began_at, self._began_at = self._began_at, time.time()
        write = None
        if self._context is None:
            has_failed = any(answer.outcome is not _DELIVERED for each in tried for answer in each.answers)
            if not self._tracing.sampling.keeps(self._began_at - began_at, has_failed=has_failed):
                return None
            trace_id = trace_id_of(message.queue_id) if self._given is None else self._given.trace_id
            write = KeepTrace(message.message_id, self._keep(message, trace_id))
        context = self._context
        assert context is not None
        attempts = [span for each in tried for span in self._spans_of(each, context)]
        errors = (span.error for span in attempts if span.error is not None)
        parent_id = None if self._given is None else self._given.span_id
        self._parts.append(_Part(message, context, parent_id, began_at, attempts, next(errors, None)))
        return write

    @property
    def waits(self) -> bool:
        """Whether spans wait for the next commit."""
        return bool(self._parts)

    def written(self, began_at: float, ended_at: float) -> None:
        """The commit of all that was judged so far took from *began_at* to *ended_at*."""
        parts, self._parts = self._parts, []
        for part in parts:
            try:
                self._tracing.record(self._whole(part, began_at, ended_at))
            except Exception as exc:  # noqa: BLE001 - as above
                self._tracing.fail(exc)
            self._tracing.traced.end(part.message.queue_id)

    def close(self) -> None:
        """The lease is over, however it ended."""
        if self._context is not None or self._parts:
            for message in self._lease.messages:
                self._tracing.traced.end(message.queue_id)

    def _keep(self, message: LeasedMessage, trace_id: str) -> TraceContext:
        context = self._context = TraceContext(trace_id, self._tracing.new_span_id(), True)
        self._tracing.traced.begin(message.queue_id, context)
        return context

    def _whole(self, part: _Part, began_at: float, ended_at: float) -> list[s.Span]:
        message, context = part.message, part.context
        attributes: s.Attributes = (
            (s.CLIENT_ADDRESS, message.client_address or None),
            (s.USER_NAME, message.account),
            (s.PRIORITY, message.priority),
            (s.QUEUE_ID, message.queue_id),
            (s.DESTINATION, self._lease.destination),
            (s.LEASE_ID, self._lease.lease_id),
            (s.RECIPIENTS, len(message.recipients)),
            (s.ATTEMPTS, message.recipients[0].attempts + 1 if message.recipients else None),
        )
        return [
            s.Span(s.LEASE, context, part.parent_id, part.began_at, ended_at, attributes, part.error),
            *part.attempts,
            s.Span(s.SETTLE, self._tracing.below(context), context.span_id, began_at, ended_at),
        ]

    def _spans_of(self, host_attempt: HostAttempt, lease: TraceContext) -> Iterator[s.Span]:
        """The attempt with one host, and below it its stages."""
        attempt, answers = host_attempt.attempt, host_attempt.answers
        context = self._tracing.below(lease)
        began_at, ended_at = attempt.started_at, attempt.started_at + attempt.duration_s
        stages = []
        marks = host_attempt.marks
        if marks is not None and marks.noted:
            offset = time.time() - time.monotonic()
            if marks.noted[-1][0] is not None:  # it ended within a stage
                marks.add(None, max(ended_at - offset, marks.noted[-1][1]))
            for stage, since, until in stage_times(marks.noted):
                name = s.OF_STAGE[stage]
                stages.append(s.Span(name, self._tracing.below(lease), context.span_id, since + offset, until + offset))
            began_at = min([began_at, *(stage.began_at for stage in stages[:1])])  # the look-up comes before the host
            marks.on_quit = partial(self._quit, context)
        failed = next((answer for answer in answers if answer.outcome is not _DELIVERED), None)
        error = None if failed is None else failed.said.reply.escaped()
        attributes = _attributes(host_attempt, failed or answers[0]) if answers else ()
        yield s.Span(s.ATTEMPT, context, lease.span_id, began_at, ended_at, attributes, error)
        yield from stages

    def _quit(self, attempt: TraceContext) -> None:
        now = time.time()
        self._tracing.record((s.Span(s.QUIT, self._tracing.below(attempt), attempt.span_id, now, now),))


def _attributes(host_attempt: HostAttempt, answer: Answer) -> s.Attributes:
    attempt, answers = host_attempt.attempt, host_attempt.answers
    delivered = sum(each.outcome is _DELIVERED for each in answers)
    return (
        (s.SERVER_ADDRESS, attempt.host),
        (s.PEER_ADDRESS, attempt.peer_address),
        (s.TLS_VERSION, None if attempt.tls is None else attempt.tls.version),
        (s.STAGE, str(answer.said.stage)),
        (s.REPLY, answer.said.reply.escaped()),
        (s.RECIPIENTS, len(answers)),
        (s.DELIVERED, delivered),
        (s.ERROR_TYPE, None if answer.outcome is _DELIVERED else answer.outcome.name.lower()),
    )
