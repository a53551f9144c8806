"""
forked - a command that goes on running, in a fork of the starter

It has the part of subprocess.Popen that `process` uses.
"""

import os
import select
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import IO

from tests.kit.starter import STARTER


class ForkedProcess:
    """One process."""

    def __init__(
        self, main: Callable[[], None], argv: Sequence[str], environment: Mapping[str, str], stderr: IO[bytes]
    ) -> None:
        with open(os.devnull, "rb") as nothing:
            streams = (nothing.fileno(), 1, stderr.fileno())
            self.pid, self._ended = STARTER.fork(main, argv, environment, streams)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self.returncode is None and select.select([self._ended], [], [], 0)[0]:
            self.returncode = STARTER.end_of(self.pid)
            os.close(self._ended)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """
        Wait for its end; the exit code.

        Raises:
            subprocess.TimeoutExpired: not within *timeout* seconds.
        """
        if self.returncode is None and not select.select([self._ended], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, number: signal.Signals) -> None:
        """Signal it, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)
