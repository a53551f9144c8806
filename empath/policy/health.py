"""health - the result of one check of the service, and what to do about it"""

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
