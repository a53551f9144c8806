"""test_aging - records that are old are redacted, mail that is not finished is not, and the seals still fit"""

import pytest

from empath.mail.status import RecipientStatus
from empath.policy.redaction import Redaction, Way
from empath.policy.seal import Kept
from empath.storage.admin.seals import check_seals
from empath.storage.queue.aging import RedactionSweep, RedactOld, sweeps
from empath.storage.queue.redaction import KeepPseudonymKey
from tests.kit.queue import T0, Queue, dump
from tests.storage.queue.test_seals import seal

MASK = Redaction(Way.MASK, Way.DROP, Way.MASK)


@pytest.fixture
def past(queue: Queue) -> Queue:
    """Three messages: delivered, cancelled, and one that waits after a try; sealed."""
    queue.accept("a.example", count=3)
    (lease,) = queue.lease()
    for number, status in enumerate((RecipientStatus.DELIVERED, RecipientStatus.DEFERRED, RecipientStatus.DEFERRED)):
        queue.run(queue.new_settle(lease, status, message=number))
    queue.write("UPDATE queue SET status = 'cancelled' WHERE recipient_id = 3")
    queue.write("UPDATE queue SET priority = 1 WHERE recipient_id = 2")
    seal(queue)
    return queue


def redact(
    queue: Queue, redaction: Redaction = MASK, before: float = 9e9, walks: tuple[RedactionSweep, ...] = ()
) -> int:
    """One round over all tables; the number of rows."""
    reader = queue.engine.open_reader()
    rows = 0
    for walk in walks or sweeps():
        is_going = True
        while is_going:
            for work in walk.step(reader, redaction, before):
                rows += sum(queue.done(work).counts.values())
            is_going = not walk.is_round_over
    reader.close()
    return rows


def test_finished_mail_is_redacted_and_other_mail_is_not(past: Queue) -> None:
    """
    Also what the audit says of it.
    """
    redact(past)
    people = "SELECT recipient_id, recipient, sender FROM"
    masked = ("r…@a.example", "s…@example.test")
    assert [(1, *masked), (3, *masked)] == past.select(f"{people} history ORDER BY recipient_id")
    assert [(2, "r1@a.example", "sender@example.test")] == past.select(f"{people} queue")
    assert [(2, "r1@a.example"), (3, "r…@a.example")] == past.select(
        "SELECT recipient_id, recipient FROM audit WHERE recipient IS NOT NULL ORDER BY recipient_id"
    )
    assert [("192.0.2.0/24", "")] == past.select(
        "SELECT DISTINCT client_address, subject FROM _message WHERE message_id <> 2"
    )


def test_the_seals_still_fit(past: Queue) -> None:
    """
    And it is told how many rows were redacted.
    """
    redact(past)
    seal(past)
    looked = check_seals(past.engine, Kept(0.0, 0.0), [])
    assert ((), 1) == (looked.faults, looked.redacted)
    assert {("empath", "redacted")} == {*past.select("SELECT who, what FROM audit WHERE what = 'redacted'")}


def test_another_round_changes_nothing(past: Queue) -> None:
    """
    With the same sweeps, and with those of a new process.
    """
    walks = sweeps()
    assert 0 < redact(past, walks=walks)
    before = dump(past.path)
    assert 0 == redact(past, walks=walks) == redact(past)
    assert before == dump(past.path)


def test_mail_that_is_finished_later_is_redacted_then(past: Queue) -> None:
    """
    The walk goes back to the first row that it had to leave.
    """
    walks = sweeps()
    redact(past, walks=walks)
    past.write("UPDATE queue SET status = 'cancelled'")
    assert 0 < redact(past, walks=walks)
    assert [("r…@a.example",)] == past.select("SELECT DISTINCT recipient FROM history")


def test_young_rows_stay(past: Queue) -> None:
    """
    Their instant decides.
    """
    assert 0 == redact(past, before=T0 - 1)


def test_a_mail_that_was_queued_again_meanwhile_stays(past: Queue) -> None:
    """
    The row is read again inside the transaction.
    """
    work = RedactOld("recipient", [3], MASK)
    past.write("UPDATE history SET status = 'queued' WHERE recipient_id = 3")
    past.run(work)
    assert {} == work.counts


def test_the_key_stays(queue: Queue) -> None:
    """
    Else the same person would get another pseudonym.
    """
    assert queue.done(KeepPseudonymKey()).key == queue.done(KeepPseudonymKey()).key
