"""The frame of a child process: what ends it."""

import os
from collections.abc import Iterator
from pathlib import Path

import gevent
import pytest

from empath.config.load import parse_config
from empath.daemon.process.child import Child
from empath.daemon.process.runtime import Runtime
from empath.storage.sqlite.engine import SqliteEngine
from empath.storage.sqlite.schema import prepare
from tests.kit.process import configuration
from tests.kit.waiting import DEADLINE_S


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    """The frame of a worker, before it begins."""
    queue = tmp_path / "queue.db"
    prepare(queue)
    life_fd, life_end_fd = os.pipe()
    beat_fd = os.eventfd(0)
    child = Child("worker-1", 1, "01JD3KQ9XWV5N8T2RZC4E6MBHA", (), (), -1, life_fd, -1, -1, beat_fd, None, None, None)
    config = parse_config(configuration(2525).encode(), "empath.toml", str(tmp_path))
    made = Runtime(child, config, SqliteEngine(queue, max_leases=20), write_deadline_s=5.0)
    yield made
    made.writer.close()
    for fd in (life_fd, life_end_fd, beat_fd):
        os.close(fd)


def test_a_bug_in_a_duty_beside_the_work_drains_the_process(runtime: Runtime) -> None:
    """
    The greenlet of the beats used to die alone. The process worked on until others took it for dead, and then lived
    without work: the supervisor saw no reason to start another.
    """
    bug = TypeError("a bug")

    def duty() -> None:
        gevent.sleep(0)
        raise bug

    runtime.keep(duty)

    assert runtime.draining.wait(DEADLINE_S)
    assert bug is runtime.failure


def _out_of_memory() -> None:
    raise MemoryError


def test_a_lack_of_memory_in_the_hub_ends_the_process(runtime: Runtime) -> None:
    """
    The greenlet of a lease died with a few lines on standard error, and its mail stayed leased.
    """
    runtime.watch_hub()
    gevent.spawn_raw(_out_of_memory)

    with pytest.raises(MemoryError):
        runtime.draining.wait(DEADLINE_S)
