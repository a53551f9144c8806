"""Standard error that other programs share, and whose reader may have stalled."""

import os
import pty
import select
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kit.waiting import DEADLINE_S, eventually

# Writes more than any pipe or socket holds, then says on standard output that it goes on. A pipe without rights for its
# owner cannot be opened again, but by root.
_PROGRAM = """
import fcntl, os, sys, termios
from empath.telemetry import standard_error
if "controlling" in sys.argv:
    os.setsid()
    fcntl.ioctl(2, termios.TIOCSCTTY, 0)
if "foreign" in sys.argv:
    os.fchmod(2, 0)
    if os.geteuid() == 0:
        os.setresuid(65534, 65534, 65534)
standard_error.unblock()
for _ in range(3000):
    sys.stderr.write("x" * 999 + "\\n")
print("goes on", os.isatty(2), flush=True)
sys.stdin.read()
"""


def _started(stderr: int, *arguments: str) -> "subprocess.Popen[str]":
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *arguments],
        env={**os.environ, "PYTHONPATH": root},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def _pipe() -> tuple[int, int]:
    return os.pipe()


def _sockets() -> tuple[int, int]:
    ours, theirs = socket.socketpair()
    return ours.detach(), theirs.detach()


@pytest.mark.parametrize(
    ("make", "arguments", "is_terminal"),
    [
        pytest.param(_pipe, (), False, id="pipe"),
        pytest.param(_pipe, ("foreign",), False, id="pipe of another user"),
        pytest.param(_sockets, (), False, id="socket"),
        pytest.param(pty.openpty, (), True, id="terminal"),
        pytest.param(pty.openpty, ("controlling", "foreign"), True, id="own terminal of another user, as after su"),
        pytest.param(pty.openpty, ("foreign",), False, id="some terminal of another user"),
    ],
)
def test_a_stalled_reader_stops_nothing_and_others_may_still_wait(
    make: Callable[[], tuple[int, int]], arguments: tuple[str, ...], *, is_terminal: bool
) -> None:
    """
    A program next to Empath in a shell shares the description. Where Empath set it to non-blocking, `seq` lost output.
    """
    read_fd, write_fd = make()
    with _started(write_fd, *arguments) as process:
        assert process.stdout is not None
        assert process.stdin is not None

        assert f"goes on {is_terminal}\n" == process.stdout.readline()
        assert os.get_blocking(write_fd)

        process.stdin.close()
        assert 0 == process.wait(DEADLINE_S)
    assert os.get_blocking(write_fd)
    os.close(write_fd)
    os.close(read_fd)


def test_what_a_relay_has_taken_arrives_though_the_process_ends() -> None:
    """
    The last lines say why it ended.
    """
    read_fd, write_fd = _pipe()
    found = bytearray()

    def is_at_end() -> bool:
        while select.select([read_fd], [], [], 0)[0]:
            octets = os.read(read_fd, 65536)
            if not octets:
                return True
            found.extend(octets)
        return False

    with _started(write_fd, "foreign") as process:
        os.close(write_fd)
        assert process.stdin is not None
        process.stdin.close()
        eventually(is_at_end, "end of file")
        assert 0 == process.wait(DEADLINE_S)
    assert len(found) >= 64_000  # lines of a thousand octets that a pipe holds
    assert set(b"x\n") == set(found)
    os.close(read_fd)
