"""Orders by plain SQL act in running processes, also on a destination that is delivering as fast as it can."""

import os
import signal
import subprocess
import threading

import apsw
import pytest

from tests.e2e.client import code_of
from tests.e2e.service import Service
from tests.kit.peer import END_OF_DATA, ScriptedPeer
from tests.kit.queue import violations
from tests.kit.sqlites import SHELL
from tests.kit.waiting import DEADLINE_S, eventually

MAILS = 40  # mails of each kind
CONNECTIONS = 20  # [delivery] concurrency: each is in the middle of one mail

pytestmark = pytest.mark.skipif(SHELL is None, reason="no sqlite3 shell of the system")


class GatedPeer(ScriptedPeer):
    """Takes one final dot for each permit."""

    def __init__(self, peer: ScriptedPeer) -> None:
        super().__init__(peer.host, peer.port)
        self.permits = threading.Semaphore(0)
        self.waiting = 0

    def obstruct(self, step, connection):
        if step == END_OF_DATA:
            self.waiting += 1
            self.permits.acquire(timeout=DEADLINE_S)
            self.waiting -= 1
        super().obstruct(step, connection)

    def let(self, mails: int) -> None:
        self.permits.release(mails)


def got(peer):
    """The number of mails of each kind at the peer."""
    kinds = [message.recipients[0][0] for message in peer.messages]
    return {kind: kinds.count(kind) for kind in set(kinds)}


def test_orders_act_on_a_destination_that_delivers_at_full_rate(service, way):
    """
    Retry, hold, cancel, priority and release of many recipients, while all connections are busy with leases of many
    messages. A message that no connection has begun is not sent.
    """
    domain, planned = way
    where = f"domain = '{domain}' AND recipient GLOB"
    service.shell("INSERT INTO control (verb) VALUES ('freeze')")
    with service.client() as client:
        for number in range(MAILS):
            client.mail("<a@example.org>", f"<cancelled{number}@{domain}>")
            client.mail("<a@example.org>", f"<held{number}@{domain}>")
            client.mail("<a@example.org>", f"<late{number}@{domain}>")
    service.shell(f"UPDATE queue SET next_retry_at = '+1 hour' WHERE {where} 'l*'")
    with GatedPeer(planned) as peer:
        service.shell("INSERT INTO control (verb) VALUES ('thaw')")
        eventually(lambda: peer.waiting >= 4, "connections that are in the middle of their leases")
        service.shell(f"UPDATE queue SET status = 'held' WHERE {where} 'h*'")
        service.shell(f"DELETE FROM queue WHERE {where} 'c*'")
        service.shell(f"UPDATE queue SET next_retry_at = 'now', priority = 0 WHERE {where} 'l*'")
        peer.let(10 * MAILS)
        status = "SELECT count(*) FROM _recipient WHERE domain = ? AND status IN ('queued', 'deferred', 'leased')"
        eventually(lambda: service.rows(status, domain) == [(0,)], "held, cancelled or delivered")
        sent = got(peer)
        assert MAILS == sent.pop("l")
        assert sum(sent.values()) <= CONNECTIONS
        assert [(MAILS - sent.get("h", 0),)] == service.rows(
            "SELECT count(*) FROM queue WHERE domain = ? AND status = 'held'", domain
        )
        service.shell(f"UPDATE queue SET status = 'queued' WHERE {where} 'h*'")
        eventually(lambda: got(peer).get("h") == MAILS, "released")
        eventually(lambda: service.rows(status, domain) == [(0,)], "all settled")
    assert [(MAILS - sent.get("c", 0),)] == service.rows(
        "SELECT count(*) FROM history WHERE domain = ? AND status = 'cancelled'", domain
    )
    wanted = {"held", "cancelled"}
    after = {row[0] for row in service.rows("SELECT DISTINCT after FROM audit WHERE what IN ('status', 'ordered')")}
    assert wanted <= after


def test_a_suspended_destination_gets_nothing_until_it_is_let(service, way):
    """
    One statement stops the mail to a next hop that complains, another resumes it.
    """
    domain, peer = way
    key = f"smtp:{peer.host}:{peer.port}"
    with peer, service.client() as client:
        client.mail("<a@example.org>", f"<first@{domain}>")
        peer.wait_for_messages(1)
        service.shell(f"UPDATE destination SET suspended_until = '+1 hour' WHERE destination = '{key}'")
        ulid = client.mail("<a@example.org>", f"<second@{domain}>")
        service.wait_status(ulid, "queued")
        assert 1 == len(peer.messages)
        service.shell(f"UPDATE destination SET suspended_until = NULL WHERE destination = '{key}'")
        service.wait_status(ulid, "delivered")


def test_a_shell_that_keeps_the_queue_locked_costs_no_mail(tmp_path):
    """
    Clients get 451 after the deadline, and a delivery under way waits for its commit. When the shell ends its
    transaction, no mail is lost and none is doubled.
    """
    instance = Service(tmp_path / "locked")
    instance.config.write_text(
        instance.config.read_text().replace('path = "queue.db"', 'path = "queue.db"\nlock_timeout = "500ms"')
    )
    domain, planned = instance.next_way()
    try:
        instance.start()
        with GatedPeer(planned) as peer, instance.client() as client:
            first = client.mail("<a@example.org>", f"<first@{domain}>")
            eventually(lambda: peer.waiting == 1, "a final dot that is not answered")
            with subprocess.Popen(
                [str(SHELL), "-batch", instance.queue], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            ) as shell:
                assert shell.stdin is not None
                assert shell.stdout is not None
                shell.stdin.write(".timeout 10000\nBEGIN IMMEDIATE;\n.print locked\n")
                shell.stdin.flush()
                assert "locked\n" == shell.stdout.readline()
                peer.let(1)
                said = client.say_all("MAIL FROM:<a@example.org>", f"RCPT TO:<second@{domain}>")
                assert ["250 2.1.0", "250 2.1.5"] == said
                assert "451 4.3.0" == code_of(client.content(b"Subject: x\r\n\r\ny\r\n"))
                assert [(first, "leased")] == instance.rows("SELECT id, status FROM queue")
                shell.stdin.write("ROLLBACK;\n.quit\n")
                shell.stdin.flush()
            peer.let(1)
            second = client.mail("<a@example.org>", f"<second@{domain}>")
            instance.wait_status(first, "delivered")
            instance.wait_status(second, "delivered")
        assert 0 == instance.stop()
        assert [(f"first@{domain}",), (f"second@{domain}",)] == [message.recipients for message in peer.messages]
        assert {} == violations(instance.queue)
        assert [] == [fault for fault in instance.faults() if fault["event"].endswith("_crashed")]
    finally:
        instance.clean_up()


def test_an_acceptor_that_begins_while_the_queue_is_locked_serves(tmp_path):
    """
    A client that gets no greeting for half a minute gives up, and a probe reports a dead service.
    """
    instance = Service(tmp_path / "locked")
    instance.config.write_text(
        instance.config.read_text().replace('path = "queue.db"', 'path = "queue.db"\nlock_timeout = "500ms"')
    )
    domain, planned = instance.next_way()
    try:
        instance.start()
        with ScriptedPeer(planned.host, planned.port) as peer:
            shell = apsw.Connection(str(instance.queue))
            shell.set_busy_timeout(10_000)  # a process that has just become ready may write
            shell.execute("BEGIN IMMEDIATE")
            os.kill(instance.pid_of("acceptor-1"), signal.SIGKILL)
            instance.wait_for("process_ready", slot="acceptor-1", generation=2)
            with instance.client() as client:
                said = client.say_all("MAIL FROM:<a@example.org>", f"RCPT TO:<first@{domain}>")
                assert ["250 2.1.0", "250 2.1.5"] == said
                assert "451 4.3.0" == code_of(client.content(b"Subject: x\r\n\r\ny\r\n"))
            shell.close()
            with instance.client() as client:
                queue_id = client.mail("<a@example.org>", f"<second@{domain}>")
            instance.wait_status(queue_id, "delivered")
            registered = "SELECT 1 FROM process WHERE slot = 'acceptor-1' AND generation = 2"
            eventually(lambda: instance.rows(registered), "registered")
        assert 0 == instance.stop()
        assert [(f"second@{domain}",)] == [message.recipients for message in peer.messages]
        assert {} == violations(instance.queue)
    finally:
        instance.clean_up()
