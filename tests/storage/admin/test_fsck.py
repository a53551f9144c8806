"""test_fsck - each fault is found, explained in a sentence, and repaired if the repair can lose nothing"""

import os
import shutil
from pathlib import Path
from typing import Any

import apsw
import pytest

from empath.errors import StorageFailure
from empath.mail.identity import QueueId, Timestamp
from empath.storage.admin.fsck import Finding, Repair, examine, examine_queue
from empath.storage.admin.fsck_checks import ALL, CHECKS, INTEGRITY
from empath.storage.admin.snapshot import carry_out
from empath.storage.queue.accept import Accept
from empath.storage.queue.garbage import ORPHAN_AGE_S
from empath.storage.spool import locate
from empath.storage.spool_owner import OWNER
from empath.storage.sqlite.engine import SqliteEngine
from tests.docs.pages import text
from tests.kit.queue import T0, Queue, give_spool, select, write

NOW = T0 + 10.0
ATTEMPT = (
    "INSERT INTO _attempt (recipient_id, process_id, lease_id, destination, started_at, duration_s, stage, text,"
    " outcome, decided_status) VALUES (99, 1, 1, 'a.example', 0.0, 0.0, 'rcpt', '550 no', 'bounced', 'bounced')"
)
SCHEMA = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, {}, {}) WHERE name = '_destination'"
TOKEN, LATER = "'coalesce(token_at, 0.0)'", "'coalesce(token_at, 9e9)'"
# Recipient 1 is leased under lease 1; 2 and 3 of message 2 wait at destinations 2 (a.example) and 3 (b.example).
BREAKS = {
    "integrity": "PRAGMA ignore_check_constraints = ON; UPDATE _recipient SET priority = 9 WHERE recipient_id = 1",
    "foreign_keys": (
        "CREATE TABLE a (x INTEGER PRIMARY KEY); CREATE TABLE b (y REFERENCES a); INSERT INTO b VALUES (1)"
    ),
    "schema": "DROP VIEW history",
    "actor_left": "INSERT INTO _actor (actor_id, who) VALUES (1, 'somebody')",
    "redaction_without_order": "INSERT INTO _redacted VALUES ('audit', 1, 99, x'00', x'01')",
    "recipient_without_destination": (
        "DROP TRIGGER _recipient_stays_routed; UPDATE _recipient SET destination_id = 99 WHERE recipient_id = 2"
    ),
    "lease_without_destination": "UPDATE _lease SET destination_id = 99",
    "lease_without_process": "UPDATE _process SET ended_at = 1.0",
    "lease_without_recipient": "INSERT INTO _lease (process_id, destination_id, leased_at) VALUES (1, 2, 0.0)",
    "leased_without_lease": "DROP TRIGGER _lease_stays; DELETE FROM _lease",
    "lease_without_being_leased": (
        "PRAGMA ignore_check_constraints = ON; UPDATE _recipient SET lease_id = 1 WHERE recipient_id = 2"
    ),
    "leased_elsewhere": "UPDATE _recipient SET destination_id = 2 WHERE recipient_id = 1",
    "content_missing": "DROP TRIGGER _content_stays; DELETE FROM _content WHERE message_id = 2",
    "content_damaged": "UPDATE _content SET octets = substr(octets, 2) WHERE message_id = 2",
    "content_unnamed": (
        "DELETE FROM queue WHERE recipient_id > 1; UPDATE _message SET content_locator = NULL WHERE message_id = 2"
    ),
    "content_without_message": "INSERT INTO _content (message_id, octets) VALUES (99, x'00')",
    "garbage_needed": (
        "UPDATE _message SET content_locator = 'spool:mx/' || ulid WHERE message_id = 2;"
        " INSERT INTO _spool_garbage (locator) SELECT content_locator FROM _message WHERE message_id = 2"
    ),
    "recipient_without_message": "UPDATE _recipient SET message_id = 99 WHERE recipient_id = 2",
    "message_without_recipient": "UPDATE _recipient SET message_id = 1 WHERE recipient_id > 1",
    "attempt_without_recipient": ATTEMPT,
    "notice_without_recipient": "INSERT INTO _notice VALUES (1, 2, 99, 'failure', 1.7e9, 0, NULL)",
    "dmarc_count_without_report": (
        "INSERT INTO _dmarc_count VALUES (99, '', 'a.example', '', 'none', 'fail', 'fail', '', '', '[]', '', '', 1)"
    ),
    "tls_count_without_report": "INSERT INTO _tls_count VALUES (99, 'sts', '', '', '', '', 1)",
    "received_report_miscounted": (
        "INSERT INTO _received_report (kind, domain, org_name, report_id, contact, begin_at, end_at, policy, messages,"
        " failed, left_out, sender, received_at, row_count)"
        " VALUES ('tls', 'a.example', 'o', 'r', '', 1, 2, '{}', 1, 0, 0, '', 1e9, 7);"
        " INSERT INTO _received_tls VALUES (1, 0, 'sts', 'a.example', '', 1, '', '', '', '')"
    ),
    "notice_without_failure": "INSERT INTO _notice VALUES (1, 2, 2, 'failure', 1.7e9, 0, NULL)",
    "notice_old": ("UPDATE queue SET status = 'bounced' WHERE recipient_id > 1; UPDATE _notice SET created_at = 0.0"),
    "order_misplaced": "UPDATE _recipient SET ordered_status = 'held' WHERE recipient_id = 2",
    "status_unknown": (
        "DROP TRIGGER _recipient_transition_stays; DELETE FROM _recipient_transition WHERE new_status = 'leased'"
    ),
    "status_unexplained": (
        "DROP TRIGGER _recipient_moves; UPDATE _recipient SET status = 'bounced', is_live = 0 WHERE recipient_id = 2"
    ),
    "is_live_wrong": "DROP TRIGGER _recipient_moves; UPDATE _recipient SET is_live = 0 WHERE recipient_id = 2",
    "attempts_miscounted": "UPDATE _recipient SET attempts = 7 WHERE recipient_id = 2",
    "lost_leases_miscounted": "UPDATE _recipient SET lost_leases = 1 WHERE recipient_id = 2",
    "due_at_late": "UPDATE _destination SET due_at = NULL WHERE destination_id = 2",
    "is_full_wrong": "UPDATE _destination SET is_full = 1 WHERE destination_id = 2",
    "event_type_wrong": "UPDATE _event_type SET is_wanted = 1 WHERE type = 'held'",
    "event_stuck": (
        "INSERT INTO _event_aside (consumer, event_id, ulid, state, since, next_try_at)"
        " VALUES ('x', 1, 'y', 'behind', 0, 0)"
    ),
    "ready_at_wrong": SCHEMA.format(TOKEN, LATER),
    "slots_over_limit": "UPDATE _destination SET max_leases = 0 WHERE destination_id = 1",
}
ALONGSIDE = {  # further checks that find the same break
    "lease_without_destination": {"leased_elsewhere"},
    "lease_without_being_leased": {"integrity", "leased_elsewhere"},
}
LIVE = "SELECT recipient_id FROM _recipient WHERE status IN ('queued', 'deferred', 'leased', 'held') ORDER BY 1"
FILES = {
    "file_missing", "file_damaged", "file_lost", "file_without_message", "file_of_another", "content_altered",
}  # fmt: skip
INDEX = {"track_damaged"}  # of a file beside the queue, which tests/cli/admin/test_track.py breaks


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    queue = Queue(tmp_path_factory.mktemp("sound") / "queue.db")
    queue.accept("leased.example")
    queue.lease()
    queue.accept("a.example", "b.example")
    assert {} == queue.violations()
    queue.close()
    return queue.path


@pytest.fixture
def path(sound: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "queue.db"
    shutil.copy(sound, copy)
    return copy


def _break(path: Path, name: str) -> None:
    write(path, BREAKS[name])
    if name == "garbage_needed":
        [(locator, size)] = select(path, "SELECT content_locator, size FROM _message WHERE message_id = 2")
        file = locate(path.parent / "spool", locator)
        file.parent.mkdir(parents=True)
        file.write_bytes(bytes(size))
    if name == "ready_at_wrong":  # the value is stored by the changed expression, which then is changed back
        write(path, "UPDATE _destination SET due_at = due_at WHERE destination_id = 2")
        write(path, SCHEMA.format(LATER, TOKEN))


def _found(path: Path, now: float = NOW, **how: Any) -> list[Finding]:
    found = examine_queue(SqliteEngine(path, max_leases=20), now=now, spool=path.parent / "spool", **how)
    # The break had to drop triggers, but is not about them.
    return [finding for finding in found if finding.check != "schema" or "trigger" not in finding.explanation]


def _repair(path: Path, findings: list[Finding], now: float = NOW) -> list[Finding]:
    names = {finding.check for finding in findings if finding.is_repairable}
    altered = [str(finding.id) for finding in findings if finding.check == "content_altered"]
    work = Repair(names, now=now, spool=path.parent / "spool", node="mx.example.test", altered=altered)
    carry_out(SqliteEngine(path, max_leases=20), work, deadline_s=1.0)
    return work.repaired


def test_a_sound_queue_has_no_findings(path: Path) -> None:
    """
    This holds with a lease under way, and with the quick and the full check.
    """
    assert [] == _found(path)
    assert [] == _found(path, is_quick=True)


def test_every_check_has_its_break_and_its_line_on_the_page() -> None:
    """
    A check must find its fault once, or it may never find one.
    """
    names = {check.name for check in ALL}
    assert names == BREAKS.keys() | FILES | INDEX
    page = text("docs/empath-admin.md")
    assert set() == {name for name in names if f"| `{name}` |" not in page}


@pytest.mark.parametrize("name", BREAKS)
def test_what_is_broken_is_found_and_told(path: Path, name: str) -> None:
    """
    The sentence names the fault and then the remedy.
    """
    _break(path, name)

    findings = _found(path)

    assert {name} | ALONGSIDE.get(name, set()) == {finding.check for finding in findings}
    for finding in findings:
        assert ": " in finding.explanation
        assert not any(mark in finding.explanation for mark in ("{", "}", "None", "\n"))


@pytest.mark.parametrize("name", [check.name for check in CHECKS if check.is_repairable])
def test_what_is_repaired_is_gone_and_on_record(path: Path, name: str) -> None:
    """
    The audit names the author in the same commit. Waiting mail is waiting or held afterwards.
    """
    _break(path, name)
    live = select(path, LIVE)

    repaired = _repair(path, _found(path))

    assert name in {finding.check for finding in repaired}
    assert {True} == {finding.is_repaired for finding in repaired}
    assert [] == _found(path)
    assert live == select(path, LIVE)
    assert len(repaired) == select(path, "SELECT count(*) FROM audit WHERE who = 'empath-admin'")[0][0]


@pytest.mark.parametrize("name", [check.name for check in CHECKS if not check.is_repairable])
def test_what_cannot_be_repaired_stays_as_it_is(path: Path, name: str) -> None:
    """
    A guess could lose mail, so people decide.
    """
    _break(path, name)
    before = select(path, "SELECT * FROM _recipient")
    findings = _found(path)

    assert [] == _repair(path, findings)
    assert findings == _found(path)
    assert before == select(path, "SELECT * FROM _recipient")


def test_content_that_only_lost_its_name_is_found_again(path: Path) -> None:
    """
    A message that still has content holds no recipient: the content serves all of its recipients.
    """
    write(path, "UPDATE _message SET content_locator = NULL WHERE message_id = 2")

    [repaired] = _repair(path, _found(path))

    assert ("content_missing", 2) == (repaired.check, repaired.recipient_id)
    assert [("queued",), ("queued",)] == select(path, "SELECT status FROM _recipient WHERE message_id = 2")
    assert [] == _found(path)


def test_a_lost_lease_counts_and_an_order_comes_first(path: Path) -> None:
    """
    As at the death of a process: the next hop may have the mail, and a person has decided about it.
    """
    write(path, "UPDATE queue SET status = 'bounced' WHERE recipient_id = 1")
    write(path, BREAKS["leased_without_lease"])

    _repair(path, _found(path))

    row = "SELECT status, lost_leases, reason, ordered_status FROM _recipient WHERE recipient_id = 1"
    assert [("bounced", 1, "administratively bounced", None)] == select(path, row)
    assert [("unknown", "bounced")] == select(path, "SELECT outcome, decided_status FROM _attempt")
    assert [(1, "failure")] == select(path, "SELECT recipient_id, kind FROM _notice")
    assert [] == _found(path, now=T0)


@pytest.mark.parametrize("losses", [0, 2])
def test_the_third_lost_lease_holds(path: Path, losses: int) -> None:
    """
    A message that breaks every process must not be tried for ever.
    """
    write(path, "UPDATE _recipient SET lost_leases = ? WHERE recipient_id = 1", losses)
    write(path, BREAKS["leased_without_lease"])

    _repair(path, [finding for finding in _found(path) if finding.check == "leased_without_lease"])

    found = select(path, "SELECT status, next_retry_at FROM _recipient WHERE recipient_id = 1")
    assert [("held" if losses else "deferred", NOW)] == found


def test_a_leased_recipient_without_content_is_left_to_its_worker(path: Path) -> None:
    """
    Its worker is at work, and holds the recipient itself.
    """
    write(path, "DROP TRIGGER _content_stays; DELETE FROM _content WHERE message_id = 1")

    assert [] == _repair(path, _found(path))
    assert ["content_missing"] == [finding.check for finding in _found(path)]


def test_many_findings_of_one_kind_end_in_a_number(path: Path) -> None:
    """
    A table of a million lines explains nothing.
    """
    write(path, "UPDATE _recipient SET attempts = 7")
    reader = SqliteEngine(path, max_leases=20).open_reader()
    try:
        one, rest = examine(reader, now=NOW, spool=None, most=1)
    finally:
        reader.close()

    assert 1 == one.recipient_id
    assert (None, "and 2 more of this kind: do the same") == (rest.recipient_id, rest.explanation)


def test_a_damaged_page_is_a_finding(path: Path) -> None:
    """
    fsck must report the damage instead of failing.
    """
    with path.open("r+b") as file:
        for page in range(3, os.path.getsize(path) // 4096, 2):
            file.seek(page * 4096)
            file.write(b"\xff" * 4096)
    reader = SqliteEngine(path, max_leases=20).open_reader()
    try:
        found = examine(reader, now=NOW, spool=None)
    finally:
        reader.close()
    assert INTEGRITY.name in {finding.check for finding in found}


# --- files ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def spooled(tmp_path: Path) -> Path:
    """A queue with a message in a file, for two."""
    queue = Queue(tmp_path / "queue.db")
    ulid = QueueId.make(Timestamp(T0), b"0123456789")
    locator = f"spool:mx.example.test/{ulid}"
    queue.accept("a.example", "b.example", content=None, size=5, locator=locator, queue_id=ulid)
    queue.close()
    file = locate(tmp_path / "spool", locator)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"12345")
    return file


def test_a_file_that_a_message_names_is_no_finding(spooled: Path, tmp_path: Path) -> None:
    """
    The age of the file does not matter.
    """
    os.utime(spooled, (1.0, 1.0))
    assert [] == _found(tmp_path / "queue.db")


def test_a_missing_file_holds_its_waiting_recipients(spooled: Path, tmp_path: Path) -> None:
    """
    Only a person can bring it back; retries would hide the loss.
    """
    path = tmp_path / "queue.db"
    spooled.unlink()
    [finding] = _found(path)
    assert ("file_missing", spooled.name) == (finding.check, finding.id)

    repaired = _repair(path, [finding])

    assert [1, 2] == [finding.recipient_id for finding in repaired]
    assert [("held", "its file in the spool is missing")] * 2 == select(path, "SELECT status, reason FROM queue")
    assert [("status", "queued", "held")] * 2 == select(path, "SELECT what, before, after FROM audit")
    assert [] == _found(path)


@pytest.fixture(params=["inline", "file"])
def altered(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A queue with a message for two whose content was altered and has its length; beside it one that was not."""
    queue = Queue(tmp_path / "queue.db")
    queue.accept(added_fields=b"Received: x\r\n")
    ulid = QueueId.make(Timestamp(T0), b"0123456789")
    locator = f"spool:mx.example.test/{ulid}" if request.param == "file" else "inline"
    inline = None if request.param == "file" else b"12345"
    message = queue.new_message(
        "a.example", "b.example", content=b"12345", locator=locator, queue_id=ulid, added_fields=b"Received: x\r\n"
    )
    queue.run(Accept(message._replace(content=inline)))
    if inline is None:
        file = locate(tmp_path / "spool", locator)
        file.parent.mkdir(parents=True)
        file.write_bytes(b"12354")
    else:
        queue.write("UPDATE _content SET octets = CAST('12354' AS BLOB) WHERE message_id = 2")
    queue.close()
    return queue.path


def test_altered_content_of_the_same_length_is_found_by_its_digest(altered: Path) -> None:
    """
    A disk that lies, or a person who edits a file. It takes a reading of all that waits, so only on demand.
    """
    ulid = str(QueueId.make(Timestamp(T0), b"0123456789"))
    assert [] == _found(altered)

    [finding] = _found(altered, reads_content=True)

    assert ("content_altered", ulid, True) == (finding.check, finding.id, finding.is_repairable)
    assert [2, 3] == [one.recipient_id for one in _repair(altered, [finding])]
    assert [("held", "its content is not the one that was accepted")] * 2 == select(
        altered, "SELECT status, reason FROM queue WHERE id = ?", ulid
    )
    assert [] == _found(altered, reads_content=True)


def test_a_reading_of_the_content_says_how_far_it_is(altered: Path) -> None:
    """
    It may take an hour.
    """
    said: list[tuple[int, int]] = []
    engine = SqliteEngine(altered, max_leases=20)
    examine_queue(
        engine,
        now=NOW,
        spool=altered.parent / "spool",
        reads_content=True,
        on_progress=lambda done, total: said.append((done, total)),
    )
    assert [(1, 2), (2, 2)] == said


def test_content_without_a_digest_of_its_own_is_no_finding(queue: Queue) -> None:
    """
    Version 1 made the digest of a content that it kept in another form.
    """
    queue.accept(content=b"12345")
    queue.write("UPDATE _message SET digest = 'other'")
    assert [] == _found(queue.path, reads_content=True)


@pytest.mark.parametrize("octets", [b"", b"1234", b"123456"])
def test_a_truncated_file_holds_its_waiting_recipients(spooled: Path, tmp_path: Path, octets: bytes) -> None:
    """
    A truncated file is not the message.
    """
    path = tmp_path / "queue.db"
    spooled.write_bytes(octets)
    [finding] = _found(path)
    assert ("file_damaged", spooled.name) == (finding.check, finding.id)

    assert [1, 2] == [finding.recipient_id for finding in _repair(path, [finding])]
    assert [("held", "its file in the spool is damaged")] * 2 == select(path, "SELECT status, reason FROM queue")
    assert [] == _found(path)


def test_a_missing_file_without_waiting_recipients_is_only_reported(spooled: Path, tmp_path: Path) -> None:
    """
    Only an `undelete` would need it.
    """
    path = tmp_path / "queue.db"
    write(path, "DELETE FROM queue")
    spooled.unlink()
    [finding] = _found(path)
    assert ("file_lost", False) == (finding.check, finding.is_repairable)


def test_a_spool_that_is_not_there_is_no_loss_of_every_message(spooled: Path, tmp_path: Path) -> None:
    """
    Otherwise a disk that is not mounted yet would hold the whole queue.
    """
    shutil.rmtree(tmp_path / "spool")
    with pytest.raises(StorageFailure, match="is its disk mounted"):
        _found(tmp_path / "queue.db")


def test_a_spool_that_cannot_be_read_is_no_loss_either(spooled: Path, tmp_path: Path) -> None:
    """
    Only the error "no such file" means that a file is missing.
    """
    spooled.unlink()
    spooled.parent.rmdir()
    spooled.parent.write_text("a file in the place of a directory")
    with pytest.raises(StorageFailure, match="Not a directory"):
        _found(tmp_path / "queue.db")


def test_an_old_file_that_no_message_names_becomes_garbage(spooled: Path, tmp_path: Path) -> None:
    """
    The housekeeper removes it. A young file may belong to a message that is being received.
    """
    path = tmp_path / "queue.db"
    old, young = (spooled.with_name("01HF7YAT00000000000000000" + end) for end in "12")
    folders = [tmp_path / "spool" / file.name[-2:] for file in (old, young)]
    for folder, file, age_s in zip(folders, (old, young), (ORPHAN_AGE_S + 9, 9.0), strict=True):
        folder.mkdir(exist_ok=True)
        (folder / file.name).touch()
        os.utime(folder / file.name, (NOW - age_s, NOW - age_s))
    give_spool(path)
    [finding] = _found(path)
    assert ("file_without_message", True) == (finding.check, finding.is_repairable)
    assert str(folders[0] / old.name) in finding.explanation

    assert 1 == len(_repair(path, [finding]))

    assert [(f"spool:mx.example.test/{old.name}",)] == select(path, "SELECT locator FROM _spool_garbage")
    assert [] == _found(path)


@pytest.mark.parametrize("owner", ["none", "another", "later"])
def test_a_file_that_another_queue_may_need_is_only_reported(spooled: Path, tmp_path: Path, owner: str) -> None:
    """
    A second queue in the directory has the same spool: `--repair` of one used to remove the mail of the other.
    """
    path = tmp_path / "queue.db"
    file = tmp_path / "spool" / "01" / "01HF7YAT000000000000000001"
    file.parent.mkdir(exist_ok=True)
    file.touch()
    os.utime(file, (NOW - 9999, NOW - 9999))
    if owner != "none":
        give_spool(path, at=0.0 if owner == "another" else NOW)
    if owner == "another":
        (tmp_path / "spool" / OWNER).write_text("01HF7YAT000000000000000000\n")

    [finding] = _found(path)

    assert ("file_of_another", False) == (finding.check, finding.is_repairable)
    work = Repair({"file_without_message"}, now=NOW, spool=path.parent / "spool", node="mx.example.test")
    carry_out(SqliteEngine(path, max_leases=20), work, deadline_s=1.0)
    assert [] == select(path, "SELECT locator FROM _spool_garbage")


def test_a_repair_that_finds_all_well_changes_nothing(path: Path) -> None:
    """
    The housekeeper may have repaired the fault between the look and the repair.
    """
    _break(path, "due_at_late")
    findings = _found(path)
    write(path, "UPDATE _destination SET due_at = 0.0 WHERE destination_id = 2")

    assert [] == _repair(path, findings)
    assert [] == select(path, "SELECT * FROM audit")


def test_it_reads_without_the_write_lock(path: Path) -> None:
    """
    A check blocks no writer, and no writer blocks the check.
    """
    holder = apsw.Connection(str(path))
    holder.execute("BEGIN IMMEDIATE")
    try:
        assert [] == _found(path)
    finally:
        holder.close()
