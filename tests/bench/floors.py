"""
floors - the bounds that Empath must keep, and whether it does

The gates are CPU per mail in ms, and memory. All else is "about": rates compared with Postfix's, and CPU compared with
Postfix's, which is the same floor divided by Postfix's CPU on the machine where the floors were set. Another processor
changes the ms but not the ratio. "About" means within a tenth, because the median of the same code varies by more than
that.
"""

import statistics
from dataclasses import dataclass
from typing import Final

from .rounds import Results

ABOUT: Final = 0.1
OURS: Final = "empath"
THEIRS: Final = "postfix"
ACCEPT, ACCEPT_REUSED, RELAY, DRAIN = "accept", "accept-reused", "relay", "drain"


def is_within(measured: float, *, most: float | None = None, least: float | None = None, is_about: bool) -> bool:
    """Whether *measured* is not above *most* and not below *least*; with *is_about* by no more than a tenth."""
    slack = ABOUT if is_about else 0.0
    return (most is None or measured <= most * (1 + slack)) and (least is None or measured >= least * (1 - slack))


@dataclass(frozen=True, slots=True)
class Floor:
    """
    The bound of the median of *metric* in *scenario*.

    Shape: one of *most* and *least* is given. With *is_ratio* it bounds Empath's figure divided by Postfix's in the
    same repeat, is not a gate, and is approximate.
    """

    scenario: str
    metric: str
    what: str
    most: float | None = None
    least: float | None = None
    is_ratio: bool = False

    def is_met(self, measured: float) -> bool:
        """Whether *measured* is within the bound, or about within it."""
        return is_within(measured, most=self.most, least=self.least, is_about=self.is_ratio)

    def __str__(self) -> str:
        bound = f"<= {self.most:g}" if self.most is not None else f">= {self.least:g}"
        return f"about {bound}" if self.is_ratio else bound


# scenario -> (most CPU ms per mail, Postfix's CPU ms on the machine of the floors, least rate relative to Postfix's)
SPEED: Final = {
    ACCEPT: (0.40, 1.2, 1.7),
    ACCEPT_REUSED: (0.32, 1.2, 2.2),
    RELAY: (0.70, 2.3, 2.5),
    DRAIN: (0.30, 0.83, 3.0),
}
FLOORS: Final = (
    *(Floor(scenario, "cpu_ms", "CPU ms/mail", most=most) for scenario, (most, _, _) in SPEED.items()),
    Floor("accept-tls", "cpu_ms", "CPU ms/mail", most=0.60),
    Floor("accept-tls-reused", "cpu_ms", "CPU ms/mail", most=0.20),
    Floor("idle", "session_kb", "kB/session", most=100),
    Floor("idle-tls", "session_kb", "kB/session", most=50),
    Floor("large", "growth_mb", "growth of any process, MB", most=10),
    *(
        Floor(scenario, "cpu_ms", "CPU to Postfix's", most=round(most / theirs, 2), is_ratio=True)
        for scenario, (most, theirs, _) in SPEED.items()
    ),
    Floor("accept-authenticated", "cpu_ms", "CPU to Postfix's", most=0.5, is_ratio=True),
    *(
        Floor(scenario, "rate", "rate to Postfix's", least=least, is_ratio=True)
        for scenario, (_, _, least) in SPEED.items()
    ),
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
    verdicts = []
    for floor in FLOORS:
        values = (
            results.ratios(floor.scenario, OURS, THEIRS, floor.metric)
            if floor.is_ratio
            else results.figures(floor.scenario, OURS, floor.metric)
        )
        if values:
            measured = statistics.median(values)
            is_met = floor.is_met(measured)
            verdicts.append(Verdict(floor.scenario, floor.what, measured, str(floor), is_met, not floor.is_ratio))
    return verdicts
