"""test_orders - people write through the views of PostgreSQL as they do on SQLite"""

from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import psycopg
import pytest

from empath.errors import StatementRefused, UsageError
from empath.mail.status import RecipientStatus
from empath.storage.admin.orders import Order, Verb
from empath.storage.admin.selection import Selection
from empath.storage.admin.steering import Steering
from empath.storage.engine import Condition
from empath.storage.open_views import OPEN_VIEWS
from empath.storage.queries import script
from empath.storage.queue.put_back import EndLease
from empath.storage.refusals import code_of, codes, public_views
from tests.kit.queue import T0, new_queue

if TYPE_CHECKING:
    from tests.kit.postgresql import PostgresQueue


def ordered(queue: "PostgresQueue", verb: Verb, selection: Selection, *, deadline_s: float | None = 5.0) -> list[str]:
    """Carry an order out; its effects, in the order of the numbers."""
    order = Order(verb, "admin:joe", T0 + 60.0)
    with Steering(queue.engine, order, selection, deadline_s=deadline_s) as steering:
        return [change.effect.value for page in steering.changes() for change in page]


def test_views_have_the_columns_of_sqlite(queue: "PostgresQueue", tmp_path: Path) -> None:
    """
    Statements of people and of the documentation are the same on both engines.
    """
    found = queue.select(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'empath' AND table_name IN (SELECT viewname FROM pg_views WHERE schemaname = 'empath')"
        " ORDER BY table_name, ordinal_position"
    )
    views: dict[str, list[str]] = {}
    for view, column in found:
        if not view.startswith("_"):
            views.setdefault(view, []).append(column)

    new_queue(tmp_path / "queue.db")
    file = apsw.Connection(str(tmp_path / "queue.db"))
    names = {
        view: [name for (name,) in file.execute("SELECT name FROM pragma_table_info(?)", (view,))]
        for view in public_views()
    }
    file.close()
    assert names == views


def test_each_public_view_can_be_read(queue: "PostgresQueue") -> None:
    """
    A view is checked when it is made, and its values only when they are computed.
    """
    queue.accept("a.example", "b.example")
    [lease, _] = queue.lease()
    queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED))
    queue.write("INSERT INTO _setting (name, value) VALUES ('queue_at', ?)", str(T0 + 1))
    for view in public_views():
        queue.select(f"SELECT * FROM {view}")
    assert [("a.example",), ("b.example",)] == queue.select("SELECT domain FROM queue_at ORDER BY domain")


def test_sentences_have_the_codes_of_sqlite() -> None:
    """
    A person who looks a code up finds the same page, whatever engine has refused the order.
    """
    text = script("postgresql/control.sql") + script("postgresql/schema.sql")
    own = {"max_leases cannot be set on PostgreSQL", "this view is read only on PostgreSQL"}
    said = [part.partition("')")[0].replace("''", "'") for part in text.split("PERFORM _no('")[1:]]

    assert len(said) > 20
    assert [] == [each for each in said if each not in codes() and not any(each.startswith(begin) for begin in own)]


def test_orders_move_recipients_and_the_audit_names_their_author(queue: "PostgresQueue") -> None:
    """
    Hold, release, bounce and delete of mail that waits, with a report where the sender expects one.
    """
    queue.accept("a.example", "b.example", "c.example")
    every = Selection()

    assert ["changed", "changed", "changed"] == ordered(queue, Verb.HOLD, every)
    assert ["held", "held", "held"] == queue.statuses()
    assert [] == queue.lease()
    assert ["changed"] == ordered(queue, Verb.RELEASE, Selection(domain="a.example"))
    assert ["changed"] == ordered(queue, Verb.BOUNCE, Selection(domain="b.example"))
    assert ["changed"] == ordered(queue, Verb.DELETE, Selection(domain="c.example"))

    assert ["queued", "bounced", "cancelled"] == queue.statuses()
    assert [(2, "failure")] == queue.select("SELECT recipient_id, kind FROM _notice")
    assert [("admin:joe",)] == queue.select("SELECT DISTINCT who FROM audit")
    assert [("queued", "held"), ("held", "queued")] == queue.select(
        "SELECT before, after FROM audit WHERE recipient_id = 1 AND what = 'status' ORDER BY audit_id"
    )
    assert ["a.example"] == [lease.destination for lease in queue.lease()]


def test_an_order_for_a_leased_recipient_waits_for_the_end_of_its_lease(queue: "PostgresQueue") -> None:
    """
    The worker is in the middle of its mail: what it finds out counts, and then the order.
    """
    queue.accept()
    [lease] = queue.lease()

    assert ["ordered"] == ordered(queue, Verb.HOLD, Selection())
    assert [("leased", "held")] == queue.select("SELECT status, ordered FROM queue")

    queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED))
    assert ["held"] == queue.statuses()


def test_mail_that_is_made_due_is_leased_at_once(queue: "PostgresQueue") -> None:
    """
    The order rings the bell of the destination; nothing else would wake it before the old instant.
    """
    queue.accept()
    [lease] = queue.lease()
    queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED, next_retry_at=T0 + 9_000.0))
    queue.run(EndLease(lease.lease_id, destination=lease.destination, is_failing=False, now=T0 + 2))
    assert [] == queue.lease(now=T0 + 60.0)

    assert ["changed"] == ordered(queue, Verb.RETRY, Selection())
    assert 1 == len(queue.lease(now=T0 + 61.0))


def test_a_bounced_recipient_is_queued_again_without_its_report(queue: "PostgresQueue") -> None:
    """
    A bounce that was a mistake is taken back before its report goes out.
    """
    queue.accept()
    ordered(queue, Verb.BOUNCE, Selection())
    with pytest.raises(psycopg.errors.CheckViolation, match="only the retention of the configuration"):
        queue.write("DELETE FROM history")
    queue.write("UPDATE history SET status = 'queued'")

    assert ["queued"] == queue.statuses()
    assert [] == queue.select("SELECT 1 FROM _notice")


def test_a_rehearsal_changes_nothing(queue: "PostgresQueue") -> None:
    """
    It reads in a transaction that cannot write.
    """
    queue.accept()
    assert ["changed"] == ordered(queue, Verb.DELETE, Selection(), deadline_s=None)
    assert ["queued"] == queue.statuses()


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("INSERT INTO queue (id) VALUES ('x')", "mail comes in by SMTP only"),
        ("UPDATE queue SET status = 'delivered'", "only the next hop makes a recipient delivered"),
        ("UPDATE queue SET status = 'leased'", "only a worker leases a recipient"),
        ("UPDATE queue SET status = NULL", "status takes held, queued, bounced, expired or cancelled"),
        ("UPDATE queue SET status = 'deferred'", "a recipient cannot make this move"),
        ("UPDATE queue SET sender = 'x@y.example'", "no other column can be set"),
        ("UPDATE queue SET priority = 5", "priority takes 0"),
        ("UPDATE queue SET next_retry_at = 'soon'", "next_retry_at takes Unix seconds"),
        ("UPDATE queue SET next_retry_at = '2026-02-30'", "next_retry_at takes Unix seconds"),
        ("UPDATE queue SET next_retry_unix = NULL", "next_retry_at takes Unix seconds"),
        ("UPDATE queue SET expires_at = '+11 years'", "expires_at takes Unix seconds"),
        ("UPDATE queue SET next_retry_at = 'now', next_retry_unix = 1", "set next_retry_at or next_retry_unix"),
        ("UPDATE destination SET leases = 9", "destination takes suspended_until"),
        ("UPDATE destination SET max_leases = 9", "max_leases cannot be set on PostgreSQL yet"),
        ("UPDATE destination SET suspended_reason = 'x'", "a reason needs a suspension"),
        ("DELETE FROM destination", "a destination cannot be removed"),
        ("INSERT INTO control (verb) VALUES ('dance')", "verb takes reload"),
        ("INSERT INTO control (verb, argument) VALUES ('freeze', 'x')", "this verb takes no argument"),
        ("INSERT INTO control (verb, argument) VALUES ('flush', 'x')", "there is no such destination"),
        ("INSERT INTO control (verb, who) VALUES ('thaw', 'x')", "control takes verb, argument and node"),
        ("DELETE FROM control", "an order cannot be removed"),
        ("INSERT INTO alias (pattern, target) VALUES ('a', 'b')", "this view is read only on PostgreSQL as yet"),
        ("DELETE FROM audit", "this view is read only on PostgreSQL as yet"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(queue: "PostgresQueue", statement: str, sentence: str) -> None:
    """
    A view that PostgreSQL could write by itself is no way around the rules.
    """
    queue.accept()
    queue.write("INSERT INTO control (verb) VALUES ('thaw')")

    with pytest.raises(psycopg.errors.CheckViolation) as refused:
        queue.write(statement)
    words = str(refused.value).partition("\n")[0]
    assert words.startswith("empath: ")
    assert sentence in words
    assert "PostgreSQL" in words or code_of(words) is not None


@pytest.mark.parametrize(
    ("given", "unix"),
    [
        ("2026-02-28 12:00:00", 1_772_280_000.0), ("2026-02-28", 1_772_236_800.0),
        ("2026-02-28T12:00:00Z", 1_772_280_000.0), ("2026-02-28 12:00:00+02:00", 1_772_272_800.0),
        ("1772280000", 1_772_280_000.0), ("1772280000.25", 1_772_280_000.25),
    ],
)  # fmt: skip
def test_an_instant_is_read_as_on_sqlite(queue: "PostgresQueue", given: str, unix: float) -> None:
    """
    UTC text and Unix seconds, in the column for people.
    """
    assert [(unix,)] == queue.select("SELECT _instant(?, 1.0)", given)


def test_a_shift_is_read_from_now(queue: "PostgresQueue") -> None:
    """
    A person says in how long, not when.
    """
    assert [(T0 + 5400.0, T0 - 86_400.0, T0)] == queue.select(
        f"SELECT _instant('+90 minutes', {T0}), _instant('-1 day', {T0}), _instant('now', {T0})"
    )


def test_a_suspension_stops_a_destination_until_it_ends(queue: "PostgresQueue") -> None:
    """
    The worker follows it at its next lease, and its reason goes with it.
    """
    queue.accept()
    queue.write(f"UPDATE destination SET suspended_until_unix = {T0} + 2e8, suspended_reason = 'repairs'")
    assert [] == queue.lease()
    [(blocked_by,)] = queue.select("SELECT blocked_by FROM queue")
    assert "(repairs)" in str(blocked_by)

    queue.write("UPDATE destination SET suspended_until = NULL")
    assert 1 == len(queue.lease())
    assert [(None, None)] == queue.select("SELECT suspended_until, suspended_reason FROM _destination")


def test_orders_to_the_service_are_carried_out_by_their_statement(queue: "PostgresQueue") -> None:
    """
    Freeze and flush act at once, the others wait for the nodes that run.
    """
    queue.accept(at=T0 + 5.0)
    [(number, who)] = queue.select("INSERT INTO control (verb) VALUES ('freeze') RETURNING control_id, who")
    assert (1, "sql") == (number, who)
    assert [] == queue.lease(now=T0 + 10.0)
    queue.write("INSERT INTO control (verb) VALUES ('thaw')")
    queue.write(f"UPDATE queue SET next_retry_unix = {T0} + 3e8")
    queue.write("INSERT INTO control (verb) VALUES ('flush')")
    assert [(True,)] == queue.select(f"SELECT next_retry_unix < {T0} + 3e8 FROM queue")
    queue.write("INSERT INTO control (verb) VALUES ('reload')")

    assert [("freeze", True), ("thaw", True), ("flush", True), ("reload", False)] == queue.select(
        "SELECT verb, result IS NOT NULL FROM control ORDER BY control_id"
    )
    assert [("mx.example.test",)] == queue.select("SELECT node FROM _control_outcome")


def test_a_person_s_own_sql_is_refused_as_a_condition(queue: "PostgresQueue") -> None:
    """
    A function that ends other sessions is a read to PostgreSQL.
    """
    with queue.engine.visiting(None) as visit, pytest.raises(UsageError, match="not built for PostgreSQL"):
        visit.check_condition(Condition("queue", (), {}, "pg_terminate_backend(1)"))


def test_a_command_that_reads_cannot_write(queue: "PostgresQueue") -> None:
    """
    Its connection is one that only reads, so that a mistake of ours changes nothing.
    """
    with queue.engine.visiting(None) as visit, pytest.raises(StatementRefused, match="read-only"):
        visit.run("put_back.end_lease", {"lease_id": 1})


def test_rows_of_a_view_are_read_by_key_and_shown_as_statements(queue: "PostgresQueue") -> None:
    """
    The API and `--show-sql` need both.
    """
    queue.accept("a.example", "b.example")
    view = OPEN_VIEWS["destination"]
    with queue.engine.visiting(5.0) as visit:
        assert ["a.example", "b.example"] == [row["destination"] for row in visit.view_page(view, None, 9)]
        assert ["b.example"] == [row["destination"] for row in visit.view_page(view, ["a.example"], 9)]
        assert "b.example" == visit.last_key(view)
        visit.update_row(view, {"destination": "a.example"}, {"suspended_until": "+1 hour"})
        assert visit.view_rows(view, {"destination": "a.example"})[0]["suspended_until_unix"] > T0
        condition = Selection(domain="it's").condition("queue")
        bindings = {"after": 0, "limit": 9, "now": T0}
        assert "domain = 'it''s'" in visit.text_of("selection.list_live", bindings, condition)
