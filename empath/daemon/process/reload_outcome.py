"""
reload_outcome - what became of the latest reload, from the supervisor to the housekeeper

The supervisor opens no database, and the housekeeper that asked for a reload may end by it. So the supervisor writes
the outcome into a memory file, which housekeepers inherit, before it starts any process: a reload was refused, or it
began.
The file has one record of a fixed length, so that it is written and read in one call.
"""

import json
import os
import time
from dataclasses import asdict, dataclass
from typing import Final

_OCTETS: Final = 4096
_MOST_CHARACTERS: Final = 600  # each may become six octets in JSON
_LOOK_S: Final = 0.02


@dataclass(frozen=True, slots=True)
class ReloadOutcome:
    """The number of this reload, from 1 in each run, and why it was refused; an empty text: it began."""

    number: int
    refusal: str = ""


def write_outcome(fd: int, outcome: ReloadOutcome) -> None:
    """Replace the record."""
    kept = ReloadOutcome(outcome.number, outcome.refusal[:_MOST_CHARACTERS])
    os.pwrite(fd, json.dumps(asdict(kept)).encode().ljust(_OCTETS), 0)


def read_outcome(fd: int) -> ReloadOutcome:
    """The latest record; number 0 before any reload."""
    octets = os.pread(fd, _OCTETS, 0)
    return ReloadOutcome(**json.loads(octets)) if octets else ReloadOutcome(0)


def wait_for_outcome(fd: int, after: int, *, wait_s: float) -> ReloadOutcome | None:
    """The first record later than number *after*; None if there is none within *wait_s*."""
    ends_at = time.monotonic() + wait_s
    while (outcome := read_outcome(fd)).number <= after:
        if time.monotonic() >= ends_at:
            return None
        time.sleep(_LOOK_S)
    return outcome
