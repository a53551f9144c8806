"""Levels, files, rotation, and a disk that is full."""

import json
import os
from pathlib import Path

import pytest

from empath.errors import CannotCreate
from empath.telemetry.log import log
from empath.telemetry.occurrence import Occurrence, occurrence, traceback_text


@occurrence("warning")
class ThingHappened(Occurrence):
    """An occurrence with a text that may be missing."""

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
    The order of keys is that of reading; what is None is left out.
    """
    log.configure("json", "info", tmp_path / "log")
    log.write("worker-1", ThingHappened(queue_id="X"))
    line = json.loads((tmp_path / "log").read_text())
    assert ["at", "level", "event", "process", "queue_id"] == list(line)
    assert ["warning", "thing_happened", "worker-1", "X"] == list(line.values())[1:]


def test_lines_below_the_level_are_not_written(tmp_path):
    """
    The operator chooses how much there is to read.
    """
    log.configure("json", "warning", tmp_path / "log")
    for kind in (Debug, Info, Warned, Error, Critical):
        log.write("worker-1", kind())
    assert ["warned", "error", "critical"] == _events(tmp_path / "log")


def test_a_level_may_change_while_the_process_runs(tmp_path):
    """
    `empath-admin log-level debug` asks for it.
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
    For people who read with grep.
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


def test_a_log_that_cannot_be_reopened_goes_on_in_the_old_file(tmp_path):
    """
    Better a line in the old place than none.
    """
    log.configure("json", "info", tmp_path / "log")
    (tmp_path / "log").rename(tmp_path / "log.1")
    (tmp_path / "log").mkdir()
    with pytest.raises(CannotCreate) as caught:
        log.reopen()
    assert f"cannot open the log file {tmp_path}/log: Is a directory" == str(caught.value)
    _write("kept")
    assert ["kept"] == _texts(tmp_path / "log.1")


def test_a_fifo_without_a_reader_is_refused(tmp_path):
    """
    Opening it would hang the process for ever.
    """
    os.mkfifo(tmp_path / "log")
    with pytest.raises(CannotCreate):
        log.configure("json", "info", tmp_path / "log")


def test_a_line_that_cannot_be_written_is_counted_and_dropped():
    """
    A full disk must not stop mail.
    """
    log.configure("json", "info", Path("/dev/full"))
    before = log.output.lost
    _write("dropped")
    assert before + 1 == log.output.lost
