"""Instants as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.mail.identity import Timestamp
from empath.policy.instants import parse_instant, parse_past

NOW = Timestamp(1_796_119_200.0)  # 2026-12-01 10:00:00


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("2026-12-01 08:00", 1_796_112_000), ("2026-12-01T08:00:00+01:00", 1_796_108_400), ("2026-12-01", 1_796_083_200)],
)
def test_an_instant_is_in_utc_unless_it_has_an_offset(text: str, seconds: float) -> None:
    """
    A file of settings is read alike on every host.
    """
    assert Timestamp(seconds) == parse_instant(text)


def test_what_is_no_instant_is_refused() -> None:
    """
    A setting does not move with the clock.
    """
    with pytest.raises(SyntaxViolation):
        parse_instant("tomorrow")


@pytest.mark.parametrize(
    ("text", "ago_s"),
    [
        ("now", 0),
        ("-1 hour", 3600),
        ("-90 minutes", 5400),
        ("- 1.5 days", 129_600),
        ("+0 seconds", 0),
        ("2 hours ago", 7200),
        ("1 Week", 604_800),
        ("999999999 weeks ago", 10 * 366 * 86_400),
        ("-1h", 3600),
        ("1h30m", 5400),
        ("90m ago", 5400),
        ("09:30", 1800),
        ("9:30:30", 1770),
        ("10:00", 0),
        ("23:00", 11 * 3600),
        ("today", 36_000),
        ("yesterday", 122_400),
        (" 2026-12-01 08:00 ", 7200),
        ("2026-12-01T11:00:00+02:00", 3600),
        ("1796119100", 100),
        ("1796119199.5", 0.5),
    ],
)
def test_an_instant_of_the_past_is_written_as_people_say_it(text: str, ago_s: float) -> None:
    """
    Who looks back says how long ago, or when.
    """
    assert ago_s == NOW - parse_past(text, NOW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "noon",
        "1",
        "-1",
        "1 year",
        "25:00",
        "9:60",
        "+1 hour",
        "2096-01-01",
        "1h 30",
        "h",
        "-",
        "1x",
        "9e9h",
    ],
)
def test_what_says_no_instant_of_the_past_is_refused(text: str) -> None:
    """
    A guess would show another hour than the one that was meant.
    """
    with pytest.raises(SyntaxViolation):
        parse_past(text, NOW)


@given(st.text(alphabet="0123456789:.-+ TZadhmnow", max_size=40))
def test_any_text_is_an_instant_of_the_past_or_refused(text: str) -> None:
    """
    Nothing else comes out of it.
    """
    try:
        assert parse_past(text, NOW) <= NOW
    except SyntaxViolation:
        pass
