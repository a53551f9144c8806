"""The housekeeper moves waiting mail after a change of the routes, in the file or in rows."""

from types import SimpleNamespace
from typing import Any

import pytest
from gevent.event import Event

from empath.config import load_config
from empath.daemon.housekeeper.tidying import Tidying
from empath.daemon.process.rules import Rules
from empath.daemon.process.shared_reader import SharedReader
from empath.mail.identity import Timestamp
from empath.telemetry.occurrences.housekeeper import RoutesFollowed
from tests.kit.process import configuration
from tests.kit.queue import T0, Queue, write

RULE = "INSERT INTO destination_rule (pattern, setting, value, expires_unix"


class QueueWriter:
    """Commits each write at once, in this thread."""

    def __init__(self, queue):
        self.queue = queue

    def commit(self, write):
        self.queue.run(write)
        return write


class House:
    """A housekeeper's tidying over a queue, with a clock."""

    def __init__(self, queue, config):
        self.queue, self.config, self.now = queue, config, Timestamp(T0)
        self.seen: list[Any] = []
        emit: Any = self.seen.append
        rules = Rules(config, SharedReader(queue.engine.open_reader), emit, lambda: self.now)
        runtime: Any = SimpleNamespace(
            config=config,
            rules=rules,
            emit=emit,
            engine=queue.engine,
            writer=QueueWriter(queue),
            draining=Event(),
            child=SimpleNamespace(wake_fds=()),
        )
        self.rules = rules
        self.tidying = Tidying(runtime, queue.engine.open_reader())

    def destinations(self):
        """Where the mail waits after a look at the rules and a round."""
        self.rules.look()
        self.tidying.follow_routes()
        return [name for (name,) in self.queue.select("SELECT destination FROM queue ORDER BY recipient_id")]


@pytest.fixture
def house(tmp_path):
    file = tmp_path / "empath.toml"
    routes = (
        '"*" = "mx"\n"table.example" = "smtp://table"\n[destinations."file.example"]\nroute = "smtp://a*2, smtp://b"'
    )
    file.write_text(configuration(2525, routes=routes))
    queue = Queue(tmp_path / "queue.db")
    yield House(queue, load_config(file))
    queue.close()


def test_a_row_moves_waiting_mail_and_its_end_moves_it_back(house):
    """
    Mail of a suspended or failing destination gets no lease that would route it again.
    """
    house.queue.accept("a.example", "table.example", "file.example")
    before = ["a.example", "smtp:table:25", "smtp:a:25,smtp:b:25"]
    assert before == house.destinations()

    write(house.queue.path, f"{RULE}) VALUES ('a.example', 'route', 'smtp://row', NULL)")
    write(house.queue.path, f"{RULE}) VALUES ('*', 'route', 'smtp://all', NULL)")
    assert ["smtp:row:25", *before[1:]] == house.destinations()
    assert [2, 1] == [each.recipients for each in house.seen if isinstance(each, RoutesFollowed)]

    write(house.queue.path, "DELETE FROM destination_rule")
    assert before == house.destinations()


def test_other_rules_walk_over_nothing(house):
    """
    A rule of concurrency has nothing to do with routes, and a queue may hold millions.
    """
    house.queue.accept("a.example")
    house.destinations()
    router = house.rules.router
    write(house.queue.path, f"{RULE}) VALUES ('a.example', 'concurrency', 2, NULL)")
    house.destinations()
    assert router is house.rules.router


def test_another_process_may_have_moved_the_mail_already(house):
    """
    A housekeeper that starts anew reads so in the queue.
    """
    house.queue.accept("a.example")
    house.destinations()
    again = House(house.queue, house.config)
    assert ["a.example"] == again.destinations()
    assert [] == again.seen
