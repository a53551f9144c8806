"""test_lease - which mail a lease takes"""

import subprocess
import sys
from collections import Counter
from functools import partial
from itertools import chain
from pathlib import Path

import pytest

from empath.mail.status import RecipientStatus
from empath.storage.queue import lease as lease_module
from empath.storage.queue.accept import Accept, ArrivalOrder
from empath.storage.queue.lease import Lease
from empath.storage.queue.lease_probe import LeaseProbe
from empath.storage.queue.lease_reads import ReadContent, ReadOrders
from empath.storage.queue.process import EndProcess
from empath.storage.queue.put_back import EndLease, ReleaseUnknownLeases
from tests.kit.faults import in_forks
from tests.kit.queue import T0, Queue, ids

pytestmark = pytest.mark.engines

WIDE = "UPDATE _destination SET lease_window = 20"  # as after many deliveries


def priorities(queue: Queue, lease: Lease) -> list[int]:
    found = dict(queue.select("SELECT recipient_id, priority FROM _recipient"))
    return [found[number] for number in ids(lease)]


def end(queue: Queue, lease: Lease) -> None:
    queue.run(EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=T0 + 1))


def test_lease_brings_what_a_delivery_needs(queue: Queue) -> None:
    """
    A worker asks the database once for a lease, not once for each message.
    """
    queue.accept("a.example", "a.example")

    (lease,) = queue.lease()

    assert ("a.example", False, 1) == (lease.destination, lease.is_failing, len(lease.messages))
    (message,) = lease.messages
    assert ("sender@example.test", 17, T0, "7BIT", "inline") == (
        message.reverse_path, message.size, message.received_at, message.body_type, message.locator,
    )  # fmt: skip
    assert b"Subject: x\r\n\r\ny\r\n" == message.content
    assert ["r1@a.example", "r2@a.example"] == [recipient.address for recipient in message.recipients]
    assert [(lease.lease_id, queue.process_id, T0)] == queue.select(
        "SELECT lease_id, process_id, leased_at FROM _lease"
    )
    assert ["leased", "leased"] == queue.statuses()


@pytest.mark.parametrize(
    ("original", "given", "expected"),
    [
        ("r1@a.example", None, None),
        ("old+=@a.example", None, "rfc822;old+2B+3D@a.example"),
        ('"a b"@a.example', None, 'rfc822;"a+20b"@a.example'),
        ("jörg@a.example", None, None),
        ("old@a.example", "x400;y", "x400;y"),
    ],
)
def test_original_address_goes_to_the_next_host(
    queue: Queue, original: str, given: str | None, expected: str | None
) -> None:
    """
    D3: the original address goes as ORCPT in xtext, unless the client gave an ORCPT.
    """
    queue.accept()
    queue.write("UPDATE _recipient SET original = ?, original_recipient = ?", original, given)

    (lease,) = queue.lease()

    assert expected == lease.messages[0].recipients[0].original_recipient


def test_lease_holds_at_most_twenty_messages(queue: Queue) -> None:
    """
    Other leases get the slot soon enough.
    """
    queue.accept(count=45)

    leases = queue.lease(limit=2)

    assert [20, 20] == [len(lease.messages) for lease in leases]
    assert list(range(1, 41)) == sorted(number for lease in leases for number in ids(lease))


def test_what_came_together_goes_out_together(queue: Queue) -> None:
    """
    Leases that are taken at once are dealt like cards: the oldest mail goes first over all connections, and its rows
    are on the same pages when they are settled.
    """
    queue.accept(count=60)

    leases = queue.lease(limit=3)

    assert [[1, 4, 7], [2, 5, 8], [3, 6, 9]] == [ids(lease)[:3] for lease in leases]


@pytest.mark.parametrize(("messages", "hands"), [(1, [1]), (4, [4]), (5, [3, 2]), (14, [4, 4, 3, 3]), (200, [20] * 10)])
def test_few_messages_take_few_connections(queue: Queue, messages: int, hands: list[int]) -> None:
    """
    A connection is worth its cost for four messages. In a burst of fourteen, messages need not wait for one another.
    """
    queue.accept(count=messages)
    queue.write(WIDE)

    assert hands == [len(lease.messages) for lease in queue.lease(limit=10)]


@pytest.mark.parametrize(("messages", "has_more"), [(39, False), (40, True), (41, True)])
def test_worker_learns_whether_more_is_due(queue: Queue, messages: int, has_more: bool) -> None:
    """
    The next free slot is then used at once. If exactly as many were due as were asked for, there may be no more.
    """
    queue.accept(count=messages)

    assert has_more is queue.done(queue.new_lease(limit=2)).has_more


def test_first_class_goes_first(queue: Queue) -> None:
    """
    A password reset does not wait behind an earlier newsletter.
    """
    queue.accept(count=25, priority=4)
    queue.accept(count=3, priority=0, at=T0 + 5)
    queue.accept(count=4, priority=2, at=T0 + 4)

    (lease,) = queue.lease(now=T0 + 9, limit=1)

    assert [0] * 3 + [2] * 4 + [4] * 13 == priorities(queue, lease)


def test_every_eighth_lease_takes_the_oldest_of_any_class(queue: Queue) -> None:
    """
    No flood of the first class starves the last.
    """
    queue.accept(count=200, priority=0, at=T0 + 1)
    queue.accept(priority=4, at=T0)
    queue.write(WIDE)

    taken = [queue.lease(now=T0 + 9, limit=limit) for limit in (3, 4, 1)]

    assert [False, False, True] == [4 in chain(*(priorities(queue, lease) for lease in leases)) for leases in taken]


def test_many_leases_at_once_take_their_part_of_the_oldest(queue: Queue) -> None:
    """
    One lease in eight ignores the class, even if many are taken together.
    """
    queue.accept(count=400, priority=0, at=T0 + 1)
    queue.accept(count=30, priority=4, at=T0)
    queue.write(WIDE)

    classes = Counter(chain(*(priorities(queue, lease) for lease in queue.lease(now=T0 + 9, limit=10))))

    assert {0: 180, 4: 20} == classes


def test_oldest_of_a_class_goes_first(queue: Queue) -> None:
    """
    Within a class the queue is fair by time, not by number.
    """
    for at in (T0 + 3, T0 + 1, T0 + 2):
        queue.accept(at=at)
    queue.accept(count=18, at=T0)

    (lease,) = queue.lease(now=T0 + 9, limit=1)

    assert {*range(2, 22)} == {*ids(lease)}


def test_lease_takes_the_message_s_other_recipients_along(queue: Queue) -> None:
    """
    One transaction at the next hop serves all recipients of a message there, of any class.
    """
    queue.accept("a.example", "b.example", "a.example")
    queue.write("UPDATE _recipient SET priority = 4 WHERE recipient_id = 3")
    queue.accept(count=20, at=T0 + 1)

    first, *_ = (lease for lease in queue.lease(now=T0 + 2) if lease.destination == "a.example")

    assert [1, 3] == [recipient.recipient_id for recipient in first.messages[0].recipients]


def test_siblings_of_one_message_are_bounded(queue: Queue) -> None:
    """
    Next hops accept 100 recipients in a transaction (RFC 5321 §4.5.3.1.8). The rest goes in another one.
    """
    queue.accept(*["a.example"] * 130)

    assert [100, 30] == [len(ids(*queue.lease())), len(ids(*queue.lease()))]


def test_sibling_that_is_not_due_stays(queue: Queue) -> None:
    """
    A deferred recipient keeps its own time.
    """
    queue.accept("a.example", "a.example")
    queue.write("UPDATE _recipient SET next_retry_at = ? WHERE recipient_id = 2", T0 + 60)

    (lease,) = queue.lease(now=T0 + 1)

    assert [1] == ids(lease)
    assert [(T0 + 60,)] == queue.select("SELECT due_at FROM _destination")


def test_work_that_is_not_due_is_not_leased(queue: Queue) -> None:
    """
    A retry happens at its time, not earlier.
    """
    queue.accept(at=T0 + 10)

    assert [] == queue.lease(now=T0 + 9)
    assert [1] == ids(queue.lease(now=T0 + 10)[0])


def test_bound_that_was_too_early_becomes_exact(queue: Queue) -> None:
    """
    An early bound costs one lease that finds nothing, not one at each look of the workers.
    """
    queue.accept(at=T0 + 60)
    queue.write("UPDATE _destination SET due_at = ?", T0 - 60)

    assert [] == queue.lease()
    assert [(T0 + 60,)] == queue.select("SELECT due_at FROM _destination")


def test_an_early_bound_costs_other_mail_one_look_and_no_pause(queue: Queue) -> None:
    """
    A person moves the mail of a destination to later by SQL. With room for one lease its turn came first.
    """
    queue.accept("a.example", at=T0 - 60)
    queue.accept("b.example", at=T0)
    queue.write("UPDATE _recipient SET next_retry_at = ? WHERE domain = 'a.example'", T0 + 600)
    first = queue.done(queue.new_lease(now=T0, limit=1))
    assert ([], True) == (first.leases, first.has_more)
    second = queue.done(queue.new_lease(now=T0, limit=1))
    assert (["b.example"], False) == ([lease.destination for lease in second.leases], second.has_more)


def test_bound_of_a_destination_where_nothing_waits_is_null(queue: Queue) -> None:
    """
    Workers do not look at such a destination.
    """
    queue.accept()
    queue.lease()

    assert [(None, None)] == queue.select("SELECT due_at, ready_at FROM _destination")


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE _recipient SET next_retry_at = 5 WHERE recipient_id = 1",
        "UPDATE _recipient SET status = 'queued' WHERE recipient_id = 2",
        "UPDATE _recipient SET destination_id = 1, next_retry_at = 5 WHERE recipient_id = 3",
    ],
    ids=["time", "status", "destination"],
)
def test_bound_follows_an_edit_from_any_shell(queue: Queue, edit: str) -> None:
    """
    Mail that a person makes due is delivered, although the statement does not touch the bound.
    """
    queue.accept("a.example", "a.example", "b.example", at=T0 + 60)
    queue.write("UPDATE _recipient SET status = 'held', reason = 'x', next_retry_at = 5 WHERE recipient_id = 2")

    queue.write(edit)

    assert [(5.0,)] == queue.select("SELECT due_at FROM _destination WHERE destination_id = 1")
    assert [5.0] == [min(at for (at,) in queue.select("SELECT ready_at FROM _destination"))]


def test_destination_is_full_when_its_slots_are_taken(queue: Queue) -> None:
    """
    The limit of connections holds over all workers together.
    """
    queue.accept(count=70)
    queue.write("UPDATE _destination SET max_leases = 2")

    leases = queue.lease()

    assert 2 == len(leases)
    assert [(1, None)] == queue.select("SELECT is_full, ready_at FROM _destination")
    assert [] == queue.lease(process_id=queue.register("worker-2"))
    end(queue, leases[0])
    assert [(0,)] == queue.select("SELECT is_full FROM _destination")
    assert 1 == len(queue.lease())


def test_change_of_the_limit_acts_at_once(queue: Queue) -> None:
    """
    is_full cannot differ from the slots, whichever of the two changes.
    """
    queue.accept(count=60)
    leases = queue.lease(limit=2)
    queue.write("UPDATE _destination SET max_leases = 2")
    assert [] == queue.lease()

    queue.write("UPDATE _destination SET max_leases = 1")
    end(queue, leases[0])
    assert [] == queue.lease()

    queue.write("UPDATE _destination SET max_leases = 2")
    assert 1 == len(queue.lease())


@pytest.mark.parametrize("column", ["breaker_until", "suspended_until", "token_at"])
def test_destination_that_must_wait_is_not_leased(queue: Queue, column: str) -> None:
    """
    Each reason to wait acts by one column, from any shell, at once.
    """
    queue.accept()
    queue.write(f"UPDATE _destination SET {column} = ?", T0 + 60)

    assert [] == queue.lease(now=T0 + 59)
    assert 1 == len(queue.lease(now=T0 + 60))


def test_each_destination_gets_a_lease_before_one_gets_two(queue: Queue) -> None:
    """
    A long backlog must not take the slots of its neighbours.
    """
    queue.accept("big.example", count=100)
    queue.accept("a.example", at=T0 + 1)
    queue.accept("b.example", at=T0 + 2)

    leases = queue.lease(now=T0 + 3, limit=4)

    assert ["big.example", "big.example", "a.example", "b.example"] == [lease.destination for lease in leases]


def test_a_destination_without_a_lease_comes_before_every_backlog(queue: Queue) -> None:
    """
    With 40 healthy next hops with older mail, an urgent mail to an idle destination used to wait 46 s, and longer with
    more backlog.
    """
    for number in range(40):
        queue.accept(f"busy{number}.example", count=30)
    queue.lease(limit=40)
    queue.accept("idle.example", at=T0 + 1)

    (lease,) = queue.lease(now=T0 + 1, limit=1)

    assert "idle.example" == lease.destination


def test_destinations_take_turns(queue: Queue) -> None:
    """
    Otherwise the destination with the oldest mail would get every free slot.
    """
    for number in range(4):
        queue.accept(f"d{number}.example", count=30, at=T0 - number)
    turns = []
    for second in range(8):
        (lease,) = queue.lease(now=T0 + second, limit=1)
        turns.append(lease.destination)
        queue.run(EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=T0 + second))
        queue.accept(lease.destination, count=20, at=T0 - 100)

    assert [f"d{number}.example" for number in (3, 2, 1, 0)] * 2 == turns


def test_the_class_counts_between_destinations(queue: Queue) -> None:
    """
    An urgent mail does not wait for the bulk of another next hop. Bulk still has its turn, every eighth time.
    """
    queue.accept("bulk.example", count=100, priority=4)
    queue.accept("news.example", count=100, priority=3, at=T0 + 1)
    queue.accept("urgent.example", priority=0, at=T0 + 2)

    first, second = (queue.lease(now=T0 + 3, limit=1)[0].destination for _ in range(2))
    assert ("urgent.example", "news.example") == (first, second)
    assert "bulk.example" == queue.lease(now=T0 + 3, limit=1, ignores_class=True)[0].destination


def test_the_class_of_what_is_left_counts(queue: Queue) -> None:
    """
    Urgent mail that is gone gives no priority to the bulk behind it.
    """
    queue.accept("a.example", priority=0)
    queue.accept("a.example", count=40, priority=4)
    queue.accept("b.example", count=40, priority=3, at=T0 + 1)
    (lease,) = queue.lease(now=T0 + 1, limit=1)
    queue.run(queue.new_settle(lease, RecipientStatus.DELIVERED, recipients=ids(lease)))
    end(queue, lease)

    assert [("a.example", 4), ("b.example", 3)] == queue.select("SELECT name, priority FROM _destination ORDER BY name")


def test_further_leases_have_a_limit_of_their_own(queue: Queue) -> None:
    """
    The last slots are for destinations without a lease.
    """
    queue.accept("a.example", count=30)
    queue.accept("b.example", count=30)

    assert ["a.example", "b.example"] == [lease.destination for lease in queue.lease(further_limit=0)]
    assert [] == queue.lease(further_limit=0)
    assert 2 == len(queue.lease(further_limit=2))


@pytest.mark.parametrize("ignores_class", [False, True])
def test_the_reserve_is_for_destinations_that_had_a_lease(queue: Queue, ignores_class: bool) -> None:
    """
    New destinations whose hosts say nothing must not take the last slots.
    """
    queue.accept("known.example")
    (lease,) = queue.lease()
    end(queue, lease)
    queue.accept("new.example", at=T0 + 1)
    probe = LeaseProbe(queue.engine.open_reader(), process_id=queue.process_id, workers=1)
    wanted = {"with_failing": False, "with_leased": False, "with_new": False}

    assert (False, True) == probe.outlook(T0 + 1, **wanted)
    reserve = queue.lease(now=T0 + 1, with_new=False, further_limit=0, ignores_class=ignores_class)
    assert ["known.example"] == [lease.destination for lease in reserve]
    assert (False, False) == probe.outlook(T0 + 1, **wanted)
    probe.close()
    assert ["new.example"] == [lease.destination for lease in queue.lease(now=T0 + 1)]


def test_what_one_destination_does_not_need_the_next_may_take(queue: Queue) -> None:
    """
    No slot stays free while mail is due.
    """
    queue.accept("a.example")
    queue.accept("big.example", count=100, at=T0 + 1)

    leases = queue.lease(now=T0 + 3, limit=4)

    assert ["a.example"] + ["big.example"] * 3 == [lease.destination for lease in leases]


def test_a_share_bounds_what_one_process_has_of_a_destination(queue: Queue) -> None:
    """
    Two workers share a destination, even if one of them is always faster.
    """
    queue.accept(count=200)

    leases = queue.lease(workers=10)
    assert 2 == len(leases)
    assert [] == queue.lease(workers=10)

    other = queue.register("worker-2")
    assert 2 == len(queue.lease(workers=10, process_id=other))
    end(queue, leases[0])
    assert (1, 0) == (len(queue.lease(workers=10)), len(queue.lease(workers=10, process_id=other)))


def test_failing_destinations_have_a_limit_of_their_own(queue: Queue) -> None:
    """
    A thousand dead hosts must not take the connections of healthy ones.
    """
    for n in range(6):
        queue.accept(f"dead{n}.example")
    queue.write("UPDATE _destination SET is_failing = 1")
    queue.accept("alive.example", at=T0 + 9)

    leases = queue.lease(now=T0 + 10, limit=4, failing_limit=2)

    assert [("alive.example", False), ("dead0.example", True), ("dead1.example", True)] == [
        (lease.destination, lease.is_failing) for lease in leases
    ]


def test_frozen_queue_gives_nothing(queue: Queue) -> None:
    """
    An operator's freeze counts for every worker from its commit on.
    """
    queue.accept()
    queue.write("INSERT INTO _setting VALUES ('frozen', '1')")
    assert [] == queue.lease()

    queue.write("DELETE FROM _setting")
    assert 1 == len(queue.lease())


def test_process_that_was_taken_for_dead_gets_nothing(queue: Queue) -> None:
    """
    It may resume after its machine stood still, and no process would ever end its leases.
    """
    queue.accept()
    queue.run(EndProcess(queue.process_id, now=T0))

    assert [] == queue.lease()
    assert ["queued"] == queue.statuses()


def test_content_comes_along_within_a_budget(queue: Queue) -> None:
    """
    Twenty large messages are not read before the first is sent.
    """
    size = lease_module.PREFETCH_OCTETS // 2
    queue.accept(count=3, content=b"x" * size)

    (lease,) = queue.lease()

    assert [size, size, None] == [message.content and len(message.content) for message in lease.messages]
    assert b"x" * size == queue.done(ReadContent(lease.messages[2].message_id)).content
    assert None is queue.done(ReadContent(99)).content


@pytest.mark.sqlite_only("writes through a view")
def test_orders_that_came_since_are_read(queue: Queue) -> None:
    """
    A recipient that was held or cancelled meanwhile gets no mail. A new time or class changes nothing for a leased one.
    """
    queue.accept(count=4)
    (lease,) = queue.lease(limit=1)
    assert set() == queue.done(ReadOrders(lease.lease_id, now=T0)).ordered_away

    queue.write("UPDATE queue SET status = 'held' WHERE recipient_id = 2")
    queue.write("UPDATE queue SET status = 'cancelled' WHERE recipient_id = 3")
    queue.write("UPDATE queue SET next_retry_at = '+1 hour' WHERE recipient_id = 4")

    orders = queue.done(ReadOrders(lease.lease_id, now=T0))
    assert ({2, 3}, False) == (orders.ordered_away, orders.is_over)


def test_a_suspended_destination_ends_its_leases(queue: Queue) -> None:
    """
    Running leases once sent 360 more mails after a suspension. A lease that is gone belongs to another process.
    """
    queue.accept(count=2)
    (lease,) = queue.lease(limit=1)
    queue.write("UPDATE _destination SET suspended_until = ?", T0 + 60)

    assert [(set(), True), (set(), False)] == [
        (orders.ordered_away, orders.is_over)
        for orders in (queue.done(ReadOrders(lease.lease_id, now=now)) for now in (T0, T0 + 60))
    ]
    assert queue.done(ReadOrders(lease.lease_id + 1, now=T0)).is_over


def test_spooled_content_does_not_come_along(queue: Queue) -> None:
    """
    A file is read while it is sent.
    """
    queue.accept(content=None, size=5, locator="spool:mx/0")

    (lease,) = queue.lease()

    assert [(None, "spool:mx/0")] == [(message.content, message.locator) for message in lease.messages]


def test_leases_of_a_failed_take_are_given_back(queue: Queue) -> None:
    """
    A commit in doubt must not leave mail leased to a living process that does not know of it.
    """
    queue.accept("a.example")
    (known,) = queue.lease()
    queue.accept("b.example")
    queue.lease()

    queue.run(ReleaseUnknownLeases(queue.process_id, [known.lease_id], now=T0 + 1))

    assert ["leased", "queued"] == queue.statuses()
    assert [(known.lease_id,)] == queue.select("SELECT lease_id FROM _lease")


def test_lease_probe_sees_due_mail_without_the_write_lock(queue: Queue) -> None:
    """
    An idle worker must not take the lock that a busy one needs.
    """
    reader = queue.engine.open_reader()
    probe = LeaseProbe(reader, process_id=queue.process_id, workers=1)
    outlook = partial(probe.outlook, with_failing=True, with_leased=True)
    assert ((False, False), None) == (outlook(T0), probe.next_ready_at())

    queue.accept(at=T0 + 5)
    assert ((False, False), (False, True), T0 + 5) == (
        outlook(T0), outlook(T0 + 5, with_failing=False), probe.next_ready_at(),
    )  # fmt: skip

    queue.write("UPDATE _destination SET is_failing = 1")
    queue.write("INSERT INTO _setting VALUES ('frozen', '1')")
    assert ((True, False), (True, True), T0 + 5) == (
        outlook(T0 + 5, with_failing=False), outlook(T0 + 5), probe.next_ready_at(),
    )  # fmt: skip
    reader.close()


def test_lease_probe_notices_a_commit_of_any_program(queue: Queue) -> None:
    """
    An edit from a bare shell wakes a worker, too.
    """
    reader = queue.engine.open_reader()
    probe = LeaseProbe(reader, process_id=queue.process_id, workers=1)
    before = probe.news()
    assert before == probe.news()

    queue.write("INSERT INTO _setting VALUES ('x', '1')")

    assert before != probe.news()
    reader.close()


def test_processes_that_lease_at_once_share_the_work_without_overlap(queue: Queue, tmp_path: Path) -> None:
    """
    Each recipient is leased to one process; two would deliver the mail twice.
    """
    for n in range(6):
        queue.accept(f"{n}.example", count=100)
    queue.write("UPDATE _destination SET max_leases = 100")
    processes = [queue.register(f"worker-{n}") for n in range(2, 6)]
    queue.close()
    told = [tmp_path / str(process_id) for process_id in processes]

    def body(n: int) -> None:
        mine: list[int] = []
        while leases := queue.lease(process_id=processes[n], limit=3):
            mine += [number for lease in leases for number in ids(lease)]
        told[n].write_text(" ".join(map(str, mine)))

    in_forks(*(lambda n=n: body(n) for n in range(4)))

    taken = [int(number) for file in told for number in file.read_text().split()]
    assert list(range(1, 601)) == sorted(taken)
    assert ["leased"] * 600 == queue.statuses()
    assert [(0,)] == queue.select(
        "SELECT count(*) FROM _recipient AS r LEFT JOIN _lease AS l USING (lease_id) WHERE l.lease_id IS NULL"
    )


READ_METADATA = """
import sys
from pathlib import Path
from tests.kit.queue import T0
from empath.storage.queue.lease import TakeLeases
from empath.storage.sqlite.engine import SqliteEngine

wanted = TakeLeases(
    process_id=int(sys.argv[2]), now=T0, limit=1, failing_limit=1, further_limit=1, workers=20)
SqliteEngine(Path(sys.argv[1]), max_leases=20).open_writer(deadline_s=5.0, notify=lambda: None).execute([wanted])
print(wanted.leases[0].messages[0].metadata)
"""


def test_a_worker_has_the_metadata_that_modules_wrote_at_reception(tmp_path):
    """
    M2: in any process, days later.
    """
    queue = Queue(tmp_path / "queue.db")
    queue.run(Accept(queue.new_message()._replace(metadata='{"customer": "b\u00fccher"}')))
    queue.close()
    command = [sys.executable, "-c", READ_METADATA, str(queue.path), str(queue.process_id)]
    read = subprocess.run(command, capture_output=True, check=True, text=True, encoding="utf-8")
    assert '{"customer": "b\u00fccher"}\n' == read.stdout


@pytest.mark.parametrize("status", [RecipientStatus.HELD, RecipientStatus.CANCELLED])
def test_what_a_module_ordered_on_arrival_is_not_leased(tmp_path, status):
    """
    The order is in the transaction that inserts the message, so that no worker is quicker.
    """
    queue = Queue(tmp_path / "queue.db")
    order = ArrivalOrder(status, "module:mine", "odd")
    queue.run(Accept(queue.new_message("a.example", "b.example")._replace(order=order)))
    assert [] == queue.lease()
    assert [status] * 2 == queue.statuses()
    reason = f"administratively {status} by module:mine: odd"
    assert [("module:mine", "status", status)] * 2 + [("module:mine", "reason", reason)] == queue.select(
        "SELECT who, what, after FROM audit ORDER BY audit_id"
    )
    assert {} == queue.violations()
    queue.close()


@pytest.mark.sqlite_only("takes 240 leases")
def test_urgent_mail_waits_less_class_by_class_and_bulk_does_not_starve(queue: Queue) -> None:
    """
    Two leases a second of a destination that gets twice as much mail as it takes. docs/DELIVERY.md has these numbers.
    """
    waits: dict[int, list[float]] = {number: [] for number in range(5)}
    arrivals: dict[int, tuple[int, float]] = {}
    for second in range(120):
        for number in range(5):
            queue.accept(count=16, priority=number, at=T0 + second)
        rows = queue.select("SELECT recipient_id, priority FROM _recipient WHERE recipient_id > ?", len(arrivals))
        arrivals |= {recipient: (number, T0 + second) for recipient, number in rows}
        for half in (0.25, 0.75):
            (lease,) = queue.lease(now=T0 + second + half, limit=1)
            for recipient in ids(lease):
                number, arrived_at = arrivals[recipient]
                waits[number].append(T0 + second + half - arrived_at)
            queue.run(queue.new_settle(lease, RecipientStatus.DELIVERED, recipients=ids(lease)))
            end(queue, lease)
    medians = [sorted(found)[len(found) // 2] for found in waits.values()]
    assert ([0.25, 0.75], sorted(medians)) == (medians[:2], medians)
    assert [1920, 1908, 372, 304, 296] == [len(found) for found in waits.values()]
    assert [0.25, 1.75] == [max(waits[0]), max(waits[1])]


def test_the_text_of_a_lease_has_nothing_of_the_content(queue):
    """
    gevent writes the arguments of a greenlet that fails to standard error, such as without memory.
    """
    queue.accept(content=b"Subject: private\r\n\r\nprivate\r\n")
    [lease] = queue.lease()
    [message] = lease.messages
    assert b"Subject: private\r\n\r\nprivate\r\n" == message.content
    assert "private" not in repr(lease)
