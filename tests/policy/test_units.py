"""Durations and sizes as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.errors import SyntaxViolation
from empath.policy.limits.rate import Rate
from empath.policy.units import (
    delivery_rate_text,
    duration_text,
    octets_per_second_text,
    parse_delivery_rate,
    parse_duration,
    parse_octets_per_second,
    parse_rate,
    parse_size,
    rate_text,
    size_text,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0),
        ("250ms", 0.25),
        ("90s", 90),
        ("1.5h", 5400),
        ("10m", 600),
        ("1h30m", 5400),
        ("5d", 432_000),
        ("2w", 1_209_600),
    ],
)
def test_a_duration_is_a_sum_of_numbers_with_units(text, seconds):
    """
    The value is in seconds, whatever unit a person writes.
    """
    assert seconds == pytest.approx(parse_duration(text))


@pytest.mark.parametrize("text", ["", "60", "60 s", "s", "-1s", "1y", "1e3s", "1.s", "4000d", "٣s", "1s\n"])
def test_what_is_no_duration_is_refused(text):
    """
    A number without a unit is ambiguous, and a wrong guess errs by a factor of 60.
    """
    with pytest.raises(SyntaxViolation):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("0B", 0),
        ("512B", 512),
        ("256KiB", 262_144),
        ("1.5MiB", 1_572_864),
        ("1GiB", 2**30),
        ("1TiB", 2**40),
        ("1kB", 1000),
        ("1KB", 1000),
        ("50MB", 50_000_000),
        ("2GB", 2 * 10**9),
        ("1TB", 10**12),
    ],
)
def test_a_size_is_a_number_with_a_unit(text, octets):
    """
    MiB and MB differ by 5 %, and people use both.
    """
    assert octets == parse_size(text)


@pytest.mark.parametrize("text", ["", "1", "1K", "1 KiB", "-1B", "1kiB", "1mb", "lots", "9999999999TiB"])
def test_what_is_no_size_is_refused(text):
    """
    "1mb" is a millibit to some readers and a mebibyte to others.
    """
    with pytest.raises(SyntaxViolation):
        parse_size(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.25, "250ms"),
        (0.0000125, "0.0000125s"),
        (90, "90s"),
        (300, "5m"),
        (5400, "90m"),
        (604_800, "7d"),
        (1.5, "1.5s"),
    ],
)
def test_a_duration_is_written_in_its_largest_whole_unit(seconds, text):
    """
    As a person would write it, but without weeks, which are unusual for a queue.
    """
    assert text == duration_text(float(seconds))


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (0, "0B"),
        (998, "998B"),
        (1024, "1KiB"),
        (52_428_800, "50MiB"),
        (50_000_000, "50MB"),
        (64_000_000, "64MB"),
        (1536, "1536B"),
        (2**40, "1TiB"),
    ],
)
def test_a_size_is_written_in_the_unit_that_makes_it_shortest(octets, text):
    """
    Powers of 1000 where those were meant.
    """
    assert text == size_text(octets)


@given(st.floats(0, 300_000_000) | st.integers(0, 300_000_000).map(float))
def test_a_written_duration_is_read_as_the_same(seconds):
    """
    A sum of units may give any number.
    """
    assert seconds == parse_duration(duration_text(seconds))


@given(st.integers(0, 2**53) | st.floats(0, 2**62).map(int))
def test_a_written_size_is_read_as_the_same(octets):
    """
    To the octet, even for sizes that people do not write in octets.
    """
    assert octets == parse_size(size_text(octets))


@pytest.mark.parametrize(
    ("text", "count", "period_s", "written"),
    [("100/1m", 100, 60.0, "100/1m"), ("1/90s", 1, 90.0, "1/90s"), ("5000/24h", 5000, 86_400.0, "5000/1d")],
)
def test_a_rate_is_a_number_and_a_duration(text, count, period_s, written):
    assert (Rate(count, period_s), written) == (parse_rate(text), rate_text(parse_rate(text)))


@pytest.mark.parametrize("text", ["100", "100/m", "0/1m", "-1/1m", "1/500ms", "1/2d", "100/1m/1m", "12345678/1s"])
def test_what_is_no_rate_is_refused(text):
    """
    "100/m" looks right, and so would "100/5": each rate says how long its time is.
    """
    with pytest.raises(SyntaxViolation):
        parse_rate(text)


@pytest.mark.parametrize(
    ("text", "burst", "written"),
    [
        ("100/1m", 10, "100/1m"),
        ("5/1s", 1, "5/1s"),
        ("100/1m burst 20", 20, "100/1m burst 20"),
        ("100/1m burst 10", 10, "100/1m"),
        ("100/1m burst 100", 100, "100/1m burst 100"),
    ],
)
def test_a_rate_of_deliveries_has_a_burst_of_a_tenth_unless_it_is_given(text, burst, written):
    """
    Whoever sets a rate for a host does not want all of it in the first second.
    """
    rate = parse_delivery_rate(text)
    assert (burst, written) == (rate.capacity, delivery_rate_text(rate))


@pytest.mark.parametrize("text", ["100", "100/1m burst", "100/1m burst 0", "100/1m burst 101", "100/1m  burst 5"])
def test_what_is_no_rate_of_deliveries_is_refused(text):
    """
    A burst larger than the rate would be none.
    """
    with pytest.raises(SyntaxViolation):
        parse_delivery_rate(text)


def test_octets_a_second_are_a_size_and_the_second():
    assert (500, "500B/s") == (parse_octets_per_second("500B/s"), octets_per_second_text(500))
    for text in ("500B", "500/s", "500B/m", "500B/s/s"):
        with pytest.raises(SyntaxViolation):
            parse_octets_per_second(text)
