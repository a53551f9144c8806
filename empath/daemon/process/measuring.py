"""
measuring - what a process counts, for the process `httpd` that shows it

THEORY
    Where [http] is configured, each process serves its ledger over a socket in the directory `queue.db-metrics` (see
    `process_socket`). Who connects gets all values as one JSON object. Nothing waits for it: a client that does not
    read is left after a second, and a process that cannot make its socket says so and carries mail without it.
"""

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gevent import socket

from empath.config import Config
from empath.daemon.process.child import Child
from empath.daemon.process.process_socket import ProcessSocket
from empath.policy.tracing.context import TraceContext
from empath.telemetry.metrics import catalogue as m
from empath.telemetry.metrics.feeds import MetricsFeed
from empath.telemetry.metrics.ledger import Ledger
from empath.telemetry.occurrence import Emitter, Occurrence
from empath.telemetry.occurrences.process import MetricsUnserved
from empath.telemetry.tracing.span_queue import SpanQueue

_SEND_S: Final = 1.0
_PAGE: Final = resource.getpagesize()


def directory_of(queue: Path) -> Path:
    """Where the sockets of the processes of *queue* lie."""
    return queue.with_name(f"{queue.name}-metrics")


class Measuring:
    """The ledger of this process, and its socket."""

    def __init__(self, child: Child, config: Config) -> None:
        self.ledger = Ledger()
        self.feed = MetricsFeed(self.ledger, time.monotonic)
        self._socket = ProcessSocket(directory_of(config.queue.path), f"{child.slot}.{child.generation}", self._give)
        began_at = time.time()
        self.ledger.read(m.CPU_SECONDS, time.process_time)
        self.ledger.read(m.MEMORY, _resident_octets)
        self.ledger.read(m.DESCRIPTORS, lambda: len(os.listdir("/proc/self/fd")))
        self.ledger.read(m.STARTED_AT, lambda: began_at)

    def batch_done(self, writes: int, seconds: float) -> None:
        """Count a commit that *writes* shared."""
        self.ledger.observe(m.COMMIT_SECONDS, seconds)
        self.ledger.observe(m.COMMIT_WRITES, writes)

    def write_failed(self, reason: str) -> None:
        """Count a write that was not committed."""
        self.ledger.add(m.FAILED_WRITES, (reason,))

    def trace(self, spans: SpanQueue, trace_of: Callable[[Occurrence], TraceContext | None]) -> None:
        """Count what becomes of *spans*, and show latencies with the traces that *trace_of* finds."""
        self.feed.trace_of = trace_of
        self.ledger.read(m.TRACE_SPANS, lambda: {("exported",): spans.exported, ("dropped",): spans.dropped})

    def serve(self, emit: Emitter, keep: Callable[[Callable[[], object]], object]) -> None:
        """Make the socket, and have it served in the background by *keep*."""
        try:
            self._socket.listen()
        except OSError as exc:
            emit(MetricsUnserved(file=str(self._socket.path), error=exc.strerror or str(exc)))
            return
        keep(self._socket.run)

    def end(self) -> None:
        """Remove the socket."""
        self._socket.close()

    def _give(self, client: socket.socket) -> None:
        with client:
            try:
                client.settimeout(_SEND_S)
                client.sendall(self.ledger.encoded())
            except OSError:
                pass  # it went away, or does not read


def _resident_octets() -> float:
    """Memory of this process that is in RAM."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
