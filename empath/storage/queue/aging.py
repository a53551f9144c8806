"""
aging - records that are old no longer say whom they are about

A sweep walks each table by number. What it leaves as it is, because the mail is not finished, it looks at again in its
next round. It keeps its place in memory only: to redact what is redacted changes nothing.
"""

from collections.abc import Sequence
from typing import Final

from empath.policy.redaction import Redaction
from empath.storage.engine import Reader, Session
from empath.storage.queue.personal import BY_NAME, PERSONAL, Personal, Span, redacted_row, rows_of
from empath.storage.queue.redaction import redacting
from empath.storage.write import Write

_PAGE: Final = 2_000  # numbers that one step walks through
MOST: Final = 500  # rows of one Write
_WHO: Final = "empath"


class RedactOld(Write):
    """Redact the rows *numbers* of *table*, those whose mail is finished; `counts` has what was changed."""

    def __init__(self, table: str, numbers: Sequence[int], redaction: Redaction) -> None:
        super().__init__()
        self.rows = len(numbers)
        self.counts: dict[str, int] = {}
        self._table = BY_NAME[table]
        self._numbers = numbers
        self._redaction = redaction

    def run(self, session: Session) -> None:
        with redacting(session, what="redacted", target=None, who=_WHO) as redaction:
            found = [
                row
                for number in self._numbers
                for row in rows_of(session, self._table, Span(number - 1, number))
                if row["is_finished"]
            ]
            rows = [redacted_row(self._table, row, self._redaction) for row in found]
            if self._table.is_sealed:
                redaction.change(self._table.name, self._table.setter, rows)
            else:
                session.run_each(self._table.setter, rows)
                redaction.count(self._table.name, len(rows))
        self.counts = redaction.counts


class RedactionSweep:
    """A walk over one table; `is_round_over` says that the next step begins another round."""

    def __init__(self, table: Personal) -> None:
        self.table = table
        self.is_round_over = True
        self._after = 0
        self._open: int | None = None  # number of the first row of this round that is not finished

    def step(self, reader: Reader, redaction: Redaction, before: float) -> list[RedactOld]:
        """
        Look at the next rows that are from *before*, in Unix seconds; the Writes that redact some of them.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read.
        """
        end = reader.value(f"forget.last_{self.table.name}") or 0
        last = min(self._after + _PAGE, end)
        chosen: list[int] = []
        self.is_round_over = last == end
        for row in sorted(rows_of(reader, self.table, Span(self._after, last)), key=lambda row: int(row["number"])):
            if row["at"] > before:
                self.is_round_over = True
                last = row["number"] - 1
                break
            if not row["is_finished"]:
                self._open = min(self._open or row["number"], row["number"])
            elif redacted_row(self.table, row, redaction) != row:
                chosen.append(row["number"])
        self._after = last
        if self.is_round_over and self._open is not None:
            self._after, self._open = self._open - 1, None
        return [
            RedactOld(self.table.name, chosen[first : first + MOST], redaction) for first in range(0, len(chosen), MOST)
        ]


def sweeps() -> tuple[RedactionSweep, ...]:
    """One for each table whose rows are redacted when they are old; each in its place of the first round."""
    return tuple(RedactionSweep(table) for table in PERSONAL if table.is_aged)
