"""questions - several searches of the DNS at once, for a command that waits for all of them"""

import time
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, TypeVar

from empath.mail.lookup import LookupAnswer, Question

if TYPE_CHECKING:
    from empath.net.resolver import Resolver

T = TypeVar("T")


def search_all(
    searches: Sequence[Generator[Question, LookupAnswer, T]], resolver: "Resolver", within_s: float
) -> list[T]:
    """
    Drive *searches* to their ends, in rounds: the next question of each is asked together with those of the others, and
    each question once. After *within_s* seconds the rest is answered as failed.
    """
    ends_at = time.monotonic() + within_s
    answers: dict[Question, LookupAnswer] = {}
    found: dict[int, T] = {}
    waiting: dict[int, Question | None] = dict.fromkeys(range(len(searches)))
    while waiting:
        asked = [question for question in dict.fromkeys(waiting.values()) if question and question not in answers]
        if asked:
            got = resolver.look_up(asked, max(0.0, ends_at - time.monotonic()))
            answers.update(zip(asked, got, strict=True))
        for number, question in [*waiting.items()]:
            try:
                steps = searches[number]
                waiting[number] = next(steps) if question is None else steps.send(answers[question])
            except StopIteration as stop:
                found[number] = stop.value
                del waiting[number]
    return [found[number] for number in range(len(searches))]
