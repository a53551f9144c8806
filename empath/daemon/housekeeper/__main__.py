"""
housekeeper - the process that tidies up

The housekeeper releases the leases of dead processes, carries out orders to the service, writes the configured limits
to the queue, reports failures and delays to senders, removes rows whose retention is over, removes spool garbage, and
looks for states that should never occur.  Each duty is a greenlet that does one round at the start and then one each
period.  If a round fails, the failure is logged and the next round comes in its turn; a bug ends the process.
"""

from empath.daemon.process.patching import patch_all

patch_all()

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import gevent

from empath.daemon.housekeeper.audit_log import AuditLog
from empath.daemon.housekeeper.control import Control
from empath.daemon.housekeeper.database_keeping import DatabaseKeeping
from empath.daemon.housekeeper.dead_processes import DeadProcesses
from empath.daemon.housekeeper.domain_reporter import DomainReporter
from empath.daemon.housekeeper.redacting import Redacting
from empath.daemon.housekeeper.report_post import post_report
from empath.daemon.housekeeper.reporter import Reporter
from empath.daemon.housekeeper.rounds import rest
from empath.daemon.housekeeper.rule_follower import RuleFollower
from empath.daemon.housekeeper.sealing import Sealing
from empath.daemon.housekeeper.spool_keeping import SpoolKeeping
from empath.daemon.housekeeper.sweeping import SWEEPS, sweep
from empath.daemon.housekeeper.tidying import Tidying
from empath.daemon.housekeeper.tls_counting import TlsCounting
from empath.daemon.housekeeper.tracking import Tracking
from empath.daemon.process.orders import LOOK_S
from empath.daemon.process.resolving import caching_resolver
from empath.daemon.process.run_child import run_child
from empath.daemon.process.runtime import Runtime
from empath.errors import EmpathError
from empath.storage.queue.events import KeepConsumers
from empath.storage.queue.reply_rules import KeepShippedRules
from empath.telemetry.occurrences.housekeeper import HousekeepingFailed

_WRITE_DEADLINE_S = 5.0


@dataclass(frozen=True, slots=True)
class Duty:
    """A task that is done once each period; name is for the log."""

    name: str
    period_s: float
    body: Callable[[], object]


class Housekeeper:
    """All duties of the process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._reader = runtime.reader
        self._dead = DeadProcesses(runtime, self._reader)
        self._control = Control(runtime, self._reader)
        self._tidying = tidying = Tidying(runtime, self._reader)
        self._tracking = Tracking(runtime, self._reader)
        spool, database = SpoolKeeping(runtime, self._reader), DatabaseKeeping(runtime, self._reader)
        self._follower = RuleFollower(
            runtime.rules, self._reader, runtime.writer, runtime.emit, now=runtime.now, rest=partial(rest, runtime)
        )
        reporters = self._domain_reporters()
        self._duties = self._possible(
            Duty("rules", 0.25, self._follower.follow),
            Duty("buckets", 60.0, tidying.forget_buckets),
            Duty("control", LOOK_S, self._control.obey),
            Duty("stuck_orders", 5.0, self._control.give_up),
            Duty("audit_log", 1.0, AuditLog(runtime, self._reader).follow),
            Duty("seals", 1.0, Sealing(runtime, self._reader).seal),
            Duty("beats", 2.0, self._dead.watch_beats),
            Duty("reports", 1.0, Reporter(runtime, self._reader).report),
            *reporters,
            Duty("garbage", 2.0, spool.remove_garbage),
            Duty("retention", 5.0, self._forget),
            Duty("redaction", 60.0, Redacting(runtime, self._reader).redact),
            *(Duty(rows.name, rows.period_s, partial(sweep, runtime, self._reader, rows)) for rows in SWEEPS),
            Duty("space", 5.0, database.return_space),
            Duty("plans", 5.0, database.keep_plans),
            Duty("events", 0.25, database.number_events),
            Duty("wal", 10.0, database.watch_wal),
            Duty("transactions", 2.0, database.watch_transactions),
            Duty("clock", 2.0, tidying.watch_clock),
            Duty("routes", 0.5, tidying.follow_routes),
            Duty("due_bounds", 30.0, tidying.mend_due_bounds),
            Duty("destinations", 3600.0, tidying.forget_destinations),
            Duty("missing_files", 600.0, spool.report_missing_files),
            Duty("orphans", 600.0, spool.find_orphans),
        )

    def _possible(self, *duties: Duty) -> tuple[Duty, ...]:
        """Those of *duties* that the engine of the queue allows."""
        left_out = ("destinations",) if self._runtime.engine.destinations_stay else ()
        return tuple(duty for duty in duties if duty.name not in left_out)

    def _domain_reporters(self) -> tuple[Duty, ...]:
        runtime = self._runtime
        config = runtime.config
        if not config.dmarc_reports.send and not config.tls_reports.send:
            return ()
        resolver = caching_resolver(runtime)
        wait_s = config.dns.attempt_timeout_s
        post = partial(post_report, resolver, config.dns.allowed_networks)
        reporter = DomainReporter(runtime, self._reader, lambda asked: resolver.look_up([asked], wait_s)[0], post)
        duties = [Duty("domain_reports", 5.0, reporter.report)]
        if config.tls_reports.send:
            duties.append(Duty("tls_counts", 5.0, TlsCounting(runtime, self._reader).count))
        return (*duties,)

    def run(self) -> None:
        """Tidy up until a drain is asked for."""
        self._follower.follow()
        self._runtime.writer.commit(KeepShippedRules())
        keeping = KeepConsumers(self._runtime.config.events.consumers, now=time.time())
        if keeping.is_needed(self._reader):
            self._runtime.writer.commit(keeping)
        self._control.begin()
        self._dead.begin()
        self._runtime.ready()
        gevent.joinall([gevent.spawn(self._keep, duty) for duty in self._duties], raise_error=True)
        self._dead.end()

    def _forget(self) -> None:
        """Remove what is old. The index of past mail reads it before."""
        self._tracking.follow()
        self._tidying.forget()

    def _keep(self, duty: Duty) -> None:
        is_draining = False
        while not is_draining:
            try:
                duty.body()
            except EmpathError as exc:
                self._runtime.emit(HousekeepingFailed(duty=duty.name, error=str(exc)))
            is_draining = self._runtime.draining.wait(duty.period_s)


def _serve(runtime: Runtime) -> None:
    Housekeeper(runtime).run()


def main() -> None:
    """The whole process."""
    run_child(_serve, write_deadline_s=_WRITE_DEADLINE_S, traces_mail=True)


if __name__ == "__main__":
    main()
