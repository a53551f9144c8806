"""How many connections a destination gets, and when it gets none."""

import math

import pytest

from empath.mail.identity import Timestamp
from empath.policy.concurrency import START, LeaseReport, Standing, after_lease
from empath.policy.retry import RetrySchedule

NOW = Timestamp(1_700_000_000.0)
MINUTES = RetrySchedule(base_s=60.0, max_s=14_400.0, jitter=0.0)
FAILED = LeaseReport(failures=1, is_unreachable=True)


def after(
    old: Standing,
    *reports: LeaseReport,
    most: int = 20,
    has_company: bool = False,
    now: Timestamp = NOW,
    retries: RetrySchedule = MINUTES,
) -> Standing:
    for seen in reports:
        old = after_lease(old, seen, most=most, has_company=has_company, now=now, retries=retries, uniform=0.5)
    return old


def test_f12_the_window_opens_by_one_for_each_window_of_messages() -> None:
    """
    A destination gets more connections as long as it bears them.
    """
    four, one, many = LeaseReport(sessions=4), LeaseReport(sessions=1), LeaseReport(sessions=20)

    assert Standing(START, 4) == after(Standing(), four)
    assert Standing(START + 1) == after(Standing(), four, one)
    assert Standing(START + 1) == after(Standing(), many)


def test_the_window_opens_to_the_configured_limit() -> None:
    """
    The limit of the configuration is never exceeded. At the limit nothing changes, so nothing is written.
    """
    at_limit = after(Standing(), *[LeaseReport(sessions=20)] * 99, most=7)

    assert Standing(7) == at_limit == after(at_limit, LeaseReport(sessions=20), most=7)
    assert Standing(20) == after(Standing(20), LeaseReport(sessions=1), most=2)


def test_f12_each_failure_closes_the_window_by_one_down_to_one() -> None:
    """
    A host that refuses connections gets fewer, but one is always tried.
    """
    failed = LeaseReport(failures=1)

    assert [4, 3, 2, 1, 1] == [after(Standing(), *[failed] * n).window for n in range(1, 6)]
    assert 1 == after(Standing(20), failed, most=2).window
    assert 1 == after(Standing(20), failed, most=0).window


def test_a_failure_is_followed_by_a_pause() -> None:
    """
    A host that allows two connections is not asked for a third one after each lease.
    """
    failed = after(Standing(3), LeaseReport(failures=1), has_company=True)
    leases = [LeaseReport(sessions=5)] * 5

    assert [2, 2, 2, 2, 3] == [after(failed, *leases[:n]).window for n in range(1, 6)]


def test_f12_the_breaker_opens_when_a_window_of_connections_has_failed() -> None:
    """
    Five connections are allowed, so four failures in a row are more than a window: 1/5 + 1/4 + 1/3 + 1/2.
    """
    assert after(Standing(), *[FAILED] * 3).breaker_until is None
    assert Standing(1, -10, openings=1, breaker_until=Timestamp(NOW + 60)) == after(Standing(), *[FAILED] * 4)


def test_the_breaker_stays_closed_while_another_lease_is_under_way() -> None:
    """
    It may deliver: a host that refuses the connections beyond the first is not dead.
    """
    failing = after(Standing(), *[FAILED] * 4, has_company=True)

    assert (1, None) == (failing.window, failing.breaker_until)
    assert NOW + 60 == after(failing, FAILED).breaker_until


@pytest.mark.parametrize("seen", [LeaseReport(sessions=1), LeaseReport(sessions=3, failures=1, is_unreachable=True)])
def test_a_session_ends_the_sum_of_failures(seen: LeaseReport) -> None:
    """
    Only failures without a success between them show that the destination is dead.
    """
    old = Standing(4, 0, failed_windows=0.9)

    assert after(old, seen).failed_windows < 0.5
    assert after(old, seen).breaker_until is None


def test_lost_sessions_close_the_window_but_do_not_open_the_breaker() -> None:
    """
    The host gave a session each time, and has said nothing of the other mail.
    """
    lost = LeaseReport(sessions=1, failures=1)

    assert (1, None) == (after(Standing(), *[lost] * 9).window, after(Standing(), *[lost] * 9).breaker_until)


def test_a_probe_that_fails_opens_the_breaker_for_twice_as_long() -> None:
    """
    The time grows to a quarter of an hour: then the end of an outage is noticed soon enough.
    """
    standing, times = after(Standing(), *[FAILED] * 4), []
    for _ in range(6):
        assert standing.breaker_until is not None
        now = Timestamp(standing.breaker_until)
        standing = after(standing, FAILED, now=now)
        times.append(standing.breaker_until - now if standing.breaker_until else math.nan)

    assert [120, 240, 480, 900, 900, 900] == times
    assert 7 == standing.openings


def test_a_failure_while_the_breaker_is_open_does_not_prolong_it() -> None:
    """
    It belongs to the leases that opened it.
    """
    opened = after(Standing(), *[FAILED] * 4)

    assert (opened.breaker_until, 1) == (after(opened, FAILED).breaker_until, after(opened, FAILED).openings)


def test_a_session_closes_the_breaker() -> None:
    """
    Also that of a lease that was taken before it opened.
    """
    opened = after(Standing(), *[FAILED] * 4)

    assert Standing(1, -9) == after(opened, LeaseReport(sessions=1))


def test_the_first_time_is_the_first_delay_of_the_destination() -> None:
    """
    Whoever has set longer delays for a destination does not want it probed sooner.
    """
    steps = RetrySchedule(jitter=0.0, steps=((1800.0, 1), (7200.0, 1)))
    short = RetrySchedule(base_s=10.0, max_s=20.0, jitter=0.5)

    assert NOW + 1800 == after(Standing(1), FAILED, retries=steps).breaker_until
    assert NOW + 1800 == after(Standing(1, openings=3), FAILED, retries=steps).breaker_until
    assert NOW + 10 == after(Standing(1), FAILED, retries=short).breaker_until
