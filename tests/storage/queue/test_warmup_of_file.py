"""Warm-up plans of the file: what is counted by them, and how they give way to rows."""

from dataclasses import replace

from empath.policy.warmup import DAY_S, WarmupPlan
from empath.storage.queue.warmup import BeginFileWarmups, CountWarmup, UncountWarmup, WaitForWarmup
from tests.kit.queue import Queue

START = 2_000_000_000.0
OF_ROWS = (
    "INSERT INTO warmup (address, provider, day, most_messages, started_unix) VALUES ('192.0.2.10', '*', 1, 5, 2e9)"
)
OF_FILE = WarmupPlan("192.0.2.10", "*", START, ((1, 2), (2, 3)), "new")


def count(queue: Queue) -> bool:
    return queue.done(CountWarmup(OF_FILE, day=1)).is_granted


def test_a_plan_of_the_file_is_counted_until_rows_stand_in_for_it(queue: Queue) -> None:
    """
    A process that has not heard of the rows must not make a destination wait for a day that they may have room for.
    """
    assert [True, True, False] == [count(queue) for _ in range(3)]
    queue.run(UncountWarmup(OF_FILE, day=1))
    assert [True, False] == [count(queue) for _ in range(2)]
    assert [("* @2000000000", 1, 2)] == queue.select("SELECT provider, day, messages FROM _warmup_use")
    queue.write(OF_ROWS)
    assert [True] * 5 == [count(queue) for _ in range(5)]
    assert [(1, 0)] == queue.select("SELECT day, messages FROM warmup")


def test_after_a_reload_only_the_plans_of_the_new_file_are_counted(queue: Queue) -> None:
    """
    The same start goes on counting. What waits for a day of an old plan is looked at again.
    """
    other = WarmupPlan("192.0.2.10", "*", START + 1, ((1, 2),), "new")
    for provider in ("*", OF_FILE.counted_as, other.counted_as):
        queue.write(f"INSERT INTO _warmup_use VALUES ('192.0.2.10', '{provider}', 1, 2)")
    queue.accept("a.example")
    queue.run(WaitForWarmup("a.example", until=START + DAY_S, words="192.0.2.10 to mx.a.example"))

    queue.run(BeginFileWarmups([OF_FILE]))

    assert [("*",), ("* @2000000000",)] == queue.select("SELECT provider FROM _warmup_use ORDER BY 1")
    assert [(None,)] == queue.select("SELECT suspended_until FROM destination")


def test_a_worker_of_before_a_reload_makes_no_mail_wait_for_its_old_plan(queue: Queue) -> None:
    """
    It may still be at work when the new housekeeper has ended all such waits.
    """
    new = replace(OF_FILE, days=((1, 9),))
    queue.accept("a.example")
    for of_file, is_suspended in (((OF_FILE,), False), ((), False), ((new,), True)):
        queue.run(BeginFileWarmups([new]))
        queue.run(WaitForWarmup("a.example", until=4e9, words="192.0.2.10 to mx.a.example", of_file=of_file))
        assert [(is_suspended,)] == queue.select("SELECT suspended_until IS NOT NULL FROM _destination")
