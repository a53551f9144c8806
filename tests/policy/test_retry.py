"""The schedule of attempts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.mail.identity import Timestamp
from empath.policy.retry import RetrySchedule, is_expired, parse_steps, steps_text

NOW = Timestamp(1_763_800_000.0)


def test_delays_double_up_to_the_ceiling():
    """
    A peer that is down for long is asked less and less often.
    """
    schedule = RetrySchedule(base_s=60, max_s=14_400, jitter=0.2)
    delays = [round(schedule.next_retry_at(NOW, attempts, 0.5) - NOW) for attempts in range(1, 11)]
    assert [60, 120, 240, 480, 960, 1920, 3840, 7680, 14_400, 14_400] == delays


@pytest.mark.parametrize(("uniform", "delay_s"), [(0.0, 80), (0.5, 100), (1.0, 120)])
def test_jitter_stretches_to_both_sides(uniform, delay_s):
    """
    Recipients that failed together are tried at different times.
    """
    assert delay_s == pytest.approx(RetrySchedule(100, 1000, 0.2).next_retry_at(NOW, 1, uniform) - NOW)


@given(
    base_s=st.floats(1, 1e6),
    factor=st.floats(1, 1e3),
    jitter=st.floats(0, 1),
    uniform=st.floats(0, 1),
    attempts=st.integers(1, 10**9),
)
def test_the_next_attempt_is_later_and_within_bounds(base_s, factor, jitter, uniform, attempts):
    """
    No number of attempts overflows, and no jitter makes a busy loop.
    """
    max_s = base_s * factor
    delay_s = RetrySchedule(base_s, max_s, jitter).next_retry_at(NOW, attempts, uniform) - NOW
    assert 0.99 <= delay_s <= max_s * (1 + jitter) + 1.01


@pytest.mark.parametrize(("age_s", "expected"), [(99.0, False), (100.0, True), (1e9, True)])
def test_mail_expires_once_its_lifetime_is_over(age_s, expected):
    """
    The attempt that ends at expires_at or later is the last one.
    """
    assert expected == is_expired(Timestamp(NOW + age_s), Timestamp(NOW + 100))


def test_a_lifetime_of_zero_is_one_attempt():
    """
    The first deferral is the last.
    """
    assert is_expired(NOW, NOW)


def test_listed_delays_take_the_place_of_doubling():
    """
    "1m 5m*2 1h*3": the last one is repeated until the lifetime is over.
    """
    schedule = RetrySchedule(jitter=0, steps=((60, 1), (300, 2), (3600, 3)))
    delays = [schedule.next_retry_at(NOW, attempts, 0.5) - NOW for attempts in range(1, 9)]
    assert [60, 300, 300, 3600, 3600, 3600, 3600, 3600] == delays


def test_listed_delays_have_the_jitter_too():
    """
    Recipients that failed together are tried at different times.
    """
    assert 80 == pytest.approx(RetrySchedule(jitter=0.2, steps=((100, 1),)).next_retry_at(NOW, 1, 0.0) - NOW)


@pytest.mark.parametrize("text", ["1m", "1m 5m*2 1h*3", "1500ms 7d*9999"])
def test_a_list_of_delays_is_written_as_it_is_read(text):
    """
    `empathd check --effective` prints what a file could have.
    """
    steps = parse_steps(text)
    assert steps == parse_steps(steps_text(steps))


@pytest.mark.parametrize("text", ["", "5m*0", "1m 500ms", "1m x", "5m*10000", "5m*2*2"])
def test_what_is_no_list_of_delays_is_refused(text):
    """
    A busy loop would be one, too.
    """
    with pytest.raises(SyntaxViolation):
        parse_steps(text)


def test_the_first_delay_is_known_without_the_jitter():
    """
    From then on mail may go in the clear where TLS is optional and fails.
    """
    assert [60.0, 7.0] == [RetrySchedule(60.0).first_s, RetrySchedule(steps=((7.0, 2), (9.0, 1))).first_s]
