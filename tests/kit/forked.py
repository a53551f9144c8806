"""
forked - a command in a fork of the starter: one that goes on running, and one that ends

ForkedProcess has the part of subprocess.Popen that `process` uses, `run_to_end` what tests use of subprocess.run.
"""

import os
import select
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from typing import IO

from tests.kit.commands import CommandResult
from tests.kit.commands import ended as end
from tests.kit.starter import STARTER
from tests.kit.waiting import DEADLINE_S


class ForkedProcess:
    """One process. A *terminal* is its standard input and output."""

    def __init__(
        self,
        main: Callable[[], None],
        argv: Sequence[str],
        environment: Mapping[str, str],
        stderr: IO[bytes],
        terminal: int | None = None,
    ) -> None:
        with open(os.devnull, "rb") as nothing:
            stdin, stdout = (nothing.fileno(), 1) if terminal is None else (terminal, terminal)
            streams = (stdin, stdout, stderr.fileno())
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


def run_to_end(
    main: Callable[[], None], argv: Sequence[str], environment: Mapping[str, str], text: bytes = b""
) -> CommandResult:
    """
    Run *main*, the entry of a command, with *argv*, its name first, *environment*, and *text* at its standard input,
    and read all that it writes: to the end of its standard streams, which a process that it leaves behind must not
    keep.
    """
    (out, to_out), (err, to_err) = os.pipe(), os.pipe()
    with open(out, "rb") as said, open(err, "rb") as complained, _given(text) as given:
        try:
            pid, ended = STARTER.fork(main, argv, environment, (given.fileno(), to_out, to_err))
        finally:
            os.close(to_out)
            os.close(to_err)
        texts: dict[int, bytes] = {out: b"", err: b""}
        unread = [out, err]
        while unread:
            ready, _, _ = select.select(unread, [], [], 2 * DEADLINE_S)
            assert ready, f"still runs: {argv}"
            for fd in ready:
                octets = os.read(fd, 65536)
                texts[fd] += octets
                if not octets:
                    unread.remove(fd)
        select.select([ended], [], [])
        os.close(ended)
        return end(STARTER.end_of(pid), texts[said.fileno()].decode(), texts[complained.fileno()].decode())


def _given(text: bytes) -> IO[bytes]:
    if not text:
        return open(os.devnull, "rb")
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(text)
    file.seek(0)
    return file
