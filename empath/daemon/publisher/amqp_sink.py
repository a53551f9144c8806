"""
amqp_sink - an exchange of an AMQP 0.9.1 broker, such as RabbitMQ, that takes events

The messages of a request go out one behind the other. They are taken when the broker has confirmed each of them, and
has returned none because no queue takes it. The library waits by plain sockets, so that gevent suffices.
A broker that floods the connection has neither the process nor its memory for itself.
"""

import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import amqp
import gevent
from amqp.exceptions import PreconditionFailed

from empath.config.tables.event_brokers import EventAmqp
from empath.daemon.process.turns import let_others_run
from empath.daemon.publisher.broker_messages import GRACE_S, IDLE_S, Message, failed, messages_of, password_of
from empath.daemon.publisher.said import Said
from empath.mail.endpoint import host_and_port
from empath.policy.events.form import Event
from empath.policy.events.sending import Verdict

_PORTS: Final = {"amqps": 5671, "amqp": 5672}
_KEPT_BY_BROKER: Final = 2  # delivery mode of a message that outlives a restart
_MOST_FRAME: Final = 2**20  # octets of a frame; a broker takes smaller ones unless it is told otherwise


class _Left(Exception):
    """The broker ended the connection."""


class _NotTaken(Exception):
    """The broker said that it does not keep a message."""


class BoundedConnection(amqp.Connection):  # type: ignore[misc]
    """A connection that waits until *ends_at* of time.monotonic, and lets others run before each frame."""

    def __init__(self, ends_at: float, *arguments: Any, **named: Any) -> None:
        self.ends_at = ends_at
        super().__init__(*arguments, **named)

    @property
    def frame_max(self) -> int:
        """Octets of a frame. The library takes any number that the broker names, and makes a buffer for it."""
        return self._frame_max

    @frame_max.setter
    def frame_max(self, octets: int) -> None:
        self._frame_max = min(octets, _MOST_FRAME)

    def blocking_read(self, timeout: float | None = None) -> Any:
        """See amqp.Connection. A socket that always has something to read would never let the hub run."""
        let_others_run()
        left_s = self.ends_at - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("timed out")
        with self.transport.having_timeout(left_s if timeout is None else min(timeout, left_s)):
            frame = self.transport.read_frame(unpack=_header_of)
        return self.on_inbound_frame(frame)


def _header_of(layout: str, octets: bytes) -> tuple[int, int, int]:
    kind, channel, size = struct.unpack(layout, octets)
    if size > _MOST_FRAME:
        raise ConnectionError(f"the broker sends a frame of {size} octets")
    return kind, channel, size


class _Confirmations:
    """What the broker said of the messages of one channel, by their numbers."""

    def __init__(self, channel: amqp.Channel) -> None:
        self.published = 0
        self.open: set[int] = set()
        self.not_taken = ""  # why, of the first such message
        channel.events["basic_ack"].add(self._on_ack)
        channel.events["basic_nack"].add(self._on_nack)
        channel.events["basic_return"].add(self._on_return)

    def expect_one(self) -> None:
        """One more message goes out."""
        self.published += 1
        self.open.add(self.published)

    def _on_ack(self, number: int, is_multiple: bool) -> None:
        self.open -= {each for each in self.open if each <= number} if is_multiple else {number}

    def _on_nack(self, number: int, is_multiple: bool, *_: object) -> None:
        self.not_taken = self.not_taken or "the broker could not keep the event"
        self._on_ack(number, is_multiple)

    def _on_return(self, _: Exception, exchange: str, routing_key: str, __: object) -> None:
        self.not_taken = self.not_taken or f"no queue takes the routing key {routing_key!r} of exchange {exchange!r}"


class AmqpSink:
    """An exchange, through one connection that is kept while there are events."""

    def __init__(self, table: EventAmqp, queue: str) -> None:
        self._table = table
        self._queue = queue
        self._connection: BoundedConnection | None = None
        self._channel: amqp.Channel | None = None
        self._used_at = 0.0  # of time.monotonic
        self._blocked = ""  # why the broker takes nothing from anyone

    def send(self, events: Sequence[Event]) -> Said:
        """See Sink."""
        timeout_s = self._table.timeout_s
        self._ends_at = time.monotonic() + timeout_s
        try:
            with gevent.Timeout(timeout_s + GRACE_S, TimeoutError("timed out")):
                self._send(messages_of(events, self._queue))
        except PreconditionFailed as exc:  # of a publication: the message is larger than the broker takes
            self.close()
            return failed(exc, Verdict.REFUSED)
        except TimeoutError:
            self.close()
            return failed(f"timed out; the broker blocks publishers: {self._blocked}" if self._blocked else "timed out")
        except Exception as exc:  # noqa: BLE001 - a library raises many
            self.close()
            return failed(exc)
        self._used_at = time.monotonic()
        return Said(Verdict.TAKEN)

    def close(self) -> None:
        """Leave the broker, without a word: it may not listen."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            with suppress(Exception):
                connection.collect()

    def _send(self, messages: Sequence[Message]) -> None:
        """Send over the connection that is there; over a new one, if that was left meanwhile."""
        is_kept = self._connection is not None and time.monotonic() - self._used_at < IDLE_S
        if self._connection is not None:
            self._connection.ends_at = self._ends_at
        if not is_kept:
            self._connect()
        try:
            self._publish(messages)
        except _Left as exc:
            if not is_kept:
                raise ConnectionError(f"the broker ended the connection: {exc}") from exc
            self._connect()
            self._publish(messages)

    def _publish(self, messages: Sequence[Message]) -> None:
        assert self._connection is not None
        assert self._channel is not None
        said = self._said
        try:
            for message in messages:
                said.expect_one()
                self._publish_one(message)
            while said.open:
                self._connection.drain_events(timeout=max(0.001, self._ends_at - time.monotonic()))
        except TimeoutError:
            raise
        except (OSError, amqp.RecoverableConnectionError) as exc:
            raise _Left(str(exc)) from exc
        if said.not_taken:
            raise _NotTaken(said.not_taken)

    def _publish_one(self, message: Message) -> None:
        assert self._channel is not None
        event = message.event
        self._channel.basic_publish(
            amqp.Message(
                message.body,
                content_type="application/json",
                delivery_mode=_KEPT_BY_BROKER,
                message_id=message.key,
                type=event.type,
                timestamp=int(event.at),
                app_id="empath",
            ),
            exchange=self._table.exchange,
            routing_key=self._table.routing_key.replace("{type}", event.type),
            mandatory=True,
            timeout=self._table.timeout_s,
        )

    def _connect(self) -> None:
        self.close()
        table = self._table
        parts = urlsplit(table.url)
        host = parts.hostname or ""
        # Without a login the broker has its guest, who may come from its own host only.
        login = {} if table.user is None else {"userid": table.user, "password": password_of(table)}
        self._blocked = ""
        self._connection = BoundedConnection(
            self._ends_at,
            host_and_port(host, parts.port or _PORTS[parts.scheme]),
            login_method="PLAIN",
            virtual_host=unquote(parts.path[1:]) or "/",
            ssl=_tls(table, host) if parts.scheme == "amqps" else False,
            connect_timeout=table.timeout_s,
            read_timeout=table.timeout_s,
            write_timeout=table.timeout_s,
            on_blocked=self._note_blocked,
            client_properties={"product": "empath"},
            **login,
        )
        self._connection.connect()
        self._channel = self._connection.channel()
        self._said = _Confirmations(self._channel)
        self._channel.confirm_select()

    def _note_blocked(self, reason: str) -> None:
        self._blocked = reason


def _tls(table: EventAmqp, host: str) -> dict[str, object]:
    file = None if table.ca_file is None else str(table.ca_file)
    return {"server_hostname": host, "context": {"cafile": file, "check_hostname": True}}
