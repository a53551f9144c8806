"""When the mail that waits for a destination will be gone."""

from datetime import UTC

import pytest

from empath.mail.identity import Timestamp
from empath.policy.concurrency import Standing
from empath.policy.destinations.hours import Hours
from empath.policy.forecast import Cohort, Forecast, Terms, forecast, grain_for
from empath.policy.limits.rate import Rate
from empath.policy.retry import RetrySchedule
from empath.policy.warmup import WarmupPlan, parse_days

NOW = 1_700_000_000.0  # a Tuesday, 22:13:20 UTC
DAY_S = 86_400.0
RETRIES = {"": RetrySchedule(base_s=60.0, max_s=600.0, jitter=0.0)}


def seen(terms: Terms, *cohorts: tuple[Cohort, int], horizon_s: float = 30 * DAY_S, grain_s: float = 0.0) -> Forecast:
    return forecast(dict(cohorts), terms, now=NOW, horizon_s=horizon_s, grain_s=grain_s)


def due(number: int, *, in_s: float = 0.0, recipients: int = 1) -> tuple[Cohort, int]:
    return Cohort(NOW + in_s, 0, NOW + DAY_S, recipients), number


def test_a_backlog_drains_over_the_connections_of_leases() -> None:
    """
    Four messages are worth a connection, the window begins with five, and each lease opens it by one.
    """
    assert Forecast(1, 1, NOW + 2, NOW + 2, NOW + 2, 1, 1) == seen(Terms(RETRIES, latency_s=2.0), due(1))
    assert NOW + 8 == seen(Terms(RETRIES, latency_s=2.0), due(4)).drained_at
    assert NOW + 40 == seen(Terms(RETRIES, latency_s=2.0), due(100)).drained_at
    assert NOW + 40 + 20 == seen(Terms(RETRIES, latency_s=2.0), due(200)).drained_at
    assert NOW + 400 == seen(Terms(RETRIES, concurrency=1, latency_s=2.0), due(200)).drained_at


def test_recipients_of_a_message_are_one_transaction() -> None:
    """
    They are counted one by one, and cost the time of one.
    """
    assert Forecast(300, 300, NOW + 1, NOW + 3, NOW + 3, 300, 300) == seen(Terms(RETRIES), due(3, recipients=100))


def test_mail_that_is_not_due_waits() -> None:
    """
    The first attempt of each is told apart from the end.
    """
    found = seen(Terms(RETRIES), due(1), due(2, in_s=600.0))
    assert (3, 1, NOW + 1, NOW + 602, NOW + 602) == (
        *(found.recipients, found.due, found.first_at, found.tried_at, found.drained_at),
    )


def test_deferred_mail_is_tried_by_its_schedule_and_expires() -> None:
    """
    After a failure at the end of the lifetime. The attempts end a second after they begin.
    """
    cohort = Cohort(NOW, 0, NOW + 300.0)
    found = seen(Terms(RETRIES, final_share=0.0), (cohort, 2))
    assert Forecast(2, 2, NOW + 1, NOW + 2, NOW + 302, 8, 0, 2) == found


def test_a_share_of_the_attempts_is_deferred() -> None:
    """
    Over all attempts, however few each lease has.
    """
    found = seen(Terms(RETRIES, final_share=0.75, concurrency=1), due(100))
    assert (100, 0) == (found.settled, found.expired)
    assert found.attempts == pytest.approx(133, abs=2)


def test_schedules_may_depend_on_the_domain_of_recipients() -> None:
    """
    Behind one next hop.
    """
    schedules = {**RETRIES, "slow.test": RetrySchedule(steps=((7_200.0, 1),), jitter=0.0)}
    terms = Terms(schedules, final_share=0.0)
    quick, slow = (Cohort(NOW, 0, NOW + 3_600.0, 1, domain) for domain in ("", "slow.test"))
    assert seen(terms, (slow, 1)).attempts == 2 < seen(terms, (quick, 1)).attempts


def test_suspension_hours_and_breaker_hold_mail_back() -> None:
    """
    Each until its end; hours that a suspension ends in are looked at again.
    """
    assert NOW + 61 == seen(Terms(RETRIES, suspended_until=NOW + 60), due(1)).drained_at
    assert NOW + 91 == seen(Terms(RETRIES, standing=Standing(breaker_until=NOW + 90)), due(1)).drained_at
    hours = Terms(RETRIES, hours=Hours.parse("08:00-09:00"), zone=UTC)
    found = seen(hours, due(1)).drained_at
    assert found == 1_700_035_201.0
    assert NOW + 301 == seen(Terms(RETRIES, not_before=Timestamp(NOW + 300)), due(1)).drained_at


def test_a_half_open_breaker_lets_one_message_through_first() -> None:
    """
    A session closes it; without one it opens again, for longer.
    """
    half_open = Standing(breaker_until=NOW)
    assert NOW + 1 + 4 == seen(Terms(RETRIES, standing=half_open), due(5)).drained_at
    silent = Terms(RETRIES, standing=half_open, final_share=0.0, reaches_hosts=False)
    assert 5 == seen(silent, due(5)).expired
    assert seen(silent, due(5)).attempts < seen(Terms(RETRIES, final_share=0.0), due(5)).attempts


def test_a_rate_gives_each_message_a_token() -> None:
    """
    Ten at once, then one each six seconds. The slower of two buckets counts.
    """
    found = seen(Terms(RETRIES, latency_s=0.1, buckets=((Rate(10, 60.0), 0.0), (Rate(1_000, 60.0), 0.0))), due(20))
    assert found.drained_at == pytest.approx(NOW + 60.0, abs=1.0)
    empty = Terms(RETRIES, buckets=((Rate(10, 60.0), NOW + 60.0),))
    assert seen(empty, due(1)).drained_at == pytest.approx(NOW + 7.0)


def test_a_warm_up_has_room_for_so_many_messages_a_day() -> None:
    """
    Over all source addresses; what is left waits for the next day, until a plan is over.
    """
    begun = NOW - 3_600.0
    plan = WarmupPlan("192.0.2.1", "*", begun, parse_days("10 20"))
    found = seen(Terms(RETRIES, warmups=((plan, 4),)), due(16))
    assert (NOW + 1, begun + DAY_S) == (found.first_at, found.drained_at and found.drained_at - 4)
    assert seen(Terms(RETRIES, warmups=((plan, 10),)), due(21)).drained_at == begun + 2 * DAY_S + 1
    other = WarmupPlan("192.0.2.2", "*", begun, parse_days("6"))
    assert seen(Terms(RETRIES, warmups=((plan, 4), (other, 0))), due(12)).drained_at == NOW + 4
    over = WarmupPlan("192.0.2.3", "*", begun - 9 * DAY_S, parse_days("1"))
    assert seen(Terms(RETRIES, warmups=((plan, 10), (over, 0))), due(12)).drained_at == NOW + 4
    closed = Terms(RETRIES, warmups=((plan, 10),), hours=Hours.parse("08:00-09:00"), zone=UTC)
    assert seen(closed, due(1)).drained_at == 1_700_035_200.0 + DAY_S + 1


def test_what_has_no_end_is_left() -> None:
    """
    A destination without connections, an instant after the horizon, more leases than a forecast looks at.
    """
    assert Forecast(2, 2, left=2) == seen(Terms(RETRIES, concurrency=0), due(2))
    assert 2 == seen(Terms(RETRIES), due(2, in_s=60.0), horizon_s=30.0).left
    assert Forecast() == seen(Terms(RETRIES))


def test_a_forecast_ends() -> None:
    """
    Whatever the lifetime.
    """
    terms = Terms(RETRIES, final_share=0.0)
    found = forecast(dict([due(1)]), terms, now=NOW, horizon_s=DAY_S, most_leases=3)
    assert (3, 1, None) == (found.attempts, found.left, found.drained_at)
    found = forecast(dict([due(1), due(1, in_s=1.0)]), terms, now=NOW, horizon_s=DAY_S, most_decisions=4)
    assert (4, 2, None) == (found.attempts, found.left, found.drained_at)


def test_a_grain_lets_cohorts_meet() -> None:
    """
    A queue of many destinations has a coarse one, so that its forecasts end within seconds.
    """
    terms = Terms(RETRIES, final_share=0.0)
    cohorts = [due(1, in_s=float(number)) for number in range(0, 100, 10)]
    assert 10 == seen(terms, *cohorts, grain_s=600.0).expired
    assert [0.0, 1.0, 15.0, 14_400.0, 14_400.0] == [
        grain_for(*size) for size in ((2_000, 50), (3_000, 0), (10_000, 1), (10**6, 1_000), (10**6, 10**6))
    ]
