"""
schema - make, migrate and recognize a queue database

`user_version` is the number of the schema.  A file with a higher number is refused.  A file with a lower one is
migrated: the scripts sql/sqlite/migrations/NNNN-what.sql change its tables and rows, step by step, and views and
triggers are created anew.  All of it is one transaction, so that no file is ever between two versions.

Names that begin with an underscore are Empath's own.  Other tables, indexes, views and triggers in the file belong to a
person, and stay.
"""

import os
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import apsw

from empath.errors import CannotCreate, UnusableQueue
from empath.storage.queries import script
from empath.storage.sqlite.connection import PAGE_OCTETS, open_writer, rows, transaction, translated, value

SCHEMA_VERSION = 2
APPLICATION_ID = 0x454D5041  # "EMPA"
_WAIT_S = 30.0
_VIEW = re.compile(r"^CREATE VIEW (\w+)", re.MULTILINE)
_TRIGGER = re.compile(r"^CREATE TRIGGER .*?^END;$", re.MULTILINE | re.DOTALL)


def prepare(path: Path, *, version: int = SCHEMA_VERSION, steps: Mapping[int, str] | None = None) -> int:
    """
    Make the database at *path* if there is none, bring an older one up to date; return the version it had (0: new).

    A database that is refused stays as it was. *version* is the one that this program knows, *steps* are the scripts
    that lead to it, by default `migrations()`.

    Raises:
        UnusableQueue: the file is of a newer Empath, or of another application.
        QueueBusy, StorageFailure: it could not be written.
    """
    with translated(path):
        _begin(path, version)
        connection = open_writer(path, deadline_s=_WAIT_S)
        try:
            with transaction(connection):
                found = check_version(connection, path, version)
                if found < version:
                    _build(connection, found, version, migrations() if steps is None else steps)
                return found
        finally:
            connection.close()


def check_version(connection: apsw.Connection, path: Path, known: int = SCHEMA_VERSION) -> int:
    """
    Return the file's schema version, 0 for an empty file.

    Raises:
        UnusableQueue: newer than *known*, or not a queue.
    """
    version = int(value(connection, "PRAGMA user_version"))
    application = int(value(connection, "PRAGMA application_id"))
    if application not in (0, APPLICATION_ID) or (application == 0 and _tables(connection)):
        raise UnusableQueue(f"{path}: the database of another application; name another file in [queue] path")
    if version > known:
        raise UnusableQueue(f"{path}: schema {version} is newer than this Empath, which knows {known}; upgrade Empath")
    return version


def check_current(connection: apsw.Connection, path: Path) -> None:
    """
    Hold that the file has exactly the schema of this program.

    Raises:
        UnusableQueue: it has another.
    """
    if check_version(connection, path) != SCHEMA_VERSION:
        raise UnusableQueue(f"{path}: the schema is of an older Empath; run `empathd check` to bring it up to date")


def migrations() -> dict[int, str]:
    """Scripts of sql/sqlite/migrations/ by the version that they lead to, which their names begin with."""
    folder = resources.files("empath").joinpath("sql", "sqlite", "migrations")
    return {
        int(file.name.partition("-")[0]): file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }


def _begin(path: Path, known: int) -> None:
    # SQLite would let everybody read it, and its companions are made with the mode of the database.
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640))
    except OSError as exc:
        raise CannotCreate(f"{path}: {exc.strerror}") from exc
    # The writer's connection turns the file to WAL mode when it opens it: a strange file must not come that far.
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_timeout(int(_WAIT_S * 1000))
        check_version(connection, path, known)
        # Pages, not octets: a start that was killed may have left some, and a journal that has just taken them back.
        if value(connection, "PRAGMA page_count") == 0:
            # These three count only before the first page is written.
            connection.pragma("page_size", PAGE_OCTETS)
            connection.pragma("auto_vacuum", 2)
            connection.pragma("journal_mode", "wal")
    finally:
        connection.close()


def _build(connection: apsw.Connection, found: int, known: int, steps: Mapping[int, str]) -> None:
    # rows() goes to the end of a script; a statement that gives a row would stop execute() there.
    if found == 0:
        rows(connection, script("sqlite/schema.sql"))
    else:
        _drop_views_and_triggers(connection)
        for version in range(found + 1, known + 1):
            rows(connection, steps[version])
        rows(connection, "\n".join(_TRIGGER.findall(script("sqlite/schema.sql"))))
    rows(connection, script("sqlite/views.sql"))
    rows(connection, script("sqlite/control.sql"))
    connection.pragma("application_id", APPLICATION_ID)
    connection.pragma("user_version", known)


def _tables(connection: apsw.Connection) -> list[str]:
    return [name for (name,) in rows(connection, "SELECT name FROM sqlite_schema WHERE type = 'table'")]


def _drop_views_and_triggers(connection: apsw.Connection) -> None:
    """Drop what the new version creates anew; a public view that it no longer has is dropped by its step."""
    public = set(_VIEW.findall(script("sqlite/views.sql")))
    # A view takes its triggers with it. Views first: SQLite checks no view against the tables that a step changes.
    for kind in ("view", "trigger"):
        for (name,) in rows(connection, "SELECT name FROM sqlite_schema WHERE type = ?", (kind,)):
            if name.startswith("_") or name in public:
                connection.execute(f'DROP {kind} "{name}"')
