"""
reception_trace - what a trace shows of the reception of one message

It notes instants while the message arrives. Whether it is kept is known at its end: only then are ids and spans made.
"""

import time
from typing import Final

from empath.daemon.acceptor.client import Client
from empath.daemon.process.tracing import Tracing
from empath.mail.reply import Reply
from empath.policy.tracing import spans as s
from empath.policy.tracing.context import TraceContext, trace_id_of
from empath.storage.queue.accept import NewMessage

_PUT_OFF: Final = "4yz"


class ReceptionTrace:
    """
    One message. `began_at` is when its part of the session began, in Unix seconds; *given* is the trace that it goes on
    in, None where it begins one. Call `finish` last, if `is_kept`.
    """

    __slots__ = (
        "_commit_began_at", "_commit_ended_at", "_context", "_given", "_mail_at", "_message", "_queue_id", "_tracing",
        "began_at",
    )  # fmt: skip

    def __init__(self, tracing: Tracing, began_at: float, given: TraceContext | None) -> None:
        self.began_at = began_at
        self._tracing = tracing
        self._given = given
        self._mail_at = time.time()
        self._queue_id = ""
        self._context: TraceContext | None = None  # None: the message is in no trace yet
        self._message: NewMessage | None = None
        self._commit_began_at = self._commit_ended_at = 0.0

    def content_ended(self, queue_id: str, traceparent: str | None) -> None:
        """All content of the message *queue_id* has come; *traceparent* is what its header says, if that counts."""
        self._queue_id = queue_id
        if self._given is None and traceparent is not None:
            self._given = TraceContext.find(traceparent)
        given = self._given
        if self._tracing.sampling.takes_message(queue_id) if given is None else given.is_sampled:
            self._keep()

    def traceparent(self) -> str | None:
        """What the row of the message keeps of it, just before the commit."""
        if self._is_worth_it(has_failed=False) and self._context is None:
            self._keep()
        if self._context is not None:
            return str(self._context)
        return None if self._given is None else str(self._given)

    def commit_begins(self, message: NewMessage) -> None:
        """*message* is on its way to the disk."""
        self._message = message
        self._commit_began_at = time.time()

    def commit_ended(self) -> None:
        """It is there, or not."""
        self._commit_ended_at = time.time()

    def is_kept(self, reply: Reply) -> bool:
        """Whether spans are to be made of it, now that the client gets *reply*."""
        return self._is_worth_it(has_failed=400 <= reply.code < 500)

    def _is_worth_it(self, *, has_failed: bool) -> bool:
        if self._context is not None:
            return True
        return self._tracing.sampling.keeps(time.time() - self._mail_at, has_failed=has_failed)

    def finish(self, reply: Reply, client: Client, protocol: str) -> None:
        """Make the spans. The client gets *reply*, also if that fails: the mail is on the disk."""
        try:
            self._finish(reply, client, protocol)
        except Exception as exc:  # noqa: BLE001 - see above
            self._tracing.fail(exc)

    def _finish(self, reply: Reply, client: Client, protocol: str) -> None:
        now, tracing = time.time(), self._tracing
        has_failed = reply.klass == 4
        context = self._context or self._keep()
        tracing.traced.end(self._queue_id)
        error = reply.escaped() if has_failed else None
        session = tracing.below(context)
        above = None if self._given is None else self._given.span_id
        account = None if client.account is None else client.account.name
        of_session = (
            (s.CLIENT_ADDRESS, client.address_text),
            (s.USER_NAME, account),
            (s.PROTOCOL, protocol),
            (s.TLS_VERSION, None if client.tls is None else client.tls.version),
        )
        of_message: s.Attributes = (
            (s.QUEUE_ID, self._queue_id),
            (s.REPLY, reply.escaped()),
            (s.ERROR_TYPE, _PUT_OFF if has_failed else None),
        )
        message = self._message
        if message is not None:
            of_message += (
                (s.SENDER, str(message.envelope.reverse_path)),
                (s.RECIPIENTS, len(message.destinations)),
                (s.SIZE, message.size),
                (s.PRIORITY, message.priority),
                (s.LISTENER, message.listener),
            )
        made = [
            s.Span(s.SESSION, session, above, self.began_at, now, of_session),
            s.Span(s.MESSAGE, context, session.span_id, self._mail_at, now, of_message, error),
        ]
        if self._commit_began_at:
            commit = tracing.below(context)
            ended_at = self._commit_ended_at or now
            made.append(s.Span(s.COMMIT, commit, context.span_id, self._commit_began_at, ended_at, (), error))
        tracing.record(made)

    def _keep(self) -> TraceContext:
        trace_id = trace_id_of(self._queue_id) if self._given is None else self._given.trace_id
        context = self._context = TraceContext(trace_id, self._tracing.new_span_id(), True)
        self._tracing.traced.begin(self._queue_id, context)
        return context
