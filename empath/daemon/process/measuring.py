"""
measuring - what a process counts, for the process `httpd` that shows it

THEORY
    Where [http] is configured, each process serves its ledger over a UNIX socket in a directory next to the queue,
    `queue.db-metrics`, under the name `slot.generation`. Who connects gets all values as one JSON object; only the user
    of the service may connect. Nothing waits for it: a client that does not read is left after a second, and a process
    that cannot make its socket says so and carries mail without it.
"""

import os
import resource
import socket as plain_socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import gevent
from gevent import socket

from empath.config import Config
from empath.daemon.process.child import Child
from empath.telemetry.metrics import catalogue as m
from empath.telemetry.metrics.feeds import MetricsFeed
from empath.telemetry.metrics.ledger import Ledger
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.process import MetricsUnserved

_SEND_S: Final = 1.0
_BACKLOG: Final = 8
_PAGE: Final = resource.getpagesize()


def directory_of(queue: Path) -> Path:
    """Where the sockets of the processes of *queue* lie."""
    return queue.with_name(f"{queue.name}-metrics")


def socket_path(directory_fd: int, name: str) -> str:
    """The path of the socket *name*, short enough for an address, which may have 107 octets."""
    return f"/proc/self/fd/{directory_fd}/{name}"


class Measuring:
    """The ledger of this process, and its socket."""

    def __init__(self, child: Child, config: Config) -> None:
        self.ledger = Ledger()
        self.feed = MetricsFeed(self.ledger, time.monotonic)
        self._directory = directory_of(config.queue.path)
        self._name = f"{child.slot}.{child.generation}"
        self._listener: socket.socket | None = None
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

    def serve(self, emit: Emitter, keep: Callable[[Callable[[], object]], object]) -> None:
        """Make the socket, and have it served in the background by *keep*."""
        try:
            self._listener = self._listen()
        except OSError as exc:
            emit(MetricsUnserved(file=str(self._directory / self._name), error=exc.strerror or str(exc)))
            return
        keep(self._run)

    def end(self) -> None:
        """Remove the socket."""
        if self._listener is not None:
            self._listener.close()
            (self._directory / self._name).unlink(missing_ok=True)

    def _listen(self) -> socket.socket:
        self._directory.mkdir(mode=0o750, exist_ok=True)
        directory_fd = os.open(self._directory, os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            path = socket_path(directory_fd, self._name)
            (self._directory / self._name).unlink(missing_ok=True)  # of a generation of the same number, before a crash
            made = socket.socket(plain_socket.AF_UNIX, plain_socket.SOCK_STREAM)
            try:
                made.bind(path)
                made.listen(_BACKLOG)
            except OSError:
                made.close()
                raise
        finally:
            os.close(directory_fd)
        return made

    def _run(self) -> None:
        listener = self._listener
        assert listener is not None
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                if listener.fileno() < 0:
                    return
                gevent.sleep(_SEND_S)  # no descriptor is left
                continue
            with client:
                try:
                    client.settimeout(_SEND_S)
                    client.sendall(self.ledger.encoded())
                except OSError:
                    pass  # it went away, or does not read


def _resident_octets() -> float:
    """Memory of this process that is in RAM."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
