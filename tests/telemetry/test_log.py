"""Levels, files, rotation, and a full disk."""

import fcntl
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from empath.errors import CannotCreate
from empath.mail.identity import Timestamp
from empath.policy.log_levels import LogLevels, PartLevel
from empath.policy.service_part import About, ServicePart
from empath.policy.tracing.context import TraceContext
from empath.telemetry.log import KEPT_OCTETS, Log, log
from empath.telemetry.occurrence import Occurrence, occurrence, traceback_text


@occurrence("warning")
class ThingHappened(Occurrence):
    """An occurrence with an optional text."""

    queue_id: str
    text: str | None = None


@occurrence("debug")
class Debug(Occurrence):
    """Level 1 of 5."""


@occurrence("info")
class Info(Occurrence):
    """Level 2 of 5."""


@occurrence("warning")
class Warned(Occurrence):
    """Level 3 of 5."""


@occurrence("error")
class Error(Occurrence):
    """Level 4 of 5."""


@occurrence("critical")
class Critical(Occurrence):
    """Level 5 of 5."""


@occurrence("error")
class Crashed(Occurrence):
    """An occurrence with a traceback."""

    exception: str


@pytest.fixture(autouse=True)
def _standard_error_again():
    yield
    log.configure("logfmt", "info", None)


def _events(file: Path) -> list[str]:
    return [json.loads(line)["event"] for line in file.read_text().splitlines()]


def _write(text: str) -> None:
    log.write("worker-1", ThingHappened(queue_id="X", text=text))


def _texts(file: Path) -> list[str]:
    return [json.loads(line)["text"] for line in file.read_text().splitlines()]


def test_a_line_has_instant_level_event_process_and_fields(tmp_path):
    """
    Keys are in reading order; None is left out.
    """
    log.configure("json", "info", tmp_path / "log")
    log.write("worker-1", ThingHappened(queue_id="X"))
    line = json.loads((tmp_path / "log").read_text())
    assert ["at", "level", "event", "process", "queue_id"] == list(line)
    assert ["warning", "thing_happened", "worker-1", "X"] == list(line.values())[1:]


@pytest.mark.parametrize("form", ["json", "logfmt", "text"])
def test_a_line_about_a_traced_message_ends_with_its_trace(tmp_path, form):
    """
    In each form; a line about anything else has none.
    """
    context = TraceContext("1" * 32, "2" * 16, is_sampled=True)
    log.configure(form, "info", tmp_path / "log")
    log.trace_by(lambda what: context if getattr(what, "queue_id", "") == "X" else None)
    try:
        for queue_id in ("X", "Y"):
            log.write("worker-1", ThingHappened(queue_id=queue_id))
    finally:
        log.trace_by(None)
    traced, other = (tmp_path / "log").read_text().splitlines()
    end = '"trace_id":"{}","span_id":"{}"}}' if form == "json" else "trace_id={} span_id={}"
    assert traced.endswith(end.format(context.trace_id, context.span_id))
    assert "trace_id" not in other


def test_lines_below_the_level_are_not_written(tmp_path):
    """
    The operator chooses the amount of the log.
    """
    log.configure("json", "warning", tmp_path / "log")
    for kind in (Debug, Info, Warned, Error, Critical):
        log.write("worker-1", kind())
    assert ["warned", "error", "critical"] == _events(tmp_path / "log")


def test_a_level_may_change_while_the_process_runs(tmp_path):
    """
    `empath-admin log-level debug` does this.
    """
    log.configure("json", "error", tmp_path / "log")
    log.write("worker-1", Debug())
    log.set_level("debug")
    log.write("worker-1", Debug())
    assert ["debug"] == _events(tmp_path / "log")


def test_an_exception_is_one_line(tmp_path):
    """
    A traceback of many lines would be many records.
    """
    log.configure("json", "info", tmp_path / "log")
    try:
        raise ValueError("bad\nvalue")
    except ValueError as exc:
        log.write("worker-1", Crashed(exception=traceback_text(exc)))
    line = json.loads((tmp_path / "log").read_text())
    assert line["exception"].endswith("ValueError: bad\nvalue")


def test_logfmt_is_the_other_form(tmp_path):
    """
    It is for people who read with grep.
    """
    log.configure("logfmt", "info", tmp_path / "log")
    log.write("worker-1", ThingHappened(queue_id="X", text="two words"))
    _, rest = (tmp_path / "log").read_text().split(" ", 1)
    assert 'level=warning event=thing_happened process=worker-1 queue_id=X text="two words"\n' == rest


def test_several_processes_append_to_one_file(tmp_path):
    """
    O_APPEND: no process overwrites the line of another, and `copytruncate` of logrotate works.
    """
    (tmp_path / "log").write_text('{"text": "before"}\n')
    log.configure("json", "info", tmp_path / "log")
    _write("after")
    os.truncate(tmp_path / "log", 0)
    _write("truncated")
    assert ["truncated"] == _texts(tmp_path / "log")


def test_a_reopened_log_leaves_the_file_that_was_moved_away(tmp_path):
    """
    Rotation depends on it.
    """
    log.configure("json", "info", tmp_path / "log")
    _write("first")
    (tmp_path / "log").rename(tmp_path / "log.1")
    log.reopen()
    _write("second")
    assert (["first"], ["second"]) == (_texts(tmp_path / "log.1"), _texts(tmp_path / "log"))


_ROTATED = """
import os, sys
from pathlib import Path
from empath.telemetry.log import log

file = Path(sys.argv[1])
log.configure("json", "info", file)
file.rename(file.with_name("log.1"))
log.reopen()
os.write(1, b"output\\n")
os.write(2, b"error\\n")
"""


@pytest.mark.parametrize(("first", "expected"), [("log", "log"), ("other", "other")])
def test_standard_error_follows_the_log_that_it_is_written_to(tmp_path, first, expected):
    """
    `empathd start` gives it the log file. In the file that was moved away no person would find a traceback, and its
    space would not come free. A file of its own is left alone.
    """
    with (tmp_path / first).open("ab") as standard:
        command = [sys.executable, "-c", _ROTATED, str(tmp_path / "log")]
        subprocess.run(command, check=True, stdout=standard, stderr=standard, timeout=30)
    assert {expected: "output\nerror\n", "log.1": ""} == {
        file.name: file.read_text() for file in tmp_path.iterdir() if file.name in (expected, "log.1")
    }


def test_a_log_that_cannot_be_reopened_goes_on_in_the_old_file(tmp_path):
    """
    A line in the old file is better than no line.
    """
    log.configure("json", "info", tmp_path / "log")
    (tmp_path / "log").rename(tmp_path / "log.1")
    (tmp_path / "log").mkdir()
    with pytest.raises(CannotCreate) as caught:
        log.reopen()
    assert f"cannot open the log file {tmp_path}/log: Is a directory" == str(caught.value)
    _write("kept")
    assert ["kept"] == _texts(tmp_path / "log.1")


_ASTRAY = """
import sys
from pathlib import Path
from tests.telemetry.test_log import ThingHappened, log

file = Path(sys.argv[1])
log.await_file("json", "info", file)
log.write("worker-1", ThingHappened(queue_id="X", text="before"))
waited = log.is_astray
file.parent.mkdir()
log.reopen()
log.write("worker-1", ThingHappened(queue_id="X", text="after"))
print(waited, log.is_astray)
"""


def test_a_log_that_waits_for_its_file_goes_to_standard_error(tmp_path):
    """
    In its own form, until the file can be opened.
    """
    command = [sys.executable, "-c", _ASTRAY, str(tmp_path / "gone" / "log")]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    assert ("True False\n", "before") == (done.stdout, json.loads(done.stderr)["text"])
    assert ["after"] == _texts(tmp_path / "gone" / "log")


def test_a_fifo_without_a_reader_is_refused(tmp_path):
    """
    Opening it would hang the process for ever.
    """
    os.mkfifo(tmp_path / "log")
    with pytest.raises(CannotCreate):
        log.configure("json", "info", tmp_path / "log")


@pytest.fixture
def stalled(tmp_path):
    """A log to a FIFO of one page, and the end of it for reading."""
    os.mkfifo(tmp_path / "fifo")
    reader = os.open(tmp_path / "fifo", os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    made = Log()
    made.configure("json", "info", tmp_path / "fifo")
    yield made, reader
    os.close(reader)


def _read(made: Log, reader: int) -> list[dict[str, object]]:
    """All lines, with a flush after each page that is read."""
    octets = b""
    while page := _page(reader):
        octets += page
        made.flush("worker-1")
    return [json.loads(line) for line in octets.splitlines()]


def _page(reader: int) -> bytes:
    try:
        return os.read(reader, 4096)
    except BlockingIOError:
        return b""


def test_lines_wait_for_a_reader_that_has_stalled(stalled):
    """
    A log driver that pauses costs no line, and no write waits for it.
    """
    made, reader = stalled
    for number in range(100):
        made.write("worker-1", ThingHappened(queue_id=str(number), text="x" * 300))
    assert made.output.is_waiting
    assert [str(number) for number in range(100)] == [line["queue_id"] for line in _read(made, reader)]
    assert not made.output.is_waiting


def test_lines_that_were_lost_are_counted_and_told(stalled):
    """
    The memory for waiting lines is bounded, and the log must show a gap.
    """
    made, reader = stalled
    written = 2 * KEPT_OCTETS // 1000
    for number in range(written):
        made.write("worker-1", ThingHappened(queue_id=str(number), text="x" * 1000))
    lost = made.output.lost
    assert 0 < lost < written
    *lines, told = _read(made, reader)
    assert [str(number) for number in range(written - lost)] == [line["queue_id"] for line in lines]
    assert ("log_lines_lost", lost, "worker-1") == (told["event"], told["lines"], told["process"])
    made.write("worker-1", Info())
    assert ["info"] == [line["event"] for line in _read(made, reader)]


def test_a_line_longer_than_the_pipe_is_written_whole(stalled):
    """
    Once its beginning is written, its end must follow before any other line.
    """
    made, reader = stalled
    for text in ("x" * 10_000, "short"):
        made.write("worker-1", ThingHappened(queue_id="X", text=text))
    assert ["x" * 10_000, "short"] == [line["text"] for line in _read(made, reader)]


def test_lines_that_a_full_disk_refuses_are_counted_and_told(tmp_path):
    """
    A full disk must not stop mail, and its log must show the gap.
    """
    made = Log()
    made.configure("json", "info", Path("/dev/full"))
    for _ in range(3):
        made.write("worker-1", Info())
    assert 3 == made.output.lost
    made.output.open(tmp_path / "log")
    made.write("worker-1", Info())
    assert ["log_lines_lost", "info"] == _events(tmp_path / "log")
    assert 0 == made.output.lost


@pytest.mark.parametrize("refused", [1, 3])
def test_a_line_after_a_torn_one_begins_anew(tmp_path, refused):
    """
    A full disk takes a part of a line, and nothing of those after it. The next one was glued to it, so that neither
    could be read.
    """
    made = Log()
    made.configure("json", "info", tmp_path / "log")
    made.write("worker-1", Info())
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "log").stat().st_size + 20, limits[1]))
    try:
        for _ in range(refused):
            made.write("worker-1", Info())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    made.write("worker-1", Info())

    first, torn, *rest = (tmp_path / "log").read_bytes().splitlines()
    assert (20, ["log_lines_lost", "info"]) == (len(torn), [json.loads(line)["event"] for line in rest])
    assert "info" == json.loads(first)["event"]


@occurrence("debug", area="dns")
class Looked(Occurrence):
    """An occurrence about a destination."""

    destination: str


def test_a_part_of_the_service_has_a_level_of_its_own(tmp_path):
    """
    Who looks for a fault of one destination does not want to see all of them.
    """
    own = Log()
    own.configure("json", "info", tmp_path / "log")
    part = ServicePart.parse("destination", "a.example")
    own.set_levels(LogLevels([PartLevel(part, 10, Timestamp(1))]))
    assert own.wants(Looked)
    assert not own.wants_about(Looked, About("dns", destination="b.example"))
    for destination in ("a.example", "b.example"):
        own.write("worker-1", Looked(destination=destination))
    own.write("worker-1", Info())
    own.set_level("error")
    own.write("worker-1", Info())
    own.write("worker-1", Looked(destination="a.example"))
    own.set_levels(None)
    own.write("worker-1", Looked(destination="a.example"))
    assert not own.wants_about(Looked, About("dns", destination="a.example"))
    assert ["looked", "info", "looked"] == _events(tmp_path / "log")
    own.configure("json", "info", None)


def test_an_area_may_be_quieter_than_the_rest(tmp_path):
    """
    A flood of warnings of one area hides the others.
    """
    own = Log()
    own.configure("json", "info", tmp_path / "log")
    own.set_levels(LogLevels([PartLevel(ServicePart.parse("area", "process"), 40, Timestamp(1))]))
    own.write("worker-1", Warned())
    own.write("worker-1", Error())
    assert ["error"] == _events(tmp_path / "log")
    own.configure("json", "info", None)
