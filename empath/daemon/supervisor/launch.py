"""
launch - start, stop and query an instance from outside

`start` and `run` lead to the same fresh process, `python -m empath.daemon.supervisor`. `run` execs it in place. `start`
makes it the leader of its own session, and reads the outcome of its start from a pipe.
"""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from empath.config.model import Config
from empath.daemon.process.child import DRAIN_S
from empath.daemon.supervisor import instance
from empath.daemon.supervisor.handed_on import LOCK_FD, START_FD
from empath.daemon.supervisor.orders import HELD_BACK
from empath.daemon.supervisor.pid_file import PidFile
from empath.errors import CannotCreate, EmpathError, PermissionRefused, ServiceUnavailable

_STOP_S: Final = DRAIN_S + 10.0  # the drain, the kill after it, and a margin
_COMMAND: Final = (sys.executable, "-P", "-m", "empath.daemon.supervisor")


class StartFailed(EmpathError):
    """The start failed; text and exit code are those of the process in which it failed."""

    def __init__(self, text: str, exit_code: int) -> None:
        super().__init__(text)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Status:
    """
    The state of an instance.

    Shape: pid is the supervisor's, None when there is none; pids are those of all processes that this user may see,
    including the supervisor. is_stopping: the supervisor drains; processes without a supervisor drain, too, unless
    is_starting: a start has not led to a supervisor yet. is_known is
    False if the user may not look.
    """

    pid: int | None
    pids: tuple[int, ...]
    is_known: bool = True
    is_stopping: bool = False
    is_starting: bool = False

    @property
    def is_running(self) -> bool | None:
        """Whether there is a supervisor that serves; None if the user may not look."""
        return self.word == "running" if self.is_known else None

    @property
    def word(self) -> str:
        """`running`, `starting`, `stopping` (processes drain, perhaps without a supervisor), `stopped` or `unknown`."""
        if not self.is_known:
            return "unknown"
        if self.pid is not None and not self.is_stopping:
            return "running"
        if self.is_starting:
            return "starting"
        return "stopping" if self.pids else "stopped"


def run(config_file: Path, lock_fd: int) -> NoReturn:
    """Become the supervisor, in the foreground; *lock_fd* is from `instance.acquire`."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.set_inheritable(lock_fd, True)
    signal.pthread_sigmask(signal.SIG_BLOCK, HELD_BACK)
    os.environ[LOCK_FD] = str(lock_fd)
    os.execv(_COMMAND[0], [*_COMMAND, str(config_file.absolute())])


def start(config_file: Path, config: Config, lock_fd: int) -> None:
    """
    Start a detached instance. Returns when its listeners accept and its first children are ready.

    Raises:
        StartFailed: the start failed, for the reason given; its process is gone.
        CannotCreate: the file for its standard error cannot be opened.
        ServiceUnavailable: the process ended without a reason.
    """
    outcome_fd, report_fd = os.pipe2(os.O_CLOEXEC)
    errors = error_file(config)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD_BACK)  # inherited by the supervisor
    try:
        with open(errors, "ab", opener=_readable_by_group) as stderr:
            supervisor = subprocess.Popen(
                [*_COMMAND, str(config_file.absolute())],
                env={**os.environ, START_FD: str(report_fd), LOCK_FD: str(lock_fd)},
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                cwd="/",
                pass_fds=(report_fd, lock_fd),
                start_new_session=True,
            )
    except OSError as exc:
        raise CannotCreate(f"cannot start with standard error to {errors}: {exc.strerror}") from exc
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(report_fd)
    with os.fdopen(outcome_fd, encoding="utf-8") as outcome:
        line = outcome.readline().strip()
    if line == "ready":
        return
    supervisor.wait()  # then the next command finds it gone
    if not line:
        raise ServiceUnavailable(f"the supervisor ended before it was ready; see {errors}")
    message = json.loads(line)
    where = f"; see {errors}" if message["exit_code"] == os.EX_SOFTWARE else ""
    raise StartFailed(message["error"] + where, message["exit_code"])


def error_file(config: Config) -> Path:
    """Where a detached instance writes standard error: the log file, or `empathd.log` next to the queue."""
    return config.log.file or config.queue.path.with_name("empathd.log")


def status(config: Config) -> Status:
    """The present state of the instance of *config*."""
    try:
        pid = find_supervisor(config)
    except PermissionRefused:
        return Status(None, (), is_known=False)
    if pid is None and not _is_held(config):
        return Status(None, ())
    pids = set(instance.holders_of(config.queue.path)) | ({pid} if pid is not None else set())
    return Status(
        pid,
        tuple(sorted(pids)),
        is_stopping=instance.is_stopping(config.queue.path),
        is_starting=pid is None and instance.is_starting(pids),
    )


def _is_held(config: Config) -> bool:
    """Whether children of an ended supervisor live, as far as this user may know."""
    try:
        return instance.is_held(config.queue.path)
    except PermissionRefused:
        return False


def find_supervisor(config: Config) -> int | None:
    """Pid of the running supervisor, None if there is none."""
    return instance.find_supervisor(config.queue.path, PidFile(config.process.pid_file))


def check_may_signal(pid: int) -> None:
    """
    Check that this user may end the supervisor *pid*.

    Raises:
        PermissionRefused: it belongs to another user.
    """
    _send(pid, 0)


def stop(config: Config) -> bool:
    """
    End the instance: drain, and wait for the last process. Returns False if none was running.

    Raises:
        QueueBusy: some processes did not end in time.
        PermissionRefused: the supervisor belongs to another user, or this user may not look.
    """
    signalled = find_supervisor(config)
    if signalled is None and not instance.is_held(config.queue.path):
        return False
    if signalled is not None:
        _send(signalled, signal.SIGTERM)

    def end_start() -> None:
        nonlocal signalled
        pid = find_supervisor(config)
        if pid is not None and pid != signalled:  # a start was under way
            signalled = pid
            _send(pid, signal.SIGTERM)

    instance.wait_until_free(config.queue.path, _STOP_S, meanwhile=end_start)
    return True


def reload(config: Config) -> None:
    """
    Make the instance read its configuration again.

    Raises:
        ServiceUnavailable: none is running, or it drains.
        PermissionRefused: it belongs to another user.
    """
    _send(require_running(config), signal.SIGHUP)


def require_running(config: Config) -> int:
    """
    Pid of the supervisor that serves.

    Raises:
        ServiceUnavailable: there is none, or it drains.
        PermissionRefused: see `instance.find_supervisor`.
    """
    pid = find_supervisor(config)
    if pid is None:
        raise ServiceUnavailable("not running")
    if instance.is_stopping(config.queue.path):
        raise ServiceUnavailable(f"stopping, pid {pid}; wait until it has ended, then `empathd start`")
    return pid


def _readable_by_group(path: str, flags: int) -> int:
    """Log lines name senders and recipients, so the mode is the one that the supervisor's umask will give."""
    return os.open(path, flags, 0o640)


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # it has ended by itself
    except PermissionError as exc:
        raise PermissionRefused(f"process {pid} belongs to another user; ask as root") from exc
