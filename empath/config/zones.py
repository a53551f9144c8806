"""zones - time zones by name, from the files of this machine"""

from datetime import tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=64)
def zone_named(name: str) -> tzinfo | None:
    """The time zone called *name*, such as Europe/Berlin; None if this machine knows none."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, a path, a directory
        return None


def unknown_zone(name: str) -> str:
    """What is wrong with a time zone that `zone_named` does not find."""
    return f"this machine knows no time zone {name!r}; correct it, or install tzdata"
