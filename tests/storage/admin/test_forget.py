"""test_forget - an address is left out of what is recorded, and of nothing else"""

import json
import re
from pathlib import Path
from typing import Any

import apsw
import pytest

from empath.mail.address import Address
from empath.mail.fate import Said
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.mail.status import RecipientStatus
from empath.policy.seal import Kept
from empath.storage.admin.events import AddConsumer
from empath.storage.admin.forget import ForgetReport, forget
from empath.storage.admin.seals import SealCheck, check_seals
from empath.storage.queue.audit import ClaimAudit
from empath.storage.queue.redaction import REDACTIONS
from empath.storage.queue.retention import AuditSweep, Cutoffs, RecipientSweep
from empath.storage.queue.sweep import outdated
from tests.kit.queue import Queue, dump, ids
from tests.storage.queue.test_seals import seal

ANN = Address.parse("r1@a.example")
NAMED = re.compile(r"(?i)r1(?:@|=)a\.example")
ALL = Kept(0.0, 0.0)


# Rows of each table that name the address.
TOLD = """
UPDATE _message SET account = 'R1@a.example', metadata = '{"to": ["r1@a.example"]}', reverse_path = 'r1@a.example';
UPDATE _recipient SET sent_as = 'SRS0=h=tt=a.example=r1@fwd.example', original_recipient = 'rfc822;r1@a.example';
INSERT INTO _refusal (
  first_at, last_at, times, listener, client_address, client_name, account, sender, recipient, stage, rule, reply)
VALUES (1, 2, 1, 'l', '192.0.2.1', 'c', NULL, 'r1@a.example', NULL, 'RCPT', 'x', '550 <r1@a.example>');
INSERT INTO _transcript (at, stage, reply, sender, client_address, dialogue)
VALUES (1, 'RCPT', '550 <r1@a.example>', 'r1@a.example', '192.0.2.1', 'C: EHLO host.of.r1'),
       (1, 'RCPT', '550 no', 'x@b.example', '192.0.2.1', 'C: RCPT TO:<r1@a.example> ORCPT=rfc822;r1@a.example');
INSERT INTO _feedback (at, report_ulid, kind, address, reply) VALUES (1, 'u', 'complaint', 'r1@a.example', 'x');
INSERT INTO _greylist (client, sender, recipient, first_seen_at) VALUES ('192.0.2.0/24', '', 'r1@a.example', 1);
INSERT INTO _verification VALUES ('r1@a.example', 1, '250 ok', 9e9);
INSERT INTO _suppression VALUES ('r1@a.example', 'bounce', 'no r1@a.example', 'bad-mailbox', 1, NULL);
INSERT INTO _injection (token, key, digest, answer, expires_at)
VALUES ('t', 'k', printf('%064d', 0), '{"recipients": ["r1@a.example"]}', 9e9);
INSERT INTO _plan (verb, predicate, who, created_at, expires_at)
VALUES ('hold', '--recipient r1@a.example', 'x', 1, 9e9);
INSERT INTO _received_report (
  kind, domain, org_name, report_id, contact, begin_at, end_at, policy, messages, failed, left_out, sender, received_at,
  row_count)
VALUES ('tls', 'd', 'o', 'i', 'mailto:r1@a.example', 1, 2, '{}', 1, 0, 0, 'r1@a.example', 1, 0);
"""


@pytest.fixture
def known(queue: Queue) -> Queue:
    """A queue that knows the address everywhere; its mail is bounced, its rows are sealed."""
    queue.run(AddConsumer("crm", "", who="x"))
    queue.accept(subject="for r1 only")
    (lease,) = queue.lease()
    work = queue.new_settle(lease, RecipientStatus.DEFERRED, recipients=ids(lease))
    said = Said(Stage.RCPT, Reply.of("450 4.2.1 <r1@a.example> is busy, not otto@a.example"))
    work.fates = tuple(fate._replace(said=said) for fate in work.fates)
    queue.run(work)
    queue.write("UPDATE queue SET status = 'cancelled'")
    for statement in TOLD.split(";\n")[:-1]:
        queue.write(statement)
    seal(queue)
    return queue


def names(queue: Queue) -> dict[str, list[Any]]:
    """The rows that still have the address, by table."""
    found = dump(queue.path)
    return {
        table: hits
        for table, rows in found.items()
        if table not in {"schema", "pragmas"} and (hits := [row for row in rows if NAMED.search(repr(row))])
    }


def run(queue: Queue, *, is_whole: bool = False, address: Address = ANN) -> ForgetReport:
    """Forget the address."""
    return forget(queue.engine, address, who="me", deadline_s=5.0, is_whole=is_whole)


def check(queue: Queue) -> SealCheck:
    """A look at the seals."""
    return check_seals(queue.engine, ALL, [])


def test_the_address_is_nowhere_afterwards(known: Queue) -> None:
    """
    Each kind of row had it before. Its subject and content are gone, and its client is left out.
    """
    assert {
        "_message", "_recipient", "_attempt", "_audit", "_event", "_refusal", "_transcript", "_feedback", "_greylist",
        "_verification", "_suppression", "_injection", "_plan", "_received_report",
    } == names(known).keys()  # fmt: skip

    found = run(known, is_whole=True)

    assert {} == names(known)
    assert (0, False, []) == (found.waiting, found.is_suppressed, found.configured)
    pseudonym = f"forgotten-{found.name}@a.example"
    assert [
        (pseudonym, pseudonym, f"rfc822;{pseudonym}", f"SRS0=h=tt=a.example=forgotten-{found.name}@fwd.example")
    ] == (known.select("SELECT address, original, original_recipient, sent_as FROM _recipient"))
    assert [(pseudonym, pseudonym, "", "", None, None)] == known.select(
        "SELECT reverse_path, account, client_address, client_name, subject, content_locator FROM _message"
    )
    assert [(f"450 4.2.1 <{pseudonym}> is busy, not otto@a.example",)] == known.select("SELECT text FROM attempt")
    assert [] == known.select("SELECT * FROM _content")
    assert [("", ""), ("192.0.2.1", f"C: RCPT TO:<{pseudonym}> ORCPT=rfc822;{pseudonym}")] == known.select(
        "SELECT client, dialogue FROM transcript"
    )
    assert "for r1 only" not in str(known.select("SELECT * FROM _event"))


def test_the_seals_still_fit_and_say_what_was_left_out(known: Queue) -> None:
    """
    The rows of the audit that tell of it name nobody, and are sealed as all others are.
    """
    audit = known.select("SELECT count(*) FROM audit")[0][0]
    found = run(known)
    seal(known)
    looked = check(known)
    assert ((), found.rows["audit"] + found.rows["attempt"]) == (looked.faults, looked.redacted)
    told = known.select(f"SELECT who, object, after FROM audit WHERE what = 'forgotten' AND audit_id > {audit}")
    assert {("me", found.name)} == {(who, target) for who, target, _ in told}
    assert found.rows["audit"] == sum(json.loads(said).get("audit", 0) for _, _, said in told)


def test_another_run_finds_nothing(known: Queue) -> None:
    """
    So that an interrupted run can be made again; what is suppressed stays on the list, and is told.
    """
    first = run(known)
    assert first.is_suppressed
    before = dump(known.path)
    again = run(known)
    assert (first.name, {}) == (again.name, again.rows)
    assert before == dump(known.path)


def test_a_look_counts_and_changes_nothing(known: Queue) -> None:
    """
    It counts what a run then changes.
    """
    before = dump(known.path)
    looked = forget(known.engine, ANN, who="me", deadline_s=None, is_whole=False)
    assert before == dump(known.path)
    assert looked.rows == run(known).rows


def test_two_addresses_are_forgotten_one_after_the_other(known: Queue) -> None:
    """
    A row may be redacted more than once.
    """
    run(known)
    run(known, address=Address.parse("otto@a.example"))
    assert "otto@a.example" not in str(known.select("SELECT text FROM attempt"))
    assert [(2,)] == known.select("SELECT count(*) FROM _redacted WHERE kind = 'attempt'")
    assert () == check(known).faults


@pytest.mark.parametrize("status", ["queued", "held", "bounced"])
def test_mail_that_is_not_finished_stays(queue: Queue, status: str) -> None:
    """
    It waits, or its sender is still to be told that it bounced.
    """
    queue.accept()
    if status != "queued":
        queue.write(f"UPDATE queue SET status = '{status}'")
    before = {table: rows for table, rows in dump(queue.path).items() if table not in {"_setting", "_audit"}}
    found = run(queue)
    assert (1, {}) == (found.waiting, found.rows)
    assert before == {table: rows for table, rows in dump(queue.path).items() if table not in {"_setting", "_audit"}}


def test_other_recipients_of_the_message_keep_their_mail(queue: Queue) -> None:
    """
    One of two waits: the message has both in its header.
    """
    queue.accept("a.example", "b.example")
    queue.write("UPDATE queue SET status = 'cancelled' WHERE recipient_id = 1")
    assert (1, {}) == ((found := run(queue)).waiting, found.rows)
    queue.write("UPDATE queue SET status = 'cancelled'")
    found = run(queue)
    assert (0, {"audit": 1, "recipient": 1}) == (found.waiting, found.rows)
    assert ["r2@b.example"] == [
        address for (address,) in queue.select("SELECT recipient FROM history") if "r2" in address
    ]


def test_a_change_that_pretends_to_be_a_redaction_is_found(known: Queue) -> None:
    """
    The row of the audit has a digest over what it tells of.
    """
    run(known)
    seal(known)
    known.forge("UPDATE _attempt SET text = 'nice words'")
    assert ["attempt 1 was changed or added after seal 1"] == list(check(known).faults)
    known.forge("UPDATE _redacted SET after = zeroblob(16) WHERE kind = 'attempt'")
    [wrong, *_] = check(known).faults
    assert re.fullmatch(r"audit row \d+ does not tell of the 1 rows that were redacted by it", wrong)


def test_redactions_go_after_their_rows(known: Queue) -> None:
    """
    The row of the audit that tells of them stays as long.
    """
    run(known)
    known.run(ClaimAudit(99))
    reader = known.engine.open_reader()
    assert outdated(reader, REDACTIONS, 0.0) is None
    cutoffs = Cutoffs.at(9e9, delivered_s=0, final_s=0, content_s=0, audit_s=0)

    def sweep() -> None:
        for walk in (RecipientSweep(), AuditSweep()):
            if (forgetting := walk.step(reader, cutoffs)) is not None:
                known.run(forgetting)

    sweep()
    assert {"forgotten"} == {what for (what,) in known.select("SELECT what FROM audit")}
    over = outdated(reader, REDACTIONS, 0.0)
    assert over is not None
    known.run(over)
    assert [] == known.select("SELECT * FROM _redacted")
    sweep()
    assert [] == known.select("SELECT * FROM audit")
    reader.close()


def test_nothing_of_it_is_left_in_the_file(known: Queue) -> None:
    """
    SQLite would leave old text on pages where nothing refers to it.
    """
    run(known, is_whole=True)
    known.close()
    connection = apsw.Connection(str(known.path))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()
    assert b"r1@a.example" not in Path(known.path).read_bytes()


def test_records_stay_closed_for_others(known: Queue) -> None:
    """
    The permission ends with the transaction.
    """
    run(known)
    for statement, refusal in (
        ("UPDATE _attempt SET text = 'x'", "an attempt is a record"),
        ("UPDATE _audit SET who = 'x'", "rows of the audit cannot be changed"),
        ("UPDATE _event SET detail = '{}'", "an event is a record"),
    ):
        with pytest.raises(apsw.ConstraintError, match=refusal):
            known.write(statement)


def test_rules_that_name_the_address_are_told_and_stay(known: Queue) -> None:
    """
    A rule that is changed would do something else. A person has to look at it.
    """
    known.write("INSERT INTO hold_rule (scope, pattern) VALUES ('sender', 'R1@a.example')")
    known.write(
        "INSERT INTO listener_limit (listener, setting, value, reason) VALUES ('*', 'errors', '5', 'for R1@A.example')"
    )
    known.write(
        "INSERT INTO log_level (scope, pattern, level, reason) VALUES ('area', 'dns', 'debug', 'otto@a.example')"
    )
    assert ["hold_rule", "listener_limit"] == run(known).configured
