"""
migration - bring the schema of an older queue up to date, and keep what people created in it

Empath's views and triggers are dropped, the steps change tables and rows, and the views and triggers of the new version
are created.  Views, triggers and indexes that people created are dropped first, because a step must not fail on them,
and created again last.  Those that do not fit the new version are named, and their text goes to the audit.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import apsw

from empath.storage.queries import query_files, script
from empath.storage.sqlite.connection import rows, value

_VIEW = re.compile(r"^CREATE VIEW (\w+)", re.MULTILINE)
_TRIGGER = re.compile(r"^CREATE TRIGGER (\w+) .*?^END;$", re.MULTILINE | re.DOTALL)
# SQLite's errors about a statement's text, and about rows that break a unique index; any other ends the migration.
_REFUSED = (apsw.SQLError, apsw.ConstraintError)


@dataclass(frozen=True, slots=True)
class _Object:
    """A view, trigger or index, of or on *table*, as sqlite_schema has it."""

    kind: str
    name: str
    table: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def create(connection: apsw.Connection) -> None:
    """Make everything in an empty file."""
    # rows() goes to the end of a script; a statement that gives a row would stop execute() there.
    rows(connection, script("sqlite/schema.sql"))
    _create_views(connection)


def migrate(connection: apsw.Connection, steps: Iterable[str]) -> list[str]:
    """
    Run *steps*, which lead to the version of this program; return a sentence for each object that could not be kept.

    Run it in a transaction: when it fails, the file has to stay as it was.
    """
    objects = [_Object(*row) for row in rows(connection, _OBJECTS)]
    ours = _names_of_ours()
    own = [found for found in objects if not found.name.startswith("_") and found.name not in ours]
    readable = {found.name for found in own if found.kind == "view" and _complaint(connection, found) is None}
    # Dropping a view drops its triggers. Views go first, so that no view refers to a table that a step changes.
    for kind in ("view", "trigger", "index"):
        for found in objects:
            if found.kind == kind and (kind != "index" or found in own):
                connection.execute(f"DROP {kind} IF EXISTS {_quoted(found.name)}")
    for step in steps:
        rows(connection, step)
    rows(connection, "\n".join(match[0] for match in _TRIGGER.finditer(script("sqlite/schema.sql"))))
    _create_views(connection)
    return [
        *_put_back_views(connection, [found for found in own if found.kind == "view"], readable),
        *(
            sentence
            for kind in ("index", "trigger")
            for found in own
            if found.kind == kind
            for sentence in _put_back(connection, found)
        ),
    ]


def differing(connection: apsw.Connection) -> list[str]:
    """As `differing_from`, for the file of *connection*."""
    return differing_from(rows(connection, _OBJECTS))


def differing_from(there: Iterable[Sequence[Any]]) -> list[str]:
    """
    Views and triggers of Empath that are not among those *there*, or have another text than this program gives them.

    Shape: *there* has rows of type, name, table and text.
    """
    found = {_Object(*row) for row in there}
    return [str(wanted) for wanted in _wanted() if wanted not in found]


def missing_tables(there: Iterable[Sequence[Any]]) -> list[str]:
    """Tables of Empath that are not among those *there*, and indexes of the other tables; rows begin as `_made` has."""
    found = {tuple(row[:3]) for row in there}
    lacking = [each for each in _made()[1] if each[0] in ("table", "index") and each not in found]
    tables = {name for kind, name, _ in lacking if kind == "table"}
    return [f"{kind} {name}" for kind, name, table in lacking if kind == "table" or table not in tables]


def foreign_triggers(there: Iterable[Sequence[Any]]) -> list[tuple[str, str]]:
    """Name and text of each trigger that a person made on a table of Empath; rows as for `differing_from`."""
    ours = names_of_schema()
    return [
        (name, text) for kind, name, table, text in there if kind == "trigger" and table in ours and name not in ours
    ]


def names_of_schema() -> frozenset[str]:
    """Names of all tables, views, triggers and indexes of Empath."""
    return frozenset(name for _, name, _ in _made()[1])


def public_views() -> tuple[str, ...]:
    """Names of the views that people use, in the order of their definition."""
    return tuple(name for kind, name, _ in _made()[1] if kind == "view" and not name.startswith("_"))


def _wanted() -> tuple[_Object, ...]:
    return _made()[0]


@cache
def _made() -> tuple[tuple[_Object, ...], tuple[tuple[str, str, str], ...]]:
    """What this program creates: its views and triggers, and type, name and table of everything."""
    connection = apsw.Connection(":memory:")
    try:
        create(connection)
        objects = tuple(made for row in rows(connection, _OBJECTS) if (made := _Object(*row)).kind != "index")
        names = rows(connection, "SELECT type, name, tbl_name FROM sqlite_schema ORDER BY rowid")
        return objects, tuple((str(kind), str(name), str(table)) for kind, name, table in names)
    finally:
        connection.close()


# A person's index on a table of a person's own is not in the way of any step.
_OBJECTS = r"""
SELECT type, name, tbl_name, sql
  FROM sqlite_schema
 WHERE type IN ('view', 'trigger') OR type = 'index' AND sql IS NOT NULL AND tbl_name LIKE '\_%' ESCAPE '\'
 ORDER BY rowid"""


def _create_views(connection: apsw.Connection) -> None:
    for text in _views():
        rows(connection, text)


def _views() -> list[str]:
    """Scripts that create the public views and their triggers, in this order: `_changes` is what the others use."""
    files = ("views", *(f"control/{name}" for name in query_files("sqlite/control")))
    return [script(f"sqlite/{name}.sql") for name in files]


def _names_of_ours() -> set[str]:
    """Public views and the triggers on them; all other names of Empath begin with an underscore."""
    return {match[1] for text in _views() for pattern in (_VIEW, _TRIGGER) for match in pattern.finditer(text)}


def _put_back_views(connection: apsw.Connection, views: list[_Object], readable: set[str]) -> list[str]:
    """Create *views* again; a view that was readable and no longer is gets dropped."""
    sentences = [sentence for found in views for sentence in _put_back(connection, found)]
    made = [found for found in views if _is_there(connection, found)]
    while broken := [
        (found, why) for found in made if found.name in readable and (why := _complaint(connection, found))
    ]:
        for found, why in broken:  # a view that reads one of these is broken in the next round
            connection.execute(f"DROP VIEW {_quoted(found.name)}")
            made.remove(found)
            sentences.append(_record(connection, found, why))
    return sentences


def _put_back(connection: apsw.Connection, found: _Object) -> list[str]:
    """Create *found* again. Return a sentence if that fails, or if statements on its table would then fail."""
    before = _complaints_of_writes(connection, found) if found.kind == "trigger" else set()
    connection.execute("SAVEPOINT own")
    try:
        rows(connection, found.text)
        new = _complaints_of_writes(connection, found) - before if found.kind == "trigger" else set()
        why = min(new, default=None)
    except _REFUSED as exc:
        why = str(exc)
    if why is not None:
        connection.execute("ROLLBACK TO own")
    connection.execute("RELEASE own")
    return [] if why is None else [_record(connection, found, why)]


def _record(connection: apsw.Connection, found: _Object, why: str) -> str:
    row = (f"not kept: {found}", found.text, why)
    connection.execute("INSERT INTO _audit (who, what, before, after) VALUES ('empath', ?, ?, ?)", row)
    return f"{found} was not kept: {why}; its text is in the view audit, as `not kept: {found}`"


def _is_there(connection: apsw.Connection, found: _Object) -> bool:
    statement = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = ? AND sql = ?)"
    return bool(value(connection, statement, (found.kind, found.text)))


def _complaint(connection: apsw.Connection, view: _Object) -> str | None:
    """What SQLite says against reading *view*, if anything."""
    return _error_of(connection, f"SELECT * FROM {_quoted(view.name)}")


def _complaints_of_writes(connection: apsw.Connection, trigger: _Object) -> set[str]:
    """What SQLite says against statements that may fire *trigger*."""
    columns = rows(connection, "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", (trigger.table,))
    table = _quoted(trigger.table)
    changes = ", ".join(f"{_quoted(name)} = {_quoted(name)}" for (name,) in columns)
    statements = (
        f"INSERT INTO {table} DEFAULT VALUES",
        f"UPDATE {table} SET {changes}",
        f"DELETE FROM {table}",
    )
    return {error for statement in statements if (error := _error_of(connection, statement)) is not None}


def _error_of(connection: apsw.Connection, statement: str) -> str | None:
    try:
        # Compiled again: a cached EXPLAIN does not notice that the schema has changed.
        connection.execute(f"EXPLAIN {statement}", can_cache=False).fetchall()
    except _REFUSED as exc:
        return str(exc)
    return None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
