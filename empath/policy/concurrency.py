"""
concurrency - how many connections a destination gets, and when it gets none

THEORY
    Each destination has a window: as many leases as its hosts have borne so far.  It opens by one for each window of
    messages that had a session, at most once a lease, and closes by one for each connection that failed or was lost.
    A connection that failed also costs a pause: the next ten windows of messages do not open it.  So a host that allows
    two connections is asked for a third one now and then, and not after each lease.

    Failures without a success between them add up: each counts as one part of the window.  When they make a whole
    window, and no other lease of the destination is under way, the circuit breaker opens: nothing is tried for a while.
    Then it is half open: one lease with one message goes as a probe.  A session closes the breaker; a failure opens it
    again, for longer.

    Postfix does the same (qmgr_feedback), with parts of a window of one by the window on both sides.
"""

from typing import Final, NamedTuple

from empath.mail.identity import Timestamp
from empath.policy.retry import RetrySchedule

MESSAGES: Final = 20  # most messages of one lease
MESSAGES_PER_EXTRA_LEASE: Final = 4  # number of due messages that justify one more connection
START: Final = 5  # window of a new destination, as in sql/
_PAUSE: Final = 10  # windows of messages after a failure that do not open the window
_LONGEST_OPEN_S: Final = 900.0  # unless the first delay of the retry schedule is longer
_WHOLE: Final = 1.0 - 1e-6  # a sum of parts is not exact


class Standing(NamedTuple):
    """
    What the leases so far say of a destination.

    Shape: window >= 1; successes counts messages since the window last changed, below 0 in a pause; failed_windows is
    the sum of the failures since the last session; openings counts how often the breaker opened in a row; breaker_until
    is None while it is closed. From breaker_until on it is half open.
    """

    window: int = START
    successes: int = 0
    failed_windows: float = 0.0
    openings: int = 0
    breaker_until: float | None = None


class LeaseReport(NamedTuple):
    """
    What one lease saw.

    Shape: sessions counts its messages that a host was asked about, failures its connections that failed or were lost;
    is_unreachable says that its last message reached no host.
    """

    sessions: int = 0
    failures: int = 0
    is_unreachable: bool = False


def after_lease(
    old: Standing,
    seen: LeaseReport,
    *,
    most: int,
    has_company: bool,
    now: Timestamp,
    retries: RetrySchedule,
    uniform: float,
) -> Standing:
    """
    The standing after a lease that ended at *now*.

    *most* is the configured limit. *has_company*: another lease of the destination is under way. *retries* is the
    schedule of the destination, *uniform* in 0..1 picks the place within its jitter.
    """
    new = old
    if seen.sessions:
        new = _opened(new._replace(failed_windows=0.0, openings=0, breaker_until=None), seen.sessions, most)
    if seen.failures:
        window = max(1, min(new.window, max(most, 1)) - seen.failures)
        failed_windows = new.failed_windows + seen.failures / new.window
        new = new._replace(window=window, successes=-_PAUSE * window, failed_windows=failed_windows)
    is_open = new.breaker_until is not None and new.breaker_until > now
    is_half_open = new.breaker_until is not None and not is_open
    has_failed = new.failed_windows >= _WHOLE and not has_company
    if seen.is_unreachable and not is_open and (is_half_open or has_failed):
        openings = new.openings + 1
        until = _open_times(retries).next_retry_at(now, openings, uniform)
        new = new._replace(failed_windows=0.0, openings=openings, breaker_until=until)
    return new


def _opened(standing: Standing, sessions: int, most: int) -> Standing:
    if standing.window >= most:
        return standing._replace(successes=0)
    successes = standing.successes + sessions
    if successes < standing.window:
        return standing._replace(successes=successes)
    return standing._replace(window=standing.window + 1, successes=0)


def _open_times(retries: RetrySchedule) -> RetrySchedule:
    """The first delay of the schedule, then twice as long each time."""
    first_s = retries.first_s
    return RetrySchedule(base_s=first_s, max_s=max(first_s, _LONGEST_OPEN_S), jitter=retries.jitter)
