"""
dns_cache - answers of the DNS, kept until they expire

THEORY
    A kept answer costs one dict look-up.  Any other question is asked in a greenlet of its own, once for all callers
    that wait for it at that time.  So a dead zone delays only the callers that ask for it, and a caller whose time is
    over leaves while the question goes on for the others.  If one family of a host's addresses is known, the wait for
    the other is short: a name server that never answers AAAA does not delay mail (RFC 8305 §3).
"""

import time
from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import gevent
from gevent import Greenlet

from empath.mail.lookup import Absent, Addresses, Exchangers, Failed, Kind, LookupAnswer, Question, Texts
from empath.net.resolver import TIMED_OUT

MAX_ENTRIES = 10_000
MAX_OCTETS = 16 * 1024 * 1024  # approximate memory of all entries
OTHER_FAMILY_S = 0.25  # RFC 8305 §3 has 50 ms for a person who waits; mail has more time
_ENTRY_OCTETS = 600  # memory of an entry and its question without their texts
_RECORD_OCTETS = 120  # memory of a record without its text
_LONGEST_S = 86_400.0
_LONGEST_ABSENT_S = 3_600.0  # RFC 2308 §5: one to three hours


_TOO_MANY = Failed("too many questions are under way")


class Asker(Protocol):
    """Asks one question per call; many greenlets may call it at once."""

    def ask(self, question: Question, within_s: float) -> LookupAnswer:
        """The answer; Failed if there is none within *within_s* seconds."""


class CachingResolver:
    """
    A resolver that remembers, for the greenlets of one process.

    *question_s* bounds a question, however long its callers may wait. *max_flights* is the most questions that are
    under way, each with a descriptor; a further one fails at once. *clock* gives monotonic seconds.
    """

    def __init__(
        self,
        asker: Asker,
        *,
        question_s: float,
        clock: Callable[[], float] = time.monotonic,
        max_entries: int = MAX_ENTRIES,
        max_octets: int = MAX_OCTETS,
        max_flights: int | None = None,
    ) -> None:
        self._asker = asker
        self._question_s = question_s
        self._clock = clock
        self._max_entries = max_entries
        self._max_octets = max_octets
        self._max_flights = max_flights
        self._octets = 0
        self._kept: dict[Question, tuple[float, LookupAnswer]] = {}  # expiry and answer, the oldest first
        self._flights: dict[Question, _Flight] = {}

    def look_up(self, questions: Sequence[Question], within_s: float) -> list[LookupAnswer]:
        """See Resolver. Kept answers come at once; all other questions are asked at the same time."""
        now = self._clock()
        kept = self._kept
        answers: list[LookupAnswer] = []
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

    @property
    def octets(self) -> int:
        """Approximate memory of the answers."""
        return self._octets

    def _wait(self, questions: Sequence[Question], now: float, ends_at: float) -> list[LookupAnswer]:
        there = {question: self._find(question, now) for question in questions}
        graced_until: float | None = None
        while pending := {q: each for q, each in there.items() if isinstance(each, Greenlet) and not each.ready()}:
            until = ends_at
            if all(_has_address(there.get(_other_family(question))) for question in pending):
                graced_until = graced_until or self._clock() + OTHER_FAMILY_S
                until = min(ends_at, graced_until)
            if not gevent.wait(list(pending.values()), timeout=max(0.0, until - self._clock()), count=1):
                break
        return [_answer(each) for each in map(there.__getitem__, questions)]

    def _find(self, question: Question, now: float) -> "LookupAnswer | _Flight":
        entry = self._kept.get(question)
        if entry is not None and entry[0] > now:
            return entry[1]
        flight = self._flights.get(question)
        if flight is None:
            if self._max_flights is not None and len(self._flights) >= self._max_flights:
                return _TOO_MANY
            flight = self._flights[question] = Greenlet.spawn(self._fly, question)
        return flight

    def _fly(self, question: Question) -> LookupAnswer:
        try:
            answer = self._asker.ask(question, self._question_s)
        finally:
            del self._flights[question]
        self._keep(question, answer)
        return answer

    def _keep(self, question: Question, answer: LookupAnswer) -> None:
        if question in self._kept:
            self._forget(question)
        longest_s = _LONGEST_ABSENT_S if isinstance(answer, Absent) else _LONGEST_S
        if answer.ttl_s <= 0:
            return
        self._kept[question] = (self._clock() + min(answer.ttl_s, longest_s), answer)
        self._octets += _size(question, answer)
        while len(self._kept) > self._max_entries or self._octets > self._max_octets:
            self._forget(next(iter(self._kept)))

    def _forget(self, question: Question) -> None:
        _, answer = self._kept.pop(question)
        self._octets -= _size(question, answer)


_Flight: TypeAlias = "Greenlet[[Question], LookupAnswer]"


def _answer(each: "LookupAnswer | _Flight") -> LookupAnswer:
    if not isinstance(each, Greenlet):
        return each
    return each.get() if each.ready() else Failed(TIMED_OUT)


def _has_address(each: "LookupAnswer | _Flight | None") -> bool:
    """Whether an address of the host is known."""
    if isinstance(each, Greenlet):
        return each.successful() and isinstance(each.value, Addresses)
    return isinstance(each, Addresses)


def _other_family(question: Question) -> Question:
    return Question(question.name, Kind.AAAA if question.kind is Kind.A else Kind.A)


def _size(question: Question, answer: LookupAnswer) -> int:
    texts: list[str] = []
    if isinstance(answer, Exchangers):
        texts = [name for _, name in answer.records]
    elif isinstance(answer, Addresses | Texts):
        texts = list(answer.records)
    return _ENTRY_OCTETS + len(question.name) + sum(map(len, texts)) + _RECORD_OCTETS * len(texts)
