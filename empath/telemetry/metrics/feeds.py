"""
feeds - what each occurrence adds to the metrics, as a table

Occurrences wait until some hundred have come, or until the values are asked for. Then those of one kind are counted
together, which costs each mail a tenth of what it costs to count it by itself.

A metric that no occurrence feeds is read from where it is known anyway, see `Ledger.read`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final

from empath.policy.tracing.context import TraceContext
from empath.telemetry.metrics import catalogue as m
from empath.telemetry.metrics.ledger import Labels, Ledger
from empath.telemetry.metrics.top import TopCounts
from empath.telemetry.occurrence import Occurrence
from empath.telemetry.occurrences import acceptor, housekeeper, process, publisher, worker

_NO_TLS: Final = ("none",)


_NO_LABELS: Final = ()
_DELIVERED: Final = (worker.Delivered.event,)
_TOGETHER: Final = 128  # occurrences of a kind that are counted together at most

_tls_of: Final = attrgetter("tls_version")
_tls_failure_of: Final = attrgetter("tls_failure")
_duration_of: Final = attrgetter("duration_s")
_destination_of: Final = attrgetter("destination")

# Counts occurrences of one kind. It is made for a ledger at the first of them, so that no series is looked for anew.
Feed = Callable[[Sequence[Any]], None]
Feeding = Callable[[Ledger], Feed]


def _accepted(ledger: Ledger) -> Feed:
    messages, observe = ledger.counter(m.MESSAGES), ledger.observer_of_many(m.ACCEPT_SECONDS)
    recipients, octets = ledger.counter(m.RECIPIENTS), ledger.counter(m.OCTETS)
    recipients_of, size_of = attrgetter("recipients"), attrgetter("size")

    def feed(those: Sequence[acceptor.Accepted]) -> None:
        _by_tls(messages, those)
        recipients(_NO_LABELS, sum(map(recipients_of, those)))
        octets(_NO_LABELS, sum(map(size_of, those)))
        observe(map(_duration_of, those))

    return feed


def _by_tls(count: Callable[[Labels, float], None], those: Sequence[Any]) -> None:
    for version, number in Counter(map(_tls_of, those)).items():
        count(_NO_TLS if version is None else (version,), number)


def _session_began(ledger: Ledger) -> Feed:
    connections = ledger.counter(m.CONNECTIONS)
    return lambda those: connections(_NO_LABELS, len(those))


def _session_ended(ledger: Ledger) -> Feed:
    ends, observe = ledger.counter(m.SESSION_ENDS), ledger.observer_of_many(m.SESSION_SECONDS)
    reason_of = attrgetter("reason")

    def feed(those: Sequence[acceptor.SessionEnded]) -> None:
        for reason, number in Counter(map(reason_of, those)).items():
            ends((reason,), number)
        observe(map(_duration_of, those))

    return feed


def _delivered(ledger: Ledger) -> Feed:
    attempts, observe_attempt = ledger.counter(m.ATTEMPTS), ledger.observer_of_many(m.ATTEMPT_SECONDS, _DELIVERED)
    tls, observe_queue = ledger.counter(m.DELIVERY_TLS), ledger.observer_of_many(m.QUEUE_SECONDS)
    event_and_stage_of, age_of = attrgetter("event", "stage"), attrgetter("age_s")

    def feed(those: Sequence[worker.Delivered]) -> None:
        for labels, number in Counter(map(event_and_stage_of, those)).items():
            attempts(labels, number)
        observe_attempt(map(_duration_of, those))
        observe_queue(map(age_of, those))
        _by_tls(tls, those)
        if failures := len(those) - [*map(_tls_failure_of, those)].count(None):
            ledger.add(m.TLS_FAILURES, by=failures)

    return feed


def _failed(ledger: Ledger) -> Feed:
    def feed(those: Sequence[worker.Deferred | worker.Bounced | worker.Expired]) -> None:
        for what in those:
            ledger.add(m.ATTEMPTS, (what.event, what.stage))
            ledger.observe(m.ATTEMPT_SECONDS, what.duration_s, (what.event,))
            ledger.add(m.FAILURE_CLASSES, (what.bounce_class,))
            if what.tls_failure is not None:
                ledger.add(m.TLS_FAILURES)

    return feed


def _counted(metric: m.Metric, *fields: str, given: tuple[str, ...] = (), by: str | None = None) -> Feeding:
    """
    One more for each occurrence, or as many as the field *by* says, with the values of *fields* and those *given* as
    labels.
    """

    def feeding(ledger: Ledger) -> Feed:
        def feed(those: Sequence[Any]) -> None:
            for what in those:
                labels = (*(str(getattr(what, name)) for name in fields), *given)
                ledger.add(metric, labels, 1 if by is None else getattr(what, by))

        return feed

    return feeding


FEEDS: Final[Mapping[type[Occurrence], Feeding]] = {
    acceptor.Accepted: _accepted,
    acceptor.SessionBegan: _session_began,
    acceptor.SessionEnded: _session_ended,
    acceptor.Deduplicated: _counted(m.DUPLICATES),
    acceptor.LoginSucceeded: _counted(m.LOGINS, "mechanism"),
    worker.DomainReportReceived: _counted(m.REPORTS_RECEIVED, "kind"),
    worker.Delivered: _delivered,
    worker.FeedbackHeard: _counted(m.FEEDBACK, "kind"),
    worker.Deferred: _failed,
    worker.Bounced: _failed,
    worker.Expired: _failed,
    worker.HostFailed: _counted(m.HOSTS_FAILED, "stage"),
    worker.BreakerOpened: _counted(m.BREAKERS),
    worker.Shaped: _counted(m.SHAPED, "action"),
    worker.Suppressed: _counted(m.SUPPRESSIONS),
    worker.DeliveryCrashed: _counted(m.CRASHES),
    worker.LeaseCrashed: _counted(m.CRASHES),
    housekeeper.ReportQueued: _counted(m.REPORTS, "kind"),
    housekeeper.DomainReportQueued: _counted(m.DOMAIN_REPORTS, "kind", given=("sent",)),
    housekeeper.DomainReportDropped: _counted(m.DOMAIN_REPORTS, "kind", given=("dropped",)),
    housekeeper.LeasesReleased: _counted(m.LEASES_RELEASED, by="recipients"),
    housekeeper.HousekeepingFailed: _counted(m.HOUSEKEEPING_FAILURES, "duty"),
    housekeeper.ClockStepped: _counted(m.CLOCK_STEPS),
    publisher.EventsSent: _counted(m.EVENTS_SENT, "consumer", by="events"),
    publisher.ConsumerFails: _counted(m.CONSUMER_OUTAGES, "consumer"),
    process.ModuleFailed: _counted(m.MODULE_FAILURES, "module", "hook"),
    process.LogLinesLost: _counted(m.LOG_LINES_LOST, by="lines"),
}
_BY_DESTINATION: Final[Mapping[type[Occurrence], str]] = {
    each: each.event for each in (worker.Delivered, worker.Deferred, worker.Bounced, worker.Expired)
}


# Histograms whose values are shown with the trace of their message, and the field that has the value.
_EXEMPLARS: Final[Mapping[type[Occurrence], tuple[tuple[m.Metric, str, tuple[str, ...]], ...]]] = {
    acceptor.Accepted: ((m.ACCEPT_SECONDS, "duration_s", ()),),
    worker.Delivered: ((m.ATTEMPT_SECONDS, "duration_s", (worker.Delivered.event,)), (m.QUEUE_SECONDS, "age_s", ())),
    **{
        each: ((m.ATTEMPT_SECONDS, "duration_s", (each.event,)),)
        for each in (worker.Deferred, worker.Bounced, worker.Expired)
    },
}


class MetricsFeed:
    """
    The subscriber that counts the occurrences of one process in its *ledger*. *clock* gives monotonic seconds.

    `trace_of` finds the trace of a message, for exemplars; None where nothing is traced.
    """

    def __init__(self, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._top = TopCounts()
        self._feeds: dict[type[Occurrence], Feed] = {}  # of the kinds that have occurred
        self._seen: Counter[type[Occurrence]] = Counter()
        self._waiting: defaultdict[type[Occurrence], list[Occurrence]] = defaultdict(list)  # to be counted
        ledger.begin_with(self._count)
        ledger.read(m.EVENTS, lambda: {(kind.event, kind.level): count for kind, count in self._seen.items()})
        self.trace_of: Callable[[Occurrence], TraceContext | None] | None = None

    def wants(self, kind: type[Occurrence]) -> bool:
        """Whether an occurrence of *kind* is counted also where the log does not take it."""
        return kind in FEEDS

    def __call__(self, _process: str, what: Occurrence) -> None:
        """Count *what*, with others that come."""
        those = self._waiting[type(what)]
        those.append(what)
        if self.trace_of is not None:
            self._exemplify(what, self.trace_of)
        if len(those) >= _TOGETHER:
            self._count()

    def _exemplify(self, what: Occurrence, trace_of: Callable[[Occurrence], TraceContext | None]) -> None:
        found = _EXEMPLARS.get(type(what))
        if found is not None and (context := trace_of(what)) is not None:
            for metric, field, labels in found:
                self._ledger.exemplify(metric, getattr(what, field), labels, context.trace_id)

    def _count(self) -> None:
        """Count what waits."""
        waiting, self._waiting = self._waiting, defaultdict(list)
        for kind, those in waiting.items():
            self._seen[kind] += len(those)
            if kind not in FEEDS:
                continue
            feed = self._feeds.get(kind)
            if feed is None:
                feed = self._feeds[kind] = FEEDS[kind](self._ledger)
            feed(those)
            outcome = _BY_DESTINATION.get(kind)
            if outcome is not None:
                self._count_destinations(outcome, those)

    def _count_destinations(self, outcome: str, those: Sequence[Occurrence]) -> None:
        if self._top.is_empty:
            self._ledger.read(m.BY_DESTINATION, self._top.values)
        now = self._clock()
        for destination, number in Counter(map(_destination_of, those)).items():
            self._top.count(destination, outcome, now, number)
