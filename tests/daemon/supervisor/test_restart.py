"""Children that die while the service runs: restarts, back-off, and reports to the housekeeper."""

import os
import resource
import signal
import time

from tests.kit.waiting import eventually


def test_a_killed_child_is_replaced_by_the_next_generation(supervised):
    """
    The slot keeps its name.
    """
    service = supervised().start()
    os.kill(service.pid_of("worker-1"), signal.SIGKILL)
    event = service.wait_for("process_ready", slot="worker-1", generation=2)
    assert "worker-1" == service.pids()[event["pid"]]
    assert 1 == len(service.named("process_exited", slot="worker-1", signal="SIGKILL", ordered=False))


def test_a_child_that_a_real_time_signal_ends_is_replaced(supervised):
    """
    Python has no name for most of these signals; that must not end the supervisor.
    """
    service = supervised().start()
    os.kill(service.pid_of("worker-1"), 35)
    service.wait_for("process_ready", slot="worker-1", generation=2)
    assert 1 == len(service.named("process_exited", slot="worker-1", signal="SIGRTMIN+1", ordered=False))


def test_a_child_that_reports_nonsense_is_a_failed_child(supervised):
    """
    No output of a child may end the supervisor.
    """
    service = supervised().start()
    service.behave("babble", "worker-1")
    os.kill(service.pid_of("worker-1"), signal.SIGKILL)
    event = service.wait_for("process_failed", slot="worker-1")
    assert "worker-1 reported what cannot be read" == event["error"]
    service.behave("serve", "worker-1")
    service.wait_for("process_ready", count=2, slot="worker-1")


def test_a_child_that_dies_young_waits_longer_each_time(supervised):
    """
    A crash loop must not use up the machine. The delay has an upper bound.
    """
    service = supervised().start()
    service.behave("die-ready", "worker-1")
    os.kill(service.pid_of("worker-1"), signal.SIGKILL)
    service.wait_for("process_delayed", count=4, slot="worker-1")
    assert [0.05, 0.1, 0.2, 0.2] == [event["delay_s"] for event in service.named("process_delayed")][:4]


def test_a_child_that_no_descriptor_is_left_for_waits_and_is_started_later(supervised):
    """
    The supervisor survives a lack of descriptors, and leaks none.
    """
    service = supervised().start()
    pid = service.process.pid
    before = len(os.listdir(f"/proc/{pid}/fd"))
    _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (12, hard))
    os.kill(service.pid_of("worker-1"), signal.SIGKILL)
    service.wait_for("process_delayed", count=3, slot="worker-1")
    error = service.wait_for("process_failed", slot="worker-1")["error"]
    assert "worker-1 cannot be started: Too many open files" == error
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
    service.wait_for("process_ready", count=2, slot="worker-1")
    assert before == len(os.listdir(f"/proc/{pid}/fd"))


def test_a_child_that_lived_is_started_again_at_once(supervised):
    """
    One crash after a long life is not a crash loop.
    """
    service = supervised(young_s=0.0).start()
    os.kill(service.pid_of("worker-1"), signal.SIGKILL)
    service.wait_for("process_ready", slot="worker-1", generation=2)
    assert [] == service.named("process_delayed")


def test_a_failure_after_the_start_is_logged_and_tried_again(supervised):
    """
    A running service does not end because one child cannot start.
    """
    service = supervised().start()
    service.behave("fail", "worker-1")
    os.kill(service.pid_of("worker-1"), signal.SIGKILL)
    event = service.wait_for("process_failed", slot="worker-1")
    assert ("this child\ncannot work", 78) == (event["error"], event["exit_code"])
    service.behave("serve", "worker-1")
    service.wait_for("process_ready", count=2, slot="worker-1")


def test_the_housekeeper_learns_of_deaths(supervised):
    """
    Their leases end at once, not after the 30 s of a missed beat.
    """
    service = supervised().start()
    os.kill(service.pid_of("worker-2"), signal.SIGKILL)
    service.wait_seen("death worker-2 1", "housekeeper-1")


def test_a_new_housekeeper_learns_of_earlier_deaths(supervised):
    """
    The death of its predecessor is among them: no death is lost while no housekeeper runs.
    """
    service = supervised().start()
    os.kill(service.pid_of("housekeeper-1"), signal.SIGKILL)
    os.kill(service.pid_of("worker-1"), signal.SIGKILL)
    service.wait_seen("death housekeeper-1 1", "housekeeper-1", generation=2)
    service.wait_seen("death worker-1 1", "housekeeper-1", generation=2)


def test_a_restarted_child_gets_the_configuration_that_is_in_force(supervised):
    """
    A half-edited file must not make one child differ from the others.
    """
    service = supervised().start()
    service.config.write_text("half a configu")
    os.kill(service.pid_of("worker-1"), signal.SIGKILL)
    service.wait_for("process_ready", slot="worker-1", generation=2)
    assert "mx.example.test" == (service.directory / "worker-1.2.hostname").read_text()


def test_the_housekeeper_can_ask_for_a_stop(supervised):
    """
    `INSERT INTO control` reaches the supervisor, which opens no database, by one octet.
    """
    service = supervised().start()
    (service.directory / "ask").write_bytes(b"?S")
    assert (0, "") == service.end()
    assert ["order"] == [event["cause"] for event in service.named("stop_started")]


def test_a_child_that_hangs_is_killed_and_replaced(supervised):
    """
    A stopped acceptor, or a stopped only worker, would stop the mail. The supervisor needs no database to notice it.
    """
    service = supervised(silent_s=3.0).start()
    pid = service.pid_of("acceptor-1")
    os.kill(pid, signal.SIGSTOP)
    hung = service.wait_for("process_hung")
    assert ("acceptor-1", 1, pid) == (hung["slot"], hung["generation"], hung["pid"])
    service.wait_for("process_ready", slot="acceptor-1", generation=2)
    assert 1 == len(service.named("process_exited", slot="acceptor-1", signal="SIGKILL", ordered=False))
    assert 1 == len(service.named("process_hung"))


def test_a_child_that_is_never_ready_is_replaced(supervised):
    """
    This holds after the start, too, when no plan waits for the child.
    """
    service = supervised(ready_s=5.0).start()
    service.behave("mute", "worker-1")
    os.kill(service.pid_of("worker-1"), signal.SIGKILL)
    hung = service.wait_for("process_hung")
    assert ("worker-1", 2) == (hung["slot"], hung["generation"])
    service.behave("serve", "worker-1")
    service.wait_for("process_ready", slot="worker-1", generation=3)


def test_a_supervisor_that_stood_still_takes_no_child_for_hung(supervised):
    """
    If a container was paused, beats are missing because the supervisor could not read them.
    """
    service = supervised(silent_s=2.0).start()
    pids = [service.process.pid, *service.pids()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    since = time.monotonic()
    eventually(lambda: time.monotonic() - since > 3.0)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    service.signal(signal.SIGUSR1)
    service.wait_for("log_reopened")
    assert [] == service.named("process_hung")
