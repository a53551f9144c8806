"""
connection - the one way to connect to the database that keeps the queue

THEORY
    A promise to a client is kept by a commit, so each connection sets what a commit means, and checks what the server
    says about it.  Statements see what was committed before they began (READ COMMITTED); where more is needed, rows are
    locked.  No wait is without an end: `lock_timeout`, `statement_timeout`, and the timeouts of the stream.  Prepared
    statements keep one plan for all values, as their indexes are chosen for.

    The server ends the wait of a commit for its standby when somebody cancels it, and the client sees a success with a
    warning.  So a warning during a commit counts as a lost connection: the commit is in doubt.

        A writer has a thread of its own, which its waits stop and nothing else: its connection waits in C.  All others
    belong to a hub, and let its greenlets run.

The errors of psycopg end here: `translated()` turns each into one of ours.
"""

import contextlib
import re
from collections.abc import Iterator
from typing import Any, Final, TypeVar

import psycopg
from psycopg import sql, waiting
from psycopg.abc import PQGen
from psycopg.adapt import Buffer, Dumper, Loader
from psycopg.conninfo import conninfo_to_dict

from empath.errors import (
    EmpathError,
    PermissionRefused,
    QueueBusy,
    ServiceUnavailable,
    StatementRefused,
    StorageFailure,
    UnusableQueue,
)

OLDEST_SERVER: Final = 14
LOCK_S: Final = 5.0
STATEMENT_S: Final = 30
_STANDBYS: Final = re.compile(r"\s*(?:(?:FIRST|ANY)\s+)?(\d+)\s*\(", re.IGNORECASE)
# Errors after which the same write may succeed: a deadlock, a serialization failure, a lock that was held too long.
PASSING: Final = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.LockNotAvailable,
)
# Errors caused by the values of one write. psycopg refuses some of them itself, such as text with a zero octet.
REFUSED: Final = (psycopg.DataError, psycopg.IntegrityError, UnicodeError)

Connection = psycopg.Connection[tuple[Any, ...]]
RV = TypeVar("RV")


class CommitInDoubt(StorageFailure):
    """A commit gave up waiting for its standby; it may be lost with the server."""


class _BoolDumper(Dumper):
    """A truth value is 0 or 1 in the queue, as on SQLite."""

    oid = psycopg.postgres.types["int2"].oid

    def dump(self, obj: bool) -> Buffer:
        return b"1" if obj else b"0"


class _NumericLoader(Loader):
    """A sum is a plain number, as on SQLite."""

    def load(self, data: Buffer) -> int | float:
        text = bytes(data).decode()
        return int(text) if text.lstrip("-").isdigit() else float(text)


class ThreadConnection(psycopg.Connection[tuple[Any, ...]]):
    """The connection of a native thread. A patched wait would give the thread a hub of its own."""

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """See psycopg.Connection."""
        wait = getattr(waiting, "wait_c", waiting.wait)
        result: RV = wait(gen, self.pgconn.socket, interval=interval, timeout=timeout)
        return result


def connect(
    conninfo: str,
    schema: str,
    *,
    lock_s: float = LOCK_S,
    statement_s: float = STATEMENT_S,
    reads_only: bool = False,
    replicas: int | None = None,
    made_by: type[Connection] = psycopg.Connection,
) -> Connection:
    """
    Connect; each statement is a transaction unless one was begun.

    *lock_s* bounds each wait for a lock, *statement_s* each statement. *replicas* is the number of standbys that must
    have a mail before its 250; None: nothing is asked about what a commit survives.

    Raises:
        UnusableQueue: the server is too old, keeps text in another encoding than UTF-8, or would lose commits.
        StorageFailure: it cannot be reached.
    """
    location = location_of(conninfo)
    with translated(location):
        connection = made_by.connect(
            conninfo,
            autocommit=True,
            prepare_threshold=1,
            application_name="empath",
            connect_timeout=5,
            tcp_user_timeout=10_000,
            target_session_attrs="any" if reads_only else "read-write",
            options=" ".join(
                (
                    f"-c lock_timeout={lock_s * 1000:.0f}ms -c statement_timeout={statement_s:.0f}s",
                    f"-c idle_in_transaction_session_timeout={statement_s:.0f}s",
                    "-c default_transaction_isolation=read\\ committed",
                    f"-c default_transaction_read_only={'on' if reads_only else 'off'}",
                    "-c plan_cache_mode=force_generic_plan -c jit=off",
                )
            ),
        )
        try:
            connection.prepared_max = None  # each statement is prepared once
            connection.adapters.register_dumper(bool, _BoolDumper)
            connection.adapters.register_loader("numeric", _NumericLoader)
            connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(schema)))
            _check_server(connection, location)
            if replicas is not None:
                for problem in lost_commits(connection, replicas):
                    raise UnusableQueue(f"{location}: {problem}")
        except BaseException:
            connection.close()
            raise
        return connection


def lost_commits(connection: Connection, replicas: int) -> Iterator[str]:
    """What could lose a mail that was accepted: a sentence each, with what to do."""
    names = "fsync", "full_page_writes", "synchronous_commit", "synchronous_standby_names"
    [row] = connection.execute(
        "SELECT current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),"
        " current_setting('synchronous_standby_names')"
    ).fetchall()
    found = dict(zip(names, row, strict=True))
    for name in names[:2]:
        if found[name] != "on":
            yield f"{name} is {found[name]}, so that a crash of the server loses accepted mail; set it to on"
    commits = found["synchronous_commit"]
    if commits not in ("on", "remote_apply"):
        yield f"synchronous_commit is {commits}, so that a crash loses accepted mail; set it to on"
    standbys = standbys_of(found["synchronous_standby_names"])
    if standbys < replicas:
        yield (
            f"a commit waits for {standbys} standby servers, and [queue] replicas asks for {replicas}; set"
            f" synchronous_standby_names of the server, or replicas = {standbys} if its loss may lose accepted mail"
        )


def standbys_of(names: str) -> int:
    """How many standbys a commit waits for, by the setting synchronous_standby_names."""
    number = _STANDBYS.match(names)
    return int(number[1]) if number else int(bool(names.strip()))


def location_of(conninfo: str) -> str:
    """The place of the queue, as messages to people name it; never a password."""
    parts = conninfo_to_dict(conninfo)
    where = parts.get("host") or parts.get("hostaddr") or "localhost"
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"postgresql://{where}{port}/{parts.get('dbname') or parts.get('user') or ''}"


@contextlib.contextmanager
def translated(location: str) -> Iterator[None]:
    """
    Turn the errors of psycopg into ours.

    Raises:
        QueueBusy: a lock was held until the deadline, or two transactions waited for each other.
        StatementRefused: the database refuses a value, or the statement.
        PermissionRefused: this role may not do that.
        ServiceUnavailable: it ends, or has no connection left.
        StorageFailure: anything else.
    """
    try:
        yield
    except (psycopg.Error, UnicodeError) as exc:
        raise ours(exc, location) from exc


def ours(exc: psycopg.Error | UnicodeError, location: str) -> EmpathError:
    """The error of ours that says what *exc* says, with the *location* of the queue."""
    text = first_line(exc)
    if isinstance(exc, PASSING):
        return QueueBusy(f"{location}: another transaction holds a lock; try again, or end it: {text}")
    if isinstance(exc, psycopg.errors.InsufficientPrivilege | psycopg.errors.InvalidAuthorizationSpecification):
        return PermissionRefused(f"{location}: {text}")
    if isinstance(exc, (*REFUSED, psycopg.ProgrammingError, psycopg.errors.ReadOnlySqlTransaction)):
        return StatementRefused(f"{location}: refused by the database: {text}")
    if isinstance(
        exc, psycopg.errors.AdminShutdown | psycopg.errors.CannotConnectNow | psycopg.errors.TooManyConnections
    ):
        return ServiceUnavailable(f"{location}: {text}")
    return StorageFailure(f"{location}: {text}")


def first_line(exc: Exception) -> str:
    """What an error says, without its context."""
    return str(exc).partition("\n")[0] or type(exc).__name__


def _check_server(connection: Connection, location: str) -> None:
    version, encoding = connection.info.server_version // 10_000, connection.info.parameter_status("server_encoding")
    if version < OLDEST_SERVER:
        raise UnusableQueue(f"{location}: PostgreSQL {version} is too old; install {OLDEST_SERVER} or newer")
    if encoding != "UTF8":
        raise UnusableQueue(f"{location}: the database keeps text as {encoding}; create one with ENCODING 'UTF8'")
