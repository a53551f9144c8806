"""
process - a real empathd in a directory of its own, on a free port of the loopback interface

`Empathd` runs `empathd run` with a configuration made here: every domain goes to a Maildir under the directory unless
*more* says otherwise. The log is JSON in a file for the tests: `events()` are its lines, `wait_for` polls them.
"""

import json
import os
import random
import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from empath.cli.empathd import main as empathd
from tests.kit.forked import ForkedProcess
from tests.kit.queue import new_queue
from tests.kit.run_guard import Belongings
from tests.kit.waiting import DEADLINE_S, eventually

_LEAVE_S = 10.0
EMPATHD = (sys.executable, "-P", "-m", "empath.cli.empathd")


def free_port() -> int:
    """
    A free port of 127.0.0.1, below the range from which the kernel assigns ports, and never the same twice: an instance
    asks for several before it binds one. Each pytest process has a part of the range to itself.
    """
    while True:
        port = next(_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def _ports() -> Iterator[int]:
    part = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _PARTS
    first = 15_000 + part * _PART
    while True:
        yield from random.sample(range(first, first + _PART), _PART)


_PARTS, _PART = 16, 1_000  # so many pytest processes, and ports for each
_PORTS = _ports()


def configuration(port: int, more: str = "", routes: str = '"*" = "maildir:mail"') -> str:
    """A complete configuration: queue, log and Maildir are next to its file."""
    return f"""
hostname = "mx.example.test"
postmaster = "admin@example.test"
[queue]
path = "queue.db"
[[listener]]
address = "127.0.0.1:{port}"
role = "internal"
[log]
format = "json"
file = "empath.log"
[routes]
{routes}
{more}
"""


class Empathd:
    """
    One instance. `process` is the supervisor, None if it was never started; `command` replaces the command line up to
    the configuration file, `environment` adds to that of the tests. Without a command it is a fork of the starter, and
    that saves 1 s of CPU. It has one worker unless *more* has a table [delivery]: few tests need a second one.
    """

    DELIVERY = "[delivery]\nworkers = 1\n"

    def __init__(
        self,
        directory: Path,
        more: str = "",
        routes: str = '"*" = "maildir:mail"',
        command: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        directory.mkdir(mode=0o750, exist_ok=True)
        self.directory = directory
        self.port = free_port()
        self.config = directory / "empath.toml"
        self.queue = directory / "queue.db"
        self.log = directory / "empath.log"
        self.maildir = directory / "mail"
        self.process: subprocess.Popen[bytes] | ForkedProcess | None = None
        self._log_inode = self._log_offset = 0
        self._events: list[dict[str, Any]] = []
        self.configure(more, routes)
        self._command = command
        self._environment = environment or {}

    def configure(self, more: str = "", routes: str = '"*" = "maildir:mail"') -> None:
        """Write the configuration anew."""
        if "[delivery]" not in more:
            more = f"{more}\n{self.DELIVERY}"
        self.config.write_text(configuration(self.port, more, routes))

    def start(self) -> Self:
        """
        Start and wait until it is ready.

        Raises:
            AssertionError: it ended instead; the text is what it wrote to standard error.
        """
        before = len(self.named("service_ready"))
        self.spawn()
        eventually(lambda: self.has_ended() or len(self.named("service_ready")) > before, "ready")
        assert not self.has_ended(), self.end()[1]
        return self

    def spawn(self) -> None:
        """Start and do not wait."""
        with (self.directory / "stderr").open("wb") as stderr:
            environment = {**os.environ, **self._environment}
            if not self._command:
                self._give_queue()
                main, *argv = self.program()
                self.process = ForkedProcess(main, argv, environment, stderr)
                return
            self.process = subprocess.Popen(
                [*self._command, str(self.config)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stderr=stderr,
            )

    def _give_queue(self) -> None:
        """
        A first start finds the queue that it would make: a copy costs less. It makes the queue itself where another
        user is to own it, and where a *command* starts the server.
        """
        if not self.queue.exists() and "[process]" not in self.config.read_text():
            new_queue(self.queue)

    def program(self) -> tuple[Callable[[], None], *tuple[str, ...]]:
        """What a fork of the starter becomes: a function of a module, and its arguments, its name first."""
        return empathd, "empathd", "run", "-c", str(self.config)

    def has_ended(self) -> bool:
        """Whether the supervisor has ended."""
        return self.process is not None and self.process.poll() is not None

    def end(self) -> tuple[int, str]:
        """Wait for the supervisor to end by itself; its exit code and its standard error."""
        assert self.process is not None
        code = self.process.wait(DEADLINE_S)
        return code, (self.directory / "stderr").read_text()

    def signal(self, number: signal.Signals) -> None:
        """Signal the supervisor."""
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self) -> int:
        """Send SIGTERM; the exit code."""
        if not self.has_ended():
            self.signal(signal.SIGTERM)
        return self.end()[0]

    def clean_up(self) -> None:
        """Leave no process behind, in any case. First stop like an operator, because coverage is written then."""
        if self.process is not None:
            try:
                self.process.terminate()
                self.process.wait(_LEAVE_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        Belongings(self.directory).kill()

    def pids(self) -> dict[int, str]:
        """Live children: pid -> slot, by the log."""
        live = {event["pid"]: event["slot"] for event in self.named("process_started")}
        return {pid: slot for pid, slot in live.items() if _is_alive(pid)}

    def pid_of(self, slot: str) -> int:
        """Pid of the newest incarnation of *slot*."""
        return int([event["pid"] for event in self.named("process_started") if event["slot"] == slot][-1])

    def events(self) -> list[dict[str, Any]]:
        """All log lines of the file so far; lines that were read before are kept."""
        try:
            with self.log.open() as file:
                inode = os.fstat(file.fileno()).st_ino
                if inode != self._log_inode:  # the first look, or the log was reopened
                    self._log_inode, self._log_offset, self._events = inode, 0, []
                file.seek(self._log_offset)
                text = file.read()
        except FileNotFoundError:
            return []
        whole = text[: text.rfind("\n") + 1]
        self._log_offset += len(whole.encode())
        self._events += [json.loads(line) for line in whole.splitlines() if line.startswith("{")]
        return [*self._events]

    def named(self, event: str, **fields: Any) -> list[dict[str, Any]]:
        """Log lines of one event, with these values."""
        return [
            line
            for line in self.events()
            if line["event"] == event and all(line.get(key) == value for key, value in fields.items())
        ]

    def wait_for(self, event: str, count: int = 1, **fields: Any) -> dict[str, Any]:
        """Wait for the *count*-th log line of one event, with these values, and return it."""
        return eventually(lambda: self.named(event, **fields)[count - 1 :], f"{event} {fields}")[0]

    def send(self, recipient: str, content: bytes = b"Subject: test\r\n\r\ntext\r\n") -> None:
        """Send one mail from <sender@example.test>."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=DEADLINE_S) as client:
            client.sendmail("sender@example.test", [recipient], content)

    def delivered(self) -> Iterator[bytes]:
        """Contents of the mails in the Maildir."""
        for file in sorted(self.maildir.glob("new/*")):
            yield file.read_bytes()


def _is_alive(pid: int) -> bool:
    """Whether it runs. A zombie does not: only its parent's wait is missing."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"
