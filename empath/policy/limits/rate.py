"""
rate - how often something may happen, as a token bucket

A bucket of a rate of 100 in a minute gets another token each 0.6 s.  It holds 100 at most, or as many as its burst
says.  One number is all of its state: the instant at which it will be full again.  A bucket that is full needs no
state, so a row whose instant is past may be removed at any time.

A process takes tokens for a while in advance, and returns those that it did not use, in one exchange.  So the processes
of an instance keep to the rate together.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """
    *count* times in *period_s* seconds. As many may come at once, unless *burst* says how many.

    Shape: all are at least 1.
    """

    count: int
    period_s: float
    burst: int | None = None

    @property
    def interval_s(self) -> float:
        """Seconds after which a bucket gets another token."""
        return self.period_s / self.count

    @property
    def capacity(self) -> int:
        """Most tokens in a bucket."""
        return self.count if self.burst is None else self.burst

    @property
    def fill_s(self) -> float:
        """Seconds after which an empty bucket is full."""
        return self.period_s if self.burst is None else self.burst * self.interval_s


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
    interval_s, fill_s = rate.interval_s, rate.fill_s
    until = min(max(full_at, now), now + fill_s)
    until = max(now, until - returned * interval_s)
    free = int((now + fill_s - until) / interval_s + 1e-6)  # the sum of many intervals is not exact
    granted = min(wanted, free)
    until += granted * interval_s
    return Exchange(granted, until, max(0.0, until + interval_s - now - fill_s) if granted == free else 0.0)


def portion(rate: Rate, processes: int) -> int:
    """
    The tokens that one of *processes* takes in advance: its share, at least one.

    A single process takes all there are, and has no need to ask again before it returns what is left.
    """
    return max(1, rate.count // processes)
