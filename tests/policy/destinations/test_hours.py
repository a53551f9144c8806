"""The hours at which mail goes to a destination."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.mail.identity import Timestamp
from empath.policy.destinations.hours import Hours, Turn, closed_until

BERLIN = ZoneInfo("Europe/Berlin")
WORK = Hours.parse("Mon-Fri 08:00-12:00, 13:00-18:00, Sat 09:00-12:00 Europe/Berlin")


def at(text, zone=BERLIN):
    return Timestamp(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


@pytest.mark.parametrize(
    ("now", "is_open", "until"),
    [
        ("2026-11-30 07:59", False, "2026-11-30 08:00"),  # a Monday
        ("2026-11-30 08:00", True, "2026-11-30 12:00"),
        ("2026-11-30 12:00", False, "2026-11-30 13:00"),
        ("2026-12-04 18:00", False, "2026-12-05 09:00"),
        ("2026-12-05 12:00", False, "2026-12-07 08:00"),
    ],
)
def test_a_turn_says_whether_it_is_open_and_until_when(now, is_open, until):
    """
    The housekeeper looks again at that instant, and not before.
    """
    assert Turn(is_open, at(until)) == WORK.turn(at(now), BERLIN)


def test_hours_follow_the_clock_on_the_wall():
    """
    08:00 stays 08:00 when summer time ends; the night is an hour longer.
    """
    hours = Hours.parse("08:00-20:00 Europe/Berlin")
    closes_at = at("2026-10-24 20:00")
    assert Turn(False, Timestamp(closes_at + 13 * 3600)) == hours.turn(closes_at, BERLIN)


def test_a_window_may_go_on_into_the_next_day():
    """
    Bulk mail goes out by night.
    """
    hours = Hours.parse("Fri 22:00-06:00")
    assert Turn(True, at("2026-12-05 06:00", UTC)) == hours.turn(at("2026-12-05 03:00", UTC), UTC)
    assert Turn(False, at("2026-12-11 22:00", UTC)) == hours.turn(at("2026-12-05 06:00", UTC), UTC)


def test_windows_that_meet_are_one():
    """
    A destination that is suspended for no time at all would be logged as closed and opened.
    """
    assert Turn(True, None) == Hours.parse("00:00-24:00").turn(at("2026-12-05 03:00", UTC), UTC)
    assert Turn(True, at("2026-12-05 10:00", UTC)) == Hours.parse("08:00-09:00, 09:00-10:00").turn(
        at("2026-12-05 08:30", UTC), UTC
    )


def test_mail_waits_for_the_first_hours_after_an_instant():
    """
    Both settings hold.
    """
    monday, sunday = at("2026-11-30 09:00"), at("2026-12-06 00:00")
    assert Turn(False, at("2026-12-07 08:00")) == closed_until(WORK, BERLIN, sunday, monday)
    assert Turn(False, sunday) == closed_until(None, UTC, sunday, monday)
    assert Turn(False, at("2026-12-01 09:00")) == closed_until(WORK, BERLIN, at("2026-12-01 09:00"), monday)
    assert Turn(True, None) == closed_until(None, UTC, None, monday)
    assert WORK.turn(monday, BERLIN) == closed_until(WORK, BERLIN, at("2026-11-01 00:00"), monday)


@pytest.mark.parametrize("text", ["Sat-Mon 08:00-09:00", "Mon Wed 22:00-02:00 Asia/Kolkata", "23:00-24:00 Etc/GMT+5"])
def test_hours_are_written_as_they_are_read(text):
    """
    `check --effective` prints what a file could have.
    """
    hours = Hours.parse(text)
    assert hours == Hours.parse(str(hours))


def test_days_may_run_over_the_end_of_the_week():
    assert [(5, 6, 0)] == [window.days for window in Hours.parse("Sat-Mon 08:00-09:00").windows]


@given(
    now=st.floats(1.7e9, 1.9e9).map(Timestamp),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]),
    text=st.sampled_from(["Mon 08:00-08:01", "22:00-06:00", "Sat-Sun 00:00-24:00", "02:30-02:45", "Tue 23:00-01:00"]),
)
def test_a_turn_is_later_and_is_one(now, zone, text):
    """
    A turn that changes nothing, or that lies in the past, would be a busy loop.
    """
    hours, where = Hours.parse(text), ZoneInfo(zone)
    turn = hours.turn(now, where)
    assert turn.until is not None
    assert turn.until > now
    assert turn.is_open is not hours.turn(turn.until, where).is_open
