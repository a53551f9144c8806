"""
s3_sink - a bucket of S3, or of a service that speaks the same, that takes events

A request is one object, with a JSON object in each line. Its name says which events are in it. So the same request
makes the same object again, and the names are in the order of the events. The library makes and signs the request, and
reads the answer. `HttpEndpoint` carries both, because the library reads any number of octets.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Final

import gevent
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from empath.config.tables.event_brokers import EventS3
from empath.daemon.publisher.broker_messages import GRACE_S, failed, secret_in
from empath.daemon.publisher.said import Said
from empath.mail.url import parse_secure_url
from empath.net.http_client import HttpEndpoint, HttpRequest
from empath.policy.events.form import Event, record_of
from empath.policy.events.sending import Verdict

_MOST_OCTETS: Final = 64 * 1024  # of an answer
_OF_ITS_OWN: Final = frozenset({"connection", "content-length", "expect"})  # HttpEndpoint writes them, or needs none


class _Body:
    """The octets of an answer, as the library reads them."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def stream(self) -> list[bytes]:
        """See AWSResponse."""
        return [self._octets]


class S3Sink:
    """A bucket."""

    def __init__(self, table: EventS3, queue: str) -> None:
        self._table = table
        self._queue = queue

    def send(self, events: Sequence[Event]) -> Said:
        """See Sink."""
        lines = "".join(json.dumps(record_of(event)) + "\n" for event in events).encode()
        try:
            with gevent.Timeout(self._table.timeout_s + GRACE_S, TimeoutError("timed out")):
                self._client.put_object(
                    Bucket=self._table.bucket,
                    Key=self.name_of(events),
                    Body=lines,
                    ContentType="application/x-ndjson",
                )
        except Exception as exc:  # noqa: BLE001 - a library raises many
            if isinstance(exc, ClientError | TimeoutError):  # another secret? a torn request?
                self.__dict__.pop("_client", None)
            return failed(exc)
        return Said(Verdict.TAKEN)

    def name_of(self, events: Sequence[Event]) -> str:
        """Name of the object with *events*: instant of the first one, queue, and the first and the last number."""
        first, last = events[0], events[-1]
        at = datetime.fromtimestamp(first.at, UTC)
        name = f"{at:%Y/%m/%d/%H%M%S}.{at.microsecond // 1000:03}Z-{self._queue}"
        return f"{self._table.prefix}{name}-{first.event_id:012}-{last.event_id:012}.jsonl"

    @cached_property
    def _client(self) -> Any:
        table = self._table
        session = Session()
        if table.access_key is not None and table.secret_file is not None:
            session.set_credentials(table.access_key, secret_in(table.secret_file))
        config = Config(
            retries={"total_max_attempts": 1},  # the channel tries again
            request_checksum_calculation="when_required",  # services beside that of Amazon know no others
            s3={"addressing_style": "path", "payload_signing_enabled": True},
            user_agent_extra="empath",
        )
        client = session.create_client(
            "s3",
            region_name=table.region,
            endpoint_url=table.url,
            config=config,
        )
        client.meta.events.register("before-send.s3", self._carry)
        return client

    def _carry(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """The answer to *request*, in place of that which the library would get."""
        fields = [(name, _text(value)) for name, value in request.headers.items() if name.lower() not in _OF_ITS_OWN]
        body: bytes = request.body.read() if hasattr(request.body, "read") else request.body or b""
        endpoint = HttpEndpoint(parse_secure_url(request.url), ca_file=self._table.ca_file)
        answer = endpoint.ask(
            HttpRequest(request.method, fields, (body,), len(body)),
            timeout_s=self._table.timeout_s,
            most_octets=_MOST_OCTETS,
            status_counts=True,
        )
        return AWSResponse(request.url, answer.status, HeadersDict(answer.fields), _Body(answer.body))


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
