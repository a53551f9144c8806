"""empath-admin trace, with the sockets of a process."""

import json
from collections.abc import Iterator

import gevent
import pytest

from empath.cli.admin.trace import shown
from empath.daemon.process.dialogues import Dialogue, Dialogues
from empath.daemon.process.live_traces import LiveTraces
from empath.policy.service_part import About
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.acceptor import ClientDialogue
from tests.cli.admin.kit import AdminTool
from tests.kit.commands import CommandResult


class Process:
    """A process whose one client says HELO as soon as somebody listens."""

    def __init__(self, tool: AdminTool) -> None:
        emit = Emitter("", (), wants_about=lambda _, __: False)
        self.dialogues = Dialogues(emit)
        self.traces = LiveTraces(tool.queue.path, ("acceptor-1", 1), self.dialogues, emit)
        self.traces.serve(gevent.spawn)

    def talk(self) -> None:
        """Say it."""
        dialogue = Dialogue("192.0.2.1", 7)
        while True:
            hearing = self.dialogues.hearing(
                dialogue, [About("smtp", client="192.0.2.1")], ClientDialogue, lambda _, __: pytest.fail("not logged")
            )
            if hearing is not None:
                hearing.transcript.command(b"HELO \x1b[2J")
                hearing.tell()
                return
            gevent.sleep(0.001)


@pytest.fixture
def process(tool: AdminTool) -> Iterator[Process]:
    made = Process(tool)
    yield made
    made.traces.end()


def trace(tool: AdminTool, *arguments: str) -> CommandResult:
    """The command, in a thread: it waits as in a process of its own."""
    result: CommandResult = gevent.get_hub().threadpool.apply(tool.run, ("trace", *arguments))
    return result


def test_lines_are_shown_as_they_are_said(tool: AdminTool, process: Process) -> None:
    """
    What could steer a terminal is escaped.
    """
    talking = gevent.spawn(process.talk)
    result = trace(tool, "--client", "192.0.2.0/24", "--for", "1s")
    talking.get(timeout=5)
    assert result.out.rstrip().endswith(r" 192.0.2.1#7 C: HELO \x1b[2J")
    assert ["empath-admin: tracing client 192.0.2.0/24; Ctrl-C ends it", "empath-admin: 1 line"] == (
        result.err.splitlines()
    )


def test_programs_get_records(tool: AdminTool, process: Process) -> None:
    """
    Also those that say which process begins to trace.
    """
    talking = gevent.spawn(process.talk)
    result = trace(tool, "--client", "192.0.2.0/24", "--for", "1s", "--json")
    talking.get(timeout=5)
    records = [json.loads(line) for line in result.out.splitlines()]
    assert {"process": "acceptor-1", "begun": "client 192.0.2.0/24"} == records[0]
    assert ("C", "192.0.2.1") == (records[1]["speaker"], records[1]["peer"])


def test_without_a_service_there_is_nothing_to_trace(tool: AdminTool) -> None:
    """
    A person must not wait for five minutes to learn that.
    """
    result = tool.run("trace", "--destination", "a.example")
    assert (69, True) == (result.code, "the service does not run" in result.err)


def test_one_part_is_to_be_named(tool: AdminTool) -> None:
    """
    All of the traffic is what the log is for.
    """
    result = tool.run("trace")
    assert (64, True) == (result.code, "give one of --client, --destination, --id" in result.err)


def test_a_trace_lasts_a_day_at_most(tool: AdminTool) -> None:
    """
    The processes refused it as if one of them were missing.
    """
    result = tool.run("trace", "--client", "192.0.2.1", "--for", "2d")
    assert (64, True) == (result.code, "--for takes a duration up to 1d" in result.err)


def test_lines_that_came_too_fast_are_counted() -> None:
    """
    A gap must not look like silence.
    """
    assert "(worker-1 leaves out 2 lines)" == shown({"process": "worker-1", "left_out": 2})
    assert "" == shown({"process": "worker-1", "ended": "its time is over", "left_out": 2})
    record = {
        "at": 0.5,
        "peer": "mx.example[192.0.2.1]:25",
        "session": 0,
        "queue_id": "X",
        "speaker": "S",
        "text": "250",
    }
    assert "00:00:00.500 mx.example[192.0.2.1]:25 X S: 250" == shown(record)
