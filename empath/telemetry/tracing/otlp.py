"""
otlp - spans as the octets of a request of OTLP, in the package `opentelemetry-proto`

Only a process that traces imports this module: it takes 50 ms and 5 MB. Spans are plain tuples until then, because an
object of the library costs ten times as much, and a span that a full queue drops needs none.

Protocol Buffers merge what is read twice, so the octets of an attribute are made once and merged into each span that
has it.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2 as proto

from empath.policy.tracing.context import TraceContext
from empath.policy.tracing.spans import MOST_CHARACTERS, Attributes, Span

_SCOPE: Final = "empath"
_REMOTE: Final = 0x300  # of the flags: the parent may be of another process, and it is known that it is (OTLP)
_SAMPLED: Final = 1
_NS: Final = 1_000_000_000


def request_of(spans: Iterable[Span], resource: Mapping[str, str]) -> bytes:
    """The body of a request with *spans*, all of the process that *resource* describes."""
    request = ExportTraceServiceRequest()
    of_process = request.resource_spans.add()
    of_process.resource.attributes.extend(key_value(key, value) for key, value in resource.items())
    scope = of_process.scope_spans.add()
    scope.scope.name = _SCOPE
    add = scope.spans.add
    for span in spans:
        _, context, parent_id, began_at, ended_at, attributes, error, links = span
        began_ns = int(began_at * _NS)
        made = add(
            trace_id=bytes.fromhex(context.trace_id),
            span_id=bytes.fromhex(context.span_id),
            parent_span_id=b"" if parent_id is None else bytes.fromhex(parent_id),
            flags=_SAMPLED,
            name=span.name.name,
            kind=span.name.kind,
            start_time_unix_nano=began_ns,
            end_time_unix_nano=max(began_ns, int(ended_at * _NS)),
        )
        if attributes:
            made.MergeFromString(_octets_of(attributes))
        if error is not None:
            made.status.code = proto.Status.STATUS_CODE_ERROR
            made.status.message = cut(error)
        for link in links:
            _add_link(made, link)
    return request.SerializeToString()


def refused_in(answer: bytes) -> tuple[int, str]:
    """
    How many spans a collector has refused that took the others, and why, by its *answer*: `partial_success` of OTLP.
    """
    try:
        told = ExportTraceServiceResponse.FromString(answer).partial_success
    except DecodeError:  # JSON, or the page of something in between
        return 0, ""
    return max(0, told.rejected_spans), cut(told.error_message)


def _add_link(span: proto.Span, link: TraceContext) -> None:
    span.links.add(
        trace_id=bytes.fromhex(link.trace_id),
        span_id=bytes.fromhex(link.span_id),
        flags=_REMOTE | link.is_sampled,
    )


def _octets_of(attributes: Attributes) -> bytes:
    return b"".join([_attribute(name.name, value) for name, value in attributes if value is not None])


@lru_cache(maxsize=4096, typed=True)  # 1 is not True
def _attribute(key: str, value: str | int | float | bool) -> bytes:
    """The octets of a span that has only this attribute."""
    return proto.Span(attributes=[key_value(key, value)]).SerializeToString()


def key_value(key: str, value: str | int | float | bool, most: int = MOST_CHARACTERS) -> KeyValue:
    """An attribute; text has *most* characters at most."""
    match value:
        case bool():
            made = AnyValue(bool_value=value)
        case int():
            made = AnyValue(int_value=value)
        case float():
            made = AnyValue(double_value=value)
        case _:
            made = AnyValue(string_value=cut(value, most))
    return KeyValue(key=key, value=made)


def cut(text: str, most: int = MOST_CHARACTERS) -> str:
    """*text* as the format takes it: bounded, and without halves of characters."""
    text = text[:most]
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
