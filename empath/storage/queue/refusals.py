"""
refusals - clients that were turned away, as rows that people may read

Acceptors write what a second brought in one commit.  The table is bounded: the oldest rows go when there are too many,
or when they are too old.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from empath.storage.engine import Session
from empath.storage.write import Write

MOST: Final = 10_000  # rows
KEPT_S: Final = 30 * 86_400.0
_SLICE: Final = 1_000  # rows that are looked at for their age


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """One refusal, or several that were the same. Shape: as the columns of _refusal in sql/sqlite/schema.sql."""

    first_at: float
    last_at: float
    times: int
    listener: str
    client_address: str
    client_name: str
    account: str | None
    sender: str | None
    recipient: str | None
    stage: str
    rule: str
    reply: str


class KeepRefusals(Write):
    """Add rows, at *now*, and let go of those that are too many or too old."""

    def __init__(self, refusals: Sequence[RefusalRow], now: float) -> None:
        super().__init__()
        self.rows = 2 * len(refusals)
        self._refusals = refusals
        self._limits = {"most": MOST, "before": now - KEPT_S, "slice": _SLICE}

    def run(self, session: Session) -> None:
        session.run_each(
            "refusals.add", [{name: getattr(row, name) for name in RefusalRow.__slots__} for row in self._refusals]
        )
        session.run("refusals.forget_surplus", self._limits)
        session.run("refusals.forget_old", self._limits)
