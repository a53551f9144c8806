"""traced - the messages of this process that are under way and whose trace is kept, for the log and the metrics"""

from empath.policy.tracing.context import TraceContext

_MOST = 100_000


class TracedMessages:
    """By queue id the span that belongs to what is done with the message now."""

    __slots__ = ("_contexts",)

    def __init__(self) -> None:
        self._contexts: dict[str, TraceContext] = {}

    def begin(self, queue_id: str, context: TraceContext) -> None:
        """What happens with the message from now on belongs to *context*."""
        if len(self._contexts) < _MOST:
            self._contexts[queue_id] = context

    def end(self, queue_id: str) -> None:
        """Nothing more happens with it here; also of one that never began."""
        self._contexts.pop(queue_id, None)

    def find(self, what: object) -> TraceContext | None:
        """The span that an occurrence belongs to, None if it is about no message of these."""
        if not self._contexts:
            return None
        return self._contexts.get(getattr(what, "queue_id", None) or "")
