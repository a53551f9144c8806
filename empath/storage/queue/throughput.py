"""
throughput - what came in and went out in each hour, as rows that stay after the mail is forgotten

THEORY
    The housekeeper counts the attempts and the messages that are new since the last look, by their numbers, and adds
    the sums to the row of their hour.  It reads without the write lock.  The mark says up to where all is counted; it
    is written in the same transaction, so each row is counted once, whatever process dies.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from empath.storage.engine import Reader, Session
from empath.storage.write import Write

SLICE: Final = 5_000  # rows that are read at a time
MOST: Final = 100  # destinations of an hour that have a row
KEPT_S: Final = 90 * 86_400.0


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

    def __init__(self, before: Mark, after: Mark, rows: Iterable[dict[str, object]], now: float) -> None:
        super().__init__()
        self.is_slice_full = SLICE in (after.attempt - before.attempt, after.message - before.message)
        self._after = after
        self._before = before
        self._sums = [{**row, "most": MOST} for row in rows]
        self.rows = len(self._sums)
        self._limits = {"before": now - KEPT_S}

    def run(self, session: Session) -> None:
        if Mark.parse(session.value("throughput.mark")) != self._before:
            return
        session.run_each("throughput.add", self._sums)
        session.run("throughput.forget", self._limits)
        session.run("throughput.set_mark", {"mark": str(self._after)})


def count_new(reader: Reader, now: float) -> AddHours | None:
    """
    The Write that adds the next slice of what is not counted yet at *now*; None if there is nothing.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    with reader.one_instant():
        before = Mark.parse(reader.value("throughput.mark"))
        last = Mark(
            min(reader.value("throughput.last_attempt") or before.attempt, before.attempt + SLICE),
            min(reader.value("throughput.last_message") or before.message, before.message + SLICE),
        )
        after = Mark(max(before.attempt, last.attempt), max(before.message, last.message))
        if after == before:
            return None
        rows = [
            *reader.records("throughput.attempts", {"after": before.attempt, "last": after.attempt}),
            *reader.records("throughput.messages", {"after": before.message, "last": after.message}),
        ]
    return AddHours(before, after, rows, now)
