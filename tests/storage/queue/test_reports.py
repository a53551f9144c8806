"""Notices, and the reports that close them."""

from pathlib import Path
from typing import Any

import apsw
import pytest

from empath.mail.address import Address
from empath.mail.envelope import Recipient
from empath.mail.identity import QueueId, Timestamp
from empath.mail.status import RecipientStatus
from empath.message.report.facts import Action, LastAttempt, ReportKind
from empath.storage.queue.accept import Accept
from empath.storage.queue.events import page
from empath.storage.queue.put_back import EndLease
from empath.storage.queue.reports import CloseNotices, DueReport, due_reports, read_case, read_file_start, read_start
from empath.storage.spool import SpoolFile
from tests.kit.queue import LIFETIME_S, T0, Queue, ids

pytestmark = pytest.mark.engines

FAILURE, DELAY = ReportKind.FAILURE, ReportKind.DELAY


def due(queue: Queue, now: float = T0 + 2) -> list[tuple[int, str]]:
    """Message and kind of the reports that are due."""
    reader = queue.engine.open_reader()
    found = [(report.message_id, str(report.kind)) for report in due_reports(reader, now)]
    reader.close()
    return found


def case(queue: Queue, kind: ReportKind = FAILURE) -> Any:
    """The case of a report."""
    reader = queue.engine.open_reader()
    found = read_case(reader, DueReport(1, kind))
    reader.close()
    return found


def settle(queue: Queue, status: RecipientStatus, *numbers: int, **more: Any) -> None:
    """Lease the due recipients, settle *numbers* with *status*, and put the others back."""
    for lease in queue.lease():
        mine = [number for number in ids(lease) if number in numbers]
        works = [queue.new_settle(lease, status, recipients=mine, **more)] if mine else []
        queue.run(*works, EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=T0 + 1))


def test_a_failure_is_due_when_no_recipient_of_the_message_is_under_way(queue: Queue) -> None:
    """
    All recipients that fail together share one report.
    """
    queue.accept("a.example", "b.example")
    settle(queue, RecipientStatus.BOUNCED, 1)
    queue.write("UPDATE _recipient SET next_retry_at = ? WHERE recipient_id = 2", T0 + 10)
    assert ([(1, "failure")], []) == (due(queue, T0 + 4), due(queue, T0 + 5))


@pytest.mark.parametrize(("age_s", "expected"), [(59, []), (60, [(1, "failure")]), (-60, [(1, "failure")]), (-59, [])])
def test_no_report_waits_for_others_for_more_than_a_minute(
    queue: Queue, age_s: float, expected: list[tuple[int, str]]
) -> None:
    """
    This holds even if the clock went back.
    """
    queue.accept("a.example", "b.example")
    settle(queue, RecipientStatus.BOUNCED, 1, now=T0)
    queue.write("UPDATE _recipient SET next_retry_at = 0 WHERE recipient_id = 2")
    assert expected == due(queue, T0 + age_s)


def test_a_leased_recipient_is_waited_for(queue: Queue) -> None:
    """
    It may fail in a moment.
    """
    queue.accept("a.example", "b.example")
    settle(queue, RecipientStatus.BOUNCED, 1)
    (lease,) = queue.lease()
    assert [] == due(queue)
    queue.run(queue.new_settle(lease, RecipientStatus.BOUNCED, recipients=ids(lease)))
    assert [(1, "failure")] == due(queue)


def test_every_open_notice_is_found_however_many_there_are(queue: Queue) -> None:
    """
    They are found slice by slice, two kinds of one message apart.
    """
    queue.accept(count=450)
    queue.write("UPDATE queue SET status = 'bounced'")
    queue.write("INSERT INTO _notice (message_id, recipient_id, kind, created_at) VALUES (200, 200, 'delay', 0.0)")
    found = due(queue)
    assert 451 == len(found) == len({*found})
    assert [(200, "delay"), (200, "failure")] == [pair for pair in found if pair[0] == 200]


def test_a_case_has_what_the_report_tells(queue: Queue) -> None:
    """
    Each failed recipient has its last reply and host.
    """
    queue.accept("a.example", "a.example")
    settle(queue, RecipientStatus.BOUNCED, 1)
    found = case(queue)
    assert ("sender@example.test", None, "inline", (1,), (1,)) == (
        found.reverse_path, found.dsn_return, found.locator, found.notices, found.recipient_ids,
    )  # fmt: skip
    assert ("<1@example.test>", Timestamp(T0)) == (found.message.header_message_id, found.message.received_at)
    [recipient] = found.recipients
    last = LastAttempt(Timestamp(T0 + 1), "5.1.1", "550 5.1.1 no such mailbox", "mx.a.example")
    assert ("r1@a.example", Action.FAILED, False, last) == (
        recipient.address, recipient.action, recipient.is_expired, recipient.last_attempt,
    )  # fmt: skip


def test_a_recipient_returned_by_order_has_its_reason_and_no_attempt(queue: Queue) -> None:
    """
    I5: "administratively expired", with the last deferral if there was one.
    """
    queue.accept("a.example", "b.example")
    settle(queue, RecipientStatus.DEFERRED, 2)
    queue.write("UPDATE queue SET status = 'expired'")
    first, second = case(queue).recipients
    assert ("administratively expired", True, None) == (first.reason, first.is_expired, first.last_attempt)
    assert ("administratively expired", "451 4.7.1 greylisted") == (second.reason, second.last_attempt.reply)


def test_the_death_of_a_process_is_no_attempt(queue: Queue) -> None:
    """
    The doubt that it left says nothing about the later failure.
    """
    queue.accept()
    settle(queue, RecipientStatus.BOUNCED, 1)
    queue.write(
        "INSERT INTO _attempt (recipient_id, process_id, lease_id, destination, started_at, duration_s, stage, text,"
        " outcome, decided_status)"
        " VALUES (1, 1, 1, 'a.example', ?, 0.0, 'unknown', 'x', 'maybe_delivered', 'unchanged')",
        T0 + 9,
    )
    assert "550 5.1.1 no such mailbox" == case(queue).recipients[0].last_attempt.reply


@pytest.mark.parametrize("stage", ["dns", "connect", "local"])
def test_what_no_host_said_is_ours(queue: Queue, stage: str) -> None:
    """
    A report must not quote our words as another host's.
    """
    queue.accept()
    settle(queue, RecipientStatus.BOUNCED, 1)
    queue.forge("UPDATE _attempt SET stage = ?", stage)
    assert case(queue).recipients[0].last_attempt.host is None


def test_content_is_read_up_to_a_limit(queue: Queue) -> None:
    """
    A report on a large message needs only its header.
    """
    queue.accept(content=b"Subject: x\r\n\r\n" + b"y" * 1000)
    settle(queue, RecipientStatus.BOUNCED, 1)
    reader = queue.engine.open_reader()
    assert b"Subject: x" == read_start(reader, case(queue), 10)
    queue.write("UPDATE _message SET added_fields = ?", b"Received: y")
    assert b"Received: " == read_start(reader, case(queue), 10)
    assert b"Received: ySubject" == read_start(reader, case(queue), 18)
    queue.write("DELETE FROM _content")
    assert read_start(reader, case(queue), 10) is None
    queue.write("UPDATE _message SET content_locator = NULL")
    assert read_start(reader, case(queue), 10) is None
    reader.close()


def test_a_spooled_message_is_read_with_the_fields_that_were_added(queue: Queue, tmp_path: Path) -> None:
    """
    The file holds the octets received; the sender gets back the message as it was sent on.
    """
    file = SpoolFile(tmp_path, "mx.example.test", QueueId("0" * 26))
    file.write(b"Subject: x\r\n\r\n" + b"y" * 1000)
    file.complete()
    file.close()
    queue.accept(content=None, size=1018, locator=file.locator, added_fields=b"Received: y\r\n")
    settle(queue, RecipientStatus.BOUNCED, 1)

    assert b"Received: y\r\nSubject" == read_file_start(tmp_path, case(queue), 20)


def report(queue: Queue) -> Accept:
    """A message in the place of a report."""
    return queue.new_accept("example.test", queue_id=QueueId.make(Timestamp(T0), bytes(10)))


@pytest.mark.sqlite_only("writes through a view")
def test_the_report_comes_in_as_its_notices_go(queue: Queue) -> None:
    """
    It is one commit; from then on the retention may remove the message.
    """
    queue.write("INSERT INTO consumer (name, types) VALUES ('test', 'reported')")
    queue.accept()
    settle(queue, RecipientStatus.BOUNCED, 1)
    made = report(queue)
    work = queue.done(CloseNotices(case(queue), made, now=T0 + 3))
    assert not work.is_stale
    [event] = page(queue.engine.open_reader(), after=0, limit=9)
    assert ("reported", 1) == (event.type, event.recipient_id)
    assert {"report": "failure", "status": "bounced", "report_id": str(made.message.queue_id)} == event.detail
    assert ([], ["bounced", "queued"]) == (queue.select("SELECT * FROM _notice"), queue.statuses())
    assert case(queue) is None


def test_of_two_reporters_one_gets_its_report_in(queue: Queue) -> None:
    """
    The second finds its notices gone and writes nothing. A repeated commit writes nothing, either.
    """
    queue.accept()
    settle(queue, RecipientStatus.BOUNCED, 1)
    found = case(queue)
    first, second = CloseNotices(found, report(queue), now=T0), CloseNotices(found, report(queue), now=T0)
    queue.run(first, second)
    assert (False, True) == (first.is_stale, second.is_stale)
    assert [(2,)] == queue.select("SELECT count(*) FROM _message")


def test_a_fate_that_was_taken_back_is_not_reported(queue: Queue) -> None:
    """
    The recipient was queued again while the report was composed: nothing is written, and the other one is reported
    later.
    """
    queue.accept("a.example", "a.example")
    settle(queue, RecipientStatus.BOUNCED, 1, 2)
    found = case(queue)
    queue.write("UPDATE history SET status = 'queued' WHERE recipient_id = 1")
    assert queue.done(CloseNotices(found, report(queue), now=T0)).is_stale
    assert [(2, "failure")] == queue.select("SELECT recipient_id, kind FROM _notice")


def test_a_failure_without_a_report_is_in_the_audit(queue: Queue) -> None:
    """
    H6: there is never a third report, but always a trace.
    """
    queue.accept()
    settle(queue, RecipientStatus.BOUNCED, 1)
    queue.run(CloseNotices(case(queue), None, now=T0, is_discarded=True))
    assert [] == queue.select("SELECT * FROM _notice")
    assert [("empath", 1, "report", "failure", "discarded")] == queue.select(
        "SELECT who, recipient_id, what, before, after FROM _audit"
    )


def defer(queue: Queue, *numbers: int, is_delayed: bool = True) -> None:
    """Let an attempt for *numbers* fail temporarily."""
    queue.write("UPDATE _recipient SET next_retry_at = ? WHERE status = 'deferred'", T0)
    for lease in queue.lease():
        mine = [number for number in ids(lease) if number in numbers]
        work = queue.new_settle(lease, RecipientStatus.DEFERRED, recipients=mine, is_delayed=is_delayed)
        queue.run(work, EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=T0 + 1))


def delays(queue: Queue) -> list[int]:
    """Recipients whose delay must be reported."""
    return [number for (number,) in queue.select("SELECT recipient_id FROM _notice WHERE kind = 'delay' ORDER BY 1")]


def test_a_delay_is_reported_once_for_all_waiting_recipients(queue: Queue) -> None:
    """
    I3: recipients with earlier failed attempts are in the same report. Recipients whose NOTIFY lacks DELAY are not.
    """
    queue.accept(*["a.example"] * 4)
    queue.write("UPDATE _recipient SET notify = NULL WHERE recipient_id < 3")
    queue.write("UPDATE _recipient SET notify = 'SUCCESS,DELAY' WHERE recipient_id = 3")
    defer(queue, 1, is_delayed=False)
    assert [] == delays(queue)
    defer(queue, 2, 3, 4)
    assert [1, 2, 3] == delays(queue)
    found = case(queue, DELAY)
    assert [(Action.DELAYED, Timestamp(T0 + LIFETIME_S))] * 3 == [(r.action, r.retry_until) for r in found.recipients]
    queue.run(CloseNotices(found, report(queue), now=T0 + 3))
    defer(queue, 1, 2, 3, 4)
    assert [] == delays(queue)


def test_a_delay_that_is_over_is_not_told_of(queue: Queue) -> None:
    """
    The recipient was delivered or failed meanwhile; a failure has a report of its own.
    """
    queue.accept("a.example", "a.example")
    queue.write("UPDATE _recipient SET notify = NULL")
    defer(queue, 1, 2)
    queue.write("UPDATE queue SET status = 'bounced' WHERE recipient_id = 1")
    assert [(1, "delay"), (1, "failure")] == due(queue)
    found = case(queue, DELAY)
    assert (["r2@a.example"], (1, 2)) == ([r.address for r in found.recipients], tuple(sorted(found.recipient_ids)))


@pytest.mark.sqlite_only("lets any shell write private tables, and has triggers for that")
@pytest.mark.parametrize("status", [RecipientStatus.BOUNCED, RecipientStatus.EXPIRED])
def test_obligation_to_report_goes_with_the_report_only(queue: Queue, status: RecipientStatus) -> None:
    """
    A slip in a shell used to leave a sender without news of lost mail.
    """
    queue.accept()
    (lease,) = queue.lease()
    queue.run(queue.new_settle(lease, status))

    with pytest.raises(apsw.ConstraintError, match="a notice is removed with its report"):
        queue.write("DELETE FROM _notice")

    assert [("failure",)] == queue.select("SELECT kind FROM _notice")


def test_a_recipient_with_several_targets_is_reported_as_expanded(queue: Queue) -> None:
    """
    RFC 3461 §5.2.7.3. Its row is final from the beginning, and the targets are delivered on their own.
    """
    team = Recipient(Address.parse("team@x.example"), "SUCCESS", None)
    message = queue.new_message("a.example", "b.example")._replace(expanded=(team,))
    queue.run(Accept(message))
    settle(queue, RecipientStatus.DELIVERED, 1, 2)
    assert [(1, "success")] == due(queue)
    [recipient] = case(queue, ReportKind.SUCCESS).recipients
    assert ("team@x.example", Action.EXPANDED) == (recipient.address, recipient.action)
    assert {} == queue.violations()


def test_the_original_of_a_target_is_the_address_that_the_client_gave(queue: Queue) -> None:
    target = Recipient(Address.parse("ann@a.example"), written=Address.parse("team@x.example"))
    message = queue.new_message("a.example")
    queue.run(Accept(message._replace(envelope=message.envelope._replace(recipients=(target,)))))
    assert [("ann@a.example", "team@x.example")] == queue.select("SELECT address, original FROM _recipient")
