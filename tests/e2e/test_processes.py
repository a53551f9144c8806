"""Processes end by order and by SIGKILL; accepted mail is delivered."""

import contextlib
import os
import resource
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.client import Client, code_of
from tests.e2e.service import Service
from tests.kit.coverage import not_measured
from tests.kit.peer import END_OF_DATA, ScriptedPeer
from tests.kit.queue import violations
from tests.kit.waiting import DEADLINE_S, eventually

_SETTINGS = """
[delivery]
workers = 2
[retry]
base = "1s"
max = "1s"
"""
IDLE = 1000
_HOLDER = """
SELECT pid FROM _recipient JOIN _lease USING (lease_id) JOIN _process USING (process_id)
 WHERE domain = ? AND lost_leases = ?
"""


class ForgetfulPeer(ScriptedPeer):
    """
    Never answers the first *silent* step, by default the final dot; `has_all` is set once it has reached that step.
    """

    def __init__(self, peer: ScriptedPeer, silent: str = END_OF_DATA) -> None:
        super().__init__(peer.host, peer.port)
        self.has_all = threading.Event()
        self._silent = silent

    def obstruct(self, step: str, connection: socket.socket) -> None:
        if step == self._silent and not self.has_all.is_set():
            self.has_all.set()
            while connection.recv(1):
                pass
            raise ConnectionError("the client is gone")
        super().obstruct(step, connection)


@pytest.fixture(scope="module")
def restless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """An instance that tests kill and stop; each leaves it running, with an empty queue. At the end it is sound."""
    instance = Service(tmp_path_factory.mktemp("restless"), _SETTINGS)
    try:
        yield instance.start()
        assert 0 == instance.stop()
        assert [] == instance.faults()
        assert {} == violations(instance.queue)
        assert [] == instance.rows("SELECT * FROM queue")
    finally:
        instance.clean_up()


def _frame(pid: int) -> dict[str, object]:
    """What a process hands on to those that it forks: signals and limits."""
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
    )
    frame: dict[str, object] = {name: status[name].strip() for name in ("Umask", "Seccomp", "NoNewPrivs")}
    for name in ("SigBlk", "SigIgn", "SigCgt"):
        mask = int(status[name], 16)
        frame[name] = {number for number in signal.valid_signals() if mask >> (number - 1) & 1}
    return frame | {"directory": os.readlink(f"/proc/{pid}/cwd"), "limits": Path(f"/proc/{pid}/limits").read_text()}


@not_measured
def test_a_template_that_is_forked_is_as_one_that_is_executed(restless):
    """
    Python ignores SIGPIPE from its start on. A fork that forgot it let each client that hung up end the acceptor.
    """
    first = restless.named("template_ready")[0]["pid"]
    forked, ready = _frame(first), len(restless.named("template_ready"))
    os.kill(first, signal.SIGKILL)
    second = restless.wait_for("template_ready", ready + 1)["pid"]

    assert _frame(second) == forked


def test_mail_in_flight_of_a_killed_worker_is_delivered_by_another(restless):
    """
    The peer may have it: an attempt row `unknown` records the doubt, and the mail goes out again at once.
    """
    domain, peer = restless.next_way()
    with ForgetfulPeer(peer) as peer, restless.client() as client:
        ulid = client.mail("<a@example.org>", f"<b@{domain}>")
        assert peer.has_all.wait(DEADLINE_S)
        [(pid, holder)] = restless.rows("SELECT pid, process_id FROM _lease JOIN _process USING (process_id)")
        os.kill(pid, signal.SIGKILL)
        restless.wait_status(ulid, "delivered")
        assert 1 == len(peer.messages)
    rows = restless.rows("SELECT outcome, decided_status, process_id = ? FROM _attempt ORDER BY attempt_id", holder)
    assert [("unknown", "deferred", 1), ("delivered", "delivered", 0)] == rows
    assert [(1, 0)] == restless.rows("SELECT attempts, lost_leases FROM _recipient WHERE domain = ?", domain)


@pytest.mark.parametrize(
    ("silent", "outcomes"),
    [
        ("RCPT", [("delivered", "end-of-data")]),
        (END_OF_DATA, [("deferred", "end-of-data"), ("delivered", "end-of-data")]),
    ],
)
def test_a_stop_within_a_slow_transaction_costs_no_standing(restless, silent, outcomes):
    """
    Three reloads during a slow transaction used to hold its mail. A message that the host has not whole goes back
    unattempted, the others go back in doubt.
    """
    domain, peer = restless.next_way()
    with ForgetfulPeer(peer, silent) as peer, restless.client() as client:
        ulid = client.mail("<a@example.org>", f"<b@{domain}>")
        assert peer.has_all.wait(DEADLINE_S)
        [(pid,)] = restless.rows("SELECT pid FROM _lease JOIN _process USING (process_id)")
        os.kill(pid, signal.SIGTERM)
        restless.wait_status(ulid, "delivered")
    attempts = (
        "SELECT outcome, stage FROM _attempt JOIN _recipient USING (recipient_id) WHERE domain = ? ORDER BY attempt_id"
    )
    assert outcomes == restless.rows(attempts, domain)
    assert [(len(outcomes), 0)] == restless.rows(
        "SELECT attempts, lost_leases FROM _recipient WHERE domain = ?", domain
    )


def test_a_message_that_three_workers_died_of_is_held(restless):
    """
    The message may be the cause, so a person must look. Other mail goes on.
    """
    domain, peer = restless.next_way()
    with peer.hang_at(END_OF_DATA), restless.client() as client:
        ulid = client.mail("<a@example.org>", f"<b@{domain}>")
        for deaths in range(3):
            leased = partial(restless.rows, _HOLDER, domain, deaths)
            [(pid,)] = eventually(leased, "leased")
            os.kill(pid, signal.SIGKILL)
        restless.wait_status(ulid, "held")
        restless.wait_status(client.mail("<a@example.org>", "<b@here.test>"), "delivered")
    restless.wait_for("recipients_held")  # behind the commit
    assert 1 == len(restless.named("recipients_held"))
    restless.shell(f"DELETE FROM queue WHERE domain = '{domain}'")


def test_a_killed_acceptor_leaves_no_half_message(restless):
    """
    A client without a 250 sends again; mail with a 250 is safe. The next acceptor serves.
    """
    with restless.client() as client, restless.client() as other:
        ulid = other.mail("<before@example.org>", "<b@here.test>")
        client.say_all("MAIL FROM:<half@example.org>", "RCPT TO:<b@here.test>", "DATA")
        client.push(b"Subject: half\r\n\r\n" + b"half\r\n" * 100_000)
        eventually(restless.spooled, "a spool file")
        os.kill(restless.pid_of("acceptor-1"), signal.SIGKILL)
        with pytest.raises(ConnectionError):
            client.reply()
    restless.wait_for("process_started", 2, slot="acceptor-1")
    with restless.client() as client:
        again = client.mail("<again@example.org>", "<b@here.test>")
    restless.wait_status(ulid, "delivered")
    restless.wait_status(again, "delivered")
    assert [] == restless.rows("SELECT * FROM _message WHERE reverse_path = 'half@example.org'")
    for orphan in restless.spool.rglob("*/*"):  # the housekeeper removes such a file once it is an hour old
        orphan.unlink()


def test_a_killed_template_costs_nothing_that_is_accepted(restless):
    """
    Its children go on, and a process that dies meanwhile is replaced all the same.
    """
    eventually(lambda: len(restless.pids()) == 4, "all are there")
    pids = restless.pids()
    worker = next(pid for pid, slot in pids.items() if slot == "worker-1")
    ready = len(restless.named("template_ready"))
    os.kill(restless.named("template_ready")[-1]["pid"], signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)
    restless.wait_for("template_ready", ready + 1)
    with restless.client() as client:
        restless.wait_status(client.mail("<a@example.org>", "<b@here.test>"), "delivered")
    eventually(lambda: len(restless.pids()) == len(pids), "replaced")
    assert {worker} == pids.keys() - restless.pids().keys()


def test_a_freeze_holds_delivery_over_a_restart_while_acceptance_goes_on(restless):
    """
    It ends with a thaw.
    """
    domain, peer = restless.next_way()
    with peer:
        restless.order("freeze")
        with restless.client() as client:
            before = client.mail("<a@example.org>", f"<before@{domain}>")
        assert 0 == restless.stop()
        restless.start()
        with restless.client() as client:
            after = client.mail("<a@example.org>", f"<after@{domain}>")
        restless.shell("UPDATE _recipient SET next_retry_at = 1 WHERE status = 'queued'")  # an edit wakes every worker
        eventually(lambda: restless.rows("SELECT 1 FROM _process WHERE ended_at IS NULL AND beat > 0"), "a beat later")
        assert [(2, "queued")] == restless.rows("SELECT count(*), status FROM queue GROUP BY status")
        assert [] == peer.sessions
        restless.order("thaw")
        restless.wait_status(before, "delivered")
        restless.wait_status(after, "delivered")
        assert 2 == len(peer.messages)


def test_a_stop_says_421_to_the_idle_and_lets_a_message_come_to_its_end(restless):
    """
    RFC 5321 §3.8. A restart must not lose a message under way; its session ends after the 250.
    """
    with restless.client() as idle, restless.client() as busy:
        busy.say_all("MAIL FROM:<busy@example.org>", "RCPT TO:<b@here.test>", "DATA")
        busy.push(b"Subject: half")
        restless.signal(signal.SIGTERM)
        assert "421 4.3.2" == code_of(idle.reply())
        with pytest.raises(ConnectionError):
            idle.reply()
        busy.push(b" and whole\r\n\r\ntext\r\n.\r\n")
        assert "250 2.0.0" == code_of(busy.reply())
        assert "421 4.3.2" == code_of(busy.reply())
        with pytest.raises(ConnectionError):
            busy.reply()
    assert 0 == restless.end()[0]
    restless.start()
    [(ulid,)] = restless.rows("SELECT ulid FROM _message WHERE reverse_path = 'busy@example.org'")
    restless.wait_status(ulid, "delivered")


def test_a_stop_under_load_loses_nothing_and_sends_nothing_twice(restless):
    """
    Clients send all the time, and a slower peer takes the mail; the rest goes out after the next start.
    """
    domain, peer = restless.next_way()
    accepted: list[str] = []

    def send(number: int) -> None:
        with contextlib.suppress(ConnectionError, AssertionError), restless.client() as client:  # 421, or closed
            for count in range(10_000):
                name = f"{number}-{count}"
                client.mail("<a@example.org>", f"<{name}@{domain}>")
                accepted.append(name)

    clients = [threading.Thread(target=send, args=(number,)) for number in range(6)]
    with peer.delay(END_OF_DATA, 0.02):
        for thread in clients:
            thread.start()
        peer.wait_for_messages(20, deadline_s=20.0)
        assert 0 == restless.stop()
        for thread in clients:
            thread.join(DEADLINE_S)
        restless.start()
        eventually(lambda: not restless.rows("SELECT 1 FROM queue LIMIT 1"), "all delivered")
        received = Counter(message.recipients[0].partition("@")[0] for message in peer.messages)
    assert len(accepted) >= 20
    assert set() == set(accepted) - set(received)
    assert {1} == set(received.values())
    assert [] == restless.rows("SELECT * FROM _attempt WHERE destination = ? AND outcome <> 'delivered'", domain)


def test_reloads_under_load_refuse_no_connection_and_lose_nothing(restless):
    """
    A session with the old acceptor may get 421 between two mails, and connects again. The port is never closed.
    """
    domain, peer = restless.next_way()
    accepted: list[str] = []
    refused: list[OSError] = []
    is_over = threading.Event()

    def send(number: int) -> None:
        while not is_over.is_set():
            try:
                with restless.client() as client:
                    name = f"{number}-{len(accepted)}"
                    client.mail("<a@example.org>", f"<{name}@{domain}>")
                    accepted.append(name)
            except ConnectionRefusedError as exc:
                refused.append(exc)
            except (ConnectionError, AssertionError):
                pass

    clients = [threading.Thread(target=send, args=(number,)) for number in range(4)]
    with peer:
        for thread in clients:
            thread.start()
        before = len(restless.named("reload_finished"))
        for turn in (1, 2):
            restless.signal(signal.SIGHUP)
            restless.wait_for("reload_finished", count=before + turn)
        is_over.set()
        for thread in clients:
            thread.join(DEADLINE_S)
        eventually(lambda: not restless.rows("SELECT 1 FROM queue LIMIT 1"), "all delivered")
        received = Counter(message.recipients[0].partition("@")[0] for message in peer.messages)
    assert [] == refused
    assert len(accepted) >= 20
    assert Counter(accepted) == received


def test_a_service_that_was_killed_whole_delivers_what_it_had_accepted(restless):
    """
    250 means committed: no process had time to do more.
    """
    domain, peer = restless.next_way()
    restless.order("freeze")
    with restless.client() as client:
        ulids = [client.mail("<a@example.org>", f"<b{number}@{domain}>") for number in range(20)]
        assert restless.process is not None
        restless.process.kill()
        for pid in restless.pids():
            os.kill(pid, signal.SIGKILL)
    restless.process.wait()
    restless.order("thaw")
    with peer:
        restless.start()
        for ulid in ulids:
            restless.wait_status(ulid, "delivered")
        assert 20 == len(peer.messages)


def test_a_process_that_is_replaced_has_the_configuration_of_the_others(restless):
    """
    An unfinished edit takes effect only at the reload, and a mistake in it must not stop the service before.
    """
    good = restless.config.read_text()
    restless.config.write_text("half a configu")
    os.kill(restless.pid_of("acceptor-1"), signal.SIGKILL)
    os.kill(restless.pid_of("worker-1"), signal.SIGKILL)
    client = eventually(lambda: _connected(restless), "served again")
    assert client is not None
    with client:
        client.say("EHLO client.example.test")
        restless.wait_status(client.mail("<a@example.org>", "<b@here.test>"), "delivered")
    restless.config.write_text(good)
    assert [] == restless.named("process_failed")


def _connected(service: Service) -> Client | None:
    try:
        return Client(service.port)
    except ConnectionError:
        return None


def test_an_acceptor_without_descriptors_pauses_and_serves_then(restless):
    """
    Clients wait in the backlog and are not refused, and the process does not spin.
    """
    pid = restless.pid_of("acceptor-1")
    limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    highest = max(int(name) for name in os.listdir(f"/proc/{pid}/fd"))
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 1, limits[1]))
    with contextlib.ExitStack() as all_of_them:
        waiting = [socket.create_connection(("127.0.0.1", restless.port), DEADLINE_S) for _ in range(highest + 8)]
        for connection in waiting:
            all_of_them.enter_context(connection)
        restless.wait_for("accept_paused")
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
        assert {b"220"} == {connection.recv(3) for connection in waiting}


def _greeted_s(service: Service, slow: list[Client]) -> float:
    """Seconds until a new client is greeted, while each of *slow* sends one more octet of its message."""
    for client in slow:
        client.push(b"x")
    began_at = time.monotonic()
    with Client(service.port):
        return time.monotonic() - began_at


def test_a_thousand_idle_sessions_are_served(service):
    """
    One more client is served as fast as ever, and each idle one when it speaks. Then all of them send their messages an
    octet at a time, and a new client is greeted within a second.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < IDLE + 200:
        pytest.skip("this user may not open enough files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, IDLE + 200), hard))
    with contextlib.ExitStack() as all_of_them:
        idle = [all_of_them.enter_context(Client(service.port)) for _ in range(IDLE)]
        with service.client() as client:
            service.wait_status(client.mail("<a@example.org>", "<b@here.test>"), "delivered")
        assert {"250 2.0.0"} == {code_of(client.say("NOOP")) for client in idle}
        for client in idle:
            assert "250" == client.say("HELO slow.test")[:3]
            client.push(b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@here.test>\r\nDATA\r\n")
        assert {"354"} == {[client.reply()[:3] for _ in range(3)][-1] for client in idle}
        assert min(_greeted_s(service, idle) for _ in range(3)) < 1.0
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
