"""
publisher - the process that sends events to the endpoints and files of [events]

It carries no mail, and may be killed at any moment: the rows say how far each consumer has got. Each consumer has a
greenlet of its own, so that none waits for another. All look at the queue when anything was committed to it.
"""

from empath.daemon.process.patching import patch_all

patch_all()

from collections.abc import Iterator
from functools import partial
from typing import Final

import gevent
from gevent.event import Event as Signal

from empath.config.tables.event_brokers import EventS3
from empath.config.tables.event_choice import Choice
from empath.config.tables.events import Events
from empath.daemon.process.run_child import run_child
from empath.daemon.process.runtime import Runtime
from empath.daemon.publisher.brokers import BrokerSink
from empath.daemon.publisher.channel import Channel
from empath.daemon.publisher.said import Sink
from empath.daemon.publisher.sinks import FileSink, ModuleSink, RedactingSink, WebhookSink
from empath.errors import EmpathError
from empath.policy.events.sending import Retry
from empath.storage.engine import Reader
from empath.storage.queue.events import KeepConsumers
from empath.storage.queue.redaction import KeepPseudonymKey
from empath.storage.spool_owner import key_of_queue
from empath.telemetry.occurrences.publisher import OutboxUnread

_WRITE_DEADLINE_S: Final = 5.0
_LOOK_S: Final = 0.25
_AFTER_ERROR_S: Final = 2.0
_OWN_RETRY: Final = Retry(base_s=5.0, most_s=60.0, tries=10, give_up_s=86_400.0)


class Publisher:
    """The whole process."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._reader = runtime.reader
        self._news = Signal()
        self._channels = list(_channels(runtime, self._reader))

    def run(self) -> None:
        """Send until a drain is asked for. A request that is under way then ends first, or is made again later."""
        runtime = self._runtime
        keeping = KeepConsumers(runtime.config.events.consumers, now=runtime.now())
        if keeping.is_needed(self._reader):  # the housekeeper may be later
            runtime.writer.commit(keeping)
        for channel in self._channels:
            channel.begin()
            runtime.keep(partial(self._serve, channel))
        runtime.keep(self._watch)
        runtime.ready()
        runtime.draining.wait()

    def _watch(self) -> None:
        """Let all channels know when anything was committed."""
        before = None
        while True:
            try:
                news = self._reader.news()
            except EmpathError:
                news = None  # the channels say so
            if news != before:
                before = news
                self._news.set()
                self._news.clear()
            gevent.sleep(_LOOK_S)

    def _serve(self, channel: Channel) -> None:
        is_failing = False
        wait_s: float | None = 0.0
        while wait_s is not None and not self._runtime.draining.is_set():
            try:
                wait_s = channel.step()
                is_failing = False
            except EmpathError as exc:
                if not is_failing:
                    self._runtime.emit(OutboxUnread(consumer=channel.name, error=str(exc)))
                is_failing = True
                gevent.sleep(_AFTER_ERROR_S)
            if wait_s:
                self._news.wait(wait_s)


def _channels(runtime: Runtime, reader: Reader) -> Iterator[Channel]:
    queue = key_of_queue(reader) or runtime.config.hostname
    for name, table, sink, retry in _sinks(runtime.config.events, str(queue)):
        told = sink if table.redaction(b"").changes_nothing else _redacting(runtime, table, sink)
        yield Channel(
            name, told, table.filter, table.batch, retry, reader, runtime.writer, runtime.process_id, runtime.emit,
            gather_s=table.every_s if isinstance(table, EventS3) else 0.0,
        )  # fmt: skip


def _redacting(runtime: Runtime, table: Choice, sink: Sink) -> Sink:
    return RedactingSink(sink, table.redaction(runtime.writer.commit(KeepPseudonymKey()).key))


def _sinks(events: Events, queue: str) -> Iterator[tuple[str, Choice, Sink, Retry]]:
    for name, hook in events.webhooks.items():
        yield name, hook, WebhookSink(hook), Retry(hook.retry_s, hook.retry_most_s, hook.tries, hook.give_up_s)
    for name, file in events.files.items():
        yield name, file, FileSink(file), _OWN_RETRY
    for name, module in events.sinks.items():
        yield name, module, ModuleSink(module), _OWN_RETRY
    for _, name, broker in events.each_broker():
        yield name, broker, BrokerSink(broker, queue), _OWN_RETRY


def _serve(runtime: Runtime) -> None:
    Publisher(runtime).run()


def main() -> None:
    """The whole process."""
    run_child(_serve, write_deadline_s=_WRITE_DEADLINE_S)


if __name__ == "__main__":
    main()
