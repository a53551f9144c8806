"""
template - the supervisor's end of the template process, from which children are forked

THEORY
    The first template is a fork of the supervisor, made when it has loaded its modules and nothing else. So the two
    share these, which is a fifth of the memory of an idle instance, and load them once. A later one is a program
    started by exec: by then the supervisor has descriptors, and may have secrets in its memory.
    A name of the standard library that is bound before gevent patches it stays blocking. What the supervisor imports
    binds none (tests/daemon/template/ holds that).
"""

import ctypes
import os
import select
import signal
import sys
import time
from _socket import AF_UNIX, SHUT_RDWR, SOCK_CLOEXEC, SOCK_SEQPACKET, socketpair
from _socket import socket as RawSocket
from collections.abc import Callable, Sequence
from importlib import import_module
from types import FrameType
from typing import Final, NoReturn, Self

from empath.daemon.process.fork_request import CONTROL_FD, LOADED, ForkRequest, close_above, read_answer, send_request
from empath.daemon.supervisor import handed_on
from empath.daemon.supervisor.programs import spawn_program

ANSWER_S: Final = 5.0  # longest wait for the answer to a request; it takes some milliseconds
_PROGRAM: Final = "empath.daemon.template"
_COMMAND: Final = (sys.executable, "-P", "-m", _PROGRAM)
# What Python itself sets when a program starts. A write to a closed connection must be an error, not the end.
_AT_START: Final[dict[int, Callable[[int, FrameType | None], object] | signal.Handlers]] = {
    signal.SIGPIPE: signal.SIG_IGN,
    signal.SIGXFSZ: signal.SIG_IGN,
    signal.SIGINT: signal.default_int_handler,
}
_PR_SET_CHILD_SUBREAPER: Final = 36
_ANSWER_OCTETS: Final = 64


class TemplateProcess:
    """
    One template process.

    A template that loads takes no requests yet. One that has failed takes none any more, and is about to end.
    """

    def __init__(self, command: Sequence[str] = _COMMAND, answer_s: float = ANSWER_S) -> None:
        """
        Execute it, and make this process the parent of all descendants that lose their own.

        Raises:
            OSError: the system refuses one of the two.
        """
        self._begin(lambda theirs: _execute(command, theirs), answer_s)

    @classmethod
    def of_this_process(cls) -> Self:
        """
        Fork it. This process must not have opened a file or started a thread.

        Raises:
            OSError: as the constructor.
        """
        template = cls.__new__(cls)
        template._begin(_fork, ANSWER_S)
        return template

    def _begin(self, make: Callable[[RawSocket], int], answer_s: float) -> None:
        _become_subreaper()
        self._control, theirs = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC)
        try:
            self.pid = make(theirs)
        except OSError:
            self._control.close()
            raise
        finally:
            theirs.close()
        self._answer_s = answer_s
        self.started_at = time.monotonic()
        self.is_loaded = False
        self.has_failed = False

    def fileno(self) -> int:
        """Readable when it has loaded."""
        return self._control.fileno()

    def hear(self) -> bool:
        """Read what it says while it loads; whether it has loaded."""
        self.is_loaded = self._control.recv(_ANSWER_OCTETS) == LOADED
        if not self.is_loaded:
            self.kill()  # it has closed its end, and ends
        return self.is_loaded

    def fork(self, request: ForkRequest) -> int:
        """
        Pid of a new child of this process.

        Raises:
            OSError: there is none, and there will be none.
        """
        send_request(self._control, request)
        ready = select.poll()
        ready.register(self._control, select.POLLIN)
        if not ready.poll(self._answer_s * 1000):
            self.kill()
            # From here on a child cannot answer, and ends. It may have answered just before.
            self._control.shutdown(SHUT_RDWR)
        return read_answer(self._control.recv(_ANSWER_OCTETS))

    def kill(self) -> None:
        """End it, if that is not done yet; its children go on."""
        if not self.has_failed:
            self.has_failed = True
            os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Release what the supervisor has of it, once it was reaped."""
        self._control.close()


def _execute(command: Sequence[str], control: RawSocket) -> int:
    return spawn_program(
        command,
        {},
        [
            (os.POSIX_SPAWN_DUP2, control.fileno(), CONTROL_FD),  # onto itself, this clears close-on-exec
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDWR, 0),
        ],
    )


def _fork(control: RawSocket) -> int:
    pid = os.fork()
    if pid == 0:
        _become_template(control)
    return pid


def _become_template(control: RawSocket) -> NoReturn:
    """Be what `_execute` makes."""
    os.setpgid(0, 0)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, _AT_START.get(number, signal.SIG_DFL))
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for name in handed_on.ENVIRONMENT:
        os.environ.pop(name, None)
    os.dup2(control.detach(), CONTROL_FD, inheritable=False)
    close_above(CONTROL_FD)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    import_module(f"{_PROGRAM}.__main__").main()
    sys.exit()


def _become_subreaper() -> None:
    try:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
    except AttributeError as exc:
        raise OSError(0, "the C library has no prctl") from exc
    if prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
