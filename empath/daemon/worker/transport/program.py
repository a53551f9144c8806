"""
program - run one program with a message on its standard input, and wait for its end in the hub

THEORY
    The input is a file without a name that has the whole message before the program starts.  So a program never gets
    half a message as if it were all of it, whenever this process dies, and a program that does not read stops nobody.
    The start, which forks, is done in a native thread.  After it nothing blocks: the hub waits for the end of the
    program (a pidfd) and for its output.

    The program has a session, and so a process group, of its own.  What outlives its leader may go on: some programs
    leave work to a child.  At the deadline, at too much output, or when the worker gives up, the whole group is killed.
    It is also killed when the worker dies, by a guard (program_guard.py).
"""

import errno
import os
import pwd
import resource
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO, Final, NamedTuple

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from gevent.socket import wait_read
from gevent.subprocess import PIPE, STDOUT

from empath.daemon.process.threads import in_thread
from empath.daemon.worker.transport import program_guard
from empath.errors import EmpathError
from empath.net.stream import OutOfResources
from empath.policy.program import ProgramEnd


def _original(name: str) -> ModuleType:
    """A module of Python as it is without gevent, which takes the system call away from the original class, too."""
    spec = find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# That of gevent forks in the hub, and its child runs Python before the program.
_Popen: Final = _original("subprocess").Popen
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_IN_MEMORY_OCTETS: Final = 1024 * 1024
_READ_OCTETS: Final = 64 * 1024
_LAST_WORDS_S: Final = 1.0  # for output that is under way when the program has ended
_OUR_LIMITS: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})


class NotStarted(EmpathError):
    """The program cannot be started; the text says why."""


class Limits(NamedTuple):
    """How a program runs. Shape: user None for that of this process; memory_octets None for no limit."""

    user: str | None
    directory: Path
    timeout_s: float
    memory_octets: int | None
    output_octets: int


def write_input(pieces: Iterator[bytes], size: int, spool: Path) -> BinaryIO:
    """
    A file without a name that has *pieces*, at its beginning; blocks, so call it in a thread.

    Raises:
        OSError: it cannot be written.
    """
    if size <= _IN_MEMORY_OCTETS:
        file: BinaryIO = os.fdopen(os.memfd_create("message", os.MFD_CLOEXEC), "w+b")
    else:
        file = tempfile.TemporaryFile(dir=spool)  # noqa: SIM115 - the caller closes it
    try:
        file.writelines(pieces)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def run_program(arguments: Sequence[str], file: BinaryIO, limits: Limits) -> ProgramEnd:
    """
    Run *arguments* with *file* as standard input until the end, or until a limit; blocks the greenlet only.

    An EmpathError that is thrown into the waiting greenlet ends the program.

    Raises:
        NotStarted: nothing ran.
        OutOfResources: this process or machine can start no program now.
    """
    watch = _Watch(arguments, file, limits)
    under_way = gevent.spawn(watch.run)
    try:
        ended = under_way.get()
    except EmpathError as exc:  # thrown by the lease; what `run` raises comes as a value
        watch.stop(str(exc))
        ended = under_way.get()
    if isinstance(ended, EmpathError):
        raise ended
    return ended


class _Running(NamedTuple):
    pid: int
    pidfd: int
    stdout: BinaryIO


class _Watch:
    """One program from its start to its end, in a greenlet of its own, which nothing interrupts."""

    def __init__(self, arguments: Sequence[str], file: BinaryIO, limits: Limits) -> None:
        self._arguments = arguments
        self._file = file
        self._limits = limits
        self._running: _Running | None = None
        self._output = bytearray()
        self._stopped = ""
        self._is_read = Event()

    def run(self) -> ProgramEnd | EmpathError:
        """Body of the greenlet."""
        try:
            running = in_thread(_start, self._arguments, self._file, self._limits, GUARDED.ready())
        except EmpathError as exc:
            return exc
        self._running = running
        GUARDED.begin(running.pid)
        reader = gevent.spawn(self._read, running.stdout.fileno())
        try:
            if self._stopped:
                self._kill(running)
            wait_read(running.pidfd, self._limits.timeout_s, _Late())
        except _Late:
            self.stop(f"it took longer than {self._limits.timeout_s:g} s, and was killed")
        finally:
            in_thread(_wait, running.pidfd)
            GUARDED.end(running.pid)
            status = _reap(running.pidfd)
            self._running = None
            if not self._stopped:
                self._is_read.wait(_LAST_WORDS_S)
            reader.kill()
            running.stdout.close()
            os.close(running.pidfd)
        return ProgramEnd(status, bytes(self._output[: self._limits.output_octets]), self._stopped)

    def stop(self, why: str) -> None:
        """Kill the program and its group."""
        self._stopped = self._stopped or why
        if self._running is not None:
            self._kill(self._running)

    def _read(self, descriptor: int) -> None:
        """Body of a greenlet: keep the output."""
        os.set_blocking(descriptor, False)
        while True:
            try:
                octets = os.read(descriptor, _READ_OCTETS)
            except BlockingIOError:
                wait_read(descriptor)
                continue
            if not octets:
                break
            self._output += octets
            if len(self._output) > self._limits.output_octets:
                self.stop(f"it wrote more than {self._limits.output_octets} octets, and was killed")
                break
        self._is_read.set()

    @staticmethod
    def _kill(running: _Running) -> None:
        # The leader is not reaped yet, so its number still names this group.
        try:
            os.killpg(running.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Guarded:
    """The programs that end with this process. Its guard starts before the first of them."""

    def __init__(self) -> None:
        self._pids: set[int] = set()
        self.guard: Any = None
        self._starting = BoundedSemaphore(1)

    def ready(self) -> int | None:
        """The pipe to the guard, which runs; None where it cannot: the mail matters more."""
        with self._starting:
            if self.guard is not None and self.guard.poll() is not None:  # somebody has ended it
                self.guard.stdin.close()
                self.guard = None
            if self.guard is None:
                try:
                    self.guard = in_thread(_start_guard)
                except EmpathError:  # at a limit of processes; the next program tries again
                    return None
                self._tell(*self._pids)
        return int(self.guard.stdin.fileno())

    def begin(self, pid: int) -> None:
        """Note that the guard was told of the group of *pid*."""
        self._pids.add(pid)

    def end(self, pid: int) -> None:
        """Leave the group alone; call it before the number of its leader is free for another."""
        self._pids.discard(pid)
        self._tell(-pid)

    def _tell(self, *numbers: int) -> None:
        if self.guard is not None:
            tell(self.guard.stdin.fileno(), *numbers)


def tell(pipe: int, *numbers: int) -> None:
    """Tell the guard of groups; nothing blocks, because it reads at once."""
    try:
        os.write(pipe, b"".join(b"%d\n" % number for number in numbers))
    except BrokenPipeError:  # it has ended; the next one hears of all
        pass


def _start_guard() -> Any:
    """A process of program_guard.py; in a thread, as `_start`."""
    command = [sys.executable, "-I", "-S", program_guard.__file__]
    try:
        return _Popen(command, stdin=PIPE, bufsize=0, cwd="/", start_new_session=True)
    except OSError as exc:
        raise NotStarted(f"{command[0]}: {exc.strerror or exc}") from exc


GUARDED: Final = Guarded()


class _Late(Exception):
    """The time of the program is over."""


def _start(arguments: Sequence[str], file: BinaryIO, limits: Limits, guard: int | None) -> _Running:
    """Start the program, and tell the *guard* at once; in a thread."""
    account = _account(limits.user)
    own = os.geteuid()
    as_other = {}
    if account.pw_uid != own:
        if own != 0:
            raise NotStarted(f"only root can run it as {account.pw_name}")
        groups = os.getgrouplist(account.pw_name, account.pw_gid)
        as_other = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": groups}
    elif own == 0:
        raise NotStarted("it would run as root; set its user")
    try:
        process = _Popen(
            list(arguments),
            stdin=file,
            stdout=PIPE,
            stderr=STDOUT,
            cwd=limits.directory,
            env=_environment(account),
            start_new_session=True,
            umask=0o077,
            preexec_fn=_memory_limit(limits.memory_octets),
            **as_other,
        )
    except OSError as exc:
        if exc.errno in _OUR_LIMITS:
            raise OutOfResources((exc.strerror or str(exc)).lower()) from exc
        place = limits.directory if str(exc.filename) == str(limits.directory) else arguments[0]
        raise NotStarted(f"{place}: {exc.strerror or exc}") from exc
    if guard is not None:
        tell(guard, process.pid)
    process.returncode = 0  # `_reap` waits for it, and the class need not
    return _Running(process.pid, os.pidfd_open(process.pid), process.stdout)


def _memory_limit(octets: int | None) -> Callable[[], None] | None:
    """What the child does before it becomes the program; not every root may limit another user's process."""
    return None if octets is None else partial(resource.setrlimit, resource.RLIMIT_AS, (octets, octets))


def _account(user: str | None) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(os.geteuid()) if user is None else pwd.getpwnam(user)
    except KeyError:
        if user is not None:
            raise NotStarted(f"there is no user {user}") from None
        uid = os.geteuid()
        return pwd.struct_passwd((str(uid), "x", uid, os.getegid(), "", "/", "/bin/false"))


def _environment(account: pwd.struct_passwd) -> Mapping[str, str]:
    named = {"HOME": account.pw_dir, "LOGNAME": account.pw_name, "USER": account.pw_name}
    return {"PATH": _PATH, "LANG": "C.UTF-8", **named}


def _wait(pidfd: int) -> None:
    """Wait for the end of the program, in a thread; its number stays taken."""
    os.waitid(os.P_PIDFD, pidfd, os.WEXITED | os.WNOWAIT)


def _reap(pidfd: int) -> int:
    """The exit code of a program that has ended, or minus its signal."""
    ended = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
    assert ended is not None
    return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
