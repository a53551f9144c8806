"""test_sql - empath-admin sql: the queue in a shell in which a slip does no harm"""

import os
import pty
import subprocess

import apsw
import pytest

from empath.policy.masking import EMPTY
from empath.storage.sqlite.masked import NARROWING, masked_connection
from empath.storage.sqlite.migration import public_views
from empath.storage.sqlite.schema import SCHEMA_VERSION
from tests.cli.admin.kit import MODULE, AdminTool, read_to_end
from tests.kit.commands import CommandResult
from tests.kit.queue import T0, write
from tests.kit.starter import STARTER
from tests.kit.waiting import DEADLINE_S


def _script(tool: AdminTool, script: str, *arguments: str) -> CommandResult:
    return tool.run_apart("sql", *arguments, text=script)


def test_statements_are_run_in_their_order(tool: AdminTool) -> None:
    """
    Rows are as sqlite3 writes them; the shell's dot commands work, too.
    """
    tool.queue.accept("a.example", "b.example")
    said = tool.run_apart("sql", "SELECT recipient_id, domain FROM queue", ".mode json", "SELECT 1 AS one")
    assert (0, '1|a.example\n2|b.example\n[{ "one": 1}]\n', "") == said


def test_a_script_comes_by_standard_input(tool: AdminTool) -> None:
    """
    As for sqlite3.
    """
    tool.queue.accept("a.example")
    assert (0, "1\na.example\n", "") == _script(tool, "SELECT\n 1;\nSELECT domain FROM queue;\n")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM queue",
        "UPDATE _recipient SET priority = 0",
        "CREATE TABLE t (a)",
        "INSERT INTO control (verb) VALUES ('drain')",
    ],
)
def test_nothing_is_written_without_write(tool: AdminTool, statement: str) -> None:
    """
    A slip in a read-only shell changes nothing.
    """
    tool.queue.accept("a.example")
    assert (65, "", "empath-admin: the queue is open for reading only; use --write\n") == tool.run_apart(
        "sql", statement
    )
    said = tool.run_apart("sql", "PRAGMA query_only = 0", statement)
    assert (65, "empath-admin: not authorized\n") == (said.code, said.err)
    assert [("queued", 2)] == tool.queue.select("SELECT status, priority FROM queue")


def test_with_write_it_is_the_queue_of_any_shell(tool: AdminTool) -> None:
    """
    It has the views, and the audit names its SQLite.
    """
    tool.queue.accept("a.example")
    assert (0, "", "") == tool.run_apart("sql", "--write", "UPDATE queue SET status = 'held'")
    row = ("sql", apsw.sqlite_lib_version(), "status", "queued", "held")
    assert [row] == tool.queue.select("SELECT who, engine_version, what, before, after FROM audit")


def test_the_audit_has_each_statement_beside_what_it_changed(tool: AdminTool) -> None:
    """
    Also in a transaction of one's own, of which the first two are undone. What fails or changes nothing leaves none.
    """
    tool.queue.accept("a.example")
    hold, first = "/* a; b */ UPDATE queue SET status = 'held'", "UPDATE queue SET priority = 1"
    script = f"BEGIN IMMEDIATE; {hold}; UPDATE queue SET priority = 0; ROLLBACK; SELECT 1; {hold};"
    script += f"BEGIN; {first}; SELECT changes(); COMMIT; {first}; CREATE TABLE note (a); INSERT INTO note VALUES (1);"
    script += "SELECT last_insert_rowid(); EXPLAIN QUERY PLAN DELETE FROM note; UPDATE queue SET priority = 9"
    said = tool.run_apart("sql", "--write", text=script)
    assert (65, ["1", "0", "1"]) == (said.code, said.out.splitlines()[:3])
    rows = tool.queue.select("SELECT who, what, statement FROM audit ORDER BY audit_id")
    assert [("sql", "status", f"{hold};"), ("sql", "priority", f"{first};")] == rows
    assert [(1,)] == tool.queue.select("SELECT count(*) FROM note")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DROP TABLE _recipient", "DROP TABLE _recipient"),
        ("DROP TABLE _notice", "DROP TABLE _notice"),
        ("DROP VIEW queue", "DROP VIEW queue"),
        ("DROP TRIGGER _queue_update", None),
        ("ALTER TABLE _recipient ADD COLUMN colour", "ALTER TABLE _recipient"),
        ("ALTER TABLE main._message RENAME TO message_of_mine", "ALTER TABLE _message"),
        ("PRAGMA user_version = 7", "PRAGMA user_version"),
        ("PRAGMA writable_schema = 1", "PRAGMA writable_schema"),
        ("PRAGMA main.WRITABLE_SCHEMA(on)", "PRAGMA WRITABLE_SCHEMA"),
        ("PRAGMA journal_mode = delete", "PRAGMA journal_mode"),
        ("PRAGMA auto_vacuum = 1", "PRAGMA auto_vacuum"),
        ("PRAGMA ignore_check_constraints = 1", "PRAGMA ignore_check_constraints"),
        (".restore /nonexistent.db", ".restore would replace the queue"),
        (".dbconfig writable_schema 1", ".dbconfig is refused"),
    ],
)
def test_what_the_queue_is_made_of_cannot_be_dropped(tool: AdminTool, statement: str, words: str | None) -> None:
    """
    A mistake in this shell must not destroy mail. Each refusal is one line.
    """
    if words is None:
        [(trigger,)] = tool.queue.select("SELECT min(name) FROM sqlite_schema WHERE type = 'trigger'")
        statement = words = f"DROP TRIGGER {trigger}"
    [(index,)] = tool.queue.select("SELECT min(name) FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
    before = tool.queue.select("SELECT type, name, sql FROM sqlite_schema")
    for each, expected in ((statement, words), (f"DROP INDEX {index}", f"DROP INDEX {index}")):
        said = tool.run_apart("sql", "--write", each)
        assert (65, "", 1) == (said.code, said.out, said.err.count("\n"))
        assert said.err.startswith(f"empath-admin: {expected}"), said.err
    assert before == tool.queue.select("SELECT type, name, sql FROM sqlite_schema")


def test_what_a_person_created_can_be_dropped_and_altered(tool: AdminTool) -> None:
    """
    Views, indexes, triggers and tables of one's own are part of the interface. To read a pragma is harmless.
    """
    statements = (
        "CREATE TABLE note (a)", "ALTER TABLE note ADD COLUMN b", "ALTER TABLE note RENAME TO notes",
        "ALTER TABLE notes DROP COLUMN b", "CREATE VIEW mine AS SELECT * FROM queue", "DROP VIEW mine",
        "CREATE INDEX by_size ON _message (size)", "DROP INDEX by_size",
        "CREATE TRIGGER each AFTER INSERT ON notes BEGIN SELECT 1; END", "DROP TRIGGER each", "DROP TABLE notes",
        "CREATE TEMP TABLE queue (a)", "DROP TABLE temp.queue",
        "PRAGMA user_version", "PRAGMA integrity_check(10)", "PRAGMA auto_vacuum = 2", "VACUUM",
    )  # fmt: skip
    before = tool.queue.select("SELECT type, name, sql FROM sqlite_schema")
    assert (0, f"{SCHEMA_VERSION}\nok\n", "") == tool.run_apart("sql", "--write", *statements)
    assert sorted(before) == sorted(tool.queue.select("SELECT type, name, sql FROM sqlite_schema"))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE queue SET priority = 9", "empath: priority takes 0 (first), 1, 2, 3 or 4 (last) [E-QUEUE-011]"),
        ("SELEC 1", 'near "SELEC": syntax error'),
        ("SELECT colour FROM queue", "no such column: colour"),
        (".fly", 'Unknown command "fly".  Enter ".help" for help'),
    ],
)
def test_the_first_error_ends_it_with_exit_65(tool: AdminTool, statement: str, words: str) -> None:
    """
    Earlier statements are done, later ones are not.
    """
    tool.queue.accept("a.example")
    said = tool.run_apart("sql", "--write", "SELECT 1", statement, "DELETE FROM queue")
    assert (65, "1\n", f"empath-admin: {words}\n") == said
    said = _script(tool, f"SELECT 1;\n{statement}{'' if statement[0] == '.' else ';'}\nDELETE FROM queue;\n", "--write")
    assert (65, "1\n", f"empath-admin: {words}\n") == said
    assert ["queued"] == tool.queue.statuses()


def test_a_busy_queue_is_exit_75(tool: AdminTool) -> None:
    """
    After --wait it ends without a traceback.
    """
    holder = apsw.Connection(str(tool.path))
    holder.execute("BEGIN IMMEDIATE")
    try:
        said = tool.run_apart("sql", "--write", "--wait", "0.01", "DELETE FROM queue")
        reading = tool.run_apart("sql", "SELECT count(*) FROM queue")
    finally:
        holder.close()
    assert (75, 0) == (said.code, reading.code)


def test_a_newer_schema_is_exit_65(tool: AdminTool) -> None:
    """
    The views of a newer version may have another meaning.
    """
    write(tool.path, "PRAGMA user_version = 999")
    said = tool.run_apart("sql", "SELECT 1")
    write(tool.path, f"PRAGMA user_version = {SCHEMA_VERSION}")
    assert (65, "") == (said.code, said.out)


def test_a_terminal_gets_a_prompt(tool: AdminTool) -> None:
    """
    The shell says which queue is open and whether it is read-only. An error does not end it.
    """
    tool.queue.accept("a.example")
    tool.queue.close()
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*STARTER.words(MODULE), "-c", str(tool.config), "sql"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "dumb", "HOME": str(tool.config.parent)},
    ) as process:
        os.close(theirs)
        os.write(ours, b"DELETE FROM queue;\nSELECT 'status is ' || status FROM queue;\n.exit\n")
        text = read_to_end(ours).decode()
        assert 0 == process.wait(DEADLINE_S)
    os.close(ours)
    for words in (f"Empath queue {tool.path}, read-only", "sqlite> ", "readonly", "status is queued"):
        assert words in text


@pytest.mark.parametrize(("command", "code"), [(".exit", 0), (".quit", 0), (".exit 5", 5)])
def test_the_shell_ends_with_the_code_that_a_person_gives(tool: AdminTool, command: str, code: int) -> None:
    """
    The code 141 is only for a missing reader.
    """
    assert code == tool.run("sql", command).code


def test_a_file_that_the_shell_cannot_read_is_one_line(tool: AdminTool) -> None:
    """
    A mistyped file name causes no traceback.
    """
    said = tool.run("sql", ".read /nonexistent/file.sql")
    assert (65, "") == (said.code, said.out)
    assert "No such file or directory" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "script", ["SELECT 1", "SELECT 1; SELECT 2", "SELECT 1;\n-- the end", ".mode list\nSELECT\n 1"]
)
def test_the_last_statement_of_a_script_needs_no_semicolon(tool: AdminTool, script: str) -> None:
    """
    sqlite3 accepts it, too: `echo SELECT 1 | empath-admin sql`.
    """
    said = _script(tool, script)
    assert (0, "") == (said.code, said.err)
    assert said.out.startswith("1\n")


def test_a_script_that_ends_within_a_text_is_refused(tool: AdminTool) -> None:
    """
    Half a statement may do something else than the whole one.
    """
    said = _script(tool, "SELECT 'abc")
    assert (65, "", True) == (said.code, said.out, said.err.startswith("empath-admin: Incomplete SQL"))


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("ATTACH '/nonexistent/x.db' AS x", "unable to open database: /nonexistent/x.db"),
        ("SELECT zeroblob(3000000000)", "string or blob too big"),
    ],
)
def test_a_fault_of_a_statement_is_not_put_on_the_queue(tool: AdminTool, statement: str, words: str) -> None:
    """
    The queue is sound, and this user may use it.
    """
    assert (65, "", f"empath-admin: {words}\n") == tool.run_apart("sql", statement)


def test_a_user_without_a_home_has_a_shell(tool: AdminTool) -> None:
    """
    The user of a service has no home. The shell then keeps no history, and writes no traceback.
    """
    tool.queue.close()
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*STARTER.words(MODULE), "-c", str(tool.config), "sql"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "dumb", "HOME": str(tool.config.parent / "none")},
    ) as process:
        os.close(theirs)
        os.write(ours, b"SELECT 'it ' || 'works';\n.exit\n")
        text = read_to_end(ours).decode()
        assert 0 == process.wait(DEADLINE_S)
    os.close(ours)
    assert ("it works" in text, "Traceback" in text) == (True, False)


def test_rows_that_do_not_fit_the_terminal_are_written_column_by_column(tool: AdminTool) -> None:
    """
    A table of 25 columns in a width of 80 would have one letter per line.
    """
    tool.queue.accept("a.example")
    lines = tool.on_a_terminal(80, "sql", "SELECT * FROM queue")
    assert [] == [line for line in lines if len(line) > 80]
    assert "              recipient = r1@a.example" in lines
    assert "             last_reply = NULL" in lines
    table = tool.on_a_terminal(80, "sql", "SELECT domain, status FROM queue")
    assert ["│  domain   │ status │", "│ a.example │ queued │"] == [line for line in table if "│" in line]


@pytest.mark.parametrize("mode", ["box", "list", "line", "json"])
def test_text_of_strangers_does_not_steer_the_terminal(tool: AdminTool, mode: str) -> None:
    """
    This holds in every mode. A pipe gets the text unchanged.
    """
    tool.queue.accept("a.example")
    write(tool.path, "UPDATE _recipient SET last_reply = ?", "550 \x1b]0;owned\x07\u202e")
    statement = "SELECT last_reply FROM queue"
    text = "\n".join(tool.on_a_terminal(80, "sql", f".mode {mode}", statement))
    assert (True, False, False) == (r"\u202e" in text, "\x1b" in text, "\u202e" in text)
    assert "550 \x1b]0;owned\x07\u202e\n" == tool.run_apart("sql", statement).out


@pytest.mark.parametrize("seconds", ["nan", "inf", "-1", "1e300", "soon"])
def test_a_wait_is_a_number_of_seconds(tool: AdminTool, seconds: str) -> None:
    """
    A wait without an end would look like a command that hangs.
    """
    said = tool.run("sql", "--wait", seconds, "SELECT 1")
    words = f"empath-admin: Invalid value for '--wait': '{seconds}' is not a number of seconds from 0 to 86400\n"
    assert (64, "", words) == said


def test_support_sees_masked_addresses(tool: AdminTool) -> None:
    """
    In replies, too; subjects are left out. A condition is true of what is shown.
    """
    tool.queue.accept("a.example", at=T0)
    tool.queue.write("UPDATE _recipient SET last_reply = '550 <r1@a.example>: unknown'")
    statement = "SELECT recipient, last_reply, subject FROM queue AS q JOIN message AS m ON m.id = q.id"
    assert (0, "r…@a.example|550 <r…@a.example>: unknown|\n1\n", "") == tool.run_apart(
        "sql", "--masked", statement, "SELECT count(*) FROM queue WHERE recipient_id = 1 AND received_unix >= 0"
    )
    detail = '{"subject":"Divorce of Ann","message_id":"<m@x>","reply":"<ann@a.example>"}'
    tool.queue.write(f"INSERT INTO _event (at, type, detail) VALUES (1e9, 'accepted', '{detail}'), (1e9, 'x', '[1]')")
    said = tool.run_apart("sql", "--masked", "SELECT detail FROM event")
    assert (0, '{"message_id": "<…@x>", "reply": "<a…@a.example>"}\n\n', "") == said
    tool.queue.write("INSERT INTO _account (name, senders, created_at) VALUES ('ann', '', 1e9)")
    tool.queue.write("UPDATE account SET status = 'disabled' WHERE name = 'ann'")
    said = tool.run_apart("sql", "--masked", "SELECT name FROM account", "SELECT object FROM audit")
    assert (0, "a…\na…\n", "") == said
    conditions = ("recipient = 'r1@a.example'", "recipient LIKE 'r1%'", "recipient_id < 1", "recipient_id = NULL")
    for where in conditions:
        assert (0, "", "") == tool.run_apart("sql", "--masked", f"SELECT * FROM queue WHERE {where}"), where
    count = "SELECT count(*) FROM queue WHERE domain = 'A.EXAMPLE'"
    assert (0, "0\n1\n", "") == tool.run_apart("sql", "--masked", count, f"{count} COLLATE NOCASE")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM _recipient",
        "SELECT * FROM main._recipient",
        "WITH queue AS (SELECT * FROM main._recipient) SELECT * FROM queue",
        "ATTACH 'queue.db' AS other",
        "SELECT * FROM pragma_database_list",
        "PRAGMA writable_schema = 1",
        "VACUUM INTO 'copy.db'",
        "CREATE VIRTUAL TABLE temp.x USING queue",
        "UPDATE queue SET priority = 0",
        ".open queue.db",
        ".read queue.db",
        ".output copy",
        ".shell ls",
        ".py 1",
        ".load x",
        ".backup copy.db",
    ],
)
def test_nothing_but_masked_views_can_be_read(tool: AdminTool, statement: str) -> None:
    """
    The statement runs in a database that has no table of the queue.
    """
    tool.queue.accept("a.example")
    said = tool.run_apart("sql", "--masked", statement)
    assert (65, "", 1) == (said.code, said.out, said.err.count("\n")), said
    assert not (tool.path.parent / "copy").exists()


def test_each_view_can_be_read_masked(tool: AdminTool) -> None:
    """
    The columns that are emptied, or that narrow what is read, are columns of views.
    """
    tool.queue.accept("a.example")
    tool.queue.close()
    connection = apsw.Connection(str(tool.path), flags=apsw.SQLITE_OPEN_READONLY)
    shown = masked_connection(connection)
    columns: set[str] = set()
    for view in public_views():
        assert (
            connection.execute(f"SELECT count(*) FROM {view}").fetchall()
            == shown.execute(f"SELECT count(*) FROM (SELECT * FROM {view})").fetchall()
        )
        columns |= {name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (view,))}
    assert set() == (EMPTY | NARROWING) - columns
    assert shown.execute("SELECT rowid FROM queue").fetchall() == [(1,)]
    shown.close()
    connection.close()


def test_masked_sql_does_not_write(tool: AdminTool) -> None:
    """
    The two options contradict each other.
    """
    assert 64 == tool.run("sql", "--masked", "--write").code
