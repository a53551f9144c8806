"""
kafka_sink - a topic of Kafka that takes events

The library sends by threads of its own, with the producer's number in each message, so that Kafka keeps them in order
and drops what the library sends twice. Waiting for the confirmations blocks a native thread. After a failure the
producer is given up with all that it still holds: the next request has the same events.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, Producer

from empath.config.tables.event_brokers import EventKafka
from empath.daemon.publisher.broker_messages import GRACE_S, Message, failed, messages_of, password_of
from empath.daemon.publisher.native_calls import NativeCalls
from empath.daemon.publisher.said import Said
from empath.policy.events.form import Event
from empath.policy.events.sending import Verdict

_TOO_LARGE: Final = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})
_HEADER: Final = "empath-event"
_QUIET: Final = 0  # least severe line that the library writes to standard error: none


class KafkaSink:
    """A topic, through one producer."""

    def __init__(self, table: EventKafka, queue: str) -> None:
        self._table = table
        self._queue = queue
        self._calls = NativeCalls()
        self._producer: Producer | None = None
        self._trouble = ""  # what the library said last of its connections

    def send(self, events: Sequence[Event]) -> Said:
        """See Sink."""
        call = partial(self._call, messages_of(events, self._queue))
        return self._calls.run(call, self._table.timeout_s + 2 * GRACE_S)

    def _call(self, messages: Sequence[Message]) -> Said:
        """In the thread."""
        errors: list[KafkaError] = []
        try:
            left = self._produce(messages, errors)
        except KafkaException as exc:
            errors.append(exc.args[0])
        except Exception as exc:  # noqa: BLE001 - a library raises many
            self._give_up()
            return failed(exc)
        else:
            if not left and not errors:
                return Said(Verdict.TAKEN)
        self._give_up()
        if not errors:
            return failed(self._trouble or "timed out")
        is_refused = all(error.code() in _TOO_LARGE for error in errors)
        words = errors[0].str()
        return failed(
            f"{words}; {self._trouble}" if self._trouble else words,
            Verdict(Verdict.REFUSED if is_refused else Verdict.FAILED),
        )

    def _produce(self, messages: Sequence[Message], errors: list[KafkaError]) -> int:
        """Send *messages*; gives the number of those that nothing was heard of."""

        def heard(error: KafkaError | None, _: object) -> None:
            if error is not None:
                errors.append(error)

        if self._producer is None:
            self._trouble = ""
            self._producer = Producer(self._settings())
        for message in messages:
            self._producer.produce(
                self._table.topic,
                message.body,
                key=message.event.queue_id or message.key,
                headers={_HEADER: message.key, "content-type": "application/json"},
                on_delivery=heard,
            )
        left: int = self._producer.flush(self._table.timeout_s + GRACE_S)
        return left

    def _give_up(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.purge()

    def _note_trouble(self, error: KafkaError) -> None:
        self._trouble = error.str()

    def _settings(self) -> dict[str, Any]:
        table = self._table
        settings: dict[str, Any] = {
            "bootstrap.servers": ",".join(table.servers),
            "client.id": "empath",
            "enable.idempotence": True,  # implies that all replicas in sync have confirmed
            "delivery.timeout.ms": max(1, int(table.timeout_s * 1000)),
            "linger.ms": 0,
            "error_cb": self._note_trouble,
            "log_level": _QUIET,
            "security.protocol": f"{'SASL_' if table.user else ''}{'SSL' if table.tls else 'PLAINTEXT'}",
        }
        if table.ca_file is not None:
            settings["ssl.ca.location"] = str(table.ca_file)
        if table.user is not None:
            settings |= {
                "sasl.mechanism": table.mechanism,
                "sasl.username": table.user,
                "sasl.password": password_of(table),
            }
        return settings
