"""A queue of version 3, from before destinations had rules."""

from pathlib import Path
from typing import Any

import pytest

from empath.storage.sqlite.schema import SCHEMA_VERSION, prepare
from tests.kit.queue import dump, select, violations
from tests.storage.migrations.kit import VERSION_3, restore
from tests.storage.migrations.test_version_1 import new_of_destination, schema


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The queue of version 3 after a loss of power."""
    restore(VERSION_3, tmp_path / "queue.db")
    return tmp_path / "queue.db"


def test_the_kept_queue_has_rows_of_every_status(path: Path) -> None:
    """
    A kind of row that is missing there is not tested.
    """
    assert [(3,)] == select(path, "PRAGMA user_version")
    assert {"queued", "leased", "deferred", "held", "bounced", "cancelled", "delivered"} == {
        status for (status,) in select(path, "SELECT DISTINCT status FROM _recipient")
    }
    for table in ("_account", "_alias", "_greylist", "_recipient_list", "_verification", "_dedup", "_lease"):
        assert select(path, f"SELECT count(*) FROM {table}") > [(0,)], table


def test_the_migrated_schema_is_that_of_a_new_queue(path: Path, tmp_path: Path) -> None:
    """
    Otherwise old queues alone would lack a rule.
    """
    prepare(tmp_path / "new.db")

    assert 3 == prepare(path)

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
        "_message": [(*row, None) for row in before["_message"]],
        "_attempt": [(*row, None, None, None, None) for row in before["_attempt"]],
        "_recipient": [(*row, None, None) for row in before["_recipient"]],
        "_notice": [(*row, None) for row in before["_notice"]],
        "_destination": [(*row, *new_of_destination(row)) for row in before["_destination"]],
        "_setting": [row for row in before["_setting"] if row[0] != "concurrency"],
    }
    for table in before.keys() - {"schema", "pragmas"}:
        assert expected[table] == after[table], table
    assert {} == violations(path)
