"""
s3_sink - a bucket of S3, or of a service that speaks the same, that takes events

A request is one object, with a JSON object in each line. Its name says which events are in it. So the same request
makes the same object again, and the names are in the order of the events. The library waits by plain sockets, so that
gevent suffices.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import gevent
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session

from empath.config.tables.event_brokers import EventS3
from empath.daemon.publisher.broker_messages import GRACE_S, failed, secret_in
from empath.daemon.publisher.said import Said
from empath.policy.events.form import Event, record_of
from empath.policy.events.sending import Verdict


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
            connect_timeout=table.timeout_s,
            read_timeout=table.timeout_s,
            retries={"total_max_attempts": 1},  # the channel tries again
            max_pool_connections=1,
            request_checksum_calculation="when_required",  # services beside that of Amazon know no others
            s3={"addressing_style": "path", "payload_signing_enabled": True},
            user_agent_extra="empath",
        )
        return session.create_client(
            "s3",
            region_name=table.region,
            endpoint_url=table.url,
            verify=True if table.ca_file is None else str(table.ca_file),
            config=config,
        )
