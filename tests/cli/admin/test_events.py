"""empath-admin events: what happened, who is told, and what they refused."""

import json
import os
import signal

import pytest

from empath.cli.admin.__main__ import main
from empath.cli.admin.output import NAME
from empath.errors import MissingInput, UsageError
from empath.policy.events.consumer import ConsumerOfFile
from empath.storage.admin import events as storage
from empath.storage.queue.events import KeepConsumers
from tests.cli.admin.kit import AdminTool
from tests.kit.forked import ForkedProcess
from tests.kit.queue import T0
from tests.kit.waiting import DEADLINE_S


def test_a_consumer_lets_events_be_written_and_listed(tool: AdminTool) -> None:
    """
    In the form that consumers get, or as a table.
    """
    assert "no consumer wants events" in tool.invoke("events", "list").stderr
    assert ["added crm"] == tool.lines("events", "add", "crm", "--type", "held", "--type", "accepted")
    tool.queue.accept("a.example", "b.example")
    tool.queue.write("UPDATE queue SET status = 'held' WHERE domain = 'a.example'")

    assert [(1, "accepted"), (2, "accepted"), (3, "held")] == [
        (each["id"], each["type"]) for each in tool.records("events", "list")
    ]
    assert [3] == [each["id"] for each in tool.records("events", "list", "--type", "held")]
    assert [2] == [each["id"] for each in tool.records("events", "list", "--recipient", "B.example")]
    assert [3] == [each["id"] for each in tool.records("events", "list", "--limit", "1")]
    assert [] == tool.records("events", "list", "--sender", "x@example.test")
    assert "r1@a.example" in tool.invoke("events", "list").stdout
    [crm] = tool.records("events", "consumers")
    assert ("crm", "program", "accepted held", 3) == (crm["name"], crm["kind"], crm["types"], crm["lag"])
    assert "crm" in tool.invoke("events", "consumers").stdout


def test_a_consumer_is_paused_resumed_moved_and_removed(tool: AdminTool) -> None:
    """
    As the view consumer takes it.
    """
    tool.lines("events", "add", "crm")
    tool.queue.accept()
    assert ["paused crm"] == tool.lines("events", "pause", "crm")
    assert "paused" == tool.record("events", "consumers")["state"]
    tool.lines("events", "resume", "crm")
    assert ["crm goes on after event 1"] == tool.lines("events", "replay", "crm", "--after", "1")
    assert ("active", 1) == tuple(tool.record("events", "consumers")[name] for name in ("state", "cursor"))
    assert ["removed crm"] == tool.lines("events", "remove", "crm")
    assert [] == tool.records("events", "consumers")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("remove", "nobody"), MissingInput),
        (("pause", "nobody"), MissingInput),
        (("dead", "--consumer", "nobody", "--drop"), MissingInput),
        (("dead", "--again", "--drop"), UsageError),
        (("follow",), UsageError),
    ],
)
def test_what_cannot_be_done_is_said(tool: AdminTool, arguments: tuple[str, ...], error: type[Exception]) -> None:
    """
    A typing error must not look like a success.
    """
    assert isinstance(tool.invoke("events", *arguments).exception, error)


def test_a_second_consumer_of_a_name_is_refused(tool: AdminTool) -> None:
    """
    Two programs that share a cursor would each miss events.
    """
    tool.lines("events", "add", "crm")
    assert isinstance(tool.invoke("events", "add", "crm").exception, UsageError)
    assert 2 == tool.invoke("events", "add", "x", "--type", "bonced").exit_code


def test_dead_letters_are_shown_sent_again_and_dropped(tool: AdminTool) -> None:
    """
    Those of one consumer, or all.
    """
    tool.queue.run(KeepConsumers([ConsumerOfFile("crm", "webhook")], now=T0))
    tool.queue.accept(count=3)
    add = (
        "INSERT INTO _event_aside (consumer, event_id, ulid, state, tries, since, next_try_at, last_error)"
        " SELECT 'crm', event_id, ulid, iif(event_id = 3, 'waiting', 'dead'), 10, 1e9, 1e9, 'HTTP status 400'"
        " FROM _event"
    )
    tool.queue.write(add)
    assert [1, 2] == [each["event_id"] for each in tool.records("events", "dead")]
    assert 3 == len(tool.records("events", "dead", "--all", "--consumer", "crm"))
    assert "HTTP status 400" in tool.invoke("events", "dead").stdout

    assert ["sends again: 2 events"] == tool.lines("events", "dead", "--again")
    assert [(1, "waiting", 0), (2, "waiting", 0), (3, "waiting", 10)] == tool.queue.select(
        "SELECT event_id, state, tries FROM event_aside"
    )
    tool.queue.write("UPDATE _event_aside SET state = 'dead'")
    assert ["dropped: 3 events"] == tool.lines("events", "dead", "--drop", "--consumer", "crm")
    assert [] == tool.queue.select("SELECT * FROM event_aside")


def test_events_are_followed_from_a_number_on(tool: AdminTool) -> None:
    """
    Those that are there at once, and then those that come.
    """
    tool.lines("events", "add", "crm")
    tool.queue.accept(count=3)
    tool.queue.close()
    reading, writing = os.pipe()
    argv = [NAME, "-c", str(tool.config), "events", "follow", "--after", "1", "--json"]
    with open(os.devnull, "wb") as nothing:
        process = ForkedProcess(main, argv, dict(os.environ), nothing, writing)
    os.close(writing)
    try:
        with open(reading, encoding="utf-8") as lines:
            assert [2, 3] == [json.loads(lines.readline())["id"] for _ in range(2)]
            tool.queue.accept()
            assert 4 == json.loads(lines.readline())["id"]
            process.send_signal(signal.SIGINT)
            assert "" == lines.read()
    finally:
        process.terminate()
    assert 0 == process.wait(DEADLINE_S)


def test_doctor_names_a_consumer_that_gets_no_events(tool: AdminTool) -> None:
    """
    With what to do: one that fails, one that is gone, and one with dead letters.
    """
    names = ("fails", "gone", "dead", "well")
    tool.queue.run(KeepConsumers([ConsumerOfFile(name, "webhook") for name in names], now=T0))
    tool.queue.accept()
    tool.queue.write(
        "UPDATE _consumer SET failures = 3, next_try_at = 9, last_error = 'timed out' WHERE name = 'fails'"
    )
    tool.queue.write("UPDATE _consumer SET state = 'gone', last_error = 'HTTP status 410' WHERE name = 'gone'")
    tool.queue.write(
        "INSERT INTO _event_aside (consumer, event_id, ulid, state, since, next_try_at)"
        " VALUES ('dead', 1, 'x', 'dead', 0, 0)"
    )
    found = {each.subject: (str(each.level), each.remedy) for each in storage.diagnose_consumers(tool.queue.engine)}
    assert ["ok", "warning", "warning", "warning"] == sorted(level for level, _ in found.values())
    assert "events resume gone" in str(found["events: gone"][1])
    assert "events dead --consumer dead" in str(found["events: dead"][1])
