"""kit - empath-admin on a queue of the test's own, in this process or as a command"""

import fcntl
import json
import os
import pty
import shlex
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from empath.cli import common
from empath.cli.admin.__main__ import admin, main
from empath.cli.admin.output import NAME
from tests.kit.commands import CommandResult, ended
from tests.kit.forked import ForkedProcess, run_to_end
from tests.kit.process import configuration
from tests.kit.queue import Queue
from tests.kit.starter import STARTER
from tests.kit.waiting import DEADLINE_S

COMMAND = (sys.executable, "-P", "-m", "empath.cli.admin")
MODULE = "empath.cli.admin.__main__"  # what STARTER knows it by
NEVER = 4_000_000_000.0  # an instant that no test run reaches, 2096-10-02T07:06:40Z


class AdminTool:
    """empath-admin on a queue with a configuration."""

    def __init__(self, directory: Path) -> None:
        self.config = directory / "empath.toml"
        self.config.write_text(configuration(2525))
        self.path = directory / "queue.db"
        self.spool = directory / "spool"
        self.queue = Queue(self.path)

    def invoke(self, *arguments: str) -> Result:
        """Run in this process; the error, if any, is the result's `exception`."""
        return CliRunner().invoke(admin, ["-c", str(self.config), *arguments])

    def lines(self, *arguments: str) -> list[str]:
        """The standard output of a successful run, by lines."""
        result = self.invoke(*arguments)
        assert 0 == result.exit_code, (result.stderr, result.exception)
        return result.stdout.splitlines()

    def words(self, *arguments: str) -> list[str]:
        """The standard error of a successful run, by lines."""
        result = self.invoke(*arguments)
        assert 0 == result.exit_code, (result.stderr, result.exception)
        return result.stderr.splitlines()

    def records(self, *arguments: str) -> list[dict[str, Any]]:
        """The JSON objects of a successful run."""
        return [json.loads(line) for line in self.lines(*arguments, "--json")]

    def record(self, *arguments: str) -> dict[str, Any]:
        """The only JSON object of a successful run."""
        [record] = self.records(*arguments)
        return record

    def run(self, *arguments: str) -> CommandResult:
        """Run as its process would."""
        self.queue.close()
        return run("-c", str(self.config), *arguments)

    def run_apart(self, *arguments: str, text: str = "") -> CommandResult:
        """
        Run in a process of its own: for `sql`, whose shell is apsw's and uses the real standard streams; *text* is what
        it reads.
        """
        self.queue.close()
        return run_apart("-c", str(self.config), *arguments, text=text)

    def paste(self, command: str) -> int:
        """Give *command* to a shell, where `empath-admin` is the command of this checkout; the exit code."""
        self.queue.close()
        script = f'empath-admin() {{ {shlex.join(STARTER.words(MODULE))} "$@"; }}\n{command}'
        return subprocess.run(["bash", "-c", script], check=False, timeout=DEADLINE_S).returncode

    def on_a_terminal(self, width: int, *arguments: str) -> list[str]:
        """The lines on a terminal of *width* columns, without control sequences for weight."""
        self.queue.close()
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
        with open(os.devnull, "wb") as nothing:
            argv = [NAME, "-c", str(self.config), *arguments]
            process = ForkedProcess(main, argv, environment | {"TERM": "xterm"}, nothing, theirs)
        os.close(theirs)
        octets = read_to_end(ours)
        assert 0 == process.wait(DEADLINE_S)
        os.close(ours)
        text = octets.decode().replace("\x1b[1m", "").replace("\x1b[0m", "")
        return text.split("\r\n")[:-1]


def run(*arguments: str, **environment: str) -> CommandResult:
    """Run empath-admin as its process would, here, with no configuration but what is said here."""
    with CliRunner(env={"EMPATH_CONFIG": None, **environment}).isolation() as (out, err, _):
        code = common.run(admin, NAME, arguments)
        return ended(code, out.getvalue().decode(), err.getvalue().decode())


def run_apart(*arguments: str, text: str = "", **environment: str) -> CommandResult:
    """The same in a process of its own."""
    inherited = {key: value for key, value in os.environ.items() if key != "EMPATH_CONFIG"}
    return run_to_end(main, [NAME, *arguments], inherited | environment, text.encode())


def read_to_end(terminal: int) -> bytes:
    """All that the other side of a terminal writes until it closes it."""
    octets = b""
    while piece := _read(terminal):
        octets += piece
    return octets


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # EIO: the other side is closed
        return b""
