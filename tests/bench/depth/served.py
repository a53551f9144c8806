"""
served - an Empath with a deep queue before its start, and the time and memory of that start

A filling writes in seconds what a service writes in days, and the housekeeper then has all of it to seal, to count
and to compare with the routes. A server is measured when that is done, and what it took is a figure of its own.
"""

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
_BY_DOMAIN: Final = '"sink.example" = "smtp://127.0.0.1:{sink_port}"\n"*.example" = "mx"\n'
_GREETING_S: Final = 30.0
_CATCH_UP_S: Final = 600.0
_BEHIND: Final = """
SELECT coalesce((SELECT max(attempts_last) FROM _audit_seal), 0) < (SELECT max(attempt_id) FROM _attempt)
    OR (SELECT value FROM _setting WHERE name = 'throughput')
       IS NOT (SELECT max(attempt_id) FROM _attempt) || ' ' || (SELECT max(message_id) FROM _message)
    OR NOT EXISTS (SELECT 1 FROM _setting WHERE name = 'routes')
"""


@dataclass(slots=True)
class Observed:
    """
    Measurements of all servers of one Deep: seconds to the first 220; seconds and CPU seconds from there until the
    housekeeper had caught up with the filling; octets by kind of process.
    """

    start_s: list[float] = field(default_factory=list)
    behind_s: list[float] = field(default_factory=list)
    behind_cpu_s: list[float] = field(default_factory=list)
    peaks: dict[str, int] = field(default_factory=dict)

    @property
    def largest(self) -> int:
        """Highest resident size of any process, octets."""
        return max(self.peaks.values(), default=0)


@dataclass(frozen=True, slots=True)
class Deep:
    """
    Makes servers of the code of *tree* on copies of *template*, or on empty queues, with further *routes* and *tables*
    in their configuration; call it as a Factory. A server that *catches_up* has started once its housekeeper has.
    """

    tree: Path
    template: Path | None = None
    workers: int = 2
    routes: str = ""
    tables: str = ""
    catches_up: bool = True
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
        routes = self._deep.routes
        if self._deep.template is not None:
            routes += routes_of(self._deep.template).format(sink_port=self.setup.sink_port)
        return text.replace("[routes]\n", f"[routes]\n{routes}") + self._deep.tables

    def start(self) -> None:
        if self._deep.template is not None:
            self._last_filled = place(self._deep.template, self.queue, f"smtp:127.0.0.1:{self.setup.sink_port}")
        start = time.perf_counter()
        super().start()
        wait_for(lambda: is_greeting(self.port), _GREETING_S, "the first greeting", 0.001)
        if not self.setup.is_held:  # a held server begins with a frozen queue
            self._deep.observed.start_s.append(time.perf_counter() - start)
        if self._deep.template is not None and self._deep.catches_up:
            self._catch_up(self._deep.observed)

    def _catch_up(self, observed: Observed) -> None:
        start, cpu_s = time.perf_counter(), self.account.cpu_s()
        wait_for(lambda: not self.rows(_BEHIND)[0][0], _CATCH_UP_S, "the housekeeper to catch up", 0.1)
        observed.behind_s.append(time.perf_counter() - start)
        observed.behind_cpu_s.append(self.account.cpu_s() - cpu_s)

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


def routes_of(template: Path) -> str:
    """The routes that gave the mail of *template* its destinations: with others, the service would move all of it."""
    connection = apsw.Connection(str(template), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        is_one: Any = connection.execute("SELECT EXISTS (SELECT 1 FROM _destination WHERE name = ?)", (PLACE,)).get
    finally:
        connection.close()
    return "" if is_one else _BY_DOMAIN
