"""span_queue - spans that wait for the collector, bounded: what comes beyond the bound is dropped and counted"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from empath.policy.tracing.spans import Span

MOST_SPANS: Final = 8_192
BATCH: Final = 1_024  # spans of one request: a request takes the CPU of a hundred spans


class SpanQueue:
    """
    Spans in the order in which they ended.

    Shape: exported counts what a collector has taken, dropped what it will never get.
    """

    __slots__ = ("_most", "_waiting", "dropped", "exported")

    def __init__(self, most: int = MOST_SPANS) -> None:
        self.exported = 0
        self.dropped = 0
        self._most = most
        self._waiting: deque[Span] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def has_batch(self) -> bool:
        """Whether as many spans wait as one request takes."""
        return len(self._waiting) >= BATCH

    def add(self, spans: Iterable[Span]) -> None:
        """Let *spans* wait, as far as there is room."""
        for span in spans:
            if len(self._waiting) < self._most:
                self._waiting.append(span)
            else:
                self.dropped += 1

    def take(self) -> list[Span]:
        """The next batch, which waits no more."""
        return [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]

    def drop_all(self) -> None:
        """Give up what waits."""
        self.dropped += len(self._waiting)
        self._waiting.clear()
