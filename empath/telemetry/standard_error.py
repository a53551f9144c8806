"""
standard_error - a write to standard error never waits, even if its reader has stalled

A stalled log driver leaves a full pipe, and a process that writes to it would stop all its work. Whether a write waits
is a property of the open file description, which the parent process may share. So a pipe or a terminal is opened again,
by its name in /proc. A socket, such as that of the journal, and a pipe of another user cannot be opened again; they are
set to non-blocking.
"""

import io
import os
import stat
import sys
from typing import Final

_STDERR: Final = 2


class StandardError(io.TextIOBase):
    """`sys.stderr` for what is not a line of the log, such as a traceback. Text that does not fit is dropped."""

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, text: str) -> int:
        """Write what fits now; the length of *text*."""
        try:
            os.write(_STDERR, text.encode(errors="backslashreplace"))
        except OSError:
            pass
        return len(text)


def unblock() -> None:
    """Make writes to standard error fail rather than wait, in this process and in those that inherit it."""
    sys.stderr = StandardError()
    if stat.S_ISREG(os.fstat(_STDERR).st_mode) or not os.get_blocking(_STDERR):
        return
    try:
        own_fd = os.open("/proc/self/fd/2", os.O_WRONLY | os.O_APPEND | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        os.set_blocking(_STDERR, False)
        return
    os.dup2(own_fd, _STDERR)
    os.close(own_fd)
