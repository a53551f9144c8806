"""The rules of destinations as a process follows them."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from empath.config import load_config
from empath.daemon.housekeeper.connection_limits import ConnectionLimits
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
        self.opened = 0
        self.rules = Rules(config, self._open, self.emit, lambda: self.now)
        self.queue = queue

    def _open(self):
        self.opened += 1
        return self.reader

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
    assert 9 == rules.limit_of("a.example")
    rules.look()
    before = rules.book
    queue.accept("a.example")
    rules.look()
    assert before is rules.book

    write(queue.path, f"{RULE}) VALUES ('a.example', 'concurrency', 2)")
    rules.look()
    assert [2, 9] == [rules.limit_of(name) for name in ("a.example", "b.example")]
    assert 1 == following.opened


def test_a_rule_ends_by_itself_also_while_nobody_removes_its_row(following):
    """
    The housekeeper may be away; an exception must not outlive its end.
    """
    write(following.queue.path, f"{RULE}, expires_unix) VALUES ('*', 'concurrency', 2, {T0 + 60})")
    following.rules.look()
    assert 2 == following.rules.limit_of("a.example")
    following.now = Timestamp(T0 + 60)
    following.rules.look()
    assert 9 == following.rules.limit_of("a.example")


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

    rules._reader = Broken()
    rules.look()
    rules.look()
    assert ([RulesUnread(error="disk")], 2) == (following.seen, rules.limit_of("a.example"))
    write(following.queue.path, "UPDATE destination_rule SET value = 3")
    rules._reader = reader
    rules.look()
    assert 3 == rules.limit_of("a.example")


def test_limits_follow_the_rules_and_reach_new_destinations(following):
    """
    A process that has not read the newest rules may make a destination; the next round mends it.
    """
    queue = following.queue

    writer: Any = SimpleNamespace(commit=queue.run)
    limits = ConnectionLimits(following.rules, following.reader, writer, following.emit, lambda: True)
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
