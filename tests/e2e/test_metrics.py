"""The metrics of a real service: exact, over the death of a process, a process that hangs, and a reload."""

import http.client
import os
import signal
import smtplib
import socket
from contextlib import closing

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.kit.process import Empathd, free_port
from tests.kit.queue import select
from tests.kit.waiting import DEADLINE_S, eventually


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a UNIX socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=DEADLINE_S)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


def get(connection):
    """Status and body of /metrics."""
    with closing(connection):
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def scrape(connection):
    """All samples, by name and labels."""
    status, text = get(connection)
    assert 200 == status, text
    families = text_string_to_metric_families(text)
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value for family in families for sample in family.samples
    }


def total(samples, name, **labels):
    """The sum of *name* over all series that have *labels*."""
    return sum(value for (found, *own), value in samples.items() if found == name and labels.items() <= set(own))


# The sessions of the checks of health count, too.
_UNWATCHED = '[health]\nwithout = ["listeners", "dns"]\n'


@pytest.fixture
def metrics(tmp_path):
    """A service with metrics, and what scrapes it."""
    port = free_port()
    made = Empathd(tmp_path / "service", f'[http]\naddress = "127.0.0.1:{port}"\n{_UNWATCHED}')
    try:
        yield made.start(), lambda: scrape(http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S))
    finally:
        made.clean_up()


def test_counts_are_those_of_what_happened(metrics):
    """
    Also once a process was killed: its successor counts from zero. One that hangs is left out, and delays no scrape.
    """
    service, samples = metrics
    for number in range(7):
        service.send(f"u{number}@here.test")
    with smtplib.SMTP("127.0.0.1", service.port, timeout=DEADLINE_S) as client:
        client.ehlo()
        assert 555 == client.docmd("MAIL FROM:<a@b.test> NONSENSE=1")[0]
    delivered = {"outcome": "delivered", "stage": "local"}
    eventually(lambda: total(samples(), "empath_delivery_attempts_total", **delivered) == 7, "delivered")
    eventually(lambda: total(samples(), "empath_smtp_sessions_total") == 8, "the end of the sessions")
    found = samples()
    assert (7, 7, 8, 8) == (
        *(total(found, "empath_smtp_messages_total"), total(found, "empath_smtp_recipients_total")),
        *(total(found, "empath_smtp_connections_total"), total(found, "empath_smtp_session_seconds_count")),
    )
    assert 1 == total(found, "empath_smtp_refusals_total", stage="MAIL", code="555 5.5.4")
    assert 7 == total(found, "empath_delivery_queue_seconds_count")
    assert 7 == total(found, "empath_destination_attempts_total", destination=f"maildir:{service.maildir}")
    assert 0 < total(found, "empath_process_resident_octets", process="httpd-1")

    os.kill(service.pid_of("acceptor-1"), signal.SIGKILL)
    service.wait_for("process_ready", slot="acceptor-1", generation=2)
    service.send("again@here.test")
    eventually(lambda: total(samples(), "empath_delivery_attempts_total", **delivered) == 8, "delivered")
    found = samples()
    assert 1 == total(found, "empath_smtp_messages_total", process="acceptor-1")
    eventually(lambda: total(samples(), "empath_queue_recipients", status="delivered") == 8, "the queue")
    found = samples()
    assert 8 == total(found, "empath_delivery_tls_total", version="none")
    assert 0 < total(found, "empath_disk_free_octets")
    assert {"60": 0, "+Inf": 0} == {b: total(found, "empath_queue_age_messages", below=b) for b in ("60", "+Inf")}

    worker = service.pid_of("worker-1")
    os.kill(worker, signal.SIGSTOP)
    try:
        found = samples()
    finally:
        os.kill(worker, signal.SIGCONT)
    assert 0 == total(found, "empath_delivery_attempts_total")
    assert 1 <= total(found, "empath_scrape_left_out_total", slot="worker-1")
    assert 1 == total(found, "empath_smtp_messages_total", process="acceptor-1")
    eventually(lambda: total(samples(), "empath_delivery_attempts_total") == 8, "the worker")


def test_a_reload_moves_the_address_and_a_kill_stops_no_mail(metrics):
    """
    A UNIX socket has its own rights; elsewhere `networks` says who may read.
    """
    service, _ = metrics
    path, port = service.directory / "http", free_port()
    os.kill(service.pid_of("httpd-1"), signal.SIGKILL)
    service.send("a@here.test")
    service.wait_for("delivered")
    service.configure(f'[http]\naddress = "unix:{path}"\n')
    service.signal(signal.SIGHUP)
    service.wait_for("reload_finished")
    assert 1 == total(scrape(_UnixConnection(str(path))), "empath_scrapes_total", process="httpd-1")
    assert 0o660 == path.stat().st_mode & 0o777
    service.configure(f'[http]\naddress = "127.0.0.1:{port}"\nnetworks = ["192.0.2.0/24"]\ntoken_networks = []\n')
    service.signal(signal.SIGHUP)
    service.wait_for("reload_finished", count=2)
    status, text = get(http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S))
    assert (403, True) == (status, "networks" in text)
    assert not path.exists()
    causes = select(service.queue, "SELECT cause FROM config_revision ORDER BY revision")
    assert [("start",), ("reload",), ("reload",)] == causes
    [(value, source)] = select(service.queue, "SELECT value, source FROM setting WHERE name = 'http.address'")
    assert (f"127.0.0.1:{port}", True) == (value, source.startswith(f"{service.config}:"))
