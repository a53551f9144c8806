"""Live traces of dialogues, over real sockets."""

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.threadpool import ThreadPool

from empath.daemon.process.dialogues import Dialogue, Dialogues, Hearing
from empath.daemon.process.live_traces import LINES_A_SECOND, MOST_TRACES, QUEUED_OCTETS, LiveTraces
from empath.daemon.process.trace_sockets import TraceReader, traces_directory
from empath.policy.service_part import About, ServicePart
from empath.smtp.transcript import TranscriptLine
from empath.telemetry.occurrence import Emitter, Occurrence
from empath.telemetry.occurrences.acceptor import ClientDialogue
from empath.telemetry.occurrences.process import TraceBegan, TraceEnded, TracesUnserved

CLIENT = ServicePart.parse("client", "192.0.2.0/24")
ABOUT = [About("smtp", client="192.0.2.7")]


def until(condition: Callable[[], object]) -> None:
    """Let the other greenlets run until *condition* holds."""
    with gevent.Timeout(10):
        while not condition():
            gevent.sleep(0.001)


def as_occurrence(dialogue: Dialogue, line: TranscriptLine) -> Occurrence:
    """The line of the log."""
    return ClientDialogue(client=dialogue.peer, listener="", session=0, speaker=line.speaker, text=line.text)


class Service:
    """The traces of one process."""

    def __init__(self, queue: Path, *, is_debug: bool = False) -> None:
        self.now = 0.0
        self.seen: list[Occurrence] = []
        self.queue = queue
        emit = Emitter("a", (lambda _, what: self.seen.append(what),), wants_about=lambda _, __: is_debug)
        self.dialogues = Dialogues(emit)
        self.traces = LiveTraces(queue, ("acceptor-1", 1), self.dialogues, emit, clock=lambda: self.now)
        self._serving: list[gevent.Greenlet[..., Any]] = []
        self.traces.serve(lambda duty: self._serving.append(gevent.spawn(duty)))

    def hearing(self, abouts: list[About] = ABOUT) -> Hearing | None:
        """What a dialogue has to fill."""
        return self.dialogues.hearing(Dialogue("192.0.2.7", 5), abouts, ClientDialogue, as_occurrence)

    def say(self, text: str, times: int = 1) -> None:
        """Let a client say something."""
        hearing = self.hearing()
        assert hearing is not None
        for _ in range(times):
            hearing.transcript.note(text)
            hearing.tell()

    def end(self) -> None:
        self.traces.end()
        gevent.joinall(self._serving, timeout=5)


class Watcher:
    """One connection to the socket of a process, without anything of Empath."""

    def __init__(self, service: Service, request: bytes) -> None:
        self._stream = gevent.socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._stream.connect(str(traces_directory(service.queue) / "acceptor-1.1"))
        self._stream.settimeout(5)
        self._stream.sendall(request)
        self._file = self._stream.makefile("rb")

    def read(self) -> dict[str, Any]:
        """The next record."""
        record: dict[str, Any] = json.loads(self._file.readline())
        return record

    def close(self) -> None:
        self._file.close()
        self._stream.close()


def request(**more: object) -> bytes:
    """What a command asks for."""
    return (
        json.dumps({"scope": "client", "pattern": "192.0.2.0/24", "for_s": 60, "who": "root"} | more).encode() + b"\n"
    )


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    made = Service(tmp_path / "queue.db")
    yield made
    made.end()


def test_nobody_listens_and_a_dialogue_keeps_nothing(service):
    """
    The price of a trace that is not there is one comparison of numbers.
    """
    assert service.dialogues.beginning == service.dialogues.number
    assert service.hearing() is None


def test_a_trace_gives_lines_of_its_part_until_its_reader_goes(service):
    """
    A command that is killed leaves nothing behind: the kernel closes its socket.
    """
    watcher = Watcher(service, request())
    assert {"process": "acceptor-1", "begun": "client 192.0.2.0/24"} == watcher.read()
    assert service.dialogues.beginning != service.dialogues.number
    service.say("EHLO \x1b[2J")
    record = watcher.read()
    assert ("192.0.2.7", 5, "-", "EHLO \\x1b[2J") == tuple(
        record[key] for key in ("peer", "session", "speaker", "text")
    )
    assert service.hearing([About("smtp", client="198.51.100.1")]) is None
    watcher.close()
    until(lambda: service.hearing() is None)
    assert service.dialogues.beginning == service.dialogues.number
    assert [
        TraceBegan(part="client 192.0.2.0/24", for_s=60, who="root"),
        TraceEnded(part="client 192.0.2.0/24", who="root", lines=1, left_out=0, reason="its reader has gone"),
    ] == service.seen


def test_a_trace_ends_when_its_time_is_over(service):
    """
    Nobody has to remember it.
    """
    watcher = Watcher(service, request(for_s=0.05))
    watcher.read()
    service.now = 1.0
    assert {"process": "acceptor-1", "ended": "its time is over", "left_out": 0} == watcher.read()
    watcher.close()


def test_a_trace_says_how_many_lines_came_too_fast(service):
    """
    A client that sends thousands of commands must not cost the process more than it may.
    """
    watcher = Watcher(service, request())
    watcher.read()
    service.say("NOOP", times=LINES_A_SECOND + 7)
    records = []
    while "left_out" not in (record := watcher.read()):
        records.append(record)
    assert 7 <= record["left_out"] == LINES_A_SECOND + 7 - len(records)
    service.now = 1.0
    service.say("QUIT")
    assert "QUIT" == watcher.read()["text"]
    watcher.close()


def test_memory_for_a_reader_that_does_not_read_is_bounded(service):
    """
    Mail goes on, and the trace loses lines.
    """
    watcher = Watcher(service, request())
    watcher.read()
    text = "x" * 900
    for _ in range(20):
        service.now += 1.0
        service.say(text, times=100)
    (trace,) = service.traces.traces
    assert trace.waiting_octets <= QUEUED_OCTETS + 2_000
    assert trace.left_out > 0
    watcher.close()


@pytest.mark.parametrize(
    "asked",
    [
        b"\n", b"[]\n", b"{\n", b"x" * 5000, request(scope="area", pattern="smtp"), request(scope="host"),
        request(pattern="mx.example"), request(for_s=0), request(for_s=1e9), request(for_s="5"), request(pattern=5),
        b'{"for_s": NaN, "scope": "client", "pattern": "::1"}\n',
    ],
)  # fmt: skip
def test_what_is_no_request_has_an_error(service, asked):
    """
    Any program of the user may connect.
    """
    watcher = Watcher(service, asked)
    assert ["error"] == list(watcher.read())
    watcher.close()
    assert service.hearing() is None


def test_there_are_few_traces_at_once(service):
    """
    Each costs memory and time.
    """
    watchers = [Watcher(service, request()) for _ in range(MOST_TRACES)]
    for watcher in watchers:
        watcher.read()
    one_more = Watcher(service, request())
    assert {"error": f"{MOST_TRACES} traces are under way already"} == one_more.read()
    for watcher in (*watchers, one_more):
        watcher.close()


def test_the_log_gets_lines_where_it_wants_them(tmp_path):
    """
    A level for a client shows what it says.
    """
    service = Service(tmp_path / "queue.db", is_debug=True)
    service.dialogues.levels_changed(are_there=True)
    assert service.dialogues.beginning != service.dialogues.number
    service.say("EHLO")
    assert [ClientDialogue(client="192.0.2.7", listener="", session=0, speaker="-", text="EHLO")] == service.seen
    service.dialogues.levels_changed(are_there=False)
    assert service.dialogues.beginning == service.dialogues.number
    service.dialogues.level_is("debug")
    assert service.dialogues.beginning != service.dialogues.number
    service.end()


def test_a_process_that_cannot_make_its_socket_carries_mail_without(tmp_path):
    """
    Traces are a help, not a need.
    """
    traces_directory(tmp_path / "queue.db").write_text("not a directory")
    service = Service(tmp_path / "queue.db")
    assert [TracesUnserved] == [type(what) for what in service.seen]
    service.end()


def test_a_reader_sees_all_processes_also_those_that_begin_later(tmp_path):
    """
    A reload makes new processes while somebody watches.
    """
    reader = TraceReader(tmp_path / "queue.db", CLIENT, 60, "root")
    records: list[dict[str, Any]] = []

    def read() -> None:
        for record in reader.records():
            if record is not None:
                records.append(record)
            if any("text" in each for each in records):
                return

    pool = ThreadPool(1)
    reading = pool.spawn(read)
    service = Service(tmp_path / "queue.db")
    until(lambda: service.hearing() is not None)
    service.say("EHLO")
    reading.get(timeout=10)
    assert ["begun", "text"] == [next(key for key in ("begun", "text") if key in each) for each in records]
    service.end()
    pool.kill()


def test_a_reader_of_a_service_that_never_ran_ends_with_its_time(tmp_path):
    """
    There is no directory yet.
    """
    assert {None} == set(TraceReader(tmp_path / "queue.db", CLIENT, 0.01, "root").records())
