"""
test_past - the queue of an earlier instant is what the view queue showed then

Random traffic runs on a manual clock, and the view is copied after each step. Then each instant is rebuilt, by the view
queue_at and by the statement of `empath-admin list --at`, and compared with its copy.
"""

import tempfile
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from empath.mail.status import RecipientStatus
from empath.storage.admin.past import list_past
from empath.storage.admin.selection import Selection
from empath.storage.queue.put_back import EndLease
from tests.kit.queue import T0, Queue, ids

COLUMNS = (
    "id, sender, recipient, domain, destination, status, priority, next_retry_unix, expires_unix, attempts, last_reply"
)
ORDERS = {
    "hold": "UPDATE queue SET status = 'held' WHERE recipient_id = ?",
    "release": "UPDATE queue SET status = 'queued' WHERE recipient_id = ? AND wanted = 'held'",
    "cancel": "DELETE FROM queue WHERE recipient_id = ?",
    "bounce": "UPDATE queue SET status = 'bounced' WHERE recipient_id = ?",
    "revive": "UPDATE history SET status = 'queued' WHERE recipient_id = ? AND status <> 'delivered' AND has_content",
    "retry": "UPDATE queue SET next_retry_unix = 1.6e9 WHERE recipient_id = ? AND status <> 'leased'",
    "first": "UPDATE queue SET priority = 0 WHERE recipient_id = ?",
    "last": "UPDATE queue SET priority = 4 WHERE recipient_id = ?",
    "extend": "UPDATE queue SET expires_unix = 2e9 WHERE recipient_id = ?",
}
FATES = (RecipientStatus.DELIVERED, RecipientStatus.DEFERRED, RecipientStatus.BOUNCED)
STEPS = st.lists(
    st.tuples(st.sampled_from(["accept", "deliver", "deliver", *ORDERS]), st.integers(1, 6), st.sampled_from(FATES)),
    min_size=3,
    max_size=14,
)
MEMORY = Path("/dev/shm")


class Course:
    """A queue on a clock that goes by ten seconds in each step, and a copy of its view for each instant."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self.now: float = T0
        self.seen: dict[float, dict[int, tuple[Any, ...]]] = {}
        self._audit: Any = 0

    def step(self, what: str, number: int, status: RecipientStatus) -> None:
        """Do *what*, and copy the view five seconds later."""
        self.now += 10
        if what == "accept":
            self.queue.accept("a.example", "b.example", at=self.now)
        elif what == "deliver":
            self._deliver(status)
        else:
            self.queue.write(ORDERS[what], number)
        self._tell_time()
        self.copy(self.now + 5)

    def _deliver(self, status: RecipientStatus) -> None:
        """What is due is leased; a part of it is settled a step later, the rest put back."""
        leases = self.queue.lease(now=self.now + 4000)
        self.copy(self.now)
        self.now += 10
        for lease in leases:
            settle = self.queue.new_settle(
                lease, status, now=self.now, next_retry_at=self.now + 60, recipients=ids(lease)[:1]
            )
            settle.attempt = settle.attempt._replace(started_at=self.now - 10, duration_s=10.0)
            self.queue.run(
                settle, EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=self.now)
            )

    def _tell_time(self) -> None:
        """What people did has the time of the machine: give it that of the test."""
        connection = self.queue.foreign()
        connection.execute("INSERT INTO _setting VALUES ('redacting', '1')")
        connection.execute("UPDATE _audit SET at = ? WHERE audit_id > ?", (self.now, self._audit))
        connection.execute("DELETE FROM _setting WHERE name = 'redacting'")
        connection.execute("UPDATE _recipient SET settled_at = ? WHERE settled_at > ?", (self.now, T0 + 1e6))
        self._audit = connection.execute("SELECT coalesce(max(audit_id), 0) FROM _audit").fetchall()[0][0]

    def copy(self, at: float) -> None:
        """Keep what the view shows at this instant."""
        self.seen[at] = {row[0]: row[1:] for row in self.queue.select(f"SELECT recipient_id, {COLUMNS} FROM queue")}


def alike(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """*row* without what has no record: that a lease began which ended without an attempt, and what it led to."""
    status, attempts = row[5], row[9]
    is_waiting = status in {"leased", "deferred", "queued"}
    return (*row[:5], "waits" if is_waiting and not attempts else status.replace("leased", "deferred"), *row[6:])


def shown(queue: Queue, at: float) -> dict[int, tuple[Any, ...]]:
    """What the view queue_at shows; the instant is kept to this transaction."""
    connection = queue.foreign()
    connection.execute("BEGIN IMMEDIATE; INSERT INTO queue_at (at_unix) VALUES (?)", (at,))
    try:
        return {row[0]: row[1:] for row in connection.execute(f"SELECT recipient_id, {COLUMNS} FROM queue_at")}
    finally:
        connection.execute("ROLLBACK")


def listed(queue: Queue, at: float) -> dict[int, tuple[Any, ...]]:
    """What the statement of the command lists."""
    with queue.engine.visiting(None) as visit:
        found = list_past(visit, Selection(), at=at, after=0, limit=1000)
    assert 0 == found.gone
    return {
        x.recipient_id: (
            x.id, x.sender, x.recipient, x.domain, x.destination, x.status, x.priority, x.next_retry_at, x.expires_at,
            x.attempts, x.last_reply,
        )
        for x in found.recipients
    }  # fmt: skip


@settings(max_examples=settings().max_examples // 4)  # each has twenty instants
@given(steps=STEPS)
def test_each_instant_is_rebuilt(steps: list[tuple[str, int, RecipientStatus]]) -> None:
    """
    By both texts, from what is recorded at the end.
    """
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        course = Course(Queue(Path(folder) / "queue.db"))
        for step in [("accept", 1, FATES[0]), *steps]:
            course.step(*step)
        for at, seen in course.seen.items():
            rebuilt = shown(course.queue, at)
            assert rebuilt == listed(course.queue, at)
            assert {number: alike(row) for number, row in seen.items()} == {
                number: alike(row) for number, row in rebuilt.items()
            }, at - T0
        course.queue.close()


def test_an_attempt_under_way_shows_as_leased(queue: Queue) -> None:
    """
    One that has ended since, and one that has not.
    """
    course = Course(queue)
    course.step("accept", 1, FATES[0])
    course.step("deliver", 1, RecipientStatus.DEFERRED)
    assert "leased" in {row[5] for row in shown(queue, T0 + 25).values()}
    queue.lease(now=course.now + 4000)
    assert {"leased"} == {row[5] for row in listed(queue, course.now + 4001).values()}
    assert "leased" not in {row[5] for row in listed(queue, course.now + 5).values()}


WRONG = {
    "INSERT INTO queue_at (at) VALUES ('+1 hour')": "at takes a past instant",
    "INSERT INTO queue_at (at) VALUES ('noon')": "at takes a past instant",
    "INSERT INTO queue_at (at) VALUES ('2026-02-30')": "at takes a past instant",
    "INSERT INTO queue_at (at) VALUES ('1700000000.5.5')": "at takes a past instant",
    "INSERT INTO queue_at (at, domain) VALUES ('-1 hour', 'a.example')": "no other column",
    "INSERT INTO queue_at (at, expires_unix) VALUES ('-1 hour', 1)": "no other column",
    "INSERT INTO queue_at (at, at_unix) VALUES ('-1 hour', 1.7e9)": "takes at or at_unix",
    "INSERT INTO queue_at (at, status) VALUES ('-1 hour', 'held')": "takes at or at_unix",
}


@pytest.mark.parametrize(("statement", "words"), WRONG.items(), ids=WRONG)
def test_a_wrong_instant_is_refused(queue: Queue, statement: str, words: str) -> None:
    """
    By a sentence that says what is right.
    """
    with pytest.raises(apsw.ConstraintError, match=words):
        queue.write(statement)


def test_the_past_cannot_be_changed(queue: Queue) -> None:
    """
    It has rows only once an instant was given.
    """
    queue.accept(at=T0)
    assert [] == queue.select("SELECT * FROM queue_at")
    queue.write("INSERT INTO queue_at (at) VALUES (?)", "2023-11-15")
    assert [("2023-11-15 00:00:00", 1)] == queue.select("SELECT at, recipient_id FROM queue_at")
    for change in ("UPDATE queue_at SET status = 'held'", "DELETE FROM queue_at"):
        with pytest.raises(apsw.ConstraintError, match="the past cannot be changed"):
            queue.write(change)
