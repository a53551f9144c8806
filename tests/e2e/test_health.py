"""
The health of a real service: each component fails for real, its reason is said, and it recovers. One service for all.
"""

import http.client
import json
import os
import signal
import socket
from contextlib import closing

import apsw
import pytest

from tests.cli.admin.kit import run
from tests.kit.dns import ScriptedDns
from tests.kit.process import Empathd, free_port
from tests.kit.waiting import DEADLINE_S, eventually


class Watched:
    """A service with [http], its name server, and a second listener."""

    def __init__(self, directory):
        self.dns = ScriptedDns().a("mx.example.test", "127.0.0.1")
        self.dns.__enter__()
        self.http_port, self.second = free_port(), free_port()
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(directory / "notify"))
        self.manager.setblocking(False)
        self.more = f"""
[http]
address = "127.0.0.1:{self.http_port}"
[dns]
nameservers = ["{self.dns.address}"]
timeout = "1s"
try_timeout = "500ms"
[[listener]]
address = "127.0.0.1:{self.second}"
"""
        self.service = Empathd(
            directory / "service", self.more, environment={"NOTIFY_SOCKET": str(directory / "notify")}
        )
        self.service.start()

    def get(self, path="/health/ready"):
        """Status and record."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=DEADLINE_S)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())

    def reasons(self):
        """What is wrong, by component."""
        status, record = self.get()
        wrong = {name: each["reason"] for name, each in record["components"].items() if each["status"] == "error"}
        assert (503 if wrong else 200, "not ready" if wrong else "ready") == (status, record["status"])
        return wrong

    def wait_for(self, *components):
        """Wait until exactly these are wrong; the reasons."""
        return eventually(
            lambda: (wrong := self.reasons()).keys() == set(components) and (wrong or True), " ".join(components)
        )

    def command(self, *arguments):
        """empath-admin health."""
        return run("-c", str(self.service.config), "health", *arguments)

    def told(self):
        """All lines that the service manager got."""
        found = []
        while True:
            try:
                found += self.manager.recv(4096).decode().splitlines()
            except BlockingIOError:
                return found

    def close(self):
        """End it all."""
        self.service.clean_up()
        self.dns.__exit__(None, None, None)
        self.manager.close()


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """One service for all tests: each leaves it ready."""
    made = Watched(tmp_path_factory.mktemp("health"))
    try:
        made.wait_for()
        yield made
    finally:
        made.close()


def test_a_service_that_is_well_is_ready(watched):
    """
    The command does the same checks by itself, and says the same.
    """
    assert (200, {"status": "live"}) == watched.get("/health/live")
    status, record = watched.get()
    assert (200, ["listeners", "database", "processes", "dns", "disk", "log"]) == (status, list(record["components"]))
    assert all(each["age_s"] < 15 for each in record["components"].values())
    said = watched.command("--json")
    found = json.loads(said.out)
    assert (0, record["components"].keys()) == (said.code, found["components"].keys())
    assert (0, "empath-admin: ready\n") == (watched.command().code, watched.command().err)
    eventually(lambda: any(line.endswith("; ready") for line in watched.told()), "the service manager")


def test_a_queue_that_is_locked(watched):
    """
    All processes wait for the lock; the database alone is to blame.
    """
    lock = apsw.Connection(str(watched.service.queue))
    lock.execute("BEGIN IMMEDIATE")
    try:
        assert watched.wait_for("database")["database"].startswith("no commit for")
        said = watched.command()
        assert (1, "empath-admin: not ready: database: no commit for") == (
            said.code,
            said.err.partition(" for ")[0] + " for",
        )
        eventually(lambda: any("not ready: database" in line for line in watched.told()), "the service manager")
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    watched.wait_for()
    assert watched.service.named("service_not_ready")
    watched.service.wait_for("service_ready_again")


def test_a_worker_that_is_stopped(watched):
    """
    It beats no more. Its successor does, once the supervisor has replaced it.
    """
    worker = watched.service.pid_of("worker-1")
    os.kill(worker, signal.SIGSTOP)
    try:
        assert {"processes": "no worker shows a sign of life"} == watched.wait_for("processes")
    finally:
        os.kill(worker, signal.SIGCONT)
    watched.wait_for()


def test_a_dead_resolver_and_a_listener_that_takes_no_connection(watched):
    """
    A name that does not exist is an answer, too; silence is none.
    """
    watched.dns.ignore("mx.example.test", "A")
    assert 0 == run("-c", str(watched.service.config), "stop-listener", f"127.0.0.1:{watched.second}").code
    wrong = watched.wait_for("dns", "listeners")
    assert f"127.0.0.1:{watched.second} does not answer" in wrong["listeners"]
    watched.dns.recover("mx.example.test", "A")
    watched.service.signal(signal.SIGHUP)
    watched.wait_for()
    watched.service.wait_for("reload_finished")  # it opens the log anew, which the next test moves


def test_a_log_that_is_gone(watched):
    """
    Processes write to a file without a name until they open it again.
    """
    service = watched.service
    service.log.rename(service.log.with_name("moved"))
    assert "No such file" in watched.wait_for("log")["log"]
    service.signal(signal.SIGUSR1)
    watched.wait_for()
