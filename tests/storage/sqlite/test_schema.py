"""test_schema - make, recognise and migrate a queue, and the invariants of its tables in any shell"""

import shutil
import subprocess
from pathlib import Path

import apsw
import pytest

from empath.errors import QueueBusy, StorageFailure, UnusableQueue
from empath.mail.status import RecipientStatus
from empath.storage.queries import script
from empath.storage.queue.process import Beat
from empath.storage.sqlite.connection import open_writer, translated
from empath.storage.sqlite.schema import APPLICATION_ID, SCHEMA_VERSION, check_current, migrations, prepare
from tests.kit.queue import T0, Queue, dump, write

SHELL = shutil.which("sqlite3", path="/usr/bin")
needs_shell = pytest.mark.skipif(SHELL is None, reason="no sqlite3 shell of the system")


def shell(path: Path, statement: str) -> subprocess.CompletedProcess[str]:
    command = [str(SHELL), "-batch", "-bail", "-cmd", ".timeout 5000", "-cmd", "PRAGMA wal_autocheckpoint=0", str(path)]
    return subprocess.run(command, input=statement, capture_output=True, text=True, check=False, timeout=30)


def test_new_database_has_its_settings_from_the_first_page(tmp_path: Path) -> None:
    """
    Page size and auto_vacuum cannot be changed later without a VACUUM, which a running queue never gets.
    """
    path = tmp_path / "queue.db"

    assert 0 == prepare(path)

    assert [
        ("user_version", SCHEMA_VERSION), ("application_id", APPLICATION_ID), ("journal_mode", "wal"),
        ("page_size", 4096), ("auto_vacuum", 2),
    ] == dump(path)["pragmas"]  # fmt: skip


def test_preparation_of_a_current_database_changes_nothing(queue: Queue) -> None:
    """
    Every start prepares the queue.
    """
    queue.accept()
    queue.close()
    before = dump(queue.path)

    assert SCHEMA_VERSION == prepare(queue.path)

    assert before == dump(queue.path)


def test_a_start_makes_missing_and_changed_views_and_triggers_anew(queue: Queue) -> None:
    """
    A dropped view would be missed when it is needed, and a dropped trigger guards nothing.
    """
    queue.accept()
    queue.close()
    before = dump(queue.path)
    own = "CREATE TRIGGER own INSTEAD OF UPDATE ON attempt BEGIN SELECT 1; END"
    write(queue.path, "DROP VIEW history; DROP TRIGGER _lease_stays; DROP VIEW attempt")
    write(queue.path, "CREATE VIEW attempt AS SELECT attempt_id FROM _attempt")
    write(queue.path, own)
    said: list[str] = []

    assert SCHEMA_VERSION == prepare(queue.path, say=said.append)

    assert any("created again" in line and "view history" in line and "trigger _lease_stays" in line for line in said)
    # An Empath of the same schema version may have other texts: an upgrade is not a fault.
    assert any("of another version of Empath" in line for line in said)
    assert any("view attempt" in line for line in said)
    write(queue.path, "DROP TRIGGER own")  # still there
    assert before == dump(queue.path)
    said.clear()
    prepare(queue.path, say=said.append)
    assert [] == said


def test_empty_file_is_a_new_database(tmp_path: Path) -> None:
    """
    mktemp and touch make such files.
    """
    path = tmp_path / "queue.db"
    path.touch()

    assert 0 == prepare(path)
    assert ("auto_vacuum", 2) in dump(path)["pragmas"]


def refused(path: Path) -> str:
    before = path.read_bytes()
    with pytest.raises(UnusableQueue) as caught:
        prepare(path)
    assert before == path.read_bytes()
    return str(caught.value)


def test_newer_database_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    """
    An older program must not write to tables whose rules it does not know.
    """
    path = tmp_path / "queue.db"
    prepare(path)
    write(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")

    text = refused(path)

    assert f"schema {SCHEMA_VERSION + 1} is newer than this Empath" in text
    assert "upgrade Empath" in text


@pytest.mark.parametrize(
    "make", ["CREATE TABLE photo (a)", "PRAGMA application_id = 1; CREATE TABLE _message (a)"], ids=["plain", "marked"]
)
def test_database_of_another_application_is_refused_and_left_as_it_was(tmp_path: Path, make: str) -> None:
    """
    A mistake in [queue] path must change neither the data nor the journal mode of another database.
    """
    path = tmp_path / "photos.db"
    connection = apsw.Connection(str(path))
    connection.execute(make)
    connection.close()

    assert "another application" in refused(path)
    assert ["photos.db"] == [file.name for file in tmp_path.iterdir()]


def test_a_queue_whose_mark_was_changed_is_not_taken_for_another_application(queue: Queue) -> None:
    """
    The remedy was to name another file, which leaves all its mail behind.
    """
    queue.accept()
    queue.close()
    write(queue.path, "PRAGMA application_id = 7")

    assert f'sqlite3 {queue.path} "PRAGMA application_id = {APPLICATION_ID}"' in refused(queue.path)
    write(queue.path, f"PRAGMA application_id = {APPLICATION_ID}")
    assert SCHEMA_VERSION == prepare(queue.path)


def test_file_that_is_no_database_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    """
    The same mistake may name a text file.
    """
    path = tmp_path / "notes.txt"
    path.write_text("buy milk\n" * 1000)

    assert "not a queue database" in refused(path)


def test_older_database_is_brought_up_to_date(queue: Queue) -> None:
    """
    Every step runs once, in order. The views are those of the new version, and the mail stays.
    """
    queue.accept()
    queue.close()
    last = SCHEMA_VERSION + 2
    steps = {
        SCHEMA_VERSION
        + 1: "ALTER TABLE _message ADD COLUMN colour TEXT; SELECT 1; UPDATE _message SET colour = 'red';",
        last: "UPDATE _message SET colour = colour || ' and blue';",
    }

    assert SCHEMA_VERSION == prepare(queue.path, version=last, steps=steps)
    assert last == prepare(queue.path, version=last, steps=steps)

    assert [("red and blue",)] == queue.select("SELECT colour FROM _message")
    assert [("r1@a.example", "queued")] == queue.select("SELECT recipient, status FROM queue")
    with pytest.raises(UnusableQueue):
        prepare(queue.path)


def test_migration_that_fails_leaves_the_old_schema(queue: Queue) -> None:
    """
    The old program can go on with the file.
    """
    queue.accept()
    queue.close()
    before = dump(queue.path)

    step = "ALTER TABLE _message ADD COLUMN colour TEXT; DROP TABLE no_such_table"

    with pytest.raises(StorageFailure, match="no_such_table"):
        prepare(queue.path, version=SCHEMA_VERSION + 1, steps={SCHEMA_VERSION + 1: step})

    assert before == dump(queue.path)


def test_there_is_a_step_to_every_version() -> None:
    """
    Without a step, queues of the previous version could not be used.
    """
    assert list(range(2, SCHEMA_VERSION + 1)) == sorted(migrations())


def test_process_holds_that_the_schema_is_its_own(queue: Queue) -> None:
    """
    A child of an old program must not write to a migrated queue, nor the reverse.
    """
    connection = open_writer(queue.path, deadline_s=1.0)
    check_current(connection, queue.path)
    for version in (0, SCHEMA_VERSION + 1):
        connection.pragma("user_version", version)
        with pytest.raises(UnusableQueue):
            check_current(connection, queue.path)
    connection.pragma("user_version", SCHEMA_VERSION)
    connection.close()


@pytest.mark.parametrize("version", [SCHEMA_VERSION - 1, SCHEMA_VERSION + 1])
def test_child_refuses_a_queue_of_another_version(queue: Queue, version: int) -> None:
    """
    A child is started again while its program stays in memory. The supervisor does not see what another Empath did to
    the file meanwhile.
    """
    queue.close()
    write(queue.path, f"PRAGMA user_version = {version}")

    with pytest.raises(UnusableQueue):
        queue.engine.open_reader()
    (error,) = queue.outcome(Beat(queue.process_id, now=T0))

    assert isinstance(error, UnusableQueue)
    queue.close()
    write(queue.path, f"PRAGMA user_version = {SCHEMA_VERSION}")


def test_start_of_a_current_queue_waits_for_no_writer(queue: Queue) -> None:
    """
    A shell that holds the write lock stops mail; it must not stop the start, too.
    """
    queue.close()
    other = apsw.Connection(str(queue.path))
    other.execute("BEGIN IMMEDIATE")

    assert SCHEMA_VERSION == prepare(queue.path)

    other.close()


def test_migration_waits_for_the_write_lock_and_says_so(queue: Queue) -> None:
    """
    A start waits, too. A person who upgrades and has a forgotten shell must not think that the migration hangs.
    """
    queue.close()
    other = apsw.Connection(str(queue.path))
    other.execute("BEGIN IMMEDIATE")
    said: list[str] = []

    def say(sentence: str) -> None:
        said.append(sentence)
        other.close()

    last = SCHEMA_VERSION + 1
    step = "ALTER TABLE _message ADD COLUMN colour TEXT"

    assert SCHEMA_VERSION == prepare(queue.path, version=last, steps={last: step}, say=say)

    assert ["another program holds the write lock of the queue: waiting up to 60 s for it"] == said
    write(queue.path, f"ALTER TABLE _message DROP COLUMN colour; PRAGMA user_version = {SCHEMA_VERSION}")


def test_busy_database_is_told_from_a_broken_one(queue: Queue) -> None:
    """
    A later try can succeed, and the exit code says so.
    """
    queue.close()
    other = apsw.Connection(str(queue.path))
    other.execute("BEGIN IMMEDIATE")
    connection = open_writer(queue.path, deadline_s=0.01)

    with pytest.raises(QueueBusy), translated(queue.path):
        connection.execute("BEGIN IMMEDIATE")

    connection.close()
    other.close()


@needs_shell
def test_schema_and_views_load_in_the_system_s_shell(tmp_path: Path) -> None:
    """
    An experimental queue needs no part of Empath.
    """
    result = shell(
        tmp_path / "queue.db", script("sqlite/schema.sql") + script("sqlite/views.sql") + "SELECT count(*) FROM queue;"
    )

    assert ("", "0") == (result.stderr, result.stdout.split()[-1])


@needs_shell
def test_view_queue_reads_in_the_system_s_shell_while_the_queue_is_open(queue: Queue) -> None:
    """
    Every machine has this tool to look into the queue.
    """
    queue.accept("a.example", "b.example")
    queue.lease(limit=1)

    result = shell(queue.path, "SELECT sender, recipient, destination, status, next_retry_at, attempts FROM queue;")

    assert (
        "",
        "0\n"  # output of the pragma
        "sender@example.test|r1@a.example|a.example|leased|2023-11-14 22:13:20|0\n"
        "sender@example.test|r2@b.example|b.example|queued|2023-11-14 22:13:20|0\n",
    ) == (result.stderr, result.stdout)


@needs_shell
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE _recipient SET status = 'delivered' WHERE recipient_id = 1", "cannot make this move"),
        ("UPDATE _recipient SET status = 'queued' WHERE recipient_id = 3", "cannot make this move"),
        ("UPDATE _recipient SET status = 'lost' WHERE recipient_id = 1", "cannot make this move"),
        ("UPDATE _recipient SET status = 'leased' WHERE recipient_id = 1", "CHECK constraint failed"),
        ("UPDATE _recipient SET lease_id = 7 WHERE recipient_id = 1", "CHECK constraint failed"),
        ("UPDATE _recipient SET priority = 5", "CHECK constraint failed"),
        ("UPDATE _recipient SET next_retry_at = 'soon'", "cannot store TEXT value in REAL column"),
        ("UPDATE _recipient SET recipient_id = 9 WHERE recipient_id = 3", "a recipient keeps its number"),
        ("UPDATE OR REPLACE _recipient SET recipient_id = 1 WHERE recipient_id = 3", "a recipient keeps its number"),
        ("INSERT OR REPLACE INTO _recipient SELECT * FROM _recipient WHERE recipient_id = 1", "with this number"),
        ("DELETE FROM _recipient", "only a recipient with a final status may be removed"),
        ("DELETE FROM _recipient WHERE recipient_id = 2", "only a recipient with a final status may be removed"),
        ("DELETE FROM _message WHERE message_id = 1", "a message can only be removed after its last recipient"),
        ("DELETE FROM _content WHERE message_id = 1", "a recipient still waits for this content"),
    ],
)
def test_private_tables_hold_their_invariants_in_any_shell(queue: Queue, statement: str, words: str) -> None:
    """
    A slip in a shell loses no mail, and makes no state that Empath cannot leave.
    """
    queue.accept("a.example", "b.example")
    queue.accept("c.example")
    leases = {lease.destination: lease for lease in queue.lease()}
    queue.run(queue.new_settle(leases["c.example"], RecipientStatus.DELIVERED))
    queue.accept("d.example")
    write(queue.path, "UPDATE _recipient SET status = 'queued', lease_id = NULL WHERE recipient_id = 1")
    before = queue.select("SELECT * FROM _recipient")

    result = shell(queue.path, statement + ";")

    assert words in result.stderr
    assert before == queue.select("SELECT * FROM _recipient")


@needs_shell
def test_final_recipients_and_their_message_can_be_removed_in_any_shell(queue: Queue) -> None:
    """
    An operator may remove a final recipient.
    """
    queue.accept()
    (lease,) = queue.lease()
    queue.run(queue.new_settle(lease, RecipientStatus.DELIVERED))

    result = shell(queue.path, "DELETE FROM _recipient; DELETE FROM _message; DELETE FROM _attempt;")

    assert "" == result.stderr
    assert [(0,)] == queue.select("SELECT count(*) FROM _message")
