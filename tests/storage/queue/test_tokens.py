"""Rates of deliveries, exact over all processes."""

from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

import pytest

from empath.mail.status import RecipientStatus
from empath.policy.limits.delivery import Bucket, DeliveryRates, SenderRates
from empath.policy.limits.rate import Rate
from empath.storage.engine import Session
from empath.storage.queue.lease import Lease, TakeLeases
from empath.storage.queue.lease_tokens import LONGEST_PUT_OFF_S
from empath.storage.queue.put_back import EndLease
from empath.storage.queue.tokens import ForgetWaits, SweepBuckets, has_full_buckets
from tests.kit.queue import T0, Queue

pytestmark = pytest.mark.engines

TEN = Bucket("destination a.example", Rate(60, 60.0, burst=10))  # another token each second


def of_destinations(**by_name: Bucket) -> DeliveryRates:
    """Rates of destinations in `.example`, by the first label."""
    return DeliveryRates(of_destination=lambda name, _: tuple(b for n, b in by_name.items() if name == f"{n}.example"))


def messages(leases: list[Lease]) -> int:
    return sum(len(lease.messages) for lease in leases)


def end(queue: Queue, lease: Lease, *, now: float, sent: int | None = None) -> None:
    """Deliver the first *sent* messages of a lease, by default all, and end it."""
    count = len(lease.messages) if sent is None else sent
    settles = [queue.new_settle(lease, RecipientStatus.DELIVERED, message=n, now=now) for n in range(count)]
    unused = +Counter({bucket: len(lease.messages) - count for bucket in lease.buckets})
    queue.run(
        *settles, EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=now, unused=unused)
    )


def test_a_lease_takes_as_many_messages_as_there_are_tokens(queue: Queue) -> None:
    """
    The others wait until the next token, and the destination is not ready before.
    """
    queue.accept(count=30)
    rates = of_destinations(a=TEN)

    leases = queue.lease(rates=rates)

    assert 10 == messages(leases)
    ((ready_at, token_at),) = queue.select("SELECT ready_at, token_at FROM _destination")
    assert T0 + 1 <= ready_at == token_at <= T0 + 2
    assert [] == queue.lease(now=T0 + 0.9, rates=rates)
    assert 2 == messages(queue.lease(now=T0 + 2, rates=rates))
    assert {} == queue.violations()


def test_what_a_lease_did_not_send_is_free_again(queue: Queue) -> None:
    """
    Mail that is put back has not gone out, and counts no attempt.
    """
    queue.accept(count=30)
    rates = of_destinations(a=TEN)
    (first, *others) = queue.lease(rates=rates)

    end(queue, first, now=T0 + 0.1, sent=0)
    for lease in others:
        end(queue, lease, now=T0 + 0.1)

    assert len(first.messages) == messages(queue.lease(now=T0 + 2, rates=rates)) - 2
    assert {0, 1} == {attempts for (attempts,) in queue.select("SELECT attempts FROM _recipient")}


def test_destinations_of_one_provider_share_a_bucket(queue: Queue) -> None:
    """
    A provider counts by its hosts, and not by domains. What its hosts are, the last search has shown.
    """
    provider = Bucket("provider mx:*.hosts.example", Rate(60, 60.0, burst=6))
    queue.accept("a.example", count=5)
    queue.accept("b.example", count=5)
    queue.accept("c.example", count=5)
    queue.write("UPDATE _destination SET exchangers = 'x.hosts.example' WHERE name <> 'c.example'")
    rates = DeliveryRates(of_destination=lambda _, exchangers: (provider,) if exchangers else ())

    taken = Counter[str]()
    for lease in queue.lease(rates=rates):
        taken[lease.destination] += len(lease.messages)

    assert (5, 6) == (taken["c.example"], taken["a.example"] + taken["b.example"])


def test_mail_of_other_senders_goes_past_that_of_a_limited_one(queue: Queue) -> None:
    """
    Each message of the limited sender waits for the instant of its token.
    """
    queue.accept(count=6)
    queue.write("UPDATE _message SET reverse_path = 'news@shop.example'")
    queue.accept(count=3, at=T0 + 0.5)
    rates = DeliveryRates(senders=SenderRates({}, {"shop.example": Rate(60, 60.0, burst=2)}))

    taken = queue.done(queue.new_lease(now=T0 + 1, rates=rates))

    paths = Counter(message.reverse_path for lease in taken.leases for message in lease.messages)
    assert {"news@shop.example": 2, "sender@example.test": 3} == paths
    waiting = queue.select("SELECT next_retry_at - ?, attempts FROM _recipient WHERE status = 'queued'", T0)
    assert [(4,)] == queue.select("SELECT count(*) FROM _recipient WHERE held_back_until = next_retry_at")
    assert [(2.0, 0), (3.0, 0), (4.0, 0), (5.0, 0)] == [(round(after, 3), attempts) for after, attempts in waiting]
    assert [1, 1] == [messages(queue.lease(now=T0 + at, rates=rates)) for at in (2.1, 3.1)]


@pytest.mark.parametrize(
    ("rate", "waits"),
    [
        pytest.param(None, [], id="no rate any more"),
        pytest.param(Rate(3600, 60.0, burst=2), [], id="a faster one"),
        pytest.param(Rate(60, 60.0, burst=2), [2.0, 3.0, 4.0, 5.0], id="the same"),
        pytest.param(Rate(6, 60.0, burst=2), [2.0, 3.0, 4.0, 5.0], id="a slower one: a lease puts it off"),
    ],
)
def test_mail_that_its_sender_held_back_follows_a_change_of_the_rate(
    queue: Queue, rate: Rate | None, waits: list[float]
) -> None:
    """
    It goes sooner if the new rate lets it. Mail whose client asked for a later delivery stays.
    """
    queue.accept(count=6)
    queue.write("UPDATE _message SET reverse_path = 'news@shop.example'")
    queue.lease(now=T0 + 1, rates=DeliveryRates(senders=SenderRates({}, {"shop.example": Rate(60, 60.0, burst=2)})))
    queue.accept(count=1)
    queue.write("UPDATE _recipient SET next_retry_at = ? WHERE held_back_until IS NULL", T0 + 900)

    queue.run(ForgetWaits(senders=None if rate is None else SenderRates({}, {"shop.example": rate}), now=T0 + 1.1))

    rows = queue.select("SELECT next_retry_at - ? FROM _recipient WHERE status = 'queued' ORDER BY 1", T0)
    assert [*(waits or [1.1] * 4), 900.0] == [round(after, 3) for (after,) in rows]
    assert {} == queue.violations()


def test_a_worker_learns_when_there_is_a_token_for_any_mail(queue: Queue) -> None:
    """
    No destination is to blame, so the worker itself waits.
    """
    queue.accept("a.example", count=3)
    queue.accept("b.example", count=3)
    rates = DeliveryRates(all_mail=Rate(60, 60.0, burst=4))

    first = queue.done(queue.new_lease(rates=rates))
    second = queue.done(queue.new_lease(now=T0 + 0.5, rates=rates))

    assert (4, T0 + 1) == (messages(first.leases), round(first.held_until, 3))
    assert ([], T0 + 1) == (second.leases, round(second.held_until, 3))
    assert {"all"} == first.empty == second.empty
    [(name, token_at)] = queue.select("SELECT name, token_at FROM _bucket")
    assert ("all", T0 + 1) == (name, round(token_at, 3))


class Watched:
    """A session that notes the names of the statements."""

    def __init__(self, session: Session) -> None:
        self.names: list[str] = []
        self._session = session

    def __getattr__(self, kind: str) -> Any:
        def call(name: str, bindings: Any = ()) -> Any:
            self.names.append(name)
            return getattr(self._session, kind)(name, bindings)

        return call


class WatchedLease(TakeLeases):
    """Notes the statements that it runs in its transaction."""

    names: Sequence[str] = ()

    def run(self, session: Session) -> None:
        watched: Any = Watched(session)
        super().run(watched)
        self.names = watched.names


@pytest.mark.sqlite_only("counts its statements")
def test_a_lease_runs_no_statement_more_while_no_rate_is_set(queue: Queue) -> None:
    """
    Rates cost those who set them.
    """
    queue.accept(count=9)

    lease = WatchedLease(process_id=queue.process_id, now=T0, limit=9, failing_limit=9, further_limit=9, workers=1)
    plain = list(queue.done(lease).names)

    assert [] == [name for name in plain if name.startswith("tokens.")]
    assert ["lease.state", "lease.ready_destinations", "lease.ready_destinations"] == plain[:3]
    assert 13 == len(plain)


def test_a_bucket_fills_by_the_rate_of_now(queue: Queue) -> None:
    """
    It was emptied under a rate that needs a day to fill it; that must not hold mail back under a faster one.
    """
    slow = Bucket("destination a.example", Rate(10, 86_400.0, burst=10))
    queue.accept("a.example", count=30)
    assert 10 == messages(queue.lease(rates=of_destinations(a=slow)))

    queue.run(ForgetWaits(senders=None, now=T0 + 1))
    assert 0 == messages(queue.lease(now=T0 + 1, rates=of_destinations(a=TEN)))

    assert [2, 2] == [messages(queue.lease(now=T0 + at, rates=of_destinations(a=TEN))) for at in (3.1, 5.1)]


def test_mail_of_a_sender_goes_by_the_rate_of_now(queue: Queue) -> None:
    """
    The same for the bucket of a sender, whose mail waits message by message.
    """
    slow, fast = (
        SenderRates({}, {"shop.example": rate}) for rate in (Rate(2, 86_400.0, burst=2), Rate(60, 60.0, burst=2))
    )
    queue.accept("a.example", count=6)
    queue.write("UPDATE _message SET reverse_path = 'news@shop.example'")
    assert 2 == messages(queue.lease(rates=DeliveryRates(senders=slow)))

    queue.run(ForgetWaits(senders=fast, now=T0 + 1))
    assert 0 == messages(queue.lease(now=T0 + 1, rates=DeliveryRates(senders=fast)))

    assert [1, 1, 1, 1] == [
        messages(queue.lease(now=T0 + at, rates=DeliveryRates(senders=fast))) for at in (2.1, 3.1, 4.1, 5.1)
    ]


def test_a_change_of_the_rates_ends_the_waits_of_the_old_ones(queue: Queue) -> None:
    """
    A rate of one a day would hold mail until tomorrow after it is gone.
    """
    queue.accept(count=3)
    slow = of_destinations(a=Bucket("destination a.example", Rate(1, 86_400.0)))
    assert 1 == messages(queue.lease(rates=slow))

    queue.run(ForgetWaits(senders=None, now=T0 + 1))

    assert 2 == messages(queue.lease(now=T0 + 1))


@pytest.mark.sqlite_only("writes through a view")
def test_a_flush_gives_no_token(queue: Queue) -> None:
    """
    It ends back-off. A rate is a promise to others, which an impatient person must not break.
    """
    queue.accept(count=30)
    rates = of_destinations(a=TEN)
    assert 10 == messages(queue.lease(rates=rates))

    queue.write("INSERT INTO control (verb) VALUES ('flush')")

    assert [] == queue.lease(now=T0 + 0.9, rates=rates)


def test_full_buckets_have_no_row(queue: Queue) -> None:
    """
    Otherwise there would be a row for each sender and destination of all times.
    """
    queue.accept(count=3)
    queue.lease(rates=of_destinations(a=TEN))

    reader = queue.engine.open_reader()
    for now, rows in ((T0 + 1, 1), (T0 + 4, 0)):
        assert (rows == 0) is has_full_buckets(reader, now)
        queue.run(SweepBuckets(now=now))
        assert [(rows,)] == queue.select("SELECT count(*) FROM _bucket")
    reader.close()


@pytest.mark.sqlite_only("takes a thousand leases")
def test_workers_together_keep_to_a_rate_for_all_mail(queue: Queue) -> None:
    """
    Within a hundredth over a minute, with no more at once than the burst, and no mail twice.
    """
    a_second, seconds, step_s, processes = 20, 60, 0.1, 4
    for number in range(200):
        queue.accept(f"d{number}.example", count=7)
    rates = DeliveryRates(all_mail=Rate(a_second, 1.0, burst=a_second // 2))
    ids = [queue.process_id, *(queue.register(f"worker-{n}") for n in range(2, processes + 1))]
    held = dict.fromkeys(ids, 0.0)
    sent: list[tuple[float, int]] = []
    running: deque[Lease] = deque()
    for step in range(int(seconds / step_s)):
        now = T0 + 1 + step * step_s
        process_id = ids[step % processes]
        while len(running) > 50:
            end(queue, running.popleft(), now=now)
        if held[process_id] > now:
            continue
        taken = queue.done(queue.new_lease(now=now, rates=rates, process_id=process_id))
        held[process_id] = taken.held_until
        running += taken.leases
        sent += [(now, message.message_id) for lease in taken.leases for message in lease.messages]

    wanted = a_second * seconds
    assert len(sent) == len({number for _, number in sent})
    assert wanted * 0.99 <= len(sent) <= wanted * 1.01 + a_second / 2
    times = [at for at, _ in sent]
    for first in range(len(times)):
        in_a_second = sum(times[first] <= at < times[first] + 1 for at in times[first : first + 3 * a_second])
        assert in_a_second <= a_second * 1.5 + 1
    assert {} == queue.violations()


def test_mail_of_a_sender_is_put_off_by_an_hour_at_most(queue: Queue) -> None:
    """
    After a change of its rate it would wait for tokens of the old one, perhaps for weeks.
    """
    rates = DeliveryRates(senders=SenderRates.of({"*": Rate(1, 86_400.0)}))
    queue.accept(count=5)
    assert 1 == messages(queue.lease(rates=rates))
    latest = "SELECT max(next_retry_at) FROM _recipient WHERE status = 'queued'"
    assert [(T0 + LONGEST_PUT_OFF_S,)] == queue.select(latest)


def test_who_removes_a_bucket_ends_the_wait_for_its_tokens(queue: Queue) -> None:
    """
    The sweep removes only buckets that are full, for which nothing waits.
    """
    rates = DeliveryRates(of_destination=lambda name, _: (Bucket(f"destination {name}", Rate(1, 1e9)),))
    queue.accept(count=2)
    assert 1 == messages(queue.lease(rates=rates))
    assert [] == queue.lease(rates=rates)
    queue.write("DELETE FROM _bucket")
    assert [(None,)] == queue.select("SELECT token_at FROM _destination")
    assert 1 == messages(queue.lease(rates=rates))
