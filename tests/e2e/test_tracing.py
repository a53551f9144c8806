"""Traces of a real service, at a real collector."""

import os
import signal
from contextlib import closing
from http.client import HTTPConnection

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from empath.policy.tracing.context import trace_id_of
from tests.e2e.service import PORT, address
from tests.kit.collector import Collector
from tests.kit.http_server import HttpServer
from tests.kit.peer import ScriptedPeer
from tests.kit.process import Empathd, free_port
from tests.kit.queue import select
from tests.kit.waiting import DEADLINE_S, eventually

_STAGES = {"smtp.connect", "smtp.ehlo", "smtp.mail", "smtp.rcpt", "smtp.data"}
_HOST = 240  # of the addresses of this process in 127/8, which no other module takes
_CLIENT = "4bf92f3577b34da6a3ce929d0e0e4736"  # a trace of a client


@pytest.fixture
def service(tmp_path):
    """Makes a service that traces to a collector, and whose mail for peer.test goes to a scripted peer."""
    made = []

    def make(collector, more):
        routes = f'"peer.test" = "smtp://{address(_HOST)}:{PORT}"\n"*" = "maildir:mail"'
        made.append(Empathd(tmp_path / "service", f'[tracing]\nendpoint = "{collector.url}"\n{more}', routes))
        return made[-1].start()

    yield make
    for each in made:
        each.clean_up()


def traces(service):
    """The ids of the traces of all messages, None where there is none, by subject; a report has none in its row."""
    return dict(select(service.queue, "SELECT subject, trace_id FROM message"))


def metrics(port):
    """All samples of /metrics with their exemplars."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)) as connection:
        connection.request("GET", "/metrics", headers={"Accept": "application/openmetrics-text"})
        text = connection.getresponse().read().decode()
    return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def test_a_trace_follows_a_message_and_leads_to_its_report(service):
    """
    The acceptor begins it, and workers go on: each attempt is in it, also that to another destination.
    """
    port = free_port()
    peer = ScriptedPeer(address(_HOST), PORT).reply("RCPT", "451 4.7.1 Later", "250 2.1.5 Ok", "550 5.1.1 Nobody")
    with Collector() as collector, peer:
        made = service(collector, f'ratio = 1.0\n[retry]\nbase = "1s"\n[http]\naddress = "127.0.0.1:{port}"\n')
        made.send("u@peer.test")
        delivered = made.wait_for("delivered")
        queue_id = delivered["queue_id"]
        made.send("nobody@peer.test", b"Subject: second\r\n\r\ntext\r\n")
        report = made.wait_for("delivered", count=2)["queue_id"]
        made.wait_for("report_queued")
        eventually(
            lambda: {"mail.settle", "mail.report"} <= {s.name for s in collector.trace(trace_id_of(report))},
            "the report",
        )
        eventually(lambda: "mail.session" in {s.name for s in collector.trace(trace_id_of(queue_id))}, "the session")
        exemplars = {s.exemplar.labels["trace_id"] for s in metrics(port) if s.exemplar is not None}
        spans, first, last = collector.spans(), made.wait_for("deferred"), delivered
    trace_id = trace_id_of(queue_id)
    trace = [span for span in spans if span.trace_id == trace_id]
    by_name = {span.name: span for span in trace}
    session, message = by_name["mail.session"], by_name["mail.message"]
    above = (session.parent_id, message.parent_id, by_name["mail.commit"].parent_id)
    assert ("", session.span_id, message.span_id) == above
    leases = [span for span in trace if span.name == "mail.lease"]
    attempts = [span for span in trace if span.name == "mail.attempt"]
    assert [message.span_id] * 2 == [span.parent_id for span in leases]
    assert [lease.span_id for lease in leases] == [span.parent_id for span in attempts]
    assert ["451 4.7.1 Later", None] == [span.error for span in attempts]
    assert [("deferred", 0), (None, 1)] == [
        (span.attributes.get("error.type"), span.attributes["mail.delivered"]) for span in attempts
    ]
    stages = [{s.name for s in trace if s.parent_id == attempt.span_id} for attempt in attempts]
    assert _STAGES == stages[0] - {"dns.lookup", "smtp.quit"}
    assert _STAGES - {"smtp.connect", "smtp.ehlo"} <= stages[1]  # the connection may have waited
    assert all(span.began_ns <= span.ended_ns for span in trace)
    assert "127.0.0.1" == leases[1].attributes["client.address"]
    for lease, line in zip(leases, (first, last), strict=True):
        assert (lease.trace_id, lease.span_id) == (line["trace_id"], line["span_id"])
    accepted = made.named("accepted", queue_id=queue_id)[0]
    assert (trace_id, message.span_id) == (accepted["trace_id"], accepted["span_id"])
    assert trace_id in exemplars
    [linked] = [span.links for span in spans if span.name == "mail.report"]
    bounced = made.wait_for("bounced")
    assert [trace_id_of(bounced["queue_id"])] == [link for link, _ in linked]
    assert {"acceptor-1", "worker-1", "housekeeper-1"} <= {s.process.partition("/")[2].partition(".")[0] for s in spans}


def test_a_message_that_is_not_traced_writes_nothing_until_it_fails(service):
    """
    A client that is trusted decides about its own. What fails is traced from there on.
    """
    port = free_port()
    with Collector() as collector:
        more = f'[[listener]]\naddress = "127.0.0.1:{port}"\nrole = "internal"\ntrust_traceparent = ["127.0.0.0/8"]\n'
        made = service(collector, f'ratio = 0.0\n[retry]\nlifetime = "0s"\n{more}')
        field = f"Traceparent: 00-{_CLIENT}-00f067aa0ba902b7-01\r\n".encode()
        made.send("a@here.test", field + b"Subject: believed by nobody\r\n\r\ntext\r\n")
        made.wait_for("delivered")
        made.port = port
        made.send("b@here.test", field + b"Subject: believed\r\n\r\ntext\r\n")
        made.wait_for("delivered", count=2)
        made.send("c@peer.test", b"Subject: fails\r\n\r\ntext\r\n")
        expired = made.wait_for("expired")
        made.wait_for("report_queued")
        failed = trace_id_of(expired["queue_id"])
        last = {(_CLIENT, "mail.session"), (failed, "mail.lease")}
        eventually(lambda: last <= {(s.trace_id, s.name) for s in collector.spans()}, "both traces")
        found, spans = traces(made), collector.spans()
    assert [None, _CLIENT, failed] == [found[subject] for subject in ("believed by nobody", "believed", "fails")]
    assert {_CLIENT, failed, found[None]} >= {span.trace_id for span in spans}
    [lease] = [span for span in spans if span.trace_id == failed and span.name == "mail.lease"]
    assert ("", failed, lease.span_id) == (lease.parent_id, expired["trace_id"], expired["span_id"])
    assert "00f067aa0ba902b7" == next(s.parent_id for s in spans if s.name == "mail.session")
    assert "trace_id" not in made.named("delivered")[0]


class _Hanging(HttpServer):
    """A collector that takes connections and says nothing."""

    url = property(lambda self: f"http://127.0.0.1:{self.port}")

    def _serve(self, connection):
        while connection.recv(65536):
            pass


def test_a_collector_that_hangs_or_dies_delays_no_mail_and_no_end(service):
    """
    A process that was killed takes no more along than what it had in memory. One that ends does not wait for an answer.
    """
    with _Hanging() as collector:
        made = service(collector, "ratio = 1.0\n")
        for number in range(3):
            made.send(f"u{number}@here.test")
        made.wait_for("delivered", count=3)
        os.kill(made.pid_of("worker-1"), signal.SIGKILL)
        made.wait_for("process_ready", slot="worker-1", generation=2)
        made.send("again@here.test")
        made.wait_for("delivered", count=4)
        assert 0 == made.stop()
    assert [] == made.named("process_killed")
