"""
schema - the tables and views of a queue in PostgreSQL, in a schema of their own

A queue is made in one transaction. Several processes may try at once: the second one waits for the first, and finds it
made.
"""

from typing import Final

import psycopg
from psycopg import sql

from empath.errors import MissingInput, PermissionRefused, UnusableQueue
from empath.storage.postgresql.connection import Connection, ours
from empath.storage.queries import script

SCHEMA_VERSION: Final = 1
_SCRIPTS: Final = ("schema", "views", "control")
_MADE_MEANWHILE: Final = (
    psycopg.errors.UniqueViolation,
    psycopg.errors.DuplicateTable,
    psycopg.errors.DuplicateFunction,
)


def prepare(connection: Connection, schema: str, location: str) -> None:
    """
    Make the queue if there is none.

    Raises:
        UnusableQueue: there is one of another version.
        PermissionRefused: this role may not make one.
        StorageFailure: it cannot be made.
    """
    if _version(connection) is None:
        try:
            with connection.transaction():
                connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(schema)))
                for name in _SCRIPTS:
                    connection.execute(script(f"postgresql/{name}.sql").encode())
                connection.execute("INSERT INTO _meta (schema_version) VALUES (%s)", (SCHEMA_VERSION,))
        except _MADE_MEANWHILE:
            pass
        except psycopg.errors.InsufficientPrivilege as exc:
            raise PermissionRefused(
                f"{location}: this role may not make the queue; GRANT CREATE on the database to it: {exc}"
            ) from exc
        except psycopg.Error as exc:
            raise ours(exc, location) from exc
    check_current(connection, location)


def check_current(connection: Connection, location: str) -> None:
    """
    Check that the queue has the schema of this program.

    Raises:
        MissingInput: there is no queue.
        UnusableQueue: it has another schema.
    """
    found = _version(connection)
    if found is None:
        raise MissingInput(f"{location}: there is no queue; the first `empathd start` makes it")
    if found != SCHEMA_VERSION:
        known = f"this program knows {SCHEMA_VERSION}; run the program that made it"
        raise UnusableQueue(f"{location}: the queue has schema {found}, and {known}")


def _version(connection: Connection) -> int | None:
    try:
        found = connection.execute("SELECT schema_version FROM _meta").fetchall()
    except psycopg.errors.UndefinedTable:
        return None
    return int(found[0][0]) if found else None
