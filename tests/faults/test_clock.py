"""test_clock - the wall clock jumps under a running instance"""

import pytest

from tests.faults.conftest import offer
from tests.kit.peer import ScriptedPeer
from tests.kit.process import free_port
from tests.kit.queue import select, violations, write
from tests.kit.waiting import eventually

_SETTINGS = """
[delivery]
workers = 1
"""


@pytest.mark.parametrize("hours", [1, -1, 24, -24])
def test_a_step_of_the_clock_expires_nothing_and_takes_no_lease(tmp_path, new_instance, clock, hours):
    """
    Waiting mail keeps its lifetime, new mail is delivered at once, and no working process is taken for dead.
    """
    port = free_port()
    routes = f'"far.test" = "smtp://127.0.0.1:{port}"\n"*" = "maildir:mail"'
    instance = new_instance(tmp_path / "instance", _SETTINGS, routes, environment=clock.environment).start()
    assert "250 2.0.0" == offer(instance, "waits@far.test")
    deferred = "SELECT count(*) FROM queue WHERE status = 'deferred'"
    eventually(lambda: select(instance.queue, deferred) == [(1,)], "a first attempt")
    beats = select(instance.queue, "SELECT sum(beat) FROM process")[0][0]

    clock.step(hours)

    assert hours * 3600 == pytest.approx(instance.wait_for("clock_stepped")["step_s"], abs=60)
    assert "250 2.0.0" == offer(instance, "comes@home.test")
    eventually(lambda: [*instance.delivered()], "mail that came after the step")
    eventually(lambda: select(instance.queue, "SELECT sum(beat) FROM process")[0][0] > beats + 4, "beats of all")
    with ScriptedPeer("127.0.0.1", port) as peer:
        write(instance.queue, "UPDATE queue SET next_retry_unix = 1000000001 WHERE recipient = 'waits@far.test'")
        eventually(lambda: select(instance.queue, "SELECT * FROM queue") == [], "an empty queue")
        assert 1 == len(peer.messages)
    for bad in ("leases_released", "taken_for_dead", "process_crashed", "lease_crashed", "stale_result"):
        assert [] == instance.named(bad)
    outcomes = select(instance.queue, "SELECT DISTINCT outcome FROM attempt ORDER BY outcome")
    assert [("deferred",), ("delivered",)] == outcomes
    assert 0 == instance.stop()
    assert {} == violations(instance.queue)
