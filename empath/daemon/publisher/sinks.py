"""
sinks - the HTTP endpoint, the file and the module that events are sent to
"""

import json
import os
import time
from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Final

import gevent

from empath.config.tables.events import EventFile, EventModule, EventWebhook
from empath.daemon.process.threads import in_thread
from empath.daemon.publisher.native_calls import NativeCalls
from empath.daemon.publisher.said import Said, Sink
from empath.mail.url import parse_secure_url
from empath.modules.sinks import EventSink, EventsRefused, open_sink
from empath.net.http_client import HttpEndpoint, HttpFailed, HttpRequest
from empath.net.stream import StreamClosed
from empath.policy.events.form import Event, record_of
from empath.policy.events.redacted import redacted
from empath.policy.events.sending import Verdict, verdict_of
from empath.policy.redaction import Redaction
from empath.policy.webhook import begin_signature, retry_after_s, signature_field
from empath.telemetry.occurrence import words_of

_MOST_OCTETS: Final = 64 * 1024  # of an answer
_MOST_WORDS: Final = 200
_GRACE_S: Final = 2.0  # after which a wait ends that no deadline of the socket ended


class RedactingSink:
    """Another sink, which gets events without what *redaction* leaves out."""

    def __init__(self, sink: Sink, redaction: Redaction) -> None:
        self._sink = sink
        self._redaction = redaction

    def send(self, events: Sequence[Event]) -> Said:
        """See Sink."""
        return self._sink.send([redacted(event, self._redaction) for event in events])


class WebhookSink:
    """An HTTP endpoint."""

    def __init__(self, webhook: EventWebhook) -> None:
        self._webhook = webhook
        parts = parse_secure_url(webhook.url)
        self._endpoint = HttpEndpoint(parts, ca_file=webhook.ca_file)

    def send(self, events: Sequence[Event]) -> Said:
        """See Sink."""
        webhook = self._webhook
        try:
            secret = None if webhook.secret_file is None else webhook.secret_file.read_bytes().strip()
        except OSError as exc:
            return Said(Verdict.FAILED, f"{webhook.secret_file}: {exc.strerror or exc}")
        if secret == b"":
            return Said(Verdict.FAILED, f"{webhook.secret_file}: it is empty")
        body = json.dumps({"events": [record_of(event) for event in events]}).encode()
        now = int(time.time())
        fields = [("User-Agent", "empath"), ("Content-Type", "application/json"), ("Empath-Timestamp", str(now))]
        fields.append(("Idempotency-Key", f'"{events[0].event_id}-{events[-1].event_id}"'))
        if secret is not None:
            signature = begin_signature(secret, now)
            signature.update(body)
            fields.append(signature_field(signature))
        request = HttpRequest("POST", fields, (body,), len(body))
        try:
            with gevent.Timeout(webhook.timeout_s + _GRACE_S, HttpFailed("timed out")):
                answer = self._endpoint.ask(
                    request, timeout_s=webhook.timeout_s, most_octets=_MOST_OCTETS, status_counts=True
                )
        except (HttpFailed, StreamClosed) as exc:  # the latter: this process can open no connection
            return Said(Verdict.FAILED, str(exc))
        first = answer.body.decode("utf-8", "replace").strip().split("\n", 1)[0].strip()[:_MOST_WORDS]
        words = "".join(each if each.isprintable() else "?" for each in first)
        wait_s = retry_after_s(answer.fields.get("retry-after", ""), time.time())
        verdict = verdict_of(answer.status)
        return Said(verdict, f"HTTP status {answer.status}{f': {words}' if words else ''}", wait_s)


class ModuleSink:
    """A module of the operator. Its calls run in a thread, one at a time; it is loaded by the first one."""

    def __init__(self, table: EventModule) -> None:
        self._table = table
        self._calls = NativeCalls()

    def send(self, events: Sequence[Event]) -> Said:
        """See Sink."""
        return self._calls.run(partial(self._call, [record_of(event) for event in events]), self._table.timeout_s)

    @cached_property
    def _sink(self) -> EventSink:
        return open_sink(self._table.module, self._table.settings)

    def _call(self, records: list[dict[str, Any]]) -> Said:
        try:
            self._sink.send(records)
        except EventsRefused as exc:
            return Said(Verdict.REFUSED, words_of(exc)[:_MOST_WORDS])
        except Exception as exc:  # noqa: BLE001 - code of others
            return Said(Verdict.FAILED, words_of(exc)[:_MOST_WORDS])
        return Said(Verdict.TAKEN)


class FileSink:
    """A file with a JSON object in each line. What it has taken is on the disk."""

    def __init__(self, file: EventFile) -> None:
        self._path = file.path
        self._size_octets = file.size_octets
        self._keep = file.keep

    def send(self, events: Sequence[Event]) -> Said:
        """See Sink."""
        lines = "".join(json.dumps(record_of(event)) + "\n" for event in events).encode()
        failure = in_thread(partial(self._try, lines))
        if failure is not None:
            return Said(Verdict.FAILED, f"{self._path}: {failure.strerror or failure}")
        return Said(Verdict.TAKEN)

    def _try(self, lines: bytes) -> OSError | None:
        """What went wrong, as a value: the pool of threads prints what is raised in it."""
        try:
            self._write(lines)
        except OSError as exc:
            return exc
        return None

    def _write(self, lines: bytes) -> None:
        """Append *lines*, all or none. A part that an earlier process left at the end of the file goes first."""
        self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._path, flags, 0o640)
        try:
            end = _end_of_last_line(descriptor)
            if end and end + len(lines) > self._size_octets:
                os.ftruncate(descriptor, end)
                os.close(descriptor)
                descriptor = -1
                self._rotate()
                descriptor = os.open(self._path, flags | os.O_EXCL, 0o640)
                end = 0
            os.ftruncate(descriptor, end)
            try:
                written = 0
                while written < len(lines):
                    written += os.pwrite(descriptor, lines[written:], end + written)
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, end)
                raise
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def _rotate(self) -> None:
        """The oldest one goes, each other one gets the next number."""
        for number in range(self._keep, 0, -1):
            older = Path(f"{self._path}.{number}")
            newer = self._path if number == 1 else Path(f"{self._path}.{number - 1}")
            if newer.exists():
                newer.replace(older)


def _end_of_last_line(descriptor: int) -> int:
    """The place after the last end of a line."""
    end = os.fstat(descriptor).st_size
    while end:
        start = max(0, end - 65_536)
        piece = os.pread(descriptor, end - start, start)
        found = piece.rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
