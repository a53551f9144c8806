"""Objects that a person created in a queue of version 1, after the migration."""

from pathlib import Path

import pytest

from empath.storage.sqlite.schema import SCHEMA_VERSION, prepare
from tests.kit.queue import Queue, select, violations, write
from tests.storage.migrations.kit import restore, saved

NOTE = "BEGIN INSERT INTO notes VALUES (1); END"
OBJECTS = {
    "notes": "CREATE TABLE notes (at)",
    "notes_at": "CREATE INDEX notes_at ON notes (at)",
    "by_sender": "CREATE VIEW by_sender AS SELECT sender, count(*) FROM queue GROUP BY sender",
    "of_by_sender": "CREATE VIEW of_by_sender AS SELECT * FROM by_sender",
    "needs_an_extension": "CREATE VIEW needs_an_extension AS SELECT no_such_function(sender) FROM queue",
    "by_subject": "CREATE INDEX by_subject ON _message (subject)",
    "message_taken": f"CREATE TRIGGER message_taken AFTER INSERT ON _message {NOTE}",
    "queue_noted": f"CREATE TRIGGER queue_noted INSTEAD OF UPDATE OF priority ON queue {NOTE}",
    "control_noted": f"CREATE TRIGGER control_noted INSTEAD OF INSERT ON control {NOTE}",
    "by_sender_noted": f"CREATE TRIGGER by_sender_noted INSTEAD OF DELETE ON by_sender {NOTE}",
    "notes_hold": (
        "CREATE TRIGGER notes_hold AFTER INSERT ON notes WHEN new.at = 2 BEGIN UPDATE queue SET status = 'held'; END"
    ),
}


def made(path: Path) -> dict[str, str]:
    """Text of each existing object of OBJECTS."""
    return {name: sql for name, sql in select(path, "SELECT name, sql FROM sqlite_schema") if name in OBJECTS}


def migrated(path: Path, step: str) -> list[str]:
    """Run a further step; the sentences about objects that were not kept."""
    said: list[str] = []
    prepare(path, version=SCHEMA_VERSION + 1, steps={SCHEMA_VERSION + 1: step}, say=said.append)
    return said


def test_views_indexes_and_triggers_of_a_person_stay_wherever_they_are(tmp_path: Path) -> None:
    """
    A trigger on a view of Empath used to disappear when the view was created again.
    """
    path = tmp_path / "queue.db"
    restore(saved(1), path)
    for statement in OBJECTS.values():
        write(path, statement)
    said: list[str] = []

    prepare(path, say=said.append)

    assert ([], OBJECTS) == (said, made(path))
    write(path, "UPDATE queue SET priority = 1 WHERE recipient_id = (SELECT min(recipient_id) FROM queue)")
    assert [(1,)] == select(path, "SELECT count(*) FROM notes")
    assert {} == violations(path)


@pytest.mark.parametrize(
    ("statement", "name", "why"),
    [
        ("CREATE VIEW mine AS SELECT traceparent FROM _message", "view mine", "no such column: traceparent"),
        ("CREATE VIEW mine AS SELECT traceparent, ulid FROM _message", "view mine", "no such column: traceparent"),
        ("CREATE INDEX mine ON _message (traceparent)", "index mine", "no such column: traceparent"),
        (
            "CREATE TRIGGER mine AFTER UPDATE ON _setting BEGIN SELECT traceparent FROM _message; END",
            "trigger mine",
            "no such column: traceparent",
        ),
        (
            "CREATE TRIGGER mine INSTEAD OF DELETE ON queue BEGIN SELECT traceparent FROM _message; END",
            "trigger mine",
            "no such column: traceparent",
        ),
    ],
)
def test_what_has_no_place_in_the_new_version_is_named_and_its_text_is_kept(
    queue: Queue, statement: str, name: str, why: str
) -> None:
    """
    A trigger that no longer compiles would fail each statement on its table, and a view would fail later.
    """
    queue.accept()
    queue.close()
    write(queue.path, statement)
    step = "ALTER TABLE _message RENAME COLUMN traceparent TO trace"

    said = migrated(queue.path, step)

    assert 1 == len(said)
    assert said[0].startswith(f"{name} was not kept: ")
    assert why in said[0]
    assert [(statement,)] == queue.select("SELECT before FROM audit WHERE what = ?", f"not kept: {name}")
    assert [] == queue.select("SELECT 1 FROM sqlite_schema WHERE name = 'mine'")


def test_view_of_a_view_that_was_not_kept_is_named_too(queue: Queue) -> None:
    """
    The second view can only be checked once the first is gone.
    """
    queue.close()
    write(queue.path, "CREATE VIEW first AS SELECT name FROM old_table")
    write(queue.path, "CREATE TABLE old_table (name)")
    write(queue.path, "CREATE VIEW second AS SELECT * FROM first")
    write(queue.path, "CREATE TRIGGER third INSTEAD OF DELETE ON second BEGIN SELECT 1; END")

    said = migrated(queue.path, "DROP TABLE old_table")

    assert ["view first", "view second", "trigger third"] == [sentence.split(" was ")[0] for sentence in said]
