"""A stop of an instance while a shell holds the write lock of its queue."""

import signal
from collections.abc import Callable

import apsw
import pytest

from tests.kit.process import Empathd
from tests.kit.waiting import DEADLINE_S

pytestmark = pytest.mark.on_disk

Make = Callable[..., Empathd]


def test_a_stop_that_waits_for_the_write_lock_is_no_death(make_empathd: Make) -> None:
    """
    A beat that followed the end of its own process changed no row. So the process said `taken_for_dead` and failed.
    """
    service = make_empathd().start()
    shell = apsw.Connection(str(service.queue))
    shell.set_busy_timeout(int(DEADLINE_S * 1000))  # a process that is just ready may be writing
    shell.execute("BEGIN IMMEDIATE")

    service.signal(signal.SIGTERM)
    # A worker waits longest: several beats were due meanwhile.
    service.wait_for("process_end_unrecorded", process="worker-1")
    shell.execute("COMMIT")
    shell.close()

    assert 0 == service.end()[0]
    assert [] == service.named("taken_for_dead")
    assert {0} == {event["code"] for event in service.named("process_exited")}
