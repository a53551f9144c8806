"""The cache keeps answers for as long as they are valid, and a waiting question delays no other."""

from dataclasses import replace

import gevent
import pytest
from gevent.event import Event

from empath.mail.lookup import (
    Absent,
    Addresses,
    Exchanger,
    Exchangers,
    Failed,
    Kind,
    Question,
    Security,
    Texts,
    TlsaRecord,
    TlsaRecords,
)
from empath.net.dns_cache import OTHER_FAMILY_S, CachingResolver, SharedAnswer
from empath.net.resolver import TIMED_OUT

A = Question("a.test", Kind.A)
AAAA = Question("a.test", Kind.AAAA)
B = Question("b.test", Kind.A)
ENOUGH_S = 20.0


class FakeAsker:
    """Gives the test's answers; a question in `gates` is answered when its gate is opened."""

    def __init__(self):
        self.asked = []
        self.answers = {}
        self.gates = {}

    def ask(self, question, within_s):
        self.asked.append((question, within_s))
        if question in self.gates:
            self.gates[question].wait()
        answer = self.answers.get(question, Absent("NXDOMAIN", 60))
        if isinstance(answer, Exception):
            raise answer
        return answer


class Clock:
    """A clock that the test advances."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def asker():
    return FakeAsker()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def resolver(asker, clock):
    return CachingResolver(asker, question_s=10.0, clock=clock)


def asked_again_after(resolver, asker, clock, answer, seconds):
    """Whether the question is asked again so long after its answer."""
    asker.answers[A] = answer
    resolver.look_up([A], ENOUGH_S)
    clock.now += seconds
    assert [answer] == resolver.look_up([A], ENOUGH_S)
    return len(asker.asked) == 2


@pytest.mark.parametrize("seconds", [59.9, 60.0])
@pytest.mark.parametrize("answer", [Addresses(("192.0.2.1",), 60), Absent("NODATA", 60)])
def test_an_answer_is_kept_for_its_time(resolver, asker, clock, answer, seconds):
    """
    A negative answer is an answer, too, RFC 2308.
    """
    assert (seconds >= 60) == asked_again_after(resolver, asker, clock, answer, seconds)


@pytest.mark.parametrize("seconds", [4.9, 5.0])
def test_a_failure_is_kept_for_a_few_seconds(resolver, asker, clock, seconds):
    """
    RFC 9520 §3.2: a dead zone is not asked all the time, and a repaired one is soon noticed.
    """
    assert (seconds >= 5) == asked_again_after(resolver, asker, clock, Failed("SERVFAIL"), seconds)


@pytest.mark.parametrize(
    ("answer", "longest_s"), [(Addresses(("192.0.2.1",), 1e9), 86_400), (Absent("NXDOMAIN", 1e9), 3_600)]
)
def test_nothing_is_kept_for_ever(resolver, asker, clock, answer, longest_s):
    """
    The limit is a day, or an hour for a negative answer, whatever the zone says.
    """
    assert asked_again_after(resolver, asker, clock, answer, longest_s)


def test_an_answer_at_hand_is_told_from_one_that_must_be_asked_for(resolver, asker, clock):
    """
    A caller that must not wait asks for it.
    """
    assert resolver.known(A) is None
    [answer] = resolver.look_up([A], ENOUGH_S)
    assert answer == resolver.known(A)
    clock.now += 61
    assert (None, 1) == (resolver.known(A), len(asker.asked))


def test_an_answer_that_must_not_be_kept_is_not(resolver, asker, clock):
    """
    Its time to live is zero.
    """
    assert asked_again_after(resolver, asker, clock, Addresses(("192.0.2.1",), 0), 0)


def test_the_cache_is_bounded_and_forgets_the_oldest(asker, clock):
    """
    Mail to a million domains must not cost memory for a million.
    """
    resolver = CachingResolver(asker, question_s=10.0, clock=clock, max_entries=3)
    questions = [Question(f"{n}.test", Kind.MX) for n in range(5)]
    for question in questions:
        resolver.look_up([question], ENOUGH_S)
    assert 3 == len(resolver)
    resolver.look_up(questions[2:], ENOUGH_S)
    assert 5 == len(asker.asked)


def test_the_memory_of_the_cache_is_bounded(asker, clock):
    """
    A hostile zone has a hundred long names in each answer.
    """
    resolver = CachingResolver(asker, question_s=10.0, clock=clock, max_octets=100_000)
    for number in range(50):
        question = Question(f"{number}.test", Kind.MX)
        asker.answers[question] = Exchangers(tuple(Exchanger(n, f"{n:02}" + "x" * 98) for n in range(100)), 60)
        resolver.look_up([question], ENOUGH_S)
        resolver.look_up([Question(f"a.{number}.test", Kind.A)], ENOUGH_S)
    assert (True, 9) == (resolver.octets <= 100_000, len(resolver))
    before = resolver.octets
    for _ in range(50):
        clock.now += 100
        resolver.look_up([question], ENOUGH_S)
    assert before == resolver.octets


@pytest.mark.parametrize("silent", [AAAA, A])
def test_a_family_that_is_never_answered_delays_nothing(resolver, asker, silent):
    """
    Some name servers drop questions for AAAA. The known address is used at once; otherwise mail would wait ten seconds
    in every search.
    """
    known = A if silent is AAAA else AAAA
    asker.answers[known] = Addresses(("192.0.2.1" if known is A else "2001:db8::1",), 60)
    asker.gates[silent] = Event()
    with gevent.Timeout(30):
        expected = {known: asker.answers[known], silent: Failed(TIMED_OUT)}
        assert list(expected.values()) == resolver.look_up(list(expected), 1e6)
    asker.gates[silent].set()


def test_a_family_is_waited_for_where_the_other_has_no_address(resolver, asker):
    """
    A host with only IPv6 may have a slow name server.
    """
    asker.answers[A] = Absent("NODATA", 60)
    asker.answers[AAAA] = Addresses(("2001:db8::1",), 60)
    asker.gates[AAAA] = Event()
    waiting = gevent.spawn(resolver.look_up, [A, AAAA, B], ENOUGH_S)
    gevent.sleep(2 * OTHER_FAMILY_S)
    assert not waiting.ready()
    asker.gates[AAAA].set()
    assert [asker.answers[A], asker.answers[AAAA], Absent("NXDOMAIN", 60)] == waiting.get()


def test_many_callers_with_one_question_share_it(resolver, asker):
    """
    A hundred leases of one provider's domains start at once.
    """
    asker.answers[A] = Addresses(("192.0.2.1",), 60)
    asker.gates[A] = Event()
    waiting = [gevent.spawn(resolver.look_up, [A], ENOUGH_S) for _ in range(100)]
    gevent.idle()
    asker.gates[A].set()
    gevent.joinall(waiting)
    assert [[asker.answers[A]]] * 100 == [greenlet.get() for greenlet in waiting]
    assert [(A, 10.0)] == asker.asked


def test_a_question_that_is_not_answered_holds_up_no_other(resolver, asker):
    """
    Neither a concurrent question nor a cached answer waits.
    """
    asker.gates[A] = Event()
    stuck = gevent.spawn(resolver.look_up, [A], ENOUGH_S)
    gevent.idle()
    assert [Absent("NXDOMAIN", 60)] == resolver.look_up([B], ENOUGH_S)
    assert not stuck.ready()
    asker.gates[A].set()
    stuck.join()


def test_questions_of_one_call_are_asked_at_the_same_time(resolver, asker):
    """
    A hanging first question must not use up the time of the second.
    """
    asker.gates = {A: Event()}
    stuck = gevent.spawn(resolver.look_up, [A, B], ENOUGH_S)
    gevent.idle()
    assert [A, B] == [question for question, _ in asker.asked]
    asker.gates[A].set()
    assert [Absent("NXDOMAIN", 60)] * 2 == stuck.get()


def test_only_what_is_not_kept_is_asked(resolver, asker):
    """
    Each host has two questions, and one answer may have expired earlier.
    """
    resolver.look_up([A], ENOUGH_S)
    assert [Absent("NXDOMAIN", 60)] * 2 == resolver.look_up([A, B], ENOUGH_S)
    assert [A, B] == [question for question, _ in asker.asked]


def test_a_caller_without_time_does_not_wait_and_the_next_gets_the_answer(resolver, asker):
    """
    The time of one attempt does not limit the others.
    """
    asker.gates[A] = Event()
    asker.answers[A] = Addresses(("192.0.2.1",), 60)
    assert [Failed(TIMED_OUT)] == resolver.look_up([A], 0.0)
    asker.gates[A].set()
    assert [asker.answers[A]] == resolver.look_up([A], ENOUGH_S)
    assert 1 == len(asker.asked)


def test_a_fault_of_ours_is_no_answer(resolver, asker, capfd):
    """
    The caller gets the exception, and the question can be asked again.
    """
    asker.answers[A] = ZeroDivisionError("a fault")
    with pytest.raises(ZeroDivisionError):
        resolver.look_up([A], ENOUGH_S)
    asker.answers[A] = Addresses(("192.0.2.1",), 60)
    assert [asker.answers[A]] == resolver.look_up([A], ENOUGH_S)


def test_a_question_beyond_the_limit_fails_at_once(asker, clock):
    """
    Each question has a descriptor: without a limit, a flood of clients takes those of the connections.
    """
    resolver = CachingResolver(asker, question_s=10.0, clock=clock, max_flights=1)
    asker.gates[A] = Event()
    stuck = gevent.spawn(resolver.look_up, [A], ENOUGH_S)
    gevent.idle()
    assert [Failed("too many questions are under way")] == resolver.look_up([B], ENOUGH_S)
    asker.gates[A].set()
    stuck.join()
    assert [Absent("NXDOMAIN", 60)] == resolver.look_up([B], ENOUGH_S)


class Rows:
    """Answers that another process has; those of this one are noted."""

    def __init__(self):
        self.known, self.stored = {}, []

    def find(self, question):
        return self.known.get(question)

    def store(self, question, answer, stale_s):
        self.stored.append((question, answer, stale_s))


@pytest.fixture
def rows():
    return Rows()


def sharing(asker, clock, rows, **settings):
    """A resolver that shares, and serves expired answers for an hour."""
    return CachingResolver(asker, question_s=10.0, clock=clock, shared=rows, **{"stale_s": 3600.0, **settings})


ADDRESS = Addresses(("192.0.2.1",), 60, Security.SECURE)
TLSA = TlsaRecords((TlsaRecord(3, 1, 1, bytes(32)),), 60, Security.SECURE)
DOWN = Failed("no answer in time")


def test_an_answer_of_another_process_is_used_without_a_question(asker, clock, rows):
    """
    It is kept for the time that it has left.
    """
    rows.known[A] = SharedAnswer(Addresses(("192.0.2.1",), 5.0), 3600.0)
    resolver = sharing(asker, clock, rows)
    assert [rows.known[A].answer] * 2 == [resolver.look_up([A], ENOUGH_S)[0] for _ in range(2)]
    clock.now += 5
    del rows.known[A]
    asker.answers[A] = ADDRESS
    assert [ADDRESS] == resolver.look_up([A], ENOUGH_S)
    assert ([(A, 10.0)], [(A, ADDRESS, 3600.0)]) == (asker.asked, rows.stored)


def test_each_answer_is_shared_once(asker, clock, rows):
    """
    A failure is, too: people see it. What must not serve once it has expired is marked so.
    """
    resolver = sharing(asker, clock, rows)
    asker.answers = {A: TLSA, B: DOWN}
    for _ in range(2):
        resolver.look_up([A, AAAA, B], ENOUGH_S)
    assert [(A, TLSA, 0.0), (AAAA, Absent("NXDOMAIN", 60), 0.0), (B, DOWN, 0.0)] == rows.stored


@pytest.mark.parametrize(
    ("answer", "longest_s"), [(Addresses(("192.0.2.1",), 1e9), 86_400), (Absent("NXDOMAIN", 1e9), 3_600)]
)
def test_nothing_is_shared_for_longer_than_it_may_be_kept(asker, clock, rows, answer, longest_s):
    """
    A zone with a time to live of decades would never be asked again, by any process.
    """
    asker.answers[A] = answer
    sharing(asker, clock, rows).look_up([A], ENOUGH_S)
    assert [longest_s] == [kept.ttl_s for _, kept, _ in rows.stored]


@pytest.mark.parametrize("answer", [ADDRESS, Exchangers((Exchanger(5, "mx.test"),), 60), Texts(("x",), 60)])
def test_an_expired_answer_serves_where_the_name_servers_fail(asker, clock, rows, answer):
    """
    RFC 8767: for an hour, and the servers are asked again each half minute.
    """
    reports = []
    resolver = sharing(asker, clock, rows, report_stale=lambda *each: reports.append(each))
    asker.answers[A] = answer
    resolver.look_up([A], ENOUGH_S)
    asker.answers[A] = DOWN
    for seconds in (60, 29, 1, 3569):
        clock.now += seconds
        assert [answer.records] == [found.records for found in resolver.look_up([A], ENOUGH_S)]
    assert (4, [(A, DOWN)] * 3) == (len(asker.asked), reports)
    clock.now += 1
    assert [DOWN] == resolver.look_up([A], ENOUGH_S)
    clock.now += 5
    asker.answers[A] = answer
    assert [answer] == resolver.look_up([A], ENOUGH_S)


def test_an_expired_answer_of_another_process_serves_too(asker, clock, rows):
    """
    A worker that was replaced meanwhile has none of its own.
    """
    rows.known[A] = SharedAnswer(Addresses(("192.0.2.1",), -10.0), 20.0)
    asker.answers[A] = DOWN
    resolver = sharing(asker, clock, rows)
    assert [Addresses(("192.0.2.1",), 20.0)] == resolver.look_up([A], ENOUGH_S)
    assert [(A, DOWN, 0.0)] == rows.stored
    rows.known.clear()
    clock.now += 20
    assert [DOWN] == resolver.look_up([A], ENOUGH_S)


@pytest.mark.parametrize(
    ("answer", "failed", "settings"),
    [
        (Absent("NXDOMAIN", 60), DOWN, {}),
        (TLSA, DOWN, {}),
        (ADDRESS, DOWN, {"stale_s": 0.0}),
        (ADDRESS, Failed("SERVFAIL", security=Security.BOGUS, is_refused=True), {}),
        (ADDRESS, Failed("SERVFAIL", is_refused=True), {"trusts_refusals": False}),
    ],
)
def test_what_must_not_serve_once_it_has_expired_does_not(asker, clock, answer, failed, settings):
    """
    Mail would bounce by an old "no such name", or TLS be checked by old records. A wrong signature is no outage.
    """
    rows = Rows()
    resolver = sharing(asker, clock, rows, **settings)
    asker.answers[A] = answer
    resolver.look_up([A], ENOUGH_S)
    rows.known[A] = SharedAnswer(replace(answer, ttl_s=-1.0), 3000.0)
    clock.now += 60
    asker.answers[A] = failed
    assert [failed] == resolver.look_up([A], ENOUGH_S)


def test_a_refusal_is_an_outage_unless_dnssec_is_enforced(asker, clock, rows):
    """
    SERVFAIL is what most outages look like.
    """
    resolver = sharing(asker, clock, rows)
    asker.answers[A] = ADDRESS
    resolver.look_up([A], ENOUGH_S)
    clock.now += 60
    asker.answers[A] = Failed("SERVFAIL", is_refused=True)
    assert [ADDRESS.records] == [found.records for found in resolver.look_up([A], ENOUGH_S)]


@pytest.mark.parametrize("names", [None, frozenset({"a.test"})])
def test_what_is_forgotten_is_asked_anew(asker, clock, rows, names):
    """
    An answer that is under way is from before the order: those who wait get it, and nobody later.
    """
    resolver, calls = sharing(asker, clock, rows), []
    resolver.after_forget(lambda: calls.append(1))
    resolver.look_up([AAAA, B], ENOUGH_S)
    asker.gates[A] = Event()
    waiting = gevent.spawn(resolver.look_up, [A], ENOUGH_S)
    gevent.idle()
    asker.answers[A] = ADDRESS
    resolver.forget(names)
    rows.stored.clear()
    asker.gates.pop(A).set()
    assert [ADDRESS] == waiting.get()
    assert [] == rows.stored
    asker.asked.clear()
    resolver.look_up([A, AAAA, B], ENOUGH_S)
    assert ([A, AAAA] + [B] * (names is None), [1]) == ([question for question, _ in asker.asked], calls)


def test_the_next_caller_does_not_wait_for_an_answer_that_is_forgotten(asker, clock, rows):
    """
    Two questions are under way then, and the later one counts.
    """
    resolver = sharing(asker, clock, rows)
    gate = asker.gates[A] = Event()
    early = gevent.spawn(resolver.look_up, [A], ENOUGH_S)
    gevent.idle()
    resolver.forget()
    del asker.gates[A]
    asker.answers[A] = ADDRESS
    assert [ADDRESS] == resolver.look_up([A], ENOUGH_S)
    asker.answers[A] = DOWN
    gate.set()
    early.join()
    assert [ADDRESS] == resolver.look_up([A], ENOUGH_S)


def test_answers_of_name_servers_are_counted_and_their_time_is_measured(asker, clock):
    """
    What the cache answers asks nobody.
    """
    resolver = CachingResolver(asker, question_s=5.0, clock=clock)
    times: list[float] = []
    resolver.measure(times.append)
    asker.answers |= {A: ADDRESS, AAAA: Absent("NODATA", 60), B: DOWN}
    for _ in range(2):
        resolver.look_up([A, AAAA, Question("c.test", Kind.A)], ENOUGH_S)
    resolver.look_up([B], ENOUGH_S)
    assert {"found": 1, "NODATA": 1, "NXDOMAIN": 1, "failed": 1} == resolver.answers
    assert 4 == len(times)
