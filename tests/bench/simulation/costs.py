"""
costs - what each step of a mail takes, in seconds

Each figure is from docs/PERFORMANCE.md, or from the trial that chose how PostgreSQL is used: fitted to commits of 1, 5,
20 and 100 messages.
"""

from dataclasses import dataclass
from typing import Final

US: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Part:
    """CPU of something that is done for several rows at once: `fixed` for all, and `row` for each of them."""

    fixed: float
    row: float

    def of(self, rows: int) -> float:
        """CPU seconds of *rows* rows together."""
        return self.fixed + self.row * rows


NOTHING: Final = Part(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Transaction:
    """CPU of the process that asks, and of the server where there is one."""

    here: Part
    server: Part = NOTHING

    def of(self, rows: int) -> float:
        """CPU seconds of both, for *rows* rows."""
        return self.here.of(rows) + self.server.of(rows)


@dataclass(frozen=True, slots=True)
class Engine:
    """
    What the work with the queue takes.

    Shape: `cold` multiplies a commit that follows one of another process, which emptied the page cache; `is_exclusive`:
    one transaction at a time has the whole database.
    """

    accept: Transaction
    take: Transaction
    settle: Transaction
    cold: float
    is_exclusive: bool


SYNC: Final = 91 * US  # of the disk, for a commit
RECEIVE: Final = 230 * US  # of the acceptor's hub for a mail of 4 KiB with a connection of its own
DELIVER: Final = 130 * US  # of the worker's hub for a mail on a connection that is used again

SQLITE: Final = Engine(
    accept=Transaction(Part(97 * US, 35 * US)),
    take=Transaction(Part(150 * US, 8 * US)),
    settle=Transaction(Part(97 * US, 31 * US)),
    cold=1.35,
    is_exclusive=True,
)
POSTGRESQL: Final = Engine(
    accept=Transaction(Part(127 * US, 15.7 * US), Part(235 * US, 34.6 * US)),
    take=Transaction(Part(500 * US, 5 * US), Part(1300 * US, 25 * US)),
    settle=Transaction(Part(100 * US, 16 * US), Part(430 * US, 62 * US)),
    cold=1.0,
    is_exclusive=False,
)
