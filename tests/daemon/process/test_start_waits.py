"""A start of an instance on a queue that is locked, or damaged."""

from collections.abc import Callable
from threading import Thread

import apsw
import pytest

from empath.config import Config, load_config
from empath.config.tables.queue import Queue
from empath.daemon.supervisor import launch
from empath.storage.sqlite.connection import PAGE_OCTETS
from tests.kit.process import EMPATHD, Empathd
from tests.kit.queue import select
from tests.kit.waiting import DEADLINE_S, eventually

pytestmark = pytest.mark.on_disk

Make = Callable[..., Empathd]
_LOOKS = 10  # more than a stop needs before it waits


def test_a_start_waits_for_the_write_lock_and_says_so(make_empathd: Make) -> None:
    """
    A forgotten BEGIN in a shell used to end each start after 6 s, and no mail was accepted until a person tried again.
    """
    service = make_empathd().start()
    assert 0 == service.stop()
    ready = len(service.named("service_ready"))
    shell = apsw.Connection(str(service.queue))
    shell.execute("BEGIN IMMEDIATE")

    service.spawn()
    line = service.wait_for("queue_locked")
    shell.execute("COMMIT")
    shell.close()

    eventually(lambda: service.has_ended() or len(service.named("service_ready")) > ready, "ready")
    assert not service.has_ended()
    assert "another process holds the write lock" in line["error"]
    assert 0 == service.stop()


def test_a_start_on_a_damaged_queue_says_so_in_one_line(make_empathd: Make) -> None:
    """
    The acceptor serves before it has registered. It used to report that it was ready, and then to end without a reason
    that the start could give.
    """
    service = make_empathd().start()
    assert 0 == service.stop()
    [(page,)] = select(service.queue, "SELECT rootpage FROM sqlite_schema WHERE name = '_process'")
    with service.queue.open("r+b") as file:
        file.seek((page - 1) * PAGE_OCTETS)
        file.write(b"\xa5" * PAGE_OCTETS)

    service.spawn()

    assert (74, f"empathd: {service.queue}: database disk image is malformed\n") == service.end()


def test_a_stop_ends_a_start_that_is_under_way(make_empathd: Make) -> None:
    """
    It found no supervisor to signal, and waited in vain while the start went on to serve.
    """
    service = make_empathd(command=(*EMPATHD, "run", "-c"))  # no fork: this process has a connection to the queue
    shell = apsw.Connection(str(service.queue))
    shell.execute("BEGIN EXCLUSIVE; CREATE TABLE t (x)")
    service.spawn()
    config = load_config(service.config)
    eventually(lambda: launch.status(config).word == "starting", "the start holds the queue")

    watched = Watched(config)
    stop = Thread(target=launch.stop, args=[watched])
    stop.start()
    eventually(lambda: watched.looks > _LOOKS, "the stop waits")
    shell.execute("ROLLBACK")
    shell.close()
    stop.join(DEADLINE_S)

    service.end()
    assert "stopped" == launch.status(config).word


class Watched:
    """A configuration that counts how often the queue was looked up in it."""

    def __init__(self, config: Config) -> None:
        self.process = config.process
        self.looks = 0
        self._queue = config.queue

    @property
    def queue(self) -> Queue:
        self.looks += 1
        return self._queue
