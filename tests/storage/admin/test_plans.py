"""Plans in SQL: prepared, carried out and taken back by any shell, and never on what something else has changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from empath.mail.status import RecipientStatus
from empath.storage.admin.plans import ACTS_ON, PlanVerb, predicate_of, read_predicate
from empath.storage.admin.records import Reference
from empath.storage.admin.selection import Selection
from tests.kit.queue import T0, Queue
from tests.kit.sqlites import SQLITES, Sqlite

FATES = "SELECT status, next_retry_at, priority FROM _recipient ORDER BY recipient_id"


def plan(queue: Queue, verb: str, where: str = "1", argument: str = "NULL") -> None:
    queue.write(f"INSERT INTO plan (verb, argument) VALUES ('{verb}', {argument})")
    queue.write(f"INSERT INTO plan_recipient (plan_id, recipient_id) SELECT 1, recipient_id FROM queue WHERE {where}")


@pytest.fixture(params=SQLITES)
def sqlite(request: pytest.FixtureRequest) -> Sqlite:
    """One SQLite, then the other."""
    made: Sqlite = request.param
    return made


@pytest.fixture
def waiting(queue: Queue) -> Queue:
    """Three recipients that were tried once and wait for an hour."""
    queue.accept("a.example", count=3)
    for lease in queue.lease():
        for number in range(len(lease.messages)):
            queue.run(queue.new_settle(lease, RecipientStatus.DEFERRED, message=number))
    assert [("deferred", T0 + 3600, 2)] * 3 == queue.select(FATES)
    return queue


@pytest.mark.parametrize(
    ("verb", "argument", "fate"),
    [
        ("hold", "NULL", "held"),
        ("delete", "NULL", "cancelled"),
        ("priority", "0", "deferred"),
        ("retry", "NULL", "deferred"),
    ],
)
def test_a_plan_is_carried_out_and_taken_back_by_any_shell(
    waiting: Queue, sqlite: Sqlite, verb: str, argument: str, fate: str
) -> None:
    """
    Afterwards all is as before: the status, the instant of the next attempt and the class.
    """
    plan(waiting, verb, argument=argument)
    assert [("planned", 3, 3, 0)] == waiting.select("SELECT state, recipients, planned, changed FROM plan")
    before = waiting.select(FATES)
    assert "" == sqlite(waiting.path, "UPDATE plan SET state = 'applied' WHERE plan_id = 1")
    assert before != waiting.select(FATES)
    assert {(fate,)} == {row[:1] for row in waiting.select(FATES)}
    assert [("applied", 3, 0)] == waiting.select("SELECT state, applied, changed FROM plan")
    assert "" == sqlite(waiting.path, "UPDATE plan SET state = 'undone'")
    after = waiting.select(FATES)
    expected = [("queued", *row[1:]) for row in before] if verb == "delete" else before
    assert expected == after
    assert [("undone", 3)] == waiting.select("SELECT state, undone FROM plan")


def test_a_release_is_taken_back_as_a_hold(waiting: Queue) -> None:
    """
    With the instant that it had.
    """
    waiting.write("UPDATE queue SET status = 'held'")
    before = waiting.select(FATES)
    plan(waiting, "release")
    waiting.write("UPDATE plan SET state = 'applied'")
    assert {("queued",)} == {row[:1] for row in waiting.select(FATES)}
    waiting.write("UPDATE plan SET state = 'undone'")
    assert before == waiting.select(FATES)


def test_deleted_held_mail_is_held_again(waiting: Queue) -> None:
    waiting.write("UPDATE queue SET status = 'held'")
    before = waiting.select(FATES)
    plan(waiting, "delete")
    waiting.write("UPDATE plan SET state = 'applied'")
    waiting.write("UPDATE plan SET state = 'undone'")
    assert before == waiting.select(FATES)


def test_what_changed_since_the_plan_keeps_it_from_being_carried_out(waiting: Queue, sqlite: Sqlite) -> None:
    """
    Until the changed recipients are taken out of it.
    """
    plan(waiting, "hold")
    waiting.write("UPDATE queue SET status = 'cancelled' WHERE recipient_id = 2")
    assert "recipients are not as they were planned" in sqlite(waiting.path, "UPDATE plan SET state = 'applied'")
    assert [(2, 1, "cancelled")] == waiting.select(
        "SELECT recipient_id, is_changed, status FROM plan_recipient WHERE is_changed"
    )
    assert "" == sqlite(waiting.path, "DELETE FROM plan_recipient WHERE is_changed")
    assert "" == sqlite(waiting.path, "UPDATE plan SET state = 'applied'")
    assert ["held", "cancelled", "held"] == [row[0] for row in waiting.select(FATES)]


def test_what_changed_since_it_was_carried_out_is_left_alone(waiting: Queue) -> None:
    """
    A person has released one of the held recipients: to take back the hold is not to undo that.
    """
    plan(waiting, "priority", argument="4")
    waiting.write("UPDATE plan SET state = 'applied'")
    waiting.write("UPDATE queue SET priority = 1 WHERE recipient_id = 2")
    waiting.write("UPDATE plan SET state = 'undone'")
    assert [2, 1, 2] == [row[2] for row in waiting.select(FATES)]
    assert [("undone", 1, 2, 1)] == waiting.select("SELECT state, applied, undone, changed FROM plan")


def test_each_change_is_in_the_audit(waiting: Queue) -> None:
    plan(waiting, "hold", "recipient_id = 1")
    waiting.write("UPDATE plan SET state = 'applied'")
    waiting.write("UPDATE plan SET state = 'undone'")
    waiting.write("DELETE FROM plan")
    rows = waiting.select("SELECT what, before, after, object FROM audit ORDER BY audit_id")
    assert [
        ("plan", None, "hold", "plan 1"),
        ("status", "deferred", "held", None),
        ("status", "held", "deferred", None),
        ("plan", "undone", None, "plan 1"),
    ] == rows


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("INSERT INTO plan (verb) VALUES ('burn')", "verb takes retry, hold"),
        ("INSERT INTO plan (verb) VALUES ('priority')", "argument takes 0 (first) to 4"),
        ("INSERT INTO plan (verb, argument) VALUES ('hold', 1)", "argument takes 0 (first) to 4"),
        ("INSERT INTO plan (verb, expires_unix) VALUES ('hold', 5e9)", "expires_unix takes Unix seconds"),
        ("INSERT INTO plan (verb, predicate) VALUES ('hold', CAST(x'ff' AS TEXT))", "text takes UTF-8"),
        ("UPDATE plan SET verb = 'delete'", "a plan takes only state"),
        ("UPDATE plan SET state = 'done'", "state takes 'applied'"),
        ("UPDATE plan SET state = 'undone'", "nothing of this plan has been carried out"),
        ("INSERT INTO plan_recipient (plan_id, recipient_id) VALUES (9, 1)", "there is no such plan"),
        ("INSERT INTO plan_recipient (plan_id, recipient_id) VALUES (1, 99)", "select by status"),
        ("INSERT INTO plan_recipient (plan_id, recipient_id, target) VALUES (1, 1, 'x')", "NULL for other verbs"),
        ("UPDATE plan_recipient SET target = 'x'", "takes only state"),
        ("UPDATE plan_recipient SET state = 'undone'", "after 'planned'"),
        ("UPDATE plan_recipient SET recipient = 'x'", "takes only state"),
    ],
)
def test_what_a_plan_does_not_take_is_refused(waiting: Queue, sqlite: Sqlite, statement: str, words: str) -> None:
    plan(waiting, "hold")
    assert words in sqlite(waiting.path, statement)


def test_a_plan_to_reroute_moves_mail_in_any_shell(waiting: Queue, sqlite: Sqlite) -> None:
    """
    Not what something else has moved since, and not to where no mail went yet: only the program makes a destination. It
    has no way back, because the next lease would route again.
    """
    waiting.accept("b.example")
    waiting.write("INSERT INTO plan (verb) VALUES ('reroute')")
    take = "INSERT INTO plan_recipient (plan_id, recipient_id, target) VALUES"
    assert "target takes the name of the destination" in sqlite(waiting.path, f"{take} (1, 1, NULL)")
    assert "" == sqlite(waiting.path, f"{take} (1, 1, 'b.example'), (1, 2, 'new.example')")
    shown = "SELECT recipient_id, planned_destination, target, destination, is_changed FROM plan_recipient"
    assert [(1, "a.example", "b.example", "a.example", 0), (2, "a.example", "new.example", "a.example", 0)] == (
        waiting.select(shown)
    )
    apply = "UPDATE plan SET state = 'applied'"
    assert "empath-admin apply makes it" in sqlite(waiting.path, apply)
    waiting.write("DELETE FROM plan_recipient WHERE recipient_id = 2")
    waiting.write("UPDATE _recipient SET destination_id = destination_id + 1 WHERE recipient_id = 1")
    assert "recipients are not as they were planned" in sqlite(waiting.path, apply)
    waiting.write("UPDATE _recipient SET destination_id = destination_id - 1 WHERE recipient_id = 1")
    assert "" == sqlite(waiting.path, apply)
    assert [(1, "a.example", "b.example", "b.example", 0)] == waiting.select(shown)
    moved = "SELECT recipient_id, before, after FROM audit WHERE what = 'destination'"
    assert [(1, "a.example", "b.example")] == waiting.select(moved)
    assert "would move it again" in sqlite(waiting.path, "UPDATE plan SET state = 'undone'")
    waiting.write("UPDATE _recipient SET destination_id = destination_id - 1 WHERE recipient_id = 1")
    assert [(1,)] == waiting.select("SELECT is_changed FROM plan_recipient")


@pytest.mark.parametrize("verb", ["bounce", "expire"])
def test_what_may_have_been_reported_has_no_way_back(waiting: Queue, sqlite: Sqlite, verb: str) -> None:
    plan(waiting, verb)
    waiting.write("UPDATE plan SET state = 'applied'")
    assert "the sender may have got a report" in sqlite(waiting.path, "UPDATE plan SET state = 'undone'")
    said = sqlite(waiting.path, "DELETE FROM plan_recipient")
    assert "stays in it, so that it can be undone" in said
    assert 3 == len(waiting.select("SELECT * FROM _notice"))


@pytest.mark.parametrize("verb", PlanVerb)
def test_a_plan_takes_the_recipients_that_its_verb_acts_on(waiting: Queue, sqlite: Sqlite, verb: PlanVerb) -> None:
    """
    In SQL as in empath-admin.
    """
    waiting.write("UPDATE queue SET status = 'held' WHERE recipient_id = 1")
    waiting.write("UPDATE queue SET status = 'queued' WHERE recipient_id = 2")
    waiting.write("UPDATE queue SET status = 'cancelled' WHERE recipient_id = 3")
    argument = "1" if verb is PlanVerb.PRIORITY else "NULL"
    waiting.write(f"INSERT INTO plan (verb, argument) VALUES ('{verb}', {argument})")
    target = "'b.example'" if verb is PlanVerb.REROUTE else "NULL"
    for number, status in ((1, "held"), (2, "queued"), (3, "cancelled")):
        values = f"(1, {number}, {target})"
        said = sqlite(waiting.path, f"INSERT INTO plan_recipient (plan_id, recipient_id, target) VALUES {values}")
        assert (status in ACTS_ON[verb], status) == (said == "", status)


def test_a_plan_that_is_over_does_nothing(waiting: Queue, sqlite: Sqlite) -> None:
    plan(waiting, "hold")
    waiting.write("UPDATE _plan SET expires_at = 1")
    assert "this plan is over" in sqlite(waiting.path, "UPDATE plan SET state = 'applied'")


def test_a_recipient_costs_the_same_in_a_plan_of_any_size(queue: Queue) -> None:
    """
    A look at all recipients of the plan for each new one took minutes for a hundred thousand.
    """
    queue.accept("a.example", count=800)
    connection, steps = queue.foreign(), [0, 0]

    def count() -> bool:
        steps[-1] += 1
        return False

    queue.write("INSERT INTO plan (verb) VALUES ('hold')")
    for half in (0, 1):
        steps = [*steps[:1], 0] if half else [0]
        connection.set_progress_handler(count, 100)
        queue.write(
            "INSERT INTO plan_recipient (plan_id, recipient_id)"
            f" SELECT 1, recipient_id FROM _recipient WHERE recipient_id % 2 = {half}"
        )
        connection.set_progress_handler(None)
    first, second = steps
    assert second < 1.5 * first


SELECTIONS = st.builds(
    Selection,
    st.lists(st.integers(1, 9).map(lambda number: Reference(None, number)), max_size=2).map(tuple),
    domain=st.none() | st.just("a.example"),
    received_before=st.none() | st.floats(0, 1e10),
    where=st.none() | st.text(max_size=9),
)


@given(SELECTIONS)
def test_a_selection_is_kept_whole(selection: Selection) -> None:
    assert selection == read_predicate(predicate_of(selection))


@given(st.none() | st.text() | st.dictionaries(st.text() | st.just("form"), st.integers() | st.text()).map(str))
def test_the_text_of_another_program_is_no_selection(text: str | None) -> None:
    assert read_predicate(text) is None
