"""test_fsck - each fault that a queue in PostgreSQL can have is found, and mended if that can lose nothing"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from empath.storage.admin.fsck import Finding, Repair, examine
from empath.storage.admin.fsck_checks import CHECKS
from empath.storage.postgresql.destination_ids import DestinationIds
from empath.storage.postgresql.session import PostgresSession
from tests.kit.queue import T0

if TYPE_CHECKING:
    from tests.kit.postgresql import PostgresQueue

NOW = T0 + 10.0
INDEX = (
    "UPDATE pg_index SET indisvalid = false"
    " WHERE indexrelid = (SELECT oid FROM pg_class WHERE relname = '_recipient_due')"
)
# Recipient 1 is leased under lease 1; 2 and 3 of message 2 wait at destinations 2 (a.example) and 3 (b.example).
BREAKS = {
    "integrity": INDEX,
    "foreign_keys": (
        "CREATE TABLE a (x bigint PRIMARY KEY); CREATE TABLE b (y bigint);"
        " ALTER TABLE b ADD FOREIGN KEY (y) REFERENCES a NOT VALID"
    ),
    "redaction_without_order": "INSERT INTO _redacted VALUES ('audit', 1, 99, '\\x00', '\\x01')",
    "recipient_without_destination": "UPDATE _recipient SET destination_id = 99 WHERE recipient_id = 2",
    "lease_without_destination": "UPDATE _lease SET destination_id = 99",
    "lease_without_process": "UPDATE _process SET ended_at = 1.0",
    "lease_without_recipient": "INSERT INTO _lease (process_id, destination_id, leased_at) VALUES (1, 2, 0.0)",
    "leased_without_lease": "DELETE FROM _lease",
    "leased_elsewhere": "UPDATE _recipient SET destination_id = 2 WHERE recipient_id = 1",
    "content_missing": "DELETE FROM _content WHERE message_id = 2",
    "content_damaged": "UPDATE _content SET octets = substr(octets, 2) WHERE message_id = 2",
    "content_unnamed": (
        "UPDATE _recipient SET status = 'delivered', is_live = 0, reason = 'expanded' WHERE recipient_id > 1;"
        " UPDATE _message SET content_locator = NULL WHERE message_id = 2"
    ),
    "content_without_message": "INSERT INTO _content (message_id, octets) VALUES (99, '\\x00')",
    "garbage_needed": (
        "UPDATE _message SET content_locator = 'spool:mx/' || ulid WHERE message_id = 2;"
        " INSERT INTO _spool_garbage (locator) SELECT content_locator FROM _message WHERE message_id = 2"
    ),
    "recipient_without_message": "UPDATE _recipient SET message_id = 99 WHERE recipient_id = 2",
    "message_without_recipient": "UPDATE _recipient SET message_id = 1 WHERE recipient_id > 1",
    "attempt_without_recipient": (
        "INSERT INTO _attempt (recipient_id, process_id, lease_id, destination, started_at, duration_s, stage, text,"
        " outcome, decided_status) VALUES (99, 1, 1, 'a.example', 0.0, 0.0, 'rcpt', '550 no', 'bounced', 'bounced')"
    ),
    "notice_without_recipient": "INSERT INTO _notice VALUES (1, 2, 99, 'failure', 1.7e9, 0, NULL)",
    "dmarc_count_without_report": (
        "INSERT INTO _dmarc_count VALUES (99, '', 'a.example', '', 'none', 'fail', 'fail', '', '', '[]', '', '', 1)"
    ),
    "tls_count_without_report": "INSERT INTO _tls_count VALUES (99, 'sts', '', '', '', '', 1)",
    "received_report_miscounted": (
        "INSERT INTO _received_report (kind, domain, org_name, report_id, contact, begin_at, end_at, policy, messages,"
        " failed, left_out, sender, received_at, row_count)"
        " VALUES ('tls', 'a.example', 'o', 'r', '', 1, 2, '{}', 1, 0, 0, '', 1e9, 7)"
    ),
    "notice_without_failure": "INSERT INTO _notice VALUES (1, 2, 2, 'failure', 1.7e9, 0, NULL)",
    "notice_old": (
        "UPDATE _recipient SET next_retry_at = 9e9 WHERE recipient_id = 2;"
        " UPDATE _recipient SET next_retry_at = 9e9 WHERE recipient_id = 3;"
        " INSERT INTO _notice VALUES (1, 2, 2, 'delay', 0.0, 0, NULL)"
    ),
    "order_misplaced": "UPDATE _recipient SET ordered_status = 'held' WHERE recipient_id = 2",
    "status_unknown": "DELETE FROM _recipient_transition WHERE new_status = 'leased'",
    "status_unexplained": "UPDATE _recipient SET status = 'bounced', is_live = 0 WHERE recipient_id = 2",
    "is_live_wrong": "UPDATE _recipient SET is_live = 0 WHERE recipient_id = 2",
    "attempts_miscounted": "UPDATE _recipient SET attempts = 7 WHERE recipient_id = 2",
    "lost_leases_miscounted": "UPDATE _recipient SET lost_leases = 1 WHERE recipient_id = 2",
    "due_at_late": "UPDATE _destination SET due_at = NULL WHERE destination_id = 2",
    "is_full_wrong": "UPDATE _destination SET is_full = 1 WHERE destination_id = 2",
    "event_type_wrong": "UPDATE _event_type SET is_wanted = 1 WHERE type = 'held'",
    "event_stuck": (
        "INSERT INTO _event_aside (consumer, event_id, ulid, state, since, next_try_at)"
        " VALUES ('x', 1, 'y', 'behind', 0, 0)"
    ),
    "slots_over_limit": "UPDATE _destination SET max_leases = 0, is_full = 1 WHERE destination_id = 1",
}
ALONGSIDE = {"lease_without_destination": {"leased_elsewhere"}}  # further checks that find the same break
# What no statement brings about here.
IMPOSSIBLE = {"actor_left", "lease_without_being_leased", "ready_at_wrong"}
REPAIRABLE = {check.name for check in CHECKS if check.is_repairable}


@pytest.fixture
def sound(queue: "PostgresQueue") -> "PostgresQueue":
    """A queue with a lease under way, and mail that waits."""
    queue.accept("leased.example")
    queue.lease()
    queue.accept("a.example", "b.example")
    assert {} == queue.violations()
    queue.select("SELECT 1")  # answers bells
    return queue


@contextmanager
def broken(queue: "PostgresQueue", name: str) -> Iterator[PostgresSession]:
    """The queue with one break, for the time of a `with`, past the triggers that keep it whole."""
    connection = queue.other()
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL session_replication_role = replica")
        connection.execute(BREAKS[name].encode())
        connection.execute("SET LOCAL session_replication_role = origin")
        yield PostgresSession(connection, "queue", DestinationIds(20))


def found_by(session: PostgresSession) -> list[Finding]:
    """All findings but those about files."""
    return examine(session, now=NOW, spool=None)


def rows_of(session: PostgresSession, statement: str) -> list[tuple[Any, ...]]:
    """Rows, as the transaction sees them."""
    return session.connection.execute(statement.encode()).fetchall()


def test_each_fault_is_found_and_told(sound: "PostgresQueue") -> None:
    """
    The sentence names the fault and then the remedy; a sound queue has no findings.
    """
    assert {check.name for check in CHECKS} | {"integrity", "foreign_keys"} == BREAKS.keys() | IMPOSSIBLE
    with sound.engine.visiting(None) as visit:
        assert [] == examine(visit, now=NOW, spool=None)
    for name in BREAKS:
        with broken(sound, name) as session:
            findings = found_by(session)
        assert {name} | ALONGSIDE.get(name, set()) == {finding.check for finding in findings}, name
        assert not [f for f in findings if ": " not in f.explanation or "{" in f.explanation or "None" in f.explanation]


def test_what_is_repaired_is_gone_and_on_record(sound: "PostgresQueue", tmp_path: Path) -> None:
    """
    Mail that waits is waiting or held afterwards, and the audit names each repair. What only people can mend stays.
    """
    live = "SELECT recipient_id FROM _recipient WHERE status IN ('queued', 'deferred', 'leased', 'held') ORDER BY 1"
    for name in BREAKS:
        with broken(sound, name) as session:
            before, findings = rows_of(session, live), found_by(session)
            names = {finding.check for finding in findings if finding.is_repairable}
            repair = Repair(names, now=NOW, spool=tmp_path, node="mx.example.test")
            repair.run(session)
            left = found_by(session)
            assert (name in REPAIRABLE) == (name in {finding.check for finding in repair.repaired}), name
            assert left == ([] if name in REPAIRABLE else findings), name
            assert before == rows_of(session, live), name
            recorded = rows_of(session, "SELECT count(*) FROM _audit WHERE who = 'empath-admin'")
            assert [(len(repair.repaired),)] == recorded, name


def test_a_bell_is_no_fault_and_a_repair_stops_writers(sound: "PostgresQueue", tmp_path: Path) -> None:
    """
    A destination whose bell rings is looked at by the next lease. What a repair counts, nobody may change.
    """
    with broken(sound, "due_at_late") as session:
        session.connection.execute("INSERT INTO _bell (destination_id, due_at, priority) VALUES (2, 0.0, 0)")
        assert [] == found_by(session)
        Repair({"attempts_miscounted"}, now=NOW, spool=tmp_path, node="mx.example.test").run(session)
        with psycopg.connect(sound.conninfo, options="-c search_path=empath -c lock_timeout=1ms") as other:
            assert other.execute("SELECT count(*) FROM _recipient").fetchall()
            with pytest.raises(psycopg.errors.LockNotAvailable):
                other.execute("UPDATE _recipient SET attempts = 1 WHERE recipient_id = 2")
