"""
brokers - the sink of a message broker, whose library is loaded by the first request

A library may be missing, or fail while it is loaded. That is the failure of one consumer, not of the process.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Final

from empath.config.tables.event_brokers import Broker, EventAmqp, EventKafka, EventNats, EventOtlp, EventS3
from empath.daemon.publisher.broker_messages import failed
from empath.daemon.publisher.said import Said, Sink
from empath.policy.events.form import Event


def _amqp(table: EventAmqp, queue: str) -> Sink:
    from empath.daemon.publisher.amqp_sink import AmqpSink  # noqa: PLC0415 - only what is configured

    return AmqpSink(table, queue)


def _kafka(table: EventKafka, queue: str) -> Sink:
    from empath.daemon.publisher.kafka_sink import KafkaSink  # noqa: PLC0415 - only what is configured

    return KafkaSink(table, queue)


def _s3(table: EventS3, queue: str) -> Sink:
    from empath.daemon.publisher.s3_sink import S3Sink  # noqa: PLC0415 - only what is configured

    return S3Sink(table, queue)


def _nats(table: EventNats, queue: str) -> Sink:
    from empath.daemon.publisher.nats_sink import NatsSink  # noqa: PLC0415 - only what is configured

    return NatsSink(table, queue)


def _otlp(table: EventOtlp, queue: str) -> Sink:
    from empath.daemon.publisher.otlp_sink import OtlpSink  # noqa: PLC0415 - only what is configured

    return OtlpSink(table, queue)


_MAKERS: Final[dict[type[Broker], Callable[[Any, str], Sink]]] = {
    EventAmqp: _amqp,
    EventKafka: _kafka,
    EventNats: _nats,
    EventS3: _s3,
    EventOtlp: _otlp,
}


class BrokerSink:
    """The sink that *table* describes, of the queue with the key *queue*."""

    def __init__(self, table: Broker, queue: str) -> None:
        self._table = table
        self._queue = queue

    def send(self, events: Sequence[Event]) -> Said:
        """See Sink."""
        try:
            sink = self._sink
        except Exception as exc:  # noqa: BLE001 - code of others
            extra = self._table.extra
            return failed(f"the package {extra} cannot be loaded (`pip install empath-mta[{extra}]`): {exc}")
        return sink.send(events)

    @cached_property
    def _sink(self) -> Sink:
        return _MAKERS[type(self._table)](self._table, self._queue)
