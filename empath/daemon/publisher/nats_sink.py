"""
nats_sink - a stream of NATS JetStream that takes events

The library is made for asyncio, which knows one running loop in a thread. So each sink has its loop in a thread of its
own, and the loop runs only while a request is under way. The messages of a request go out one behind the other, and are
taken when the stream has confirmed each. `Nats-Msg-Id` lets the stream drop what it has had.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from functools import partial
from math import ceil
from typing import Final
from urllib.parse import urlsplit

from nats.aio.client import Client
from nats.errors import ConnectionClosedError, MaxPayloadError, NoServersError
from nats.js.errors import APIError, NoStreamResponseError

from empath.config.tables.event_brokers import EventNats
from empath.daemon.publisher.broker_messages import GRACE_S, IDLE_S, Message, failed, messages_of, password_of
from empath.daemon.publisher.native_calls import NativeCalls
from empath.daemon.publisher.said import Said
from empath.net.http_client import client_context
from empath.policy.events.form import Event
from empath.policy.events.sending import Verdict

# The library tells standard error of a server that breaks the protocol; the log has what came of the request.
logging.getLogger("nats").addHandler(logging.NullHandler())
_TOO_LARGE: Final = 10054  # JSStreamMessageExceedsMaximumErr: the stream takes smaller messages only


class _Left(Exception):
    """The server ended the connection."""


class NatsSink:
    """A stream, through one connection that is kept while there are events."""

    def __init__(self, table: EventNats, queue: str) -> None:
        self._table = table
        self._queue = queue
        self._calls = NativeCalls()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: Client | None = None
        self._left: asyncio.Event | None = None
        self._used_at = 0.0  # of time.monotonic

    def send(self, events: Sequence[Event]) -> Said:
        """See Sink."""
        call = partial(self._call, messages_of(events, self._queue))
        return self._calls.run(call, self._table.timeout_s + GRACE_S)

    def close(self) -> None:
        """End the connection and the loop, once the last call has ended; the next call makes new ones."""
        if self._loop is not None:
            self._loop.run_until_complete(self._close())
            self._loop.close()
            self._loop = None

    def _call(self, messages: Sequence[Message]) -> Said:
        """In the thread."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        try:
            self._loop.run_until_complete(asyncio.wait_for(self._send(messages), self._table.timeout_s))
        except MaxPayloadError:
            return failed("the event is larger than the server takes", Verdict.REFUSED)
        except NoStreamResponseError:
            return failed(f"no stream of the server takes the subject {self._table.subject}")
        except APIError as exc:
            refused = Verdict.REFUSED if exc.err_code == _TOO_LARGE else Verdict.FAILED
            return failed(f"{exc.description} ({exc.err_code})", refused)
        except TimeoutError:
            return failed("timed out")
        except Exception as exc:  # noqa: BLE001 - a library raises many
            return failed(exc)
        return Said(Verdict.TAKEN)

    async def _send(self, messages: Sequence[Message]) -> None:
        """Send over the connection that is there; over a new one, if that was left meanwhile."""
        is_kept = self._client is not None and time.monotonic() - self._used_at < IDLE_S
        try:
            if not is_kept:
                await self._connect()
            try:
                await self._publish(messages)
            except _Left:
                if not is_kept:
                    raise ConnectionError("the server ended the connection") from None
                await self._connect()
                await self._publish(messages)
        except BaseException:
            await self._close()
            raise
        self._used_at = time.monotonic()

    async def _publish(self, messages: Sequence[Message]) -> None:
        assert self._left is not None
        taken = asyncio.ensure_future(self._publish_all(messages))
        left = asyncio.ensure_future(self._left.wait())
        try:
            await asyncio.wait({taken, left}, return_when=asyncio.FIRST_COMPLETED)
            if not taken.done():
                raise _Left
            taken.result()
        except ConnectionClosedError as exc:
            raise _Left from exc
        finally:
            taken.cancel()
            left.cancel()

    async def _publish_all(self, messages: Sequence[Message]) -> None:
        """The first one alone, because the library then asks for confirmations; the others behind each other."""
        await self._publish_one(messages[0])
        await asyncio.gather(*map(self._publish_one, messages[1:]))

    async def _publish_one(self, message: Message) -> None:
        table = self._table
        subject = table.subject.replace("{type}", message.event.type)
        headers = {"Nats-Msg-Id": message.key}
        assert self._client is not None
        await self._client.jetstream().publish(subject, message.body, timeout=table.timeout_s, headers=headers)

    async def _connect(self) -> None:
        await self._close()
        table = self._table
        password = password_of(table)
        self._left = left = asyncio.Event()

        async def note_end() -> None:
            left.set()

        self._client = Client()
        causes: list[Exception] = []

        async def note_error(error: Exception) -> None:
            causes.append(error)

        try:
            await self._client.connect(
                table.url,
                user=table.user,
                password=password,
                tls=client_context(table.ca_file) if urlsplit(table.url).scheme == "tls" else None,
                name="empath",
                allow_reconnect=False,
                max_reconnect_attempts=1,  # 0 is no bound
                reconnect_time_wait=0,
                connect_timeout=ceil(table.timeout_s),
                closed_cb=note_end,
                error_cb=note_error,  # without one the library writes to standard error
            )
        except NoServersError as exc:
            raise causes[-1] if causes else exc from None

    async def _close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.close()
