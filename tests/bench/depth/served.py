"""served - an Empath with a deep queue before its start, and the time and memory of that start"""

import os
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import apsw

from ..accounting import Account, name_of, peak_octets
from ..empath import Empath
from ..machine import is_greeting, wait_for
from ..server import Setup
from .fill import Filling

PLACE: Final = "smtp:192.0.2.1:25"  # name in the template; a run renames it to its own next hop
_GREETING_S: Final = 30.0


@dataclass(slots=True)
class Observed:
    """Measurements of all servers of one Deep: seconds to the first 220, octets by kind of process."""

    start_s: list[float] = field(default_factory=list)
    peaks: dict[str, int] = field(default_factory=dict)

    @property
    def largest(self) -> int:
        """Highest resident size of any process, octets."""
        return max(self.peaks.values(), default=0)


@dataclass(frozen=True, slots=True)
class Deep:
    """
    Makes servers of the code of *tree* on copies of *template*, or on empty queues, with further *routes* and *tables*
    in their configuration; call it as a Factory.
    """

    tree: Path
    template: Path | None = None
    workers: int = 2
    routes: str = ""
    tables: str = ""
    observed: Observed = field(default_factory=Observed)

    def __call__(self, directory: Path, account: Account, setup: Setup) -> "DeepEmpath":
        return DeepEmpath(directory, account, setup, self)


class DeepEmpath(Empath):
    """As Empath; `queued` counts what came in since the start."""

    def __init__(self, directory: Path, account: Account, setup: Setup, deep: Deep) -> None:
        super().__init__(directory, account, setup, deep.tree)
        self.queue = directory / "queue.db"
        self._deep = deep
        self._last_filled = 0

    def configuration(self) -> str:
        text = super().configuration().replace("workers = 2", f"workers = {self._deep.workers}")
        return text.replace("[routes]\n", f"[routes]\n{self._deep.routes}") + self._deep.tables

    def start(self) -> None:
        if self._deep.template is not None:
            self._last_filled = place(self._deep.template, self.queue, f"smtp:127.0.0.1:{self.setup.sink_port}")
        start = time.perf_counter()
        super().start()
        wait_for(lambda: is_greeting(self.port), _GREETING_S, "the first greeting", 0.001)
        if not self.setup.is_held:  # a held server begins with a frozen queue
            self._deep.observed.start_s.append(time.perf_counter() - start)

    def stop(self) -> None:
        for pid, octets in peak_octets(self.account.pids()).items():
            # "empath: worker-1 [running]" and so on: one figure for each kind.
            kind = name_of(pid).split("-")[0]
            self._deep.observed.peaks[kind] = max(octets, self._deep.observed.peaks.get(kind, 0))
        super().stop()

    def queued(self) -> int:
        live = "status IN ('queued', 'deferred', 'leased', 'held')"
        return int(
            self.rows(f"SELECT count(*) FROM _recipient WHERE recipient_id > {self._last_filled} AND {live}")[0][0]
        )

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of the queue now."""
        connection = apsw.Connection(str(self.queue), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            connection.set_busy_timeout(5000)
            return connection.execute(statement).fetchall()
        finally:
            connection.close()


def place(template: Path, queue: Path, destination: str) -> int:
    """Copy a filled queue, and rename its destination if it has only one; the number of its last recipient."""
    subprocess.run(["cp", "--reflink=auto", str(template), str(queue)], check=True)
    with queue.open("rb") as file:
        os.fsync(file.fileno())  # so that the first measured commit need not wait for it
    connection = apsw.Connection(str(queue), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        _rename(connection, destination)
        last: Any = connection.execute("SELECT max(recipient_id) FROM _recipient").get
        return int(last)
    finally:
        connection.close()


def _rename(connection: apsw.Connection, destination: str) -> None:
    """Give the destination of the template another name, which a queue in service refuses."""
    trigger = "_destination_number_stays"
    [(text,)] = connection.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (trigger,))
    connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute("UPDATE _destination SET name = ? WHERE name = ?", (destination, PLACE))
    connection.execute(text)


def fillings(recipients: int) -> tuple[Filling, ...]:
    """The deep queues. Mail flows through those without retained recipients only."""
    return (Filling(recipients), Filling(recipients, PLACE), Filling(recipients, retained=5 * recipients))
