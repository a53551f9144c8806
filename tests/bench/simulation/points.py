"""
points - rates that were measured, and what the model says of the same work

All were measured on two cores that the programs, the server and others shared. A rate there wanders by a third, so a
point is met if the model is within `TOLERANCE` of the measured range.
"""

from dataclasses import dataclass
from typing import Final

from .costs import POSTGRESQL, SQLITE, US, Engine
from .model import Machines, Model, Work

TOLERANCE: Final = 1.3
_SHARED: Final = Machines(2, others=0.4)
_WITH_PEERS: Final = Machines(2, others=0.7)  # a generator or a sink


@dataclass(frozen=True, slots=True)
class Point:
    """Shape: `least` and `most` are mails a second, from several runs."""

    what: str
    engine: Engine
    work: Work
    least: float
    most: float
    machines: Machines = _SHARED

    def simulated(self, seconds: float) -> float:
        """Mails a second by the model."""
        accepted, delivered = Model(self.engine, self.machines, self.work).rates(seconds)
        return delivered if self.work.workers else accepted

    def is_met(self, rate: float) -> bool:
        """Whether *rate* agrees with what was measured."""
        return self.least / TOLERANCE <= rate <= self.most * TOLERANCE


def _accept(processes: int, sessions: int) -> Work:
    """Commits of *sessions* messages by programs that do nothing else."""
    return Work(acceptors=processes, sessions=sessions, receive=0.0)


def _drain(processes: int, destinations: int) -> Work:
    return Work(workers=processes, destinations=destinations, concurrency=1_000, deliver=0.0, is_drain=True)


POINTS: Final = (
    Point("PostgreSQL, accept, 1 a commit", POSTGRESQL, _accept(1, 1), 2_060, 2_060),
    Point("PostgreSQL, accept, 5 a commit", POSTGRESQL, _accept(1, 5), 7_400, 7_400),
    Point("PostgreSQL, accept, 20 a commit", POSTGRESQL, _accept(1, 20), 14_100, 15_000),
    Point("PostgreSQL, accept, 20 a commit, 2 programs", POSTGRESQL, _accept(2, 20), 12_800, 19_900),
    Point("PostgreSQL, accept, 100 a commit, 2 programs", POSTGRESQL, _accept(2, 100), 28_100, 28_100),
    Point("PostgreSQL, drain of 1,000 destinations", POSTGRESQL, _drain(1, 1_000), 6_570, 7_350),
    Point("PostgreSQL, the same, 2 programs", POSTGRESQL, _drain(2, 1_000), 6_700, 11_240),
    Point("PostgreSQL, the same, 4 programs", POSTGRESQL, _drain(4, 1_000), 7_960, 13_190),
    Point("PostgreSQL, drain of one destination", POSTGRESQL, _drain(1, 1), 8_220, 8_650),
    Point("SQLite, accept, 1 a commit", SQLITE, _accept(1, 1), 4_750, 4_750),
    Point("SQLite, accept, 5 a commit", SQLITE, _accept(1, 5), 12_100, 12_100),
    Point("SQLite, accept, 20 a commit", SQLITE, _accept(1, 20), 18_500, 19_600),
    Point("SQLite, accept, 20 a commit, 2 programs", SQLITE, _accept(2, 20), 12_900, 17_800),
    Point("SQLite, drain of 1,000 destinations", SQLITE, _drain(1, 1_000), 16_300, 16_600),
    Point("SQLite, the same, 2 programs", SQLITE, _drain(2, 1_000), 19_100, 20_100),
    Point("SQLite, the same, 4 programs", SQLITE, _drain(4, 1_000), 18_000, 19_400),
    Point("service, accept, 20 sessions", SQLITE, Work(acceptors=1), 3_081, 3_504, _WITH_PEERS),
    Point(
        "service, drain, 2 workers",
        SQLITE,
        Work(workers=2, destinations=1, concurrency=20, reply=400 * US, is_drain=True),
        5_036,
        5_219,
        _WITH_PEERS,
    ),
)
