"""
connection - the one way to connect to the database that keeps the queue

THEORY
    A promise to a client is kept by a commit, so each connection sets what a commit means, and checks what the server
    says about it.  Statements see what was committed before they began (READ COMMITTED); where more is needed, rows are
    locked.  No wait is without an end: `lock_timeout`, `statement_timeout`, and the timeouts of the stream.  Prepared
    statements keep one plan for all values, as their indexes are chosen for.

    The server ends the wait of a commit for its standby when somebody cancels it, and the client sees a success with a
    warning.  So a warning during a commit counts as a lost connection: the commit is in doubt.

    The errors of psycopg end here: `translated()` turns each into one of ours.
"""

import contextlib
from collections.abc import Iterator
from typing import Any, Final

import psycopg
from psycopg import sql
from psycopg.adapt import Buffer, Dumper
from psycopg.conninfo import conninfo_to_dict

from empath.errors import EmpathError, QueueBusy, ServiceUnavailable, StatementRefused, StorageFailure, UnusableQueue

OLDEST_SERVER: Final = 14
LOCK_S: Final = 5.0
_STATEMENT_S: Final = 30
# Errors after which the same write may succeed: a deadlock, a serialization failure, a lock that was held too long.
PASSING: Final = (
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.LockNotAvailable,
)
# Errors caused by the values of one write. psycopg refuses some of them itself, such as text with a zero octet.
REFUSED: Final = (psycopg.DataError, psycopg.IntegrityError, UnicodeError)

Connection = psycopg.Connection[tuple[Any, ...]]


class CommitInDoubt(StorageFailure):
    """A commit gave up waiting for its standby; it may be lost with the server."""


class _BoolDumper(Dumper):
    """A truth value is 0 or 1 in the queue, as on SQLite."""

    oid = psycopg.postgres.types["int2"].oid

    def dump(self, obj: bool) -> Buffer:
        return b"1" if obj else b"0"


def connect(conninfo: str, schema: str, *, lock_s: float = LOCK_S) -> Connection:
    """
    Connect for reading and writing; each statement is a transaction unless one was begun.

    *lock_s* bounds each wait for a lock.

    Raises:
        UnusableQueue: the server is too old, keeps text in another encoding than UTF-8, or would lose commits.
        StorageFailure: it cannot be reached.
    """
    location = location_of(conninfo)
    with translated(location):
        connection = psycopg.connect(
            conninfo,
            autocommit=True,
            prepare_threshold=1,
            application_name="empath",
            connect_timeout=5,
            options=" ".join(
                (
                    f"-c lock_timeout={lock_s * 1000:.0f}ms -c statement_timeout={_STATEMENT_S}s",
                    f"-c idle_in_transaction_session_timeout={_STATEMENT_S}s -c tcp_user_timeout=10000",
                    "-c default_transaction_isolation=read\\ committed",
                    "-c plan_cache_mode=force_generic_plan -c jit=off",
                )
            ),
        )
        try:
            connection.prepared_max = None  # each statement is prepared once
            connection.adapters.register_dumper(bool, _BoolDumper)
            connection.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(schema)))
            _check_server(connection, location)
        except BaseException:
            connection.close()
            raise
        return connection


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
    if isinstance(exc, (*REFUSED, psycopg.ProgrammingError)):
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
    [(commits,)] = connection.execute("SHOW synchronous_commit").fetchall()
    version, encoding = connection.info.server_version // 10_000, connection.info.parameter_status("server_encoding")
    if version < OLDEST_SERVER:
        raise UnusableQueue(f"{location}: PostgreSQL {version} is too old; install {OLDEST_SERVER} or newer")
    if encoding != "UTF8":
        raise UnusableQueue(f"{location}: the database keeps text as {encoding}; create one with ENCODING 'UTF8'")
    if commits not in ("on", "remote_apply"):
        raise UnusableQueue(
            f"{location}: synchronous_commit is {commits}, so that a crash loses accepted mail; set it to on"
        )
