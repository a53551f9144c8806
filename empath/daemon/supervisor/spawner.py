"""
spawner - make child processes and the descriptors that they inherit

A child is forked from the template process, or executed where there is none. It gets none of the supervisor's memory
and locks, and only those descriptors that are named here.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from empath.daemon.process import child as contract
from empath.daemon.process.child import Child, InheritedListener
from empath.daemon.process.fork_request import ForkRequest
from empath.daemon.process.open_counts import OpenCountsFile
from empath.daemon.supervisor.children import ChildProcess, Failure
from empath.daemon.supervisor.kinds import Kind, kind_of
from empath.daemon.supervisor.plan import Plan
from empath.daemon.supervisor.programs import spawn_program
from empath.daemon.supervisor.template_keeper import TemplateKeeper
from empath.telemetry.occurrence import Occurrence
from empath.telemetry.occurrences.supervisor import ForkRefused

_STANDARD: Final = (0, 1, 2)
_KEPT_DEATHS: Final = 1000  # deaths kept for a new housekeeper: more than occur while there is none


class Spawner:
    """Keeps what outlives single children: generations of slots, eventfds of workers, the life pipe, the deaths."""

    def __init__(
        self,
        config_file: Path,
        commands: Mapping[str, Sequence[str]],
        templates: TemplateKeeper,
        instance: str,
        emit: Callable[[Occurrence], None],
        *,
        lock_fd: int,
        ask_fd: int,
        outcome_fd: int,
        state_fd: int,
    ) -> None:
        self._config_file = config_file
        self._commands = commands
        self._templates = templates
        self._instance = instance
        self._emit = emit
        self._lock_fd = lock_fd
        self._ask_fd = ask_fd
        self._outcome_fd = outcome_fd
        self._state_fd = state_fd
        # Its end of file tells children that the supervisor is gone.
        self._life_fd, self._alive_fd = os.pipe2(os.O_CLOEXEC)
        self._wake_fds: dict[str, int] = {}
        self._generations: dict[str, int] = {}
        self._counts = OpenCountsFile()
        self._deaths: deque[tuple[str, int]] = deque(maxlen=_KEPT_DEATHS)

    def start(self, plan: Plan, slot: str, now: float) -> ChildProcess:
        """Start the next incarnation of *slot*, for *plan*. If the system refuses, the result has a `failure`."""
        kind = kind_of(slot)
        generation = self._generations[slot] = self._generations.get(slot, 0) + 1
        try:
            process = self._spawn(plan, slot, kind, generation, now)
        except OSError as exc:  # no process can be made, or no descriptor is left
            failure = Failure(f"{slot} cannot be started: {exc.strerror}", os.EX_OSERR)
            return ChildProcess(slot, generation, plan.epoch, 0, -1, -1, now, failure=failure)
        for dead in self._deaths:
            process.report_death(*dead)
        return process

    def _spawn(self, plan: Plan, slot: str, kind: Kind, generation: int, now: float) -> ChildProcess:
        with ExitStack() as given, ExitStack() as kept:
            ready_fd, to_ready_fd = _pipe(kept, given)
            beat_fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
            kept.callback(os.close, beat_fd)
            deaths_fd = to_deaths_fd = counts_row = None
            if kind.hears_deaths:
                deaths_fd, to_deaths_fd = _pipe(given, kept)
                os.set_blocking(to_deaths_fd, False)
            if kind.has_listeners:
                counts_row = self._counts.take_row()
                kept.callback(self._counts.clear_row, counts_row)
            child = Child(
                slot=slot,
                generation=generation,
                instance=self._instance,
                listeners=_inherited(plan) if kind.has_listeners else (),
                wake_fds=self._wake_fds_for(plan, slot, kind),
                config_fd=plan.config_fd,
                tls_fd=plan.client_fd if kind.meets_hosts else plan.tls_fd if _has_tls(kind, plan) else None,
                signing_fd=plan.signing_fd if kind.signs else None,
                life_fd=self._life_fd,
                ready_fd=to_ready_fd,
                lock_fd=self._lock_fd,
                beat_fd=beat_fd,
                deaths_fd=deaths_fd,
                ask_fd=self._ask_fd if kind.may_ask else None,
                outcome_fd=self._outcome_fd if kind.may_ask else None,
                counts_fd=self._counts.fd if kind.has_listeners else None,
                counts_row=counts_row or 0,
                http_fd=plan.http[0].socket.fileno() if kind.serves_http else None,
                state_fd=self._state_fd if kind.serves_http else None,
            )
            pid = self._make(kind, child)
            kept.pop_all()
        return ChildProcess(slot, generation, plan.epoch, pid, ready_fd, beat_fd, now, to_deaths_fd, counts_row)

    def _make(self, kind: Kind, child: Child) -> int:
        """
        Pid of a process that becomes *child*, with the descriptors that it names and the three standard ones.

        Raises:
            OSError: no process can be made.
        """
        environment = {contract.CONFIG: str(self._config_file), contract.ENVIRONMENT: child.to_json()}
        try:
            pid = self._templates.fork(ForkRequest(kind.name, environment, (*_STANDARD, *child.fds)))
        except OSError as exc:
            self._emit(ForkRefused(slot=child.slot, error=exc.strerror or str(exc)))
            pid = None
        if pid is not None:
            return pid
        # A dup2 onto itself clears close-on-exec, and only in the child.
        return spawn_program(
            self._commands[kind.name], environment, [(os.POSIX_SPAWN_DUP2, fd, fd) for fd in child.fds]
        )

    def report_death(self, dead: ChildProcess, living: Iterable[ChildProcess]) -> None:
        """Report to each living housekeeper, and to later ones, that an incarnation is gone; so are its connections."""
        self._deaths.append((dead.slot, dead.generation))
        if dead.counts_row is not None:
            self._counts.clear_row(dead.counts_row)
        for process in living:
            process.report_death(dead.slot, dead.generation)

    def _wake_fds_for(self, plan: Plan, slot: str, kind: Kind) -> tuple[int, ...]:
        """The eventfds for *slot*. Each is kept for the whole run: a new worker listens to that of the old one."""
        woken = [name for name in plan.slots if kind_of(name).is_woken]
        for name in woken:
            if name not in self._wake_fds:
                self._wake_fds[name] = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        return tuple(self._wake_fds[name] for name in woken if name == slot or not kind.is_woken)


def _has_tls(kind: Kind, plan: Plan) -> bool:
    return kind.has_listeners or (kind.serves_http and plan.config.http.has_tls)


def _pipe(reading: ExitStack, writing: ExitStack) -> tuple[int, int]:
    """A pipe; each end is closed by its stack."""
    read_fd, write_fd = os.pipe2(os.O_CLOEXEC)
    reading.callback(os.close, read_fd)
    writing.callback(os.close, write_fd)
    return read_fd, write_fd


def _inherited(plan: Plan) -> tuple[InheritedListener, ...]:
    return tuple(
        InheritedListener(item.socket.fileno(), item.listener.text, item.listener.role) for item in plan.listeners
    )
