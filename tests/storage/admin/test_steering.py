"""test_steering - plain SQL changes the queue, in any shell"""

import re
import time

import pytest

from empath.mail.status import RecipientStatus
from empath.message.report.facts import ReportKind
from empath.policy.bounce import TOLD_OF, wants_notice
from tests.kit.queue import Queue
from tests.kit.sqlites import SQLITES, Sqlite, errors_of

SOON = time.time()
REFUSED_TIME = "takes Unix seconds up to 10 years ahead"


@pytest.fixture(params=SQLITES)
def sqlite(request: pytest.FixtureRequest) -> Sqlite:
    """One SQLite, then the other."""
    made: Sqlite = request.param
    return made


def steer(queue: Queue, sqlite: Sqlite, statement: str) -> None:
    assert "" == sqlite(queue.path, statement)


def fill(queue: Queue) -> None:
    """Recipient 1 is leased, 2 queued, 3 deferred, 4 delivered, 5 bounced, 6 held, 7 cancelled."""
    for name in ("leased", "queued", "deferred", "delivered", "bounced", "held", "cancelled"):
        queue.accept(f"{name}.example")
    for lease in queue.lease():
        kind = lease.destination.partition(".")[0]
        if kind in ("deferred", "delivered", "bounced"):
            queue.run(queue.new_settle(lease, RecipientStatus(kind), next_retry_at=SOON + 7200))
        if kind != "leased":
            queue.write(f"UPDATE _recipient SET status = 'queued', lease_id = NULL WHERE status = 'leased'"
                  f" AND lease_id = {lease.lease_id}")  # fmt: skip
            queue.write(f"DELETE FROM _lease WHERE lease_id = {lease.lease_id}")
    queue.write("UPDATE queue SET status = 'held' WHERE domain = 'held.example'")
    queue.write("DELETE FROM queue WHERE domain = 'cancelled.example'")


def test_fill_gives_each_status(queue: Queue) -> None:
    """
    The tests below need one recipient of each status.
    """
    fill(queue)

    assert ["leased", "queued", "deferred", "delivered", "bounced", "held", "cancelled"] == queue.statuses()


MOVES = [
    ("UPDATE queue SET status = 'held' WHERE recipient_id = 2", "held", "administratively held"),
    ("UPDATE queue SET status = 'cancelled' WHERE recipient_id = 2", "cancelled", "administratively cancelled"),
    ("DELETE FROM queue WHERE recipient_id = 2", "cancelled", "administratively cancelled"),
    ("UPDATE queue SET status = 'bounced' WHERE recipient_id = 2", "bounced", "administratively bounced"),
    ("UPDATE queue SET status = 'expired' WHERE recipient_id = 2", "expired", "administratively expired"),
    ("UPDATE queue SET status = 'held' WHERE recipient_id = 3", "held", "administratively held"),
    ("DELETE FROM queue WHERE recipient_id = 3", "cancelled", "administratively cancelled"),
    ("UPDATE queue SET status = 'queued' WHERE recipient_id = 3", "queued", None),
    ("UPDATE queue SET status = 'queued' WHERE recipient_id = 6", "queued", None),
    ("DELETE FROM queue WHERE recipient_id = 6", "cancelled", "administratively cancelled"),
    ("UPDATE queue SET status = 'expired' WHERE recipient_id = 6", "expired", "administratively expired"),
    ("UPDATE history SET status = 'queued' WHERE recipient_id = 5", "queued", None),
    ("UPDATE history SET status = 'queued' WHERE recipient_id = 7", "queued", None),
]


@pytest.mark.parametrize(("statement", "status", "reason"), MOVES)
def test_recipient_is_moved_and_the_audit_says_so(
    queue: Queue, sqlite: Sqlite, statement: str, status: str, reason: str | None
) -> None:
    """
    Hold, release, retry, cancel, bounce, expire and undo are one statement each.
    """
    fill(queue)
    number = int(statement[-1])
    before = queue.statuses()[number - 1]
    seen = queue.select("SELECT max(audit_id) FROM audit")[0][0]

    steer(queue, sqlite, statement)

    assert [(status, reason)] == queue.select("SELECT status, reason FROM _recipient WHERE recipient_id = ?", number)
    audit = queue.select(
        "SELECT who, recipient_id, what, before, after FROM audit WHERE audit_id > ? AND what = 'status'", seen
    )
    assert [("sql", number, "status", before, status)] == audit
    notices = queue.select("SELECT kind FROM _notice WHERE recipient_id = ?", number)
    assert ([("failure",)] if status in ("bounced", "expired") else []) == notices


@pytest.mark.parametrize("status", ["bounced", "expired", "cancelled", "held"])
def test_an_ordered_failure_is_reported_as_policy_says(queue: Queue, sqlite: Sqlite, status: str) -> None:
    """
    The trigger repeats the rule in SQL, because a shell has no other way to apply it.
    """
    wishes = (None, "NEVER", "SUCCESS", "FAILURE", "DELAY", "SUCCESS,DELAY", "SUCCESS,FAILURE,DELAY")
    queue.accept(*["a.example"] * len(wishes))
    for number, notify in enumerate(wishes, start=1):
        queue.write("UPDATE _recipient SET notify = ? WHERE recipient_id = ?", notify, number)

    steer(queue, sqlite, f"UPDATE queue SET status = '{status}'")

    reported = [
        (number, "failure")
        for number, notify in enumerate(wishes, start=1)
        if status in TOLD_OF[ReportKind.FAILURE] and wants_notice(notify, ReportKind.FAILURE)
    ]
    assert reported == queue.select("SELECT recipient_id, kind FROM _notice ORDER BY recipient_id")


@pytest.mark.parametrize("conflict", ["ABORT", "FAIL", "IGNORE", "REPLACE", "ROLLBACK"])
def test_an_order_that_says_or_bounces_what_wants_no_report(queue: Queue, sqlite: Sqlite, conflict: str) -> None:
    """
    The OR of a statement replaces that of each statement in the triggers that it causes.
    """
    queue.accept("a.example", "a.example")
    queue.write("UPDATE _recipient SET notify = 'NEVER' WHERE recipient_id = 1")

    steer(queue, sqlite, f"UPDATE OR {conflict} queue SET status = 'bounced'")

    assert ["bounced", "bounced"] == queue.statuses()
    assert [(2, "failure")] == queue.select("SELECT recipient_id, kind FROM _notice")


def test_audit_tells_when_by_whom_and_by_which_sqlite(queue: Queue, sqlite: Sqlite) -> None:
    """
    The audit shows an affected shell by its version, and a program by its name.
    """
    queue.accept("a.example")
    began = int(time.time())

    steer(
        queue,
        sqlite,
        "BEGIN; INSERT INTO _actor (actor_id, who) VALUES (1, 'ann'); UPDATE queue SET status = 'held', priority = 1;"
        " DELETE FROM _actor; COMMIT",
    )

    rows = queue.select("SELECT at_unix, who, engine_version, id, recipient, what, before, after FROM audit")
    [(ulid,)] = queue.select("SELECT id FROM queue")
    assert {("status", "queued", "held"), ("priority", 2, 1)} == {row[5:] for row in rows}
    assert {("ann", ulid, "r1@a.example")} == {(row[1], row[3], row[4]) for row in rows}
    assert all(began <= row[0] <= time.time() + 1 for row in rows)
    versions = {row[2] for row in rows}
    assert 1 == len(versions)
    assert versions.pop().startswith("3.")


INSTANTS = [
    ("'2030-01-02 03:04:05'", 1893553445.0),
    ("'2030-01-02T03:04:05Z'", 1893553445.0),
    ("'2030-01-02 05:04:05+02:00'", 1893553445.0),
    ("1893553445", 1893553445.0),
    ("1893553445.25", 1893553445.25),
    ("'1893553445'", 1893553445.0),
    ("'now'", 0.0),
    ("'+1 hour'", 3600.0),
    ("'-2 minutes'", -120.0),
    ("unixepoch() + 60", 60.0),
]  # as they are given, and Unix seconds; small ones are seconds from now


@pytest.mark.parametrize("column", ["next_retry_at", "next_retry_unix", "expires_at", "expires_unix"])
def test_instant_is_taken_in_each_form(queue: Queue, sqlite: Sqlite, column: str) -> None:
    """
    People write the text that they read; programs write numbers.
    """
    queue.accept("a.example", count=len(INSTANTS))
    private = column.replace("_unix", "_at")
    before = dict(queue.select(f"SELECT recipient_id, {private} FROM _recipient"))
    changes = [
        f"UPDATE queue SET {column} = {given} WHERE recipient_id = {number}"
        for number, (given, _) in enumerate(INSTANTS, start=1)
    ]

    steer(queue, sqlite, "; ".join(changes))

    found = dict(queue.select(f"SELECT recipient_id, {private} FROM _recipient"))
    audit = queue.select("SELECT recipient_id, what, before, after FROM audit ORDER BY audit_id")
    for number, (given, wanted) in enumerate(INSTANTS, start=1):
        off_by = found[number] - wanted if wanted > 1e9 else found[number] - time.time() - wanted
        assert abs(off_by) < (0.0011 if wanted > 1e9 else 60), given
    assert [(number, private.replace("_at", "_unix"), before[number], found[number]) for number in found] == audit


@pytest.mark.parametrize("column", ["next_retry_at", "expires_at"])
def test_a_day_that_no_calendar_has_is_refused(queue: Queue, sqlite: Sqlite, column: str) -> None:
    """
    SQLite takes February 30 for March 2, so the mail would get another day than the person meant.
    """
    queue.accept("a.example")
    days = (
        "2030-02-30 00:00:00", "2030-02-29", "2030-04-31T12:00:00Z", "2030-02-30 12:00:00+02:00", " 2030-02-30 00:00:00"
    )  # fmt: skip
    for given in days:
        error = sqlite(queue.path, f"UPDATE queue SET {column} = '{given}'")
        assert f"empath: {column} {REFUSED_TIME}" in error, given


def test_the_last_day_of_each_month_is_taken(queue: Queue, sqlite: Sqlite) -> None:
    """
    This holds even if its offset leads to another day.
    """
    queue.accept("a.example")
    for given in ("2028-02-29 23:59:59", "2030-04-30T23:59", "2030-12-31 23:30:00-05:00", "2030-03-01 00:30:00+02:00"):
        steer(queue, sqlite, f"UPDATE queue SET expires_at = '{given}'")
        [(found, expected)] = queue.select(
            "SELECT expires_at, (julianday(?) - 2440587.5) * 86400.0 FROM _recipient", given
        )
        assert abs(found - expected) < 0.0011, given


def test_retry_lets_the_recipient_be_leased(queue: Queue, sqlite: Sqlite) -> None:
    """
    The bound of its destination follows, so that workers look at it.
    """
    fill(queue)
    now = time.time()
    assert [] == [lease for lease in queue.lease(now=now) if lease.destination == "deferred.example"]

    steer(queue, sqlite, "UPDATE queue SET next_retry_at = 'now' WHERE status = 'deferred'")

    assert ["deferred.example"] == [lease.destination for lease in queue.lease(now=time.time() + 1)]


def test_priority_moves_the_recipient_to_its_class(queue: Queue, sqlite: Sqlite) -> None:
    """
    It overtakes earlier mail of a lower class.
    """
    queue.accept("a.example", count=25)

    steer(queue, sqlite, "UPDATE queue SET priority = 0 WHERE recipient_id = 25")

    assert 25 == queue.lease(limit=1)[0].messages[0].recipients[0].recipient_id
    assert [("priority", 2, 0)] == queue.select("SELECT what, before, after FROM audit")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE queue SET status = status, priority = priority, next_retry_at = next_retry_at",
        "UPDATE queue SET next_retry_unix = next_retry_unix, expires_at = expires_at",
        "UPDATE queue SET priority = '2'",
        "UPDATE queue SET status = 'held' WHERE recipient_id = 99",
        "UPDATE history SET status = status",
        "UPDATE destination SET suspended_until = NULL",
    ],
)
def test_change_to_what_is_there_leaves_no_trace(queue: Queue, sqlite: Sqlite, statement: str) -> None:
    """
    Rows without a change would hide the changes that matter.
    """
    fill(queue)
    before = queue.dump()["_audit"]

    steer(queue, sqlite, statement)

    assert before == queue.dump()["_audit"]


def test_content_that_is_gone_cannot_be_queued_again(queue: Queue, sqlite: Sqlite) -> None:
    """
    The retention limits how long a cancellation can be undone.
    """
    queue.accept("a.example")
    steer(queue, sqlite, "DELETE FROM queue")
    assert [("cancelled", 1)] == queue.select("SELECT status, has_content FROM history")
    queue.write("UPDATE _message SET content_locator = NULL; DELETE FROM _content")

    assert "content of this message has been removed" in sqlite(queue.path, "UPDATE history SET status = 'queued'")
    assert [("cancelled", 0)] == queue.select("SELECT status, has_content FROM history")


def test_suspension_keeps_a_destination_waiting_until_it_ends(queue: Queue, sqlite: Sqlite) -> None:
    """
    The due time of each recipient stays as it is.
    """
    queue.accept("a.example")
    now = time.time()

    steer(queue, sqlite, "UPDATE destination SET suspended_until = '+1 hour' WHERE destination = 'a.example'")
    assert [] == queue.lease(now=now + 3000)
    steer(queue, sqlite, "UPDATE destination SET suspended_until = NULL WHERE destination = 'a.example'")

    assert 1 == len(queue.lease(now=now))
    assert [("a.example", "suspended_until_unix"), ("a.example", "suspended_until_unix")] == queue.select(
        "SELECT destination, what FROM audit"
    )


def test_audit_names_message_and_recipient_after_both_are_forgotten(queue: Queue) -> None:
    """
    A person who asks for a mail cancelled months ago knows its id, but not the number of a recipient.
    """
    queue.accept()
    [(queue_id, recipient)] = queue.select("SELECT id, recipient FROM queue")
    queue.write("DELETE FROM queue")
    for table in ("_recipient", "_content", "_message"):
        queue.write(f"DELETE FROM {table}")

    assert [(queue_id, recipient, "cancelled")] == queue.select("SELECT id, recipient, after FROM audit")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM _audit",
        "UPDATE _audit SET who = 'x'",
        "REPLACE INTO _audit SELECT audit_id, at, 'x', 'x', 1, NULL, 'x', 1, 1, NULL, NULL, NULL FROM _audit",
        "INSERT OR REPLACE INTO _audit (audit_id, who, what) VALUES (1, 'x', 'x')",
    ],
)
def test_audit_is_only_added_to(queue: Queue, sqlite: Sqlite, statement: str) -> None:
    """
    The author of a change must not be able to remove its row.
    """
    queue.accept("a.example")
    steer(queue, sqlite, "UPDATE queue SET status = 'held'")
    before = queue.dump()["_audit"]

    assert "empath: " in sqlite(queue.path, statement)

    assert before == queue.dump()["_audit"]


WRONG = [
    ("UPDATE queue SET status = 'hold'", "status takes held, queued"),
    ("UPDATE queue SET status = 'HELD'", "status takes held, queued"),
    ("UPDATE queue SET status = 'held '", "status takes held, queued"),
    ("UPDATE queue SET status = ''", "status takes held, queued"),
    ("UPDATE queue SET status = NULL", "status takes held, queued"),
    ("UPDATE queue SET status = 7", "status takes held, queued"),
    ("UPDATE queue SET status = x'68656c64'", "status takes held, queued"),
    ("UPDATE queue SET status = 'held''; DROP TABLE _recipient; --'", "status takes held, queued"),
    ("UPDATE queue SET status = 'leased' WHERE recipient_id = 2", "only a worker leases"),
    ("UPDATE queue SET status = 'delivered'", "only the next hop makes"),
    ("UPDATE queue SET status = 'deferred' WHERE recipient_id = 2", "cannot make this move"),
    ("UPDATE queue SET status = 'deferred' WHERE recipient_id = 6", "was never tried"),
    ("UPDATE queue SET status = 'deferred' WHERE recipient_id = 1", "as an order"),
    ("UPDATE OR IGNORE queue SET status = 'delivered'", "only the next hop makes"),
    ("UPDATE OR REPLACE queue SET status = 'delivered'", "only the next hop makes"),
    ("UPDATE queue SET next_retry_at = NULL", f"next_retry_at {REFUSED_TIME}"),
    ("UPDATE queue SET next_retry_at = ''", f"next_retry_at {REFUSED_TIME}"),
    ("UPDATE queue SET next_retry_at = 'tomorrow'", f"next_retry_at {REFUSED_TIME}"),
    ("UPDATE queue SET next_retry_at = '1 hour'", f"next_retry_at {REFUSED_TIME}"),
    ("UPDATE queue SET next_retry_at = '+1 fortnight'", f"next_retry_at {REFUSED_TIME}"),
    ("UPDATE queue SET next_retry_at = '12:00'", f"next_retry_at {REFUSED_TIME}"),
    ("UPDATE queue SET next_retry_at = '2030-13-01 00:00:00'", f"next_retry_at {REFUSED_TIME}"),
    ("UPDATE queue SET next_retry_at = '01.02.2030 10:00'", f"next_retry_at {REFUSED_TIME}"),
    ("UPDATE queue SET next_retry_at = '+11 years'", f"next_retry_at {REFUSED_TIME}"),
    ("UPDATE queue SET next_retry_at = 0", f"next_retry_at {REFUSED_TIME}"),
    ("UPDATE queue SET next_retry_at = 60", f"next_retry_at {REFUSED_TIME}"),
    ("UPDATE queue SET next_retry_at = -1", f"next_retry_at {REFUSED_TIME}"),
    ("UPDATE queue SET next_retry_at = 999999999.9", f"next_retry_at {REFUSED_TIME}"),
    ("UPDATE queue SET next_retry_unix = 1893553445000", f"next_retry_at {REFUSED_TIME}"),
    ("UPDATE queue SET next_retry_unix = '1893553445000'", f"next_retry_at {REFUSED_TIME}"),
    ("UPDATE queue SET next_retry_unix = 9e999", f"next_retry_at {REFUSED_TIME}"),
    ("UPDATE queue SET next_retry_unix = x'00'", f"next_retry_at {REFUSED_TIME}"),
    ("UPDATE queue SET next_retry_unix = NULL", f"next_retry_at {REFUSED_TIME}"),
    ("UPDATE queue SET next_retry_at = 'now', next_retry_unix = 1893553445", "not both"),
    ("UPDATE queue SET expires_at = 'never'", f"expires_at {REFUSED_TIME}"),
    ("UPDATE queue SET expires_at = NULL", f"expires_at {REFUSED_TIME}"),
    ("UPDATE queue SET expires_unix = 86400", f"expires_at {REFUSED_TIME}"),
    ("UPDATE queue SET expires_at = 'now', expires_unix = 1893553445", "not both"),
    ("UPDATE queue SET priority = 5", "priority takes 0 (first)"),
    ("UPDATE queue SET priority = -1", "priority takes 0 (first)"),
    ("UPDATE queue SET priority = 1.5", "priority takes 0 (first)"),
    ("UPDATE queue SET priority = 'high'", "priority takes 0 (first)"),
    ("UPDATE queue SET priority = NULL", "priority takes 0 (first)"),
    ("UPDATE queue SET id = 'x'", "no other column can be set"),
    ("UPDATE queue SET recipient_id = 9 WHERE recipient_id = 2", "no other column can be set"),
    ("UPDATE queue SET recipient = 'me@evil.example'", "no other column can be set"),
    ("UPDATE queue SET sender = NULL", "no other column can be set"),
    ("UPDATE queue SET destination = 'smtp:127.0.0.1:25'", "no other column can be set"),
    ("UPDATE queue SET domain = 'evil.example'", "no other column can be set"),
    ("UPDATE queue SET ordered = 'held'", "no other column can be set"),
    ("UPDATE queue SET ordered_next_retry_unix = 1893553445", "no other column can be set"),
    ("UPDATE queue SET attempts = 0, status = 'held'", "no other column can be set"),
    ("UPDATE queue SET last_reply = 'x', reason = 'y'", "no other column can be set"),
    ("UPDATE queue SET received_unix = 1893553445", "no other column can be set"),
    ("UPDATE queue SET size = 0", "no other column can be set"),
    ("UPDATE queue SET state = 'held'", "no such column"),
    ("INSERT INTO queue (recipient) VALUES ('a@b.example')", "mail comes in by SMTP"),
    ("REPLACE INTO queue SELECT * FROM queue", "mail comes in by SMTP"),
    ("UPDATE history SET status = 'queued' WHERE recipient_id = 4", "history takes only status"),
    ("UPDATE history SET status = 'held'", "history takes only status"),
    ("UPDATE history SET status = NULL", "history takes only status"),
    ("UPDATE history SET reason = 'x'", "history takes only status"),
    ("DELETE FROM history", "retention of the configuration"),
    ("INSERT INTO history (id) VALUES ('x')", "DELETE FROM queue cancels"),
    ("UPDATE message SET sender = ''", "UPDATE queue"),
    ("DELETE FROM message", "DELETE FROM queue cancels"),
    ("INSERT INTO message (id) VALUES ('x')", "mail comes in by SMTP"),
    ("UPDATE attempt SET code = 250", "cannot be changed"),
    ("DELETE FROM attempt", "retention of the configuration"),
    ("INSERT INTO attempt (code) VALUES (250)", "only a worker makes an attempt"),
    ("UPDATE destination SET max_leases = 0", "concurrency takes a whole number"),
    ("UPDATE destination SET is_failing = 0, destination = 'x'", "no other column can be set"),
    ("UPDATE destination SET suspended_until = 'x'", f"suspended_until {REFUSED_TIME}"),
    ("UPDATE destination SET suspended_until_unix = 60", f"suspended_until {REFUSED_TIME}"),
    ("DELETE FROM destination", "a destination cannot be removed"),
    ("INSERT INTO destination (destination) VALUES ('x')", "for a destination adds it"),
    ("UPDATE process SET pid = 1", "INSERT INTO control"),
    ("DELETE FROM process", "INSERT INTO control"),
    ("INSERT INTO process (pid) VALUES (1)", "starts its processes"),
    ("UPDATE audit SET who = 'x'", "cannot be changed"),
    ("DELETE FROM audit", "cannot be removed"),
    ("INSERT INTO audit (who) VALUES ('x')", "each change writes its own row"),
    ("INSERT INTO control (verb) VALUES ('restart')", "verb takes reload"),
    ("INSERT INTO control (verb) VALUES (NULL)", "verb takes reload"),
    ("INSERT INTO control (argument) VALUES ('debug')", "verb takes reload"),
    ("INSERT INTO control (verb, argument) VALUES ('log-level', 'loud')", "log-level takes"),
    ("INSERT INTO control (verb, argument) VALUES ('flush', 'nowhere.example')", "no such destination"),
    ("INSERT INTO control (verb, argument) VALUES ('freeze', 'x')", "takes no argument"),
    ("INSERT INTO control (verb) VALUES ('stop-listener')", "takes the address"),
    ("INSERT INTO control (verb, result) VALUES ('freeze', 'x')", "no other column"),
    ("INSERT INTO control (verb, node) VALUES ('freeze', 'mx.example.test')", "for every node"),
    ("INSERT INTO control (verb, node) VALUES ('reload', 'mx2')", "no process runs that could do this"),
    ("INSERT INTO _control (verb, who) VALUES ('restart', 'x')", "CHECK constraint failed"),
    ("UPDATE control SET verb = 'x'", "an order cannot be changed"),
    ("DELETE FROM control", "an order cannot be removed"),
    ("DELETE FROM _recipient", "only a recipient with a final status"),
    ("DELETE FROM _recipient WHERE status = 'held'", "only a recipient with a final status"),
    ("REPLACE INTO _recipient SELECT * FROM _recipient", "a recipient with this number exists"),
    ("UPDATE _recipient SET recipient_id = 99 WHERE recipient_id = 2", "a recipient keeps its number"),
    ("UPDATE _recipient SET status = 'delivered' WHERE recipient_id = 2", "cannot make this move"),
    ("UPDATE _recipient SET status = 'gone' WHERE recipient_id = 2", "cannot make this move"),
    ("DELETE FROM _message", "a message can only be removed after its last recipient"),
    ("DELETE FROM _content", "a recipient still waits for this content"),
    ("DELETE FROM _destination", "a destination cannot be removed"),
    (
        "REPLACE INTO _destination (destination_id, name) VALUES (1, 'b.example')",
        "a destination with this name or number exists",
    ),
    ("REPLACE INTO _destination (name) SELECT name FROM _destination", "a destination with this name or number exists"),
    ("UPDATE OR REPLACE _destination SET name = 'a.example'", "keeps its name and number"),
    ("UPDATE OR REPLACE _message SET message_id = 1", "a message keeps its number"),
    ("UPDATE OR REPLACE _message SET ulid = (SELECT max(ulid) FROM _message)", "a message keeps its number"),
    ("REPLACE INTO _process SELECT * FROM _process", "a process with this number or slot exists"),
    ("REPLACE INTO _notice SELECT * FROM _notice", "the sender must get this report"),
    ("REPLACE INTO _control (control_id, verb, who) VALUES (1, 'freeze', 'x')", "an order cannot be changed"),
    ("REPLACE INTO _control_outcome (control_id, node) VALUES (1, 'mx.example.test')", "an order cannot be changed"),
    ("DELETE FROM _lease", "a lease can only be removed after its last recipient"),
    ("DELETE FROM _process", "a process can only be removed after its last lease"),
    ("DELETE FROM _attempt", "an attempt is removed with its recipient"),
    ("UPDATE _attempt SET code = 250", "cannot be changed"),
    ("DELETE FROM _recipient_transition", "that a recipient can make cannot be changed"),
    ("UPDATE _recipient_transition SET actor = 'both'", "that a recipient can make cannot be changed"),
    (
        "INSERT INTO _recipient_transition VALUES ('queued', 'delivered', 'operator')",
        "that a recipient can make cannot be changed",
    ),
    ("DELETE FROM _audit", "cannot be removed"),
    ("UPDATE _audit SET who = 'x'", "cannot be changed"),
    ("UPDATE queue SET [status'; DROP TABLE _recipient; --] = 'held'", "no such column"),
    ('UPDATE queue SET "status""; DELETE FROM _recipient; --" = 1', "no such column"),
    ("UPDATE destination SET suspended_until = '''; DROP VIEW queue; --'", f"suspended_until {REFUSED_TIME}"),
    ("UPDATE history SET has_content = 1, colour = 2", "no such column"),
    ("UPDATE destination SET colour = 1", "no such column"),
    ("INSERT INTO control (verb) VALUES ('freeze''); DELETE FROM _recipient; --')", "verb takes reload"),
    (
        "INSERT INTO control (verb, argument) VALUES ('flush', 'a.example''); DELETE FROM _recipient; --')",
        "no such destination",
    ),
]


def test_wrong_statement_changes_nothing_and_says_what_to_do(queue: Queue, sqlite: Sqlite) -> None:
    """
    A slip in a shell as root must change nothing: no row, no lease, not even an audit row.
    """
    fill(queue)
    steer(queue, sqlite, "INSERT INTO control (verb) VALUES ('thaw')")
    steer(queue, sqlite, "INSERT INTO _control_outcome (control_id, node) VALUES (1, 'mx.example.test')")
    steer(queue, sqlite, "UPDATE history SET status = 'queued' WHERE recipient_id = 5")
    steer(queue, sqlite, "UPDATE queue SET status = 'bounced' WHERE recipient_id = 5")
    before = queue.dump()

    errors = errors_of(sqlite, queue.path, [statement for statement, _ in WRONG])

    wrong = {
        statement: error
        for (statement, words), error in zip(WRONG, errors, strict=True)
        if words not in error or "UNIQUE" in error
    }
    assert {} == wrong
    assert before == queue.dump()
    assert len(WRONG) > 60


def test_one_bad_row_leaves_the_others_of_its_statement(queue: Queue, sqlite: Sqlite) -> None:
    """
    A bulk edit is carried out as a whole or not at all.
    """
    queue.accept("a.example", count=3)
    before = queue.dump()

    assert "priority takes" in sqlite(queue.path, "UPDATE queue SET priority = iif(recipient_id = 3, 9, 0)")

    assert before == queue.dump()


def test_frozen_queue_gives_no_lease_until_it_is_thawed(queue: Queue, sqlite: Sqlite) -> None:
    """
    The statement itself carries out what SQL can do, whether or not the service runs.
    """
    queue.accept("a.example")

    steer(queue, sqlite, "INSERT INTO control (verb) VALUES ('freeze')")
    assert [] == queue.lease()
    steer(queue, sqlite, "INSERT INTO control (verb) VALUES ('thaw')")

    assert 1 == len(queue.lease())
    rows = queue.select("SELECT verb, who, result, done_at IS NOT NULL FROM control")
    assert [("freeze", "sql"), ("thaw", "sql")] == [row[:2] for row in rows]
    assert rows[0][2].startswith("delivery is frozen since 2")
    assert ("delivery goes on", 1) == rows[1][2:]
    assert [("freeze", None), ("thaw", None)] == queue.select("SELECT what, after FROM audit")


@pytest.mark.parametrize(("argument", "due"), [("NULL", ["a.example", "b.example"]), ("'b.example'", ["b.example"])])
def test_flush_ends_back_off(queue: Queue, sqlite: Sqlite, argument: str, due: list[str]) -> None:
    """
    It works for all destinations or for one. Held recipients stay held.
    """
    queue.accept("a.example")
    queue.accept("b.example")
    queue.accept("b.example")
    queue.write("UPDATE queue SET next_retry_at = '+1 hour'")
    queue.write("UPDATE queue SET status = 'held' WHERE recipient_id = 3")

    steer(queue, sqlite, f"INSERT INTO control (verb, argument) VALUES ('flush', {argument})")

    assert due == sorted(lease.destination for lease in queue.lease(now=time.time() + 1))
    assert [("all waiting mail is due",)] == queue.select("SELECT result FROM control")


POINTS = [
    ("SELECT * FROM queue WHERE id = 'x'", "ulid=?"),
    ("SELECT * FROM queue WHERE recipient_id = 1", "rowid=?"),
    ("SELECT * FROM queue WHERE destination = 'x' AND status IN ('queued', 'deferred')", "destination_id=?"),
    ("SELECT * FROM history WHERE id = 'x'", "ulid=?"),
    ("SELECT * FROM history WHERE recipient_id = 1", "rowid=?"),
    ("SELECT * FROM message WHERE id = 'x'", "ulid=?"),
    ("SELECT * FROM attempt WHERE id = 'x'", "ulid=?"),
    ("SELECT * FROM attempt WHERE recipient_id = 1", "recipient_id=?"),
    ("SELECT * FROM audit WHERE recipient_id = 1", "recipient_id=?"),
    ("SELECT * FROM destination WHERE destination = 'x'", "name=?"),
    ("SELECT * FROM process WHERE process_id = 1", "rowid=?"),
    ("SELECT * FROM control WHERE control_id = 1", "rowid=?"),
    ("SELECT * FROM explanation WHERE id = 'x'", "ulid=?"),
    ("SELECT * FROM throughput WHERE hour_unix > 1", "hour_at>?"),
    ("SELECT * FROM explanation WHERE recipient_id = 1", "rowid=?"),
    ("SELECT * FROM explanation WHERE destination = 'x' AND status IN ('queued', 'deferred')", "destination_id=?"),
    ("UPDATE queue SET status = 'held' WHERE id = 'x'", "ulid=?"),
    ("DELETE FROM queue WHERE recipient_id = 1", "rowid=?"),
    ("UPDATE history SET status = 'queued' WHERE id = 'x'", "ulid=?"),
]
TOPS = [
    "SELECT * FROM queue ORDER BY recipient_id LIMIT 20",
    "SELECT * FROM queue ORDER BY recipient_id DESC LIMIT 20",
    "SELECT * FROM queue WHERE recipient_id > 100 ORDER BY recipient_id LIMIT 20",
    "SELECT * FROM history ORDER BY recipient_id DESC LIMIT 20",
    "SELECT * FROM message ORDER BY id DESC LIMIT 20",
    "SELECT * FROM attempt ORDER BY attempt_id DESC LIMIT 20",
    "SELECT * FROM audit ORDER BY audit_id DESC LIMIT 20",
    "SELECT * FROM control ORDER BY control_id DESC LIMIT 20",
    "SELECT * FROM explanation ORDER BY recipient_id LIMIT 20",
    "SELECT * FROM refusal ORDER BY refusal_id DESC LIMIT 20",
    "SELECT * FROM throughput ORDER BY hour_unix DESC LIMIT 20",
]


@pytest.mark.parametrize(("statement", "seek"), POINTS)
def test_point_query_finds_its_rows_by_an_index(queue: Queue, statement: str, seek: str) -> None:
    """
    A look at one message costs the same in a queue of a million. INSTEAD OF reads what the view gave it, once.
    """
    steps = [row[3] for row in queue.select(f"EXPLAIN QUERY PLAN {statement}")]

    assert any(seek in step for step in steps), steps
    small = {"SCAN queue", "SCAN history", "SCAN p", "SCAN c"}  # what was found before, processes, and orders
    small |= {"SCAN _clock", "SCAN CONSTANT ROW", "SCAN h"}  # now, and the rules that hold mail
    assert set() == {step for step in steps if step.startswith("SCAN")} - small


@pytest.mark.parametrize("statement", TOPS)
def test_top_of_a_view_is_read_in_its_order(queue: Queue, statement: str) -> None:
    """
    The first twenty of a million come without a sort.
    """
    steps = [row[3] for row in queue.select(f"EXPLAIN QUERY PLAN {statement}")]

    assert [] == [step for step in steps if "TEMP B-TREE" in step], steps


def test_triggers_stand_on_views_only_where_mail_passes(queue: Queue) -> None:
    """
    Orders of people must not slow down the mail: accept, lease and settle write to tables without audit triggers.
    """
    assert [] == queue.select(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN ('_message', '_content', '_recipient',"
        " '_lease', '_attempt', '_notice') AND sql LIKE '%_audit%'"
    )


def _columns(queue: Queue, view: str) -> set[str]:
    return {name for (name,) in queue.select("SELECT name FROM pragma_table_info(?)", view)}


@pytest.mark.parametrize("view", ["queue", "history", "destination", "greylist", "alias"])
def test_each_column_of_a_view_has_its_trigger(queue: Queue, view: str) -> None:
    """
    A column without a trigger could be set without any effect.
    """
    triggers = queue.select("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?", view)
    lists = [re.search(r"INSTEAD OF UPDATE OF\s(.*?)\sON ", sql, re.DOTALL) for (sql,) in triggers]
    named = [name for match in lists if match for name in re.split(r",\s*", match[1].strip())]

    assert sorted(_columns(queue, view)) == sorted(named)


@pytest.mark.parametrize("view", ["queue", "history", "destination", "greylist", "alias"])
def test_what_is_returned_is_all_that_was_asked_for(queue: Queue, view: str) -> None:
    """
    SQLite 3.40 returns NULL for a column that no trigger of the statement names; this trigger names each.
    """
    [(trigger,)] = queue.select("SELECT sql FROM sqlite_schema WHERE name = ?", f"{view}_update")

    assert _columns(queue, view) == set(re.findall(r"new\.(\w+)", trigger))


def test_what_is_raised_names_no_private_thing_but_the_table_of_moves(queue: Queue) -> None:
    """
    A text for a person must name only what the person can use.
    """
    texts = [text for (text,) in queue.select("SELECT sql FROM sqlite_schema WHERE type = 'trigger'")]
    control = [line for text in texts for line in text.splitlines() if "raise(ABORT" in line]

    assert all("'empath: " in line for line in control)
    said = [re.search(r"'empath: ((?:[^']|'')*)'", line) for line in control]
    assert [] == [text[1] for text in said if text and " _" in text[1].replace("_recipient_transition", "")]
