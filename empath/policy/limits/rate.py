"""
rate - how often something may happen, as a token bucket

A bucket of a rate of 100 in a minute holds 100 tokens at most, and gets another one each 0.6 s.  One number is all of
its state: the instant at which it will be full again.  A bucket that is full needs no state, so a row whose instant is
past may be removed at any time.

A process takes tokens for a while in advance, and returns those that it did not use, in one exchange.  So the processes
of an instance keep to the rate together.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """
    *count* times in *period_s* seconds. As many may come at once.

    Shape: both are at least 1.
    """

    count: int
    period_s: float

    @property
    def interval_s(self) -> float:
        """Seconds after which a bucket gets another token."""
        return self.period_s / self.count


@dataclass(frozen=True, slots=True)
class Exchange:
    """
    What came of an exchange with a bucket.

    Shape: granted is the number of tokens taken; full_at, Unix seconds, is the new state; next_s is the number of
    seconds until the bucket has a token again, 0 if it has one now.
    """

    granted: int
    full_at: float
    next_s: float


def exchange(rate: Rate, full_at: float, now: float, *, returned: int, wanted: int) -> Exchange:
    """
    Return tokens to a bucket and take up to *wanted* from it.

    *full_at* is its state, 0 for a bucket without one; both instants are Unix seconds. A clock that steps back does not
    make a bucket emptier than empty.
    """
    interval_s = rate.interval_s
    until = min(max(full_at, now), now + rate.period_s)
    until = max(now, until - returned * interval_s)
    free = int((now + rate.period_s - until) / interval_s + 1e-6)  # the sum of many intervals is not exact
    granted = min(wanted, free)
    until += granted * interval_s
    return Exchange(granted, until, max(0.0, until + interval_s - now - rate.period_s) if granted == free else 0.0)


def portion(rate: Rate, processes: int) -> int:
    """
    The tokens that one of *processes* takes in advance: its share, at least one.

    A single process takes all there are, and has no need to ask again before it returns what is left.
    """
    return max(1, rate.count // processes)
