"""
otlp_sink - a collector of OpenTelemetry that takes events as records of a log

An event is taken when the collector says so. One that takes some of a request and refuses others has refused it: the
channel then sends them one by one, and who has seen an event knows it by its `event.key`.
"""

import socket
import time
from collections.abc import Sequence
from typing import Final

import gevent

from empath import __version__
from empath.config.tables.event_brokers import EventOtlp
from empath.daemon.publisher.broker_messages import GRACE_S, failed
from empath.daemon.publisher.said import Said
from empath.errors import SyntaxViolation
from empath.mail.url import parse_secure_url
from empath.net.http_client import HttpEndpoint, HttpFailed, HttpRequest
from empath.net.stream import StreamClosed
from empath.policy.events.form import Event
from empath.policy.events.log_record import log_record
from empath.policy.events.sending import Verdict, verdict_of
from empath.policy.tracing.headers import parse_headers
from empath.policy.webhook import retry_after_s
from empath.telemetry.otlp_logs import logs_request, refused_logs

_MOST_OCTETS: Final = 64 * 1024  # of an answer
_FIELDS: Final = (("Content-Type", "application/x-protobuf"), ("User-Agent", "empath"))


class OtlpSink:
    """The collector that *table* names, for events of the queue with the key *queue*."""

    def __init__(self, table: EventOtlp, queue: str) -> None:
        self._table = table
        self._queue = queue
        self._endpoint = HttpEndpoint(parse_secure_url(table.logs_url), ca_file=table.ca_file)
        self._resource = {
            "service.name": "empath",
            "service.version": __version__,
            "service.instance.id": queue,
            "host.name": socket.gethostname(),
            **table.resource,
        }

    def send(self, events: Sequence[Event]) -> Said:
        """See Sink."""
        try:
            fields = (*_FIELDS, *self._wanted_fields())
        except (OSError, SyntaxViolation) as exc:
            return failed(f"{self._table.headers_file}: {getattr(exc, 'strerror', None) or exc}")
        records = [log_record(event, self._queue) for event in events]
        body = logs_request(records, self._resource, time.time())
        request = HttpRequest("POST", fields, (body,), len(body))
        try:
            with gevent.Timeout(self._table.timeout_s + GRACE_S, HttpFailed("timed out")):
                answer = self._endpoint.ask(
                    request, timeout_s=self._table.timeout_s, most_octets=_MOST_OCTETS, status_counts=True
                )
        except (HttpFailed, StreamClosed) as exc:
            return failed(exc)
        wait_s = retry_after_s(answer.fields.get("retry-after", ""), time.time())
        verdict = verdict_of(answer.status)
        if verdict is not Verdict.TAKEN:
            return Said(verdict, f"HTTP status {answer.status}", wait_s)
        refused, why = refused_logs(answer.body)
        if refused:
            return failed(f"{refused} of {len(events)} records are refused: {why}", Verdict.REFUSED)
        return Said(Verdict.TAKEN)

    def _wanted_fields(self) -> tuple[tuple[str, str], ...]:
        file = self._table.headers_file
        return () if file is None else parse_headers(file.read_bytes())
