"""docs/sql.md: every column of every view, and examples that work in the shell of the system."""

import re
import shutil
import subprocess
import time
from contextlib import closing
from types import SimpleNamespace

import apsw
import pytest

from empath.mail.status import RecipientStatus
from empath.policy.greylist import GreylistRules, Note, Triple
from empath.policy.limits.rate import Rate
from empath.policy.senders import Senders
from empath.storage.admin.accounts import AddAccount
from empath.storage.queue.greylist import NoteTry
from empath.storage.queue.put_back import EndLease
from empath.storage.queue.rates import ExchangeTokens, RateKey, Trade
from empath.storage.queue.refusals import KeepRefusals, RefusalRow
from empath.storage.queue.sessions import KeepSessions, SessionRow
from empath.storage.queue.throughput import AddHours, Mark
from empath.storage.queue.transcripts import KeepTranscripts, TranscriptRow
from empath.storage.refusals import with_code
from empath.storage.sqlite.plans import ForgetStatistics
from tests.bench.depth.fill import Filling, fill
from tests.bench.depth.steering import is_quick_query
from tests.cli.admin.kit import run_apart
from tests.docs.pages import ROOT, blocks
from tests.docs.reference import views
from tests.kit.commands import ended
from tests.kit.process import configuration
from tests.kit.queue import T0, Queue, select, violations, write
from tests.kit.waiting import DEADLINE_S

SHELL = shutil.which("sqlite3", path="/usr/bin")
ULID = "01JD3KQ9XWV5N8T2RZC4E6MBHA"


STATEMENTS = blocks("docs/sql.md", "sql")
LOOKS = [text for text in STATEMENTS if text.startswith("SELECT")]
SEPARATOR = "-- next --"
DEFERRED = 1  # number of a deferred recipient


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """
    A closed queue with mail in each state that the examples need: deferred, queued, held, delivered, bounced,
    cancelled. Each test has a copy.
    """
    queue = Queue(tmp_path_factory.mktemp("made") / "queue.db")
    queue.accept("example.com", "example.net")
    for lease in queue.lease():
        queue.run(
            queue.new_settle(lease, RecipientStatus.DEFERRED),
            EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=T0 + 1),
        )
    for status in (RecipientStatus.DELIVERED, RecipientStatus.BOUNCED):
        queue.accept("example.com")
        for lease in queue.lease(now=T0 + 2):
            queue.run(
                queue.new_settle(lease, status),
                EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=T0 + 1),
            )
    queue.accept("example.com", "example.net", count=3)
    write(queue.path, "UPDATE queue SET status = 'held' WHERE recipient_id = 5")
    write(queue.path, "DELETE FROM queue WHERE recipient_id = 7")
    write(queue.path, "UPDATE destination SET suspended_until = '+2 hours' WHERE destination = 'example.com'")
    for name in ("alice@example.org", "bob@example.org"):
        queue.run(AddAccount(name, Senders.parse(name), None, who="test", now=T0))
    session = SessionRow(1, "127.0.0.1:25", "192.0.2.1", "client.test", None, None, "ready", 0, 0, T0)
    queue.run(KeepSessions(queue.process_id, [session], []))
    rate = RateKey("message_rate_per_client", "192.0.2.1")
    queue.run(ExchangeTokens([Trade(rate, Rate(100, 60.0), 0, 1)], now=T0))
    rules = GreylistRules(300, 172_800, 3_024_000, auto_allow=5, ipv4_prefix=24, ipv6_prefix=64)
    queue.run(NoteTry(rules, Triple("192.0.2.0/24", "a@b.test", "c@d.test"), Note.FIRST_TRY, T0))
    now = time.time()
    refused = RefusalRow(
        *(now, now, 3, "127.0.0.1:25", "192.0.2.1", "client.test", None, "a@b.test", "c@d.test", "RCPT", "relay"),
        "554 5.7.1 Relay access denied",
    )
    queue.run(KeepRefusals([refused], now))
    failed = TranscriptRow(now, "RCPT", "450 later", destination="example.com", host="h[192.0.2.9]:25", dialogue="C: x")
    queue.run(KeepTranscripts([failed]))
    hour = {"hour_at": int(now / 3600) * 3600, "destination": "example.com", "received": 0, "octets": 0}
    queue.run(
        AddHours(Mark(), Mark(1, 1), [hour | dict.fromkeys(("delivered", "deferred", "bounced", "expired"), 1)], now)
    )
    _add_records(queue)
    queue.close()
    return queue.path.parent


def _add_records(queue):
    """What processes and reports of other hosts leave: a row of each kind that the examples look at."""
    now = time.time()
    write(queue.path, "INSERT INTO _effective_setting VALUES ('mx', 'process.workers', '4', '2', 'empath.toml:3')")
    report = "'d.test', 'org', 'r', '', :now - 1, :now, '{}', 1, 1, 0, NULL, '', 'd', :now, 1"
    none = "NULL, NULL, NULL"
    for statement in (
        "INSERT INTO _config_revision VALUES (1, 'mx', 'I', 'R', :now, 'start', 'empathd', 'h', '', '1')",
        "INSERT INTO _audit_seal VALUES (1, :now, 0, 1, 1, 0, 0, 0, x'00', '', 'd')",
        f"INSERT INTO _feedback VALUES (1, :now, 'R', 'complaint', NULL, 1, 'a@b.test', 'x', {none}, 'r', 'arf', NULL)",
        f"INSERT INTO _received_report VALUES (1, 'dmarc', {report})",
        f"INSERT INTO _received_report VALUES (2, 'tls', {report})",
        "INSERT INTO _received_dmarc"
        " VALUES (1, 1, '192.0.2.9', 3, 'none', 'fail', 'fail', '', '', 'd.test', 'd.test', '[]', '', 'fail')",
        "INSERT INTO _received_tls VALUES (2, 1, 'sts', 'd.test', 'starttls-not-supported', 2, 'mx.test', '', '', '')",
        "UPDATE _recipient SET reason = 'administratively held by hold rule 1, sender @a.test' WHERE recipient_id = 5",
        "INSERT INTO plan (verb) VALUES ('hold')",
        "INSERT INTO plan_recipient (plan_id, recipient_id) VALUES (1, 1)",
        "INSERT INTO consumer (name) VALUES ('auditor')",
        "INSERT INTO _event (at, type, detail) VALUES (:now, 'delivered', '{}')",
    ):
        write(queue.path, statement.replace(":now", str(int(now))))


@pytest.fixture
def queue(made, tmp_path):
    """The `path` of a queue with mail in each state, of the test's own."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "queue.db"
    yield SimpleNamespace(path=path)
    assert {} == violations(path)


def _in_shell(queue, script, *options):
    assert SHELL is not None
    done = subprocess.run(
        [SHELL, *options, "-batch", "-bail", str(queue.path)],
        input=script,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
    )
    return ended(done.returncode, done.stdout, done.stderr)


def _in_admin(queue, script, *options):
    config = queue.path.with_name("empath.toml")
    config.write_text(configuration(2525))
    return run_apart("-c", str(config), "sql", *options, text=script)


def _as_printed(queue, statement):
    """The statement with a queue id and a recipient of this queue."""
    [(ulid,)] = select(queue.path, "SELECT id FROM queue LIMIT 1")
    return statement.replace(ULID, ulid).replace("4711", str(DEFERRED))


def test_every_column_of_every_view_is_in_the_reference(queue):
    """
    The reference comes from comments, but SQLite knows the columns.
    """
    seen = {
        view: [column for (column,) in select(queue.path, "SELECT name FROM pragma_table_info(?)", view)]
        for (view,) in select(queue.path, "SELECT name FROM sqlite_schema WHERE type = 'view' AND name NOT GLOB '_*'")
    }
    assert seen == {view.name: [column for column, _ in view.columns] for view in views.views()}


def test_every_view_takes_a_change_or_says_why_it_does_not(queue):
    """
    Without a trigger SQLite says only that it is a view.
    """
    without = """
        SELECT v.name, change.value
          FROM sqlite_schema AS v, json_each('["INSERT", "UPDATE", "DELETE"]') AS change
         WHERE v.type = 'view'
           AND v.name NOT GLOB '_*'
           AND NOT EXISTS (
             SELECT 1 FROM sqlite_schema AS t
              WHERE t.type = 'trigger' AND t.tbl_name = v.name AND instr(t.sql, 'INSTEAD OF ' || change.value) > 0)
    """
    assert [] == select(queue.path, without)


def test_what_the_issue_of_the_view_promises_is_there():
    """
    Scripts use these names.
    """
    promised = (
        "id recipient_id sender recipient domain destination status ordered priority next_retry_at next_retry_unix"
        " expires_at attempts last_reply received_at size"
    )
    [queue] = [view for view in views.views() if view.name == "queue"]
    assert set() == set(promised.split()) - {column for column, _ in queue.columns}


@pytest.mark.skipif(SHELL is None, reason="no sqlite3 shell of the system")
@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda text: text.split("\n")[0][:40])
def test_a_statement_works_as_printed(queue, statement):
    """
    People copy examples. Each finds or changes a row.
    """
    audit = "SELECT count(*) FROM audit"
    before = select(queue.path, audit)
    done = _in_shell(queue, _as_printed(queue, statement), "-init", str(ROOT / "conf/sqliterc"))
    assert (0, "") == (done.code, done.err)
    if "SELECT" in statement:
        assert done.out
    if not statement.startswith(("SELECT", "INSERT INTO queue_at")):  # which changes nothing
        assert before < select(queue.path, audit)


def _parts(queue, statements):
    """A script of *statements*, as printed, with a line of its own after each."""
    return "".join(f"{_as_printed(queue, each).rstrip().rstrip(';')};\n.print {SEPARATOR}\n" for each in statements)


def test_empath_admin_takes_every_statement(queue):
    """
    Looks without `--write`, changes with it. Each is taken back, because the next one needs the queue as it was; one
    that is a transaction comes last.
    """
    done = _in_admin(queue, _parts(queue, LOOKS))
    assert (0, "", len(LOOKS)) == (done.code, done.err, done.out.count(SEPARATOR))
    assert [] == [look for look, rows in zip(LOOKS, done.out.split(SEPARATOR), strict=False) if not rows.strip()]
    changes = sorted((text for text in STATEMENTS if text not in LOOKS), key=lambda text: "BEGIN" in text)
    undone = [text if "BEGIN" in text else f"SAVEPOINT s;\n{text}\nROLLBACK TO s;\nRELEASE s" for text in changes]
    done = _in_admin(queue, _parts(queue, undone), "--write")
    assert (0, "", len(changes)) == (done.code, done.err, done.out.count(SEPARATOR))


@pytest.mark.skipif(SHELL is None, reason="no sqlite3 shell of the system")
def test_a_look_works_read_only(queue):
    """
    The page promises it.
    """
    done = _in_shell(queue, _parts(queue, LOOKS), "-readonly")
    assert (0, "", len(LOOKS)) == (done.code, done.err, done.out.count(SEPARATOR))
    assert [] == [look for look, rows in zip(LOOKS, done.out.split(SEPARATOR), strict=False) if not rows.strip()]


@pytest.mark.parametrize(
    "statement",
    [text for text in STATEMENTS if text.startswith("SELECT") and is_quick_query(text)],
    ids=lambda text: text.split("\n")[0][:40],
)
def test_a_quick_look_reads_no_more_than_it_shows(queue, statement):
    """
    A key finds its rows by an index, and the top of a view is read in its order: in a queue of a million, too.
    """
    steps = [row[3] for row in select(queue.path, f"EXPLAIN QUERY PLAN {_as_printed(queue, statement)}")]

    assert [] == [step for step in steps if "TEMP B-TREE" in step]
    small = {"SCAN p", "SCAN c", "SCAN h", "SCAN _clock", "SCAN CONSTANT ROW"}  # processes, orders, hold rules, and now
    scans = {step for step in steps if step.startswith("SCAN")} - small
    assert len(scans) <= ("LIMIT" in statement), steps


def _plans(path):
    """The plan of each statement of the page that reads, by a shell that begins now."""
    with closing(apsw.Connection(str(path))) as shell:
        looks = [text for text in STATEMENTS if text.startswith("SELECT")]
        return {text: shell.execute(f"EXPLAIN QUERY PLAN {text.partition(';')[0]}").fetchall() for text in looks}


def test_an_analyze_of_a_small_queue_changes_no_plan_for_longer_than_seconds(queue):
    """
    Its counts say that each table is small, so that all are walked. The housekeeper removes them.
    """
    before = _plans(queue.path)
    write(queue.path, "ANALYZE")
    assert before != _plans(queue.path)
    again = Queue(queue.path, slot="worker-2")
    again.run(ForgetStatistics())
    again.close()
    assert before == _plans(queue.path)


def test_an_analyze_of_a_large_queue_leads_to_no_walk(tmp_path):
    """
    Nor where nearly all mail is for one domain, and most of it is held.
    """
    path = tmp_path / "queue.db"
    fill(path, Filling(2000, retained=6000))
    write(path, "UPDATE _recipient SET domain = 'large.example' WHERE recipient_id % 50 > 0")
    write(path, "UPDATE queue SET status = 'held' WHERE recipient_id % 3 > 0")
    write(path, "ANALYZE")
    walked = re.compile(r"SCAN (r|_recipient|_message|_attempt)")
    for statement, steps in _plans(path).items():
        if "FROM refusal" not in statement:  # whose table is r, and bounded
            assert [] == [step for *_, step in steps if walked.fullmatch(step)], statement


def test_mail_that_is_stuck_is_found_in_the_indexes_of_what_waits(queue):
    """
    The oldest of each destination is looked up, not each recipient.
    """
    [statement] = [text for text in STATEMENTS if "FROM stuck" in text]
    steps = [row[3].replace("COVERING ", "") for row in select(queue.path, f"EXPLAIN QUERY PLAN {statement}")]

    large = {step for step in steps if step.startswith("SCAN _recipient")}
    assert {"SCAN _recipient USING INDEX _recipient_due", "SCAN _recipient USING INDEX _recipient_held"} == large
    assert "SEARCH r USING INTEGER PRIMARY KEY (rowid=?)" in steps


@pytest.mark.parametrize(
    "statement",
    [text for text in STATEMENTS if text.startswith("SELECT") and not is_quick_query(text)],
    ids=lambda text: text.split("\n")[0][:40],
)
def test_a_count_does_not_read_the_mail_of_the_past(queue, statement):
    """
    Five million recipients that were delivered are no reason to wait for an answer about a thousand that were not.
    """
    steps = [
        row[3].replace("COVERING ", "")
        for row in select(queue.path, f"EXPLAIN QUERY PLAN {_as_printed(queue, statement)}")
    ]

    tables = "m|_recipient|_message" if "FROM refusal" in statement else "r|m|_recipient|_message"
    assert [] == [step for step in steps if re.fullmatch(f"SCAN ({tables})", step)]
    assert [] == [step for step in steps if re.fullmatch("SCAN a(ttempt)?", step)] or "LIMIT" in statement


def test_the_hours_of_a_day_are_read_by_their_key(queue):
    """
    A question about a month reads the rows of that month, not its mail.
    """
    [statement] = [text for text in STATEMENTS if "FROM throughput" in text]
    steps = [row[3] for row in select(queue.path, f"EXPLAIN QUERY PLAN {statement}")]

    assert ["SEARCH t USING PRIMARY KEY (hour_at>?)"] == [step for step in steps if "TEMP B-TREE" not in step]


def test_what_the_page_says_of_counting_is_so(queue):
    """
    If SQLite changed this, the advice would be wrong.
    """
    script = """
        UPDATE queue SET status = 'held' WHERE recipient_id = 1 RETURNING status, reason;
        SELECT changes();
        DELETE FROM queue WHERE recipient_id = 2 RETURNING status;
        SELECT changes();
    """
    assert "held|\n0\ndeferred\n0\n" == _in_admin(queue, script, "--write").out
    if SHELL is not None:
        write(queue.path, "UPDATE history SET status = 'queued' WHERE recipient_id = 2")
        assert "held|administratively held\n0\nqueued\n0\n" == _in_shell(queue, script).out


@pytest.mark.parametrize("session", [text for text in blocks("docs/sql.md", "console") if "sqlite>" in text])
def test_what_is_refused_is_refused_as_shown(queue, session):
    """
    The triggers have the same sentences.
    """
    lines = session.splitlines()
    for statement, words in zip(lines[::2], lines[1::2], strict=True):
        done = _in_admin(queue, statement.removeprefix("sqlite> "), "--write")
        assert f"empath-admin: {with_code(words.removeprefix('Runtime error: '))}\n" == done.err


@pytest.mark.skipif(SHELL is None, reason="no sqlite3 shell of the system")
def test_sqliterc_keeps_an_affected_shell_from_harm(queue):
    """
    It makes no checkpoint while others have the file open, waits for the lock, and prints nothing to standard output.
    """
    script = ".timeout\nPRAGMA wal_autocheckpoint; PRAGMA temp_store;"
    done = _in_shell(queue, ".mode list\n.headers off\n" + script, "-init", str(ROOT / "conf/sqliterc"))
    assert ["0", "2"] == done.out.split()[-2:]
    assert "" == _in_shell(queue, "", "-init", str(ROOT / "conf/sqliterc")).out


@pytest.mark.skipif(SHELL is None, reason="no sqlite3 shell of the system")
def test_sqliterc_waits_for_the_write_lock(queue):
    """
    Instead of `database is locked`.
    """
    holder = apsw.Connection(str(queue.path))
    holder.execute("BEGIN IMMEDIATE")
    command = [str(SHELL), "-init", str(ROOT / "conf/sqliterc"), "-batch", "-bail", str(queue.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(b"SELECT 1;\nUPDATE queue SET priority = 3 WHERE recipient_id = 1;\n")
        process.stdin.close()
        while b"1" not in process.stdout.readline():
            pass  # it has started, and waits for the lock next
        holder.execute("ROLLBACK")
        holder.close()
        assert (0, b"") == (process.wait(DEADLINE_S), process.stderr.read())
    assert [(3,)] == select(queue.path, "SELECT priority FROM queue WHERE recipient_id = 1")


@pytest.mark.skipif(SHELL is None, reason="no sqlite3 shell of the system")
def test_a_read_only_shell_cannot_write(queue):
    """
    The page promises that `-readonly` keeps an affected shell from harm.
    """
    done = subprocess.run(
        [str(SHELL), "-readonly", "-batch", str(queue.path)],
        input="UPDATE _destination SET due_at = NULL; PRAGMA wal_checkpoint;",
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "readonly" in done.stderr
    assert "0|" not in done.stdout
