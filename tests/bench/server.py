"""
server - the interface of every mail server for the scenarios

A server lives in a directory of its own with its configuration and its queue. It is started once and removed with the
directory. Its account counts from before the start.
"""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .accounting import Account, open_account
from .certificate import write_certificate
from .machine import BenchFailure, free_port, is_greeting, wait_for

START_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Setup:
    """
    The setup of a server for one run.

    It says what the next hop is, whether the server delivers, its limits, whether it offers STARTTLS, and what it has
    beyond the usual, one of `EXTRAS` in empath.py.
    """

    sink_port: int
    is_held: bool = False
    sessions: int = 100
    message_octets: int = 50 * 2**20
    has_tls: bool = False
    extra: str | None = None


class Server(ABC):
    """One server, from its start to its end."""

    name: str

    def __init__(self, directory: Path, account: Account, setup: Setup) -> None:
        self.directory = directory
        self.account = account
        self.setup = setup
        self.port = free_port()
        self.http_port = free_port()

    @abstractmethod
    def start(self) -> None:
        """Write the configuration and start; with `Setup.is_held` it accepts mail and delivers none."""

    @abstractmethod
    def stop(self) -> None:
        """Ask it to stop and wait until it has."""

    @abstractmethod
    def release(self) -> None:
        """Let a held server deliver what it has."""

    @abstractmethod
    def queued(self) -> int:
        """Messages in the queue now."""

    @abstractmethod
    def proven(self) -> int:
        """Messages in the queue now whose author DMARC has proven."""

    def signed(self) -> int:
        """Messages in the queue now that this host has signed."""
        raise BenchFailure(f"{self.name} signs nothing here")

    def own_figures(self) -> dict[str, float]:
        """Figures of an idle server that only this kind has."""
        return {}

    def token(self, role: str = "inject") -> str:
        """A token of this *role* for what is served at `http_port`; by default it sends mail."""
        raise BenchFailure(f"{self.name} takes no mail by HTTP")

    @abstractmethod
    def log_tail(self) -> str:
        """The last lines it logged, for the text of a failure."""

    def wait_queued(self, messages: int, deadline_s: float) -> None:
        """
        Wait until the queue has exactly that many messages.

        Raises:
            BenchFailure: it had not within *deadline_s*.
        """
        what = f"{messages} messages in the queue of {self.name}"
        wait_for(lambda: self.queued() == messages, deadline_s, what, 0.05)


# Makes a server that is not started: (directory, account, setup).
Factory = Callable[[Path, Account, Setup], Server]


@contextmanager
def running(factory: Factory, name: str, scratch: Path, setup: Setup) -> Iterator[Server]:
    """A started server on an empty queue; its processes and files are removed at the end."""
    directory = scratch / name
    directory.mkdir()
    directory.chmod(0o755)
    account = open_account(name)
    if setup.has_tls:
        write_certificate(directory)
    server = factory(directory, account, setup)
    try:
        try:
            server.start()
            wait_for(lambda: is_greeting(server.port), START_S, f"{name} to answer")
            yield server
        except BenchFailure as failure:
            # The log is removed with the directory, so the reason has the end of it.
            raise BenchFailure(f"{failure}\nThe end of its log:\n{server.log_tail()}") from failure
        finally:
            server.stop()
    finally:
        account.close()
        shutil.rmtree(directory)
