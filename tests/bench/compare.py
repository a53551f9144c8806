"""
compare - the working tree against another revision of Empath, by CPU per mail

Both run from checkouts of their own with the same interpreter, in turns. The medians decide.
"""

import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .collector import RATIOS
from .machine import command, output_of
from .rounds import Results

# A larger ratio is worse; two runs of one revision differ by less.
TOLERANCE: Final = 0.10
WORKING_TREE: Final = "working-tree"
BASE: Final = "base"
SCENARIOS: Final = ("accept", "accept-reused", "relay", "drain")
# Run only where they are named: Postfix has nothing of the kind.
ONLY_NAMED: Final = (
    *(
        "relay-rates",
        "drain-rates",
        "accept-metrics",
        "relay-metrics",
        "accept-signed",
        "submission",
        "submission-signed",
        "inject",
    ),
    *(f"{scenario}-traces-{ratio}" for scenario in ("accept", "drain") for ratio in RATIOS),
)


@dataclass(frozen=True, slots=True)
class Change:
    """Median CPU ms per mail of both in one scenario."""

    scenario: str
    base_ms: float
    tree_ms: float

    @property
    def ratio(self) -> float:
        """The working tree's to the base's: above 1 is worse."""
        return self.tree_ms / self.base_ms

    @property
    def is_worse(self) -> bool:
        """Whether it is worse by more than TOLERANCE."""
        return self.ratio > 1 + TOLERANCE


def changes(results: Results) -> list[Change]:
    """A change for every scenario in which both were measured."""
    found = []
    for scenario in results.samples:
        base = results.figures(scenario, BASE, "cpu_ms")
        tree = results.figures(scenario, WORKING_TREE, "cpu_ms")
        if base and tree:
            found.append(Change(scenario, statistics.median(base), statistics.median(tree)))
    return found


def commit_of(checkout: Path, revision: str) -> str:
    """
    The short name of the commit that *revision* names.

    Raises:
        BenchFailure: it names none.
    """
    argv = [command("git"), "-C", str(checkout), "rev-parse", "--short", "--verify", "--end-of-options"]
    return output_of([*argv, f"{revision}^{{commit}}"]).strip()


@contextmanager
def worktree(checkout: Path, commit: str, directory: Path) -> Iterator[Path]:
    """A checkout of *commit* at *directory*, removed afterwards."""
    git = [command("git"), "-C", str(checkout), "worktree"]
    output_of([*git, "add", "--detach", str(directory), commit])
    try:
        yield directory
    finally:
        output_of([*git, "remove", "--force", str(directory)])
