"""
dns_cache - answers of the DNS, kept for as long as they hold

THEORY
    An answer that is kept costs a look into a dict.  Any other question is asked in a greenlet of its own, once for all
    who want to know at that time: who waits for a dead zone waits for that zone only, and who runs out of time leaves
    while the question goes on for the others.
"""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from gevent import Greenlet

from empath.mail.lookup import Absent, Answer, Failed, Question
from empath.net.resolver import TIMED_OUT

MAX_ENTRIES = 10_000
_LONGEST_S = 86_400.0
_LONGEST_ABSENT_S = 3_600.0  # RFC 2308 §5: one to three hours


class Asker(Protocol):
    """Asks one question at a time; may be asked by many greenlets at once."""

    def ask(self, question: Question, within_s: float) -> Answer:
        """The answer; Failed where there is none within *within_s* seconds."""


class CachingResolver:
    """
    A resolver that remembers, for the greenlets of one process.

    *question_s* bounds a question, however long those who asked may wait. *clock* gives monotonic seconds.
    """

    def __init__(
        self,
        asker: Asker,
        *,
        question_s: float,
        clock: Callable[[], float] = time.monotonic,
        max_entries: int = MAX_ENTRIES,
    ) -> None:
        self._asker = asker
        self._question_s = question_s
        self._clock = clock
        self._max_entries = max_entries
        self._kept: dict[Question, tuple[float, Answer]] = {}  # until when, and what; the oldest first
        self._flights: dict[Question, Greenlet[[Question], Answer]] = {}

    def look_up(self, questions: Sequence[Question], within_s: float) -> list[Answer]:
        """See Resolver: what is kept at once, the rest all at the same time."""
        now = self._clock()
        kept = self._kept
        answers: list[Answer] = []
        for question in questions:
            entry = kept.get(question)
            if entry is None or entry[0] <= now:
                break
            answers.append(entry[1])
        else:
            return answers
        return self._wait(questions, now, now + within_s)

    def __len__(self) -> int:
        return len(self._kept)

    def _wait(self, questions: Sequence[Question], now: float, ends_at: float) -> list[Answer]:
        there = [self._find(question, now) for question in questions]
        answers: list[Answer] = []
        for each in there:
            if isinstance(each, Greenlet):
                each.join(max(0.0, ends_at - self._clock()))
                answers.append(each.get() if each.ready() else Failed(TIMED_OUT))
            else:
                answers.append(each)
        return answers

    def _find(self, question: Question, now: float) -> "Answer | Greenlet[[Question], Answer]":
        entry = self._kept.get(question)
        if entry is not None and entry[0] > now:
            return entry[1]
        flight = self._flights.get(question)
        if flight is None:
            flight = self._flights[question] = Greenlet.spawn(self._fly, question)
        return flight

    def _fly(self, question: Question) -> Answer:
        try:
            answer = self._asker.ask(question, self._question_s)
        finally:
            del self._flights[question]
        self._keep(question, answer)
        return answer

    def _keep(self, question: Question, answer: Answer) -> None:
        self._kept.pop(question, None)
        longest_s = _LONGEST_ABSENT_S if isinstance(answer, Absent) else _LONGEST_S
        if answer.ttl_s <= 0:
            return
        if len(self._kept) >= self._max_entries:
            del self._kept[next(iter(self._kept))]
        self._kept[question] = (self._clock() + min(answer.ttl_s, longest_s), answer)
