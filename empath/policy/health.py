"""health - what a look at the service found, and what to do about it"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SILENCE_S: Final = 30.0  # without a new beat for longer a process is taken for dead


class Level(StrEnum):
    """How bad it is: WARNING may become trouble, ERROR is."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """
    One thing that was looked at.

    Shape: subject is a word or two; remedy says what to do, empty where all is well.
    """

    subject: str
    level: Level
    found: str
    remedy: str = ""


def judge_least(subject: str, found: str, *, have: float, need: float, remedy: str) -> Diagnosis:
    """Fine from twice what is needed on, an error below what is needed."""
    if have < need:
        return Diagnosis(subject, Level.ERROR, found, remedy)
    if have < 2 * need:
        return Diagnosis(subject, Level.WARNING, found, remedy)
    return Diagnosis(subject, Level.OK, found)
