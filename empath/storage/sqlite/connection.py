"""
connection - the one way to open the queue database

THEORY
    SQLite's own busy timeout starves a writer that competes with others in a closed loop.  So each connection has a
    busy handler that sleeps short random times until a deadline.  SQLite's guarantees depend on its settings, so each
    setting is set and read back.  A connection belongs to the process that opened it: it must not cross a fork.

    Each connection parses the whole schema, which makes 20,000 small allocations.  SQLite counts allocations under a
    mutex, for statistics that nobody reads here; without them an opening costs an eighth less.

    The errors of apsw end here: `translated()` turns each into one of ours.
"""

import contextlib
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import apsw

from empath.errors import (
    DamagedQueue,
    EmpathError,
    QueueBusy,
    ServiceUnavailable,
    StatementRefused,
    StorageFailure,
    UnusableQueue,
)
from empath.storage.engine import Bindings, Sleep

PAGE_OCTETS = 4096
AUTOCHECKPOINT_PAGES = 1000
_CACHE_KIB = 16 * 1024
# The driver's cache is a ring: a statement takes a new place at each use. The settles between two leases must not push
# out the statements of a lease. This is the largest size that the driver takes.
_STATEMENTS = 512
_EAGER_TRIES = 100
# Before 3.51.3 a checkpoint during a WAL reset can corrupt the file. These older lines have the fix, too.
_MENDED_LINES = {(3, 44): 6, (3, 50): 7, (3, 51): 3}


def _keep_no_statistics() -> None:
    """A setting of the library, which takes it only while nothing is open: a module that was imported first may be."""
    if not apsw.connections():
        apsw.shutdown()
        apsw.config(apsw.SQLITE_CONFIG_MEMSTATUS, False)
        apsw.initialize()


_keep_no_statistics()


def check_library(version: str | None = None) -> None:
    """
    Refuse an SQLite that can corrupt a WAL database written by several processes.

    Raises:
        ServiceUnavailable: *version* (default: that of the library in use) is affected.
    """
    version = apsw.sqlite_lib_version() if version is None else version
    major, minor, patch, *_ = (*map(int, version.split(".")), 0, 0)
    if (major, minor) > (3, 51) or patch >= _MENDED_LINES.get((major, minor), 1_000_000):
        return
    raise ServiceUnavailable(
        f"SQLite {version} can corrupt a queue that several processes write; install apsw 3.51.3 or newer"
    )


def open_writer(path: Path, *, deadline_s: float, sleep: Sleep = time.sleep) -> apsw.Connection:
    """
    Open for reading and writing; the file must exist.

    *deadline_s* bounds the wait for another process's write lock; *sleep* must block only the calling thread. Two
    threads must not use it at the same time: it has no mutex, which each call would lock.

    Raises:
        UnusableQueue: the file is not a WAL database, or a setting does not take effect.
        StorageFailure: it cannot be opened.
    """
    with translated(path):
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_NOMUTEX
        connection = apsw.Connection(str(path), flags=flags, statementcachesize=_STATEMENTS)
        connection.set_busy_handler(fair_wait(deadline_s, sleep))
        _keep_plans(connection)
        _set(connection, path, "journal_mode", "wal")
        _set(connection, path, "synchronous", 2)
        _set(connection, path, "foreign_keys", 1)
        _set(connection, path, "mmap_size", 0)
        connection.pragma("cache_size", -_CACHE_KIB)
        connection.wal_autocheckpoint(AUTOCHECKPOINT_PAGES)
        return connection


def open_reader(path: Path, *, deadline_s: float = 5.0, sleep: Sleep = time.sleep) -> apsw.Connection:
    """
    Open for reading only; such a connection never checkpoints.

    Raises:
        UnusableQueue: the file is not a database.
        StorageFailure: it cannot be opened.
    """
    with translated(path):
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE, statementcachesize=_STATEMENTS)
        connection.set_busy_handler(fair_wait(deadline_s, sleep))
        _keep_plans(connection)
        connection.wal_autocheckpoint(0)
        _set(connection, path, "mmap_size", 0)
        _set(connection, path, "query_only", 1)
        return connection


@contextlib.contextmanager
def translated(path: Path | str) -> Iterator[None]:
    """
    Turn the errors of apsw into ours.

    Raises:
        QueueBusy: the lock was held until the deadline.
        UnusableQueue: *path* is not a database.
        StatementRefused: a text that was given is not UTF-8.
        StorageFailure: anything else, such as text of a row that is not UTF-8.
    """
    try:
        yield
    except (apsw.Error, UnicodeDecodeError) as exc:
        raise ours(exc, path) from exc
    except UnicodeEncodeError as exc:
        raise StatementRefused(
            f"not UTF-8: {exc.object!r}; set the terminal to UTF-8, and type the text again"
        ) from exc


def ours(exc: apsw.Error | UnicodeDecodeError, path: Path | str) -> EmpathError:
    """The error of ours that says what *exc* says, with the file's *path*."""
    if isinstance(exc, UnicodeDecodeError):  # the views refuse it, so another program has written it into a table
        octets = exc.object[max(0, exc.start - 20) : exc.start + 20]
        return StorageFailure(f"{path}: a row has text that is not UTF-8: {octets!r}; correct or delete the row")
    if isinstance(exc, apsw.BusyError):
        return QueueBusy(f"{path}: another process holds the write lock; try again, or end that process")
    if isinstance(exc, apsw.NotADBError):
        return UnusableQueue(f"{path}: not a queue database; move the file away or name another in [queue] path")
    if isinstance(exc, apsw.CorruptError):
        return DamagedQueue(str(path), str(exc).removeprefix("SQLITE_"))
    return StorageFailure(f"{path}: {str(exc).removeprefix('SQLITE_')}")


def rows(connection: apsw.Connection, statement: str, bindings: Bindings = ()) -> list[tuple[Any, ...]]:
    """All rows of one statement; its cursor is closed here, in the thread that made it."""
    return connection.execute(statement, bindings).fetchall()


def value(connection: apsw.Connection, statement: str, bindings: Bindings = ()) -> Any:
    """The one value of a statement that gives one row of one column; None if it gives no row."""
    found = rows(connection, statement, bindings)
    return found[0][0] if found else None


@contextlib.contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """`BEGIN IMMEDIATE … COMMIT`, or a roll-back of all of it when the body or the commit raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _keep_plans(connection: apsw.Connection) -> None:
    """Make SQLite compile a statement once, not again for each value that might decide whether a partial index fits."""
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)


def _set(connection: apsw.Connection, path: Path, name: str, wanted: str | int) -> None:
    connection.pragma(name, wanted)
    found = connection.pragma(name)
    if found != wanted:
        raise UnusableQueue(f"{path}: PRAGMA {name} is {found!r} and must be {wanted!r}")


class LockWaits:
    """How often this process found the write lock taken."""

    def __init__(self) -> None:
        self.count = 0


LOCK_WAITS: Final = LockWaits()


def fair_wait(deadline_s: float, sleep: Sleep) -> Callable[[int], bool]:
    """A busy handler that tries again at random intervals for *deadline_s*: SQLite's own lets writers starve."""
    began = 0.0

    def wait(tries: int) -> bool:
        nonlocal began
        if tries == 0:
            began = time.monotonic()
            LOCK_WAITS.count += 1
        elif time.monotonic() - began > deadline_s:
            return False
        sleep(random.uniform(0.0, 0.001) if tries < _EAGER_TRIES else random.uniform(0.002, 0.010))
        return True

    return wait
