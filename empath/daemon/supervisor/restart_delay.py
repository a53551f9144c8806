"""restart_delay - how long a process that died young waits for its next start"""

from empath.daemon.supervisor.patience import Patience


class RestartDelay:
    """
    The wait of one slot, or of the template. Its times are monotonic seconds.

    `failures` counts early deaths in a row. Before `not_before` nothing starts.
    """

    __slots__ = ("_patience", "failures", "not_before")

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self.failures = 0
        self.not_before = 0.0

    def died(self, started_at: float, now: float) -> float:
        """Take note of a death. Returns the seconds to wait, 0 if the process had lived long enough."""
        patience = self._patience
        if now - started_at >= patience.young_s:
            self.failures = 0
            self.not_before = now
            return 0.0
        self.failures += 1
        delay_s = min(patience.delay_s * 2.0 ** min(self.failures - 1, 16), patience.max_delay_s)
        self.not_before = now + delay_s
        return delay_s

    def refused(self, now: float) -> None:
        """Take note that the system could not start it: wait as long as after many early deaths."""
        self.not_before = now + self._patience.max_delay_s
