"""
otlp_logs - records of a log as the octets of a request of OTLP, in the package `opentelemetry-proto`

Only a process that sends some imports this module, as the one of traces.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from empath.policy.events.log_record import LogRecord
from empath.telemetry.tracing.otlp import cut, key_value

_SCOPE: Final = "empath"
_US: Final = 1_000_000  # instants are exact to a microsecond
_NS: Final = 1_000
_MOST_CHARACTERS: Final = 4_096  # of an attribute
_MOST_BODY: Final = 65_536


def logs_request(records: Iterable[LogRecord], resource: Mapping[str, str], now: float) -> bytes:
    """The body of a request with *records*, sent at *now* (Unix seconds) by the process that *resource* describes."""
    request = ExportLogsServiceRequest()
    of_process = request.resource_logs.add()
    of_process.resource.attributes.extend(key_value(name, text) for name, text in resource.items())
    scope = of_process.scope_logs.add()
    scope.scope.name = _SCOPE
    for record in records:
        made = scope.log_records.add(
            time_unix_nano=max(0, int(record.at * _US) * _NS),
            observed_time_unix_nano=int(now * _US) * _NS,
            severity_number=record.severity,
            event_name=record.name,
            body=AnyValue(string_value=cut(record.body, _MOST_BODY)),
        )
        made.attributes.extend(key_value(name, value, _MOST_CHARACTERS) for name, value in record.attributes)
    return request.SerializeToString()


def refused_logs(answer: bytes) -> tuple[int, str]:
    """How many records a collector has refused that took the others, and why: `partial_success` of OTLP."""
    try:
        told = ExportLogsServiceResponse.FromString(answer).partial_success
    except DecodeError:  # JSON, or the page of something in between
        return 0, ""
    return max(0, told.rejected_log_records), cut(told.error_message)
