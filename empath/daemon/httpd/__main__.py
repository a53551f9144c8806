"""
httpd - the process that shows what all others count, over HTTP, and takes mail from programs

It may be killed at any moment: no mail waits for it, and mail that it has not answered is not in the queue, or is
answered again by its Idempotency-Key.
"""

from empath.daemon.process.patching import patch_all

patch_all()

import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path

import gevent

from empath.daemon.acceptor.contexts import ListenerContexts
from empath.daemon.httpd.api.endpoints import add_api
from empath.daemon.httpd.api.feed import Feed
from empath.daemon.httpd.api.operation import Backend
from empath.daemon.httpd.app import PolicyFile, make_app
from empath.daemon.httpd.collecting import Collector
from empath.daemon.httpd.console.app import add_console
from empath.daemon.httpd.console.judging import add_judging
from empath.daemon.httpd.console.sources import Sources
from empath.daemon.httpd.console.traces import Records
from empath.daemon.httpd.console.trial_mail import add_trial_mail
from empath.daemon.httpd.exposition import exposed
from empath.daemon.httpd.guard import Guard
from empath.daemon.httpd.health import Health
from empath.daemon.httpd.history import SAMPLE_S, WINDOWS_S, History
from empath.daemon.httpd.injection.make import MESSAGES, messages
from empath.daemon.httpd.queue_state import QueueState
from empath.daemon.httpd.server import HttpServer
from empath.daemon.process.health import HealthChecks
from empath.daemon.process.resolving import name_servers
from empath.daemon.process.run_child import run_child
from empath.daemon.process.runtime import Runtime
from empath.daemon.process.trace_sockets import TraceReader
from empath.policy.service_part import ServicePart
from empath.policy.sts import POLICY_PATH
from empath.storage.open import open_past_mail
from empath.telemetry.metrics import catalogue as m

_WRITE_DEADLINE_S = 5.0
_TRACE_S = 300.0  # most time of a live trace of the console
_SHARES = {m.DELIVERY_SUCCESS: "success", m.DELIVERY_ERRORS: "error", m.REFUSAL_RATIO: "refusal"}


class Httpd:
    """The whole process."""

    def __init__(self, runtime: Runtime) -> None:
        assert runtime.ledger is not None
        assert runtime.child.http_fd is not None
        self._runtime = runtime
        self._ledger = runtime.ledger
        self._collector = Collector(runtime.config.queue.path)
        self._history = History()
        self._queue_state = QueueState(runtime, self._ledger)
        for metric, share in _SHARES.items():
            self._ledger.read(metric, partial(self._shares, share))
        checks = HealthChecks(
            runtime.config,
            runtime.engine,
            reading=lambda: nullcontext(runtime.reader),
            read_stats=lambda: self._queue_state.stats,
        )
        self._health = Health(runtime, checks)
        http = runtime.config.http
        guard = Guard(runtime, runtime.reader, is_local=http.unix_socket is not None)
        app = make_app(self._exposed, self._health, guard)
        if runtime.config.mta_sts:
            policies = {domain: table.policy for domain, table in runtime.config.mta_sts.items()}
            app.add_route(POLICY_PATH, PolicyFile(policies, lambda domain: self._ledger.add(m.POLICY_READS, (domain,))))
        is_ending = runtime.draining.is_set
        self._feed = Feed(runtime.reader) if runtime.config.events.stream else None
        backend = Backend(
            runtime.engine, runtime.config, lambda: runtime.rules.router, is_ending, self._queue_state.spares_reading
        )
        add_api(app, backend, runtime.emit, self._feed)
        node = str(runtime.config.hostname)
        past = open_past_mail(runtime.config.queue.path)
        sources = Sources(runtime.engine, node, self._history, self._queue_state.latest, is_ending, past)
        self._contexts = ListenerContexts(runtime)
        mail = messages(runtime, self._contexts)
        app.add_route(MESSAGES, mail)
        add_console(app, sources, guard, http, partial(_trace, runtime.config.queue.path))
        add_trial_mail(app, sources, guard, mail.take, str(runtime.config.postmaster))
        add_judging(app, sources, guard, runtime.config, name_servers(runtime).ask)
        self._server = HttpServer(
            runtime.child.http_fd,
            app,
            (*http.networks, *http.token_networks),
            open_paths=(POLICY_PATH,) if runtime.config.mta_sts else (),
            tls=runtime.server_tls.context if http.tls and runtime.server_tls is not None else None,
        )

    def run(self) -> None:
        """Serve until a drain is asked for."""
        self._contexts.keep()
        self._runtime.keep(self._queue_state.run)
        self._runtime.keep(self._sample)
        if self._feed is not None:
            self._runtime.keep(self._feed.run)
        self._health.begin()
        self._server.start()
        self._runtime.ready()
        self._runtime.draining.wait()
        self._server.stop()

    def _exposed(self, accept: str) -> tuple[bytes, str]:
        collected = self._collector.collect()
        self._ledger.add(m.SCRAPES)
        for slot in collected.left_out:
            self._ledger.add(m.LEFT_OUT, (slot,))
        # After the rest: it counts what was left out.
        collected.values[self._runtime.child.slot] = self._ledger.values()
        return exposed(collected.values, accept)

    def _sample(self) -> None:
        while True:
            self._history.take(self._collector.collect().values, time.monotonic())
            gevent.sleep(SAMPLE_S)

    def _shares(self, kind: str) -> dict[tuple[str, ...], float]:
        return {(window,): share for window, share in self._history.shares()[kind].items() if window in WINDOWS_S}


def _serve(runtime: Runtime) -> None:
    Httpd(runtime).run()


def main() -> None:
    """The whole process."""
    run_child(_serve, write_deadline_s=_WRITE_DEADLINE_S, has_modules=True, traces_mail=True)


def _trace(queue: Path, part: ServicePart, who: str) -> Records:
    return TraceReader(queue, part, _TRACE_S, who).records()


if __name__ == "__main__":
    main()
