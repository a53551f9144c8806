"""Text that is not UTF-8, as a terminal with an old encoding sends it: the views refuse it, and reads survive it."""

import apsw
import pytest

from empath.errors import StorageFailure, WriteRefused
from empath.storage.engine import Session
from empath.storage.queue.destination_rules import rules_in_force
from empath.storage.queue.suppression import find_suppressed
from tests.kit.queue import T0, Queue, connection_of
from tests.storage.sqlite.test_writer import Statement

LATIN = "CAST(X'66FC72' AS TEXT)"  # "für" in ISO 8859-1
ROWS = [
    f"INSERT INTO destination_rule (pattern, setting, value, reason) VALUES ('*', 'concurrency', 5, {LATIN})",
    "INSERT INTO destination_rule (pattern, setting, value) VALUES ('*', 'route', CAST(X'736D74703A2F2FFC' AS TEXT))",
    "INSERT INTO destination_rule (pattern, setting, value) VALUES (CAST(X'736D74703AFC' AS TEXT), 'concurrency', 5)",
    f"UPDATE destination_rule SET reason = {LATIN}",
    f"UPDATE destination SET suspended_until = '+1 hour', suspended_reason = {LATIN}",
    f"INSERT INTO source_rest (address, expires_at, reason) VALUES ('192.0.2.1', '+1 hour', {LATIN})",
    f"INSERT INTO bounce_rule (class, text) VALUES ('rate', {LATIN})",
    f"INSERT INTO bounce_rule (class, code, note) VALUES ('rate', '451', {LATIN})",
    f"UPDATE bounce_rule SET note = {LATIN} WHERE NOT is_shipped",
    f"INSERT INTO shaping_rule (text, action, duration) VALUES ({LATIN}, 'suspend', '1h')",
    "INSERT INTO shaping_rule (class, action, duration, value)"
    f" VALUES ('rate', 'slow', '1h', 'concurrency 1' || {LATIN})",
    f"UPDATE shaping_rule SET note = {LATIN} WHERE NOT is_shipped",
    f"INSERT INTO suppression (address) VALUES ({LATIN} || '@a.test')",
    f"INSERT INTO suppression (address, reason) VALUES ('a@b.test', {LATIN})",
    f"UPDATE suppression SET class = {LATIN}",
    f"INSERT INTO authentication_override (pattern, at_most, reason) VALUES ('a.test', 'tag', {LATIN})",
    f"UPDATE authentication_override SET reason = {LATIN}",
    f"INSERT INTO recipient_list (address) VALUES ({LATIN} || '@a.test')",
    f"INSERT INTO alias (pattern, target) VALUES ('a@b.test', {LATIN} || '@a.test')",
    f"UPDATE alias SET target = {LATIN} || '@a.test'",
    f"UPDATE account SET senders = '*@' || {LATIN}",
    f"INSERT INTO control (verb, argument) VALUES ('stop-listener', {LATIN})",
]


@pytest.fixture
def full(queue: Queue) -> Queue:
    """A queue with a row in each view that an UPDATE is tried on."""
    queue.accept("a.example")
    for statement in (
        "INSERT INTO destination_rule (pattern, setting, value) VALUES ('a.example', 'concurrency', 5)",
        "INSERT INTO bounce_rule (class, code) VALUES ('rate', '451')",
        "INSERT INTO shaping_rule (class, action, duration) VALUES ('rate', 'suspend', '1h')",
        "INSERT INTO suppression (address, reason) VALUES ('b@b.test', 'für')",
        "INSERT INTO alias (pattern, target) VALUES ('b@b.test', 'c@b.test')",
        "INSERT INTO authentication_override (pattern, at_most) VALUES ('b.test', 'tag')",
        "INSERT INTO _account (name, created_at) VALUES ('a', 0)",
    ):
        queue.write(statement)
    return queue


@pytest.mark.parametrize("statement", ROWS)
def test_a_view_refuses_text_that_is_not_utf_8(full: Queue, statement: str) -> None:
    """
    One such row would stop every process that reads it.
    """
    with pytest.raises(apsw.Error, match="text takes UTF-8"):
        full.write(statement)


@pytest.mark.parametrize(
    ("text", "is_good"),
    [
        ("X''", True),
        ("'grün 😀 €'", True),
        ("X'00'", False),
        ("X'6100FC'", False),
        ("X'C080'", False),  # NUL in two octets
        ("X'EDA080'", False),  # a surrogate
        ("X'F4908080'", False),  # beyond Unicode
        ("X'E282'", False),
        ("X'80'", False),
    ],
)
def test_what_python_can_read_is_utf_8(queue: Queue, text: str, is_good: bool) -> None:
    """
    SQLite stores any octets as text.
    """
    statement = f"INSERT INTO suppression (address, reason) VALUES ('a@b.test', CAST({text} AS TEXT))"
    if is_good:
        queue.write(statement)
        return
    with pytest.raises(apsw.Error, match="text takes UTF-8"):
        queue.write(statement)


def test_a_row_that_another_program_wrote_is_a_failure_to_read(full: Queue) -> None:
    """
    So the rules of before stay in force, as when the disk fails, and the error has the octets.
    """
    reader = full.engine.open_reader()
    assert 1 == len(rules_in_force(reader, T0))
    full.write(f"UPDATE _destination_rule SET reason = {LATIN}")
    with pytest.raises(StorageFailure, match=r"not UTF-8: b'f\\xfcr'"):
        rules_in_force(reader, T0)
    full.write(f"UPDATE _suppression SET reason = {LATIN}")
    with pytest.raises(StorageFailure, match="not UTF-8"):
        find_suppressed(reader, ["b@b.test"], T0)
    reader.close()
    full.write("UPDATE _destination_rule SET reason = NULL")
    full.write("UPDATE _suppression SET reason = NULL")


def test_only_the_write_that_reads_it_fails(full: Queue) -> None:
    """
    The others of its commit are on the disk.
    """

    class Reading(Statement):
        """Reads what it selects."""

        def run(self, session: Session) -> None:
            connection_of(session).execute(self.statement).fetchall()

    bad, good = Reading(f"SELECT {LATIN}"), Statement("INSERT INTO _setting VALUES ('x', '1')")
    after = Statement("SELECT 1", after=f"SELECT {LATIN}")
    writer = full.engine.open_writer(deadline_s=5.0, notify=lambda: None)
    writer.execute([bad, good, after])
    writer.close()
    assert (WriteRefused, type(None), StorageFailure) == (type(bad.error), type(good.error), type(after.error))
    assert [("1",)] == full.select("SELECT value FROM _setting WHERE name = 'x'")
