"""Sessions that are open when the service reloads, or stops."""

import signal
import smtplib

import pytest

from tests.kit.process import Empathd
from tests.kit.waiting import DEADLINE_S


@pytest.fixture
def service(tmp_path):
    made = Empathd(tmp_path / "instance")
    try:
        yield made.start()
    finally:
        made.clean_up()


def _client(service: Empathd) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", service.port, timeout=DEADLINE_S)


def test_a_reload_lets_transactions_end(service):
    """
    No 421 comes within an envelope or before the first, and no content is cut off. The old acceptor waits while the new
    one takes new clients.
    """
    in_envelope, in_content, idle, greeted = clients = [_client(service) for _ in range(4)]
    for client in (in_envelope, in_content, idle):
        client.ehlo()
        client.mail("sender@example.test")
    idle.rset()
    in_content.rcpt("content@example.net")
    in_content.putcmd("data")
    assert 354 == in_content.getreply()[0]
    in_content.send(b"Subject: slow\r\n")
    service.signal(signal.SIGHUP)
    service.wait_for("reload_finished")
    service.wait_for("process_exited", slot="worker-1", generation=1)
    assert 421 == idle.getreply()[0]
    service.send("new@example.net")
    in_content.send(b"\r\ntext\r\n.\r\n")
    assert 250 == in_content.getreply()[0]
    assert 250 == in_envelope.rcpt("envelope@example.net")[0]
    assert 250 == in_envelope.data(b"Subject: test\r\n\r\ntext\r\n")[0]
    greeted.sendmail("sender@example.test", ["new@example.net"], b"Subject: test\r\n\r\ntext\r\n")
    assert [421, 421, 421] == [client.getreply()[0] for client in (in_envelope, in_content, greeted)]
    ended = service.wait_for("process_exited", slot="acceptor-1", generation=1)
    assert (0, True) == (ended["code"], ended["ordered"])
    assert [] == service.named("process_killed")
    for client in clients:
        client.close()


def test_a_stop_lets_an_envelope_that_is_nearly_there_end(service):
    """
    It has the time of a drain.
    """
    client = _client(service)
    client.ehlo()
    client.mail("sender@example.test")
    service.signal(signal.SIGTERM)
    service.wait_for("process_exited", slot="worker-1")
    assert 250 == client.rcpt("rcpt@example.net")[0]
    assert 250 == client.data(b"Subject: test\r\n\r\ntext\r\n")[0]
    assert 421 == client.getreply()[0]
    client.close()
    assert (0, "") == service.end()
