"""
worker - a process that delivers mail

THEORY
    One greenlet takes leases; each lease has a greenlet that delivers it.  The leasing greenlet sleeps until another
    process wakes it, until it sees a new commit (it looks every tenth of a second), or until the next recipient is due.
    It first reads whether anything can be leased, and only then takes the write lock.  policy/slots says how many
    leases it takes.
"""

from empath.daemon.process.patching import patch_all

patch_all()

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore

from empath.config.hosts import own_greetings
from empath.daemon.process.child import DRAIN_S
from empath.daemon.process.resolving import caching_resolver, host_finder
from empath.daemon.process.run_child import run_child
from empath.daemon.process.runtime import Runtime
from empath.daemon.worker import reply_rules
from empath.daemon.worker.dispatch import Dispatch
from empath.daemon.worker.lease_run import LeaseRun
from empath.daemon.worker.pool import ConnectionPool, PoolCounts
from empath.daemon.worker.session_rules import session_rules
from empath.daemon.worker.sources import Sources
from empath.daemon.worker.sts_policies import StsPolicies
from empath.daemon.worker.transport.choose import choose_carrier
from empath.daemon.worker.transport.feedback import FeedbackCarrier
from empath.daemon.worker.transport.reports import ReportsCarrier
from empath.errors import EmpathError
from empath.net.dns_cache import CachingResolver
from empath.net.next_hop import HostFinder
from empath.net.wakeup import WakeUp
from empath.policy.destinations.rulebook import RuleBook
from empath.policy.slots import LeaseLimits, failing_limit, lease_limits, slow_to_cut
from empath.storage.queue.lease import AGING, Lease, TakeLeases
from empath.storage.queue.lease_probe import LeaseProbe
from empath.storage.queue.put_back import ReleaseUnknownLeases
from empath.storage.queue.tokens import ForgetWaits
from empath.telemetry.metrics.catalogue import (
    DNS_ANSWERS,
    DNS_QUESTIONS,
    DNS_SECONDS,
    OPEN_LEASES,
    POOL_ENDED,
    POOL_MESSAGES,
    STAGE_SECONDS,
)
from empath.telemetry.metrics.ledger import Ledger
from empath.telemetry.occurrence import traceback_text, words_of
from empath.telemetry.occurrences.worker import (
    ConnectionsCounted,
    LeaseCrashed,
    LeaseFailed,
    LeasesAbandoned,
    LeaseTaken,
    RateReached,
    StraysKept,
)

if TYPE_CHECKING:
    from empath.daemon.worker.hooks import DeliveryHooks

_POLL_S = 0.1
_REST_S = 0.01  # least time between two looks
_REST_FOR_MESSAGE_S = 0.001  # more rest per message of the last look: under load each look finds more
_LONGEST_REST_S = 0.04
_SHORT_REST_S = 0.003  # rest after a look that left due mail, because no slot was free
_WRITE_DEADLINE_S = 5.0
_IDLE_CHECK_S = 0.5
_COUNT_S = 60.0  # between two lines about the use of connections
_LAST_WORDS_S = 1.0
_GIVE_UP_S = 1.5  # time before that to put back what is still under way
_RELEASE_AGAIN_S = 1.0
_RATE_AGAIN_S = 60.0  # pause between two lines of the log about one rate
_MOST_RATES_LOGGED = 10_000


class Worker:
    """Takes leases, and knows those that are under way."""

    def __init__(self, runtime: Runtime, *, clock: Callable[[], float] = time.monotonic) -> None:
        """*clock* gives monotonic seconds, by which a lease is stuck or slow."""
        config = runtime.config
        self._runtime = runtime
        self._clock = clock
        self._workers = config.delivery.workers
        self._slots = config.delivery.sessions
        reader = runtime.reader
        self._probe = LeaseProbe(reader, process_id=runtime.process_id, workers=self._workers)
        resolver = caching_resolver(runtime)
        commit, allowed = runtime.writer.commit, config.dns.allowed_networks
        is_reported = config.tls_reports.send
        policies = StsPolicies(reader, commit, resolver, runtime.emit, allowed=allowed, is_reported=is_reported)
        self._pool = ConnectionPool(
            config.delivery,
            str(config.hostname),
            runtime.deadlines,
            own_names=own_greetings(config),
            tls=runtime.client_access.tls,
            rules=session_rules(runtime, policies),
            sources=Sources(
                config.source_pools,
                lambda: runtime.rules.rests,
                runtime.now,
                warmups=lambda: runtime.rules.warmups,
                commit=runtime.writer.commit,
            ),
            measure=None if runtime.ledger is None else _stage_times(runtime.ledger),
            is_traced=runtime.tracing is not None,
            dialogues=runtime.dialogues,
        )
        finder: HostFinder = host_finder(runtime, resolver)
        self._reading = BoundedSemaphore()  # of a report of another host
        hooks = _hooks_of_modules(runtime) if runtime.modules else None
        if hooks is not None:
            finder = hooks.watching(finder)
        choose = partial(
            choose_carrier, self._pool, finder, config, feedback=self._read_reports, reports=self._keep_reports
        )
        self._dispatch = Dispatch(runtime, choose, clock=clock, hooks=hooks)
        self._rung = Event()
        # By lease_id, from the commit that takes the lease to the commit that ends it.
        self._active: dict[int, LeaseRun] = {}
        self._active_failing = 0
        self._takes = 0
        self._seen_news = 0
        self._rest_s = _REST_S
        self._next_ready_at: float | None = 0.0
        self._book: RuleBook | None = None  # by which the rates were made
        self._rates_logged: dict[str, float] = {}  # when each is logged again, by the name of its bucket
        self._held_from = self._held_until = 0.0  # between these instants no mail at all has a token
        self._counts_logged = PoolCounts()
        if runtime.ledger is not None:
            self._measure(runtime.ledger, resolver)

    def _keep_reports(self, destination: str) -> ReportsCarrier:
        return ReportsCarrier(destination, self._runtime.writer.commit, self._runtime.emit, self._reading)

    def _read_reports(self, destination: str) -> FeedbackCarrier:
        runtime = self._runtime
        classify = self._dispatch.reply_rules.class_of
        return FeedbackCarrier(runtime.config, runtime.writer, runtime.emit, classify, destination)

    def run(self) -> None:
        """Deliver until the process is asked to drain, then drain."""
        bells = [WakeUp(descriptor, self._rung.set) for descriptor in self._runtime.child.wake_fds]
        self._runtime.draining.rawlink(lambda _: self._rung.set())
        self._runtime.keep(self._close_idle)
        self._runtime.serve_traces()
        self._runtime.ready()
        looked_at = 0.0
        while not self._runtime.draining.is_set():
            is_rung = self._rung.wait(self._pause_s())
            # The first ring after a rest is answered at once.
            gevent.sleep(max(0.0, looked_at + self._rest_s - time.monotonic()))
            looked_at = time.monotonic()
            self._rung.clear()
            try:
                self._look(is_rung=bool(is_rung))
            except EmpathError as exc:
                self._runtime.emit(LeaseFailed(error=str(exc)))
                gevent.sleep(_POLL_S)
        for bell in bells:
            bell.close()
        self._drain()
        self._probe.close()

    def _measure(self, ledger: Ledger, resolver: CachingResolver) -> None:
        counts = self._pool.counts
        ledger.read(OPEN_LEASES, lambda: len(self._active))
        ledger.read(POOL_MESSAGES, lambda: {("reused",): counts.reused, ("opened",): counts.opened})
        ledger.read(POOL_ENDED, lambda: counts.ended)
        ledger.read(DNS_QUESTIONS, lambda: {(source,): n for source, n in resolver.counts.items()})
        ledger.read(DNS_ANSWERS, lambda: {(answer,): n for answer, n in resolver.answers.items()})
        resolver.measure(partial(ledger.observe, DNS_SECONDS))

    def _pause_s(self) -> float:
        """Until the next look: mail that is due sooner, such as for its next token, is met at its instant."""
        wait_s = _POLL_S if self._next_ready_at is None else self._next_ready_at - time.time()
        return wait_s if 0 < wait_s < _POLL_S else _POLL_S

    def _follow_rates(self) -> None:
        """Make the rates anew after a change of the rules, and end the waits for tokens of the old ones."""
        book = self._runtime.rules.book
        if book is self._book:
            return
        before, self._dispatch.rates = self._dispatch.rates, self._runtime.config.delivery_rates(book)
        self._held_until = 0.0
        if self._book is None or before or self._dispatch.rates:
            self._runtime.writer.commit(ForgetWaits(senders=self._dispatch.rates.senders, now=time.time()))
        self._book = book

    def _look(self, *, is_rung: bool) -> None:
        news = self._probe.news()
        now = time.time()
        is_due = self._next_ready_at is not None and self._next_ready_at <= now
        if not (is_rung or is_due or news != self._seen_news):
            return
        self._seen_news = news
        self._rest_s = _REST_S
        self._follow_rates()
        limits = lease_limits(self._slots, len(self._active), self._count_stuck)
        is_full = limits.leases == 0 or not limits.with_new
        failing = failing_limit(self._slots, self._active_failing + self._count_slow())
        is_frozen, is_runnable = self._probe.outlook(
            now, with_failing=not is_full and failing > 0, with_leased=is_full or limits.further > 0
        )
        self._dispatch.may_go_on = not (self._runtime.draining.is_set() or is_frozen)
        if not self._dispatch.may_go_on:
            self._next_ready_at = None
            self._rest_s = _POLL_S  # arriving mail changes nothing
        elif self._held_from <= now < self._held_until:  # not after the clock was set back
            self._next_ready_at = self._held_until
        elif is_full:
            self._next_ready_at = now + _POLL_S  # a lease may be stuck by then
            if is_runnable:
                self._cut_slow_short()
                if limits.leases:
                    self._take_reserve(now, limits)
        elif is_runnable:
            self._next_ready_at = now + _POLL_S
            self._take(now, limits, failing)
        elif failing == 0:
            self._next_ready_at = None
        elif limits.further == 0:
            self._next_ready_at = now + _POLL_S  # what is left waits for destinations without a lease
        else:
            self._next_ready_at = self._probe.next_ready_at()

    def _count_stuck(self) -> int:
        now = self._clock()
        return sum(run.is_stuck(now) for run in self._active.values())

    def _count_slow(self) -> int:
        """Slow leases of destinations that do not count as failing yet."""
        now = self._clock()
        return sum(run.is_slow(now) and not run.is_failing for run in self._active.values())

    def _cut_slow_short(self) -> None:
        now = self._clock()
        slow = [run for run in self._active.values() if run.is_slow(now)]  # the oldest lease first
        for run in slow[: slow_to_cut(self._slots, len(self._active), self._count_stuck())]:
            run.cut_short()

    def _take_reserve(self, now: float, limits: LeaseLimits) -> None:
        _, is_runnable = self._probe.outlook(now, with_failing=False, with_leased=False, with_new=False)
        if is_runnable:
            self._take(now, limits, failing_limit=0)

    def _take(self, now: float, limits: LeaseLimits, failing_limit: int) -> None:
        self._takes += 1
        work = TakeLeases(
            process_id=self._runtime.process_id,
            now=now,
            limit=limits.leases,
            failing_limit=failing_limit,
            further_limit=limits.further,
            with_new=limits.with_new,
            workers=self._workers,
            ignores_class=self._takes % AGING == 0,
            rates=self._dispatch.rates,
        )
        try:
            self._runtime.writer.commit(work, is_last=not self._active)
        except EmpathError as exc:
            self._runtime.emit(LeaseFailed(error=str(exc)))
            self._release_unknown_leases()
            return
        self._held_from, self._held_until = now, work.held_until
        self._log_rates(work.empty)
        found = sum(len(lease.messages) for lease in work.leases)
        rest_s = min(_REST_S + found * _REST_FOR_MESSAGE_S, _LONGEST_REST_S)
        self._rest_s = _SHORT_REST_S if work.has_more else rest_s
        for lease in work.leases:
            run = self._active[lease.lease_id] = LeaseRun(self._dispatch, lease)
            gevent.spawn_raw(self._run_lease, lease, run)
        if work.leases and self._runtime.emit.wants(LeaseTaken):
            self._log_leases(work.leases)
        if work.leases or work.has_more:
            self._rung.set()

    def _log_leases(self, leases: list[Lease]) -> None:
        for lease in leases:
            recipients = sum(len(message.recipients) for message in lease.messages)
            self._runtime.emit(
                LeaseTaken(
                    lease_id=lease.lease_id,
                    destination=lease.destination,
                    messages=len(lease.messages),
                    recipients=recipients,
                )
            )

    def _log_rates(self, names: set[str]) -> None:
        """Log which rates hold mail back, each once a minute."""
        now = self._clock()
        for name in names:
            if now >= self._rates_logged.get(name, now):
                if len(self._rates_logged) >= _MOST_RATES_LOGGED:
                    self._rates_logged.clear()
                self._rates_logged[name] = now + _RATE_AGAIN_S
                self._runtime.emit(RateReached(rate=name))

    def _release_unknown_leases(self) -> None:
        """Give back leases that a failed commit may have taken; nothing is leased before that is done."""
        while not self._runtime.draining.is_set():  # a drain: the end of this process releases them
            try:
                self._runtime.writer.commit(
                    ReleaseUnknownLeases(self._runtime.process_id, self._active, now=time.time())
                )
            except EmpathError as exc:
                self._runtime.emit(StraysKept(error=str(exc)))
                self._runtime.draining.wait(_RELEASE_AGAIN_S)
            else:
                gevent.sleep(_POLL_S)
                return

    def _run_lease(self, lease: Lease, run: LeaseRun) -> None:
        self._active_failing += lease.is_failing
        try:
            run.run()
        except MemoryError as exc:
            self._runtime.fail(exc)
        except Exception as exc:  # noqa: BLE001 - top frame of a greenlet
            self._runtime.emit(
                LeaseCrashed(
                    destination=lease.destination,
                    lease_id=lease.lease_id,
                    error=words_of(exc),
                    exception=traceback_text(exc),
                )
            )
        finally:
            self._active_failing -= lease.is_failing
            del self._active[lease.lease_id]
            self._rung.set()  # a slot is free

    def _close_idle(self) -> None:
        counted_at = self._clock()
        while True:
            gevent.sleep(_IDLE_CHECK_S)
            self._pool.close_idle()
            if self._clock() - counted_at >= _COUNT_S:
                counted_at = self._clock()
                self._report_counts()

    def _report_counts(self) -> None:
        counts = self._pool.counts.since(self._counts_logged)
        self._counts_logged = replace(self._pool.counts)
        if counts != PoolCounts():
            self._runtime.emit(ConnectionsCounted(reused=counts.reused, opened=counts.opened, ended=counts.ended))

    def _wait_for_leases(self, until: float) -> None:
        while self._active and time.monotonic() < until:
            gevent.sleep(0.02)

    def _drain(self) -> None:
        self._dispatch.may_go_on = False
        ends_at = time.monotonic() + DRAIN_S - _LAST_WORDS_S
        self._wait_for_leases(ends_at - _GIVE_UP_S)
        if self._active:
            self._runtime.emit(LeasesAbandoned(leases=len(self._active)))
            for run in self._active.values():
                run.give_up()
            self._wait_for_leases(ends_at)
        self._pool.close_idle(all_of_them=True)
        self._report_counts()


def _stage_times(ledger: Ledger) -> Callable[[str, float], None]:
    observers: dict[str, Callable[[float], None]] = {}

    def measure(stage: str, seconds: float) -> None:
        observe = observers.get(stage)
        if observe is None:  # a stage has a series from its first time on
            observe = observers[stage] = ledger.observer(STAGE_SECONDS, (stage,))
        observe(seconds)

    return measure


def _hooks_of_modules(runtime: Runtime) -> "DeliveryHooks | None":
    from empath.daemon.worker.hooks import delivery_hooks  # noqa: PLC0415 - only what is configured

    return delivery_hooks(runtime)


def _serve(runtime: Runtime) -> None:
    Worker(runtime).run()


def preload() -> None:
    """Do what each worker does at its start, and is the same in all."""
    reply_rules.preload()


def main() -> None:
    """The whole process."""
    run_child(_serve, write_deadline_s=_WRITE_DEADLINE_S, has_modules=True, meets_hosts=True, traces_mail=True)


if __name__ == "__main__":
    main()
