"""
runtime - what every child process has while it works

It registers the process in the queue and writes its beats. SIGTERM and the death of the supervisor both set `draining`.
"""

import gc
import os
import signal
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event
from gevent.hub import get_hub

from empath.authentication.signer import Signer
from empath.config import Config
from empath.daemon.process.child import (
    BEAT_S,
    Child,
    report_ready,
)
from empath.daemon.process.client_access import ClientAccess
from empath.daemon.process.config_revision import revision_of
from empath.daemon.process.dialogues import Dialogues
from empath.daemon.process.failed_dialogues import FailedDialogues
from empath.daemon.process.hub_writer import HubWriter
from empath.daemon.process.live_traces import LiveTraces
from empath.daemon.process.log_levels import LevelRows
from empath.daemon.process.measuring import Measuring
from empath.daemon.process.rules import LOOK_S, Rules
from empath.daemon.process.secrets import NO_SECRETS, Secrets
from empath.daemon.process.shared_reader import SharedReader
from empath.errors import CannotCreate, EmpathError, QueueBusy
from empath.mail.identity import Timestamp
from empath.net.certificate import ServerTls
from empath.net.stream import Deadlines
from empath.policy.log_levels import LogLevels
from empath.storage.engine import Engine
from empath.storage.queue.process import Beat, EndProcess, Register
from empath.telemetry.log import log
from empath.telemetry.metrics.catalogue import LOCK_WAITS
from empath.telemetry.metrics.ledger import Ledger
from empath.telemetry.occurrences.process import (
    BeatFailed,
    LogFound,
    LogKept,
    ProcessEndUnrecorded,
    QueueLocked,
    TakenForDead,
)
from empath.telemetry.subscribers import emitter

if TYPE_CHECKING:
    from empath.daemon.process.tracing import Tracing
    from empath.modules.loading import LoadedModule

STALE_S = 20.0  # age of the last beat at which others may soon take the process for dead
_LATELY_S = 10.0
_REGISTER_S = 0.5  # time for the registration of a process that serves without it


class Runtime:
    """What every child has: its configuration, emitter, writer, deadlines, and whether it is to end."""

    def __init__(
        self,
        child: Child,
        config: Config,
        engine: Engine,
        *,
        write_deadline_s: float,
        server_tls: ServerTls | None = None,
        client_access: ClientAccess | None = None,
        modules: "Sequence[LoadedModule]" = (),
        signer: Signer | None = None,
        secrets: Secrets = NO_SECRETS,
        tracing: "Tracing | None" = None,
    ) -> None:
        self.child = child
        self.config = config
        self.engine = engine
        self.server_tls = server_tls
        self._client_access = client_access
        self.signer = Signer({}) if signer is None else signer
        self.secrets = secrets
        self.modules = modules
        self.measuring = Measuring(child, config) if config.http.is_served else None
        self.tracing = tracing
        if tracing is not None:
            log.trace_by(tracing.traced.find)
            if self.measuring is not None:
                self.measuring.trace(tracing.spans, tracing.traced.find)
        self.emit = emitter(child.slot, None if self.measuring is None else self.measuring.feed)
        self.dialogues = Dialogues(self.emit)
        self.dialogues.level_is(config.log.level)
        self.traces: LiveTraces | None = None
        self.reader = SharedReader(engine.open_reader)
        self.rules = Rules(config, self.reader, self.emit, self.now, LevelRows(self._put_levels))
        engine.begin_destinations(self.rules.begin_with)
        self.writer = HubWriter(engine, deadline_s=write_deadline_s)
        if self.measuring is not None:
            self.measuring.ledger.read(LOCK_WAITS, engine.lock_waits)
            self.writer.measure(self.measuring.batch_done, self.measuring.write_failed)
        self.deadlines = Deadlines()
        self.draining = Event()
        self.may_linger = False
        self.is_taken_for_dead = False
        self.failure: Exception | None = None  # what ends this process
        self.process_id = 0
        self._beaten_at = time.monotonic()
        self._registering: gevent.Greenlet[..., None] | None = None  # of a process that serves meanwhile
        self._beating: gevent.Greenlet[..., None] | None = None
        self._life = get_hub().loop.io(child.life_fd, 1)

    @property
    def ledger(self) -> Ledger | None:
        """Where this process counts; None without [http]."""
        return None if self.measuring is None else self.measuring.ledger

    @property
    def client_access(self) -> ClientAccess:
        """What is shown to hosts that mail goes to."""
        assert self._client_access is not None, "this process meets no hosts"
        return self._client_access

    def begin(self, *, serves_unregistered: bool) -> None:
        """
        Register in the queue. From now on, watch for signals and for the death of the supervisor.

        While another program holds the write lock it waits, says so in the log, and heeds both. With
        *serves_unregistered* the caller goes on at once; if the registration fails, the process drains.

        Raises:
            QueueBusy: the process was to end while it waited.
            StorageFailure: the queue cannot be written.
        """
        gevent.signal_handler(signal.SIGTERM, self._drain)
        gevent.signal_handler(signal.SIGUSR2, self._linger)
        gevent.signal_handler(signal.SIGUSR1, self._reopen_log)
        for ignored in (signal.SIGHUP, signal.SIGINT):
            signal.signal(ignored, signal.SIG_IGN)
        self._life.start(self._supervisor_died)
        self.watch_hub()
        self.keep(self._keep_supervisor_informed)
        self.keep(self.deadlines.run)
        if serves_unregistered:
            self._registering = self.keep(self._begin_run_unless_draining)
        else:
            self._begin_run()
        self.rules.look()
        self.keep(self._follow_rules)
        if self.measuring is not None:
            self.measuring.serve(self.emit, self.keep)
        if self.tracing is not None:
            self.tracing.begin(self.child, self.emit)

    def serve_traces(self) -> None:
        """Let people see the dialogues of this process, those that fail also later."""
        name = (self.child.slot, self.child.generation)
        self.traces = LiveTraces(self.config.queue.path, name, self.dialogues, self.emit)
        self.traces.serve(self.keep)
        if self.config.transcripts.is_kept:
            self.dialogues.failed = FailedDialogues()
            self.keep(partial(self.dialogues.failed.run, self))

    def keep(self, duty: Callable[[], object]) -> "gevent.Greenlet[..., None]":
        """Run *duty* in the background, in a greenlet of its own. An exception in it drains and ends the process."""
        return gevent.spawn(self._do, duty)

    def _do(self, duty: Callable[[], object]) -> None:
        try:
            duty()
        except Exception as exc:  # noqa: BLE001 - top frame of a greenlet: without it the process would live on in part
            self.fail(exc)

    def fail(self, exc: Exception) -> None:
        """Drain, and end the process with *exc*."""
        self.failure = exc
        self.draining.set()

    def watch_hub(self) -> None:
        """Raise a lack of memory in the main greenlet: a greenlet that dies of it leaves its work undone."""
        hub = get_hub()
        hub.SYSTEM_ERROR = (*hub.SYSTEM_ERROR, MemoryError)

    def _begin_run(self) -> None:
        self.process_id = self._register()
        self._beaten_at = time.monotonic()
        self._beating = self.keep(self._beat)

    def _begin_run_unless_draining(self) -> None:
        try:
            self._begin_run()
        except QueueBusy:
            pass  # it drains

    def _register(self) -> int:
        run = Register(
            node=self.config.node.name,
            instance=self.child.instance,
            slot=self.child.slot,
            generation=self.child.generation,
            pid=os.getpid(),
            now=time.time(),
            revision=revision_of(self.child, self.config),
        )
        while True:
            try:
                return self.writer.commit(run).process_id
            except QueueBusy as exc:
                if self.draining.is_set():
                    raise
                self.emit(QueueLocked(error=str(exc)))

    def ready(self) -> None:
        """
        Report to the supervisor that this process does its work. Objects made so far stay until its end.

        Raises:
            StorageFailure: the registration failed meanwhile; the supervisor passes the reason on.
        """
        if self._registering is not None:
            self._registering.join(_REGISTER_S)
        if self.failure is not None:
            raise self.failure
        gc.freeze()
        gc.enable()
        report_ready(self.child)

    def end(self) -> None:
        """Record in the queue that this process ends; leases that it still holds are released."""
        if self._beating is not None:
            self._beating.kill()  # a beat after the end would find no row, as if others had taken the process for dead
        if self.dialogues.failed is not None:
            self.dialogues.failed.write(self)
        try:
            self.writer.commit(EndProcess(self.process_id, now=time.time(), is_lost=False))
        except EmpathError as exc:
            self.emit(ProcessEndUnrecorded(error=str(exc)))
        self.writer.close()
        if self.tracing is not None:
            self.tracing.end()
        if self.measuring is not None:
            self.measuring.end()
        if self.traces is not None:
            self.traces.end()

    @property
    def is_trusted_alive(self) -> bool:
        """Whether other processes still take this one for alive, so that its leases are its own."""
        return not self.is_taken_for_dead and time.monotonic() - self._beaten_at < STALE_S

    @property
    def has_beaten_lately(self) -> bool:
        """Whether this process could write the queue within the last beats."""
        return time.monotonic() - self._beaten_at < _LATELY_S

    def now(self) -> Timestamp:
        """The wall clock."""
        return Timestamp(time.time())

    def _beat(self) -> None:
        while True:
            gevent.sleep(BEAT_S)
            began = time.monotonic()
            try:
                beat = self.writer.commit(Beat(self.process_id, now=time.time()))
            except EmpathError as exc:
                self.emit(BeatFailed(error=str(exc)))
                continue
            self._beaten_at = began
            level = beat.log_level or self.config.log.level
            log.set_level(level)
            self.dialogues.level_is(level)
            if beat.is_taken_for_dead:
                # Other workers have its leases, and it gets no new ones: it sends nothing and makes room for another.
                self.emit(TakenForDead())
                self.is_taken_for_dead = True
                self.draining.set()
                return

    def _put_levels(self, levels: LogLevels | None) -> None:
        log.set_levels(levels)
        self.dialogues.levels_changed(are_there=levels is not None)

    def _follow_rules(self) -> None:
        while True:
            gevent.sleep(LOOK_S)
            self.rules.look()

    def _keep_supervisor_informed(self) -> None:
        """Show that the hub turns, whatever the queue does; and write lines of the log that wait."""
        while True:
            os.eventfd_write(self.child.beat_fd, 1)
            gevent.sleep(BEAT_S)
            if log.is_astray:
                self._find_log()
            log.flush(self.child.slot)

    def _drain(self) -> None:
        self.may_linger = False
        self.draining.set()

    def _linger(self) -> None:
        self.may_linger = not self.draining.is_set()
        self.draining.set()

    def _supervisor_died(self) -> None:
        self._life.stop()
        self._drain()

    def _reopen_log(self) -> None:
        if log.is_astray:
            self._find_log()
            return
        try:
            log.reopen()
        except CannotCreate as exc:
            self.emit(LogKept(error=str(exc)))

    def _find_log(self) -> None:
        try:
            log.reopen()
        except CannotCreate:
            return  # `log_astray` has said why
        self.emit(LogFound())
