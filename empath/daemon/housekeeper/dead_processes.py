"""
dead_processes - release what the dead held

Who is dead is told by the supervisor, or by the instance lock, which fell with every process of an earlier run, or by a
beat that stopped.  Wall times are never compared: a beat is old by this process's own monotonic clock.
"""

import os
import time

import gevent
from gevent.hub import get_hub

from empath.daemon.process.runtime import Runtime
from empath.errors import EmpathError
from empath.net.wakeup import ring
from empath.policy.health import SILENCE_S
from empath.storage.engine import Reader
from empath.storage.queue.process import EndProcess, ProcessRow, living
from empath.telemetry.occurrences.housekeeper import LeasesReleased, RecipientsHeld, ReleaseFailed

_AGAIN_S = 2.0
_SILENT = "silent"


class DeadProcesses:
    """Watches the processes of the queue, and buries the dead."""

    def __init__(self, runtime: Runtime, reader: Reader) -> None:
        """*reader* reads the queue, in the hub."""
        self._runtime = runtime
        self._reader = reader
        self._beats: dict[int, tuple[int, float]] = {}  # process_id: last beat seen, when it was new to us
        self._heard = b""

    def begin(self) -> None:
        """
        Bury whoever is left of an earlier run, and listen to the supervisor from now on.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read.
        """
        child = self._runtime.child
        for process in living(self._reader):
            if process.instance != child.instance:
                self._bury(process, "earlier run")
        if child.deaths_fd is not None:
            os.set_blocking(child.deaths_fd, False)
            deaths = get_hub().loop.io(child.deaths_fd, 1)
            deaths.start(self._hear, child.deaths_fd, deaths)

    def watch_beats(self) -> None:
        """
        Bury whoever has been silent for too long.

        Where this process cannot write either, as while a shell keeps the queue locked, silence says nothing.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read.
        """
        now = time.monotonic()
        if not self._runtime.has_beaten_lately:
            self._beats = {}
        seen = {}
        for process in living(self._reader):
            beat, since = self._beats.get(process.process_id, (-1, now))
            if process.beat != beat:
                since = now
            seen[process.process_id] = (process.beat, since)
            if now - since > SILENCE_S and process.process_id != self._runtime.process_id:
                self._bury(process, _SILENT)
        self._beats = seen

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
        wanted = (self._runtime.child.instance, slot, generation)
        try:
            processes = living(self._reader)
        except EmpathError as exc:
            self._runtime.emit(ReleaseFailed(slot=slot, error=str(exc)))
            gevent.spawn_later(_AGAIN_S, self._bury_slot, slot, generation)
            return
        for process in processes:
            if (process.instance, process.slot, process.generation) == wanted:
                self._bury(process, "reaped")

    def _bury(self, process: ProcessRow, cause: str) -> None:
        """Release what *process* held. A write that fails is tried again: its row still stands among the living."""
        try:
            work = self._runtime.writer.commit(EndProcess(process.process_id, now=time.time()))
        except EmpathError as exc:
            self._runtime.emit(ReleaseFailed(slot=process.slot, error=str(exc)))
            if cause != _SILENT:  # of the silent the next look judges anew
                gevent.spawn_later(_AGAIN_S, self._bury, process, cause)
            return
        ring(self._runtime.child.wake_fds)
        if work.released:
            self._runtime.emit(LeasesReleased(slot=process.slot, cause=cause, recipients=work.released, held=work.held))
        if work.held:
            self._runtime.emit(RecipientsHeld(slot=process.slot, recipients=work.held))
