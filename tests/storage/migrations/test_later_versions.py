"""Saved queues of version 3 and of each later one. Version 1 has tests of its own, since most of its rows changed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from empath.storage.sqlite.schema import SCHEMA_VERSION, prepare
from tests.kit.queue import dump, select, violations
from tests.storage.migrations.kit import restore, saved
from tests.storage.migrations.test_version_1 import is_live, new_of_destination, schema

Row = tuple[Any, ...]
Rows = list[Row]


def added(count: int) -> Callable[[Rows], Rows]:
    """Rows with *count* new columns at their ends."""
    return lambda rows: [row + (None,) * count for row in rows]


def marked(count: int) -> Callable[[Rows], Rows]:
    """Recipients with *count* new columns, and with the mark of those that are live."""
    return lambda rows: [(*row, *(None,) * count, is_live(row)) for row in rows]


def without_events(rows: Rows) -> Rows:
    """Highest numbers, without that of the events, which are numbered without AUTOINCREMENT since version 9."""
    return [row for row in rows if row[0] != "_event"]


# What the migrations from a version to today's change in the rows of that version. A new version adds to each of them.
CHANGES: dict[int, dict[str, Callable[[Rows], Rows]]] = {
    3: {
        "_process": added(1),
        "_message": added(1),
        "_attempt": added(4),
        "_recipient": marked(2),
        "_notice": added(1),
        "_destination": lambda rows: [row + new_of_destination(row) for row in rows],
        "_setting": lambda rows: [row for row in rows if row[0] != "concurrency"],
    },
    4: {"_process": added(1), "_message": added(1), "_recipient": marked(1)},
    5: {"_process": added(1), "_recipient": marked(1), "_token": added(1)},
    6: {
        "_event_type": lambda rows: sorted([*rows, ("audited", 0)]),
        "_plan_recipient": added(2),
        "_recipient": marked(0),
        "sqlite_sequence": without_events,
    },
    7: {"_plan_recipient": added(2), "_recipient": marked(0), "sqlite_sequence": without_events},
    8: {"_plan_recipient": added(2), "_recipient": marked(0), "sqlite_sequence": without_events},
    9: {},
}


@pytest.fixture(params=CHANGES)
def version(request: pytest.FixtureRequest) -> int:
    """The version of the saved queue."""
    number: int = request.param
    return number


@pytest.fixture
def path(version: int, tmp_path: Path) -> Path:
    """The queue of that version after a loss of power."""
    restore(saved(version), tmp_path / "queue.db")
    return tmp_path / "queue.db"


def test_each_version_has_a_saved_queue() -> None:
    """
    Version 2 was on no machine but those of its developers.
    """
    assert list(range(3, SCHEMA_VERSION)) == list(CHANGES)


def test_the_kept_queue_has_rows_of_every_status(version: int, path: Path) -> None:
    """
    A kind of row that is missing there is not tested.
    """
    assert [(version,)] == select(path, "PRAGMA user_version")
    assert {"queued", "leased", "deferred", "held", "bounced", "cancelled", "delivered"} == {
        status for (status,) in select(path, "SELECT DISTINCT status FROM _recipient")
    }
    for table in ("_account", "_alias", "_greylist", "_recipient_list", "_verification", "_dedup", "_lease"):
        assert select(path, f"SELECT count(*) FROM {table}") > [(0,)], table


def test_the_migrated_schema_is_that_of_a_new_queue(version: int, path: Path, tmp_path: Path) -> None:
    """
    Otherwise old queues alone would lack a table, and the new program would not start on them.
    """
    prepare(tmp_path / "new.db")

    assert version == prepare(path)

    assert schema(tmp_path / "new.db") == schema(path)
    assert dump(tmp_path / "new.db")["pragmas"] == dump(path)["pragmas"]
    assert [(SCHEMA_VERSION,)] == select(path, "PRAGMA user_version")


def test_the_migration_keeps_every_row(version: int, path: Path) -> None:
    """
    What it changes in them is in the table above.
    """
    before = dump(path)

    prepare(path)

    after = dump(path)
    for table in before.keys() - {"schema", "pragmas"}:
        changed = CHANGES[version].get(table, added(0))
        assert changed(before[table]) == after[table], table
    assert {} == violations(path)
