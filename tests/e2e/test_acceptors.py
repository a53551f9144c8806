"""Several acceptors, which share listeners and keep to each limit together."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from click.testing import CliRunner

from empath.cli.admin.__main__ import admin
from tests.e2e.client import Client
from tests.kit.process import Empathd, free_port
from tests.kit.queue import select
from tests.kit.waiting import eventually

_MOST = 4
_STRANGER = "127.0.0.2"  # not in [relay] networks
_SETTINGS = f"""
[process]
acceptors = 3
[relay]
networks = ["127.0.0.1/32"]
[receiving.limits]
connections_per_client = {_MOST}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Empathd]:
    directory, port = tmp_path_factory.mktemp("acceptors", numbered=True), free_port()
    (directory / "second-port").write_text(str(port))
    instance = Empathd(directory, f'{_SETTINGS}[[listener]]\naddress = "127.0.0.1:{port}"\n')
    try:
        yield instance.start()
        assert 0 == instance.stop()
        assert [] == [event for event in instance.events() if event["event"].endswith("_crashed")]
    finally:
        instance.clean_up()


@pytest.fixture
def clients() -> Iterator[ExitStack]:
    """Connections that end with the test."""
    with ExitStack() as stack:
        yield stack


def admitted(server: Empathd, clients: ExitStack, count: int) -> int:
    """How many of *count* further connections of a stranger are served. Those stay open."""
    served = 0
    for _ in range(count):
        client = Client(server.port, _STRANGER)
        clients.callback(client.socket.close)
        served += client.greeting.startswith("220 ")
    return served


def hold_all(server: Empathd, clients: ExitStack) -> None:
    """Take every connection that the stranger may have, once those of other tests are over."""
    held = 0

    def is_full() -> bool:
        nonlocal held
        held += admitted(server, clients, 1)
        return held == _MOST

    eventually(is_full, "all connections")


def test_each_slot_has_its_process(server: Empathd) -> None:
    assert {f"acceptor-{number}" for number in (1, 2, 3)} <= {*server.pids().values()}


def test_acceptors_keep_to_the_limit_per_client_together(server: Empathd, clients: ExitStack) -> None:
    """
    The system decides which of them gets a connection. A limit for each of them would be three times as high.
    """
    hold_all(server, clients)
    assert 0 == admitted(server, clients, 2 * _MOST)


def test_connections_of_an_acceptor_that_is_killed_count_no_more(server: Empathd, clients: ExitStack) -> None:
    """
    They ended with it, though it could not say so. Their rows in the view `session` vanish, too.
    """
    hold_all(server, clients)
    eventually(lambda: len(select(server.queue, "SELECT * FROM session")) >= _MOST, "rows of the sessions")
    ready = len(server.named("process_ready"))
    slots = ("acceptor-1", "acceptor-2", "acceptor-3")
    for slot in slots:
        os.kill(server.pid_of(slot), signal.SIGKILL)
    server.wait_for("process_ready", ready + len(slots))
    eventually(lambda: [] == select(server.queue, "SELECT * FROM session"), "no session")
    assert _MOST == admitted(server, clients, 2 * _MOST)


def test_sessions_of_before_a_reload_still_count(server: Empathd, clients: ExitStack) -> None:
    """
    Their acceptors serve them to their end; a client must not get twice the number by waiting for a reload.
    """
    hold_all(server, clients)
    done = len(server.named("reload_finished"))
    server.signal(signal.SIGHUP)
    server.wait_for("reload_finished", done + 1)
    assert 0 == admitted(server, clients, _MOST)


def admin_says(server: Empathd, *arguments: str) -> str:
    return CliRunner().invoke(admin, ["-c", str(server.config), *arguments]).stdout


def test_the_doctor_knows_all_of_them(server: Empathd) -> None:
    findings = [json.loads(line) for line in admin_says(server, "doctor", "--json").splitlines()]
    assert ["ok", "ok"] == [found["level"] for found in findings if found["subject"] in ("beats", "service")]


def test_a_listener_is_stopped_in_all_of_them(server: Empathd) -> None:
    """
    One of them takes the order up; the socket is the same for all.
    """
    port = int(server.directory.joinpath("second-port").read_text())
    Client(port).socket.close()
    assert "takes no connection until a reload" in admin_says(server, "stop-listener", f"127.0.0.1:{port}")
    for _ in range(6):
        with pytest.raises(ConnectionError):
            Client(port)
    assert 1 == len(server.named("order_obeyed", verb="stop-listener"))
    Client(server.port).socket.close()


def test_mail_comes_in_by_any_of_them(server: Empathd) -> None:
    for number in range(10):
        server.send(f"user{number}@here.test")
    eventually(lambda: sum(1 for _ in server.delivered()) == 10, "ten mails")
