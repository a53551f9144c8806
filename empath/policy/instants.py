"""instants - points in time as people write them: in a file, or on a command line relative to now"""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Final

from empath.errors import SyntaxViolation
from empath.mail.identity import Timestamp
from empath.policy.units import parse_duration

# "-1 hour" and "2 days ago"; then "1h30m", as parse_duration reads it, "-1h" and "90m ago".
_SHIFT: Final = re.compile(r"([+-]?) ?([0-9]{1,9}(?:\.[0-9]{1,9})?) ?(second|minute|hour|day|week)s?(?: ago)?")
_SHORT_SHIFT: Final = re.compile(r"([+-]?)([0-9][0-9a-z.]{0,98}[a-z])(?: ago)?")
_SECONDS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_MAX_SHIFT_S: Final = 10 * 366 * 86_400  # as that of a duration
_CLOCK: Final = re.compile(r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?")
_UNIX: Final = re.compile(r"[0-9]{9,11}(\.[0-9]{1,9})?")
_SYNTAX: Final = 'use e.g. "-1 hour", "90m ago", "12:30" or "2026-12-01 08:00", in UTC'


def parse_instant(text: str) -> Timestamp:
    """
    Read an instant such as `2026-12-01 08:00` or `2026-12-01T08:00:00+01:00`, in UTC unless it names an offset.

    Raises:
        SyntaxViolation: *text* is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise SyntaxViolation(f'not an instant: {text!r} (use e.g. "2026-12-01 08:00", in UTC)') from exc
    return Timestamp((found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp())


def parse_past(text: str, now: Timestamp) -> Timestamp:
    """
    Read an instant that is not after *now*, in UTC unless it names an offset.

    *text* is `now`; a shift such as `-1 hour`, `1h30m ago` or `90m`; `12:30`, the last one there was; `yesterday` or
    `today`, where they begin; an instant as of `parse_instant`; or Unix seconds.

    Raises:
        SyntaxViolation: *text* is none of these, or is after *now*.
    """
    written = text.strip().lower()
    try:
        found = _of_the_day(written, now) or _shifted(written, now)
        if found is None:
            found = Timestamp(float(written)) if _UNIX.fullmatch(written) else parse_instant(text.strip())
    except (SyntaxViolation, ValueError) as exc:
        raise SyntaxViolation(f"not an instant: {text!r} ({_SYNTAX})") from exc
    if found > now:
        raise SyntaxViolation(f"not an instant of the past: {text!r} ({_SYNTAX})")
    return found


def _of_the_day(written: str, now: Timestamp) -> Timestamp | None:
    """The instant of a word or a time of the day. ValueError: there is no such time."""
    midnight = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    match written:
        case "now":
            return now
        case "today":
            return Timestamp(midnight.timestamp())
        case "yesterday":
            return Timestamp((midnight - timedelta(days=1)).timestamp())
    if not _CLOCK.fullmatch(written):
        return None
    hour, _, rest = written.partition(":")
    at = datetime.combine(midnight, time.fromisoformat(f"{hour:0>2}:{rest}"), UTC)
    return Timestamp((at if at.timestamp() <= now else at - timedelta(days=1)).timestamp())


def _shifted(written: str, now: Timestamp) -> Timestamp | None:
    """The instant that is so much earlier, or with a plus sign later, than *now*."""
    if match := _SHIFT.fullmatch(written):
        seconds = min(float(match[2]) * _SECONDS[match[3]], _MAX_SHIFT_S)
    elif match := _SHORT_SHIFT.fullmatch(written):
        seconds = parse_duration(match[2])
    else:
        return None
    return Timestamp(now + seconds if match[1] == "+" else now - seconds)
