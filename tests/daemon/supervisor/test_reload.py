"""SIGHUP: a new configuration comes into force whole or not at all, and no connection is refused."""

import os
import signal
import socket
import threading

import pytest

from tests.kit.process import free_port


def _answer(port: int) -> str:
    """The answer of the acceptor that takes the next connection: its generation."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client, client.makefile() as file:
        return file.readline().strip()


def test_a_reload_replaces_every_child(supervised):
    """
    The new children have the same slots and the next generation; the old ones get SIGTERM and drain.
    """
    service = supervised().start()
    service.signal(signal.SIGHUP)
    service.wait_for("reload_finished")
    for slot in ("acceptor-1", "housekeeper-1", "worker-1", "worker-2"):
        service.wait_for("process_exited", slot=slot, generation=1, ordered=True)
        assert 1 == len(service.named("process_ready", slot=slot, generation=2))
    assert "2" == _answer(service.port)


def test_no_connection_is_refused_during_a_reload(supervised):
    """
    Both generations accept from one socket that is never closed.
    """
    service = supervised().start()
    answers: list[str] = []
    stop = threading.Event()

    def connect() -> None:
        while not stop.is_set():
            answers.append(_answer(service.port))

    client = threading.Thread(target=connect)
    client.start()
    try:
        service.signal(signal.SIGHUP)
        service.wait_for("process_exited", slot="acceptor-1", generation=1)
    finally:
        stop.set()
        client.join()
    answers.append(_answer(service.port))
    assert ("1", "2") == (answers[0], answers[-1])
    assert {"1", "2"} == set(answers)


def test_workers_and_listeners_can_change(supervised):
    """
    A new address is bound before the first child is replaced, and an old one is closed afterwards.
    """
    service = supervised().start()
    before, service.port = service.port, free_port()
    service.configure(more="[delivery]\nworkers = 1")
    service.signal(signal.SIGHUP)
    service.wait_for("reload_finished")
    for slot in ("acceptor-1", "housekeeper-1", "worker-1", "worker-2"):
        service.wait_for("process_exited", slot=slot, generation=1)
    assert "2" == _answer(service.port)
    with socket.create_server(("127.0.0.1", before)):
        pass
    assert ["acceptor-1", "housekeeper-1", "worker-1"] == sorted(service.pids().values())


def test_a_reload_logs_each_setting_that_changed(supervised):
    """
    A person who reads the log after a failure needs the changes and their time.
    """
    service = supervised(more='[retry]\nlifetime = "2d"').start()
    service.configure(more="[delivery]\nworkers = 1\n[relay]\nnetworks = []", routes='"*" = "discard:"')
    service.signal(signal.SIGHUP)
    assert 4 == service.wait_for("reload_finished")["changes"]
    changes = [(line["key"], line["before"], line["after"]) for line in service.named("setting_changed")]
    assert [
        ("relay.networks", ["127.0.0.0/8", "::1/128"], []),
        ('routes."*"', f"maildir:{service.maildir}", "discard:"),
        ("delivery.workers", 2, 1),
        ("retry.lifetime", "2d", "5d"),
    ] == changes


def test_a_reload_of_the_same_configuration_says_that_nothing_changed(supervised):
    """
    The log tells it of each reload. A refused reload has changed nothing, either.
    """
    service = supervised().start()
    service.signal(signal.SIGHUP)
    assert 0 == service.wait_for("reload_finished")["changes"]
    service.configure(more="[delivery]\nworkers = 1")
    service.behave("fail", "acceptor-1")
    service.signal(signal.SIGHUP)
    service.wait_for("reload_refused")
    assert [] == service.named("setting_changed")


def test_a_bad_configuration_keeps_the_old_and_logs_each_finding(supervised):
    """
    A mistake in the file must not stop the service.
    """
    service = supervised().start()
    service.configure(more="[delivery]\nworkers = 0\nsesions = 5")
    service.signal(signal.SIGHUP)
    service.wait_for("reload_refused", count=2)
    findings = [event["finding"] for event in service.named("reload_refused")]
    assert ["delivery.workers", "delivery.sesions"] == [finding.split(": ")[1] for finding in findings]
    assert "1" == _answer(service.port)


def test_a_configuration_that_is_gone_keeps_the_old(supervised):
    """
    The same holds for a file that cannot be read.
    """
    service = supervised().start()
    service.config.unlink()
    service.signal(signal.SIGHUP)
    finding = service.wait_for("reload_refused")["finding"]
    assert f"{service.config}: the configuration cannot be read: No such file or directory" == finding


@pytest.mark.parametrize(("before", "after"), [("127.0.0.1", "0.0.0.0"), ("0.0.0.0", "127.0.0.1")])
def test_a_listener_that_the_present_one_excludes_needs_a_restart(supervised, before, after):
    """
    The socket in the way is the service's own, and it serves until the reload is over.
    """
    service = supervised()
    service.config.write_text(service.config.read_text().replace("127.0.0.1:", f"{before}:"))
    service.start()
    service.config.write_text(service.config.read_text().replace(f"{before}:", f"{after}:"))
    service.signal(signal.SIGHUP)
    finding = service.wait_for("reload_refused")["finding"]
    words = (
        f"this instance listens on {before}:{service.port}, which excludes it; use restart if that address is left out"
    )
    assert f"cannot listen on {after}:{service.port}: {words}" == finding
    assert "1" == _answer(service.port)


def test_a_reload_refuses_a_log_file_that_is_the_queue(supervised):
    """
    The service manager sends the signal without `empathd reload`, which would refuse it too.
    """
    service = supervised().start()
    lines = service.config.read_text()
    service.config.write_text(lines.replace(f'"{service.log.name}"', '"queue.db"'))
    service.signal(signal.SIGHUP)
    finding = service.wait_for("reload_refused")["finding"]
    assert finding.endswith(f": log.file: {service.queue} is the queue database; name another file")


def test_a_reload_refuses_a_log_whose_directory_is_gone(supervised):
    """
    The new processes would have no log, and the old ones still have theirs.
    """
    service = supervised()
    (service.directory / "logs").mkdir()
    service.config.write_text(service.config.read_text().replace('"empath.log"', '"logs/empath.log"'))
    service.log = service.directory / "logs" / "empath.log"
    service.start()
    gone = service.directory / "logs"
    service.log = gone.rename(service.directory / "moved") / "empath.log"
    service.signal(signal.SIGHUP)
    finding = service.wait_for("reload_refused")["finding"]
    words = f"log.file: there is no directory {gone}; create it for the user of the process"
    assert finding.endswith(f": {words}")


def test_a_listener_that_cannot_be_bound_keeps_the_old(supervised):
    """
    All addresses are bound or none; the new address that could be bound is closed again.
    """
    service = supervised().start()
    good, taken = free_port(), free_port()
    extra = "".join(f'[[listener]]\naddress = "127.0.0.1:{port}"\n' for port in (good, taken))
    with socket.create_server(("127.0.0.1", taken)):
        service.configure(more=extra)
        service.signal(signal.SIGHUP)
        finding = service.wait_for("reload_refused")["finding"]
    assert f"cannot listen on 127.0.0.1:{taken}: the address is in use by another process" == finding
    with socket.create_server(("127.0.0.1", good)):
        pass
    assert "1" == _answer(service.port)


def test_a_new_child_that_fails_keeps_the_old_ones(supervised):
    """
    New children meet problems that `check` cannot see, such as a missing user, before the old ones drain.
    """
    service = supervised().start()
    service.behave("fail", "worker-2")
    service.signal(signal.SIGHUP)
    service.wait_for("reload_refused", count=2)
    assert ["this child", "cannot work"] == [event["finding"] for event in service.named("reload_refused")]
    service.wait_for("process_exited", slot="acceptor-1", generation=2, ordered=True)
    assert "1" == _answer(service.port)
    assert [] == service.named("process_exited", generation=1)


def test_an_acceptor_of_a_reload_that_failed_serves_the_clients_it_has(supervised):
    """
    It was ready before another process failed, and may have taken connections.
    """
    service = supervised().start()
    service.behave("mute", "worker-2")
    service.signal(signal.SIGHUP)
    service.wait_for("process_ready", slot="acceptor-1", generation=2)
    os.kill(service.pid_of("worker-2"), signal.SIGKILL)
    service.wait_for("process_exited", slot="acceptor-1", generation=2)
    assert ["USR2"] == service.seen("acceptor-1", generation=2)


def test_new_children_that_are_never_ready_keep_the_old_ones(supervised):
    """
    A child that hangs counts as failed after a time.
    """
    service = supervised(ready_s=10.0).start()
    service.behave("mute", "acceptor-1")
    service.signal(signal.SIGHUP)
    assert "not all processes were ready within 10 s" == service.wait_for("reload_refused")["finding"]
    service.wait_for("process_exited", slot="acceptor-1", generation=2)
    assert "1" == _answer(service.port)


def test_what_only_a_restart_can_change_is_refused(supervised):
    """
    The children of both generations share the lock and the queue, and are one node in it.
    """
    service = supervised().start()
    text = service.config.read_text()
    more = '\n[process]\npid_file = "other.pid"\nuser = "root"\n[node]\nname = "mx2"\n'
    service.config.write_text(text.replace('"queue.db"', '"other.db"') + more)
    service.signal(signal.SIGHUP)
    service.wait_for("reload_refused", count=4)
    keys = [event["finding"].split(":")[0] for event in service.named("reload_refused")]
    assert ["queue.path", "node.name", "process.pid_file", "process.user"] == keys
    words = "process.user: cannot change from not set to root while running; use restart"
    assert words == service.named("reload_refused")[-1]["finding"]


def test_a_changed_host_name_is_refused_by_its_own_key(supervised):
    """
    The node has the name of the host where [node] name is not set, so the file has no node.name to correct.
    """
    service = supervised().start()
    service.config.write_text(service.config.read_text().replace("mx.example.test", "mx2.example.test"))
    service.signal(signal.SIGHUP)
    expected = (
        "hostname: cannot change from mx.example.test to mx2.example.test while running;"
        ' set [node] name = "mx.example.test" to keep the old name of the node, or use restart'
    )
    assert expected == service.wait_for("reload_refused")["finding"]


def test_a_reload_asked_for_during_a_reload_follows_it(supervised):
    """
    The file may have changed since the first reading. The housekeeper's request is the same order.
    """
    service = supervised().start()
    service.signal(signal.SIGHUP)
    service.wait_for("reload_started")
    (service.directory / "ask").write_bytes(b"R")
    service.wait_for("reload_finished", count=2)
    service.wait_for("process_exited", slot="acceptor-1", generation=2)
    assert "3" == _answer(service.port)


def test_a_reload_asked_for_during_the_start_follows_it(supervised):
    """
    Nothing else would wake a supervisor that has just become ready.
    """
    service = supervised()
    service.behave("slow", "acceptor-1")
    service.spawn()
    service.wait_for("process_ready", count=3)
    service.behave("serve", "acceptor-1")
    service.signal(signal.SIGHUP)
    service.wait_for("service_ready")
    service.wait_for("reload_finished")


def test_a_reload_that_cannot_spawn_keeps_the_old_plan(supervised):
    """
    No process of the new plan is started after the plan was dropped.
    """
    service = supervised().start()
    service.break_children()
    service.signal(signal.SIGHUP)
    finding = service.wait_for("reload_refused")["finding"]
    assert "housekeeper-1 cannot be started: No such file or directory" == finding
    service.mend_children()
    service.signal(signal.SIGHUP)
    service.wait_for("reload_finished")
    assert [1, 1, 1, 1, 3, 2, 2, 2] == [event["generation"] for event in service.named("process_started")]
    assert 1 == len(service.named("reload_refused"))


def test_an_acceptor_drains_as_long_as_its_sessions_after_a_reload(supervised):
    """
    A stop then ends it, by a second and urgent order.
    """
    service = supervised(drain_s=2.0)
    service.behave("linger", "acceptor-1")
    service.start()
    service.signal(signal.SIGHUP)
    service.wait_for("reload_finished")
    service.wait_seen("USR2", "acceptor-1")
    service.wait_seen("TERM", "worker-1")
    service.wait_for("process_exited", slot="worker-1", generation=1)
    assert 0 == service.stop()
    assert ["USR2", "TERM"] == service.seen("acceptor-1")
    assert [] == service.named("process_killed")


def test_a_stop_during_a_reload_ends_both_generations(supervised):
    """
    No process of the reload outlives the stop.
    """
    service = supervised().start()
    service.behave("mute", "acceptor-1")
    service.signal(signal.SIGHUP)
    service.wait_for("process_ready", slot="worker-1", generation=2)
    assert 0 == service.stop()
    assert {} == service.pids()


def test_sigusr1_reopens_the_log_in_every_process(supervised):
    """
    A rotation moves the file away; afterwards no process may write to the old one.
    """
    service = supervised().start()
    service.log.rename(service.directory / "empath.log.1")
    service.signal(signal.SIGUSR1)
    service.wait_for("log_reopened")
    for slot in ("acceptor-1", "housekeeper-1", "worker-1", "worker-2"):
        service.wait_seen("USR1", slot)


def test_a_log_that_cannot_be_reopened_stays_open(supervised):
    """
    A full disk or a missing directory must not cost a running service its log.
    """
    service = supervised().start()
    moved = service.directory / "moved"
    service.log.rename(moved)
    service.log.mkdir()
    service.signal(signal.SIGUSR1)
    service.wait_seen("USR1", "worker-1")
    service.log.rmdir()
    service.log = moved
    assert 1 == len(service.named("log_kept"))
