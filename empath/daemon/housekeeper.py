"""
housekeeper - the process that tidies up

It releases what the dead held: those that the supervisor reports, those of earlier runs of the service, and those whose
beat stopped.  It brings the configured limits to the queue, forgets what retention allows, and removes spool garbage.
"""

from gevent import monkey

monkey.patch_all()

import os
import time

import gevent
from gevent.hub import get_hub

from empath.daemon.runtime import Runtime, run_child
from empath.errors import EmpathError
from empath.net.wakeup import ring
from empath.storage.connection import open_reader
from empath.storage.process import EndProcess, ProcessRow, ResizeDestinations, living

_WRITE_DEADLINE_S = 5.0
_WATCH_S = 2.0
_SILENCE_S = 30.0  # without a new beat, by this process's own clock, a process is dead


class Housekeeper:
    """All duties of the process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._path = runtime.config.queue.path
        self._reader = open_reader(self._path)
        self._beats: dict[int, tuple[int, float]] = {}  # process_id: last beat seen, when it was new to us
        self._heard = b""

    def run(self) -> None:
        """Tidy up until a drain is asked for."""
        runtime = self._runtime
        runtime.writer.commit(ResizeDestinations(runtime.config.delivery.concurrency))
        # The instance lock fell with the last process of every earlier run, so whoever is left of one is dead.
        for process in living(self._reader, self._path):
            if process.instance != runtime.child.instance:
                self._bury(process, "earlier run")
        if runtime.child.deaths_fd is not None:
            os.set_blocking(runtime.child.deaths_fd, False)
            deaths = get_hub().loop.io(runtime.child.deaths_fd, 1)
            deaths.start(self._hear, runtime.child.deaths_fd, deaths)
        runtime.ready()
        while not runtime.draining.wait(_WATCH_S):
            try:
                self._watch_beats()
            except EmpathError as exc:
                runtime.log.error("housekeeping_failed", error=str(exc))

    def _hear(self, descriptor: int, watcher: object) -> None:
        """Read `slot generation` lines of the supervisor."""
        try:
            octets = os.read(descriptor, 4096)
        except BlockingIOError:
            return
        if not octets:
            watcher.stop()  # type: ignore[attr-defined]
            return
        *lines, self._heard = (self._heard + octets).split(b"\n")
        for line in lines:
            slot, _, generation = line.decode().partition(" ")
            gevent.spawn(self._bury_slot, slot, int(generation))

    def _bury_slot(self, slot: str, generation: int) -> None:
        for process in living(self._reader, self._path):
            if (process.instance, process.slot, process.generation) == (
                self._runtime.child.instance, slot, generation,
            ):  # fmt: skip
                self._bury(process, "reaped")

    def _watch_beats(self) -> None:
        now = time.monotonic()
        seen = {}
        for process in living(self._reader, self._path):
            beat, since = self._beats.get(process.process_id, (-1, now))
            if process.beat != beat:
                since = now
            seen[process.process_id] = (process.beat, since)
            if now - since > _SILENCE_S and process.process_id != self._runtime.process_id:
                self._bury(process, "silent")
        self._beats = seen

    def _bury(self, process: ProcessRow, cause: str) -> None:
        """Release what *process* held. A write that fails is tried again: its row still stands among the living."""
        try:
            work = self._runtime.writer.commit(EndProcess(process.process_id, now=time.time()))
        except EmpathError as exc:
            self._runtime.log.error("release_failed", slot=process.slot, error=str(exc))
            gevent.spawn_later(_WATCH_S, self._bury, process, cause)
            return
        ring(self._runtime.child.wake_fds)
        if work.released:
            self._runtime.log.warning(
                "leases_released", slot=process.slot, cause=cause, recipients=work.released, held=work.held
            )
        if work.held:
            self._runtime.log.critical("recipients_held", slot=process.slot, recipients=work.held)


def _serve(runtime: Runtime) -> None:
    Housekeeper(runtime).run()


if __name__ == "__main__":
    run_child(_serve, write_deadline_s=_WRITE_DEADLINE_S)
