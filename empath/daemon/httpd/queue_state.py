"""
queue_state - how the queue stands, read in the background

A scrape never waits for the queue: it gets what was read last, and when. Reading takes a thread. The longer it takes,
the seldomer it is done: a queue of millions costs a twentieth of a core and not more.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Final

from empath.daemon.process.runtime import Runtime
from empath.daemon.process.threads import in_thread
from empath.errors import EmpathError
from empath.storage.admin.events import Outbox, outbox
from empath.storage.admin.records import Stats
from empath.storage.admin.snapshot import Snapshot
from empath.storage.engine import Engine
from empath.telemetry.metrics import catalogue as m
from empath.telemetry.metrics.ledger import Ledger
from empath.telemetry.occurrences.httpd import QueueUnread

_OF_CONSUMERS: Final = {
    m.EVENTS_LAG: "lag",
    m.EVENTS_LAG_SECONDS: "lag_s",
    m.EVENTS_ASIDE: "aside",
    m.EVENTS_DEAD: "dead",
    m.CONSUMER_FAILURES: "failures",
    m.EVENTS_LOST_TO: "lost",
}
_TOP: Final = 10  # destinations that the console names
_PERIOD_S: Final = 5.0
_LONG_S: Final = 0.1  # a reading that nobody should wait for: half of the time that a page may take
_SHARE: Final = 20.0  # times the cost of a reading that the next one comes later


class QueueState:
    """What the ledger of this process says of the queue."""

    def __init__(self, runtime: Runtime, ledger: Ledger, clock: Callable[[], float] = time.monotonic) -> None:
        """*clock* gives monotonic seconds."""
        self._clock = clock
        self._runtime = runtime
        self._ledger = ledger
        self._is_failing = False
        self._stats: Stats | None = None
        self._ages: dict[str, int] = {}
        self._disk = 0, 0
        self._outbox = Outbox(0, [])
        self._read_at = 0.0
        self._took_s = 0.0

    def run(self) -> None:
        """Body of a greenlet."""
        while not self._runtime.draining.wait(self.read()):
            pass

    @property
    def stats(self) -> Stats | None:
        """What was read last; None before the first time."""
        return self._stats

    def read(self) -> float:
        """Read the queue; gives the seconds until the next time."""
        began_at = self._clock()
        try:
            self._stats, self._ages, self._outbox = in_thread(partial(_read, self._runtime.engine, self._runtime.now()))
            self._disk = self._runtime.engine.log_octets(), self._runtime.engine.free_octets()
        except (EmpathError, OSError) as exc:
            if not self._is_failing:  # one line each time that it begins
                self._runtime.emit(QueueUnread(error=str(exc)))
            self._is_failing = True
        else:
            self._is_failing = False
            if not self._read_at:
                self._measure()
            self._read_at = time.time()
            self._took_s = self._clock() - began_at
        return max(_PERIOD_S, _SHARE * (self._clock() - began_at))

    def latest(self) -> tuple[Stats, float] | None:
        """What was read last, and the instant in Unix seconds; None before the first time."""
        return None if self._stats is None else (self._stats, self._read_at)

    def spares_reading(self, top: int) -> tuple[Stats, float] | None:
        """
        As `latest`, if a client that asks for *top* destinations would have to wait for another reading: counting takes
        long, and names no more of them.
        """
        return self.latest() if self._took_s > _LONG_S and top <= _TOP else None

    def _measure(self) -> None:
        ledger = self._ledger
        ledger.read(m.QUEUE_READ, lambda: self._read_at)
        ledger.read(m.QUEUE_RECIPIENTS, lambda: {(name,): n for name, n in self._now.recipients.items()})
        ledger.read(m.QUEUE_MESSAGES, lambda: self._now.messages)
        ledger.read(m.QUEUE_OCTETS, lambda: self._now.size_octets)
        ledger.read(m.QUEUE_DESTINATIONS, lambda: self._now.destination_count)
        ledger.read(m.QUEUE_FROZEN, lambda: int(self._now.pauses.frozen_since is not None))
        ledger.read(m.QUEUE_OLDEST, self._oldest_s)
        ledger.read(m.QUEUE_AGES, lambda: {(below,): n for below, n in self._ages.items()})
        ledger.read(m.WAL_OCTETS, lambda: self._disk[0])
        ledger.read(m.DISK_FREE, lambda: self._disk[1])
        ledger.read(m.EVENTS_KEPT, lambda: self._outbox.kept)
        for metric, column in _OF_CONSUMERS.items():
            ledger.read(metric, partial(self._of_consumers, column))

    def _of_consumers(self, column: str) -> dict[tuple[str, ...], float]:
        return {(each.name,): getattr(each, column) or 0 for each in self._outbox.consumers}

    @property
    def _now(self) -> Stats:
        assert self._stats is not None
        return self._stats

    def _oldest_s(self) -> float:
        oldest = self._now.oldest_received_at
        return 0.0 if oldest is None else max(0.0, time.time() - oldest)


def _read(engine: Engine, now: float) -> tuple[Stats, dict[str, int], Outbox]:
    with Snapshot(engine) as snapshot:
        stats, ages = snapshot.stats(_TOP, now), snapshot.ages(now)
    with engine.visiting(None) as visit:
        return stats, ages, outbox(visit)
