"""
retry - when a deferred recipient is tried again, and when no more

The instant and the random number are arguments, so a schedule can be replayed.
"""

from dataclasses import dataclass

from empath.mail.identity import Timestamp

_MAX_DOUBLINGS = 64  # keeps 2 ** n a finite float; the ceiling is met long before
_SHORTEST_S = 1.0


@dataclass(frozen=True, slots=True)
class RetrySchedule:
    """
    Capped exponential backoff.

    Shape: 0 < base_s <= max_s in seconds; jitter 0..1, the share by which a delay is stretched or shortened.
    """

    base_s: float = 60.0
    max_s: float = 14_400.0
    jitter: float = 0.2

    def next_retry_at(self, now: Timestamp, attempts: int, uniform: float) -> Timestamp:
        """
        The instant of the next attempt after the *attempts*-th failed one, counted from 1, ended at *now*.

        `min(base * 2^(attempts - 1), max) * U(1 - jitter, 1 + jitter)`, at least one second, where *uniform* in 0..1
        picks the place within the jitter.
        """
        doublings = min(attempts - 1, _MAX_DOUBLINGS)
        delay_s = min(self.base_s * 2.0**doublings, self.max_s)
        delay_s *= 1 - self.jitter + 2 * self.jitter * uniform
        return Timestamp(now + max(delay_s, _SHORTEST_S))


def is_expired(now: Timestamp, expires_at: Timestamp) -> bool:
    """
    Whether the deferral that ended at *now* was the last one.

    To be asked only after an attempt, never in its place: mail that was held or frozen for longer than its lifetime
    still gets one, and a lifetime of 0 gives exactly one.
    """
    return now >= expires_at
