"""
health - whether the service lives and is ready, from checks that run in the background

Each check has a greenlet of its own, which begins the next round two seconds after the last one. An answer never waits
for a check: it shows the last results, with their age. A check that hangs has no result any more, and says so.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from gevent.event import Event

from empath.daemon.process.health import HealthChecks
from empath.daemon.process.runtime import Runtime
from empath.daemon.process.state_line import write_state
from empath.daemon.process.threads import in_thread
from empath.errors import EmpathError
from empath.policy.health import Diagnosis, Level
from empath.policy.readiness import STALE_S, Result, is_ready, readiness_record, readiness_words, refreshed
from empath.telemetry.metrics import catalogue as m
from empath.telemetry.occurrences.httpd import ServiceNotReady, ServiceReadyAgain

PERIOD_S: Final = 2.0
_FIRST_S: Final = 0.5  # what an answer waits for the first results after the start
_IN_THREAD: Final = frozenset({"disk", "log"})  # a file system may keep its caller waiting


class Health:
    """The state of the service, as this process knows it."""

    def __init__(self, runtime: Runtime, checks: HealthChecks, clock: Callable[[], float] = time.monotonic) -> None:
        self._runtime = runtime
        self._checks = checks
        self._clock = clock
        self._began_at = clock()
        self._found: dict[str, tuple[Diagnosis, float]] = {}
        self._is_complete = Event()
        self._told = True  # whether the log says that the service is ready
        assert runtime.ledger is not None
        runtime.ledger.read(m.HEALTH, self._states)

    def begin(self) -> None:
        """Check from now on."""
        for component in self._checks.components:
            self._runtime.keep(partial(self._check, component))
        self._runtime.keep(self._tell)

    def live(self) -> tuple[bool, dict[str, Any]]:
        """Whether this process serves. That it answers at all is the larger part of it."""
        is_live = not self._runtime.draining.is_set()
        return is_live, {"status": "live" if is_live else "draining"}

    def ready(self) -> tuple[bool, dict[str, Any]]:
        """Whether the service is ready, and the state of each component."""
        self._is_complete.wait(_FIRST_S)
        results = self.results()
        record = readiness_record(results)
        if self._runtime.draining.is_set():
            return False, record | {"status": "draining"}
        return is_ready(results), record

    def results(self) -> dict[str, Result]:
        """The last results, as old as they are."""
        now = self._clock()
        found = {}
        for name in self._checks.components:
            last = self._found.get(name)
            result = None if last is None else Result(last[0], now - last[1])
            found[name] = refreshed(result, name, now - self._began_at, STALE_S + self._checks.longest_s(name))
        return found

    def _check(self, component: str) -> None:
        run = partial(self._checks.run, component)
        while not self._runtime.draining.is_set():
            try:
                diagnosis = in_thread(run) if component in _IN_THREAD else run()
            except EmpathError as exc:  # no thread could be started
                diagnosis = Diagnosis(component, Level.ERROR, str(exc))
            self._found[component] = diagnosis, self._clock()
            if len(self._found) == len(self._checks.components):
                self._is_complete.set()
            self._runtime.draining.wait(PERIOD_S)

    def _tell(self) -> None:
        """Keep the supervisor informed, and the log: a line each time that the service stops or begins to be ready."""
        self._is_complete.wait()
        while not self._runtime.draining.is_set():
            results = self.results()
            words = readiness_words(results)
            if self._runtime.child.state_fd is not None:
                write_state(self._runtime.child.state_fd, words)
            if is_ready(results) != self._told:
                self._told = not self._told
                self._runtime.emit(ServiceReadyAgain() if self._told else ServiceNotReady(reason=words))
            self._runtime.draining.wait(PERIOD_S)

    def _states(self) -> dict[tuple[str, ...], float]:
        return {(name,): float(is_ready({name: result})) for name, result in self.results().items()}
