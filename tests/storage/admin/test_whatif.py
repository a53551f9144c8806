"""What a forecast says, and what leases then do."""

import heapq
import random
from dataclasses import dataclass
from pathlib import Path

import pytest

from empath.mail.domain import Domain
from empath.mail.fate import Said
from empath.mail.identity import Timestamp
from empath.mail.outcome import Outcome, Stage
from empath.mail.status import RecipientStatus
from empath.policy.concurrency import LeaseReport, Standing
from empath.policy.fate import decide_fate
from empath.policy.forecast import Cohort, Terms, forecast
from empath.policy.limits.delivery import Bucket, DeliveryRates
from empath.policy.limits.rate import Rate
from empath.policy.pattern import DomainPattern
from empath.policy.retry import RetrySchedule
from empath.policy.router import Router, RouteTables
from empath.policy.routing import parse_route
from empath.storage.admin.whatif import (
    Change,
    Known,
    Measured,
    bucket_full_at,
    known_destinations,
    measured_destinations,
    read_worlds,
)
from empath.storage.queue.lease import Lease
from empath.storage.queue.put_back import EndLease
from tests.kit.queue import REPLIES, T0, Queue

_SAID = Said(Stage.RCPT, REPLIES[RecipientStatus.DEFERRED])
_SCHEDULE = RetrySchedule(base_s=300.0, max_s=3_600.0, jitter=0.0)


@dataclass(slots=True)
class _Seen:
    """What became of the mail: numbers of recipients and instants, as in a Forecast."""

    attempts: int = 0
    settled: int = 0
    expired: int = 0
    first_at: float | None = None
    drained_at: float = T0


def _deliver(queue: Queue, terms: Terms, rates: DeliveryRates | None) -> _Seen:
    """Let a worker with a manual clock and as many connections as it wants deliver all there is."""
    seen, now, number = _Seen(), T0, 0
    busy: list[tuple[float, int, int, Lease]] = []  # end of a message, number, index of the message, its lease
    while True:
        for lease in queue.lease(now=now, limit=1_000, failing_limit=1_000, further_limit=1_000, rates=rates):
            number += 1
            heapq.heappush(busy, (now + terms.latency_s, number, 0, lease))
        [(ready_at,)] = queue.select("SELECT min(ready_at) FROM _destination WHERE ready_at IS NOT NULL")
        if not busy and ready_at is None:
            return seen
        if not busy or (ready_at is not None and now < ready_at < busy[0][0]):
            now = max(ready_at, now + 0.001)
            continue
        now, _, index, lease = heapq.heappop(busy)
        message = lease.messages[index]
        outcome = Outcome.DELIVERED if terms.final_share else Outcome.DEFERRED
        for each in message.recipients:
            fate = decide_fate(each, _SAID, outcome, now=Timestamp(now), schedule_of=lambda _: _SCHEDULE, uniform=0.5)
            retry_at = fate.next_retry_at or now
            numbers = [each.recipient_id]
            queue.run(
                queue.new_settle(lease, fate.status, message=index, now=now, next_retry_at=retry_at, recipients=numbers)
            )
            seen.attempts += 1
            seen.settled += fate.status is RecipientStatus.DELIVERED
            seen.expired += fate.status is RecipientStatus.EXPIRED
        seen.first_at = seen.first_at or now
        seen.drained_at = now
        if index + 1 < len(lease.messages):
            number += 1
            heapq.heappush(busy, (now + terms.latency_s, number, index + 1, lease))
            continue
        report = LeaseReport(sessions=len(lease.messages))
        queue.run(EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=now, seen=report))


@pytest.mark.parametrize("seed", range(8))
def test_leases_do_what_the_forecast_says(tmp_path: Path, seed: int) -> None:
    """
    Generated queues of one destination: backlogs and mail that is due later, few and many connections, rates,
    suspensions, hosts that take all mail or none. Instants may differ by a lease: the forecast ends them together.
    """
    draw = random.Random(seed)
    queue = Queue(tmp_path / "queue.db", max_leases=draw.choice([1, 2, 5, 20]))
    queue.accept("a.example", count=draw.randint(1, 60 if seed % 2 else 12))
    later = draw.choice([0.0, 3_600.0])
    for (number,) in queue.select("SELECT recipient_id FROM _recipient"):
        due_at, expires_at = T0 + draw.uniform(0.0, later), T0 + 7_200.0 + draw.uniform(0.0, 7_200.0)
        queue.write(
            "UPDATE _recipient SET next_retry_at = ?, expires_at = ? WHERE recipient_id = ?", due_at, expires_at, number
        )
    rate = draw.choice([None, None, Rate(10, 60.0)])
    buckets = () if rate is None else (Bucket("destination a.example", rate),)
    rates = DeliveryRates(of_destination=lambda *_: buckets) if buckets else None
    suspended_until = draw.choice([None, T0 + 600.0])
    queue.write("UPDATE _destination SET suspended_until = ?", suspended_until)
    [(most,)] = queue.select("SELECT max_leases FROM _destination")
    terms = Terms(
        schedules={"": _SCHEDULE},
        concurrency=most,
        buckets=tuple((bucket.rate, 0.0) for bucket in buckets),
        latency_s=draw.choice([0.1, 2.0]),
        final_share=float(seed % 2),
        suspended_until=suspended_until,
    )
    with queue.engine.visiting(None) as visit:
        worlds = read_worlds(visit, Change(), now=T0, by_domain=False)
        assert Standing() == known_destinations(visit)["a.example"].standing
    said = forecast(worlds.before.cohorts["a.example"], terms, now=T0, horizon_s=86_400.0)

    found = _deliver(queue, terms, rates)

    a_lease_s = 20 * terms.latency_s + (0.0 if rate is None else 60.0)
    assert (found.settled, found.expired, 0) == (said.settled, said.expired, said.left)
    assert found.attempts == pytest.approx(said.attempts, rel=0.05)
    assert found.first_at == pytest.approx(said.first_at, abs=a_lease_s)
    assert found.drained_at == pytest.approx(said.drained_at, abs=2 * a_lease_s)
    queue.close()


def test_mail_becomes_cohorts_of_messages(tmp_path: Path) -> None:
    """
    Recipients of one message at one destination are one transaction. What is under way is due; held mail is apart.
    """
    queue = Queue(tmp_path / "queue.db")
    queue.accept("a.example", "a.example", "b.example", at=T0)
    queue.accept("a.example", at=T0)
    queue.accept("smtp:relay.test:25", at=T0 + 60)
    queue.write("UPDATE _recipient SET status = 'held' WHERE recipient_id = 3")

    with queue.engine.visiting(None) as visit:
        plain = read_worlds(visit, Change(), now=T0, by_domain=False)
        by_domain = read_worlds(visit, Change(), now=T0, by_domain=True)
        changed = read_worlds(visit, Change(held=frozenset({4, 3})), now=T0, by_domain=False)
    queue.close()

    assert plain.before is plain.after
    assert {Cohort(T0, 0, T0, 2): 1, Cohort(T0, 0, T0, 1): 1} == plain.before.cohorts["a.example"]
    assert {"b.example": 1} == plain.before.held
    assert {Cohort(T0 + 60, 0, T0 + 60, 1, "example.test"): 1} == by_domain.before.cohorts["smtp:relay.test:25"]
    assert {Cohort(T0, 0, T0, 2): 1} == changed.after.cohorts["a.example"]
    assert ({"a.example": 1, "b.example": 1}, 1) == (changed.after.held, changed.newly_held)


def test_mail_of_a_hold_rule_counts_as_held(tmp_path: Path) -> None:
    """
    It will not go out: a forecast that lets it go would be wrong. A change does not hold it once more.
    """
    queue = Queue(tmp_path / "queue.db")
    queue.accept("a.example", "b.example")
    queue.write("INSERT INTO hold_rule (scope, pattern) VALUES ('recipient', '@a.example')")
    with queue.engine.visiting(None) as visit:
        worlds = read_worlds(visit, Change(held=frozenset({1, 2})), now=T0, by_domain=False)
    queue.close()
    assert [{"a.example": 1}, {"a.example": 1, "b.example": 1}] == [worlds.before.held, worlds.after.held]
    assert 1 == worlds.newly_held


def test_other_routes_move_mail(tmp_path: Path) -> None:
    """
    As the housekeeper would after a reload.
    """
    queue = Queue(tmp_path / "queue.db")
    queue.accept("a.example", "b.example", at=T0)
    tables = RouteTables(recipients=((DomainPattern.parse("a.example"), parse_route("smtp://relay.test:25")),))
    with queue.engine.visiting(None) as visit:
        worlds = read_worlds(visit, Change(Router(Domain.parse("mx.test"), tables)), now=T0, by_domain=False)
    queue.close()

    assert {("a.example", "smtp:relay.test:25"): 1, ("b.example", "no-route:"): 1} == worlds.moves
    assert ["no-route:", "smtp:relay.test:25"] == sorted(worlds.after.cohorts)
    assert ["a.example", "b.example"] == sorted(worlds.before.cohorts)


def test_what_is_measured_and_known(tmp_path: Path) -> None:
    """
    Latency and share are of the attempts on record. A suspension by hours follows from the rules, and is none here.
    """
    queue = Queue(tmp_path / "queue.db")
    queue.accept("a.example", "b.example")
    for lease in queue.lease():
        status = RecipientStatus.DELIVERED if lease.destination == "a.example" else RecipientStatus.DEFERRED
        queue.run(queue.new_settle(lease, status))
    queue.write(
        "UPDATE _destination SET suspended_until = ?, is_failing = 1,"
        " suspended_reason = iif(name = 'a.example', 'closed by schedule', ''), exchangers = 'mx1.test mx2.test'",
        T0 + 60,
    )
    with queue.engine.visiting(None) as visit:
        known, measured = known_destinations(visit), measured_destinations(visit)
        assert 0.0 == bucket_full_at(visit, "destination a.example")
    queue.close()

    assert {"a.example": Measured(1, 0.5, 1.0), "b.example": Measured(1, 0.5, 0.0)} == measured
    assert Known(T0 + 60, ("mx1.test", "mx2.test"), True, Standing()) == known["b.example"]
    assert known["a.example"].suspended_until is None
