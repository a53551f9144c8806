"""health - the result of one check of the service, and what to do about it"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SILENCE_S: Final = 30.0  # without a new beat for longer a process is taken for dead


class Level(StrEnum):
    """Severity: WARNING may become a problem, ERROR is one."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """
    The result of one check.

    Shape: subject is a word or two; remedy says what to do, empty where all is well.
    """

    subject: str
    level: Level
    found: str
    remedy: str = ""


def judge_least(subject: str, found: str, *, have: float, need: float, remedy: str) -> Diagnosis:
    """OK from twice the need on, ERROR below the need."""
    if have < need:
        return Diagnosis(subject, Level.ERROR, found, remedy)
    if have < 2 * need:
        return Diagnosis(subject, Level.WARNING, found, remedy)
    return Diagnosis(subject, Level.OK, found)


def missing_processes(wanted: Iterable[str], living: Iterable[str]) -> Iterator[tuple[Level, str]]:
    """
    A line for each kind of process that has fewer living processes than *wanted*; both name slots, `kind-n`.

    No process of a kind is an ERROR, fewer than wanted a WARNING.
    """
    have = count_kinds(living)
    for kind, need in count_kinds(wanted).items():
        if have[kind] == 0:
            yield Level.ERROR, f"no {kind} shows a sign of life"
        elif have[kind] < need:
            yield Level.WARNING, f"only {have[kind]} of {need} {kind}s show a sign of life"


def count_kinds(slots: Iterable[str]) -> Counter[str]:
    """How many processes of each kind there are, one for each of *slots*."""
    return Counter(slot.rpartition("-")[0] for slot in dict.fromkeys(slots))  # in their order
