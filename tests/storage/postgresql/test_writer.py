"""test_writer - writes to PostgreSQL while others edit, die, or say the same"""

from typing import TYPE_CHECKING, Any

import psycopg

from empath.errors import QueueBusy, StorageFailure, WriteRefused
from empath.mail.status import RecipientStatus
from empath.storage.postgresql.connection import CommitInDoubt
from empath.storage.queue.process import EndProcess
from empath.storage.queue.put_back import EndLease, Rekey
from empath.storage.write import Batch
from tests.kit.queue import T0, ids
from tests.kit.waiting import eventually

if TYPE_CHECKING:
    from tests.kit.postgresql import PostgresQueue, Server


def end_of(lease: Any, **attributes: Any) -> EndLease:
    return EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=T0 + 1, **attributes)


def test_a_message_that_is_refused_fails_alone(queue: "PostgresQueue") -> None:
    """
    PostgreSQL keeps no zero octet in text. Others of the group commit get their 250.
    """
    bad = queue.new_accept(subject="a\0b")

    refused, *others = queue.outcome(bad, queue.new_accept(), queue.new_accept())

    assert isinstance(refused, WriteRefused)
    assert [None, None] == others
    assert ["queued", "queued"] == queue.statuses()


def test_a_message_that_is_said_twice_is_there_once(queue: "PostgresQueue") -> None:
    """
    A commit in doubt is said again; the queue id tells that it is the same message.
    """
    accept = queue.new_accept("a.example", "b.example")
    queue.run(accept)

    assert isinstance(queue.outcome(accept)[0], StorageFailure)
    assert [(1, 2, 1)] == queue.select(
        "SELECT (SELECT count(*) FROM _message), (SELECT count(*) FROM _recipient), (SELECT count(*) FROM _content)"
    )


def test_a_lost_connection_is_made_anew_and_the_mail_is_there_once(queue: "PostgresQueue") -> None:
    """
    The client waits a moment longer for its 250, and gets no 451.
    """
    queue.accept()
    queue.other().execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )

    queue.accept()

    assert ["queued", "queued"] == queue.statuses()


def test_a_recipient_that_somebody_edits_keeps_only_its_own_result_waiting(queue: "PostgresQueue") -> None:
    """
    A shell that leaves its transaction open must not stop the deliveries of others.
    """
    queue.accept("a.example")
    queue.accept("b.example")
    edited, other = queue.lease()
    queue.be_patient_for(0.2)
    with psycopg.connect(queue.conninfo, options="-c search_path=empath") as shell:
        shell.execute("UPDATE _recipient SET priority = 4 WHERE recipient_id = 1")

        waiting, done = queue.outcome(
            Batch(queue.new_settle(edited, RecipientStatus.DELIVERED), end_of(edited)),
            Batch(queue.new_settle(other, RecipientStatus.DELIVERED), end_of(other)),
        )

        assert isinstance(waiting, QueueBusy)
        assert done is None
        assert ["leased", "delivered"] == queue.statuses()
        assert [(edited.lease_id,)] == queue.select("SELECT lease_id FROM _lease")
        shell.commit()

    queue.run(Batch(queue.new_settle(edited, RecipientStatus.DELIVERED), end_of(edited)))
    assert ["delivered", "delivered"] == queue.statuses()
    assert [] == queue.select("SELECT * FROM _lease")


def test_an_order_that_came_meanwhile_is_carried_out(queue: "PostgresQueue") -> None:
    """
    The statement for many leaves such a recipient to the rule for one.
    """
    queue.accept("a.example", "a.example")
    (lease,) = queue.lease()
    queue.write("UPDATE _recipient SET ordered_status = 'held' WHERE recipient_id = 1")

    queue.run(Batch(queue.new_settle(lease, RecipientStatus.DEFERRED), end_of(lease)))

    assert ["held", "deferred"] == queue.statuses()
    assert [("status", "leased", "held")] == queue.select("SELECT what, before, after FROM _audit")


def test_two_who_bury_a_process_release_its_mail_once(queue: "PostgresQueue") -> None:
    """
    Each host has a housekeeper, and all may see the death.
    """
    queue.accept("a.example", count=3)
    queue.lease()

    ends = [queue.done(EndProcess(queue.process_id, now=T0 + 9)) for _ in range(2)]

    assert [3, 0] == [end.released for end in ends]
    assert [(1, 1)] * 3 == queue.select(
        "SELECT lost_leases, (SELECT count(*) FROM _attempt AS a WHERE a.recipient_id = r.recipient_id)"
        " FROM _recipient AS r"
    )


def test_a_process_that_was_ended_gets_no_lease(queue: "PostgresQueue") -> None:
    """
    Nothing would release it.
    """
    queue.accept()
    queue.run(EndProcess(queue.process_id, now=T0))

    assert [] == queue.lease()
    assert [] == queue.select("SELECT * FROM _lease")


def test_a_destination_that_another_worker_takes_from_is_passed_over(queue: "PostgresQueue") -> None:
    """
    Its lock is held as long as a lease takes; the mail of others need not wait for it.
    """
    queue.accept("a.example")
    queue.accept("b.example", at=T0 + 1)
    queue.select("SELECT 1")  # answers the bells
    with psycopg.connect(queue.conninfo, options="-c search_path=empath") as worker:
        worker.execute("SELECT 1 FROM _destination WHERE name = 'a.example' FOR NO KEY UPDATE")

        assert ["b.example"] == [lease.destination for lease in queue.lease(now=T0 + 2)]
        worker.rollback()

    assert ["a.example"] == [lease.destination for lease in queue.lease(now=T0 + 2)]


def test_what_a_lease_has_seen_is_not_worth_a_long_wait(queue: "PostgresQueue") -> None:
    """
    A person has the destination's row; the lease ends all the same.
    """
    queue.accept()
    (lease,) = queue.lease()
    with psycopg.connect(queue.conninfo, options="-c search_path=empath") as shell:
        shell.execute("UPDATE _destination SET suspended_until = 1")
        end = EndLease(lease.lease_id, destination=lease.destination, is_failing=True, now=T0 + 1, failure="no host")
        queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED), end)
        assert end.is_ended
        shell.rollback()

    assert [(0,)] == queue.select("SELECT count(*) FROM _lease")


def test_mail_that_is_routed_elsewhere_rings_there(queue: "PostgresQueue") -> None:
    """
    A worker finds it at once under its new destination, which may be a new one.
    """
    queue.accept()
    (lease,) = queue.lease()

    queue.run(Rekey(lease.lease_id, {1: "new.example"}, now=T0 + 1), end_of(lease))

    (again,) = queue.lease(now=T0 + 1)
    assert ("new.example", [1]) == (again.destination, ids(again))


def test_a_commit_that_stopped_waiting_for_its_standby_is_in_doubt(
    postgresql: "Server", queue: "PostgresQueue"
) -> None:
    """
    The server says success with a warning then. A 250 would promise what one crash can break.
    """
    postgresql.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    postgresql.run("SELECT pg_reload_conf()")
    queue.other().execute("SET synchronous_commit = local")
    try:
        with queue.cancelling_commits():
            eventually(lambda: isinstance(queue.outcome(queue.new_accept())[0], CommitInDoubt), "a commit in doubt")
    finally:
        postgresql.run("ALTER SYSTEM RESET synchronous_standby_names")
        postgresql.run("SELECT pg_reload_conf()")
