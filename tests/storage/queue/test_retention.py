"""test_retention - old final rows are removed, and no others"""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from empath.mail.status import RecipientStatus
from empath.storage.engine import Reader
from empath.storage.queue.audit import claim_new
from empath.storage.queue.put_back import EndLease
from empath.storage.queue.retention import (
    AuditSweep,
    Cutoffs,
    ForgetMessages,
    ForgetProcesses,
    ForgetRecipients,
    MessageSweep,
    RecipientSweep,
)
from tests.kit.queue import T0, Queue, ids

pytestmark = pytest.mark.engines

NEVER = Cutoffs(T0 + 1e6, 0.0, 0.0, 0.0)
AT_ONCE = Cutoffs.at(T0 + 1e6, delivered_s=0, final_s=0, content_s=0, audit_s=0)
FINAL = ("delivered", "bounced", "expired", "cancelled")


@pytest.fixture
def reader(queue: Queue) -> Iterator[Reader]:
    opened = queue.engine.open_reader()
    yield opened
    opened.close()


def finish(queue: Queue, *statuses: str, at: float = T0, content: bytes | None = b"x", **attributes: Any) -> None:
    """Accept one message whose recipients have these final statuses, with all reports sent."""
    queue.accept(*["a.example"] * len(statuses), at=at, content=content, **attributes)
    (lease,) = queue.lease(now=at)
    for number, status in zip(ids(lease), statuses, strict=True):
        if status != "cancelled":
            queue.run(queue.new_settle(lease, RecipientStatus(status), recipients=[number], now=at))
    queue.run(EndLease(lease.lease_id, destination="a.example", is_failing=False, now=T0 + 1))
    queue.write("DELETE FROM queue WHERE status = 'queued'")
    queue.write("UPDATE _recipient SET settled_at = ? WHERE recipient_id >= ?", at, min(ids(lease)))
    queue.write("UPDATE _notice SET is_met = 1; DELETE FROM _notice")


def sweep(queue: Queue, reader: Reader, cutoffs: Cutoffs) -> tuple[int, int, int]:
    """One round of both sweeps; the numbers of removed recipients, messages and contents."""
    went = [0, 0, 0]
    for walk in (RecipientSweep(), MessageSweep()):
        is_over = False
        while not is_over:
            work = walk.step(reader, cutoffs)
            is_over = walk.is_round_over
            if work is not None:
                queue.run(work)
                went = [count + more for count, more in zip(went, work_counts(work), strict=True)]
    return went[0], went[1], went[2]


def work_counts(work: ForgetRecipients | ForgetMessages) -> tuple[int, int, int]:
    return work.recipients, work.messages, work.contents


def counts(queue: Queue) -> list[int]:
    """Rows of _recipient, _attempt, _message and _content."""
    tables = ("_recipient", "_attempt", "_message", "_content")
    return [queue.select(f"SELECT count(*) FROM {table}")[0][0] for table in tables]


@pytest.mark.parametrize("status", FINAL)
def test_finished_message_goes_with_all_that_belongs_to_it(queue: Queue, reader: Reader, status: str) -> None:
    """
    A queue that remembers everything would grow without end.
    """
    finish(queue, status)

    assert (1, 1, 0) == sweep(queue, reader, AT_ONCE)
    assert [0, 0, 0, 0] == counts(queue)


def test_cutoffs_are_the_present_less_the_times_to_keep() -> None:
    """
    Three settings give three instants.
    """
    assert Cutoffs(100.0, 90.0, 30.0, 80.0, 60.0) == Cutoffs.at(
        100.0, delivered_s=10, final_s=70, content_s=20, audit_s=40
    )


@pytest.mark.parametrize(
    ("status", "cutoffs", "stays"),
    [
        ("delivered", Cutoffs(T0, T0 - 1, T0, T0), True),
        ("delivered", Cutoffs(T0, T0, T0 - 1, T0 - 1), False),
        ("bounced", Cutoffs(T0, T0, T0 - 1, T0 - 1), True),
        ("bounced", Cutoffs(T0, T0 - 1, T0, T0 - 1), False),
        ("expired", Cutoffs(T0, T0, T0 - 1, T0 - 1), True),
        ("expired", Cutoffs(T0, T0 - 1, T0, T0 - 1), False),
        ("cancelled", Cutoffs(T0, T0, T0 - 1, T0 - 1), True),
        ("cancelled", Cutoffs(T0, T0 - 1, T0, T0 - 1), False),
    ],
)
def test_each_fate_has_its_own_time(queue: Queue, reader: Reader, status: str, cutoffs: Cutoffs, stays: bool) -> None:
    """
    By default delivered recipients stay for a day and failed ones for a week. The instant itself counts as over.
    """
    finish(queue, status)

    sweep(queue, reader, cutoffs)

    assert [status] * stays == queue.statuses()


@pytest.mark.parametrize("status", ["queued", "deferred", "leased", "held"])
def test_recipient_that_is_not_final_stays(queue: Queue, reader: Reader, status: str) -> None:
    """
    Accepted mail is kept until it has its fate, even if a write names it.
    """
    queue.accept("a.example", "a.example")
    (lease,) = queue.lease()
    queue.run(queue.new_settle(lease, RecipientStatus.DELIVERED, recipients=[1]))
    if status == "deferred":
        queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED, recipients=[2]))
    if status != "leased":
        queue.run(EndLease(lease.lease_id, destination="a.example", is_failing=False, now=T0 + 1))
    if status == "held":
        queue.write("UPDATE _recipient SET status = 'held', reason = 'x' WHERE recipient_id = 2")

    assert (1, 0, 0) == sweep(queue, reader, AT_ONCE)
    queue.run(ForgetRecipients([2], AT_ONCE), ForgetMessages([1], AT_ONCE))
    assert [status] == queue.statuses()
    assert [1, 1] == counts(queue)[2:]


def test_recipient_that_is_still_to_be_reported_stays(queue: Queue, reader: Reader) -> None:
    """
    Its sender must get a report, which quotes the content.
    """
    queue.accept()
    (lease,) = queue.lease()
    queue.run(queue.new_settle(lease, RecipientStatus.BOUNCED))

    assert (0, 0, 0) == sweep(queue, reader, AT_ONCE)
    queue.run(ForgetRecipients([1], AT_ONCE), ForgetMessages([1], AT_ONCE))
    assert [1, 1, 1, 1] == counts(queue)

    queue.write("UPDATE _notice SET is_met = 1; DELETE FROM _notice")
    assert (1, 1, 0) == sweep(queue, reader, AT_ONCE)


def test_recipient_that_was_retried_meanwhile_stays(queue: Queue, reader: Reader) -> None:
    """
    An operator may have retried it between the read and the write.
    """
    finish(queue, "bounced")
    work = RecipientSweep().step(reader, AT_ONCE)
    content = MessageSweep().step(reader, AT_ONCE)
    assert work is not None
    assert content is not None
    queue.write("UPDATE history SET status = 'queued'")

    queue.run(work, content)

    assert [(0, 0, 0), (0, 0, 0)] == [work_counts(work), work_counts(content)]
    assert [1, 1, 1, 1] == counts(queue)


def test_message_stays_with_its_last_recipient(queue: Queue, reader: Reader) -> None:
    """
    One waiting recipient keeps the message, but not the other recipients.
    """
    finish(queue, "delivered", "bounced")
    keep_failures = Cutoffs(T0, T0, T0 - 1, T0 - 1)

    assert (1, 0, 0) == sweep(queue, reader, keep_failures)
    assert [1, 1, 1, 1] == counts(queue)
    assert (1, 1, 0) == sweep(queue, reader, AT_ONCE)
    assert [0, 0, 0, 0] == counts(queue)


def test_recipient_without_an_instant_counts_from_the_end_of_its_lifetime(queue: Queue, reader: Reader) -> None:
    """
    A shell may make it final without an instant: it is removed, but rather late.
    """
    finish(queue, "cancelled")
    queue.write("UPDATE _recipient SET settled_at = NULL")
    expires_at = queue.select("SELECT expires_at FROM _recipient")[0][0]

    assert (0, 0, 0) == sweep(queue, reader, Cutoffs(T0 + 1e6, *[expires_at - 1] * 3))
    assert (1, 1, 0) == sweep(queue, reader, Cutoffs(T0 + 1e6, *[expires_at] * 3))


@pytest.mark.parametrize("status", ["bounced", "expired", "cancelled"])
def test_content_goes_before_its_message(queue: Queue, reader: Reader, status: str) -> None:
    """
    A failed message can be sent again for a day; its rows stay for a week.
    """
    finish(queue, status, "delivered")

    assert (0, 0, 0) == sweep(queue, reader, Cutoffs(T0, T0 - 1, T0 - 1, T0 - 1))
    assert (0, 0, 1) == sweep(queue, reader, Cutoffs(T0, T0 - 1, T0 - 1, T0))
    assert [(None, 2, 0)] == queue.select(
        "SELECT content_locator, (SELECT count(*) FROM _recipient), (SELECT count(*) FROM _content) FROM _message"
    )
    assert (0, 0, 0) == sweep(queue, reader, Cutoffs(T0, T0 - 1, T0 - 1, T0))


def test_content_stays_as_long_as_its_youngest_fate(queue: Queue, reader: Reader) -> None:
    """
    The last recipient that failed has the same time as the first.
    """
    finish(queue, "bounced", "bounced")
    queue.write("UPDATE _recipient SET settled_at = ? WHERE recipient_id = 1", T0 + 9)

    assert (0, 0, 0) == sweep(queue, reader, Cutoffs(T0 + 10, 0.0, 0.0, T0 + 8))
    assert (0, 0, 1) == sweep(queue, reader, Cutoffs(T0 + 10, 0.0, 0.0, T0 + 9))


@pytest.mark.parametrize("cutoffs", [AT_ONCE, Cutoffs(T0 + 1, 0.0, 0.0, T0 + 1)])
def test_file_of_what_was_forgotten_is_garbage(queue: Queue, reader: Reader, cutoffs: Cutoffs) -> None:
    """
    This holds for a whole message and for its content alone.
    """
    finish(queue, "bounced", content=None, size=9, locator="spool:mx/0")

    sweep(queue, reader, cutoffs)

    assert [("spool:mx/0",)] == queue.select("SELECT locator FROM _spool_garbage")


def test_message_without_recipients_goes(queue: Queue, reader: Reader) -> None:
    """
    A shell can remove the recipients alone.
    """
    finish(queue, "cancelled")
    queue.write("DELETE FROM _recipient")

    assert (0, 1, 0) == sweep(queue, reader, NEVER)
    assert [0, 0, 0, 0] == counts(queue)


def test_sweep_goes_on_where_it_was(queue: Queue, reader: Reader) -> None:
    """
    A step costs as much as a slice, however deep the queue is.
    """
    for _ in range(5):
        finish(queue, "delivered")
    queue.write("UPDATE _recipient SET settled_at = ? WHERE recipient_id IN (2, 5)", T0 + 99)
    walk = RecipientSweep()
    walk.SLICE = 2
    cutoffs = Cutoffs(T0 + 100, T0 + 9, T0 + 9, 0.0)
    seen = []
    for _ in range(3):
        work = walk.step(reader, cutoffs)
        seen.append((work and queue.done(work).recipients, walk.is_round_over))

    assert [(1, False), (2, False), (None, True)] == seen
    assert [(2,), (5,)] == queue.select("SELECT recipient_id FROM _recipient")
    queue.write("UPDATE _recipient SET settled_at = ?", T0)
    work = walk.step(reader, cutoffs)
    assert work is not None
    assert 2 == queue.done(work).recipients


def test_round_ends_where_everything_is_young(queue: Queue, reader: Reader) -> None:
    """
    No recipient is settled before its acceptance, so all rows behind a young one are young. A row from the future
    proves nothing.
    """
    for at in (T0, T0 + 50, T0 + 99, T0 + 1e6):
        finish(queue, "delivered", at=at)
    walk = RecipientSweep()
    walk.SLICE = 1
    cutoffs = Cutoffs(T0 + 100, T0 + 60, T0 + 40, 0.0)

    over = []
    for _ in range(3):
        walk.step(reader, cutoffs)
        over.append(walk.is_round_over)
    assert [False, False, True] == over

    queue.write("UPDATE _message SET received_at = ? WHERE message_id = 1", T0 + 1e6)
    walk.step(reader, cutoffs)
    assert not walk.is_round_over


@pytest.mark.parametrize(
    ("bound", "value", "expected"), [("MOST", 2, [2, 2, 1]), ("ATTEMPTS", 3, [3, 2]), ("OCTETS", 4, [1, 1, 1, 1, 1])]
)
def test_one_transaction_is_bounded(queue: Queue, reader: Reader, bound: str, value: int, expected: list[int]) -> None:
    """
    Other writers wait meanwhile. The cost is in the rows, their attempts and the octets of their content.
    """
    for _ in range(5):
        finish(queue, "bounced", content=b"123")
    walk = RecipientSweep()
    setattr(walk, bound, value)

    went: list[int] = []
    while counts(queue)[0]:
        work = walk.step(reader, AT_ONCE)
        assert work is not None
        assert walk.is_round_over == (len(went) == len(expected) - 1)
        went.append(queue.done(work).recipients)

    assert expected == went


def test_large_list_goes_in_several_transactions(queue: Queue, reader: Reader) -> None:
    """
    Its message goes with the last of them.
    """
    finish(queue, *["delivered"] * 90)
    sizes = []
    walk = RecipientSweep()
    walk.MOST = 40
    while (work := walk.step(reader, AT_ONCE)) is not None:
        queue.run(work)
        sizes.append(work_counts(work)[:2])

    assert [(40, 0), (40, 0), (10, 1)] == sizes
    assert (RecipientSweep.MOST, RecipientSweep.SLICE) == (500, 2_000)


def test_run_of_a_process_is_forgotten_a_month_after_its_end(queue: Queue, reader: Reader) -> None:
    """
    Each restart adds a row per process. The row of a living process stays.
    """
    runs = ForgetProcesses(T0 + ForgetProcesses.PROCESSES_S)
    assert not runs.is_needed(reader)
    for slot, ended_at in (("old", T0), ("young", T0 + 1), ("living", None)):
        queue.write(
            """INSERT INTO _process (node, instance, slot, generation, pid, started_at, beat_at, ended_at, version,
                                     engine_version)
               VALUES ('n', 'i', ?, 1, 1, 1, 1, ?, '1', '3')""",
            slot,
            ended_at,
        )

    assert runs.is_needed(reader)
    queue.run(runs)
    assert 1 == runs.processes
    assert [("living",), ("young",)] == queue.select("SELECT slot FROM _process WHERE instance = 'i' ORDER BY slot")


def forget_audit(queue: Queue, reader: Reader, before: float) -> int:
    """One round of the sweep of the audit; the number of removed rows."""
    walk, went, is_over = AuditSweep(), 0, False
    while not is_over:
        work = walk.step(reader, Cutoffs(before, 0.0, 0.0, 0.0, audit_before=before))
        is_over = walk.is_round_over
        went += 0 if work is None else queue.done(work).audit_rows
    return went


def test_audit_goes_when_it_is_old_and_told_and_its_recipient_is_gone(queue: Queue, reader: Reader) -> None:
    """
    A million holds and releases once left 215 MB for ever. Rows that are not in the log yet stay. So do rows that
    explain the status of an existing recipient.
    """
    queue.accept()
    for _ in range(600):
        queue.write("UPDATE queue SET priority = CASE priority WHEN 2 THEN 3 ELSE 2 END")
    queue.write("DELETE FROM queue")
    late = time.time() + 9

    assert 0 == forget_audit(queue, reader, late)
    queue.run(ForgetRecipients([1], Cutoffs(late, late, late, late)))
    assert 0 == forget_audit(queue, reader, late)
    while (claiming := claim_new(reader)) is not None:
        queue.run(claiming)
    assert 0 == forget_audit(queue, reader, late - 3600)
    assert 601 == forget_audit(queue, reader, late)

    assert [] == queue.select("SELECT * FROM audit")
    assert [("audit_told", "601")] == queue.select("SELECT name, value FROM _setting WHERE name LIKE 'audit%'")
