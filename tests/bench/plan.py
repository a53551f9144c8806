"""
plan - how much mail a run has, and what it gives

A scenario gives a Sample; METRICS explains its figures. Rates are mails per second by the wall clock.
"""

from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final

# metric -> (column heading, is less better); other metrics are not compared.
METRICS: Final = MappingProxyType(
    {
        "rate": ("mails/s", False),
        "cpu_ms": ("CPU ms/mail", True),
        "accept_rate": ("accepting mails/s", False),
        "others": ("CPU of others, % of all cores", True),
        "p50_ms": ("median, ms", True),
        "p99_ms": ("99th percentile, ms", True),
        "syncs": ("syncs/mail", True),
        "pss_mb": ("memory of all processes, MB (PSS)", True),
        "start_s": ("start to the first greeting, s", True),
        "replaced_ms": ("a child replaced, ms", True),
        "verb_ms": ("CPU of a command, ms", True),
        "session_kb": ("kB/session", True),
        "processes": ("processes", True),
        "growth_mb": ("growth of the worst process, MB", True),
        "seconds": ("s", True),
    }
)
WARM_UP: Final = 100
# Postfix has dozens of processes, and the largest ones matter.
WORST_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Plan:
    """The amount of mail; the defaults are those of docs/PERFORMANCE.md."""

    scratch: Path
    messages: int = 4000
    drained: int = 10_000
    idle_sessions: int = 1000
    large_octets: int = 100_000_000


@dataclass(frozen=True, slots=True)
class Sample:
    """Figures of one run by metric, and lines that explain them."""

    figures: dict[str, float]
    notes: list[str] = field(default_factory=list)
