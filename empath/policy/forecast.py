"""
forecast - how the mail of one destination goes on, if hosts answer as they did

THEORY
    Mail that waits for a destination is counted in cohorts: messages that are due at the same instant and have as many
    attempts, recipients and time left.  The forecast goes from lease to lease: it looks when one may be taken, how many
    connections and messages it gets, and when its attempts end.  Then a part of the messages is delivered or bounces,
    and the rest is deferred or expires.  What decides is what decides for a worker: `closed_until` for the hours,
    `exchange` for the rates, `after_lease` for connections and circuit breaker, `decide_fate` for the next attempt and
    the end.

    Chance is left out: a delay is that in the middle of its jitter, and of each hundred messages as many are deferred
    as hosts deferred of the last ones.  Destinations are looked at apart, so nothing here knows of what they share.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Final, NamedTuple

from empath.mail.fate import Said
from empath.mail.identity import Timestamp
from empath.mail.outcome import Outcome, Stage
from empath.mail.reply import Reply
from empath.policy.concurrency import MESSAGES, MESSAGES_PER_EXTRA_LEASE, LeaseReport, Standing, after_lease
from empath.policy.destinations.hours import Hours, closed_until
from empath.policy.fate import decide_fate
from empath.policy.limits.delivery import next_token_s
from empath.policy.limits.rate import Rate, exchange
from empath.policy.retry import RetrySchedule
from empath.policy.warmup import WarmupPlan

_EXACT_RECIPIENTS: Final = 2_000  # most recipients of a queue whose instants are not rounded
_MOST_LEASES: Final = 50_000  # that all forecasts of a queue should look at
_MOST_DECISIONS: Final = 5_000_000  # some ten seconds of work; a million messages with usual delays need three million
_LIFETIME_S: Final = 432_000.0  # the usual one
_GRAINS_S: Final = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0)
_MIDDLE: Final = 0.5  # of the jitter
_SAID: Final = Said(Stage.RCPT, Reply.of("451 4.7.1 as the last ones"))


class Cohort(NamedTuple):
    """
    What messages of one destination have in common.

    Shape: due_at and expires_at in Unix seconds; recipients is the number of each message; domain is that of the
    recipients where the retry schedule depends on it, else empty.
    """

    due_at: float
    attempts: int
    expires_at: float
    recipients: int = 1
    domain: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """
    What holds of one destination.

    Shape: concurrency is the configured limit; buckets has rates with the instant at which each will be full;
    schedules are by domain of the recipients, as in the cohorts; latency_s is the time that one message takes, above 0;
    final_share is the share of attempts after which hosts have taken the mail, or refused it for good, 0 to 1;
    reaches_hosts is False if no connection is made;
    suspended_until is of an order or of a rule about replies, and zone that of the hours; warmups has the plan of each
    source address with the messages that went out by it today, and nothing if any address is without a plan.
    """

    schedules: Mapping[str, RetrySchedule]
    concurrency: int = 20
    standing: Standing = Standing()  # noqa: RUF009 - a tuple does not change
    buckets: tuple[tuple[Rate, float], ...] = ()
    latency_s: float = 1.0
    final_share: float = 1.0
    reaches_hosts: bool = True
    suspended_until: float | None = None
    hours: Hours | None = None
    zone: tzinfo = UTC
    not_before: Timestamp | None = None
    warmups: tuple[tuple[WarmupPlan, int], ...] = ()


@dataclass(slots=True)
class Forecast:
    """
    What becomes of the mail of one destination.

    Shape: recipients is their number now, due those that are due; first_at is the end of the first attempt, tried_at
    that of the last first one, drained_at the instant at which none is left; None if that does not come. attempts
    counts those of single recipients; settled recipients are delivered or bounced; expired ones have had their last
    attempt; left are those of which no end is seen.
    """

    recipients: int = 0
    due: int = 0
    first_at: float | None = None
    tried_at: float | None = None
    drained_at: float | None = None
    attempts: int = 0
    settled: int = 0
    expired: int = 0
    left: int = 0


class _Waiting(NamedTuple):
    """A cohort in the order of its turn. Shape: is_again is 1 after a forecast attempt."""

    due_at: float
    is_again: int
    attempts: int
    expires_at: float
    recipients: int
    domain: str


@dataclass(frozen=True, slots=True)
class _Tried:
    """As decide_fate takes it."""

    domain: str
    attempts: int
    expires_at: Timestamp
    recipient_id: int = 0
    notify: str | None = None


@dataclass(slots=True)
class _Queue:
    """The cohorts, the one that is due first at the top of `heap`."""

    counts: dict[_Waiting, int]
    heap: list[_Waiting] = field(default_factory=list)
    untried: int = 0

    def take(self, now: float, limit: int) -> list[tuple[_Waiting, int]]:
        """Up to *limit* messages that are due at *now*, cohort by cohort."""
        taken = []
        while limit and self.heap and self.heap[0].due_at <= now:
            first = self.heap[0]
            number = min(limit, self.counts[first])
            taken.append((first, number))
            limit -= number
            if number == self.counts[first]:
                heapq.heappop(self.heap)
                del self.counts[first]
            else:
                self.counts[first] -= number
            self.untried -= 0 if first.is_again else number
        return taken

    def put(self, cohort: _Waiting, number: int) -> None:
        """Let messages wait again."""
        if cohort not in self.counts:
            heapq.heappush(self.heap, cohort)
            self.counts[cohort] = 0
        self.counts[cohort] += number


def forecast(
    cohorts: Mapping[Cohort, int],
    terms: Terms,
    *,
    now: float,
    horizon_s: float,
    grain_s: float = 0.0,
    most_leases: int = 100_000,
    most_decisions: int = _MOST_DECISIONS,
) -> Forecast:
    """
    What becomes of *cohorts*, which are given with their numbers of messages, from *now* on for *horizon_s* seconds.

    Instants of attempts after the first ones are rounded up to *grain_s*, so that a large queue keeps few cohorts.
    After *most_leases*, those at the same time counted as one, or *most_decisions* about cohorts, no end is seen.
    """
    run = _Run(cohorts, terms, now, grain_s)
    for _ in range(most_leases):
        if run.decisions >= most_decisions or not run.goes_on(now + horizon_s):
            break
    return run.result()


class _Run:
    """
    The queue of one destination and its leases. `seen` counts what became of the mail so far, and `decisions` how often
    a cohort was decided about.
    """

    def __init__(self, cohorts: Mapping[Cohort, int], terms: Terms, now: float, grain_s: float) -> None:
        counts = {
            _Waiting(c.due_at, 0, c.attempts, c.expires_at, c.recipients, c.domain): n for c, n in cohorts.items()
        }
        self.seen = Forecast(
            recipients=sum(each.recipients * number for each, number in counts.items()),
            due=sum(each.recipients * number for each, number in counts.items() if each.due_at <= now),
        )
        self.decisions = 0
        self._queue = _Queue(counts, sorted(counts), sum(counts.values()))
        self._course = _Course(terms, now)
        self._schedule_of = terms.schedules.__getitem__
        self._grain_s = grain_s

    def goes_on(self, until: float) -> bool:
        """Take the next leases, and decide about their messages; False if there are none before *until*."""
        queue, course = self._queue, self._course
        if not queue.heap:
            return False
        at = course.next_lease(max(course.free_at, queue.heap[0].due_at))
        if at is None or at > until:
            return False
        taken = queue.take(at, course.most_messages(at))
        end = course.lease(at, sum(number for _, number in taken))
        if self.seen.first_at is None:
            self.seen.first_at = at + course.terms.latency_s
        if not queue.untried and any(not each.is_again for each, _ in taken):
            self.seen.tried_at = end
        self.decisions += len(taken)
        for each, number in taken:
            self._decide(each, number, end)
        return True

    def result(self) -> Forecast:
        """What was seen."""
        seen = self.seen
        seen.left = sum(each.recipients * number for each, number in self._queue.counts.items())
        seen.drained_at = None if seen.left or not seen.recipients else self._course.free_at
        return seen

    def _decide(self, each: _Waiting, number: int, end: float) -> None:
        """What an attempt that ended at *end* leads to for *number* messages."""
        seen = self.seen
        seen.attempts += number * each.recipients
        failed = self._course.failures_of(number)
        seen.settled += (number - failed) * each.recipients
        if not failed:
            return
        fate = decide_fate(
            _Tried(each.domain, each.attempts, Timestamp(each.expires_at)),
            _SAID,
            Outcome.DEFERRED,
            now=Timestamp(end),
            schedule_of=self._schedule_of,
            uniform=_MIDDLE,
        )
        due_at = fate.next_retry_at
        if due_at is None:
            seen.expired += failed * each.recipients
            return
        if self._grain_s:
            due_at = -(-due_at // self._grain_s) * self._grain_s
        again = _Waiting(due_at, 1, each.attempts + 1, each.expires_at, each.recipients, each.domain)
        self._queue.put(again, failed)


class _Course:
    """
    How leases of the destination follow each other.

    `free_at` is the instant at which the last ones end.
    """

    def __init__(self, terms: Terms, now: float) -> None:
        self.terms = terms
        self.free_at = now
        self._standing = terms.standing
        self._full_at = [full_at for _, full_at in terms.buckets]
        self._owed = 0.0  # part of a message that is still to fail
        self._sent = [{plan.day(now): used} for plan, used in terms.warmups]  # messages of each day

    def next_lease(self, at: float) -> float | None:
        """The first instant from *at* on at which a lease may be taken; None: there is none."""
        terms = self.terms
        if terms.concurrency < 1:
            return None
        at = max(at, self._standing.breaker_until or 0.0, terms.suspended_until or 0.0)
        waits = [_wait_s(rate, full_at, at) for (rate, _), full_at in zip(terms.buckets, self._full_at, strict=True)]
        at += max(waits, default=0.0)
        while True:  # hours may be closed when the day of a plan begins, and its room used up when they open
            turn = closed_until(terms.hours, terms.zone, terms.not_before, Timestamp(at))
            if not turn.is_open:
                assert turn.until is not None
                at = turn.until
            elif self._room(at) == 0:
                at = min(plan.next_day_at(at) for plan, _ in terms.warmups)
            else:
                return at

    def most_messages(self, at: float) -> int:
        """Messages that leases at *at* may take."""
        if self._standing.breaker_until is not None:
            return 1
        most = MESSAGES * min(self._standing.window, self.terms.concurrency)
        room = self._room(at)
        most = most if room is None else min(most, room)
        for (rate, _), full_at in zip(self.terms.buckets, self._full_at, strict=True):
            most = min(most, exchange(rate, full_at, at, returned=0, wanted=most).granted)
        return most

    def lease(self, at: float, messages: int) -> float:
        """Send so many *messages*, over as many connections as a lease makes; the instant at which they end."""
        terms = self.terms
        is_probe = self._standing.breaker_until is not None
        hands = min(1 if is_probe else self._standing.window, terms.concurrency)
        hands = min(hands, -(-messages // MESSAGES_PER_EXTRA_LEASE))
        self._full_at = [
            exchange(rate, full_at, at, returned=0, wanted=messages).full_at
            for (rate, _), full_at in zip(terms.buckets, self._full_at, strict=True)
        ]
        self._count(at, messages)
        each = -(-messages // hands)
        end = at + each * terms.latency_s
        report = LeaseReport(sessions=each) if terms.reaches_hosts else LeaseReport(failures=1, is_unreachable=True)
        retries = next(iter(terms.schedules.values()))
        for number in range(hands):
            before = self._standing
            self._standing = after_lease(
                before,
                report,
                most=terms.concurrency,
                has_company=number < hands - 1,
                now=Timestamp(end),
                retries=retries,
                uniform=_MIDDLE,
            )
            if self._standing == before:  # the window is as wide as it can be: the others change nothing, either
                break
        self.free_at = end
        return end

    def _rooms(self, at: float) -> list[int | None]:
        """Messages that each source address may still send on the day of *at*; None: any number."""
        rooms = []
        for (plan, _), sent in zip(self.terms.warmups, self._sent, strict=True):
            most = plan.most(at)
            rooms.append(None if most is None else max(0, most - sent.get(plan.day(at), 0)))
        return rooms

    def _room(self, at: float) -> int | None:
        """The same of all source addresses together."""
        rooms = self._rooms(at)
        known = [room for room in rooms if room is not None]
        return sum(known) if known and len(known) == len(rooms) else None

    def _count(self, at: float, messages: int) -> None:
        """Count what goes out at *at* against the plans, the first ones first."""
        for (plan, _), sent, room in zip(self.terms.warmups, self._sent, self._rooms(at), strict=True):
            part = messages if room is None else min(messages, room)
            sent[plan.day(at)] = sent.get(plan.day(at), 0) + part
            messages -= part

    def failures_of(self, messages: int) -> int:
        """How many of so many *messages* hosts defer; over all calls as many as the share says."""
        self._owed += messages * (1.0 - self.terms.final_share)
        failed = min(messages, int(self._owed + 1e-9))
        self._owed -= failed
        return failed


def _wait_s(rate: Rate, full_at: float, at: float) -> float:
    """How long a lease waits for a token of the bucket; 0 if there is one."""
    has_token = exchange(rate, full_at, at, returned=0, wanted=1).granted
    return 0.0 if has_token else next_token_s(rate, full_at, at)


def grain_for(recipients: int, destinations: int) -> float:
    """The grain for the forecasts of a whole queue, in seconds: so that they take no more than some seconds of work."""
    if recipients <= _EXACT_RECIPIENTS:
        return 0.0
    wanted_s = _LIFETIME_S * destinations / _MOST_LEASES
    return next((each for each in _GRAINS_S if each >= wanted_s), _GRAINS_S[-1])
