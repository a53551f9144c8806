"""A start of an instance while a shell holds the write lock of its queue."""

from collections.abc import Callable

import apsw

from tests.kit.process import Empathd
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
