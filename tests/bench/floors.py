"""
floors - what Empath must reach, and whether it did

CPU per mail and memory are the gate: they say the same on a busy machine. Rates to Postfix are "about", and judged
as such by the median of the ratios of each repeat.
"""

import statistics
from dataclasses import dataclass
from typing import Final

from .rounds import Results

OURS: Final = "empath"
THEIRS: Final = "postfix"


@dataclass(frozen=True, slots=True)
class Floor:
    """*metric* of Empath in *scenario* is at most *most*, or Empath's to Postfix's is at least *least_ratio*."""

    scenario: str
    metric: str
    what: str
    most: float | None = None
    least_ratio: float | None = None


FLOORS: Final = (
    Floor("accept", "cpu_ms", "CPU ms/mail", most=0.40),
    Floor("accept", "rate", "rate to Postfix's", least_ratio=1.7),
    Floor("accept-reused", "cpu_ms", "CPU ms/mail", most=0.32),
    Floor("accept-reused", "rate", "rate to Postfix's", least_ratio=2.2),
    Floor("relay", "cpu_ms", "CPU ms/mail", most=0.70),
    Floor("relay", "rate", "rate to Postfix's", least_ratio=2.5),
    Floor("drain", "cpu_ms", "CPU ms/mail", most=0.30),
    Floor("drain", "rate", "rate to Postfix's", least_ratio=3.0),
    Floor("idle", "session_kb", "kB/session", most=100),
    Floor("large", "growth_mb", "growth of any process, MB", most=10),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A floor, the median that was measured, and whether it is met; *is_gate* sets apart what is only "about"."""

    scenario: str
    what: str
    measured: float
    floor: str
    is_met: bool
    is_gate: bool


def judge(results: Results) -> list[Verdict]:
    """A verdict for every floor that was measured."""
    verdicts = []
    for floor in FLOORS:
        if floor.most is not None:
            values = results.figures(floor.scenario, OURS, floor.metric)
            text = f"<= {floor.most:g}"
        else:
            values = results.ratios(floor.scenario, OURS, THEIRS, floor.metric)
            text = f"about {floor.least_ratio:g}"
        if not values:
            continue
        measured = statistics.median(values)
        is_met = measured <= floor.most if floor.most is not None else measured >= (floor.least_ratio or 0)
        verdicts.append(Verdict(floor.scenario, floor.what, measured, text, is_met, floor.most is not None))
    return verdicts
