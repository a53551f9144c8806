"""
seals - the rows of the audit and of the attempts are sealed, slice by slice

One process reads the new rows without the write lock, and appends the seal if no other one was appended meanwhile.
policy/seal.py has the chain.
"""

from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Final

import orjson

from empath.policy.seal import BEGINNING, LEAF_OCTETS, Seal, Sealed, Span, sealed
from empath.storage.engine import Reader, Row, Selects, Session
from empath.storage.queue.sweep import Kept
from empath.storage.write import Write

MOST_ROWS: Final = 2_000  # of each table in one seal: that bounds the octets of a row and the time of a look
SEALS: Final = Kept("seals.expired", "seals.forget")
_ALL_ROWS: Final = 2**63 - 1
_NOTHING: Final = Seal(0, 0.0, Span(0, 0, 0), Span(0, 0, 0), b"", "", BEGINNING)


class AppendSeal(Write):
    """Append *seal*; `is_appended` is False if another seal has its place."""

    def __init__(self, seal: Seal) -> None:
        super().__init__()
        self.is_appended = False
        self._seal = seal

    def run(self, session: Session) -> None:
        keys = {**_columns(self._seal), "before": self._seal.seal_id - 1}
        self.is_appended = session.run("seals.append", keys) == 1


def newest(reader: Selects) -> Seal | None:
    """
    The newest seal; None if there is none.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    return next((_seal(row) for row in reader.rows("seals.newest")), None)


def next_seal(reader: Reader, before: Seal | None, now: float) -> Seal | None:
    """
    The seal over the first rows that came after the seal *before*; None if there are none.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    last = before or _NOTHING
    audit = _new(reader, "seals.audit_rows", last.audit.last, reader.settled("audit"))
    attempts = _new(reader, "seals.attempt_rows", last.attempts.last, reader.settled("attempt"))
    if not audit and not attempts:
        return None
    return sealed(
        last.seal_id + 1,
        now,
        _span(last.audit.last, audit),
        _span(last.attempts.last, attempts),
        leaves=b"".join(map(leaf, audit + attempts)),
        previous=last.digest,
    )


def has_new_audit(reader: Reader, before: Seal | None) -> bool:
    """
    Whether the audit has rows that are not sealed.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    return reader.settled("audit") > (before or _NOTHING).audit.last


def rows_of_audit(reader: Selects, span: Span) -> list[Sealed]:
    """
    The rows of the audit within *span* that are there now.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    return _rows(reader, "seals.audit_rows", span)


def rows_of_attempts(reader: Selects, span: Span) -> list[Sealed]:
    """As `rows_of_audit`, of the attempts."""
    return _rows(reader, "seals.attempt_rows", span)


def seals_after(reader: Selects, seal_id: int, limit: int) -> list[Seal]:
    """
    The first *limit* seals with higher numbers than *seal_id*, in their order.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    return [_seal(row) for row in reader.rows("seals.page", {"after": seal_id, "limit": limit})]


def unsealed(reader: Selects, last: Seal | None) -> tuple[int, int]:
    """
    How many rows of the audit and how many attempts came after the seal *last*.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    ends = last or _NOTHING
    (numbers,) = reader.rows("seals.unsealed", {"audit": ends.audit.last, "attempts": ends.attempts.last})
    return numbers[0], numbers[1]


def _new(reader: Selects, statement: str, after: int, settled: int) -> list[Row]:
    return reader.rows(statement, {"after": after, "last": settled, "limit": MOST_ROWS})


def _rows(reader: Selects, statement: str, span: Span) -> list[Sealed]:
    found = reader.rows(statement, {"after": span.after, "last": span.last, "limit": _ALL_ROWS})
    return [Sealed(row[0], leaf(row)) for row in found]


def leaf(row: Row) -> bytes:
    """The short digest of *row*: that of its columns as a JSON array, a blob as an array of "hex" and its digits."""
    return sha256(orjson.dumps(row, default=_hexadecimal)).digest()[:LEAF_OCTETS]


def _hexadecimal(blob: bytes) -> list[str]:
    return ["hex", blob.hex()]


def _span(after: int, rows: Sequence[Row]) -> Span:
    return Span(after, rows[-1][0] if rows else after, len(rows))


def _columns(seal: Seal) -> dict[str, object]:
    plain = asdict(seal)
    spans = {
        f"{table}_{name}": value
        for table in ("audit", "attempts")
        for name, value in zip(Span._fields, plain.pop(table), strict=True)
    }
    return plain | spans


def _seal(row: Row) -> Seal:
    seal_id, sealed_at, *numbers = row[:8]
    return Seal(seal_id, sealed_at, Span(*numbers[:3]), Span(*numbers[3:]), *row[8:])
