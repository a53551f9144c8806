"""
units - durations, sizes and rates as people write them

A bare number has no unit and is refused, because people often mean "60" as minutes.
"""

import re
from dataclasses import replace
from decimal import Decimal

from empath.errors import SyntaxViolation
from empath.policy.limits.rate import Rate

_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|[smhdw]))+")
_DURATION_PART = re.compile(r"([0-9.]+)(ms|[smhdw])")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MAX_DURATION_S = 10 * 366 * 86_400  # limit that keeps an instant plus a duration within the calendar

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)(B|[kKMGT]?B|[KMGT]iB)")
_OCTETS = {"B": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY_OCTETS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_MAX_OCTETS = 2**63 - 1  # largest integer of SQLite

_RATE = re.compile(r"([1-9][0-9]{0,6})/([^/]+)")
_RATE_PERIOD_S = (1, 86_400)  # shortest and longest


def parse_duration(text: str) -> float:
    """
    Read `90s`, `1.5h`, `250ms` or `1h30m`; units ms, s, m, h, d, w. Returns seconds, at most ten years.

    Raises:
        SyntaxViolation: *text* is not a duration.
    """
    if not _DURATION.fullmatch(text):
        raise SyntaxViolation(f'not a duration: {text!r} (use e.g. "90s", "4h", "5d"; units ms s m h d w)')
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text))
    if seconds > _MAX_DURATION_S:
        raise SyntaxViolation(f"a duration is at most ten years: {text!r}")
    return seconds


def duration_text(seconds: float) -> str:
    """*seconds* as `parse_duration` reads it, without loss: a whole number of the largest unit of d, h, m, s, ms."""
    for unit in ("d", "h", "m", "s") if seconds else ("s",):
        if seconds % _SECONDS[unit] == 0:
            return f"{int(seconds / _SECONDS[unit])}{unit}"
    text = f"{round(seconds * 1000)}ms"
    # The digits of repr give the same number when read again; Decimal writes them without an exponent.
    return text if seconds < 1 and parse_duration(text) == seconds else f"{Decimal(repr(seconds)):f}s"


def parse_size(text: str) -> int:
    """
    Read `512B`, `256KiB`, `1.5MiB` or `50MB`; KiB, MiB, GiB, TiB are powers of 1024, kB, MB, GB, TB of 1000.

    Raises:
        SyntaxViolation: *text* is not a size, or is more octets than a 64-bit number holds.
    """
    match = _SIZE.fullmatch(text)
    if match is None:
        raise SyntaxViolation(f'not a size: {text!r} (use e.g. "256KiB", "50MiB", "1GiB")')
    number, unit = match.groups()
    octets = float(number) * (_BINARY_OCTETS if "i" in unit else _OCTETS)[unit[0]]
    if octets > _MAX_OCTETS:
        raise SyntaxViolation(f"a size is less than 8388608TiB: {text!r}")
    return int(octets)


def size_text(octets: int) -> str:
    """*octets* as `parse_size` reads it, without loss, in the unit with the shortest text."""
    binary = [(f"{unit}iB", factor) for unit, factor in _BINARY_OCTETS.items()]
    decimal = [(unit, _OCTETS[unit[0]]) for unit in ("B", "kB", "MB", "GB", "TB")]
    return min((f"{octets // factor}{unit}" for unit, factor in binary + decimal if octets % factor == 0), key=len)


def parse_rate(text: str) -> Rate:
    """
    Read `100/1m`: a number, and the time in which it is allowed that often, 1 second to 1 day.

    Raises:
        SyntaxViolation: *text* is not a rate.
    """
    match = _RATE.fullmatch(text)
    if match is None:
        raise SyntaxViolation(f'not a rate: {text!r} (use e.g. "100/1m" for 100 in a minute)')
    period_s = parse_duration(match[2])
    shortest_s, longest_s = _RATE_PERIOD_S
    if not shortest_s <= period_s <= longest_s:
        raise SyntaxViolation(f"a rate is for 1s to 1d: {text!r}")
    return Rate(int(match[1]), period_s)


def rate_text(rate: Rate) -> str:
    """*rate* as `parse_rate` reads it."""
    return f"{rate.count}/{duration_text(rate.period_s)}"


def parse_delivery_rate(text: str) -> Rate:
    """
    Read `100/1m`, of which a tenth may go out at once, or `100/1m burst 20`.

    Raises:
        SyntaxViolation: *text* is neither.
    """
    what, word, burst = text.partition(" burst ")
    rate = parse_rate(what)
    if not word:
        return replace(rate, burst=max(1, rate.count // 10))
    if not (burst.isascii() and burst.isdigit() and 1 <= int(burst) <= rate.count):
        raise SyntaxViolation(f"a burst is a whole number from 1 to the number in the period: {text!r}")
    return replace(rate, burst=int(burst))


def delivery_rate_text(rate: Rate) -> str:
    """*rate* as `parse_delivery_rate` reads it."""
    usual = max(1, rate.count // 10)
    return rate_text(rate) + (f" burst {rate.capacity}" if rate.capacity != usual else "")


def parse_octets_per_second(text: str) -> int:
    """
    Read `500B/s`: a size, "/s".

    Raises:
        SyntaxViolation: *text* is not a size for each second.
    """
    size, slash, unit = text.partition("/")
    if not slash or unit != "s":
        raise SyntaxViolation(f'not octets per second: {text!r} (use e.g. "500B/s")')
    return parse_size(size)


def octets_per_second_text(octets: int) -> str:
    """*octets* as `parse_octets_per_second` reads them."""
    return f"{size_text(octets)}/s"
