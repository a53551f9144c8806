"""test_query_plans - no statement walks the queue"""

import re

import apsw
import pytest

from empath.storage.queries import queries, query_files
from empath.storage.sqlite.connection import open_reader
from empath.storage.sqlite.schema import prepare
from empath.storage.sqlite.session import ENGINE, compiled
from tests.kit.cases import in_one_test

# Tables that grow with the mail; the others stay small, or are swept as a whole on purpose.
LARGE = {"_message", "_content", "_recipient", "_attempt", "_audit", "_notice", "_lease", "_spool_garbage"}
FILES = sorted({*query_files("queries"), *query_files(f"{ENGINE}/queries")})
# A person's question about the whole queue, in its own reader, may walk all of it.
WHOLE_QUEUE = {"admin", "fsck", "selection", "plans", "top", "whatif"}
_UNSORTED = {"due_recipients", "ready_destinations", "longest_ready"}  # a sort would read all that is due
_ONE_PASS = {  # the same of one statement
    *(("explain", "of_address"), ("explain", "suspended_by"), ("console", "stuck")),
    *(("backup", "messages"), ("backup", "recipients"), ("queue_at", "gone")),
    *(
        ("repro", "leave_content_out"),
        ("repro", "stand_in"),
        ("repro", "leave_headers_out"),
    ),  # of a queue of one message
}
STATEMENTS = [
    (file, name)
    for file in FILES
    if file not in WHOLE_QUEUE
    for name in queries(file, ENGINE)
    if (file, name) not in _ONE_PASS
]


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> apsw.Connection:
    path = tmp_path_factory.mktemp("plans") / "queue.db"
    prepare(path)
    reader = open_reader(path)
    reader.execute("ATTACH ? AS source", (str(path),))  # as for the statements of repro
    return reader


def plan(connection: apsw.Connection, statement: str) -> list[str]:
    names = re.findall(r":(\w+)", statement)
    bindings = dict.fromkeys(names) if names else (None,) * statement.count("?")
    parts = [part for part in statement.split(";\n") if part.strip()]
    return [row[3] for part in parts for row in connection.execute(f"EXPLAIN QUERY PLAN {part}", bindings)]


@in_one_test(("file", "name"), STATEMENTS)
def test_statement_finds_its_rows_by_an_index(connection: apsw.Connection, file: str, name: str) -> None:
    """
    The depth of the queue must not matter: a scan that is fast in a test stops a queue of a million.
    """
    statement = compiled(queries(file, ENGINE)[name]).text.replace("{condition}", "1")  # a page has to have an index
    aliases = {alias: table for table, alias in re.findall(r"\b(_\w+) AS (\w+)", statement)}
    steps = plan(connection, statement)

    scanned = {match[1] for step in steps if (match := re.match(r"SCAN (\w+)", step))}

    assert set() == {aliases.get(table, table) for table in scanned} & LARGE, steps


@in_one_test(
    ("file", "name", "index"),
    [
        ("accept", "find_destination", "sqlite_autoindex__destination_1 (name=?)"),
        ("lease", "ready_destinations", "_destination_turn (is_failing=? AND priority=? AND turn_at<?)"),
        ("lease", "longest_ready", "_destination_ready (is_failing=? AND ready_at<?)"),
        ("lease", "next_ready_at", "_destination_ready (is_failing=? AND ready_at>?)"),
        ("lease", "due_recipients", "_recipient_due (destination_id=? AND priority=? AND next_retry_at<?)"),
        ("lease", "due_siblings", "_recipient_message (message_id=?)"),
        ("lease", "earliest_waiting", "_recipient_due (destination_id=? AND priority=?)"),
        ("lease", "leased_work", "_recipient_lease (lease_id=?)"),
        ("lease", "mark_leased", "INTEGER PRIMARY KEY (rowid=?)"),
        ("lease", "inline_contents", "INTEGER PRIMARY KEY (rowid=?)"),
        ("settle", "end_recipient", "INTEGER PRIMARY KEY (rowid=?)"),
        ("settle", "defer_recipient", "INTEGER PRIMARY KEY (rowid=?)"),
        ("put_back", "let_go", "_recipient_lease (lease_id=?)"),
        ("put_back", "holds_any", "_recipient_lease (lease_id=?)"),
        ("put_back", "unknown_leases", "_lease_process (process_id=?)"),
        ("process", "leases_of", "_lease_process (process_id=?)"),
        ("process", "record_unknown", "_recipient_lease (lease_id=?)"),
        ("retention", "old_recipients", "SEARCH r USING INTEGER PRIMARY KEY (rowid>?)"),
        ("retention", "old_recipients", "SEARCH m USING INTEGER PRIMARY KEY (rowid=?)"),
        ("retention", "forget_recipients", "SEARCH _recipient USING INTEGER PRIMARY KEY (rowid=?)"),
        ("retention", "forget_attempts", "_attempt_recipient (recipient_id=?)"),
        ("retention", "forget_left_messages", "_recipient_message (message_id=?)"),
        ("retention", "old_messages", "SEARCH m USING INTEGER PRIMARY KEY (rowid>?)"),
        ("retention", "old_messages", "_recipient_message (message_id=?)"),
        ("retention", "forget_contents", "SEARCH _message USING INTEGER PRIMARY KEY (rowid=?)"),
        ("retention", "forget_contents", "_recipient_message (message_id=?)"),
        ("retention", "old_audit", "SEARCH a USING INTEGER PRIMARY KEY (rowid>?)"),
        ("retention", "forget_audit", "SEARCH _audit USING INTEGER PRIMARY KEY (rowid=?)"),
        ("audit", "untold", "SEARCH _audit USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"),
        ("garbage", "due_garbage", "_spool_garbage_due (next_try_at<?)"),
        ("garbage", "due_garbage", "sqlite_autoindex__message_1 (ulid=?)"),
        ("garbage", "named_files", "sqlite_autoindex__message_1 (ulid=?)"),
        ("garbage", "add_orphans", "sqlite_autoindex__message_1 (ulid=?)"),
        ("garbage", "spooled_messages", "INTEGER PRIMARY KEY (rowid>?)"),
        ("garbage", "is_file_awaited", "_recipient_message (message_id=?)"),
        ("reports", "open_notices", "_notice_message ((message_id,kind)>(?,?))"),
        ("reports", "open_notices", "_recipient_message (message_id=?)"),
        ("reports", "reported_recipients", "_notice_message (message_id=? AND kind=?)"),
        ("reports", "reported_recipients", "_attempt_recipient (recipient_id=?)"),
        ("reports", "close_notices", "INTEGER PRIMARY KEY (rowid=?)"),
        ("settle", "delayed_recipients", "_recipient_message (message_id=?)"),
        ("due_bound", "due_bounds", "SEARCH d USING INTEGER PRIMARY KEY (rowid>?)"),
        ("due_bound", "due_bounds", "_recipient_due (destination_id=? AND priority=?)"),
    ],
)
def test_statement_uses_the_index_it_names(connection: apsw.Connection, file: str, name: str, index: str) -> None:
    """
    An index by fewer columns also avoids the scan, but walks the destination's backlog.
    """
    steps = plan(connection, compiled(queries(file, ENGINE)[name]).text)

    assert any(step.endswith(index) for step in steps), steps
    assert not any("TEMP B-TREE" in step for step in steps if name in _UNSORTED), steps


def test_unknown_statement_name_is_an_error() -> None:
    """
    A misspelt name fails at the look-up.
    """
    with pytest.raises(KeyError):
        queries("lease", ENGINE)["no_such_query"]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("accept", "insert_message"),
        ("accept", "insert_content"),
        ("accept", "insert_recipient"),
        ("settle", "end_recipient"),
        ("settle", "defer_recipient"),
        ("settle", "insert_attempt"),
        ("settle", "forget_delivered_content"),
        ("settle", "delete_forgotten_content"),
        ("lease", "orders"),
    ],
)
def test_a_statement_of_each_mail_builds_no_temporary_table(connection: apsw.Connection, file: str, name: str) -> None:
    """
    A list after IN in the condition of an index did, twice for each change of a recipient: a tenth of a settle.
    """
    text = compiled(queries(file, ENGINE)[name]).text
    names = re.findall(r":(\w+)", text)
    steps = connection.execute(
        f"EXPLAIN {text}", dict.fromkeys(names) if names else (None,) * text.count("?")
    ).fetchall()

    [end] = [number for number, step in enumerate(steps) if step[0] == 0][1:2] or [len(steps)]  # then triggers follow

    assert "OpenEphemeral" not in {step[1] for step in steps[:end]}
