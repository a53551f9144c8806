"""
feeds - what each occurrence adds to the metrics, as a table

A metric that no occurrence feeds is read from where it is known anyway, see `Ledger.read`.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from empath.policy.tracing.context import TraceContext
from empath.telemetry.metrics import catalogue as m
from empath.telemetry.metrics.ledger import Ledger
from empath.telemetry.metrics.top import TopCounts
from empath.telemetry.occurrence import Occurrence
from empath.telemetry.occurrences import acceptor, housekeeper, process, publisher, worker

_NO_TLS: Final = ("none",)


def _accepted(ledger: Ledger, what: acceptor.Accepted) -> None:
    ledger.add(m.MESSAGES, _NO_TLS if what.tls_version is None else (what.tls_version,))
    ledger.add(m.RECIPIENTS, by=what.recipients)
    ledger.add(m.OCTETS, by=what.size)
    ledger.observe(m.ACCEPT_SECONDS, what.duration_s)


def _session_ended(ledger: Ledger, what: acceptor.SessionEnded) -> None:
    ledger.add(m.SESSION_ENDS, (what.reason,))
    ledger.observe(m.SESSION_SECONDS, what.duration_s)


def _delivered(ledger: Ledger, what: worker.Delivered) -> None:
    ledger.add(m.ATTEMPTS, (what.event, what.stage))
    ledger.observe(m.ATTEMPT_SECONDS, what.duration_s, (what.event,))
    ledger.observe(m.QUEUE_SECONDS, what.age_s)
    ledger.add(m.DELIVERY_TLS, _NO_TLS if what.tls_version is None else (what.tls_version,))
    if what.tls_failure is not None:
        ledger.add(m.TLS_FAILURES)


def _failed(ledger: Ledger, what: worker.Deferred | worker.Bounced | worker.Expired) -> None:
    ledger.add(m.ATTEMPTS, (what.event, what.stage))
    ledger.observe(m.ATTEMPT_SECONDS, what.duration_s, (what.event,))
    ledger.add(m.FAILURE_CLASSES, (what.bounce_class,))
    if what.tls_failure is not None:
        ledger.add(m.TLS_FAILURES)


def _counted(metric: m.Metric, *fields: str) -> Callable[[Ledger, Any], None]:
    """One more for each occurrence, with the values of *fields* as labels."""
    return lambda ledger, what: ledger.add(metric, tuple(str(getattr(what, name)) for name in fields))


FEEDS: Final[Mapping[type[Occurrence], Callable[[Ledger, Any], None]]] = {
    acceptor.Accepted: _accepted,
    acceptor.SessionBegan: _counted(m.CONNECTIONS),
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
    housekeeper.DomainReportQueued: lambda ledger, what: ledger.add(m.DOMAIN_REPORTS, (what.kind, "sent")),
    housekeeper.DomainReportDropped: lambda ledger, what: ledger.add(m.DOMAIN_REPORTS, (what.kind, "dropped")),
    housekeeper.LeasesReleased: lambda ledger, what: ledger.add(m.LEASES_RELEASED, by=what.recipients),
    housekeeper.HousekeepingFailed: _counted(m.HOUSEKEEPING_FAILURES, "duty"),
    housekeeper.ClockStepped: _counted(m.CLOCK_STEPS),
    publisher.EventsSent: lambda ledger, what: ledger.add(m.EVENTS_SENT, (what.consumer,), by=what.events),
    publisher.ConsumerFails: _counted(m.CONSUMER_OUTAGES, "consumer"),
    process.ModuleFailed: _counted(m.MODULE_FAILURES, "module", "hook"),
    process.LogLinesLost: lambda ledger, what: ledger.add(m.LOG_LINES_LOST, by=what.lines),
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
        self.trace_of: Callable[[Occurrence], TraceContext | None] | None = None

    def wants(self, kind: type[Occurrence]) -> bool:
        """Whether an occurrence of *kind* is counted also where the log does not take it."""
        return kind in FEEDS

    def __call__(self, _process: str, what: Occurrence) -> None:
        """Count *what*."""
        kind = type(what)
        self._ledger.add(m.EVENTS, (what.event, what.level))
        feed = FEEDS.get(kind)
        if feed is None:
            return
        feed(self._ledger, what)
        if self.trace_of is not None and kind in _EXEMPLARS and (context := self.trace_of(what)) is not None:
            for metric, field, labels in _EXEMPLARS[kind]:
                self._ledger.exemplify(metric, getattr(what, field), labels, context.trace_id)
        outcome = _BY_DESTINATION.get(kind)
        if outcome is not None:
            if self._top.is_empty:
                self._ledger.read(m.BY_DESTINATION, self._top.values)
            self._top.count(what.destination, outcome, self._clock())  # type: ignore[attr-defined]
