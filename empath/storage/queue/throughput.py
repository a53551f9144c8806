"""
throughput - what came in and went out in each hour, as rows that stay after the mail is forgotten

THEORY
    The housekeeper counts the attempts and the messages that are new since the last look, by their numbers, and adds
    the sums to the row of their hour.  It reads without the write lock.  The mark says up to where all is counted; it
    is written in the same transaction, so each row is counted once, whatever process dies.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from empath.storage.engine import Reader, Session
from empath.storage.write import Write

SLICE: Final = 5_000  # rows that are read at a time
MOST: Final = 100  # destinations of an hour that have a row
REST: Final = "*"  # the row of those beyond
KEPT_S: Final = 90 * 86_400.0
_KEY: Final = frozenset({"hour_at", "destination"})  # the other columns are sums


@dataclass(frozen=True, slots=True)
class Mark:
    """Numbers of the last attempt and the last message that are counted."""

    attempt: int = 0
    message: int = 0

    @classmethod
    def parse(cls, text: str | None) -> "Mark":
        """Read what `str` wrote; None is the beginning."""
        attempt, _, message = (text or "0 0").partition(" ")
        return cls(int(attempt), int(message))

    def __str__(self) -> str:
        return f"{self.attempt} {self.message}"


class AddHours(Write):
    """
    Add what was read between two marks, unless it is counted already; forget hours that are too old at *now*.

    `is_slice_full` tells that there may be more to count.
    """

    def __init__(self, before: Mark, after: Mark, rows: Iterable[dict[str, Any]], now: float) -> None:
        super().__init__()
        self.is_slice_full = SLICE in (after.attempt - before.attempt, after.message - before.message)
        self._after = after
        self._before = before
        self._found = [*rows]
        self.rows = len(self._found)
        self._limits = {"before": now - KEPT_S}

    def run(self, session: Session) -> None:
        if Mark.parse(session.value("throughput.mark")) != self._before:
            return
        session.run_each("throughput.add", self._sums(session))
        session.run("throughput.forget", self._limits)
        session.run("throughput.set_mark", {"mark": str(self._after)})

    def _sums(self, session: Session) -> Iterable[dict[str, Any]]:
        """What is to be added: a row for each destination, and one for all that get none in their hour."""
        named: dict[int, set[str]] = {}  # destinations that have a row, by the hour
        sums: dict[tuple[int, str], dict[str, Any]] = {}
        for row in self._found:
            hour_at, name = row["hour_at"], row["destination"]
            if hour_at not in named:
                named[hour_at] = {other for (other,) in session.rows("throughput.named", {"hour_at": hour_at})}
            names = named[hour_at]
            if name and name not in names and len(names) >= MOST:
                name = REST
            names.add(name)
            if (summed := sums.get((hour_at, name))) is None:
                sums[hour_at, name] = {**row, "destination": name}
            else:
                for column in row.keys() - _KEY:
                    summed[column] += row[column]
        return sums.values()


def count_new(reader: Reader, now: float) -> AddHours | None:
    """
    The Write that adds the next slice of what is not counted yet at *now*; None if there is nothing.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    settled = Mark(reader.settled("attempt"), reader.settled("message"))
    with reader.one_instant():
        before = Mark.parse(reader.value("throughput.mark"))
        last = Mark(min(settled.attempt, before.attempt + SLICE), min(settled.message, before.message + SLICE))
        after = Mark(max(before.attempt, last.attempt), max(before.message, last.message))
        if after == before:
            return None
        rows = [
            *reader.records("throughput.attempts", {"after": before.attempt, "last": after.attempt}),
            *reader.records("throughput.messages", {"after": before.message, "last": after.message}),
        ]
    return AddHours(before, after, rows, now)
