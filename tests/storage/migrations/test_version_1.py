"""A queue of version 1, from before the fields that this host adds had a column of their own."""

import re
from pathlib import Path
from typing import Any

import pytest

from empath.storage.sqlite.schema import SCHEMA_VERSION, prepare
from tests.kit.queue import dump, select, violations, write
from tests.storage.migrations.kit import restore, saved

_COMMENT = re.compile(r"--[^\n]*")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The queue of version 1 after a loss of power."""
    restore(saved(1), tmp_path / "queue.db")
    return tmp_path / "queue.db"


def schema(path: Path) -> dict[tuple[str, str], str]:
    """Text of every object by type and name, without comments and blanks."""
    found = select(path, "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return {(kind, name): re.sub(r"\s+", "", _COMMENT.sub("", sql)) for kind, name, sql in found}


def new_of_destination(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """The columns of today of a destination that is as in *row*."""
    max_leases = row[2]
    return (5, 0, 0.0, 0, None, None, None, min(max_leases, 5))


def is_live(recipient: tuple[Any, ...]) -> int:
    """The mark of today of such a row."""
    return int({"queued", "deferred", "leased", "held"}.issuperset(recipient[6:7]))


def test_the_kept_queue_has_a_row_of_every_kind(path: Path) -> None:
    """
    A kind of row that is missing there is not tested.
    """
    kinds = """
        SELECT DISTINCT status, content_locator IS NULL, content_locator LIKE 'spool:%'
          FROM _recipient
          JOIN _message USING (message_id)"""

    assert [(1,)] == select(path, "PRAGMA user_version")
    assert {
        ("queued", 0, 0), ("leased", 0, 1), ("deferred", 0, 0), ("deferred", 0, 1), ("held", 0, 0), ("held", 0, 1),
        ("bounced", 0, 0), ("cancelled", 0, 0), ("delivered", 0, 0), ("delivered", 1, None),
    } == set(select(path, kinds))  # fmt: skip
    for table in ("_attempt", "_notice", "_audit", "_lease", "_process"):
        assert select(path, f"SELECT count(*) FROM {table}") > [(0,)], table
    assert [(1,)] == select(path, "SELECT count(*) FROM _recipient WHERE ordered_status IS NOT NULL")
    assert [(1,)] == select(path, "SELECT count(*) FROM _message WHERE has_8bit")


def test_the_migrated_schema_is_that_of_a_new_queue(path: Path, tmp_path: Path) -> None:
    """
    Otherwise old queues alone would lack a rule.
    """
    prepare(tmp_path / "new.db")

    assert 1 == prepare(path)

    assert schema(tmp_path / "new.db") == schema(path)
    assert dump(tmp_path / "new.db")["pragmas"] == dump(path)["pragmas"]
    assert [(SCHEMA_VERSION,)] == select(path, "PRAGMA user_version")


def test_the_migration_keeps_every_row(path: Path) -> None:
    """
    The content of old mail begins with the fields that version 1 added, so none may be added above it. A row of the
    audit names its message and recipient by itself.
    """
    before = dump(path)
    named = select(path, "SELECT id, recipient FROM audit ORDER BY audit_id")

    prepare(path)

    after = dump(path)
    expected: dict[str, list[tuple[Any, ...]]] = before | {
        "_message": [(*row, b"", None, None, None, None, None) for row in before["_message"]],
        "_attempt": [(*row, None, None, None, None) for row in before["_attempt"]],
        "_process": [(*row, None, None) for row in before["_process"]],
        "_destination": [(*row, 2, None, row[-1], *new_of_destination(row)) for row in before["_destination"]],
        "_setting": [*before["_setting"], ("audit_told", str(len(named)))],
        "_recipient": [(*row, None, None, is_live(row)) for row in before["_recipient"]],
        "_notice": [(*row, 0, None) for row in before["_notice"]],
        "_audit": [(*row, *names, None) for row, names in zip(before["_audit"], named, strict=True)],
    }
    for table in before.keys() - {"schema", "pragmas"}:
        assert expected[table] == after[table], table
    assert {} == violations(path)


def test_an_order_that_waited_is_closed_by_the_migration(path: Path) -> None:
    """
    It was for a service that has ended; the next service must not drain because of it.
    """
    write(path, "INSERT INTO _control (verb, who) VALUES ('drain', 'sql')")

    prepare(path)

    assert [("drain", None, "not known: the service ended before it was done")] == select(
        path, "SELECT verb, node, result FROM control WHERE done_at IS NOT NULL"
    )
