"""
verdicts - one figure of a deep queue and its bound

A figure by the wall clock is the least of several tries, because other load on the machine can only add to it.
"""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from ..floors import Verdict, is_within

T = TypeVar("T")


def at_most(scenario: str, what: str, measured: float, most: float, *, is_gate: bool = True) -> Verdict:
    """A figure with the upper bound *most*; "about" if it is not a gate."""
    floor = f"<= {most:g}" if is_gate else f"about <= {most:g}"
    return Verdict(scenario, what, measured, floor, is_within(measured, most=most, is_about=not is_gate), is_gate)


def at_least(scenario: str, what: str, measured: float, least: float, *, is_gate: bool = True) -> Verdict:
    """A figure with the lower bound *least*; "about" if it is not a gate."""
    floor = f">= {least:g}" if is_gate else f"about >= {least:g}"
    return Verdict(scenario, what, measured, floor, is_within(measured, least=least, is_about=not is_gate), is_gate)


def shown(scenario: str, what: str, measured: float) -> Verdict:
    """A figure without a bound."""
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
