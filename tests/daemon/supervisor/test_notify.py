"""The messages to a service manager by the sd_notify protocol."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from empath.daemon.supervisor.notify import Watchdog
from tests.kit.waiting import DEADLINE_S, eventually


class Manager:
    """The receiving end of NOTIFY_SOCKET; `environment` is for a service of this manager."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(DEADLINE_S)
        self.environment = {"NOTIFY_SOCKET": str(path)}

    def hear(self) -> dict[str, str]:
        """The next message that is not of the watchdog."""
        while (message := self._receive()) == {"WATCHDOG": "1"}:
            pass
        return message

    def hear_watchdog(self) -> bool:
        """Whether the next message is the watchdog's."""
        return self._receive() == {"WATCHDOG": "1"}

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()

    def _receive(self) -> dict[str, str]:
        return dict(line.split("=", 1) for line in self._socket.recv(4096).decode().splitlines())


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    """A manager that listens."""
    made = Manager(tmp_path / "notify")
    yield made
    made.close()


def test_a_manager_gets_start_reload_and_stop(supervised, manager):
    """
    `systemctl` shows the addresses, that a reload is under way, and that the service drains.
    """
    service = supervised(environment=manager.environment).start()
    serving = {
        "READY": "1", "MAINPID": str(service.process.pid), "STATUS": f"serving on 127.0.0.1:{service.port}"
    }  # fmt: skip
    assert serving == manager.hear()
    service.configure(more="[delivery]\nworkers = 1")
    service.signal(signal.SIGHUP)
    reloading = manager.hear()
    assert {"RELOADING", "MONOTONIC_USEC", "STATUS"} == set(reloading)
    assert serving == manager.hear()
    service.wait_for("reload_finished")
    assert 0 == service.stop()
    assert {"STOPPING": "1", "STATUS": "draining"} == manager.hear()


@pytest.mark.parametrize("mistake", ["half a configu", None], ids=["configuration", "child"])
def test_a_reload_that_is_refused_ends_as_ready(supervised, manager, mistake):
    """
    Otherwise the manager would show the service as reloading for ever.
    """
    service = supervised(environment=manager.environment).start()
    serving = manager.hear()
    if mistake is None:
        service.behave("fail", "worker-1")
    else:
        service.config.write_text(mistake)
    service.signal(signal.SIGHUP)
    assert "RELOADING" in manager.hear()
    assert serving == manager.hear()
    service.wait_for("reload_refused")


def test_a_watchdog_gets_messages_again_and_again(supervised, manager):
    """
    The manager may restart a service whose loop hangs. Children do not speak for the service.
    """
    service = supervised(environment=manager.environment | {"WATCHDOG_USEC": "200000"}).start()
    eventually(lambda: all(manager.hear_watchdog() for _ in range(3)), "three in a row")
    environment = Path(f"/proc/{service.pid_of('worker-1')}/environ").read_bytes()
    assert b"WATCHDOG" not in environment
    assert b"NOTIFY_SOCKET" not in environment


def test_a_manager_that_does_not_read_delays_nothing(supervised, manager):
    """
    A socket's queue takes some ten messages. Then a sender would wait, and with it the whole supervisor.
    """
    service = supervised(environment=manager.environment | {"WATCHDOG_USEC": "2000"}).start()
    service.signal(signal.SIGHUP)
    service.wait_for("reload_finished")
    assert 0 == service.stop()


@pytest.mark.parametrize(
    ("environment", "every_s"),
    [
        ({}, float("inf")),
        ({"WATCHDOG_USEC": "60000000"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, float("inf")),
        ({"WATCHDOG_USEC": "soon"}, float("inf")),
        ({"WATCHDOG_USEC": "0"}, float("inf")),
    ],
)
def test_a_watchdog_is_that_of_this_process(environment, every_s):
    """
    sd_watchdog_enabled(3): the pid of another process means that this one has no watchdog.
    """
    assert every_s == Watchdog.of(environment, now=0.0).every_s
