"""Levels of the log as a process follows their rows."""

from typing import Any, cast

from empath.config import load_config
from empath.daemon.process.log_levels import LevelRows
from empath.daemon.process.rules import Rules
from empath.daemon.process.shared_reader import SharedReader
from empath.mail.identity import Timestamp
from tests.kit.process import configuration
from tests.kit.queue import Queue


def test_a_process_follows_the_rows_and_their_ends(tmp_path):
    """
    At each look, a few times a second; without a row, nothing is handed on.
    """
    file = tmp_path / "empath.toml"
    file.write_text(configuration(2525))
    queue = Queue(tmp_path / "queue.db")
    put: list[Any] = []
    now = [Timestamp(0)]
    emit = cast(Any, lambda _: None)
    rules = Rules(
        load_config(file), SharedReader(queue.engine.open_reader), emit, lambda: now[0], LevelRows(put.append)
    )
    rules.look()
    assert [] == put
    queue.write("INSERT INTO log_level (scope, pattern, level) VALUES ('area', 'smtp', 'debug')")
    rules.look()
    rules.look()
    queue.accept("a.example")
    rules.look()
    assert [10] == [levels.floor for levels in put]
    now[0] = put[0].ends_at
    rules.look()
    rules.look()
    assert [None] == put[1:]
    queue.close()
