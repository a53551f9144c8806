"""
schema - make, migrate and recognize a queue database

`user_version` is the number of the schema.  A file with a higher number is refused.  A file with a lower one is
migrated by the scripts sql/sqlite/migrations/NNNN-what.sql, step by step (migration.py).  The migration is one
transaction, so that no file is ever between two versions.
"""

import os
import time
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path

import apsw

from empath.errors import CannotCreate, UnusableQueue
from empath.storage.sqlite.connection import PAGE_OCTETS, fair_wait, open_writer, rows, transaction, translated, value
from empath.storage.sqlite.migration import create, differing, migrate

SCHEMA_VERSION = 10
APPLICATION_ID = 0x454D5041  # "EMPA"
_OURS = frozenset({"_message", "_recipient", "_destination"})  # some of the tables
_WAIT_S = 60.0  # as long as a start waits for its processes
_SAY_AFTER_S = 1.0


def prepare(
    path: Path,
    *,
    version: int = SCHEMA_VERSION,
    steps: Mapping[int, str] | None = None,
    say: Callable[[str], object] = lambda _: None,
) -> int:
    """
    Make the database at *path* if there is none, or bring an older one up to date; return its former version (0: new).

    A database that is refused stays as it was. *version* is the one that this program knows, *steps* are the scripts
    that lead to it, by default `migrations()`. *say* is called with each sentence for the person who starts Empath.

    Raises:
        UnusableQueue: the file is of a newer Empath, or of another application.
        QueueBusy, StorageFailure: it could not be written.
    """
    with translated(path):
        wait = _saying_wait(say)
        _begin(path, version, wait)
        connection = open_writer(path, deadline_s=_WAIT_S)
        connection.set_busy_handler(wait)
        try:
            # First check without a lock whether there is anything to do: another program may hold the lock.
            if check_version(connection, path, version) == version and not _wrong(connection, version):
                return version
            with transaction(connection):
                found = check_version(connection, path, version)
                sentences = _build(connection, found, version, migrations() if steps is None else steps)
        finally:
            connection.close()
    for sentence in sentences:
        say(sentence)
    return found


def check_version(connection: apsw.Connection, path: Path, known: int = SCHEMA_VERSION) -> int:
    """
    Return the file's schema version, 0 for an empty file.

    Raises:
        UnusableQueue: newer than *known*, or not a queue.
    """
    version = int(value(connection, "PRAGMA user_version"))
    application = int(value(connection, "PRAGMA application_id"))
    if application != APPLICATION_ID and _OURS.issubset(_tables(connection)):
        settings = f"PRAGMA application_id = {APPLICATION_ID}"
        settings += "" if version else "; PRAGMA user_version = (that of the original)"
        words = f"a queue whose application_id is {application} instead of {APPLICATION_ID}"
        raise UnusableQueue(f'{path}: {words}; stop the service, then run `sqlite3 {path} "{settings}"`')
    if application not in (0, APPLICATION_ID) or (application == 0 and _tables(connection)):
        raise UnusableQueue(f"{path}: the database of another application; name another file in [queue] path")
    if version > known:
        raise UnusableQueue(f"{path}: schema {version} is newer than this Empath, which knows {known}; upgrade Empath")
    return version


def check_current(connection: apsw.Connection, path: Path) -> None:
    """
    Check that the file has exactly the schema of this program.

    Raises:
        UnusableQueue: it has another.
    """
    if check_version(connection, path) != SCHEMA_VERSION:
        remedy = "`empathd restart` brings it up to date if one runs, else `empathd check`"
        raise UnusableQueue(f"{path}: the schema is of an older Empath; {remedy}")


def migrations() -> dict[int, str]:
    """Scripts of sql/sqlite/migrations/ by the version that they lead to, which their names begin with."""
    folder = resources.files("empath").joinpath("sql", "sqlite", "migrations")
    return {
        int(file.name.partition("-")[0]): file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }


def _saying_wait(say: Callable[[str], object]) -> Callable[[int], bool]:
    """A busy handler that waits for the write lock as `fair_wait` does, and says so once."""
    wait, began, is_said = fair_wait(_WAIT_S, time.sleep), 0.0, False

    def saying_wait(tries: int) -> bool:
        nonlocal began, is_said
        if tries == 0:
            began = time.monotonic()
        elif not is_said and time.monotonic() - began > _SAY_AFTER_S:
            is_said = True
            say(f"another program holds the write lock of the queue: waiting up to {_WAIT_S:.0f} s for it")
        return wait(tries)

    return saying_wait


def _begin(path: Path, known: int, wait: Callable[[int], bool]) -> None:
    # SQLite's default mode lets every user read the file. The -wal and -shm files get the mode of the database.
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640))
    except OSError as exc:
        raise CannotCreate(f"{path}: {exc.strerror}") from exc
    # A writing connection switches the file to WAL mode when it opens it: that must not happen to a foreign file.
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_handler(wait)
        # Count pages, not octets: a killed start may leave octets, and a journal that has just rolled them back. The
        # version is asked first, because it is read without the schema.
        if check_version(connection, path, known) == 0 and value(connection, "PRAGMA page_count") == 0:
            # These three have an effect only before the first page is written.
            connection.pragma("page_size", PAGE_OCTETS)
            connection.pragma("auto_vacuum", 2)
            connection.pragma("journal_mode", "wal")
    finally:
        connection.close()


def _build(connection: apsw.Connection, found: int, known: int, steps: Mapping[int, str]) -> list[str]:
    sentences: list[str] = []
    wrong = _wrong(connection, known) if found == known else []
    if wrong:
        made = ", ".join(wrong)
        why = "missing, changed, or of another version of Empath"
        sentences = [f"{why}, and created again: {made}", *migrate(connection, ())]
    elif found == 0:
        create(connection)
    elif found < known:
        sentences = migrate(connection, [steps[version] for version in range(found + 1, known + 1)])
    connection.pragma("application_id", APPLICATION_ID)
    connection.pragma("user_version", known)
    return sentences


def _wrong(connection: apsw.Connection, known: int) -> list[str]:
    """Views and triggers that are not as this program makes them; of another version it knows no text."""
    return differing(connection) if known == SCHEMA_VERSION else []


def _tables(connection: apsw.Connection) -> list[str]:
    return [name for (name,) in rows(connection, "SELECT name FROM sqlite_schema WHERE type = 'table'")]
