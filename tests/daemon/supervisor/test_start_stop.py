"""The supervisor from start to stop: the inheritance of children, failed starts, and the end of the last process."""

import os
import signal
import socket
import threading
from pathlib import Path

from empath.daemon.process.child import InheritedListener
from empath.daemon.supervisor import instance
from empath.daemon.supervisor.pid_file import PidFile
from empath.policy.access import Role
from tests.kit.waiting import eventually


def test_each_slot_has_one_process_when_the_service_is_ready(supervised):
    """
    `delivery.workers` and the fixed slots are the wanted state.
    """
    service = supervised(more="[delivery]\nworkers = 3").start()
    expected = ["acceptor-1", "housekeeper-1", "worker-1", "worker-2", "worker-3"]
    assert expected == sorted(service.pids().values())


def test_children_inherit_what_their_kind_needs(supervised):
    """
    A shared eventfd would wake the wrong worker, and only an acceptor may accept.
    """
    service = supervised().start()
    acceptor, housekeeper, worker = (service.inherited(slot) for slot in ("acceptor-1", "housekeeper-1", "worker-2"))
    address = f"127.0.0.1:{service.port}"
    assert [InheritedListener(acceptor.listeners[0].fd, address, Role.INTERNAL)] == list(acceptor.listeners)
    assert 2 == len(acceptor.wake_fds)
    assert acceptor.wake_fds == housekeeper.wake_fds
    assert acceptor.wake_fds[1:] == worker.wake_fds
    assert () == worker.listeners == housekeeper.listeners
    assert (None, None) == (worker.deaths_fd, worker.ask_fd)
    assert None not in (housekeeper.deaths_fd, housekeeper.ask_fd)
    assert acceptor.instance == worker.instance


def test_listening_sockets_do_not_delay_small_replies(supervised):
    """
    Accepted sockets inherit TCP_NODELAY; without it a reply may wait 40 ms for the peer's acknowledgement.
    """
    service = supervised().start()
    listener = service.inherited("acceptor-1").listeners[0]
    copy = _descriptor_of(service.pid_of("acceptor-1"), listener.fd)
    with socket.socket(fileno=copy) as listening:
        assert 1 == listening.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_configuration_error_of_a_first_child_ends_the_start(supervised):
    """
    Its message and exit code become those of the start; a crash loop would hide them.
    """
    service = supervised()
    service.behave("fail", "worker-2")
    service.spawn()
    assert (78, "empathd: this child\nempathd: cannot work\n") == service.end()
    assert {} == service.pids()


def test_a_first_child_that_dies_without_a_word_ends_the_start(supervised):
    """
    `start` gives a reason even if the child could not.
    """
    service = supervised()
    service.behave("die", "housekeeper-1")
    service.spawn()
    assert (70, "empathd: housekeeper-1 ended before it was ready: exit code 1\n") == service.end()


def test_a_first_child_that_cannot_be_spawned_ends_the_start(supervised):
    """
    No process lives whose end the supervisor could wait for, and the lock is given back.
    """
    service = supervised(descriptors=18)
    service.spawn()
    assert (71, "empathd: housekeeper-1 cannot be started: Too many open files\n") == service.end()
    os.close(instance.acquire(service.directory / "queue.db", wait_s=0))


def test_a_start_that_is_never_ready_ends(supervised):
    """
    `start` must return, and a child that hangs is killed after its drain time.
    """
    service = supervised(ready_s=1.0)
    service.behave("mute", "worker-1")
    service.spawn()
    assert (70, "empathd: not all processes were ready within 1 s\n") == service.end()


def test_sigterm_ends_all_children_and_gives_back_lock_and_pid_file(supervised):
    """
    The next start must not be blocked.
    """
    service = supervised().start()
    pid_file = PidFile(service.directory / "empathd.pid")
    assert service.process.pid == pid_file.find()
    assert instance.is_held(service.queue)
    assert 0 == service.stop()
    assert {} == service.pids()
    assert None is pid_file.find()
    assert not instance.is_held(service.queue)
    assert ["TERM"] == service.seen("worker-1")


def test_a_child_that_ignores_sigterm_is_killed_after_the_drain_time(supervised):
    """
    A stop ends in bounded time.
    """
    service = supervised(drain_s=1.0)
    service.behave("deaf", "worker-1")
    service.start()
    assert 0 == service.stop()
    assert 1 == len(service.named("process_killed", slot="worker-1"))
    assert 1 == len(service.named("process_exited", slot="worker-1", signal="SIGKILL"))


def test_sigquit_stops_in_order(supervised):
    """
    Ctrl-\\ at a terminal is no reason to leave children without a supervisor.
    """
    service = supervised().start()
    service.signal(signal.SIGQUIT)
    assert (0, "") == service.end()
    assert ["TERM"] == service.seen("worker-1")


def test_a_signal_that_says_nothing_to_the_supervisor_changes_nothing(supervised):
    """
    SIGUSR2 is for an acceptor, and a slip of the pid must not stop the mail. Children get default dispositions.
    """
    service = supervised().start()
    numbers = [signal.SIGUSR2, signal.SIGALRM, signal.SIGVTALRM, signal.SIGPROF, signal.SIGIO, signal.SIGPWR]
    numbers += [signal.SIGSTKFLT, signal.SIGXCPU, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGWINCH, signal.SIGURG]
    for number in (*numbers, *range(signal.SIGRTMIN, signal.SIGRTMAX + 1)):
        os.kill(service.process.pid, number)
    service.signal(signal.SIGHUP)
    service.wait_for("reload_finished")
    status = (Path("/proc") / str(service.pid_of("housekeeper-1")) / "status").read_text()
    blocked, ignored = (int(line.split()[1], 16) for line in status.splitlines() if line[:7] in ("SigBlk:", "SigIgn:"))
    assert 0 == blocked
    by_python = {signal.SIGPIPE, signal.SIGXFSZ}
    assert by_python == {number for number in signal.valid_signals() if ignored >> number - 1 & 1}
    assert 0 == service.stop()


def test_a_second_sigint_does_not_wait_for_the_drain(supervised):
    """
    A person at a terminal who presses Ctrl-C twice wants it now.
    """
    service = supervised(drain_s=600.0)
    service.behave("deaf", "worker-1")
    service.start()
    service.signal(signal.SIGINT)
    service.wait_seen("TERM", "worker-1")
    service.signal(signal.SIGINT)
    assert (0, "") == service.end()


def test_children_end_when_the_supervisor_is_killed(supervised):
    """
    They read the end of file on the life pipe. The lock ends with the last of them, so the next start is safe.
    """
    service = supervised().start()
    children = set(service.pids().values())
    service.process.kill()
    for slot in children:
        service.wait_seen("orphan", slot)
    eventually(lambda: not instance.is_held(service.queue), "lock given back")


def test_ctrl_c_at_a_terminal_reaches_the_supervisor_alone(supervised):
    """
    Children have their own process groups: the supervisor decides when they end.
    """
    service = supervised().start()
    assert {pid: pid for pid in service.pids()} == {pid: os.getpgid(pid) for pid in service.pids()}


def test_an_address_in_use_ends_the_start_with_one_line_that_names_it(supervised):
    """
    The exit code is EX_UNAVAILABLE, and no child was spawned.
    """
    service = supervised()
    with socket.create_server(("127.0.0.1", service.port)):
        service.spawn()
        line = f"empathd: cannot listen on 127.0.0.1:{service.port}: the address is in use by another process\n"
        assert (69, line) == service.end()
    assert [] == service.named("process_started")


def test_a_listening_socket_is_closed_as_soon_as_the_service_stops(supervised):
    """
    A refused connection is better than one that the kernel takes and no process serves.
    """
    service = supervised()
    service.behave("deaf", "worker-1")
    service.start()
    service.signal(signal.SIGTERM)
    service.wait_for("process_exited", slot="acceptor-1")

    def is_refused() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", service.port)) != 0

    eventually(is_refused, "connection refused")
    assert not service.has_ended()
    service.signal(signal.SIGTERM)
    assert 0 == service.end()[0]


def test_a_start_waits_for_a_lock_that_is_given_back(supervised):
    """
    Restart right after a crash: the orphans of the last run drain, the new one waits for them.
    """
    service = supervised()
    lock_fd = instance.acquire(service.queue, wait_s=0)
    threading.Timer(0.3, os.close, (lock_fd,)).start()
    service.start()
    assert 0 == service.stop()


def _descriptor_of(pid: int, fd: int) -> int:
    """A copy of another process's descriptor (pidfd_getfd(2), 438 everywhere)."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    copy: int = libc.syscall(438, os.pidfd_open(pid), fd, 0)
    assert copy >= 0, os.strerror(ctypes.get_errno())
    return copy
