"""What the wishes of a client about time and priority mean for the queue."""

import pytest

from empath.mail.identity import Timestamp
from empath.mail.timing import DeliverBy, Hold
from empath.policy.timing import (
    HELD_TOO_LONG,
    OVER,
    TOO_LONG_A_HOLD,
    TOO_NEAR,
    TimingLimits,
    day_of,
    find_refusal,
    latest_release,
    priority_class,
    timing,
)

NOW = Timestamp(1_800_000_000.5)
LIMITS = TimingLimits(hold_s=3600, deliver_by_s=60)
HOUR, PAST = Hold(for_s=3600), Hold(until=Timestamp(NOW - 10))


@pytest.mark.parametrize(
    ("hold", "by", "refusal"),
    [
        (None, None, None),
        (HOUR, None, None),
        (Hold(for_s=3601), None, TOO_LONG_A_HOLD),
        (Hold(until=Timestamp(NOW + 3600)), None, None),
        (Hold(until=Timestamp(NOW + 3601)), None, TOO_LONG_A_HOLD),
        (PAST, None, None),
        (None, DeliverBy(60, returns=True), None),
        (None, DeliverBy(59, returns=True), TOO_NEAR),
        (None, DeliverBy(0, returns=True), OVER),
        (None, DeliverBy(-5, returns=False), None),
        (HOUR, DeliverBy(3600, returns=True), HELD_TOO_LONG),
        (HOUR, DeliverBy(3601, returns=True), None),
        (HOUR, DeliverBy(60, returns=False), None),
    ],
)
def test_a_wish_that_cannot_be_kept_is_refused_at_mail(hold, by, refusal):
    """
    RFC 4865 §4, RFC 2852 §4: the client still has the mail, and can tell its user.
    """
    assert refusal == find_refusal(hold, by, NOW, LIMITS)


@pytest.mark.parametrize(
    ("hold", "by", "release_s", "expires_s", "report_s"),
    [
        (None, None, 0, 1000, None),
        (HOUR, None, 3600, 4600, 3650),
        (PAST, None, 0, 1000, None),
        (None, DeliverBy(100, returns=True), 0, 100, None),
        (None, DeliverBy(5000, returns=True), 0, 1000, None),
        (None, DeliverBy(100, returns=False), 0, 1000, 100),
        (HOUR, DeliverBy(4000, returns=True), 3600, 4000, 3650),
        (HOUR, DeliverBy(4000, returns=False), 3600, 4600, 4000),
    ],
)
def test_a_lifetime_begins_with_the_release_and_ends_with_the_deadline(hold, by, release_s, expires_s, report_s):
    """
    Mail that was held for longer than its lifetime must still be tried as long as other mail.
    """
    due = timing(hold, by, NOW, lifetime_s=1000, delay_warning_s=50)
    report = None if report_s is None else NOW + report_s
    assert (NOW + release_s, NOW + expires_s, report) == (due.release_at, due.expires_at, due.delay_report_at)


def test_without_reports_of_delays_a_hold_makes_none():
    """
    [retry] delay_warning = "0s" means never.
    """
    assert timing(HOUR, None, NOW, lifetime_s=1000, delay_warning_s=0).delay_report_at is None


def test_the_last_release_is_an_instant_that_a_client_may_use_all_day():
    """
    RFC 4865 §4: EHLO names it, and one value serves all sessions of a day.
    """
    assert "2027-01-15T01:00:00Z" == latest_release(day_of(NOW), 3600)
    assert Timestamp(day_of(NOW) * 86_400 + 3600) <= NOW + 3600


def test_a_higher_priority_is_never_a_worse_class():
    """
    RFC 6710: -9 to 9, and 0 is the usual one.
    """
    assert [4] * 6 + [3] * 3 + [2] + [1] * 3 + [0] * 6 == [priority_class(number) for number in range(-9, 10)]
