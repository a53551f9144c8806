"""
identity - queue ids and instants

A queue id is a ULID: it sorts by time of arrival, and two machines cannot make the same one by accident.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from empath.errors import SyntaxViolation

_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # of Crockford's base 32
_PAIRS = tuple(first + second for first in _DIGITS for second in _DIGITS)  # digits of each number of 10 bits
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Timestamp(float):
    """Instant: Unix seconds, UTC. A float, so that it can be stored and compared as it is."""

    __slots__ = ()

    def text(self) -> str:
        """`YYYY-MM-DD HH:MM:SS` in UTC, as the views show it and SQLite's datetime() reads it."""
        return datetime.fromtimestamp(self, UTC).strftime("%Y-%m-%d %H:%M:%S")

    def iso8601(self) -> str:
        """`YYYY-MM-DDTHH:MM:SSZ`, for command output and logs; the nearest instant that can be written so."""
        try:
            return f"{datetime.fromtimestamp(self, UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
        except (OverflowError, ValueError, OSError):  # a person has written it
            return "9999-12-31T23:59:59Z" if self > 0 else "0001-01-01T00:00:00Z"

    def date_time(self) -> str:
        """`date-time` of RFC 5322 §3.3, in UTC and independent of the locale."""
        return _date_time(int(self // 1))


@lru_cache(maxsize=8)
def _date_time(second: int) -> str:
    at = datetime.fromtimestamp(second, UTC)
    day, month = _DAYS[at.weekday()], _MONTHS[at.month - 1]
    return f"{day}, {at.day} {month} {at.year} {at.hour:02}:{at.minute:02}:{at.second:02} +0000"


@dataclass(frozen=True, slots=True)
class QueueId:
    """Name of one message for ever. Shape: a ULID, 26 characters of Crockford's base 32, upper case."""

    text: str

    @classmethod
    def make(cls, at: Timestamp, randomness: bytes) -> "QueueId":
        """Compose from an instant (kept to the millisecond) and 10 random octets."""
        value = int(at * 1000) << 80 | int.from_bytes(randomness, "big")
        return cls("".join([_PAIRS[value >> shift & 1023] for shift in range(120, -1, -10)]))

    @classmethod
    def parse(cls, text: str) -> "QueueId":
        """
        Read an id in either case.

        Raises:
            SyntaxViolation: *text* is not a ULID.
        """
        folded = text.upper()
        if not _ULID.fullmatch(folded):
            raise SyntaxViolation(f"not a queue id: {text!r}")
        return cls(folded)

    @property
    def made_at(self) -> Timestamp:
        """The instant that it was composed from, to the millisecond."""
        value = 0
        for digit in self.text[:10]:
            value = value << 5 | _DIGITS.index(digit)
        return Timestamp(value / 1000)

    def __str__(self) -> str:
        return self.text
