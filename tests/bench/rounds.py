"""
rounds - every scenario for every server, repeated, the servers in turn

A disturbance of the machine then affects both servers. The server that begins changes with each repeat.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .disk import file_ms
from .machine import BenchFailure
from .plan import Plan, Sample
from .scenarios import SCENARIOS
from .server import Factory


@dataclass(slots=True)
class Results:
    """Samples by scenario and server, in the order of the repeats. A failed server has fewer samples, and a reason."""

    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    file_ms: list[float] = field(default_factory=list)  # what a new file cost before each run, of CPU

    def figures(self, scenario: str, server: str, metric: str) -> list[float]:
        """The figures of one cell, one for each repeat."""
        samples = self.samples.get(scenario, {}).get(server, [])
        return [sample.figures[metric] for sample in samples if metric in sample.figures]

    def ratios(self, scenario: str, ours: str, theirs: str, metric: str) -> list[float]:
        """Ours divided by theirs, repeat by repeat."""
        pairs = zip(self.figures(scenario, ours, metric), self.figures(scenario, theirs, metric), strict=False)
        return [our / their for our, their in pairs if their]


def run_rounds(
    scenarios: Sequence[str],
    servers: Mapping[str, Factory],
    plan: Plan,
    repeat: int,
    only: Mapping[str, Sequence[str]] | None = None,
) -> Results:
    """
    Run all scenarios and return the measurements; progress goes to stderr, a line for each run.

    Args:
        only: for a scenario named here, the servers that take part in it.
    """
    results = Results()
    for scenario in scenarios:
        names = [name for name in servers if only is None or scenario not in only or name in only[scenario]]
        samples = results.samples.setdefault(scenario, {name: [] for name in names})
        for turn in range(repeat):
            for name in names if turn % 2 == 0 else names[::-1]:
                # One failure is enough: a hanging server would hang in every repeat, each time until the deadline.
                if len(samples[name]) < turn:
                    continue
                results.file_ms.append(file_ms(plan.scratch))
                try:
                    sample = SCENARIOS[scenario](servers[name], name, plan)
                except BenchFailure as failure:
                    results.failures.append(f"{scenario} of {name}: {failure}")
                    _say(f"{scenario} {turn + 1}/{repeat} {name}: {failure}")
                    continue
                samples[name].append(sample)
                _say(f"{scenario} {turn + 1}/{repeat} {name}: " + _brief(sample))
    return results


def _brief(sample: Sample) -> str:
    return ", ".join(f"{metric} {value:.4g}" for metric, value in sample.figures.items())


def _say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)
