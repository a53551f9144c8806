"""Which processes are taken for dead by their silence, and when silence means nothing."""

import os
import select
from types import SimpleNamespace
from typing import Any

import gevent
import pytest

from empath.daemon.housekeeper.dead_processes import DeadProcesses
from empath.errors import QueueBusy
from empath.storage.queue.process import Register
from empath.telemetry.subscribers import emitter
from tests.kit.queue import T0, Queue
from tests.kit.waiting import eventually


class Writer:
    """Carries out writes on a queue; fails while `error` says so."""

    def __init__(self, queue):
        self.queue = queue
        self.error = None

    def commit(self, write):
        gevent.sleep(0)  # others go on, as during a commit
        if self.error:
            raise self.error
        return self.queue.done(write)


@pytest.fixture
def queue(tmp_path):
    """An empty queue with one process."""
    queue = Queue(tmp_path / "queue.db")
    yield queue
    queue.close()


@pytest.fixture
def watch(queue):
    """A watch over the queue's only process, which has been silent for a minute and holds a lease."""
    queue.accept("a.example")
    queue.lease()
    runtime: Any = SimpleNamespace(
        config=SimpleNamespace(node=SimpleNamespace(name="mx.example.test")),
        child=SimpleNamespace(wake_fds=(), deaths_fd=None, instance="this run"),
        emit=emitter("housekeeper-1"),
        writer=Writer(queue),
        engine=SimpleNamespace(has_one_instance=True),
        process_id=0,
        has_beaten_lately=True,
    )
    reader = queue.engine.open_reader()
    passed = [0.0]
    found = DeadProcesses(runtime, reader, clock=lambda: passed[0])
    found.watch_beats()
    passed[0] = 60.0
    yield SimpleNamespace(begin=found.begin, look=found.watch_beats, end=found.end, runtime=runtime, reader=reader)
    reader.close()


def test_a_process_that_is_silent_for_long_is_dead(queue, watch):
    """
    No other process would give back its leases.
    """
    watch.look()
    assert ["deferred"] == queue.statuses()


def test_silence_says_nothing_while_the_queue_cannot_be_written(queue, watch):
    """
    A shell that keeps the queue locked for a minute must not make every process count as dead.
    """
    watch.runtime.has_beaten_lately = False
    watch.look()
    watch.runtime.has_beaten_lately = True
    watch.look()
    assert ["leased"] == queue.statuses()


def test_a_failed_release_is_decided_again(queue, watch):
    """
    The process may be alive again meanwhile.
    """
    watch.runtime.writer.error = QueueBusy("locked")
    watch.look()
    watch.runtime.writer.error = None
    assert ["leased"] == queue.statuses()
    watch.look()
    assert ["deferred"] == queue.statuses()


def test_a_start_ends_earlier_runs_whatever_their_node(queue, watch):
    """
    The lock of an SQLite queue is exclusive. So a process with another node name ran on this host, before a renaming.
    """
    queue.run(Register(node="old-name", instance="its run", slot="worker-1", generation=1, pid=1, now=T0))
    watch.begin()
    assert [] == queue.select("SELECT process_id FROM _process WHERE ended_at IS NULL")
    assert ["deferred"] == queue.statuses()


def test_where_hosts_share_the_queue_a_start_ends_earlier_runs_of_its_own_node_only(queue, watch):
    """
    The start of one host must not take leases from other hosts.
    """
    watch.runtime.engine.has_one_instance = False
    other = Register(node="mx2", instance="its run", slot="worker-1", generation=1, pid=1, now=T0)
    queue.run(other)

    watch.begin()

    assert [(other.process_id,)] == queue.select("SELECT process_id FROM _process WHERE ended_at IS NULL")
    assert ["deferred"] == queue.statuses()


@pytest.fixture
def deaths(queue, watch):
    """The end of the pipe on which the supervisor reports deaths; the watch has begun, and so has one run."""
    told_fd, tell_fd = os.pipe()
    watch.runtime.child.deaths_fd = told_fd
    watch.begin()
    queue.run(Register(node="mx.example.test", instance="this run", slot="worker-1", generation=2, pid=1, now=T0))
    yield tell_fd
    watch.end()
    os.close(tell_fd)
    os.close(told_fd)


def is_read(fd):
    """Let greenlets run; whether nothing more is in the pipe."""
    gevent.sleep(0)
    return not select.select([fd], [], [], 0)[0]


def test_deaths_that_were_told_are_recorded_before_the_reader_is_closed(queue, watch, deaths):
    """
    At an ordinary stop the workers end just before the housekeeper. Three stops in eight logged an error that was none.
    """
    seen: list[object] = []
    watch.runtime.emit = seen.append
    os.write(deaths, b"worker-1 2\n")
    eventually(lambda: is_read(watch.runtime.child.deaths_fd), "it is read")

    watch.end()
    watch.reader.close()
    gevent.sleep(0)

    assert [] == queue.select("SELECT process_id FROM _process WHERE ended_at IS NULL")
    assert [] == seen


def test_a_release_that_fails_is_given_up_at_the_end(queue, watch, deaths):
    """
    The next start ends the runs of this one.
    """
    watch.runtime.writer.error = QueueBusy("locked")
    os.write(deaths, b"worker-1 2\n")
    eventually(lambda: is_read(watch.runtime.child.deaths_fd), "it is read")

    watch.end()

    assert 1 == len(queue.select("SELECT process_id FROM _process WHERE ended_at IS NULL"))
