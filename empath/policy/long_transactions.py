"""
long_transactions - who has had a transaction open for long

The system shows who holds a lock at an instant, and not since when.  So looks at it follow each other, and who is found
by each of them for long enough is named, once.  A program with many short transactions may be found by some looks in a
row; one with a long transaction is found by all.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

LONG_READ_S: Final = 60.0
LONG_WRITE_S: Final = 10.0


class Holder(NamedTuple):
    """A process with a transaction: *program* is its name, is_writing says whether it keeps other writers waiting."""

    pid: int
    program: str
    is_writing: bool


class LongTransactions:
    """What the looks so far have found."""

    def __init__(self) -> None:
        self._since: dict[Holder, float] = {}
        self._named: set[Holder] = set()

    def look(self, found: Iterable[Holder], now: float) -> list[tuple[Holder, float]]:
        """
        Who is named now, with the seconds since the first look that found it; *found* are those of this look.

        *now* is in seconds of a clock that never steps back.
        """
        self._since = {holder: self._since.get(holder, now) for holder in found}
        self._named &= self._since.keys()
        long = {holder: now - since for holder, since in self._since.items() if now - since >= limit_s(holder)}
        new = [(holder, age_s) for holder, age_s in sorted(long.items()) if holder not in self._named]
        self._named |= long.keys()
        return new


def limit_s(holder: Holder) -> float:
    """After how many seconds *holder* is named."""
    return LONG_WRITE_S if holder.is_writing else LONG_READ_S
