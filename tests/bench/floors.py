"""
floors - the bounds that Empath must keep, and whether it does

The gates are CPU per mail, and memory. A figure of CPU is bounded by that of Postfix in the same repeat, because
another processor changes the milliseconds and not the ratio; where Postfix was not measured, the milliseconds of the
machine where the floors were set are the bound. Rates are "about", within a tenth, because the median of the same code
varies by more than that. A goal is what Empath is to reach: a run judges it, and does not fail by it.
"""

import statistics
from dataclasses import dataclass
from typing import Final

from .rounds import Results

ABOUT: Final = 0.1
OURS: Final = "empath"
THEIRS: Final = "postfix"


def is_within(measured: float, *, most: float | None = None, least: float | None = None, is_about: bool) -> bool:
    """Whether *measured* is not above *most* and not below *least*; with *is_about* by no more than a tenth."""
    slack = ABOUT if is_about else 0.0
    return (most is None or measured <= most * (1 + slack)) and (least is None or measured >= least * (1 - slack))


@dataclass(frozen=True, slots=True)
class Floor:
    """
    The bound of the median of *metric* in *scenario*.

    Shape: one of *most* and *least* is given. With *theirs*, what Postfix needs where *most* was set, the bound of
    Empath's figure divided by Postfix's is *most* / *theirs*. With *is_ratio* it is a bound of that ratio, and
    approximate. A run does not fail by a goal.
    """

    scenario: str
    metric: str
    what: str
    most: float | None = None
    least: float | None = None
    theirs: float | None = None
    is_ratio: bool = False
    is_goal: bool = False

    def verdict(self, results: Results) -> "Verdict | None":
        """Whether the median is within the bound; None where nothing was measured."""
        ratios = results.ratios(self.scenario, OURS, THEIRS, self.metric)
        if self.is_ratio or (self.theirs and ratios):
            values, most = ratios, self.most and self.most / (self.theirs or 1)
            what = f"{self.what} to Postfix's"
        else:
            values, most, what = results.figures(self.scenario, OURS, self.metric), self.most, self.what
        if not values:
            return None
        measured = statistics.median(values)
        is_met = is_within(measured, most=most, least=self.least, is_about=self.is_ratio)
        bound = f"<= {most:.3g}" if most is not None else f">= {self.least:g}"
        kind = "goal " if self.is_goal else "about " if self.is_ratio else ""
        return Verdict(self.scenario, what, measured, kind + bound, is_met, not (self.is_ratio or self.is_goal))


# scenario -> (most CPU ms per mail, Postfix's CPU ms where that was set), as a gate
SPEED: Final = {
    "accept": (0.40, 1.2),
    "accept-reused": (0.32, 1.2),
    "relay": (0.70, 2.3),
    "drain": (0.30, 0.83),
}
# The same, on a fresh file system, as a goal
GOALS: Final = {
    "accept": (0.21, 0.947),
    "accept-reused": (0.13, 0.721),
    "relay": (0.30, 1.86),
    "relay-reused": (0.26, 1.62),
    "drain": (0.10, 0.853),
    "accept-tls": (0.60, 2.2),
    "accept-tls-reused": (0.20, 1.0),
}
# The least rate to Postfix's
RATES: Final = {"accept": 1.7, "accept-reused": 2.2, "relay": 2.5, "drain": 3.0}
FLOORS: Final = (
    *(Floor(name, "cpu_ms", "CPU ms/mail", most=most, theirs=theirs) for name, (most, theirs) in SPEED.items()),
    Floor("idle", "session_kb", "kB/session", most=100),
    Floor("idle-tls", "session_kb", "kB/session", most=50),
    Floor("large", "growth_mb", "growth of any process, MB", most=10),
    Floor("relay-tls", "cpu_ms", "CPU ms/mail", most=0.35, is_ratio=True),
    Floor("accept-authenticated", "cpu_ms", "CPU ms/mail", most=0.5, is_ratio=True),
    *(Floor(name, "rate", "rate", least=rate, is_ratio=True) for name, rate in RATES.items()),
    *(
        Floor(name, "cpu_ms", "CPU ms/mail", most=most, theirs=theirs, is_goal=True)
        for name, (most, theirs) in GOALS.items()
    ),
    Floor("footprint", "pss_mb", "memory of all processes, MB", most=75, is_goal=True),
    Floor("footprint", "start_s", "start to the first greeting, s", most=0.6, is_goal=True),
    Floor("footprint", "replaced_ms", "a child replaced, ms", most=50, is_goal=True),
    Floor("footprint", "verb_ms", "CPU of a command, ms", most=100, is_goal=True),
    Floor("syncs-one", "syncs", "syncs/mail", most=2, is_goal=True),
    Floor("syncs-20", "syncs", "syncs/mail", most=0.4, is_goal=True),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A floor, the measured median, and whether the floor is met; *is_gate* tells a gate from "about"."""

    scenario: str
    what: str
    measured: float
    floor: str
    is_met: bool
    is_gate: bool


def judge(results: Results) -> list[Verdict]:
    """A verdict for every measured floor."""
    return [verdict for floor in FLOORS if (verdict := floor.verdict(results)) is not None]
