"""marks - what one attempt notes of its stages, where mail is traced"""

from collections.abc import Callable

from empath.mail.outcome import Stage
from empath.policy.tracing.stages import Mark


class Marks:
    """
    The marks of one attempt with one host, in monotonic seconds.

    A connection outlives the attempt. `on_quit` is told of its end, once the attempt is over and traced.
    """

    __slots__ = ("noted", "on_quit")

    def __init__(self) -> None:
        self.noted: list[Mark] = []
        self.on_quit: Callable[[], object] | None = None

    def add(self, stage: Stage | None, at: float) -> None:
        """A stage begins, or with None the last one is over."""
        self.noted.append((stage, at))

    def quit(self, at: float) -> None:
        """The connection ends with QUIT, whose reply nobody awaits."""
        if self.on_quit is not None:
            self.on_quit()
        else:
            self.noted += ((Stage.QUIT, at), (None, at))
