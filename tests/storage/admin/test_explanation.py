"""The view explanation: what it says may be delivered is what a lease takes, and each wait has its reason."""

import tempfile
import time
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from apsw import Error
from hypothesis import given
from hypothesis import strategies as st

from empath.mail.status import RecipientStatus
from empath.policy.limits.delivery import DeliveryRates
from empath.policy.limits.rate import Rate
from empath.storage.engine import Session
from empath.storage.queue.tokens import Tokens
from empath.storage.write import Write
from tests.kit.queue import Queue
from tests.storage.conftest import MEMORY

_ALL = Rate(10, 36_000.0)
_RATES = DeliveryRates(all_mail=_ALL)
# Instants from now, in seconds; far enough from 0 that the clock cannot pass one while the test runs.
_PAST_OR_FUTURE = st.sampled_from([-90_000.0, -5_000.0, -700.0, 700.0, 5_000.0, 90_000.0])
_MAYBE = st.one_of(st.none(), _PAST_OR_FUTURE)


@dataclass(frozen=True)
class Waiting:
    """State of one recipient, by instants from now."""

    message: int
    status: str
    next_retry: float
    expires: float
    priority: int
    attempts: int
    is_held_back: bool


@dataclass(frozen=True)
class Where:
    """State of one destination."""

    recipients: tuple[Waiting, ...]
    suspended: float | None
    reason: str | None
    breaker: float | None
    token: float | None
    max_leases: int
    window: int
    leases: int
    is_failing: bool


_recipients = st.builds(
    Waiting,
    message=st.integers(0, 2),
    status=st.sampled_from(["queued", "queued", "deferred", "deferred", "held", "leased"]),
    next_retry=st.one_of(st.just(-60.0), _PAST_OR_FUTURE),
    expires=_PAST_OR_FUTURE,
    priority=st.integers(0, 4),
    attempts=st.integers(0, 2),
    is_held_back=st.booleans(),
)
_destinations = st.builds(
    Where,
    recipients=st.lists(_recipients, min_size=1, max_size=6).map(tuple),
    suspended=_MAYBE,
    reason=st.sampled_from([None, "no room", "closed by schedule 08:00-09:00", "warm-up: 192.0.2.1 has no room today"]),
    breaker=_MAYBE,
    token=_MAYBE,
    max_leases=st.integers(0, 3),
    window=st.integers(1, 3),
    leases=st.integers(0, 2),
    is_failing=st.booleans(),
)


class _TakeAll(Write):
    """Take every token of the bucket of all mail."""

    def run(self, session: Session) -> None:
        assert _RATES.all is not None
        tokens = Tokens(session, time.time())
        tokens.take(_RATES.all, tokens.free(_RATES.all))
        tokens.keep()


def _make(queue: Queue, destinations: list[Where], now: float) -> None:
    other = queue.register("worker-2")
    wanted = []
    for place, where in enumerate(destinations):
        name = f"d{place}.example"
        for _, those in groupby(sorted(where.recipients, key=lambda one: one.message), key=lambda one: one.message):
            mine = list(those)
            wanted.append((name, queue.new_accept(*[name] * len(mine), at=now), mine))
    queue.run(*(accept for _, accept, _ in wanted))
    numbers: dict[str, list[tuple[int, Waiting]]] = {}
    number = 0
    for name, _, mine in wanted:
        for each in mine:
            number += 1
            numbers.setdefault(name, []).append((number, each))
    queue.write("BEGIN IMMEDIATE")
    for place, where in enumerate(destinations):
        name = f"d{place}.example"
        [(destination_id,)] = queue.select("SELECT destination_id FROM _destination WHERE name = ?", name)
        lease_id = None
        for _ in range(where.leases):
            [(lease_id,)] = queue.select(
                "INSERT INTO _lease (process_id, destination_id, leased_at) VALUES (?, ?, ?) RETURNING lease_id",
                *(other, destination_id, now),
            )
        for recipient_id, each in numbers[name]:
            _set_recipient(queue, recipient_id, each, now, lease_id)
        queue.write(
            "UPDATE _destination SET suspended_until = ?, suspended_reason = ?, breaker_until = ?, token_at = ?,"
            " max_leases = ?, lease_window = ?, is_failing = ? WHERE destination_id = ?",
            *(_instant(now, where.suspended), where.reason, _instant(now, where.breaker), _instant(now, where.token)),
            *(where.max_leases, where.window, where.is_failing, destination_id),
        )
    queue.write("UPDATE _process SET beat_at = ?", now)
    queue.write("COMMIT")


def _set_recipient(queue: Queue, recipient_id: int, each: Waiting, now: float, lease_id: int | None) -> None:
    at = now + each.next_retry
    queue.write(
        "UPDATE _recipient"
        "   SET next_retry_at = ?, expires_at = ?, priority = ?, attempts = ?, held_back_until = ?"
        " WHERE recipient_id = ?",
        *(at, now + each.expires, each.priority, each.attempts, at if each.is_held_back else None, recipient_id),
    )
    status = each.status if each.status != "leased" or lease_id else "queued"
    if status == "deferred":  # a queued one cannot become deferred at once
        queue.write("UPDATE _recipient SET status = 'held' WHERE recipient_id = ?", recipient_id)
    queue.write(
        "UPDATE _recipient SET status = ?, lease_id = ? WHERE recipient_id = ?",
        *(status, lease_id if status == "leased" else None, recipient_id),
    )


def _instant(now: float, offset: float | None) -> float | None:
    return None if offset is None else now + offset


@given(
    destinations=st.lists(_destinations, min_size=1, max_size=6),
    is_frozen=st.sampled_from([False, False, False, True]),
    is_empty=st.sampled_from([False, False, False, True]),
)
def test_what_is_said_to_be_runnable_is_what_a_lease_takes(
    destinations: list[Where], is_frozen: bool, is_empty: bool
) -> None:
    """
    An explanation of its own would drift from the lease. `make properties` compares some 20,000 states.
    """
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        queue = Queue(Path(folder) / "queue.db")
        try:
            now = time.time()
            _make(queue, destinations, now)
            if is_frozen:
                queue.write("INSERT INTO control (verb) VALUES ('freeze')")
            if is_empty:
                queue.run(_TakeAll())
            said = {
                number: (word, rule, until)
                for number, word, rule, until in queue.select(
                    "SELECT recipient_id, blocked_by, rule, until_unix FROM explanation"
                )
            }
            in_queue = dict(queue.select("SELECT recipient_id, blocked_by FROM queue"))
            wanted: dict[str, Any] = {"limit": 1000, "failing_limit": 1000, "further_limit": 1000}
            leases = queue.lease(now=time.time(), rates=_RATES if is_empty else None, **wanted)
            taken = {r.recipient_id for lease in leases for message in lease.messages for r in message.recipients}
        finally:
            queue.close()

    assert taken == {number for number, (word, _, _) in said.items() if word is None}
    assert in_queue.keys() == said.keys()
    for number, (word, rule, until) in said.items():
        assert (word is None) == (rule is None)
        assert word != "bound"
        assert until is None or (until > now and word is not None)
        assert in_queue[number] is None or word is not None  # the column blocked_by of queue agrees


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("SELECT 1", (None, None, None)),
        ("UPDATE _process SET beat_at = 1", ("no worker", None, "no worker gives a sign of life")),
        ("UPDATE _destination SET suspended_until = 4e9",
         ("suspension", "2096-10-02 07:06:40", "suspended_until of the destination")),
        ("UPDATE _destination SET suspended_until = 4e9, suspended_reason = 'no room'",
         ("suspension", "2096-10-02 07:06:40", "suspended_until of the destination: no room")),
        ("UPDATE _destination SET suspended_until = 4e9, suspended_reason = 'closed by schedule 08:00-09:00'",
         ("hours", "2096-10-02 07:06:40", "closed by schedule 08:00-09:00")),
        ("UPDATE _destination SET suspended_until = 4e9, suspended_reason = 'warm-up: 192.0.2.1 has sent 50'",
         ("warm-up", "2096-10-02 07:06:40", "warm-up: 192.0.2.1 has sent 50")),
        ("UPDATE _destination SET breaker_until = 4e9, openings = 2, last_failure = '421 Busy'",
         ("breaker", "2096-10-02 07:06:40", "circuit breaker, opened 2 times; 421 Busy")),
        ("UPDATE _destination SET token_at = 4e9",
         ("rate", "2096-10-02 07:06:40", "rate of the destination or its provider")),
        ("INSERT INTO _bucket (name, full_at, token_at) VALUES ('all', 4e9, 4e9)",
         ("rate", "2096-10-02 07:06:40", "[delivery] rate")),
        ("UPDATE _destination SET max_leases = 0",
         ("concurrency", None, "0 of 0 connections in use, the limit of concurrency")),
        ("UPDATE _destination SET breaker_until = 1, max_leases = 0",
         ("probe", None, "circuit breaker half open: one message goes first")),
        ("UPDATE _recipient SET next_retry_at = 4e9", ("not due", "2096-10-02 07:06:40", "next_retry_at")),
        ("UPDATE _recipient SET next_retry_at = 4e9, attempts = 1, last_reply = '451 4.7.1 greylisted'",
         ("retry", "2096-10-02 07:06:40", "1 attempt; 451 4.7.1 greylisted")),
        ("UPDATE _recipient SET next_retry_at = 4e9, held_back_until = 4e9",
         ("sender rate", "2096-10-02 07:06:40", "rate of the sender, in [senders]")),
        ("UPDATE queue SET status = 'held'", ("hold", None, "administratively held by sql")),
        ("UPDATE _destination SET due_at = 4e9",
         ("bound", None, "due_at of the destination is late; `empath-admin fsck` says why")),
    ],
)  # fmt: skip
def test_each_wait_is_explained(made: Queue, statement: str, words: tuple[str | None, ...]) -> None:
    """
    What it is, until when, and what decides it.
    """
    made.write(statement)

    assert [words] == made.select("SELECT blocked_by, until, rule FROM explanation")
    made.write("UPDATE _destination SET due_at = 1; UPDATE _recipient SET attempts = 0")  # what fsck would find


def test_a_reason_that_names_its_author_names_him_once(made: Queue) -> None:
    """
    Modules and DMARC write it into the reason, an order of a person does not.
    """
    made.write("UPDATE queue SET status = 'held'")
    made.write("UPDATE _recipient SET reason = 'administratively held by sql: looks odd'")

    assert [("administratively held by sql: looks odd",)] == made.select("SELECT rule FROM explanation")


@pytest.fixture
def made(queue: Queue) -> Queue:
    """A queue with one recipient that is due, and a worker that lives."""
    queue.accept()
    queue.write("UPDATE _process SET beat_at = ?", time.time())
    queue.write("UPDATE _recipient SET expires_at = 5e9")
    return queue


def test_a_freeze_is_explained_by_its_order(made: Queue) -> None:
    """
    With the person who gave it; it has no end of its own, even where something else has one.
    """
    made.write("UPDATE _destination SET suspended_until = 4e9")
    made.write("INSERT INTO control (verb) VALUES ('freeze')")

    [(word, until, rule)] = made.select("SELECT blocked_by, until, rule FROM explanation")

    assert ("freeze", None) == (word, until)
    assert rule.startswith("frozen since 20")
    assert rule.endswith(" by sql")


def test_mail_that_is_leased_names_its_worker(made: Queue) -> None:
    """
    It is being delivered now.
    """
    made.lease()

    [(word, rule, process)] = made.select("SELECT blocked_by, rule, process FROM explanation")

    assert ("delivery", "worker-1 has it since 2023-11-14 22:13:20", "worker-1") == (word, rule, process)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("SELECT 1", None),
        ("INSERT INTO suppression (address) VALUES ('R1@a.example')", "bounces: the address is suppressed"),
        ("INSERT INTO suppression (address) VALUES ('@a.example')", "bounces: the address is suppressed"),
        ("INSERT INTO suppression (address, expires_at) VALUES ('r1@a.example', '+1 hour')",
         "bounces: the address is suppressed"),
        ("INSERT INTO _suppression VALUES ('r1@a.example', 'x', NULL, NULL, 1, 2)", None),
        ("UPDATE _recipient SET expires_at = 1", "expires unless it is delivered"),
        ("UPDATE _destination SET suspended_until = 3e9; UPDATE _recipient SET expires_at = 2.9e9",
         "expires unless it is delivered"),
    ],
)  # fmt: skip
def test_what_the_next_attempt_will_do_is_said_where_it_is_known(
    made: Queue, statement: str, words: str | None
) -> None:
    """
    To wait for it would be in vain.
    """
    made.write(statement)

    assert [(words,)] == made.select("SELECT next_attempt FROM explanation")


def test_mail_without_a_route_says_so(queue: Queue) -> None:
    """
    Its destination is a name of Empath's own.
    """
    queue.accept("no-route:")
    assert [("no route leads to a host",)] == queue.select("SELECT next_attempt FROM explanation")


def test_behind_a_probe_only_the_first_message_goes(made: Queue) -> None:
    """
    The lease takes no other while the circuit breaker is half open.
    """
    made.accept()
    made.write("UPDATE _recipient SET expires_at = 5e9")
    made.write("UPDATE _destination SET breaker_until = 1")

    assert [(1, None), (2, "probe")] == made.select("SELECT recipient_id, blocked_by FROM explanation")


def test_final_mail_needs_no_explanation(made: Queue) -> None:
    """
    The view has live recipients, as `queue`.
    """
    [lease] = made.lease()
    made.run(made.new_settle(lease, RecipientStatus.DELIVERED))
    made.write("DELETE FROM _lease")

    assert [] == made.select("SELECT * FROM explanation")


STUCK = "SELECT destination, recipients, due, overdue_s > 0, blocked_by FROM stuck ORDER BY destination, blocked_by"


def test_mail_that_is_due_for_long_is_stuck(made: Queue) -> None:
    """
    Other mail of the destination counts, too; that of another destination, which goes on, is left out.
    """
    now = time.time()
    made.accept("b.example", at=now)
    made.accept("a.example", at=now)

    assert [("a.example", 2, 2, 1, None)] == made.select(STUCK)


def test_old_mail_is_stuck_though_it_is_not_due(made: Queue) -> None:
    """
    It has failed for hours: the reason is the last reply.
    """
    made.write("UPDATE _recipient SET next_retry_at = 4e9, attempts = 3, last_reply = '451 4.7.1 greylisted'")
    made.write("UPDATE _destination SET due_at = 4e9")

    assert [("a.example", 1, 0, 0, "retry")] == made.select(STUCK)
    assert [("3 attempts; 451 4.7.1 greylisted",)] == made.select("SELECT rule FROM stuck")
    made.write("UPDATE _recipient SET attempts = 0")


def test_held_mail_is_stuck_in_a_row_of_its_own(made: Queue) -> None:
    """
    What Empath holds is easily forgotten.
    """
    made.accept("a.example", at=time.time())
    made.accept("b.example", at=time.time(), count=2)
    made.write("UPDATE queue SET status = 'held' WHERE recipient_id IN (1, 3)")

    assert [("a.example", 1, 0, 0, "hold")] == made.select(STUCK)


def test_what_is_stuck_is_counted_from_an_index(made: Queue) -> None:
    """
    It does not read the rows of a deep queue.
    """
    steps = [row[3] for row in made.select("EXPLAIN QUERY PLAN SELECT * FROM stuck ORDER BY age_s DESC")]

    scans = {step.replace("COVERING ", "") for step in steps if step.startswith("SCAN _recipient")}
    assert {"SCAN _recipient USING INDEX _recipient_due", "SCAN _recipient USING INDEX _recipient_held"} == scans


def test_domains_are_counted_by_the_age_of_their_mail(queue: Queue) -> None:
    """
    In the classes of qshape.
    """
    now = time.time()
    for minutes in (3000, 2000, 1000, 400, 200, 100, 60, 30, 15, 6, 1):
        queue.accept("a.example", at=now - 60 * minutes)
    queue.accept("b.example", "a.example", at=now)
    queue.write("UPDATE queue SET status = 'held' WHERE recipient_id = 1")

    assert [("a.example", 12, 2, 1, 1, 1, 1, 1, 1, 1, 1, 2), ("b.example", 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0)] == [
        row[:12] for row in queue.select("SELECT * FROM queue_by_domain ORDER BY total DESC")
    ]


@pytest.mark.parametrize("view", ["explanation", "stuck", "queue_by_domain", "queue_by_status", "queue_by_destination"])
@pytest.mark.parametrize(
    "statement", ["DELETE FROM {}", "UPDATE {} SET oldest_at = 1", "INSERT INTO {} DEFAULT VALUES"]
)
def test_what_is_counted_is_not_written(queue: Queue, view: str, statement: str) -> None:
    """
    With a sentence.
    """
    queue.accept()
    if "oldest_at" not in {column for (column,) in queue.select("SELECT name FROM pragma_table_info(?)", view)}:
        statement = statement.replace("oldest_at", "destination" if view == "queue_by_destination" else "status")

    with pytest.raises(Error, match="empath: "):
        queue.write(statement.format(view))
