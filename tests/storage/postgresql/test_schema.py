"""test_schema - the tables in PostgreSQL are those of SQLite, but for what is named here"""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import psycopg
import pytest

from empath.errors import UnusableQueue
from empath.storage.queries import script
from tests.kit.queue import Queue, new_queue

if TYPE_CHECKING:
    from tests.kit.postgresql import PostgresQueue

# Tables of one engine, with the reason.
ONLY_SQLITE = {
    "_actor": "who gives an order is a setting of the transaction",
}
ONLY_POSTGRESQL = {
    "_bell": "SQLite has triggers in its place",
    "_event_unnumbered": "SQLite has events with their number at once",
    "_meta": "SQLite has user_version in its place",
}


def test_tables_and_columns_are_those_of_sqlite(queue: "PostgresQueue", tmp_path: Path) -> None:
    """
    Statements are shared, so a column that one engine lacks is an error that only its users see.
    """
    new_queue(tmp_path / "queue.db")
    file = apsw.Connection(str(tmp_path / "queue.db"))
    names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '\\_%' ESCAPE '\\'"
    sqlite = {
        (table, column)
        for (table,) in file.execute(names).fetchall()
        for (column,) in file.execute("SELECT name FROM pragma_table_xinfo(?)", (table,)).fetchall()
        if table not in ONLY_SQLITE
    }
    file.close()
    found = queue.other().execute(
        "SELECT c.table_name, c.column_name FROM information_schema.columns AS c"
        " JOIN information_schema.tables AS t USING (table_schema, table_name)"
        " WHERE c.table_schema = 'empath' AND t.table_type = 'BASE TABLE'"
    )
    postgresql = {row for row in found.fetchall() if row[0] not in ONLY_POSTGRESQL}

    assert sqlite == postgresql


def test_columns_say_what_they_are_as_on_sqlite() -> None:
    """
    The schema is read by people: what a column means is next to it, in the same words.
    """
    column = re.compile(r"^  (\w+) +(?!KEY)[a-zA-Z].*?,?  +-- (.+)$", re.MULTILINE)
    sqlite = set(column.findall(script("sqlite/schema.sql")))
    postgresql = set(column.findall(script("postgresql/schema.sql")))
    own = {name for name, _ in postgresql - sqlite}

    # The words differ where the engines do.
    assert {
        "bell_id", "destination_id", "is_full", "due_at", "priority", "content_locator", "engine_version", "who",
        "meta_id", "schema_version", "unnumbered_id", "at",
    } >= own  # fmt: skip


def test_a_queue_is_made_once(queue: "PostgresQueue") -> None:
    """
    Several processes may try at the same time, and a program of another version leaves the queue alone.
    """
    queue.accept()
    queue.engine.make()  # type: ignore[attr-defined]
    assert ["queued"] == queue.statuses()

    queue.write("UPDATE _meta SET schema_version = 99")
    try:
        with pytest.raises(UnusableQueue, match="schema 99, and this program knows"):
            queue.engine.open_reader()
    finally:
        queue.write("UPDATE _meta SET schema_version = 1")


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("UPDATE _recipient SET status = 'delivered'", "cannot make this move"),
        ("DELETE FROM _recipient", "only a recipient with a final status"),
        ("UPDATE _recipient SET recipient_id = 9", "keeps its number"),
        ("DELETE FROM _recipient_transition", "cannot be changed"),
        ("DELETE FROM _destination", "a destination cannot be removed"),
        ("DELETE FROM _lease", "after its last recipient"),
        ("UPDATE _destination SET name = 'x'", "keeps its name"),
    ],
)
def test_invariants_hold_in_any_shell(queue: Queue, statement: str, refusal: str) -> None:
    """
    A mistake of ours, or of a person, must not make a state that no program expects.
    """
    queue.accept("a.example")
    queue.accept("b.example")
    queue.lease(limit=1)

    with pytest.raises(psycopg.errors.CheckViolation, match=refusal):
        queue.write(statement)
