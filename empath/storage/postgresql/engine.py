"""
engine - a queue in PostgreSQL

Decision 61 says what is built and what is not. What a person asks for that is not built is refused in one line, which
says what does it instead.
"""

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Final, NoReturn

import psycopg
from psycopg.conninfo import make_conninfo

from empath.errors import MissingInput, UnusableQueue, UsageError
from empath.policy.health import SILENCE_S, Diagnosis
from empath.policy.long_transactions import Holder
from empath.storage.engine import NewDestination, Reader, Selects, Sleep
from empath.storage.place import check_place, make_spool
from empath.storage.postgresql import doctor
from empath.storage.postgresql.connection import (
    LOCK_S,
    STATEMENT_S,
    Connection,
    ThreadConnection,
    connect,
    location_of,
)
from empath.storage.postgresql.destination_ids import DestinationIds
from empath.storage.postgresql.numbering import NumberEvents, number_new
from empath.storage.postgresql.schema import SCHEMA_VERSION, check_current, prepare
from empath.storage.postgresql.session import KeptReader, statements
from empath.storage.postgresql.visit import PostgresVisit, visiting
from empath.storage.postgresql.writer import Writer
from empath.storage.write import Write

Visiting = Callable[[], AbstractContextManager[PostgresVisit]]
_VISIT_S: Final = 600.0  # a person may list a large queue


def preload() -> None:
    """See `storage.open.preload`."""
    statements()


class PostgresEngine:
    """
    The queue in *schema* of the database that *conninfo* names, a URL or a string of libpq.

    New destinations get *max_leases* slots. The files of this host are next to *place*: the lock of the instance, its
    sockets, large content. *replicas* as for `connection.connect`; *node* is the name of this host.
    """

    has_one_instance = False
    destinations_stay = True

    def __init__(
        self,
        conninfo: str,
        *,
        max_leases: int,
        schema: str = "empath",
        place: Path = Path("/dev/null/queue"),
        replicas: int | None = None,
        node: str = "",
    ) -> None:
        self._conninfo = conninfo
        self._schema = schema
        self._max_leases = max_leases
        self._place = place
        self._replicas = replicas
        self._node = node
        self._begin_with: Callable[[str], NewDestination] | None = None
        self.location = location_of(conninfo)

    def begin_destinations(self, begin_with: Callable[[str], NewDestination]) -> None:
        """See `engine.Engine`."""
        self._begin_with = begin_with

    def known_schema(self) -> int:
        """See `engine.Engine`."""
        return SCHEMA_VERSION

    def prepare(self, user: str | None, *, say: Callable[[str], object]) -> None:
        """See `engine.Engine`. A queue that a process of another host works on is refused: it is one host's as yet."""
        owner = check_place(self._place, user)
        gives = os.geteuid() == 0 and user is not None
        with _acting_as(owner.pw_uid if gives else None):
            self.make()
            with visiting(self._connect, self.location, self._ids()) as visit:
                self._hold_alone(visit)
        visit_as_owner = partial(_visiting_as, owner.pw_uid if gives else None, partial(self.visiting, LOCK_S))
        make_spool(self._place, owner, visit_as_owner, files=(), gives=gives, say=say)

    def make(self) -> None:
        """
        Make the queue in the server if there is none.

        Raises:
            EmpathError: the queue cannot be used; the text says why and what to do.
        """
        connection = connect(self._conninfo, self._schema, replicas=self._replicas)
        try:
            prepare(connection, self._schema, self.location)
        finally:
            connection.close()

    def _hold_alone(self, visit: Selects) -> None:
        [(_, now, _)] = visit.rows("doctor.server")
        for node, beat_at in visit.rows("process.other_nodes", {"node": self._node}):
            if beat_at > now - SILENCE_S:
                raise UnusableQueue(
                    f"{self.location}: the node {node} works on this queue, and several nodes on one are not built yet;"
                    f" stop it there, or wait {SILENCE_S:.0f} s if it died"
                )

    def open_reader(self, *, deadline_s: float = LOCK_S) -> KeptReader:
        """See `engine.Engine`."""
        return KeptReader(partial(self._connect, deadline_s), self.location, self._ids())

    def open_writer(
        self, *, deadline_s: float, notify: Callable[[], object], sleep: Sleep = time.sleep, look_s: float = 0.0
    ) -> Writer:
        """See `engine.Engine`; *deadline_s* bounds each wait for an edit. There are no files to look at."""
        connecting = partial(self._connect, deadline_s, made_by=ThreadConnection)
        return Writer(connecting, self.location, self._ids(), notify=notify, deadline_s=deadline_s, sleep=sleep)

    def visiting(self, write_deadline_s: float | None) -> AbstractContextManager[PostgresVisit]:
        """See `engine.Engine`."""
        lock_s = LOCK_S if write_deadline_s is None else write_deadline_s
        connecting = partial(self._connect, lock_s, reads_only=write_deadline_s is None, statement_s=_VISIT_S)
        return visiting(connecting, self.location, self._ids())

    def visiting_any_version(self) -> AbstractContextManager[PostgresVisit]:
        """See `engine.Engine`; there was only one version as yet."""
        return self.visiting(None)

    def copy(self, visit: Selects, target: Path, on_progress: Callable[[int, int], object]) -> NoReturn:
        """Not built."""
        self._refuse("a copy of the queue", "pg_dump, or the backup of the server, has the queue; copy spool/ as well")

    def export_message(self, target: Path, message_id: int) -> NoReturn:
        """Not built."""
        self._refuse("a queue of one message", "`empath-admin show --raw` writes its content")

    def leave_out(self, stand_in: bytes, digest: str, masks: Mapping[str, str]) -> NoReturn:
        """Not built."""
        self._refuse("a masked copy", "`empath-admin view --masked` shows a message without its addresses")

    def close_log(self) -> None:
        """See `engine.Engine`; the log is the server's."""

    def check_version(self) -> None:
        """See `engine.Engine`."""
        with self.visiting(None):
            pass

    def run_shell(self, statements: Sequence[str], *, write_deadline_s: float | None, masks: bool = False) -> NoReturn:
        """Not built."""
        self._refuse("`empath-admin sql`", "`empath-sql` starts psql on the queue")

    def system_shell(self, arguments: Sequence[str], *, writes: bool) -> list[str]:
        """psql on the schema of the queue."""
        with self.visiting(None):
            pass
        program = shutil.which("psql")
        if program is None:
            raise MissingInput("psql is not installed; its package is postgresql-client in Debian")
        options = f"-c search_path={self._schema} -c default_transaction_read_only={'off' if writes else 'on'}"
        command = [program, "--dbname", make_conninfo(self._conninfo, options=options)]
        for argument in arguments:
            command += [argument] if argument.startswith("-") else ["--command", argument]
        return command

    def diagnose_place(self, user: str | None, *, wanted_octets: int, log_limit_octets: int) -> Iterator[Diagnosis]:
        """See `engine.Engine`."""
        yield from doctor.diagnose_server(self._connect, self._conninfo, self._replicas)
        yield from doctor.diagnose_owners(self._place, user)
        yield from doctor.diagnose_disk(self._place, wanted_octets)

    def diagnose_owners(self, user: str | None) -> Iterator[Diagnosis]:
        """See `engine.Engine`."""
        return doctor.diagnose_owners(self._place, user)

    def diagnose_editors(self, visit: Selects) -> Diagnosis:
        """See `engine.Engine`."""
        return doctor.diagnose_editors()

    def differing_objects(self, visit: Selects) -> list[str]:
        """See `engine.Engine`; only what is missing is found."""
        return doctor.missing_objects(visit)

    def diagnose_schema(self, visit: Selects) -> Diagnosis:
        """See `engine.Engine`."""
        return doctor.diagnose_schema(visit)

    def diagnose_free_pages(self, visit: Selects) -> Diagnosis:
        """See `engine.Engine`."""
        return doctor.diagnose_dead_rows(visit)

    def check_place(self) -> None:
        """See `engine.Engine`; a server does not move under its connections."""

    def lock_waits(self) -> int:
        """See `engine.Engine`; nobody waits for a lock of the whole queue."""
        return 0

    def free_octets(self) -> int:
        """Of the disk of this host, for large content. A server whose disk is full refuses each mail by itself."""
        return shutil.disk_usage(self._place.parent).free

    def log_octets(self) -> int:
        """See `engine.Engine`; the log is the server's."""
        return 0

    def cut_log(self, *, deadline_s: float, sleep: Sleep) -> bool:
        """See `engine.Engine`; the log is the server's."""
        return True

    def log_keepers(self) -> tuple[str, ...]:
        """See `engine.Engine`."""
        return ()

    def transactions(self) -> frozenset[Holder]:
        """See `engine.Engine`; processes of other hosts have no pid here. `doctor` tells of old snapshots."""
        return frozenset()

    def unused_octets(self, reader: Reader) -> int:
        """See `engine.Engine`; autovacuum gives space to new mail."""
        return 0

    def return_space(self) -> Write:
        """See `engine.Engine`; nothing is unused."""
        return _Nothing()

    def number_events(self, reader: Reader) -> NumberEvents | None:
        """See `engine.Engine`."""
        return number_new(reader)

    def keep_plans(self, reader: Reader) -> None:
        """See `engine.Engine`; statistics are the server's, and plans are tested with them."""

    def _refuse(self, what: str, instead: str) -> NoReturn:
        raise UsageError(f"{self.location}: {what} is not built for PostgreSQL yet; {instead}")

    def _connect(
        self,
        lock_s: float = LOCK_S,
        *,
        statement_s: float = STATEMENT_S,
        reads_only: bool = False,
        made_by: type[Connection] = psycopg.Connection,
    ) -> Connection:
        connection = connect(
            self._conninfo,
            self._schema,
            lock_s=lock_s,
            statement_s=statement_s,
            reads_only=reads_only,
            replicas=None if reads_only else self._replicas,
            made_by=made_by,
        )
        try:
            check_current(connection, self.location)
        except BaseException:
            connection.close()
            raise
        return connection

    def _ids(self) -> DestinationIds:
        return DestinationIds(self._max_leases, self._begin_with)


class _Nothing(Write):
    """A write that changes nothing."""

    def run(self, session: object) -> None:
        """See `Write`."""


@contextlib.contextmanager
def _acting_as(uid: int | None) -> Iterator[None]:
    """As root, be *uid* for the time of a `with`: a server may know who connects by the user of the process."""
    if uid is None:
        yield
        return
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


@contextlib.contextmanager
def _visiting_as(uid: int | None, visit: Visiting) -> Iterator[PostgresVisit]:
    with contextlib.ExitStack() as stack:
        with _acting_as(uid):
            session = stack.enter_context(visit())
        yield session
