"""tracing - a message that was in no trace is in one from now on, because something of it has failed or was slow"""

from empath.policy.tracing.context import TraceContext
from empath.storage.engine import Session
from empath.storage.write import Write


class KeepTrace(Write):
    """Let later spans of the message hang below *context*."""

    def __init__(self, message_id: int, context: TraceContext) -> None:
        super().__init__()
        self._keys = {"message_id": message_id, "traceparent": str(context)}

    def run(self, session: Session) -> None:
        session.run("tracing.keep", self._keys)
