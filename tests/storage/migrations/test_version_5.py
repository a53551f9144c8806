"""A queue of version 5, from before events, backups and reports to other domains."""

from pathlib import Path
from typing import Any

import pytest

from empath.storage.sqlite.schema import SCHEMA_VERSION, prepare
from tests.kit.queue import dump, select, violations
from tests.storage.migrations.kit import VERSION_5, restore
from tests.storage.migrations.test_version_1 import schema


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The queue of version 5 after a loss of power."""
    restore(VERSION_5, tmp_path / "queue.db")
    return tmp_path / "queue.db"


def test_the_kept_queue_has_rows_of_every_status(path: Path) -> None:
    """
    A kind of row that is missing there is not tested.
    """
    assert [(5,)] == select(path, "PRAGMA user_version")
    assert {"queued", "leased", "deferred", "held", "bounced", "cancelled", "delivered"} == {
        status for (status,) in select(path, "SELECT DISTINCT status FROM _recipient")
    }


def test_the_migrated_schema_is_that_of_a_new_queue(path: Path, tmp_path: Path) -> None:
    """
    Otherwise old queues alone would lack a table, and the new program would not start on them.
    """
    prepare(tmp_path / "new.db")

    assert 5 == prepare(path)

    assert schema(tmp_path / "new.db") == schema(path)
    assert dump(tmp_path / "new.db")["pragmas"] == dump(path)["pragmas"]
    assert [(SCHEMA_VERSION,)] == select(path, "PRAGMA user_version")


def test_the_migration_keeps_every_row(path: Path) -> None:
    """
    New columns are added at the end of their tables, with the values of this table.
    """
    before = dump(path)

    prepare(path)

    after = dump(path)
    expected: dict[str, list[tuple[Any, ...]]] = before | {
        "_process": [(*row, None) for row in before["_process"]],
        "_recipient": [(*row, None) for row in before["_recipient"]],
        "_token": [(*row, None) for row in before["_token"]],
    }
    for table in before.keys() - {"schema", "pragmas"}:
        assert expected[table] == after[table], table
    assert {} == violations(path)
