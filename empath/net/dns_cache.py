"""
dns_cache - answers of the DNS, kept until they expire

THEORY
    A kept answer costs one dict look-up.  Any other question is asked in a greenlet of its own, once for all callers
    that wait for it at that time.  So a dead zone delays only the callers that ask for it, and a caller whose time is
    over leaves while the question goes on for the others.  If one family of a host's addresses is known, the wait for
    the other is short: a name server that never answers AAAA does not delay mail (RFC 8305 §3).

    Processes may share their answers. Then a question looks for a shared answer first, and its own answer is shared.
    An answer that has expired stays for a while, and serves where the name servers fail (RFC 8767). "Does not exist" is
    never used so, nor a TLSA record: both decide more than where mail goes.
"""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol, TypeAlias

import gevent
from gevent import Greenlet

from empath.mail.lookup import (
    Absent,
    Addresses,
    Exchangers,
    Failed,
    Kind,
    LookupAnswer,
    Question,
    Security,
    Texts,
    TlsaRecords,
)
from empath.mail.lookup_text import FOUND, status_of
from empath.net.resolver import TIMED_OUT

MAX_ENTRIES = 10_000
MAX_OCTETS = 16 * 1024 * 1024  # approximate memory of all entries
OTHER_FAMILY_S = 0.25  # RFC 8305 §3 has 50 ms for a person who waits; mail has more time
_ENTRY_OCTETS = 600  # memory of an entry and its question without their texts
_RECORD_OCTETS = 120  # memory of a record without its text
_STALE_TTL_S = 30.0  # until the name servers are asked again meanwhile, RFC 8767 §4
_LONGEST_S = 86_400.0
_LONGEST_ABSENT_S = 3_600.0  # RFC 2308 §5: one to three hours


TOO_MANY = Failed("too many questions are under way")


class Asker(Protocol):
    """Asks one question per call; many greenlets may call it at once."""

    def ask(self, question: Question, within_s: float) -> LookupAnswer:
        """The answer; Failed if there is none within *within_s* seconds."""


class SharedAnswer(NamedTuple):
    """
    An answer that another process may have got.

    Shape: its ttl_s is the time that it is valid yet, 0 or less if it has expired; stale_s is the time for which it may
    serve yet where the name servers fail.
    """

    answer: LookupAnswer
    stale_s: float = 0.0


class SharedAnswers(Protocol):
    """Where processes share their answers."""

    def find(self, question: Question) -> SharedAnswer | None:
        """What is known; never waits."""

    def store(self, question: Question, answer: LookupAnswer, stale_s: float) -> None:
        """Take an answer of a name server, or its failure; never waits."""


class NotShared:
    """SharedAnswers of a process that keeps to itself."""

    def find(self, question: Question) -> SharedAnswer | None:
        """See SharedAnswers."""

    def store(self, question: Question, answer: LookupAnswer, stale_s: float) -> None:
        """See SharedAnswers."""


class CachingResolver:
    """
    A resolver that remembers, for the greenlets of one process.

    *question_s* bounds a question, however long its callers may wait. *max_flights* is the most questions that are
    under way, each with a descriptor; a further one fails at once. *clock* gives monotonic seconds. *stale_s* is how
    long an expired answer may serve, *report_stale* is called when one does. *trusts_refusals* says that a refusal may
    also be answered so, although it may stand for a signature that is wrong.
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
        shared: SharedAnswers | None = None,
        stale_s: float = 0.0,
        report_stale: Callable[[Question, Failed], object] = lambda *_: None,
        trusts_refusals: bool = True,
    ) -> None:
        self._asker = asker
        self._question_s = question_s
        self._clock = clock
        self._max_entries = max_entries
        self._max_octets = max_octets
        self._max_flights = max_flights
        self._shared = shared or NotShared()
        self._stale_s = stale_s
        self._report_stale = report_stale
        self._trusts_refusals = trusts_refusals
        self._followers: list[Callable[[], object]] = []
        self._octets = 0
        # Answers by where they came from: this cache, other processes, the name servers, or none of these.
        self.counts = {"cache": 0, "shared": 0, "asked": 0, "failed": 0}
        # Answers of the name servers.
        self.answers = {FOUND: 0, "NODATA": 0, "NXDOMAIN": 0, "failed": 0}
        self._observe: Callable[[float], object] | None = None
        self._kept: dict[Question, _Kept] = {}  # the oldest first
        self._flights: dict[Question, _Flight] = {}

    def look_up(self, questions: Sequence[Question], within_s: float) -> list[LookupAnswer]:
        """See Resolver. Kept answers come at once; all other questions are asked at the same time."""
        now = self._clock()
        kept = self._kept
        answers: list[LookupAnswer] = []
        for question in questions:
            entry = kept.get(question)
            if entry is None or entry.expires_at <= now:
                break
            answers.append(entry.answer)
        else:
            self.counts["cache"] += len(answers)
            return answers
        return self._wait(questions, now, now + within_s)

    def known(self, question: Question) -> LookupAnswer | None:
        """The answer that is kept; None if it would have to be asked for."""
        entry = self._kept.get(question)
        if entry is None or entry.expires_at <= self._clock():
            return None
        self.counts["cache"] += 1
        return entry.answer

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def octets(self) -> int:
        """Approximate memory of the answers."""
        return self._octets

    def forget(self, names: Collection[str] | None = None) -> None:
        """Ask again about these names, about all if it is None; answers that are under way do not count either."""
        for question in [each for each in self._kept if names is None or each.name in names]:
            self._forget(question)
        for question in [each for each in self._flights if names is None or each.name in names]:
            del self._flights[question]
        for call in self._followers:
            call()

    def after_forget(self, call: Callable[[], object]) -> None:
        """Have *call* called after each `forget`: for what is made of the answers, such as searches for hosts."""
        self._followers.append(call)

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
        if entry is not None and entry.expires_at > now:
            self.counts["cache"] += 1
            return entry.answer
        flight = self._flights.get(question)
        if flight is None:
            if self._max_flights is not None and len(self._flights) >= self._max_flights:
                return TOO_MANY
            flight = self._flights[question] = Greenlet.spawn(self._fly, question)
        return flight

    def _fly(self, question: Question) -> LookupAnswer:
        flight = gevent.getcurrent()
        try:
            found = self._shared.find(question)
            if found is not None and found.answer.ttl_s > 0:
                answer, stale_s = found
                self.counts["shared"] += 1
            else:
                asked = self._ask(question)
                answer, stale_s = self._or_stale(question, asked, found)
                if self._flights.get(question) is flight:
                    self._shared.store(question, _bounded(asked), stale_s if answer is asked else 0.0)
        finally:
            is_wanted = self._flights.get(question) is flight  # `forget` may have come meanwhile
            if is_wanted:
                del self._flights[question]
        if is_wanted:
            self._keep(question, answer, stale_s)
        return answer

    def measure(self, observe: Callable[[float], object]) -> None:
        """Have *observe* called with the seconds that each answer of the name servers took."""
        self._observe = observe

    def _ask(self, question: Question) -> LookupAnswer:
        began = time.monotonic()
        asked = self._asker.ask(question, self._question_s)
        has_failed = isinstance(asked, Failed)
        self.counts["failed" if has_failed else "asked"] += 1
        self.answers["failed" if has_failed else status_of(asked)] += 1
        if self._observe is not None:
            self._observe(time.monotonic() - began)
        return asked

    def _or_stale(
        self, question: Question, answer: LookupAnswer, shared: SharedAnswer | None
    ) -> tuple[LookupAnswer, float]:
        """The answer to use, and for how long it may serve once it has expired."""
        if not isinstance(answer, Failed):
            return answer, self._stale_s if _may_be_stale(answer) else 0.0
        if answer.security is Security.BOGUS or (answer.is_refused and not self._trusts_refusals):
            return answer, 0.0
        now = self._clock()
        kept = self._kept.get(question)
        if kept is not None and kept.stale_until > now:
            shared = SharedAnswer(kept.answer, kept.stale_until - now)
        if shared is None or shared.stale_s <= 0 or not self._stale_s or not _may_be_stale(shared.answer):
            return answer, 0.0
        self._report_stale(question, answer)
        ttl_s = min(_STALE_TTL_S, shared.stale_s)
        return replace(shared.answer, ttl_s=ttl_s), shared.stale_s - ttl_s

    def _keep(self, question: Question, answer: LookupAnswer, stale_s: float) -> None:
        if question in self._kept:
            self._forget(question)
        if answer.ttl_s <= 0:
            return
        expires_at = self._clock() + _bounded(answer).ttl_s
        self._kept[question] = _Kept(expires_at, answer, expires_at + stale_s)
        self._octets += _size(question, answer)
        while len(self._kept) > self._max_entries or self._octets > self._max_octets:
            self._forget(next(iter(self._kept)))

    def _forget(self, question: Question) -> None:
        kept = self._kept.pop(question)
        self._octets -= _size(question, kept.answer)


class _Kept(NamedTuple):
    """Shape: instants of the clock of the cache."""

    expires_at: float
    answer: LookupAnswer
    stale_until: float


_Flight: TypeAlias = "Greenlet[[Question], LookupAnswer]"


def _answer(each: "LookupAnswer | _Flight") -> LookupAnswer:
    if not isinstance(each, Greenlet):
        return each
    return each.get() if each.ready() else Failed(TIMED_OUT)


def _bounded(answer: LookupAnswer) -> LookupAnswer:
    """*answer*, for as long as it may be kept; a row that outlives that would be read again and again."""
    longest_s = _LONGEST_ABSENT_S if isinstance(answer, Absent) else _LONGEST_S
    return answer if answer.ttl_s <= longest_s else replace(answer, ttl_s=longest_s)


def _may_be_stale(answer: LookupAnswer) -> bool:
    return isinstance(answer, Exchangers | Addresses | Texts)


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
    elif isinstance(answer, TlsaRecords):
        texts = [record.data.hex() for record in answer.records]
    return _ENTRY_OCTETS + len(question.name) + sum(map(len, texts)) + _RECORD_OCTETS * len(texts)
