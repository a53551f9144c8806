"""A start of an instance on a queue that is locked, or damaged."""

from collections.abc import Callable

import apsw

from empath.storage.sqlite.connection import PAGE_OCTETS
from tests.kit.process import Empathd
from tests.kit.queue import select
from tests.kit.waiting import eventually

Make = Callable[..., Empathd]


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
