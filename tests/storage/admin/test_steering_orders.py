"""test_steering_orders - orders for a leased recipient, and their result"""

import time

import pytest

from empath.mail.status import FATES, RecipientStatus
from empath.storage.queue.lease import Lease
from empath.storage.queue.process import EndProcess
from empath.storage.queue.put_back import EndLease, Hold, Rekey, ReleaseUnknownLeases
from empath.storage.write import Write
from tests.kit.queue import LIFETIME_S, T0, Queue
from tests.kit.sqlites import SQLITES, Sqlite

AT = 1893553445.0  # 2030-01-02 03:04:05
ORDERS = {
    "held": "UPDATE queue SET status = 'held'",
    "cancelled": "DELETE FROM queue",
    "bounced": "UPDATE queue SET status = 'bounced'",
    "expired": "UPDATE queue SET status = 'expired'",
}


def leased(queue: Queue, *destinations: str) -> Lease:
    queue.accept(*destinations)
    return queue.lease()[0]


def order(queue: Queue, statement: str) -> None:
    queue.write(statement)


def end(lease: Lease) -> EndLease:
    return EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=T0 + 1)


def trail(queue: Queue) -> list[tuple[object, ...]]:
    return queue.select("SELECT who, what, before, after FROM audit ORDER BY audit_id")


@pytest.mark.parametrize("sqlite", SQLITES)
def test_order_is_noted_shown_and_audited(queue: Queue, sqlite: Sqlite) -> None:
    """
    A leased recipient never makes a bulk edit fail, and the edit does not wait for the worker.
    """
    leased(queue)
    queue.accept("a.example")

    assert "" == sqlite(queue.path, "UPDATE queue SET status = 'held', next_retry_at = '2030-01-02 03:04:05'")

    assert [("leased", "held", "2030-01-02 03:04:05", AT), ("held", None, None, None)] == queue.select(
        "SELECT status, ordered, ordered_next_retry_at, ordered_next_retry_unix FROM queue ORDER BY recipient_id"
    )
    assert {("ordered", None, "held"), ("ordered_next_retry_unix", None, AT)} == set(
        queue.select("SELECT what, before, after FROM audit WHERE recipient_id = 1")
    )


@pytest.mark.parametrize("sqlite", SQLITES)
def test_order_can_be_exchanged_and_taken_back(queue: Queue, sqlite: Sqlite) -> None:
    """
    The last order counts.
    """
    lease = leased(queue)
    for statement in (ORDERS["held"], ORDERS["cancelled"], ORDERS["cancelled"], "UPDATE queue SET status = 'queued'"):
        assert "" == sqlite(queue.path, statement)

    assert [(None, "held"), ("held", "cancelled"), ("cancelled", None)] == queue.select(
        "SELECT before, after FROM audit WHERE what = 'ordered' ORDER BY audit_id"
    )
    queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED), end(lease))
    assert ["deferred"] == queue.statuses()
    [(next_retry_at,)] = queue.select("SELECT next_retry_at FROM _recipient")
    assert abs(next_retry_at - time.time()) < 60


@pytest.mark.parametrize("sqlite", SQLITES)
def test_priority_and_lifetime_of_a_leased_recipient_change_at_once(queue: Queue, sqlite: Sqlite) -> None:
    """
    Workers write neither of these columns.
    """
    lease = leased(queue)

    assert "" == sqlite(queue.path, f"UPDATE queue SET priority = 4, expires_unix = {AT}")

    assert [(4, AT)] == queue.select("SELECT priority, expires_unix FROM queue")
    assert {("priority", 2, 4), ("expires_unix", T0 + LIFETIME_S, AT)} == set(
        queue.select("SELECT what, before, after FROM audit")
    )
    queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED, next_retry_at=T0 + 60), end(lease))
    assert [("deferred", T0 + 60, None)] == queue.select(
        "SELECT status, next_retry_at, ordered_next_retry_at FROM _recipient"
    )


@pytest.mark.parametrize("fate", [RecipientStatus.DEFERRED, RecipientStatus.BOUNCED, RecipientStatus.EXPIRED])
@pytest.mark.parametrize("ordered", ORDERS)
def test_order_comes_in_place_of_what_the_attempt_led_to(queue: Queue, ordered: str, fate: RecipientStatus) -> None:
    """
    The result is either "delivered" or the order, never both. The attempt keeps its outcome.
    """
    lease = leased(queue)
    order(queue, ORDERS[ordered])

    queue.run(queue.new_settle(lease, fate), end(lease))

    assert [(ordered, f"administratively {ordered}", 1, None, None)] == queue.select(
        "SELECT status, reason, attempts, ordered_status, lease_id FROM _recipient"
    )
    assert [(fate, ordered, None)] == queue.select(
        "SELECT outcome, decided_status, decided_next_retry_at FROM _attempt"
    )
    assert [("sql", "ordered", None, ordered), ("empath", "status", "leased", ordered)] == trail(queue)
    notices = queue.select("SELECT kind FROM _notice")
    assert ([("failure",)] if ordered in ("bounced", "expired") else []) == notices


@pytest.mark.parametrize("ordered", ORDERS)
def test_order_after_the_peer_s_250_came_too_late(queue: Queue, ordered: str) -> None:
    """
    Mail cannot be called back, and the audit says why the order had no effect.
    """
    lease = leased(queue)
    order(queue, ORDERS[ordered])

    queue.run(queue.new_settle(lease, RecipientStatus.DELIVERED), end(lease))

    assert [("delivered", None, None)] == queue.select("SELECT status, reason, ordered_status FROM _recipient")
    assert [("delivered", "delivered")] == queue.select("SELECT outcome, decided_status FROM _attempt")
    assert ("empath", "order came too late", ordered, "delivered") == trail(queue)[-1]
    assert [] == queue.select("SELECT * FROM _notice")
    assert [(None,)] == queue.select("SELECT content_locator FROM _message")


def test_ordered_instant_comes_in_place_of_the_schedule(queue: Queue) -> None:
    """
    The next attempt is at the instant of the order, earlier or later.
    """
    lease = leased(queue)
    order(queue, f"UPDATE queue SET next_retry_unix = {AT}")

    queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED, next_retry_at=T0 + 60), end(lease))

    assert [("deferred", AT, None)] == queue.select(
        "SELECT status, next_retry_at, ordered_next_retry_at FROM _recipient"
    )
    assert [("deferred", AT)] == queue.select("SELECT decided_status, decided_next_retry_at FROM _attempt")
    assert ("empath", "next_retry_unix", T0 + 60, AT) == trail(queue)[-1]


@pytest.mark.parametrize("fate", [RecipientStatus.DELIVERED, RecipientStatus.BOUNCED, RecipientStatus.EXPIRED])
def test_ordered_instant_for_what_met_its_end_came_too_late(queue: Queue, fate: RecipientStatus) -> None:
    """
    A final recipient has no next attempt.
    """
    lease = leased(queue)
    order(queue, f"UPDATE queue SET next_retry_unix = {AT}")

    queue.run(queue.new_settle(lease, fate), end(lease))

    assert [(fate, None)] == queue.select("SELECT status, ordered_next_retry_at FROM _recipient")
    assert ("empath", "order came too late", "queued", fate) == trail(queue)[-1]
    assert ([] if fate is RecipientStatus.DELIVERED else [("failure",)]) == queue.select("SELECT kind FROM _notice")


@pytest.mark.parametrize("how", ["end", "stray", "rekey", "hold", "death"])
@pytest.mark.parametrize("ordered", ORDERS)
def test_order_is_carried_out_where_no_attempt_was_made(queue: Queue, ordered: str, how: str) -> None:
    """
    A lease ends in several ways, and each of them carries out the order.
    """
    lease = leased(queue)
    order(queue, ORDERS[ordered])
    number = lease.messages[0].recipients[0].recipient_id

    ends: dict[str, list[Write]] = {
        "end": [end(lease)],
        "stray": [ReleaseUnknownLeases(queue.process_id, [], now=T0 + 1)],
        "rekey": [Rekey(lease.lease_id, {number: "b.example"}, now=T0 + 1), end(lease)],
        "hold": [Hold(lease.lease_id, (number,), now=T0, reason="content missing"), end(lease)],
        "death": [EndProcess(queue.process_id, now=T0 + 1)],
    }
    queue.run(*ends[how])

    reason = "content missing" if (how, ordered) == ("hold", "held") else f"administratively {ordered}"
    assert [(ordered, reason, None, None)] == queue.select(
        "SELECT status, reason, ordered_status, lease_id FROM _recipient"
    )
    if (how, ordered) != ("hold", "held"):
        assert ("empath", "status", "leased", ordered) == trail(queue)[-1]
    notices = queue.select("SELECT kind FROM _notice")
    assert ([("failure",)] if ordered in ("bounced", "expired") else []) == notices


@pytest.mark.parametrize("how", ["end", "stray", "rekey", "death"])
def test_ordered_instant_is_kept_where_no_attempt_was_made(queue: Queue, how: str) -> None:
    """
    The recipient waits until that instant.
    """
    lease = leased(queue)
    order(queue, f"UPDATE queue SET next_retry_unix = {AT}")

    ends: dict[str, list[Write]] = {
        "end": [end(lease)],
        "stray": [ReleaseUnknownLeases(queue.process_id, [], now=T0 + 1)],
        "rekey": [Rekey(lease.lease_id, {1: "b.example"}, now=T0 + 1), end(lease)],
        "death": [EndProcess(queue.process_id, now=T0 + 1)],
    }
    queue.run(*ends[how])

    assert [("deferred" if how == "death" else "queued", AT, None)] == queue.select(
        "SELECT status, next_retry_at, ordered_next_retry_at FROM _recipient"
    )


def test_order_of_a_dead_worker_s_recipient_is_no_third_loss(queue: Queue) -> None:
    """
    A person must look at messages that kill processes, not at a hold that a person has ordered.
    """
    leased(queue, "a.example", "a.example")
    order(queue, "UPDATE queue SET status = 'held' WHERE recipient_id = 1")

    dead = queue.done(EndProcess(queue.process_id, now=T0 + 1))

    assert (2, 0) == (dead.released, dead.held)
    assert ["held", "deferred"] == queue.statuses()
    assert [("unknown", "held", None), ("unknown", "deferred", T0 + 1)] == queue.select(
        "SELECT outcome, decided_status, decided_next_retry_at FROM _attempt ORDER BY recipient_id"
    )


def test_sender_that_wants_no_report_gets_none_by_order(queue: Queue) -> None:
    """
    RFC 3461: NOTIFY=NEVER holds for a return by order, too.
    """
    leased(queue, "a.example", "b.example")
    queue.accept("c.example")
    queue.write("UPDATE _recipient SET notify = iif(recipient_id = 2, NULL, 'NEVER')")
    order(queue, ORDERS["bounced"])

    queue.run(ReleaseUnknownLeases(queue.process_id, [], now=T0 + 1))

    assert ["bounced"] * 3 == queue.statuses()
    assert [(2,)] == queue.select("SELECT recipient_id FROM _notice")


def test_other_recipients_of_a_settle_go_their_way(queue: Queue) -> None:
    """
    The order is for one of the message's recipients.
    """
    lease = leased(queue, "a.example", "a.example", "a.example")
    order(queue, "UPDATE queue SET status = 'held' WHERE recipient_id = 2")

    queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED, next_retry_at=T0 + 60), end(lease))

    assert ["deferred", "held", "deferred"] == queue.statuses()


@pytest.mark.parametrize("status", sorted(FATES))
def test_settle_of_an_order_that_is_written_twice_counts_once(queue: Queue, status: RecipientStatus) -> None:
    """
    A settle whose commit failed in doubt is tried again.
    """
    lease = leased(queue)
    order(queue, ORDERS["held"])
    tables = ("_recipient", "_attempt", "_notice", "_audit")
    queue.run(queue.new_settle(lease, status))
    once = [queue.select(f"SELECT * FROM {table}") for table in tables]

    queue.run(queue.new_settle(lease, status))

    assert once == [queue.select(f"SELECT * FROM {table}") for table in tables]


@pytest.mark.parametrize("sqlite", SQLITES)
def test_held_by_wanted_and_released_by_wanted_strands_no_leased_recipient(queue: Queue, sqlite: Sqlite) -> None:
    """
    A release by status would miss a leased recipient with an ordered hold.
    """
    lease = leased(queue)
    queue.accept("a.example")

    assert "" == sqlite(queue.path, "UPDATE queue SET status = 'held' WHERE destination = 'a.example'")
    assert [("held",), ("held",)] == queue.select("SELECT wanted FROM queue")
    assert "" == sqlite(queue.path, "UPDATE queue SET status = 'queued' WHERE wanted = 'held'")

    assert [("leased",), ("queued",)] == queue.select("SELECT wanted FROM queue ORDER BY recipient_id")
    queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED), end(lease))
    assert ["deferred", "queued"] == queue.statuses()


def test_lifetime_that_is_extended_during_the_lease_expires_nothing(queue: Queue) -> None:
    """
    The worker read the lifetime when it took the lease. The last value counts.
    """
    lease = leased(queue)
    order(queue, f"UPDATE queue SET expires_unix = {AT}")

    queue.run(queue.new_settle(lease, RecipientStatus.EXPIRED, now=T0 + 2), end(lease))

    assert [("deferred", T0 + 2, 1)] == queue.select("SELECT status, next_retry_at, attempts FROM _recipient")
    assert [("expired", "deferred", T0 + 2)] == queue.select(
        "SELECT outcome, decided_status, decided_next_retry_at FROM _attempt"
    )
    assert [] == queue.select("SELECT * FROM _notice")


@pytest.mark.parametrize("sqlite", SQLITES)
@pytest.mark.parametrize(
    ("column", "texts"),
    [
        ("status", ("held", "cancelled")),
        ("priority", ("3", "4")),
        ("next_retry_at", ("2030-01-02 03:04:05", "2031-01-02 03:04:05")),
        ("expires_at", ("2030-01-02 03:04:05", "2031-01-02 03:04:05")),
    ],
)
@pytest.mark.parametrize("is_leased", [False, True])
def test_join_that_finds_a_recipient_twice_changes_and_audits_it_once(
    queue: Queue, sqlite: Sqlite, column: str, texts: tuple[str, str], is_leased: bool
) -> None:
    """
    Each attempt of a recipient is a row of the join. The audit used to report moves between states that never were.
    """
    if is_leased:
        leased(queue)
    else:
        queue.accept()
    queue.write("CREATE TABLE notes (recipient_id, text)")
    queue.write("INSERT INTO notes VALUES (1, ?), (1, ?), (1, ?)", *texts, texts[0])

    assert "" == sqlite(
        queue.path, f"UPDATE queue SET {column} = a.text FROM notes AS a WHERE a.recipient_id = queue.recipient_id"
    )

    rows = queue.select("SELECT what, before, after FROM audit ORDER BY audit_id")
    assert len(rows) == (3 if is_leased and column == "status" else 1), rows
    changed, _, after = rows[-1]
    assert [(after,)] == queue.select(f"SELECT {changed} FROM queue")
