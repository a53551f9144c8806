"""
standard_error - a write to standard error never waits, even if its reader has stalled

THEORY
    A stalled log driver leaves a full pipe, and a process that writes to it would stop all its work. Whether a write
    waits is a property of the open file description, and other programs may share that of standard error: the shell, or
    a program next to this one in a script. A description that was set to non-blocking would fail their writes. So it
    stays as it is, and this process writes in another way.

    A pipe or a terminal is opened again, by its name in /proc or as /dev/tty. What cannot be opened again, such as a
    pipe of another user, gets a relay: a thread copies a pipe of this process to it, and only that thread waits. A
    socket, such as that of the journal, takes a flag for each write. The children of a process inherit the result.

    What is left: a relay ends with its process, so lines that its children write after that are lost. A stalled reader
    costs up to LAST_WORDS_S at the end.
"""

import atexit
import fcntl
import io
import os
import select
import signal
import stat
import struct
import sys
import threading
from _socket import MSG_DONTWAIT, MSG_NOSIGNAL
from _socket import socket as RawSocket
from typing import Final

LAST_WORDS_S: Final = 1.0
_STDERR: Final = 2
_TIOCGDEV: Final = 0x80045432  # asks for the device of a terminal
_OPENED: Final = os.O_WRONLY | os.O_APPEND | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC


class StandardError(io.TextIOBase):
    """`sys.stderr` for what is not a line of the log, such as a traceback. Text that does not fit is dropped."""

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Write what fits now; the length of *text*."""
        try:
            write_now(text.encode(errors="backslashreplace"))
        except OSError:
            pass
        return len(text)


class _Relay:
    """Copies what comes through a pipe to *target_fd*, in a thread."""

    def __init__(self, target_fd: int) -> None:
        self._target_fd = target_fd
        self._source_fd, self.fd = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self.fd, False)
        self._thread = threading.Thread(target=self._run, daemon=True)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # inherited: signals are for the main
        self._thread.start()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def end(self) -> None:
        """Close standard error, which has the pipe, and wait for the rest to be copied."""
        null_fd = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(null_fd, _STDERR)
        os.close(null_fd)
        self._thread.join(LAST_WORDS_S)

    def _run(self) -> None:
        try:
            while octets := os.read(self._source_fd, 65536):
                self._copy(octets)
        except OSError:
            pass  # the reader is gone
        finally:
            os.close(self._source_fd)  # later writes fail at once

    def _copy(self, octets: bytes) -> None:
        while octets:
            try:
                octets = octets[os.write(self._target_fd, octets) :]
            except BlockingIOError:  # another program has set it to non-blocking
                select.select([], [self._target_fd], [])


_socket: RawSocket | None = None


def write_now(octets: bytes) -> int:
    """
    Write what standard error takes without a wait; the number of octets.

    Raises:
        BlockingIOError: it takes none now.
        OSError: it cannot be written.
    """
    if _socket is not None:
        return _socket.send(octets, MSG_DONTWAIT | MSG_NOSIGNAL)
    return os.write(_STDERR, octets)


def unblock() -> None:
    """Make writes to standard error fail rather than wait, in this process and in those that inherit it."""
    global _socket  # noqa: PLW0603 - a process has one standard error
    sys.stderr = StandardError()
    mode = os.fstat(_STDERR).st_mode
    if stat.S_ISSOCK(mode):
        _socket = RawSocket(fileno=os.dup(_STDERR))
        return
    if stat.S_ISREG(mode) or not os.get_blocking(_STDERR):
        return
    own_fd = _opened_again()
    if own_fd is None:
        relay = _Relay(fcntl.fcntl(_STDERR, fcntl.F_DUPFD_CLOEXEC, 3))
        atexit.register(relay.end)
        own_fd = relay.fd
    os.dup2(own_fd, _STDERR)
    os.close(own_fd)


def _opened_again() -> int | None:
    """A description of this process's own for what standard error is; None if the system refuses one."""
    try:
        return os.open("/proc/self/fd/2", _OPENED)
    except OSError:
        pass
    try:
        own_fd = os.open("/dev/tty", _OPENED)
    except OSError:
        return None
    if _terminal(own_fd) is not None and _terminal(own_fd) == _terminal(_STDERR):
        return own_fd
    os.close(own_fd)
    return None


def _terminal(fd: int) -> int | None:
    """The device of the terminal *fd*, whatever name it was opened by; None if it is none."""
    try:
        (device,) = struct.unpack("I", fcntl.ioctl(fd, _TIOCGDEV, bytes(4)))
    except OSError:
        return None
    return int(device)
