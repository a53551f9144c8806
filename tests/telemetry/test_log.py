"""Levels, files, rotation, and a disk that is full."""

import json
import os
from pathlib import Path

import pytest

from empath.errors import CannotCreate
from empath.telemetry import log


@pytest.fixture(autouse=True)
def _standard_error_again():
    yield
    log.configure("logfmt", "info", None)


def _events(file: Path) -> list[str]:
    return [json.loads(line)["event"] for line in file.read_text().splitlines()]


def test_a_line_has_instant_level_event_and_what_was_bound(tmp_path):
    """
    The order of keys is that of reading.
    """
    log.configure("json", "info", tmp_path / "log")
    log.get(process="worker-1").warning("thing_happened", queue_id="X", nothing=None)
    line = json.loads((tmp_path / "log").read_text())
    assert ["at", "level", "event", "process", "queue_id"] == list(line)
    assert ["warning", "thing_happened", "worker-1", "X"] == list(line.values())[1:]


def test_lines_below_the_level_are_not_written(tmp_path):
    """
    What is filtered costs next to nothing.
    """
    log.configure("json", "warning", tmp_path / "log")
    logger = log.get()
    for name in ("debug", "info", "warning", "error", "critical"):
        getattr(logger, name)(name)
    assert ["warning", "error", "critical"] == _events(tmp_path / "log")


def test_an_exception_is_one_line(tmp_path):
    """
    A traceback of many lines would be many records.
    """
    log.configure("json", "info", tmp_path / "log")
    try:
        raise ValueError("bad\nvalue")
    except ValueError:
        log.get().error("crashed", exc_info=True)
    line = json.loads((tmp_path / "log").read_text())
    assert line["exception"].endswith("ValueError: bad\nvalue")


def test_logfmt_is_the_other_form(tmp_path):
    """
    For people who read with grep.
    """
    log.configure("logfmt", "info", tmp_path / "log")
    log.get(process="worker-1").info("thing_happened", text="two words")
    _, rest = (tmp_path / "log").read_text().split(" ", 1)
    assert 'level=info event=thing_happened process=worker-1 text="two words"\n' == rest


def test_several_processes_append_to_one_file(tmp_path):
    """
    O_APPEND: nobody overwrites another's line, and `copytruncate` of logrotate works.
    """
    (tmp_path / "log").write_text('{"event": "before"}\n')
    log.configure("json", "info", tmp_path / "log")
    log.get().info("after")
    os.truncate(tmp_path / "log", 0)
    log.get().info("truncated")
    assert ["truncated"] == _events(tmp_path / "log")


def test_a_reopened_log_leaves_the_file_that_was_moved_away(tmp_path):
    """
    What rotation counts on.
    """
    log.configure("json", "info", tmp_path / "log")
    log.get().info("first")
    (tmp_path / "log").rename(tmp_path / "log.1")
    log.reopen()
    log.get().info("second")
    assert (["first"], ["second"]) == (_events(tmp_path / "log.1"), _events(tmp_path / "log"))


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
    log.get().info("kept")
    assert ["kept"] == _events(tmp_path / "log.1")


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
    log.get().info("dropped")
    assert before + 1 == log.output.lost
