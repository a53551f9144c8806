"""The rules of destinations as a process follows them."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from empath.config import load_config
from empath.daemon.housekeeper.rule_follower import RuleFollower
from empath.daemon.process.rules import Rules
from empath.errors import StorageFailure
from empath.mail.identity import Timestamp
from empath.telemetry.occurrences.housekeeper import RuleUnusable
from empath.telemetry.occurrences.process import RulesUnread
from tests.kit.process import configuration
from tests.kit.queue import T0, Queue, write

RULE = "INSERT INTO destination_rule (pattern, setting, value"


class Following:
    """Rules over a queue, with a clock and the occurrences."""

    def __init__(self, queue, config):
        self.now = Timestamp(T0)
        self.seen: list[Any] = []
        self.emit = cast(Any, self.seen.append)
        self.reader = queue.engine.open_reader()
        self.rules = Rules(config, self.reader, self.emit, lambda: self.now)
        self.queue = queue

    def limits(self):
        """The limits of connections, by destination."""
        return dict(self.queue.select("SELECT name, max_leases FROM _destination"))


@pytest.fixture
def following(tmp_path):
    file = tmp_path / "empath.toml"
    file.write_text(configuration(2525, '[destinations."*"]\nconcurrency = 9'))
    queue = Queue(tmp_path / "queue.db")
    yield Following(queue, load_config(file))
    queue.close()


def test_the_book_follows_the_view_and_stays_the_same_object_otherwise(following):
    """
    What follows from a rule may be kept as long as the book is the same.
    """
    rules, queue = following.rules, following.queue
    assert 9 == rules.begin_with("a.example").max_leases
    rules.look()
    before = rules.book
    queue.accept("a.example")
    rules.look()
    assert before is rules.book

    write(queue.path, f"{RULE}) VALUES ('a.example', 'concurrency', 2)")
    rules.look()
    assert [2, 9] == [rules.begin_with(name).max_leases for name in ("a.example", "b.example")]


def test_a_rule_ends_by_itself_also_while_nobody_removes_its_row(following):
    """
    The housekeeper may be away; an exception must not outlive its end.
    """
    write(following.queue.path, f"{RULE}, expires_unix) VALUES ('*', 'concurrency', 2, {T0 + 60})")
    following.rules.look()
    assert 2 == following.rules.begin_with("a.example").max_leases
    following.now = Timestamp(T0 + 60)
    following.rules.look()
    assert 9 == following.rules.begin_with("a.example").max_leases


def test_rules_that_cannot_be_read_stay_in_force(following):
    """
    A full disk must not change where and how mail goes. The log says so once.
    """
    rules, reader = following.rules, following.reader
    write(following.queue.path, f"{RULE}) VALUES ('*', 'concurrency', 2)")
    rules.look()

    class Broken:
        def news(self):
            raise StorageFailure("disk")

    rules.reader = Broken()
    rules.look()
    rules.look()
    assert ([RulesUnread(error="disk")], 2) == (following.seen, rules.begin_with("a.example").max_leases)
    write(following.queue.path, "UPDATE destination_rule SET value = 3")
    rules.reader = reader
    rules.look()
    assert 3 == rules.begin_with("a.example").max_leases


def follower(following, writer):
    return RuleFollower(
        following.rules, following.reader, writer, following.emit, now=lambda: following.now, rest=lambda: True
    )


def test_a_destination_is_suspended_outside_its_hours_and_opens_by_itself(following):
    """
    A lease needs to know nothing of hours; a destination that is new outside them begins suspended.
    """
    queue, midnight = following.queue, T0 - 80_000.0  # T0 is 22:13:20 UTC
    follow = follower(following, cast(Any, SimpleNamespace(commit=queue.run))).follow
    queue.accept("a.example")
    queue.accept("b.example")
    write(queue.path, f"{RULE}) VALUES ('a.example', 'schedule', '08:00-09:00 UTC')")
    follow()
    opens_at = midnight + 32 * 3600
    closed = (opens_at, "closed by schedule Mon Tue Wed Thu Fri Sat Sun 08:00-09:00 UTC")
    shown = "SELECT suspended_until, suspended_reason FROM _destination ORDER BY name"
    assert [closed, (None, None)] == queue.select(shown)
    assert (9, *closed) == following.rules.begin_with("a.example")

    following.now = Timestamp(opens_at)
    follow()
    assert [(None, None), (None, None)] == queue.select(shown)
    following.now = Timestamp(opens_at + 3600)
    follow()
    assert [(opens_at + 24 * 3600, closed[1]), (None, None)] == queue.select(shown)

    write(queue.path, "UPDATE destination SET suspended_until_unix = 2e9 WHERE destination = 'b.example'")
    write(queue.path, f"{RULE}) VALUES ('b.example', 'not_before', '2031-01-01')")
    follow()
    assert 2e9 == queue.select(shown)[1][0]
    write(queue.path, "DELETE FROM destination_rule")
    follow()
    assert [(None, None), (2e9, None)] == queue.select(shown)
    assert [(1, 0), (0, 1), (1, 0), (0, 1)] == [(each.closed, each.opened) for each in following.seen]


def test_an_order_of_a_person_is_not_taken_for_the_hours(following):
    """
    A suspension that a person makes longer while the destination is closed used to end with the next hours.
    """
    queue = following.queue
    follow = follower(following, cast(Any, SimpleNamespace(commit=queue.run))).follow
    queue.accept("a.example")
    write(queue.path, f"{RULE}) VALUES ('a.example', 'schedule', '08:00-09:00 UTC')")
    follow()
    write(queue.path, "UPDATE destination SET suspended_until_unix = 2e9")
    follow()
    assert [(2e9, None)] == queue.select("SELECT suspended_until, suspended_reason FROM _destination")
    following.now = Timestamp(2e9)
    follow()
    assert 2e9 < queue.select("SELECT suspended_until FROM _destination")[0][0]


def test_mail_waits_for_an_instant(following):
    """
    A destination that is moved to a new host must not get mail before it is ready.
    """
    write(following.queue.path, f"{RULE}) VALUES ('*', 'not_before', '2031-01-01 08:00')")
    following.rules.look()
    assert (9, 1_925_020_800.0, "closed by not_before 2031-01-01T08:00:00Z") == following.rules.begin_with("a.example")


def test_hours_in_a_zone_that_this_machine_does_not_know_do_not_count(following):
    """
    Mail that waits for ever would be worse; `doctor` says what is wrong.
    """
    write(following.queue.path, f"{RULE}) VALUES ('*', 'schedule', '08:00-09:00 Mars/Olympus')")
    following.rules.look()
    assert (9, None, None) == following.rules.begin_with("a.example")


def test_limits_follow_the_rules_and_reach_new_destinations(following):
    """
    A process that has not read the newest rules may make a destination; the next round mends it.
    """
    queue = following.queue

    writer: Any = SimpleNamespace(commit=queue.run)
    limits = follower(following, writer)
    queue.accept("a.example")
    queue.accept("b.example")
    assert {"a.example": 20, "b.example": 20} == following.limits()
    limits.follow()
    assert {"a.example": 9, "b.example": 9} == following.limits()

    write(queue.path, f"{RULE}) VALUES ('a.example', 'concurrency', 2)")
    write(
        queue.path,
        "INSERT INTO _destination_rule (pattern, setting, value, created_at, who) VALUES ('x', 'y', 'z', 1, 'a')",
    )
    limits.follow()
    limits.follow()
    assert {"a.example": 2, "b.example": 9} == following.limits()
    assert [RuleUnusable(rule=2, pattern="x", error="there is no setting 'y'")] == following.seen

    queue.accept("c.example")
    limits.follow()
    assert 9 == following.limits()["c.example"]

    write(queue.path, "DELETE FROM destination_rule")
    limits.follow()
    assert {"a.example": 9, "b.example": 9, "c.example": 9} == following.limits()


def test_a_warm_up_plan_of_the_file_holds_while_there_are_no_rows_for_it(tmp_path, following):
    """
    The rows of an operator come before the file, and the file counts again after them.
    """
    plan = '[warmup."new"]\naddress = "192.0.2.1"\nstarted_at = "2026-12-01"\ndays = "5"\n'
    (tmp_path / "empath.toml").write_text(configuration(2525, plan))
    rules = Following(following.queue, load_config(tmp_path / "empath.toml")).rules
    found = [rules.warmups.find("192.0.2.1", "mx.a.example")]
    for change in (
        "INSERT INTO warmup (address, provider, day, most_messages) VALUES ('192.0.2.1', '*', 1, 9)",
        "DELETE FROM warmup",
    ):
        write(following.queue.path, change)
        rules.look()
        found.append(rules.warmups.find("192.0.2.1", "mx.a.example"))
    assert ["new", None, "new"] == [plan and plan.name for plan in found]
