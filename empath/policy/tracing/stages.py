"""
stages - from instants to the times of the stages of a connection

A connection notes each instant at which it begins to wait for something else: a mark. A stage lasts from its mark to
the next one. Commands that went out together (RFC 2920) may be answered together: then each of them has lasted from the
first to the answer.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from empath.mail.outcome import Stage

# A stage that begins, None for the end of the last one, and the instant in seconds of any clock.
Mark = tuple[Stage | None, float]

# Stages that are one span: the content goes out between the reply to DATA and the one to its end.
_TOGETHER: Final = {Stage.CONTENT: Stage.DATA, Stage.END_OF_DATA: Stage.DATA, Stage.GREETING: Stage.EHLO}


class StageTime(NamedTuple):
    """How long one stage took. Shape: instants of the clock of the marks."""

    stage: Stage
    began_at: float
    ended_at: float


def stage_times(marks: Iterable[Mark]) -> list[StageTime]:
    """The stages of *marks* in their order."""
    times: list[StageTime] = []
    for each in _spans(marks):
        before = times[-1] if times else None
        if before is not None and before.stage is each.stage and before.ended_at == each.began_at:
            times[-1] = before._replace(ended_at=each.ended_at)
            continue
        if each.stage is Stage.DATA and before is not None and before.stage is Stage.MAIL:
            times.append(StageTime(Stage.RCPT, before.began_at, before.ended_at))
        times.append(each)
    return times


def _spans(marks: Iterable[Mark]) -> Iterator[StageTime]:
    for (stage, began_at), (_, ended_at) in pairwise(marks):
        if stage is not None:
            yield StageTime(_TOGETHER.get(stage, stage), began_at, ended_at)
