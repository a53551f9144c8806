"""
traffic - mail in and mail out: smtp-source as the generator, smtp-sink as the next hop

Both are part of Postfix and much faster than any server here: about 12,000 mails/s between them on two cores.
"""

import fcntl
import os
import re
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

from .machine import LOOPBACK, BenchFailure, command, free_port, is_greeting, wait_for

SENDER: Final = "sender@bench.example"
RECIPIENT: Final = "user@sink.example"
COUNTERS: Final = re.compile(rb"mesg=\s*(\d+)")
# More than any burst of connections of a server: a full backlog costs each of them a second.
BACKLOG: Final = 2000
POLL_S: Final = 0.005


@dataclass(frozen=True, slots=True)
class Load:
    """
    The load: *messages* of *octets* each over *sessions* at once, with a connection for each mail or a connection kept
    open. With a file of *content*, each is this message.
    """

    messages: int
    octets: int = 4096
    sessions: int = 20
    is_reused: bool = False
    content: Path | None = None


def send(port: int, load: Load, deadline_s: float = 300) -> float:
    """
    Send *load* and return the seconds that took, from the start of the generator to its end.

    Raises:
        BenchFailure: the server refused something, or it took longer than *deadline_s*.
    """
    argv = _smtp_source(port, load)
    start = time.perf_counter()
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as source:
        try:
            errors = source.communicate(timeout=deadline_s)[1]
        except subprocess.TimeoutExpired:
            raise BenchFailure(f"the generator took more than {deadline_s:g} s") from None
        finally:
            if source.poll() is None:
                source.kill()
    elapsed_s = time.perf_counter() - start
    if source.returncode:
        raise BenchFailure(f"the generator: {errors.decode(errors='replace')[-300:].strip()}")
    return elapsed_s


def _smtp_source(port: int, load: Load) -> list[str]:
    argv = [command("smtp-source"), "-s", str(load.sessions), "-m", str(load.messages)]
    argv += ["-M", "source.bench.example", "-f", SENDER, "-t", RECIPIENT]
    argv += ["-d"] if load.is_reused else []
    argv += ["-F", str(load.content)] if load.content else ["-l", str(load.octets)]
    return [*argv, f"{LOOPBACK}:{port}"]


class Sink:
    """
    An smtp-sink on a free port whose running counters are read, so that it stays up until the last 250 was seen.

    smtp-sink listens with SO_REUSEPORT: next to a forgotten one it would get only a share of the mail, hence the port
    that nothing is bound to. It runs in *directory*, so that it ends with the run that owns it.
    """

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self.messages = 0
        self._tail = b""
        self._is_open = True
        self._pipe, writer = os.pipe()
        os.set_blocking(self._pipe, False)
        # A full pipe would stall the sink. This size lets it run while the harness gets no processor.
        fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, 1 << 20)
        privileges = ["-u", "nobody"] if os.geteuid() == 0 else []
        self.process = subprocess.Popen(
            [command("smtp-sink"), "-c", *privileges, f"{LOOPBACK}:{self.port}", str(BACKLOG)],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=writer,
            stderr=subprocess.DEVNULL,
        )
        os.close(writer)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "Sink":
        try:
            wait_for(lambda: is_greeting(self.port), 10, "smtp-sink to answer")
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def wait(self, messages: int, deadline_s: float) -> None:
        """
        Wait until that many messages have been taken since the start.

        Raises:
            BenchFailure: fewer came in *deadline_s*.
        """
        try:
            wait_for(lambda: self.messages >= messages, deadline_s, "the sink's messages", POLL_S)
        except BenchFailure:
            raise BenchFailure(f"the sink has {self.messages} of {messages} after {deadline_s:g} s") from None

    def _close(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        self._is_open = False
        self._reader.join()
        os.close(self._pipe)

    def _read(self) -> None:
        # Polling, not blocking: a wake-up for each message would take CPU from the servers.
        while self._is_open:
            try:
                octets = os.read(self._pipe, 1 << 20)
            except BlockingIOError:
                octets = b""
            if octets:
                counters = COUNTERS.findall(self._tail + octets)
                self.messages = int(counters[-1]) if counters else self.messages
                self._tail = octets[-16:]
            time.sleep(POLL_S)
