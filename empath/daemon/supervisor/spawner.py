"""
spawner - make child processes and what they inherit

`posix_spawn` and not fork: nothing of the supervisor's memory, locks or descriptors comes along but what is named.
"""

import os
import signal
import sys
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from empath.daemon.process import child as contract
from empath.daemon.process.child import Child, InheritedListener
from empath.daemon.supervisor import notify
from empath.daemon.supervisor.children import Failure, Process
from empath.daemon.supervisor.plan import Plan

# Each kind's command line. -P: the working directory is no place to import from.
COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    kind: (sys.executable, "-P", "-m", f"empath.daemon.{kind}") for kind in ("acceptor", "worker", "housekeeper")
}

_KEPT_DEATHS: Final = 1000  # told to each new housekeeper: more than can die while there is none


class Spawner:
    """What outlives single children: generations of slots, eventfds of workers, the life pipe, the dead."""

    def __init__(
        self,
        config_file: Path,
        commands: Mapping[str, Sequence[str]],
        instance: str,
        lock_fd: int,
        ask_fd: int,
    ) -> None:
        self._config_file = config_file
        self._commands = commands
        self._instance = instance
        self._lock_fd = lock_fd
        self._ask_fd = ask_fd
        self._life_fd, self._alive_fd = os.pipe2(os.O_CLOEXEC)  # children see its end of file when we are gone
        self._wake_fds: dict[str, int] = {}
        self._generations: dict[str, int] = {}
        self._deaths: deque[tuple[str, int]] = deque(maxlen=_KEPT_DEATHS)

    def start(self, plan: Plan, slot: str, now: float) -> Process:
        """The next incarnation of *slot*, for *plan*. Its `failure` is set if the system cannot make it."""
        kind = slot.rpartition("-")[0]
        generation = self._generations[slot] = self._generations.get(slot, 0) + 1
        ready_fd, to_ready_fd = os.pipe2(os.O_CLOEXEC)
        theirs = [to_ready_fd]
        deaths_fd = to_deaths_fd = None
        if kind == "housekeeper":
            deaths_fd, to_deaths_fd = os.pipe2(os.O_CLOEXEC)
            os.set_blocking(to_deaths_fd, False)
            theirs.append(deaths_fd)
        told = Child(
            slot=slot,
            generation=generation,
            instance=self._instance,
            listeners=_inherited(plan) if kind == "acceptor" else (),
            wake_fds=self._wake_fds_for(plan, slot),
            config_fd=plan.config_fd,
            life_fd=self._life_fd,
            ready_fd=to_ready_fd,
            lock_fd=self._lock_fd,
            deaths_fd=deaths_fd,
            ask_fd=self._ask_fd if kind == "housekeeper" else None,
        )
        process = Process(slot, generation, plan.epoch, 0, ready_fd, now, to_deaths_fd)
        try:
            process.pid = _spawn(self._commands[kind], self._config_file, told)
        except OSError as exc:
            process.failure = Failure(f"{slot} cannot be started: {exc.strerror}", os.EX_OSERR)
        for fd in theirs:
            os.close(fd)
        for dead in self._deaths:
            process.tell_death(*dead)
        return process

    def tell_death(self, dead: Process, living: Iterable[Process]) -> None:
        """Tell each living housekeeper, and those to come, that an incarnation is gone."""
        self._deaths.append((dead.slot, dead.generation))
        for process in living:
            process.tell_death(dead.slot, dead.generation)

    def _wake_fds_for(self, plan: Plan, slot: str) -> tuple[int, ...]:
        """One eventfd per worker slot, for the whole run: a replaced worker goes on hearing the same one."""
        workers = [name for name in plan.slots if name.startswith("worker-")]
        for name in workers:
            if name not in self._wake_fds:
                self._wake_fds[name] = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        return tuple(self._wake_fds[name] for name in workers if name == slot or slot not in workers)


def _inherited(plan: Plan) -> tuple[InheritedListener, ...]:
    return tuple(
        InheritedListener(item.socket.fileno(), item.listener.text, item.listener.role) for item in plan.listeners
    )


def _spawn(command: Sequence[str], config: Path, told: Child) -> int:
    """
    Start *command* as the child that *told* describes; returns its pid.

    It inherits the descriptors that *told* names and the three standard ones, stands in its own process group (a Ctrl-C
    at the terminal is for the supervisor to pass on), and finds default dispositions for signals.

    Raises:
        OSError: no process can be made.
    """
    environment = {key: value for key, value in os.environ.items() if key not in notify.ENVIRONMENT}
    environment[contract.CONFIG] = str(config)
    environment[contract.ENVIRONMENT] = told.to_json()
    return os.posix_spawn(
        command[0],
        list(command),
        environment,
        # Onto itself: that clears close-on-exec in the child alone.
        file_actions=[(os.POSIX_SPAWN_DUP2, fd, fd) for fd in told.fds],
        setpgroup=0,
        setsigmask=(),
        setsigdef=(signal.SIGPIPE, signal.SIGINT, signal.SIGHUP),
    )
