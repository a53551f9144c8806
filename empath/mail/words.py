"""words - values as people read them: instants, spans of time, sizes, counts"""

from typing import Final

from empath.mail.identity import Timestamp
from empath.mail.printable import printable

_SPANS: Final = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))
_FIRST, _END = -62_135_596_800.0, 253_402_300_800.0  # of the calendar: the years 1 to 9999
_SIZES: Final = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def instant(at: float | None) -> str:
    """Unix seconds as ISO 8601 in UTC; `-` for none, and the bare number where no calendar has a date for it."""
    if at is None:
        return "-"
    return Timestamp(at).iso8601() if _FIRST <= at < _END else f"{at!r}"


def path(address: str) -> str:
    """A reverse-path or forward-path in its brackets, escaped."""
    return f"<{printable(address)}>"


def count(number: int, word: str) -> str:
    """As in `1 recipient`, `2 recipients`, `3 processes`."""
    plural = f"{word}es" if word.endswith("s") else f"{word}s"
    return f"{number} {word}" if number == 1 else f"{number} {plural}"


def span(seconds: float) -> str:
    """A span of time in its largest whole unit, as in `52 s`, `12 min`, `4 h`, `3 d`; a negative one is `0 s`."""
    unit_s, name = next((unit for unit in _SPANS if seconds >= 2 * unit[0]), _SPANS[-1])
    return f"{max(0.0, seconds) // unit_s:.0f} {name}"


def size(octets: int) -> str:
    """As in `812`, `4 KiB`, `25 MiB`: rounded up."""
    unit, name = next((unit for unit in _SIZES if octets >= unit[0]), (1, ""))
    return f"{-(-octets // unit)} {name}".rstrip()
