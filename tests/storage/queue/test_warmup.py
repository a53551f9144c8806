"""The plans for new source addresses, as rows, and what was counted by them."""

import apsw
import pytest

from empath.policy.warmup import DAY_S, WarmupPlan
from empath.storage.queue.destination_rules import revision
from empath.storage.queue.warmup import CountWarmup, UncountWarmup, WaitForWarmup, warmup_plans
from tests.kit.queue import Queue

START = 2_000_000_000.0
NEW = "INSERT INTO warmup (address, provider, day, most_messages"
PLAN = WarmupPlan("192.0.2.10", "*", START, ((1, 5), (2, 7)))


def plan_rows(queue: Queue) -> None:
    queue.write(f"{NEW}, started_unix) VALUES ('192.0.2.10', '*', 1, 5, {START})")
    queue.write(f"{NEW}) VALUES ('192.0.2.10', '*', 2, 7)")


def count(queue: Queue, now: float, plan: WarmupPlan = PLAN) -> bool:
    most = plan.most(now)
    return most is None or queue.done(CountWarmup(plan, day=plan.day(now))).is_granted


def test_a_plan_is_read_as_it_was_written(queue: Queue) -> None:
    """
    The processes hear of it as of a rule.
    """
    reader = queue.engine.open_reader()
    before = revision(reader)
    plan_rows(queue)
    queue.write(f"{NEW}) VALUES ('2001:db8::1', '*.b.test', 3, 0)")
    assert before < revision(reader)
    first, second = warmup_plans(reader)
    assert PLAN == first
    assert ("2001:db8::1", "*.b.test", ((3, 0),)) == (second.address, second.provider, second.days)


def test_several_workers_keep_to_the_number_of_each_day(queue: Queue) -> None:
    """
    Each has its own connection to the queue; the sum is exact, day by day.
    """
    plan_rows(queue)
    others = [Queue(queue.path, slot=f"worker-{number}") for number in (8, 9)]
    workers = [queue, *others]
    for day, most in ((0, 5), (1, 7)):
        granted = [count(workers[turn % 3], START + day * DAY_S + turn) for turn in range(20)]
        assert most == sum(granted)
    assert count(queue, START + 2 * DAY_S)
    assert [(1, 5), (2, 7)] == queue.select("SELECT day, messages FROM warmup ORDER BY day")
    for other in others:
        other.close()
    assert {} == queue.violations()


def test_a_message_that_was_not_sent_is_taken_back_once(queue: Queue) -> None:
    plan_rows(queue)
    assert [True] * 5 + [False] == [count(queue, START) for _ in range(6)]
    queue.accept("a.example")
    queue.run(WaitForWarmup("a.example", until=START + DAY_S, words="192.0.2.10 to mx.a.example"))
    [(blocked_by,)] = queue.select("SELECT suspended_reason FROM destination")
    assert "warm-up: 192.0.2.10 to mx.a.example" == blocked_by
    queue.run(UncountWarmup(PLAN, day=1))
    assert [(None, None)] == queue.select("SELECT suspended_until, suspended_reason FROM destination")
    assert [True, False] == [count(queue, START) for _ in range(2)]
    queue.run(UncountWarmup(PLAN, day=2))
    assert [(1, 5), (2, 0)] == queue.select("SELECT day, messages FROM warmup ORDER BY day")


def test_a_day_without_mail_grants_nothing(queue: Queue) -> None:
    queue.write(f"{NEW}, started_unix) VALUES ('192.0.2.10', '*', 2, 5, {START})")
    assert not count(queue, START)
    queue.write(f"{NEW}) VALUES ('192.0.2.10', '*', 1, 0)")
    assert not count(queue, START)
    assert [] == queue.select("SELECT * FROM _warmup_use")


def test_another_start_begins_to_count_anew_and_another_number_does_not(queue: Queue) -> None:
    """
    More for today must not be more twice.
    """
    plan_rows(queue)
    assert count(queue, START)
    queue.write(f"{NEW}) VALUES ('192.0.2.10', '*', 1, 9)")
    assert [(9, 1, START)] == queue.select("SELECT most_messages, messages, started_unix FROM warmup WHERE day = 1")
    queue.write(f"{NEW}, started_at) VALUES ('192.0.2.10', '*', 1, 9, '2033-05-19 03:33:20')")
    assert [(START + DAY_S, 0)] == queue.select("SELECT DISTINCT started_unix, messages FROM warmup")


def test_the_rows_of_now_decide_for_a_worker_that_has_not_heard_of_a_change(queue: Queue) -> None:
    """
    Else it would make a destination wait for a day that has room.
    """
    plan_rows(queue)
    assert [True] * 5 + [False] == [count(queue, START) for _ in range(6)]
    queue.write(f"{NEW}) VALUES ('192.0.2.10', '*', 1, 6)")
    assert [True, False] == [count(queue, START) for _ in range(2)]
    queue.write("DELETE FROM warmup WHERE day = 2")
    assert count(queue, START + DAY_S)
    queue.write("DELETE FROM warmup")
    assert count(queue, START)
    assert [] == queue.select("SELECT * FROM _warmup_use")


def test_the_last_day_takes_its_count_along(queue: Queue) -> None:
    plan_rows(queue)
    assert count(queue, START)
    queue.write("DELETE FROM warmup")
    assert ([], []) == (queue.select("SELECT * FROM _warmup"), queue.select("SELECT * FROM _warmup_use"))
    assert [("warmup * day 1", None, 5), ("warmup * day 1", 5, None)] == queue.select(
        "SELECT what, before, after FROM audit WHERE what LIKE '%day 1' ORDER BY audit_id"
    )


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (f"{NEW}) VALUES ('host.example', '*', 1, 5)", "address takes"),
        (f"{NEW}) VALUES ('192.0.2.1', 'B.test', 1, 5)", "provider takes"),
        (f"{NEW}) VALUES ('192.0.2.1', 'mx*.test', 1, 5)", "provider takes"),
        (f"{NEW}) VALUES ('192.0.2.1', '*test', 1, 5)", "provider takes"),
        (f"{NEW}) VALUES ('192.0.2.1', '*', 0, 5)", "day takes"),
        (f"{NEW}) VALUES ('192.0.2.1', '*', 1, -5)", "most_messages takes"),
        (f"{NEW}) VALUES ('192.0.2.1', '*', 1, NULL)", "most_messages takes"),
        (f"{NEW}, messages) VALUES ('192.0.2.1', '*', 1, 5, 1)", "no other column"),
        (f"{NEW}, started_at) VALUES ('192.0.2.1', '*', 1, 5, 'soon')", "started_at takes"),
        (f"{NEW}, started_at, started_unix) VALUES ('192.0.2.1', '*', 1, 5, '-1 day', 2e9)", "not both"),
        ("UPDATE warmup SET most_messages = 6", "changes a day"),
    ],
)
def test_what_cannot_be_a_day_of_a_plan_is_refused(queue: Queue, statement: str, words: str) -> None:
    plan_rows(queue)
    with pytest.raises(apsw.Error, match=words):
        queue.write(statement)
