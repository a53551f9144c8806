"""
dead_processes - release the leases of dead processes

A process is known to be dead in one of three ways: the supervisor has reaped it; it belongs to an earlier run, all of
whose processes are gone since the instance lock is free; or its beat has stopped.  Wall times are never compared: the
age of a beat is measured by this process's own monotonic clock.
"""

import os
import time
from collections.abc import Callable
from typing import Any

from gevent import Greenlet
from gevent.hub import get_hub
from gevent.pool import Group

from empath.daemon.process.runtime import Runtime
from empath.errors import EmpathError
from empath.net.wakeup import wake
from empath.policy.health import SILENCE_S
from empath.storage.engine import Reader
from empath.storage.queue.process import EndProcess, ProcessRow, living
from empath.telemetry.occurrences.housekeeper import LeasesReleased, RecipientsHeld, ReleaseFailed

_AGAIN_S = 2.0
_LAST_WORDS_S = 1.0  # time at the end for what was reported just before
_SILENT = "silent"


class DeadProcesses:
    """Watches the processes of the queue, and ends those that died."""

    def __init__(self, runtime: Runtime, reader: Reader, clock: Callable[[], float] = time.monotonic) -> None:
        """*reader* reads the queue, in the hub; *clock* measures the silence of a process."""
        self._clock = clock
        self._runtime = runtime
        self._reader = reader
        self._beats: dict[int, tuple[int, float]] = {}  # process_id: last beat, and when it was seen first
        self._unread = b""
        self._deaths: Any = None  # watches the pipe of the supervisor
        self._ending = Group()  # what is under way or will be tried again

    def begin(self) -> None:
        """
        End the processes that earlier runs left, and listen to the supervisor from now on.

        The instance lock shows that the earlier run of this node is over. If hosts share the queue, it says nothing
        about the processes of other nodes. If they cannot share it, a process of another name ran on this host, too.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read.
        """
        child, node = self._runtime.child, self._runtime.config.node.name
        ends_all = self._runtime.engine.has_one_instance
        for process in living(self._reader):
            if (ends_all or process.node == node) and process.instance != child.instance:
                self._end_process(process, "earlier run")
        if child.deaths_fd is not None:
            os.set_blocking(child.deaths_fd, False)
            self._deaths = get_hub().loop.io(child.deaths_fd, 1)
            self._deaths.start(self._read_deaths, child.deaths_fd)

    def end(self) -> None:
        """Finish what is under way; after that the reader is not used any more. The next start does what is left."""
        if self._deaths is not None:
            self._deaths.stop()
        self._ending.join(timeout=_LAST_WORDS_S)
        self._ending.kill()

    def watch_beats(self) -> None:
        """
        End the processes that have been silent for too long.

        While this process cannot write either, such as when a shell keeps the queue locked, silence means nothing.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read.
        """
        now = self._clock()
        if not self._runtime.has_beaten_lately:
            self._beats = {}
        seen = {}
        for process in living(self._reader):
            beat, since = self._beats.get(process.process_id, (-1, now))
            if process.beat != beat:
                since = now
            seen[process.process_id] = (process.beat, since)
            if now - since > SILENCE_S and process.process_id != self._runtime.process_id:
                self._end_process(process, _SILENT)
        self._beats = seen

    def _read_deaths(self, descriptor: int) -> None:
        """Read lines `slot generation` from the supervisor."""
        try:
            octets = os.read(descriptor, 4096)
        except BlockingIOError:
            return
        if not octets:
            self._deaths.stop()
            return
        *lines, self._unread = (self._unread + octets).split(b"\n")
        for line in lines:
            slot, _, generation = line.decode().partition(" ")
            self._ending.start(Greenlet(self._end_slot, slot, int(generation)))

    def _end_slot(self, slot: str, generation: int) -> None:
        wanted = (self._runtime.child.instance, slot, generation)
        try:
            processes = living(self._reader)
        except EmpathError as exc:
            self._runtime.emit(ReleaseFailed(slot=slot, error=str(exc)))
            self._try_again(self._end_slot, slot, generation)
            return
        for process in processes:
            if (process.instance, process.slot, process.generation) == wanted:
                self._end_process(process, "reaped")

    def _end_process(self, process: ProcessRow, cause: str) -> None:
        """Release the leases of *process*. If the write fails, its row stays among the living and is tried again."""
        try:
            work = self._runtime.writer.commit(EndProcess(process.process_id, now=time.time()))
        except EmpathError as exc:
            self._runtime.emit(ReleaseFailed(slot=process.slot, error=str(exc)))
            if cause != _SILENT:  # `watch_beats` decides again about a silent process
                self._try_again(self._end_process, process, cause)
            return
        wake(self._runtime.child.wake_fds)
        if work.released:
            self._runtime.emit(LeasesReleased(slot=process.slot, cause=cause, recipients=work.released, held=work.held))
        if work.held:
            self._runtime.emit(RecipientsHeld(slot=process.slot, recipients=work.held))

    def _try_again(self, end: Callable[..., object], *arguments: object) -> None:
        later = Greenlet(end, *arguments)
        self._ending.add(later)
        later.start_later(_AGAIN_S)
