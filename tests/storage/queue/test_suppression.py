"""Suppressed addresses, as rows."""

import apsw
import pytest

from empath.mail.status import RecipientStatus
from empath.policy.suppression import Suppressed
from empath.storage.queue.suppression import find_suppressed, is_any_suppressed
from empath.storage.queue.sweep import SUPPRESSIONS, outdated
from tests.kit.queue import T0, Queue

pytestmark = pytest.mark.engines


@pytest.fixture
def queue(tmp_path):
    queue = Queue(tmp_path / "queue.db")
    yield queue
    assert {} == queue.violations()
    queue.close()


def bounce(queue, at=T0 + 100.0):
    """A host refuses r1@a.example for good."""
    queue.accept("a.example")
    [lease] = queue.lease(now=T0 + 1)
    work = queue.new_settle(lease, RecipientStatus.BOUNCED)
    work.fates = tuple(fate._replace(bounce_class="bad-mailbox", suppressed_until=at) for fate in work.fates)
    queue.run(work)
    return str(work.fates[0].said.reply)


def test_a_bounce_suppresses_its_address_and_another_begins_the_time_anew(queue):
    """
    Both commit with the fate.
    """
    reply = bounce(queue)
    found = "SELECT address, source, reason, class, expires_unix FROM suppression"
    assert [("r1@a.example", "bounce", reply, "bad-mailbox", T0 + 100.0)] == queue.select(found)
    bounce(queue, T0 + 200.0)
    assert [(T0 + 200.0,)] == queue.select("SELECT expires_unix FROM suppression")


def test_a_row_of_an_operator_stays_as_it_is(queue):
    """
    Their decision outweighs what a host says later.
    """
    queue.write("INSERT INTO suppression (address, reason) VALUES ('R1@A.example', 'asked')")
    bounce(queue)
    found = "SELECT address, source, reason, class, expires_unix FROM suppression"
    assert [("r1@a.example", "sql", "asked", None, None)] == queue.select(found)


def test_an_order_in_place_of_the_bounce_suppresses_nothing(queue):
    """
    The recipient did not bounce.
    """
    queue.accept("a.example")
    [lease] = queue.lease(now=T0 + 1)
    queue.write("UPDATE queue SET status = 'held'")
    work = queue.new_settle(lease, RecipientStatus.BOUNCED)
    work.fates = tuple(fate._replace(bounce_class="bad-mailbox", suppressed_until=T0) for fate in work.fates)
    queue.run(work)
    assert [] == queue.select("SELECT * FROM suppression")


def test_rows_are_found_until_they_end(queue):
    """
    One look-up answers for all recipients of a message.
    """
    reader = queue.engine.open_reader()
    assert not is_any_suppressed(reader)
    reply = bounce(queue)
    assert is_any_suppressed(reader)
    keys = ["r1@a.example", "@a.example"]
    assert [Suppressed("r1@a.example", reply, "bad-mailbox")] == find_suppressed(reader, keys, T0 + 99)
    assert [] == find_suppressed(reader, keys, T0 + 100)
    assert [] == find_suppressed(reader, ["@a.example"], T0)
    reader.close()


def test_rows_that_are_over_or_too_many_go(queue):
    """
    Those of an operator without an end are not counted.
    """
    bounce(queue)
    queue.write("INSERT INTO suppression (address) VALUES ('@for.good')")
    reader = queue.engine.open_reader()
    assert outdated(reader, SUPPRESSIONS, T0 + 99, most=1) is None
    work = outdated(reader, SUPPRESSIONS, T0 + 99, most=0)
    assert work is not None
    queue.run(work)
    bounce(queue)
    work = outdated(reader, SUPPRESSIONS, T0 + 100, most=9)
    assert work is not None
    queue.run(work)
    reader.close()
    assert [("@for.good",)] == queue.select("SELECT address FROM suppression")


def test_a_row_is_changed_with_an_audit(queue):
    """
    A postmaster is asked who stopped the mail of a customer.
    """
    queue.write("INSERT INTO suppression (address, reason, expires_at) VALUES ('a@b.example', 'x', '2033-01-01')")
    assert [("2033-01-01 00:00:00",)] == queue.select("SELECT expires_at FROM suppression")
    queue.write("UPDATE suppression SET reason = 'y', class = 'quota'")
    queue.write("UPDATE suppression SET expires_at = NULL")
    queue.write("DELETE FROM suppression")
    assert [
        ("suppression", None, "x"),
        ("suppression expires_unix", None, 1988150400.0),
        ("suppression reason", "x", "y"),
        ("suppression class", None, "quota"),
        ("suppression expires_unix", 1988150400.0, None),
        ("suppression", "y", None),
    ] == queue.select("SELECT what, before, after FROM audit WHERE object = 'a@b.example' ORDER BY audit_id")


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("INSERT INTO suppression (address) VALUES ('a')", "address takes"),
        ("INSERT INTO suppression (address) VALUES ('a b@c.example')", "address takes"),
        ("INSERT INTO suppression (address) VALUES (NULL)", "address takes"),
        ("INSERT INTO suppression (address) VALUES ('OLD@b.example')", "suppressed already"),
        ("INSERT INTO suppression (address, source) VALUES ('a@b.example', 'x')", "no other column"),
        ("INSERT INTO suppression (address, expires_at) VALUES ('a@b.example', 'soon')", "expires_at takes"),
        ("INSERT INTO suppression (address, expires_at, expires_unix) VALUES ('a@b.example', 'now', 2e9)", "not both"),
        ("UPDATE suppression SET expires_at = 'now', expires_unix = 2e9", "not both"),
        ("UPDATE suppression SET address = 'a@b.example'", "DELETE the row"),
    ],
)
def test_what_a_row_cannot_be_is_refused_with_a_sentence(queue, statement, words):
    """
    The person who typed it reads what to type instead.
    """
    queue.write("INSERT INTO suppression (address) VALUES ('old@b.example')")
    with pytest.raises(apsw.ConstraintError, match=f"empath: .*{words}"):
        queue.write(statement)
