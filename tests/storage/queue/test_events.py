"""Events are written with the facts that they tell of, by whoever makes these, if someone wants to know."""

import json
import shutil
import subprocess

import apsw
import pytest

from empath.mail.status import RecipientStatus
from empath.policy.events.consumer import ConsumerOfFile
from empath.policy.events.types import MEMBERS, NAMES, TYPES
from empath.storage.queue.events import EVENTS, KeepConsumers, first_id, last_id, page
from empath.storage.queue.process import EndProcess
from empath.storage.queue.put_back import EndLease
from empath.storage.queue.refusals import KeepRefusals, RefusalRow
from empath.storage.queue.sweep import outdated
from tests.kit.queue import T0, Queue

pytestmark = pytest.mark.engines

SHELL = shutil.which("sqlite3", path="/usr/bin")
MEMBERS_OF = {each.name: set(each.members) for each in TYPES}


def listen(queue: Queue, name: str, types: str = "") -> None:
    """Let a program listen, whether or not the view of the engine can be written."""
    queue.write(
        "INSERT INTO _consumer (name, kind, types, cursor, created_at) VALUES (?, 'program', ?, 0, 0)", name, types
    )


@pytest.fixture
def listened(queue):
    """A queue that a program listens to."""
    listen(queue, "test")
    return queue


def types(queue: Queue) -> list[str]:
    """Types of all events, in their order."""
    return [kind for (kind,) in queue.select("SELECT type FROM event ORDER BY event_id")]


def last_detail(queue: Queue) -> dict[str, object]:
    """Members of the last event; each is one that its type may have."""
    [(kind, detail)] = queue.select("SELECT type, detail FROM event ORDER BY event_id DESC LIMIT 1")
    found: dict[str, object] = json.loads(detail)
    assert set() == found.keys() - MEMBERS_OF[kind]
    return found


def attempted(queue: Queue, status: RecipientStatus, *, now: float = T0) -> None:
    """One attempt at what is due."""
    for lease in queue.lease(now=now):
        queue.run(
            queue.new_settle(lease, status, now=now + 1),
            EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=now + 1),
        )


def test_without_a_consumer_no_event_is_written(queue):
    """
    Mail then costs what it cost before.
    """
    queue.accept()
    attempted(queue, RecipientStatus.DELIVERED)

    assert [] == types(queue)


def test_only_wanted_types_are_written(queue):
    """
    The types of all consumers together, from their commit on.
    """
    listen(queue, "a", "bounced expired")
    listen(queue, "b", "delivered")
    queue.accept()
    attempted(queue, RecipientStatus.DELIVERED)
    assert ["delivered"] == types(queue)

    queue.write("UPDATE _consumer SET types = 'held' WHERE name = 'b'")
    queue.accept()
    attempted(queue, RecipientStatus.DELIVERED)
    queue.accept()
    attempted(queue, RecipientStatus.BOUNCED)
    assert ["delivered", "bounced"] == types(queue)

    queue.write("DELETE FROM _consumer")
    queue.accept()
    attempted(queue, RecipientStatus.BOUNCED)
    assert ["delivered", "bounced"] == types(queue)


@pytest.mark.parametrize("status", ["delivered", "deferred", "bounced", "expired"])
def test_an_attempt_is_one_event(listened, status):
    """
    With the reply of the host, and when the next one is.
    """
    listened.accept()
    attempted(listened, RecipientStatus(status))

    assert ["accepted", status] == types(listened)
    detail = last_detail(listened)
    assert ("mx.a.example", 1) == (detail["host"], detail["attempts"])
    assert (T0 + 3600 if status == "deferred" else None) == detail.get("next_retry_unix")
    [(at, sender, recipient, destination)] = listened.select(
        "SELECT at_unix, sender, recipient, destination FROM event WHERE type = ?", status
    )
    assert (T0 + 1, "sender@example.test", "r1@a.example", "a.example") == (at, sender, recipient, destination)


def test_each_order_is_an_event(listened):
    """
    As an operator gives it through the views.
    """
    listened.accept()
    for statement in (
        "UPDATE queue SET status = 'held'",
        "UPDATE queue SET status = 'queued'",
        "DELETE FROM queue",
        "UPDATE history SET status = 'queued'",
        "UPDATE queue SET status = 'bounced'",
        "UPDATE history SET status = 'queued'",
        "UPDATE queue SET status = 'expired'",
    ):
        listened.write(statement)

    assert ["accepted", "held", "released", "cancelled", "revived", "bounced", "revived", "expired"] == types(listened)
    assert {"reason": "administratively expired", "was": "queued", "attempts": 0} == last_detail(listened)


@pytest.mark.parametrize(
    ("order", "expected"),
    [("held", "held"), ("cancelled", "cancelled"), ("bounced", "bounced"), ("expired", "expired")],
)
def test_an_order_to_a_leased_recipient_is_an_event_when_it_is_carried_out(listened, order, expected):
    """
    Once, whatever the attempt came to.
    """
    listened.accept()
    [lease] = listened.lease()
    listened.write(f"UPDATE queue SET status = '{order}'")
    listened.run(listened.new_settle(lease, RecipientStatus.DEFERRED))

    assert ["accepted", expected] == types(listened)


def test_what_goes_back_unsent_is_no_event(listened):
    """
    Nothing happened to it.
    """
    listened.accept()
    [lease] = listened.lease()
    listened.run(EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=T0 + 1))
    listened.write("UPDATE queue SET priority = 0")

    assert ["queued"] == listened.statuses()
    assert ["accepted"] == types(listened)


def test_a_lost_lease_and_a_late_delivery_are_events(listened):
    """
    The mail may come twice, and whoever counts it must hear so.
    """
    listened.accept()
    [lease] = listened.lease()
    listened.run(EndProcess(listened.process_id, now=T0 + 1, is_lost=True))
    assert ["accepted", "lost"] == types(listened)

    listened.run(listened.new_settle(lease, RecipientStatus.DELIVERED))
    assert ["accepted", "lost", "maybe_delivered"] == types(listened)


@pytest.mark.sqlite_only("writes through a view")
def test_suppressions_and_refusals_are_events(listened):
    """
    Those of a host's reply, and those of an operator.
    """
    listened.write("INSERT INTO suppression (address, reason) VALUES ('a@example.org', 'asked')")
    assert {"by": "sql", "reason": "asked"} == last_detail(listened)
    listened.write("DELETE FROM suppression")
    row = RefusalRow(T0, T0, 3, "l", "192.0.2.1", "c", None, "s@example.org", None, "rcpt", "relay", "550 5.7.1 no")
    listened.run(KeepRefusals([row], T0))

    assert ["suppressed", "unsuppressed", "refused"] == types(listened)
    assert 3 == last_detail(listened)["times"]


@pytest.mark.sqlite_only("is about its shell")
@pytest.mark.skipif(SHELL is None, reason="there is no sqlite3 of the system")
def test_an_edit_in_a_bare_shell_is_an_event(listened):
    """
    In the shell of the system, which knows nothing of Empath.
    """
    listened.accept()
    statement = "PRAGMA wal_autocheckpoint = 0; UPDATE queue SET status = 'held';"
    subprocess.run([str(SHELL), str(listened.path), statement], check=True, capture_output=True, timeout=30)

    assert ["accepted", "held"] == types(listened)


@pytest.mark.sqlite_only("has one writer")
def test_a_fact_that_is_rolled_back_leaves_no_event(listened):
    """
    And no gap in the numbers.
    """
    listened.accept()
    connection = listened.foreign()
    connection.execute("BEGIN IMMEDIATE; UPDATE queue SET status = 'held'; ROLLBACK")
    listened.write("UPDATE queue SET status = 'held'")

    assert [(1, "accepted"), (2, "held")] == listened.select("SELECT event_id, type FROM event")


def test_types_of_program_and_schema_are_the_same():
    """
    docs/events.md is made of the program's, and the schema writes the rows.
    """
    assert len(NAMES) == len(set(NAMES))
    assert set() == {member for each in TYPES for member in each.members} - MEMBERS.keys()


def test_the_schema_has_these_types(queue):
    """
    One that it lacks would never be written.
    """
    assert sorted(NAMES) == [name for (name,) in queue.select("SELECT type FROM event_type ORDER BY type")]


def test_the_audit_is_an_event_for_those_who_ask_for_it(queue):
    """
    A consumer of all types does not.
    """
    listen(queue, "all")
    queue.accept()
    queue.write("UPDATE queue SET priority = 1")
    assert [("accepted",)] == queue.select("SELECT type FROM event")
    listen(queue, "siem", "audited")
    queue.write("UPDATE queue SET priority = 3")
    found = queue.select("SELECT recipient, detail FROM event WHERE type = 'audited' ORDER BY event_id")
    recipient, changed = found[-1]
    told = json.loads(changed)
    assert ("r1@a.example", "priority", "1", "3") == (recipient, told["what"], str(told["before"]), str(told["after"]))


@pytest.mark.sqlite_only("has octets in the audit")
def test_octets_in_the_audit_do_not_stop_an_order(queue):
    """
    JSON has none.
    """
    listen(queue, "siem", "audited")
    queue.write("INSERT INTO _audit (who, what, after) VALUES ('x', 'y', x'00ff')")
    assert "00FF" == last_detail(queue)["after"]


def test_consumers_are_those_of_the_configuration(queue):
    """
    A new one begins with the events of now, and what a program added stays.
    """
    listen(queue, "mine", "bounced")
    queue.accept()
    attempted(queue, RecipientStatus.BOUNCED)
    assert ["bounced"] == types(queue)
    wanted = [ConsumerOfFile("crm", "webhook", "bounced delivered"), ConsumerOfFile("stream", "stream")]
    reader = queue.engine.open_reader()
    assert KeepConsumers(wanted, now=T0).is_needed(reader)
    queue.run(KeepConsumers(wanted, now=T0))
    assert not KeepConsumers(wanted, now=T0).is_needed(reader)
    shown = "SELECT name, kind, types, cursor FROM consumer ORDER BY name"
    assert [
        ("crm", "webhook", "bounced delivered", 1),
        ("mine", "program", "bounced", 0),
        ("stream", "stream", "", 1),
    ] == queue.select(shown)

    queue.run(KeepConsumers([ConsumerOfFile("crm", "webhook", "")], now=T0))
    assert [("crm", "webhook", "", 1), ("mine", "program", "bounced", 0)] == queue.select(shown)
    reader.close()


def test_events_are_forgotten_by_age_and_by_number(listened):
    """
    The oldest ones, without a hole; the last one stays, so that numbers go on.
    """
    for n in range(6):
        listened.accept(at=T0 + (n if n != 1 else 100))
    reader = listened.engine.open_reader()
    assert 6 == len(types(listened))
    assert 6 == last_id(reader)

    listened.run(outdated(reader, EVENTS, T0 + 50, most=100))
    assert 2 == first_id(reader)
    assert outdated(reader, EVENTS, T0 + 50, most=100) is None

    listened.run(outdated(reader, EVENTS, T0, most=3))
    assert [4, 5, 6] == [event.event_id for event in page(reader, after=0, limit=10)]

    listened.run(outdated(reader, EVENTS, T0 + 999, most=3))
    assert (6, 6) == (first_id(reader), last_id(reader))
    listened.accept()
    assert 2 == len(types(listened))
    assert 7 == last_id(reader)
    reader.close()


@pytest.mark.sqlite_only("writes through a view")
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE event SET type = 'x'", "an event is a record"),
        ("DELETE FROM event", "removed in time"),
        ("INSERT INTO event (type) VALUES ('held')", "written with the changes"),
        ("INSERT INTO consumer (name) VALUES ('test')", "a consumer with this name exists"),
        ("INSERT INTO consumer (name) VALUES ('')", "name takes 1 to 64 letters"),
        ("INSERT INTO consumer (name) VALUES ('a b')", "name takes 1 to 64 letters"),
        ("INSERT INTO consumer (name) VALUES ('.a')", "name takes 1 to 64 letters"),
        ("INSERT INTO consumer (name, types) VALUES ('x', 'bounced,held')", "types takes types of events"),
        ("INSERT INTO consumer (name, types) VALUES ('x', 'bounced  held ever')", "types takes types of events"),
        ("INSERT INTO consumer (name, kind) VALUES ('x', 'webhook')", "only consumers of kind program"),
        ("INSERT INTO consumer (name, cursor) VALUES ('x', 99)", "cursor takes the number of an event"),
        ("UPDATE consumer SET cursor = -1", "cursor takes the number of an event"),
        ("UPDATE consumer SET cursor = 1.5", "cursor takes the number of an event"),
        ("UPDATE consumer SET state = 'gone'", "state takes active or paused"),
        ("UPDATE consumer SET state = NULL", "state takes active or paused"),
        ("UPDATE consumer SET types = NULL", "types takes types of events"),
        ("UPDATE consumer SET sent = 9", "consumer takes state, cursor and types"),
        ("UPDATE event_type SET is_wanted = 1", "a type is wanted if a consumer wants it"),
        ("DELETE FROM event_type", "cannot be changed"),
        ("INSERT INTO event_type (type) VALUES ('x')", "cannot be changed"),
        ("INSERT INTO event_aside (consumer, event_id) VALUES ('test', 1)", "has events sent again"),
        ("UPDATE event_aside SET state = 'dead'", "state takes waiting"),
        ("UPDATE event_aside SET tries = 0", "event_aside takes state"),
        ("UPDATE _event SET type = 'x'", "cannot be changed"),
        ("DELETE FROM _event", "the last event stays"),
        ("INSERT OR REPLACE INTO _event SELECT * FROM _event", "can only be added"),
        ("DELETE FROM _event_type", "cannot be changed"),
        ("INSERT OR REPLACE INTO _consumer SELECT * FROM _consumer", "a consumer with this name exists"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(listened, statement, words):
    """
    Each says what to do.
    """
    listened.accept()
    listened.write(
        "INSERT INTO _event_aside (consumer, event_id, state, since, next_try_at) VALUES ('test', 1, 'waiting', 0, 0)"
    )
    with pytest.raises(apsw.ConstraintError, match=words):
        listened.write(statement)


@pytest.mark.sqlite_only("writes through a view")
def test_a_consumer_of_the_file_is_changed_there(listened):
    """
    A row that was removed would come back with the next start, and begin anew.
    """
    listened.run(KeepConsumers([ConsumerOfFile("crm", "webhook"), ConsumerOfFile("stream", "stream")], now=T0))
    for statement, words in (
        ("DELETE FROM consumer WHERE name = 'crm'", "remove it there"),
        ("UPDATE consumer SET types = 'held' WHERE name = 'crm'", "of the configuration"),
        ("UPDATE consumer SET cursor = 0 WHERE name = 'stream'", "Last-Event-ID"),
    ):
        with pytest.raises(apsw.ConstraintError, match=words):
            listened.write(statement)


@pytest.mark.sqlite_only("writes through a view")
def test_orders_to_consumers_are_audited(listened):
    """
    Who paused it, and who had what sent again; the own steps of a program are not.
    """
    listened.run(KeepConsumers([ConsumerOfFile("crm", "webhook")], now=T0))
    listened.accept()
    listened.write("UPDATE consumer SET state = 'paused' WHERE name = 'crm'")
    listened.write("UPDATE consumer SET cursor = 1")
    listened.write("DELETE FROM consumer WHERE name = 'test'")

    assert [
        ("crm", "consumer state", "active", "paused"),
        ("crm", "consumer cursor", 0, 1),
        ("test", "consumer", "program", None),
    ] == listened.select("SELECT object, what, before, after FROM audit ORDER BY audit_id")
