"""
loop - converge on the wanted state: wait, reap, judge, spawn

A *plan* is one configuration with its bound listeners and its slots; its epoch counts plans. The wanted state is one
live process per slot of the plan in force and, during a reload, per slot of the next plan too. When all processes of
the next plan are ready, that plan comes into force and the processes of the old one are retired. If one of them fails,
the next plan is dropped and nothing has changed. While the service stops, no process is wanted. Only `_spawn` starts
processes: those that are wanted and not live, and the template from which the others are forked.

All state is in the fields of `Supervisor`; no signal handler and no other thread touches it.
"""

import os
import select
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from empath import __version__
from empath.config.differences import differences
from empath.config.file_uses import unreloadable
from empath.daemon.process.reload_outcome import ReloadOutcome, write_outcome
from empath.daemon.process.state_line import read_state
from empath.daemon.supervisor import notify, resources
from empath.daemon.supervisor.certificate_watch import CertificateWatch
from empath.daemon.supervisor.children import ChildProcess, Failure
from empath.daemon.supervisor.ending import Ending, find_ending
from empath.daemon.supervisor.kinds import COMMANDS, kind_of
from empath.daemon.supervisor.notify import Watchdog
from empath.daemon.supervisor.orders import ORDER, Orders, SupervisorOrder
from empath.daemon.supervisor.patience import Patience
from empath.daemon.supervisor.plan import (
    ConfigSnapshot,
    Plan,
    close_plan,
    first_plan,
    next_plan,
    read_snapshot,
    renewed_snapshot,
)
from empath.daemon.supervisor.restart_delay import RestartDelay
from empath.daemon.supervisor.spawner import Spawner
from empath.daemon.supervisor.template_keeper import TemplateKeeper
from empath.errors import EmpathError
from empath.telemetry.log import log
from empath.telemetry.occurrences.process import LogKept
from empath.telemetry.occurrences.supervisor import (
    CertificatesChanged,
    ChildFailed,
    Listening,
    LogReopened,
    ProcessDelayed,
    ProcessExited,
    ProcessHung,
    ProcessKilled,
    ProcessReady,
    ProcessStarted,
    ReloadFinished,
    ReloadRefused,
    ReloadStarted,
    ServiceReady,
    ServiceStopped,
    SettingChanged,
    StopStarted,
    SupervisorStarted,
)
from empath.telemetry.subscribers import emitter

SLOT: Final = "supervisor"  # its name in the log
_NEVER: Final = float("inf")
_FLUSH_S: Final = 1.0  # pause between two tries to write lines of the log that wait


class Supervisor:
    """The loop and its state. Call `run` once per process: it takes over the signals of the process."""

    def __init__(
        self,
        *,
        config_file: Path,
        lock_fd: int,
        instance: str,
        on_ready: Callable[[], None],
        on_stop: Callable[[], None],
        commands: Mapping[str, Sequence[str]] = COMMANDS,
        templates: TemplateKeeper,
        patience: Patience | None = None,
    ) -> None:
        self._config_file = config_file
        self._instance = instance
        self._on_ready = on_ready
        self._on_stop = on_stop
        self._patience = patience or Patience()
        self._orders = Orders()
        self._outcome_fd = os.memfd_create("empath-reload", os.MFD_CLOEXEC)
        self._state_fd = os.memfd_create("empath-state", os.MFD_CLOEXEC)
        self._told_state = ""
        self._reloads = 0
        self._emit = emitter(SLOT)
        self._templates = templates
        self._spawner = Spawner(
            config_file,
            commands,
            templates,
            instance,
            self._emit,
            lock_fd=lock_fd,
            ask_fd=self._orders.ask_fd,
            outcome_fd=self._outcome_fd,
            state_fd=self._state_fd,
        )
        self._processes: dict[int, ChildProcess] = {}
        self._delays: dict[str, RestartDelay] = {}  # by slot, for those whose process died
        self._next: Plan | None = None
        self._certificates = CertificateWatch(self._patience.look_s)
        self._is_reload_wanted = False
        self._is_serving = False
        self._is_stop_signalled = False
        self._stopped_at: float | None = None
        self._failure: Failure | None = None
        self._turned_at = time.monotonic()
        self._watchdog = Watchdog.of(os.environ, time.monotonic())

    def run(self, snapshot: ConfigSnapshot) -> Failure | None:
        """
        Serve *snapshot* until an order to stop. Returns None, or the failure that ended the start.

        Raises:
            ServiceUnavailable, PermissionRefused: a listener cannot be bound; nothing was spawned.
        """
        started_at = time.monotonic()
        self._emit(
            SupervisorStarted(
                pid=os.getpid(),
                version=__version__,
                instance=self._instance,
                config=str(self._config_file),
            )
        )
        self._plan = first_plan(snapshot)
        self._report_listeners(self._plan)
        self._spawn(time.monotonic())
        while self._stopped_at is None or self._processes:  # read after each spawn: the failure of one ends a start
            self._wait(time.monotonic())
            self._reap(time.monotonic())
            self._judge(time.monotonic())
            self._watchdog.notify(time.monotonic())
            self._notify_state()
            self._spawn(time.monotonic())
        self._emit(ServiceStopped(duration_s=_since(self._stopped_at), run_s=_since(started_at)))
        return self._failure

    # -- wait --------------------------------------------------------------------------------------------------------

    def _wait(self, now: float) -> None:
        """Sleep until an order, a report or the next deadline; then take orders and reports."""
        poll = select.poll()
        for fd in self._orders.fds:
            poll.register(fd, select.POLLIN)
        reporting = {process.ready_fd: process for process in self._processes.values() if process.may_report}
        beating = {process.beat_fd: process for process in self._processes.values() if process.is_ready}
        loading_fd = self._templates.loading_fd
        for fd in (*reporting, *beating, *([] if loading_fd is None else [loading_fd])):
            poll.register(fd, select.POLLIN)
        pause_s = self._next_deadline(now) - now
        ready = poll.poll(None if pause_s == _NEVER else max(0, int(pause_s * 1000) + 1))
        for fd, _ in ready:
            if fd in reporting:
                self._read_report(reporting[fd])
            elif fd in beating:
                beating[fd].hear_beat(time.monotonic())
            elif fd == loading_fd:
                self._templates.hear()
        for order, cause in self._orders.take():
            self._obey(order, cause)

    def _next_deadline(self, now: float) -> float:
        if self._is_reload_wanted and self._waiting_plan() is None:
            return now
        deadlines = [process.kill_at for process in self._processes.values() if process.kill_at is not None]
        if any(process.is_ready for process in self._processes.values()):
            deadlines.append(now + self._patience.silent_s / 4)
        deadlines.append(self._templates.due_at)
        if self._stopped_at is None:
            live = {process.slot for process in self._processes.values() if process.epoch == self._plan.epoch}
            if self._templates.is_loading:
                live.update(self._plan.slots)  # none is due before the template
            waiting_slots = [slot for slot in self._delays if slot in self._plan.slots and slot not in live]
            deadlines += [self._delays[slot].not_before for slot in waiting_slots]
            waiting = self._waiting_plan()
            if waiting is not None:
                deadlines.append(waiting.since + self._patience.ready_s)
            else:
                deadlines.append(self._certificates.due_at(self._plan))
        if log.is_waiting:
            deadlines.append(now + _FLUSH_S)
        return min([*deadlines, self._watchdog.due_at])

    def _read_report(self, process: ChildProcess) -> None:
        if process.listen():
            self._emit(
                ProcessReady(
                    slot=process.slot,
                    generation=process.generation,
                    pid=process.pid,
                    duration_s=_since(process.started_at),
                )
            )
            if process.is_log_stale:
                process.send(signal.SIGUSR1)
        if process.failure is not None:
            process.kill_at = time.monotonic() + self._patience.drain_s  # should it hang instead of ending

    def _obey(self, order: SupervisorOrder, cause: str) -> None:
        match order:
            case SupervisorOrder.STOP:
                if cause != ORDER and self._is_stop_signalled:
                    self._hurry()
                self._is_stop_signalled |= cause != ORDER
                self._stop(cause)
            case SupervisorOrder.RELOAD:
                self._is_reload_wanted = True
            case SupervisorOrder.REOPEN_LOG:
                self._reopen_log()
            case SupervisorOrder.REAP:
                pass  # each turn reaps

    # -- reap --------------------------------------------------------------------------------------------------------

    def _reap(self, now: float) -> None:
        """Take note of each process that ended, and decide what its death means."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            ending = find_ending(status)
            if ending is None or self._templates.ended(pid, ending, now):
                continue
            if pid in self._processes:
                self._process_ended(self._processes.pop(pid), ending, now)

    def _process_ended(self, process: ChildProcess, ending: Ending, now: float) -> None:
        process.close()
        if process.failure is not None:
            self._emit(
                ChildFailed(
                    slot=process.slot,
                    generation=process.generation,
                    error=process.failure.text,
                    exit_code=process.failure.exit_code,
                )
            )
        self._emit(
            ProcessExited(
                slot=process.slot,
                generation=process.generation,
                pid=process.pid,
                code=ending.code,
                signal=ending.signal,
                ordered=process.is_retired,
                age_s=_since(process.started_at),
            )
        )
        self._spawner.report_death(process, self._processes.values())
        if process.is_retired:
            return
        failure = process.failure or Failure(f"{process.slot} ended before it was ready: {ending.text}", 70)
        if not self._is_serving:
            self._stop("failed start", failure)
        elif self._next is not None and process.epoch == self._next.epoch:
            self._drop_reload(failure.text)
        else:
            self._delay(process, now)

    def _delay(self, process: ChildProcess, now: float) -> None:
        """Make a slot wait longer each time its process dies young; a slot whose process lived starts again at once."""
        delay = self._delays.setdefault(process.slot, RestartDelay(self._patience))
        delay_s = delay.died(process.started_at, now)
        if delay_s:
            self._emit(ProcessDelayed(slot=process.slot, failures=delay.failures, delay_s=delay_s))

    # -- judge -------------------------------------------------------------------------------------------------------

    def _judge(self, now: float) -> None:
        """Kill processes whose time is over. Enact the waiting plan when it is complete, drop it when it is late."""
        for process in self._processes.values():
            if process.kill_at is not None and now >= process.kill_at:
                process.send(signal.SIGKILL)
                process.kill_at = now + self._patience.drain_s
                self._emit(ProcessKilled(slot=process.slot, generation=process.generation, pid=process.pid))
        self._judge_silence(now)
        if self._stopped_at is not None:
            return
        waiting = self._waiting_plan()
        if waiting is None:
            if self._is_reload_wanted:
                self._begin_reload()
            elif self._certificates.has_change(self._plan, now):
                self._begin_renewal()
        elif self._is_complete(waiting):
            self._enact(waiting)
        elif now >= waiting.since + self._patience.ready_s:
            late = f"not all processes were ready within {self._patience.ready_s:g} s"
            if waiting is self._next:
                self._drop_reload(late)
            else:
                self._stop("failed start", Failure(late, 70))

    def _judge_silence(self, now: float) -> None:
        """Kill processes that hang: ready ones that no longer beat, and those that are not ready in time."""
        turned_at, self._turned_at = self._turned_at, now
        if now - turned_at > self._patience.silent_s / 2:  # the whole machine stood still, or the supervisor alone
            for process in self._processes.values():
                process.heard_at = now
        waiting = self._waiting_plan()
        for process in self._processes.values():
            if process.is_hung or (waiting is not None and process.epoch == waiting.epoch and not process.is_ready):
                continue
            since = process.heard_at if process.is_ready else process.started_at
            if now - since >= (self._patience.silent_s if process.is_ready else self._patience.ready_s):
                process.is_hung = True
                self._emit(
                    ProcessHung(
                        slot=process.slot, generation=process.generation, pid=process.pid, silent_s=_since(since)
                    )
                )
                process.send(signal.SIGKILL)
                process.kill_at = now + self._patience.drain_s

    def _waiting_plan(self) -> Plan | None:
        """The plan whose processes are not all ready yet: the next one, or the first; None in steady service."""
        return self._next or (None if self._is_serving else self._plan)

    def _is_complete(self, plan: Plan) -> bool:
        ready = {
            process.slot for process in self._processes.values() if process.epoch == plan.epoch and process.is_ready
        }
        return ready.issuperset(plan.slots)

    def _enact(self, plan: Plan) -> None:
        if not self._is_serving:
            self._is_serving = True
            self._emit(ServiceReady(duration_s=_since(plan.since)))
            self._notify_ready()
            self._on_ready()
            return
        old, self._plan, self._next = self._plan, plan, None
        self._delays.clear()
        self._retire(old.epoch, linger_s=old.config.timeouts.session_s)
        close_plan(old, staying=plan)
        self._open_log()
        changes = differences(old.config, plan.config)
        for change in changes:
            self._emit(SettingChanged(key=change.key, before=change.before, after=change.after))
        self._emit(ReloadFinished(duration_s=_since(plan.since), changes=len(changes)))
        self._notify_ready()

    def _begin_reload(self) -> None:
        self._is_reload_wanted = False
        notify.reloading()
        try:
            self._next = next_plan(self._plan, read_snapshot(self._config_file, unreloadable))
        except EmpathError as error:
            findings = str(error).splitlines()
            for finding in findings:
                self._emit(ReloadRefused(finding=finding))
            self._report_reload("; ".join(findings))
            self._notify_ready()
            return
        self._report_reload("")
        self._emit(ReloadStarted(config=str(self._config_file)))
        self._report_listeners(self._next)

    def _begin_renewal(self) -> None:
        """Replace the processes by others that have the same configuration and the certificates of now."""
        self._emit(CertificatesChanged())
        try:
            self._next = next_plan(self._plan, renewed_snapshot(self._plan))
        except EmpathError as error:
            for finding in str(error).splitlines():
                self._emit(ReloadRefused(finding=finding))

    def _report_reload(self, refusal: str) -> None:
        self._reloads += 1
        write_outcome(self._outcome_fd, ReloadOutcome(self._reloads, refusal))

    def _drop_reload(self, reason: str) -> None:
        if self._next is not None:
            for finding in reason.splitlines():
                self._emit(ReloadRefused(finding=finding))
            dropped, self._next = self._next, None
            self._retire(dropped.epoch, linger_s=dropped.config.timeouts.session_s)  # it may have taken clients
            close_plan(dropped, staying=self._plan)
            self._notify_ready()

    def _retire(self, epoch: int, linger_s: float | None = None) -> None:
        """
        Order the processes of a plan to end. With *linger_s*, those that may linger have that long; it is the longest
        that a session may last, so that every transaction can end.
        """
        for process in self._processes.values():
            if process.epoch == epoch and not process.is_retired:
                is_lingering = linger_s is not None and process.is_ready and kind_of(process.slot).may_linger
                self._end(process, linger_s if is_lingering else None)

    def _end(self, process: ChildProcess, linger_s: float | None = None) -> None:
        process.is_retired = True
        process.is_lingering = linger_s is not None
        process.kill_at = time.monotonic() + (linger_s or 0.0) + self._patience.drain_s
        process.send(signal.SIGTERM if linger_s is None else signal.SIGUSR2)

    def _stop(self, cause: str, failure: Failure | None = None) -> None:
        if self._stopped_at is not None:
            return
        self._stopped_at = time.monotonic()
        self._failure = failure
        self._on_stop()
        notify.stopping()
        self._emit(StopStarted(cause=cause))
        for plan in filter(None, (self._plan, self._next)):
            # The supervisor's sockets too: one left open would go on taking connections that no process serves.
            close_plan(plan)
        for process in self._processes.values():
            if not process.is_retired or process.is_lingering:
                self._end(process)
        self._templates.close()

    def _hurry(self) -> None:
        """End the drain: a person at the terminal has pressed Ctrl-C again."""
        for process in self._processes.values():
            process.kill_at = time.monotonic()

    # -- spawn -------------------------------------------------------------------------------------------------------

    def _spawn(self, now: float) -> None:
        """Start each process that is wanted and not live."""
        if self._stopped_at is not None:
            return
        plans = [plan for plan in (self._plan, self._next) if plan is not None]
        self._templates.keep(is_wanted=any(plan.config.process.spawn == "fork" for plan in plans), now=now)
        if self._templates.is_loading:
            return
        for plan in plans:
            live = {process.slot for process in self._processes.values() if process.epoch == plan.epoch}
            for slot in plan.slots:
                delay = self._delays.get(slot)
                is_due = plan is self._next or delay is None or now >= delay.not_before
                if slot not in live and is_due and self._is_wanted(plan):
                    self._start(plan, slot, now)

    def _is_wanted(self, plan: Plan) -> bool:
        """Whether *plan* is still one of those to be served; the failure of a process may have dropped it."""
        return self._stopped_at is None and (plan is self._plan or plan is self._next)

    def _start(self, plan: Plan, slot: str, now: float) -> None:
        process = self._spawner.start(plan, slot, now)
        if process.failure is not None:
            self._process_ended(process, Ending(code=process.failure.exit_code), now)
            return
        self._processes[process.pid] = process
        self._emit(ProcessStarted(slot=slot, generation=process.generation, pid=process.pid))

    # -- report --------------------------------------------------------------------------------------------------------

    def _report_listeners(self, plan: Plan) -> None:
        for item in plan.listeners:
            self._emit(Listening(address=item.listener.text, role=str(item.listener.role)))
        for http in plan.http:
            self._emit(Listening(address=http.listener.text, role="http"))

    def _notify_ready(self) -> None:
        """Tell the service manager that the service is ready, with the old configuration or the new."""
        notify.ready(self._status())

    def _notify_state(self) -> None:
        """Tell the service manager when the state of the service has changed, as far as httpd looks at it."""
        if self._is_serving and self._stopped_at is None and read_state(self._state_fd) != self._told_state:
            notify.status(self._status())

    def _status(self) -> str:
        addresses = ", ".join(item.listener.text for item in self._plan.listeners)
        self._told_state = read_state(self._state_fd)
        return f"serving on {addresses}" + (f"; {self._told_state}" if self._told_state else "")

    def _open_log(self) -> None:
        try:
            resources.open_log(self._plan.config)
        except EmpathError as error:
            self._emit(LogKept(error=str(error)))

    def _reopen_log(self) -> None:
        """Reopen the supervisor's log first: as root it makes the new file and gives it to the user of the children."""
        self._open_log()
        self._emit(LogReopened())
        for process in self._processes.values():
            if process.is_ready:
                process.send(signal.SIGUSR1)
            else:
                process.is_log_stale = True  # without a handler yet, the signal would end it


def _since(at: float | None) -> float:
    return round(time.monotonic() - (at or 0.0), 3)
