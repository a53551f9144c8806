"""
postgresql - a server of the test run's own, and queues in it

Each process of the test run starts one server at its first use, in a directory of its own, on a UNIX socket, as the
user postgres where the run is root's. It does not sync, so it is not for tests that cut the power. There is one queue,
which each test empties first: to copy a database costs more.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from empath.storage.postgresql.engine import PostgresEngine
from empath.storage.postgresql.session import KeptReader, compiled
from empath.storage.postgresql.writer import Writer
from empath.storage.queries import all_queries
from tests.kit.queue import Dump, Queue

USER = "postgres"
SCHEMA = "empath"
# Tables whose rows have no number of their own.
UNNUMBERED = (
    "_content", "_setting", "_bucket", "_rate", "_dedup", "_suppression", "_verification", "_recipient_list", "_alias",
    "_session", "_sts_policy", "_throughput", "_warmup", "_warmup_use", "_source_rest", "_destination_leaving",
    "_control_outcome", "_redacted", "_spool_garbage", "_received_dmarc", "_received_tls", "_dmarc_count", "_tls_count",
    "_effective_setting", "_audit_seal", "_event", "_consumer", "_event_aside",
)  # fmt: skip
# What is wrong with a queue at any instant between two transactions.
VIOLATIONS = {
    "destination that sleeps while mail is due": """
        SELECT d.name FROM _destination AS d JOIN _waiting AS w ON w.destination_id = d.destination_id
         WHERE NOT EXISTS (
                 SELECT 1 FROM _bell AS b
                  WHERE b.destination_id = d.destination_id AND b.due_at <= w.next_retry_at)
           AND (d.due_at IS NULL OR d.due_at > w.next_retry_at)
         GROUP BY d.name""",
    "more leases than slots": """
        SELECT d.name FROM _destination AS d JOIN _lease AS l ON l.destination_id = d.destination_id
         GROUP BY d.destination_id HAVING count(*) > d.max_leases""",
    "recipient of a lease that is gone": """
        SELECT recipient_id FROM _recipient AS r
         WHERE lease_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM _lease AS l WHERE l.lease_id = r.lease_id)""",
    "lease of a process that has ended": """
        SELECT l.lease_id FROM _lease AS l JOIN _process AS p ON p.process_id = l.process_id
         WHERE p.ended_at IS NOT NULL""",
    "recipient without its content": """
        SELECT r.recipient_id FROM _recipient AS r JOIN _message AS m ON m.message_id = r.message_id
         WHERE r.status IN ('queued', 'deferred', 'leased', 'held')
           AND (m.content_locator IS NULL
                OR m.content_locator = 'inline'
                   AND NOT EXISTS (SELECT 1 FROM _content AS c WHERE c.message_id = m.message_id))""",
    "full destination without a bell": """
        SELECT d.name FROM _destination AS d
         WHERE d.is_full = 1
           AND (SELECT count(*) FROM _lease AS l WHERE l.destination_id = d.destination_id) < d.lease_limit
           AND NOT EXISTS (SELECT 1 FROM _bell AS b WHERE b.destination_id = d.destination_id)""",
    "recipient delivered twice": """
        SELECT recipient_id FROM _attempt WHERE outcome = 'delivered' GROUP BY recipient_id HAVING count(*) > 1""",
    "attempts that are not its evidence": """
        SELECT recipient_id FROM _recipient AS r
         WHERE r.attempts <> (
                 SELECT count(*) FROM _attempt AS a
                  WHERE a.recipient_id = r.recipient_id
                    AND a.outcome NOT IN ('unknown', 'maybe_delivered', 'next_host'))""",
}


def programs() -> Path | None:
    """The directory with the newest server of this machine; None if there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


class Server:
    """A private server; `conninfo` names one of its databases."""

    def __init__(self, *settings: str) -> None:
        """*settings* are lines of its configuration."""
        binaries = programs()
        assert binaries is not None, "skipped without"
        self._binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="empath-pg-"))
        self._owner = os.getpid()
        as_root = os.geteuid() == 0
        entry = pwd.getpwnam(USER) if as_root else pwd.getpwuid(os.geteuid())
        self._ids: dict[str, Any] = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []} if as_root else {}
        os.chown(self.folder, entry.pw_uid, entry.pw_gid)
        self._run("initdb", "-D", str(self.folder / "data"), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync",
                  "--locale=C", "--no-instructions")  # fmt: skip
        lines = (
            "listen_addresses = ''", f"unix_socket_directories = '{self.folder}'", "fsync = off",
            "shared_buffers = 32MB", "max_connections = 60", "autovacuum = off", *settings,
        )  # fmt: skip
        with (self.folder / "data" / "postgresql.conf").open("a") as file:
            file.writelines(f"{line}\n" for line in lines)
        self._start()

    def _start(self) -> None:
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [str(self._binaries / "postgres"), "-D", str(self.folder / "data")],
                stdout=log, stderr=subprocess.STDOUT, cwd=self.folder, **self._ids,
            )  # fmt: skip
        self._run("pg_isready", "-h", str(self.folder), "-t", "30", until=True)

    def _run(self, program: str, *arguments: str, until: bool = False) -> None:
        while True:
            done = subprocess.run(
                [str(self._binaries / program), *arguments],
                capture_output=True,
                cwd=self.folder,
                check=False,
                **self._ids,
            )
            if done.returncode == 0:
                return
            if not until or self.process.poll() is not None:
                raise AssertionError(f"{program}: {done.stderr.decode()}{done.stdout.decode()}")

    def conninfo(self, database: str) -> str:
        """How a program connects to *database*."""
        return f"host={self.folder} user={USER} dbname={database}"

    def run(self, statement: str, database: str = "postgres") -> None:
        """Run one statement."""
        with psycopg.connect(self.conninfo(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def make_queue(self) -> None:
        """Make the database `queue`."""
        self.run("CREATE DATABASE queue")
        PostgresEngine(self.conninfo("queue"), max_leases=20, schema=SCHEMA).make()

    def queue(self) -> "PostgresQueue":
        """The queue, without rows but its process."""
        return PostgresQueue(self.conninfo("queue"))

    def crash(self) -> None:
        """Kill all its processes at once, as a loss of power does."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for pid in (self.process.pid, *map(int, children)):
            os.kill(pid, signal.SIGKILL)
        self.process.wait(30)

    def restart(self) -> None:
        """Start it again, on what it had synced."""
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        self._start()

    def stop(self) -> None:
        """End it, and remove what it has kept."""
        if os.getpid() == self._owner:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(30)
            shutil.rmtree(self.folder, ignore_errors=True)


class _WatchedEngine(PostgresEngine):
    """Remembers its readers, which tests on SQLite need not close."""

    def __init__(self, conninfo: str, max_leases: int) -> None:
        super().__init__(conninfo, max_leases=max_leases, schema=SCHEMA)
        self.readers: list[KeptReader] = []

    def open_reader(self, *, deadline_s: float = 5.0) -> KeptReader:
        """See `engine.Engine`."""
        self.readers.append(super().open_reader(deadline_s=deadline_s))
        return self.readers[-1]


class PostgresQueue(Queue):
    """The same in PostgreSQL. Before a look bells are answered and events numbered, as a process does soon."""

    def __init__(self, conninfo: str, *, max_leases: int = 20, slot: str = "worker-1") -> None:
        self.conninfo = conninfo
        self.path = Path("/dev/null/queue.db")  # no file can be there
        self._messages = 0
        self._watched = _WatchedEngine(conninfo, max_leases)
        self.engine = self._watched  # type: ignore[assignment]
        self._writer: Writer = self.engine.open_writer(deadline_s=5.0, notify=lambda: None)  # type: ignore[assignment]
        self.destination_ids = self._writer.destination_ids  # type: ignore[assignment]
        self._other: psycopg.Connection[tuple[Any, ...]] | None = None
        self.empty()
        self.process_id = self.register(slot)

    def empty(self) -> None:
        """Remove all rows of an earlier test, and begin the numbers anew."""
        other = self.other()
        written = other.execute(
            "SELECT DISTINCT c.relname FROM pg_sequences AS s JOIN pg_class AS c"
            " ON s.sequencename LIKE c.relname || '\\_%' WHERE s.last_value IS NOT NULL AND c.relkind = 'r'"
        ).fetchall()
        names = {*(name for (name,) in written), *UNNUMBERED}
        other.execute("SET session_replication_role = replica")
        other.execute(f"TRUNCATE {', '.join(sorted(names))} RESTART IDENTITY".encode())
        other.execute("UPDATE _event_type SET is_wanted = 0 WHERE is_wanted = 1")
        other.execute("SET session_replication_role = origin")

    def be_patient_for(self, deadline_s: float) -> None:
        """Let writes wait no longer than that for an edit."""
        self._writer.close()
        self._writer = self.engine.open_writer(deadline_s=deadline_s, notify=lambda: None)  # type: ignore[assignment]

    @contextmanager
    def cancelling_commits(self) -> Iterator[None]:
        """Cancel each commit that waits for a standby, as an impatient person does."""
        over = threading.Event()

        def cancel() -> None:
            with psycopg.connect(self.conninfo, autocommit=True) as connection:
                while not over.wait(0.01):
                    connection.execute(
                        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
                    )

        thread = threading.Thread(target=cancel)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def is_untouched(self) -> bool:
        """It is not known."""
        return False

    def close(self) -> None:
        """End the connections; the next write or look makes a new one."""
        self._writer.close()
        while self._watched.readers:
            self._watched.readers.pop().close()
        if self._other is not None:
            self._other.close()
            self._other = None

    def other(self) -> psycopg.Connection[tuple[Any, ...]]:
        """The connection of another program."""
        if self._other is None:
            self._other = psycopg.connect(self.conninfo, autocommit=True, options=f"-c search_path={SCHEMA}")
        return self._other

    def select(self, statement: str, *bindings: Any) -> list[tuple[Any, ...]]:
        """Rows, as another process sees them."""
        self._answer_bells()
        return self._run(statement, bindings)

    def _answer_bells(self) -> None:
        self.other().execute(compiled(all_queries("postgresql")["lease.answer_bells"]).encode())
        self.other().execute(compiled(all_queries("postgresql")["events.number"]).encode(), {"limit": 1_000})

    def write(self, statement: str, *bindings: Any) -> None:
        """Change the rows as another program does, and ring as an edit of mail does; bells are answered before."""
        self._answer_bells()
        self._run(statement, bindings)
        if "_recipient" not in statement:
            return
        self.other().execute(
            "INSERT INTO _bell (destination_id, due_at, priority) SELECT d.destination_id, min(w.next_retry_at),"
            " min(w.priority) FROM _destination AS d LEFT JOIN _waiting AS w USING (destination_id) GROUP BY 1"
        )

    def forge(self, statement: str, *bindings: Any) -> None:
        """Change rows without the triggers that forbid it, as a superuser can."""
        self.other().execute("SET session_replication_role = replica")
        try:
            self._run(statement, bindings)
        finally:
            self.other().execute("SET session_replication_role = origin")

    def _run(self, statement: str, bindings: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        cursor = self.other().execute(compiled(statement).encode(), bindings)
        return cursor.fetchall() if cursor.description is not None else []

    def violations(self) -> Dump:
        """What is wrong with the queue; empty if nothing is."""
        return violations(self.other())


def violations(connection: psycopg.Connection[tuple[Any, ...]]) -> Dump:
    """What is wrong with the queue that *connection* sees."""
    found = ((claim, connection.execute(statement.encode()).fetchall()) for claim, statement in VIOLATIONS.items())
    return {claim: rows for claim, rows in found if rows}
