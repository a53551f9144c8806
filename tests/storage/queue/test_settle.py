"""test_settle - the results of an attempt become rows, all of them or none"""

from typing import Any

import pytest

from empath.mail.fate import Attempt, Fate, Passed, Said
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.mail.status import FATES, RecipientStatus
from empath.storage.queue.lease import Lease
from empath.storage.queue.lease_reads import FAULT, ReadFaults
from empath.storage.queue.process import EndProcess
from empath.storage.queue.put_back import EndLease, Hold, Rekey
from empath.storage.queue.settle import Settle
from empath.storage.write import Batch
from tests.kit.queue import REPLIES, T0, Queue, ids, write

pytestmark = pytest.mark.engines


def leased(queue: Queue, *destinations: str, **attributes: Any) -> Lease:
    queue.accept(*destinations, **attributes)
    return queue.lease()[0]


def attempts(queue: Queue) -> list[tuple[object, ...]]:
    return queue.select(
        "SELECT recipient_id, lease_id, stage, code, enhanced, text, outcome, decided_status, decided_next_retry_at"
        " FROM _attempt ORDER BY attempt_id"
    )


@pytest.mark.parametrize(
    ("status", "row", "notices"),
    [
        (RecipientStatus.DELIVERED, ("delivered", T0, 1, None, "250 2.0.0 Ok", T0 + 1), []),
        (RecipientStatus.DEFERRED, ("deferred", T0 + 60, 1, None, "451 4.7.1 greylisted", T0 + 1), []),
        (
            RecipientStatus.BOUNCED,
            ("bounced", T0, 1, None, "550 5.1.1 no such mailbox", T0 + 1),
            [(1, 1, "failure", T0 + 1)],
        ),
        (
            RecipientStatus.EXPIRED,
            ("expired", T0, 1, None, "451 4.7.1 greylisted", T0 + 1),
            [(1, 1, "failure", T0 + 1)],
        ),
    ],
)
def test_fate_evidence_and_obligation_are_written_together(
    queue: Queue, status: RecipientStatus, row: tuple[object, ...], notices: list[tuple[object, ...]]
) -> None:
    """
    The rows show people the reply of the next hop, and the reporter the due reports.
    """
    lease = leased(queue)

    settle = queue.done(queue.new_settle(lease, status, next_retry_at=T0 + 60))

    assert not settle.is_stale
    assert [row] == queue.select(
        "SELECT status, next_retry_at, attempts, lease_id, last_reply, settled_at FROM _recipient"
    )
    reply = settle.fates[0].said.reply
    decided_at = T0 + 60 if status is RecipientStatus.DEFERRED else None
    assert [
        (1, lease.lease_id, "end-of-data", reply.code, str(reply.enhanced), reply.escaped(), status, status, decided_at)
    ] == attempts(queue)
    assert [("a.example", T0 + 0.5, 0.5, "mx.a.example", "192.0.2.2:25", queue.process_id)] == queue.select(
        "SELECT destination, started_at, duration_s, host, peer_address, process_id FROM _attempt"
    )
    assert notices == queue.select("SELECT message_id, recipient_id, kind, created_at FROM _notice")


def test_deferred_recipient_is_due_again_at_its_time(queue: Queue) -> None:
    """
    Its lease removed the bound, and the settle brings it back.
    """
    lease = leased(queue)
    queue.run(
        queue.new_settle(lease, RecipientStatus.DEFERRED, next_retry_at=T0 + 60),
        EndLease(lease.lease_id, destination="a.example", is_failing=False, now=T0 + 1),
    )

    assert [] == queue.lease(now=T0 + 59)
    (again,) = queue.lease(now=T0 + 60)
    assert [1] == [recipient.attempts for recipient in again.messages[0].recipients]


@pytest.mark.parametrize("status", sorted(FATES))
def test_result_of_a_lost_lease_changes_no_state(queue: Queue, status: RecipientStatus) -> None:
    """
    Another process has the mail by then. Only a peer's 250 leaves a row, because that mail may arrive twice.
    """
    lease = leased(queue)
    queue.run(EndProcess(queue.process_id, now=T0))
    recipient = queue.select("SELECT * FROM _recipient")

    settle = queue.done(queue.new_settle(lease, status))

    assert settle.is_stale
    assert recipient == queue.select("SELECT * FROM _recipient")
    doubt = [(1, lease.lease_id, "end-of-data", 250, "2.0.0", "250 2.0.0 Ok", "maybe_delivered", "unchanged", None)]
    assert (doubt if status is RecipientStatus.DELIVERED else []) == attempts(queue)[1:]
    assert [] == queue.select("SELECT * FROM _notice")
    assert [("inline",)] == queue.select("SELECT content_locator FROM _message")


@pytest.mark.parametrize("status", sorted(FATES))
def test_settle_that_is_written_twice_counts_once(queue: Queue, status: RecipientStatus) -> None:
    """
    A settle whose commit is in doubt is tried again, but only one attempt was made.
    """
    lease = leased(queue)
    queue.run(queue.new_settle(lease, status))
    once = [queue.select(f"SELECT * FROM {table}") for table in ("_recipient", "_attempt", "_notice")]

    queue.run(queue.new_settle(lease, status))

    assert once == [queue.select(f"SELECT * FROM {table}") for table in ("_recipient", "_attempt", "_notice")]


def test_250_for_a_recipient_that_left_the_lease_is_recorded_as_doubt(queue: Queue) -> None:
    """
    It waits under another key, although the mail has arrived.
    """
    lease = leased(queue)
    queue.run(Rekey(lease.lease_id, {1: "b.example"}, now=T0 + 1))

    queue.run(queue.new_settle(lease, RecipientStatus.DELIVERED))

    assert ["queued"] == queue.statuses()
    assert ["maybe_delivered"] == [row[6] for row in attempts(queue)]


def test_content_that_every_recipient_has_is_deleted(queue: Queue) -> None:
    """
    The queue keeps no content of delivered mail. The row stays for questions.
    """
    lease = leased(queue, "a.example", "a.example")

    queue.run(queue.new_settle(lease, RecipientStatus.DELIVERED, recipients=[1]))
    assert [("inline", 1)] == queue.select("SELECT content_locator, (SELECT count(*) FROM _content) FROM _message")

    queue.run(queue.new_settle(lease, RecipientStatus.DELIVERED, recipients=[2]))
    assert [(None, 0)] == queue.select("SELECT content_locator, (SELECT count(*) FROM _content) FROM _message")


def test_content_of_a_bounce_stays(queue: Queue) -> None:
    """
    The report quotes it, and an operator may retry.
    """
    lease = leased(queue, "a.example", "a.example")

    queue.run(
        queue.new_settle(lease, RecipientStatus.BOUNCED, recipients=[1]),
        queue.new_settle(lease, RecipientStatus.DELIVERED, recipients=[2]),
    )

    assert [("inline", 1)] == queue.select("SELECT content_locator, (SELECT count(*) FROM _content) FROM _message")


@pytest.mark.sqlite_only("only it has files of content")
def test_file_that_every_recipient_has_is_garbage(queue: Queue) -> None:
    """
    A file is not part of the transaction, so a row tells the housekeeper to remove it.
    """
    lease = leased(queue, content=None, size=9, locator="spool:mx/0")

    queue.run(queue.new_settle(lease, RecipientStatus.DELIVERED))

    assert [("spool:mx/0", 0)] == queue.select("SELECT locator, tries FROM _spool_garbage")
    assert [(None,)] == queue.select("SELECT content_locator FROM _message")


@pytest.mark.sqlite_only("only it has files of content")
def test_file_of_a_message_that_is_removed_is_garbage(queue: Queue) -> None:
    """
    The file goes with the row, whatever program deletes it.
    """
    lease = leased(queue, content=None, size=9, locator="spool:mx/0")
    queue.run(queue.new_settle(lease, RecipientStatus.BOUNCED))
    write(
        queue.path,
        "UPDATE _notice SET is_met = 1; DELETE FROM _notice; DELETE FROM _recipient; DELETE FROM _message;"
        "DELETE FROM _attempt",
    )

    assert [("spool:mx/0",)] == queue.select("SELECT locator FROM _spool_garbage")


def test_end_of_a_lease_puts_back_what_it_holds(queue: Queue) -> None:
    """
    A recipient that was not tried waits as before: no attempt is counted, and no time is lost.
    """
    lease = leased(queue, "a.example", "a.example")
    queue.run(queue.new_settle(lease, RecipientStatus.DELIVERED, recipients=[1]))

    queue.run(EndLease(lease.lease_id, destination="a.example", is_failing=False, now=T0 + 1))

    assert [("delivered", T0, 1), ("queued", T0, 0)] == queue.select(
        "SELECT status, next_retry_at, attempts FROM _recipient"
    )
    assert [] == queue.select("SELECT * FROM _lease")
    assert [2] == ids(queue.lease()[0])


def test_recipient_that_was_tried_before_goes_back_as_deferred(queue: Queue) -> None:
    """
    The status says whether there was an attempt.
    """
    lease = leased(queue)
    queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED, next_retry_at=T0 + 60))
    queue.run(EndLease(lease.lease_id, destination="a.example", is_failing=False, now=T0 + 1))
    (again,) = queue.lease(now=T0 + 60)

    queue.run(EndLease(again.lease_id, destination="a.example", is_failing=False, now=T0 + 1))

    assert [("deferred", T0 + 60, 1)] == queue.select("SELECT status, next_retry_at, attempts FROM _recipient")


def test_end_of_a_lease_tells_whether_the_destination_fails(queue: Queue) -> None:
    """
    Dead destinations share a part of the slots, healthy ones the rest.
    """
    for is_failing in (True, False):
        (lease,) = [leased(queue)]
        queue.run(EndLease(lease.lease_id, destination="a.example", is_failing=is_failing, now=T0 + 1))
        assert [(int(is_failing),)] == queue.select("SELECT is_failing FROM _destination")


def test_recipient_that_is_routed_elsewhere_goes_back_unsent(queue: Queue) -> None:
    """
    A change of routes reaches queued mail.
    """
    lease = leased(queue, "a.example", "a.example")

    queue.run(Rekey(lease.lease_id, {2: "smtp:127.0.0.1:2526"}, now=T0 + 1))

    assert ["leased", "queued"] == queue.statuses()
    (other,) = queue.lease()
    assert ("smtp:127.0.0.1:2526", [2]) == (other.destination, ids(other))


def test_held_recipient_waits_for_a_person(queue: Queue) -> None:
    """
    A message without its content is neither sent empty nor bounced.
    """
    lease = leased(queue)

    queue.run(Hold(lease.lease_id, (1,), now=T0 + 1, reason="content missing"))
    queue.run(EndLease(lease.lease_id, destination="a.example", is_failing=False, now=T0 + 1))

    assert [("held", "content missing", 0, T0 + 1)] == queue.select(
        "SELECT status, reason, attempts, settled_at FROM _recipient"
    )
    assert [] == queue.lease()


@pytest.mark.parametrize("kind", ["rekey", "hold", "end"])
def test_holder_of_a_lost_lease_moves_nothing(queue: Queue, kind: str) -> None:
    """
    A process that was stopped for a minute resumes with a lease that belongs to another by now.
    """
    old = leased(queue)
    queue.run(EndProcess(queue.process_id, now=T0))
    queue.process_id = queue.register("worker-2")
    (new,) = queue.lease()

    queue.run({
        "rekey": Rekey(old.lease_id, {1: "b.example"}, now=T0 + 1),
        "hold": Hold(old.lease_id, (1,), now=T0, reason="x"),
        "end": EndLease(old.lease_id, destination="a.example", is_failing=False, now=T0 + 1),
    }[kind])  # fmt: skip

    assert [(1, "leased", new.lease_id)] == queue.select("SELECT destination_id, status, lease_id FROM _recipient")


def passing(queue: Queue, lease: Lease) -> Settle:
    """The replies of a first host: recipient 1 went on to another host, recipient 2 bounced."""
    fate = Fate(2, RecipientStatus.BOUNCED, Said(Stage.RCPT, REPLIES[RecipientStatus.BOUNCED]), wants_notice=True)
    return Settle(
        process_id=queue.process_id,
        lease_id=lease.lease_id,
        message_id=1,
        now=T0 + 1,
        attempt=Attempt(
            lease.destination, T0 + 0.5, 0.25, "mx1.a.example", "192.0.2.1:25", 0.125, "secure", None, "192.0.2.10"
        ),
        fates=(fate,),
        passed=(Passed(1, Said(Stage.CONNECT, Reply.of("451 4.4.1 refused"))),),
    )


@pytest.mark.sqlite_only("reads a view")
def test_a_host_that_passed_a_recipient_on_leaves_a_row_and_no_fate(queue: Queue) -> None:
    """
    A person sees every host that was asked before the one whose reply counts. The attempt counts once.
    """
    lease = leased(queue, "a.example", "a.example")
    together = [passing(queue, lease), queue.new_settle(lease, RecipientStatus.DELIVERED, recipients=[1])]

    queue.run(Batch(*together))
    queue.run(Batch(*together))  # repeated, as after a commit in doubt

    said = [
        (1, "mx1.a.example", 0.125, "secure", "192.0.2.10", "next_host", "unchanged"),
        (2, "mx1.a.example", 0.125, "secure", "192.0.2.10", "bounced", "bounced"),
    ]
    assert [*said, (1, "mx.a.example", None, None, None, "delivered", "delivered")] == queue.select(
        "SELECT recipient_id, host, connect_s, dnssec, source, outcome, decided_status FROM attempt ORDER BY attempt_id"
    )
    assert [("delivered", 1), ("bounced", 1)] == queue.select("SELECT status, attempts FROM _recipient")


def test_what_a_host_said_under_a_lost_lease_is_not_written(queue: Queue) -> None:
    """
    Another process has the mail by then, and asks the host itself.
    """
    lease = leased(queue, "a.example", "a.example")
    queue.run(EndProcess(queue.process_id, now=T0))
    queue.run(passing(queue, lease))
    assert ["unknown", "unknown"] == [row[6] for row in attempts(queue)]


def test_faults_of_ours_are_counted_in_a_row(queue: Queue) -> None:
    """
    Another answer between the faults starts the count again.
    """
    fault = Reply.of(f"451 4.3.0 {FAULT}; its log has the cause")

    def attempt_with(said: Said) -> set[int]:
        lease = queue.lease(now=T0 + 100)[0]
        fate = Fate(1, RecipientStatus.DEFERRED, said, T0)
        settle = queue.new_settle(lease, RecipientStatus.DEFERRED)
        settle.fates = (fate,)
        queue.done(Batch(settle, EndLease(lease.lease_id, destination="a.example", is_failing=False, now=T0)))
        return queue.done(ReadFaults((1, 2), 2)).at_limit

    queue.accept("a.example")
    assert set() == attempt_with(Said(Stage.LOCAL, fault))
    assert set() == attempt_with(Said(Stage.RCPT, fault))
    assert set() == attempt_with(Said(Stage.LOCAL, fault))
    assert {1} == attempt_with(Said(Stage.LOCAL, fault))
    assert set() == attempt_with(Said(Stage.LOCAL, Reply.of("451 4.3.0 the content cannot be read now")))
