"""collector - a collector of OpenTelemetry on loopback, which reads OTLP by the library of that format"""

from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from tests.kit.http_server import HttpServer, answer

TAKEN = answer(200, b"", Content_Type="application/x-protobuf")


class SeenSpan(NamedTuple):
    """One span. Shape: ids are hexadecimal, parent_id is empty without a parent; links are ids of traces and spans."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]
    error: str | None
    links: list[tuple[str, str]]
    began_ns: int
    ended_ns: int
    process: str


class Collector(HttpServer):
    """Takes spans, unless it has other *answers*."""

    def __init__(self, *answers: bytes) -> None:
        super().__init__(*(answers or (TAKEN,)))

    @property
    def url(self) -> str:
        """What [tracing] names."""
        return f"http://127.0.0.1:{self.port}"

    def spans(self) -> list[SeenSpan]:
        """All that came so far, in the order in which it came."""
        return [span for call in list(self.calls) for span in seen(call.body)]

    def trace(self, trace_id: str) -> list[SeenSpan]:
        """The spans of one trace, in the order of their begin."""
        return sorted((span for span in self.spans() if span.trace_id == trace_id), key=lambda span: span.began_ns)


def seen(body: bytes) -> list[SeenSpan]:
    """The spans of one request."""
    request = ExportTraceServiceRequest.FromString(body)
    return [
        SeenSpan(
            span.name,
            span.trace_id.hex(),
            span.span_id.hex(),
            span.parent_span_id.hex(),
            _values(span.attributes),
            span.status.message if span.status.code == Status.STATUS_CODE_ERROR else None,
            [(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
            span.start_time_unix_nano,
            span.end_time_unix_nano,
            str(_values(of_process.resource.attributes).get("service.instance.id")),
        )
        for of_process in request.resource_spans
        for scope in of_process.scope_spans
        for span in scope.spans
    ]


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
