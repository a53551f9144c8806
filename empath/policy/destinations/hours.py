"""
hours - the hours at which mail goes to a destination

`Mon-Fri 08:00-12:00, 13:00-18:00, Sat 09:00-12:00 Europe/Berlin`: windows of the local time, separated by commas, then
the time zone, UTC if none is named.  A window without days has those of the one before it, the first one every day.  A
window that ends before it begins goes on into the next day.  The zone itself is an argument here, because its rules are
in files.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Final, NamedTuple

from empath.errors import SyntaxViolation
from empath.mail.identity import Timestamp

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WINDOW = re.compile(r"(?:(\S.*?)\s+)?([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
_ZONE = re.compile(r"(.*?)\s+([A-Za-z][A-Za-z0-9_+/-]*)")
_DAY_MINUTES: Final = 24 * 60
_MOST_WINDOWS: Final = 50
_EXAMPLE: Final = '(use e.g. "Mon-Fri 08:00-18:00 Europe/Berlin")'


class Window(NamedTuple):
    """Shape: days are numbers from 0 for Monday; begin and end are minutes of the day, end above begin."""

    days: tuple[int, ...]
    begin: int
    end: int


class Turn(NamedTuple):
    """Whether the hours are open, and the instant at which that changes; None: never."""

    is_open: bool
    until: Timestamp | None


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of a week. Shape: zone is the name of a time zone, windows has at least one."""

    windows: tuple[Window, ...]
    zone: str = "UTC"

    @classmethod
    def parse(cls, text: str) -> "Hours":
        """
        Read windows and zone; whether there is such a zone is not checked.

        Raises:
            SyntaxViolation: *text* is not like that.
        """
        match = _ZONE.fullmatch(text.strip())
        words, zone = (match[1], match[2]) if match else (text, "UTC")
        days = tuple(range(7))
        windows = []
        for part in words.split(","):
            found = _WINDOW.fullmatch(part.strip())
            if found is None:
                raise SyntaxViolation(f"not hours: {part.strip()!r} {_EXAMPLE}")
            days = days if found[1] is None else tuple(_days(found[1]))
            begin, end = _minutes(found[2], found[3]), _minutes(found[4], found[5])
            windows.append(Window(days, begin, end if end > begin else end + _DAY_MINUTES))
        if len(windows) > _MOST_WINDOWS:
            raise SyntaxViolation(f"hours have at most {_MOST_WINDOWS} windows")
        return cls(tuple(windows), zone)

    def __str__(self) -> str:
        return ", ".join(_text(window) for window in self.windows) + f" {self.zone}"

    def turn(self, now: Timestamp, zone: tzinfo) -> Turn:
        """Whether it is open at *now*, and until when; *zone* is the zone that `zone` names."""
        spans = sorted(self._spans(datetime.fromtimestamp(now, zone), zone))
        closes_at = None
        for begin, end in spans:
            if begin <= (now if closes_at is None else closes_at) < end:
                closes_at = end
        if closes_at is not None:
            return Turn(True, closes_at if closes_at < max(end for _, end in spans) else None)
        return Turn(False, min(begin for begin, _ in spans if begin > now))

    def _spans(self, local: datetime, zone: tzinfo) -> Iterator[tuple[Timestamp, Timestamp]]:
        """The windows of the days around *local*, from yesterday to a week from tomorrow."""
        for offset in range(-1, 9):
            midnight = datetime(local.year, local.month, local.day, tzinfo=zone) + timedelta(days=offset)
            for window in self.windows:
                if midnight.weekday() in window.days:
                    yield _at(midnight, window.begin), _at(midnight, window.end)


def _at(midnight: datetime, minutes: int) -> Timestamp:
    """The instant at which the clock on the wall shows so many minutes after *midnight*."""
    return Timestamp((midnight + timedelta(minutes=minutes)).timestamp())


def _minutes(hour: str, minute: str) -> int:
    minutes = int(hour) * 60 + int(minute)
    if int(minute) > 59 or minutes > _DAY_MINUTES:
        raise SyntaxViolation(f"not a time of the day: '{hour}:{minute}'")
    return minutes


def _days(text: str) -> Iterator[int]:
    for word in text.split():
        first, dash, last = word.partition("-")
        if first not in _DAYS or (dash and last not in _DAYS):
            raise SyntaxViolation(f"not a day: {word!r} (use Mon, Tue, Wed, Thu, Fri, Sat, Sun, or Mon-Fri)")
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        yield from (day % 7 for day in range(begin, end + 1 if end >= begin else end + 8))


def _text(window: Window) -> str:
    end = window.end - _DAY_MINUTES if window.end > _DAY_MINUTES else window.end
    days = " ".join(_DAYS[day] for day in window.days)
    return f"{days} {window.begin // 60:02}:{window.begin % 60:02}-{end // 60:02}:{end % 60:02}"


def closed_until(hours: Hours | None, zone: tzinfo, not_before: Timestamp | None, now: Timestamp) -> Turn:
    """Whether mail may go at *now* by *hours* in *zone* and by *not_before*, and until when that is so."""
    if not_before is not None and now < not_before:
        later = Turn(True, None) if hours is None else hours.turn(not_before, zone)
        return Turn(False, not_before if later.is_open else later.until)
    return Turn(True, None) if hours is None else hours.turn(now, zone)
