"""
feeds - what each occurrence adds to the metrics, as a table

A metric that no occurrence feeds is read from where it is known anyway, see `Ledger.read`.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from empath.policy.tracing.context import TraceContext
from empath.telemetry.metrics import catalogue as m
from empath.telemetry.metrics.ledger import Ledger
from empath.telemetry.metrics.top import TopCounts
from empath.telemetry.occurrence import Occurrence
from empath.telemetry.occurrences import acceptor, housekeeper, process, publisher, worker

_NO_TLS: Final = ("none",)


_NO_LABELS: Final = ()
_DELIVERED: Final = (worker.Delivered.event,)

# Counts one occurrence. It is made for a ledger at the first of its kind, so that no mail looks for its series anew.
Feed = Callable[[Any], None]
Feeding = Callable[[Ledger], Feed]


def _accepted(ledger: Ledger) -> Feed:
    messages, observe = ledger.counter(m.MESSAGES), ledger.observer(m.ACCEPT_SECONDS)
    recipients, octets = ledger.counter(m.RECIPIENTS), ledger.counter(m.OCTETS)

    def feed(what: acceptor.Accepted) -> None:
        messages(_NO_TLS if what.tls_version is None else (what.tls_version,), 1)
        recipients(_NO_LABELS, what.recipients)
        octets(_NO_LABELS, what.size)
        observe(what.duration_s)

    return feed


def _session_began(ledger: Ledger) -> Feed:
    connections = ledger.counter(m.CONNECTIONS)
    return lambda _: connections(_NO_LABELS, 1)


def _session_ended(ledger: Ledger) -> Feed:
    ends, observe = ledger.counter(m.SESSION_ENDS), ledger.observer(m.SESSION_SECONDS)

    def feed(what: acceptor.SessionEnded) -> None:
        ends((what.reason,), 1)
        observe(what.duration_s)

    return feed


def _delivered(ledger: Ledger) -> Feed:
    attempts, observe_attempt = ledger.counter(m.ATTEMPTS), ledger.observer(m.ATTEMPT_SECONDS, _DELIVERED)
    tls, observe_queue = ledger.counter(m.DELIVERY_TLS), ledger.observer(m.QUEUE_SECONDS)

    def feed(what: worker.Delivered) -> None:
        attempts((what.event, what.stage), 1)
        observe_attempt(what.duration_s)
        observe_queue(what.age_s)
        tls(_NO_TLS if what.tls_version is None else (what.tls_version,), 1)
        if what.tls_failure is not None:
            ledger.add(m.TLS_FAILURES)

    return feed


def _failed(ledger: Ledger) -> Feed:
    def feed(what: worker.Deferred | worker.Bounced | worker.Expired) -> None:
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
        return lambda what: ledger.add(
            metric, (*(str(getattr(what, name)) for name in fields), *given), 1 if by is None else getattr(what, by)
        )

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
        ledger.read(m.EVENTS, lambda: {(kind.event, kind.level): count for kind, count in self._seen.items()})
        self.trace_of: Callable[[Occurrence], TraceContext | None] | None = None

    def wants(self, kind: type[Occurrence]) -> bool:
        """Whether an occurrence of *kind* is counted also where the log does not take it."""
        return kind in FEEDS

    def __call__(self, _process: str, what: Occurrence) -> None:
        """Count *what*."""
        kind = type(what)
        self._seen[kind] += 1
        feed = self._feeds.get(kind)
        if feed is None:
            if kind not in FEEDS:
                return
            feed = self._feeds[kind] = FEEDS[kind](self._ledger)
        feed(what)
        if self.trace_of is not None and kind in _EXEMPLARS and (context := self.trace_of(what)) is not None:
            for metric, field, labels in _EXEMPLARS[kind]:
                self._ledger.exemplify(metric, getattr(what, field), labels, context.trace_id)
        outcome = _BY_DESTINATION.get(kind)
        if outcome is not None:
            if self._top.is_empty:
                self._ledger.read(m.BY_DESTINATION, self._top.values)
            self._top.count(what.destination, outcome, self._clock())  # type: ignore[attr-defined]
