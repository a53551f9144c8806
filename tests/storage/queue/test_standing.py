"""What the end of a lease keeps of its destination, and what the next lease makes of it."""

from typing import Any

import pytest

from empath.mail.status import RecipientStatus
from empath.policy.concurrency import LeaseReport, Standing
from empath.storage.queue.lease import Lease
from empath.storage.queue.put_back import EndLease
from tests.kit.queue import T0, Queue, ids

pytestmark = pytest.mark.engines

FAILED = LeaseReport(failures=1, is_unreachable=True)
LATE = "UPDATE _recipient SET expires_at = 4e9"  # no lifetime is over


def end(queue: Queue, lease: Lease, *, now: float = T0 + 1, **more: Any) -> EndLease:
    ended = EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=now, **more)
    queue.run(ended)
    return ended


def open_breaker(queue: Queue) -> float:
    """End leases in failures until the breaker opens; the instant at which it is half open."""
    leases = queue.lease(now=T0)
    while leases:
        end(queue, leases.pop(), seen=FAILED, failure="421 No")
    if not (found := queue.select("SELECT breaker_until FROM _destination WHERE breaker_until > 0")):
        return open_breaker(queue)
    return float(found[0][0])


def test_f12_a_new_destination_gets_five_connections(queue: Queue) -> None:
    """
    More come with success, also from another process.
    """
    queue.accept(count=200)

    leases = queue.lease()

    assert 5 == len(leases)
    assert [] == queue.lease(process_id=queue.register("worker-2"))
    for lease in leases[:2]:
        for message in range(len(lease.messages)):
            queue.run(queue.new_settle(lease, RecipientStatus.DELIVERED, message=message))
        end(queue, lease, seen=LeaseReport(sessions=20))
    assert 4 == len(queue.lease())
    assert {} == queue.violations()


def test_a_failure_takes_a_connection_at_once(queue: Queue) -> None:
    """
    Its messages are due again, and must not be refused again a moment later.
    """
    queue.accept(count=100)
    leases = queue.lease()

    for lease in leases[:3]:
        end(queue, lease, seen=FAILED, failure="421 Too many")

    assert [(2, 1, "421 Too many")] == queue.select("SELECT lease_limit, is_full, last_failure FROM _destination")
    assert [] == queue.lease()
    assert {"leased", "queued"} == set(queue.statuses())


@pytest.mark.sqlite_only("has a trigger of its own")
def test_the_end_of_a_lease_that_changes_nothing_writes_nothing_of_the_destination(queue: Queue) -> None:
    """
    That is nearly every lease, and a row costs time.
    """
    queue.accept()
    (lease,) = queue.lease()
    queue.write("UPDATE _destination SET lease_window = 20")
    no_write = "CREATE TRIGGER seen AFTER UPDATE OF is_failing ON _destination BEGIN SELECT raise(ABORT, 'no'); END"
    queue.write(no_write)

    ended = end(queue, lease, seen=LeaseReport(sessions=1))

    assert Standing(20) == ended.before == ended.after


def test_a_lease_ends_for_others_only_in_company(queue: Queue) -> None:
    """
    Of leases that fail together the last one counts an attempt. So mail to a dead host expires.
    """
    queue.accept(count=10)
    leases = queue.lease()
    process = [(lease.lease_id, end(queue, lease, seen=FAILED, only_in_company=True).is_ended) for lease in leases]

    assert [True, True, False] == [is_ended for _, is_ended in process]
    assert [(leases[-1].lease_id,)] == queue.select("SELECT lease_id FROM _lease")


def test_an_open_breaker_gives_no_lease_until_its_end(queue: Queue) -> None:
    """
    Mail waits, and no attempt is counted.
    """
    queue.accept(count=9)
    queue.write(LATE)

    until = open_breaker(queue)

    assert [] == queue.lease(now=until - 1)
    assert [(0,)] == queue.select("SELECT max(attempts) FROM _recipient")
    assert {} == queue.violations()


def test_a_half_open_breaker_gives_one_lease_with_one_message(queue: Queue) -> None:
    """
    To all processes together, however much is due.
    """
    queue.accept(count=50)
    queue.write(LATE)
    until = open_breaker(queue)

    (probe,) = queue.lease(now=until)

    assert (True, 1) == (probe.is_probe, len(probe.messages))
    assert [] == queue.lease(now=until)
    assert [] == queue.lease(now=until, process_id=queue.register("worker-2"), ignores_class=True)


@pytest.mark.parametrize("ignores_class", [False, True])
def test_a_probe_that_succeeds_closes_the_breaker(queue: Queue, ignores_class: bool) -> None:
    """
    Then the mail that has waited goes out, over one connection at first.
    """
    queue.accept(count=50)
    queue.write(LATE)
    until = open_breaker(queue)
    (probe,) = queue.lease(now=until, ignores_class=ignores_class)
    queue.run(queue.new_settle(probe, RecipientStatus.DELIVERED))

    end(queue, probe, now=until, seen=LeaseReport(sessions=1))

    (lease,) = queue.lease(now=until)
    assert (False, 20) == (lease.is_probe, len(lease.messages))


def test_a_probe_that_fails_opens_the_breaker_again(queue: Queue) -> None:
    """
    One message has counted an attempt.
    """
    queue.accept(count=50)
    queue.write(LATE)
    until = open_breaker(queue)
    (probe,) = queue.lease(now=until)
    queue.run(queue.new_settle(probe, RecipientStatus.DEFERRED))

    ended = end(queue, probe, now=until, seen=FAILED)

    assert ended.after is not None
    assert (2, until + 120) == (ended.after.openings, ended.after.breaker_until)
    assert [] == queue.lease(now=until + 119)
    assert [(0, 49), (1, 1)] == queue.select("SELECT attempts, count(*) FROM _recipient GROUP BY attempts")


def test_mail_whose_lifetime_is_over_comes_along_with_a_probe(queue: Queue) -> None:
    """
    Otherwise 100,000 mails to a dead host would wait for 100,000 probes, and none would expire.
    """
    queue.accept(count=50)
    queue.write(LATE)
    queue.write("UPDATE _recipient SET expires_at = 1e9 WHERE recipient_id > 20")
    until = open_breaker(queue)

    (probe,) = queue.lease(now=until)

    assert {*range(21, 51)} == {number for number in ids(probe) if number > 20}
    assert 1 == sum(number <= 20 for number in ids(probe))


@pytest.mark.sqlite_only("writes through views")
@pytest.mark.parametrize(
    "order",
    [
        "INSERT INTO control (verb) VALUES ('flush')",
        "UPDATE queue SET next_retry_at = 'now' WHERE recipient_id = 7",
        "UPDATE queue SET status = 'held'; UPDATE queue SET status = 'queued' WHERE recipient_id = 7",
    ],
)
def test_an_order_to_try_now_makes_an_open_breaker_half_open(queue: Queue, order: str) -> None:
    """
    A person who has mended the host waits for no breaker; mail to a dead host must not take the slots of other mail.
    """
    queue.accept(count=50)
    queue.write(LATE)
    queue.write("UPDATE _destination SET breaker_until = 4e9")

    queue.write(order)

    ((now,),) = queue.select("SELECT breaker_until FROM _destination")
    (probe,) = queue.lease(now=now)
    assert 1 == len(probe.messages)


def test_the_end_of_a_lease_of_a_destination_that_is_gone(queue: Queue) -> None:
    """
    Nothing is kept of it.
    """
    queue.accept()
    (lease,) = queue.lease()

    ended = EndLease(lease.lease_id, destination="gone.example", is_failing=True, now=T0 + 1)
    queue.run(ended)

    assert (None, None) == (ended.before, ended.after)
