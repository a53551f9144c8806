"""
shell_statements - what a person types in our shell is in the audit, next to what it changed

Each statement that writes is followed by a row of the audit that has its text, in the same commit: in the transaction
of the person, or else in one that begins and ends with the statement.
"""

import contextlib
from collections.abc import Iterator
from typing import Final

import apsw
import apsw.ext

from empath.policy.authorship import statement_of_sql
from empath.storage.sqlite.connection import transaction
from empath.storage.sqlite.session import TranslatingSession

_WRITING: Final = frozenset({apsw.SQLITE_INSERT, apsw.SQLITE_UPDATE, apsw.SQLITE_DELETE})


def each_statement(connection: apsw.Connection, text: str) -> Iterator[tuple[str, bool]]:
    """
    Yield each statement of *text*, and whether it writes rows of the queue.

    Each is compiled when it is asked for, because it may need what those before it made. What cannot be compiled comes
    as it is, with all that follows: the shell says what is wrong.
    """
    rest: str | None = text
    while rest is not None and rest.strip():
        try:
            with _noting(connection) as written:
                found = apsw.ext.query_info(connection, rest)
        except apsw.Error:
            yield rest, False
            return
        yield found.first_query, bool(written) and not found.is_explain
        rest = found.query_remaining


@contextlib.contextmanager
def _noting(connection: apsw.Connection) -> Iterator[list[str]]:
    """A list, to which each table or view of the queue comes that a statement compiled in the body would write."""
    written: list[str] = []
    judge = connection.authorizer

    def note(code: int, name: str | None, argument: str | None, database: str | None, inner: str | None) -> int:
        if code in _WRITING and database == "main" and name is not None and not name.startswith("sqlite_"):
            written.append(name)
        return apsw.SQLITE_OK if judge is None else judge(code, name, argument, database, inner)

    connection.authorizer = note
    try:
        yield written
    finally:
        connection.authorizer = judge


@contextlib.contextmanager
def recorded(session: TranslatingSession, connection: apsw.Connection, statement: str) -> Iterator[None]:
    """
    Let the audit have *statement*, if the body changes what the audit tells of.

    `last_insert_rowid()` is kept for the person, and `changes()` is 0, as after any change through a view.
    """
    with contextlib.nullcontext() if connection.in_transaction else transaction(connection):
        first = int(session.value("orders.last_audit") or 0) + 1
        yield
        if int(session.value("orders.last_audit") or 0) < first:
            return
        row = connection.last_insert_rowid()
        words = {"who": session.value("orders.author"), "first": first, "statement": statement_of_sql(statement)}
        session.run("orders.record_statement", words)
        session.run("orders.clear_actor")
        connection.set_last_insert_rowid(row)
