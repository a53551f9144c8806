"""A collector of OpenTelemetry takes events as records of a log; nothing that it does not take is lost."""

import pytest

pytest.importorskip("opentelemetry.proto.collector.logs.v1", reason="the extra otlp is not installed")

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

from empath.config.tables.event_brokers import EventOtlp
from empath.daemon.publisher.brokers import BrokerSink
from empath.policy.events.form import Event
from empath.policy.events.sending import Verdict
from tests.kit.http_server import HttpServer, answer

EVENTS = [Event(number, 1764504000.25, "audited", detail={"who": "ann", "what": "freeze"}) for number in (3, 4)]


def refusing(count):
    """The answer of a collector that refuses *count* records."""
    made = ExportLogsServiceResponse()
    made.partial_success.rejected_log_records = count
    made.partial_success.error_message = "too\nold"
    return answer(200, made.SerializeToString())


def test_a_request_has_a_record_for_each_event(tmp_path):
    """
    With the fields and attributes that the operator wants; the same event has the same key.
    """
    (tmp_path / "headers").write_text("Authorization: Bearer x\n")
    with HttpServer(answer(200)) as server:
        table = EventOtlp(
            url=f"http://localhost:{server.port}", headers_file=str(tmp_path / "headers"),
            resource={"deployment.environment.name": "test"},
        )  # fmt: skip
        assert (Verdict.TAKEN, "", None) == BrokerSink(table, "01QUEUE").send(EVENTS)
    [call] = server.calls
    assert ("POST /v1/logs HTTP/1.1", "Bearer x") == (call.line, call.field("authorization"))
    assert "application/x-protobuf" == call.field("content-type")
    [of_process] = ExportLogsServiceRequest.FromString(call.body).resource_logs
    resource = {each.key: each.value.string_value for each in of_process.resource.attributes}
    assert ("empath", "test", "01QUEUE") == (
        *(resource[name] for name in ("service.name", "deployment.environment.name", "service.instance.id")),
    )
    [scope] = of_process.scope_logs
    assert [("mail.audited", 1764504000250000000)] * 2 == [(r.event_name, r.time_unix_nano) for r in scope.log_records]
    attributes = [{each.key: each.value.string_value for each in r.attributes} for r in scope.log_records]
    assert ["01QUEUE-3", "01QUEUE-4"] == [each["event.key"] for each in attributes]
    assert {"ann"} == {each["audit.actor"] for each in attributes}


def test_what_the_collector_does_not_take_is_sent_again():
    """
    The verdict leaves the cursor of the consumer where it is, or sets one event aside.
    """
    answers = (answer(503), answer(400), refusing(1), answer(200, b"{}"))
    with HttpServer(*answers) as server:
        sink = BrokerSink(EventOtlp(url=f"http://localhost:{server.port}/x/logs"), "01QUEUE")
        said = [sink.send(EVENTS) for _ in answers]
    assert [Verdict.FAILED, Verdict.REFUSED, Verdict.REFUSED, Verdict.TAKEN] == [each.verdict for each in said]
    assert "1 of 2 records are refused: too old" == said[2].words
    assert {"POST /x/logs HTTP/1.1"} == {call.line for call in server.calls}
    assert Verdict.FAILED is sink.send(EVENTS).verdict  # nobody is there


def test_a_file_of_fields_that_cannot_be_used_is_named(tmp_path):
    """
    It is read for each request, so that a new token needs no reload.
    """
    file = tmp_path / "headers"
    sink = BrokerSink(EventOtlp(url="http://localhost:9", headers_file=str(file)), "01QUEUE")
    assert f"{file}: No such file or directory" == sink.send(EVENTS).words
    file.write_text("no field\n")
    assert "has no header field in line 1" in sink.send(EVENTS).words
