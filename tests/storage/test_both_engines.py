"""
test_both_engines - what one engine has, the other one has, or a word here says why not

It reads the texts of sql/, so that it needs no server. tests/storage/postgresql asks a server the same, and more.
"""

import re
from typing import Final

import pytest

from empath.config.workable.server_queue import OTHERS, SETTINGS, VERBS
from empath.storage.queries import blocks, query_files, script

SQLITE, POSTGRESQL = "sqlite", "postgresql"
_TABLE: Final = re.compile(r"^CREATE TABLE (\w+) \(\n(.*?)^\)", re.MULTILINE | re.DOTALL)
_COLUMN: Final = re.compile(r"^  ([a-z]\w*) ", re.MULTILINE)
_VIEW: Final = re.compile(r"^CREATE VIEW ([a-z]\w*) AS\n(.*?);\n", re.MULTILINE | re.DOTALL)
_COLUMN_OF_VIEW: Final = re.compile(r" AS (\w+),? +-- ")
# Tables of one engine, with what the other one has in its place.
TABLES: Final = {
    "_actor": "a setting of the transaction",
    "_bell": "triggers on the bound",
    "_event_unnumbered": "events that have their number at once",
    "_meta": "PRAGMA user_version",
}
# Statements of SQLite alone: the verb or the line of server_queue.py that says so, or what PostgreSQL has instead.
STATEMENTS: Final = {
    r"backup\.\w+|past\.\w+|doctor\.auto_vacuum|space\.\w+|plans\.\w+|doctor\.objects": "are about the file",
    r"repro\.\w+": "repro",
    r"orders\.author": "sql",
    r"forget\.overwrite": "forget",
    r"lease\.\w+": "says the same of many leases at once",
    r"selection\.probe_of_\w+": "--where of `list`",
}


def statements(engine: str) -> set[str]:
    """Names of the statements of one engine that are in no shared text, nor in that of the other one."""
    own, shared, other = (
        {f"{file}.{name}" for file in query_files(folder) for name, _ in blocks(folder, file)}
        for folder in (f"{engine}/queries", "queries", f"{POSTGRESQL if engine == SQLITE else SQLITE}/queries")
    )
    return own - shared - other


def columns_of_tables(engine: str) -> set[tuple[str, str]]:
    """Table and column."""
    text = script(f"{engine}/schema.sql")
    return {(name, column) for name, body in _TABLE.findall(text) for column in _COLUMN.findall(body)}


def columns_of_views(engine: str) -> set[tuple[str, str]]:
    """Public view and column; a view of both engines has at least one."""
    text = script(f"{engine}/views.sql")
    return {(name, column) for name, body in _VIEW.findall(text) for column in ("", *_COLUMN_OF_VIEW.findall(body))}


def test_a_table_or_a_column_is_added_to_both() -> None:
    """
    Statements are shared: a column that one engine lacks is an error that only its users see.
    """
    differing = columns_of_tables(SQLITE) ^ columns_of_tables(POSTGRESQL)
    assert set(TABLES) == {table for table, _ in differing}
    assert len(columns_of_tables(SQLITE)) > 500, "the texts have another form; nothing was compared"


def test_a_view_has_the_same_columns_in_both() -> None:
    """
    The views are the product's word to people and programs, whatever keeps the queue.
    """
    assert columns_of_views(SQLITE) == columns_of_views(POSTGRESQL)
    assert len(columns_of_views(SQLITE)) > 600, "the texts have another form; nothing was compared"


def test_a_statement_of_sqlite_alone_has_its_word() -> None:
    """
    Else it fails at its first run on PostgreSQL, with nobody told before.
    """
    left = {name for name in statements(SQLITE) if not any(re.fullmatch(each, name) for each in STATEMENTS)}
    assert set() == left, "give PostgreSQL these, or say in server_queue.py what does not work, and name it above"


@pytest.mark.parametrize("pattern", STATEMENTS)
def test_each_word_is_of_use(pattern: str) -> None:
    """
    What was built since goes from the table.
    """
    assert any(re.fullmatch(pattern, name) for name in statements(SQLITE))


def test_the_words_are_those_that_people_read() -> None:
    """
    A statement that belongs to a verb that is refused is named by that verb.
    """
    spoken = [*VERBS, *OTHERS, *(each.words for each in SETTINGS)]
    named = {word for word in STATEMENTS.values() if word in VERBS or word.startswith("--")}
    assert all(any(word in line for line in spoken) for word in named)
