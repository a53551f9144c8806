"""
verdicts - one figure of a deep queue and what it is held to

Figures by the wall clock are the least of several tries: whatever else the machine does can only add to them.
"""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from ..floors import Verdict, is_within

T = TypeVar("T")


def at_most(scenario: str, what: str, measured: float, most: float, *, is_gate: bool = True) -> Verdict:
    """A figure that must not be above *most*; "about" where it is not a gate."""
    floor = f"<= {most:g}" if is_gate else f"about <= {most:g}"
    return Verdict(scenario, what, measured, floor, is_within(measured, most=most, is_about=not is_gate), is_gate)


def at_least(scenario: str, what: str, measured: float, least: float, *, is_gate: bool = True) -> Verdict:
    """A figure that must not be below *least*; "about" where it is not a gate."""
    floor = f">= {least:g}" if is_gate else f"about >= {least:g}"
    return Verdict(scenario, what, measured, floor, is_within(measured, least=least, is_about=not is_gate), is_gate)


def shown(scenario: str, what: str, measured: float) -> Verdict:
    """A figure that is held to nothing."""
    return Verdict(scenario, what, measured, "-", is_met=True, is_gate=False)


def least_s(tries: int, body: Callable[[], object]) -> float:
    """Seconds by the wall clock that *body* takes, the least of *tries*."""
    return min(_seconds(body) for _ in range(tries))


def percentile(values: Sequence[float], share: float) -> float:
    """The value that *share* (0 to 1) of at least one value do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _seconds(body: Callable[[], object]) -> float:
    start = time.perf_counter()
    body()
    return time.perf_counter() - start
