"""
trace_export - the greenlet that takes spans to the collector

THEORY
    Mail only puts spans into a queue in memory. A greenlet of its own sends them by HTTP, a batch at a time, and waits
    for nothing but its own connection. While the collector is away it tries again after a pause that doubles, and what
    the queue has no room for is dropped and counted: neither mail nor the end of the process waits for a collector.
    A request is made in parts, between which mail goes on: what is read twice is merged (Protocol Buffers), so parts of
    one request may stand one behind the other.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import gevent
from gevent.event import Event

from empath.daemon.process.turns import let_others_run
from empath.errors import EmpathError
from empath.net.http_client import HttpEndpoint, HttpFailed, HttpRequest
from empath.policy.tracing.spans import Span
from empath.policy.webhook import retry_after_s
from empath.telemetry.occurrence import Emitter, words_of
from empath.telemetry.occurrences.process import TracesExported, TracesUnexported
from empath.telemetry.tracing.span_queue import SpanQueue

_EVERY_S: Final = 5.0  # spans wait for others this long: a request of a few spans takes milliseconds, too
_TIMEOUT_S: Final = 10.0
_GRACE_S: Final = 1.0
_AGAIN_S: Final = 1.0
_LONGEST_AGAIN_S: Final = 30.0
_LONGEST_WANTED_S: Final = 300.0  # by a Retry-After: a mistake there must not end the traces for a day
_END_S: Final = 0.8  # for the last spans of a process
_MOST_OCTETS: Final = 4_096  # of an answer
_PART: Final = 100  # spans that are encoded at once, in less than a millisecond
_LATER: Final = frozenset({408, 429, 502, 503, 504})  # the collector wants the same batch again
_FIELDS: Final = (("Content-Type", "application/x-protobuf"), ("User-Agent", "Empath"))


class TraceExport:
    """
    Sends what is in *spans*. *format_* makes a request of some, and reads how many an answer refuses, and why; *fields*
    are those that the collector wants.
    """

    def __init__(
        self,
        spans: SpanQueue,
        endpoint: HttpEndpoint,
        format_: tuple[Callable[[Iterable[Span], Mapping[str, str]], bytes], Callable[[bytes], tuple[int, str]]],
        *,
        resource: Mapping[str, str],
        fields: Sequence[tuple[str, str]],
        emit: Emitter,
        timeout_s: float = _TIMEOUT_S,
        again_s: float = _AGAIN_S,
        every_s: float = _EVERY_S,
    ) -> None:
        self._spans = spans
        self._endpoint = endpoint
        self._body_of, self._refused_in = format_
        self._resource = resource
        self._fields = (*_FIELDS, *fields)
        self._emit = emit
        self._timeout_s = timeout_s
        self._again_s = again_s
        self._every_s = every_s
        self._rung = Event()
        self._ending = Event()
        self._is_failing = False
        self._greenlet: gevent.Greenlet[..., None] | None = None

    def start(self) -> None:
        """Send in the background from now on."""
        self._greenlet = gevent.spawn(self._run)

    def ring(self) -> None:
        """A batch is there: send it at once."""
        self._rung.set()

    def end(self) -> None:
        """Send what is left, as far as that takes no time to speak of; the rest is dropped."""
        self._ending.set()
        self._rung.set()
        if self._greenlet is not None:
            self._greenlet.join(_END_S)
            self._greenlet.kill()
        self._spans.drop_all()

    def _run(self) -> None:
        while True:
            if not self._ending.is_set():
                self._rung.wait(self._every_s)
                self._rung.clear()
            while batch := self._spans.take():
                try:
                    self._send(batch)
                except Exception as exc:  # noqa: BLE001 - a fault in here must neither end the process nor the traces
                    self._spans.dropped += len(batch)
                    self._fail(words_of(exc))
                if not self._spans.has_batch and not self._ending.is_set():
                    break  # what came during the request waits for others
            if self._ending.is_set():
                return

    def _send(self, batch: Sequence[Span]) -> None:
        """Send one batch, again and again until the collector has answered, or the process ends."""
        body = []
        for place in range(0, len(batch), _PART):
            body.append(self._body_of(batch[place : place + _PART], self._resource))
            let_others_run()
        again_s = self._again_s
        while (wanted_s := self._asked(body, len(batch))) is not None:
            if self._ending.wait(max(again_s, wanted_s)):
                self._spans.dropped += len(batch)
                self._spans.drop_all()
                return
            again_s = min(2 * again_s, _LONGEST_AGAIN_S)

    def _asked(self, body: Sequence[bytes], count: int) -> float | None:
        """
        Ask the collector with *body*, which has *count* spans: None where it has answered, else the seconds that it
        wants to be left alone at least.
        """
        request = HttpRequest("POST", self._fields, (b"".join(body),), sum(map(len, body)))
        try:
            # A look-up of the name may hang longer than the request would.
            with gevent.Timeout(self._timeout_s + _GRACE_S, HttpFailed("timed out")):
                answer = self._endpoint.ask(
                    request, timeout_s=self._timeout_s, most_octets=_MOST_OCTETS, status_counts=True
                )
        except EmpathError as exc:
            self._fail(str(exc))
            return 0.0
        if answer.status in _LATER:
            self._fail(f"HTTP status {answer.status}")
            wanted_s = retry_after_s(answer.fields.get("retry-after", ""), time.time())
            return min(wanted_s or 0.0, _LONGEST_WANTED_S)
        if answer.status // 100 != 2:
            self._spans.dropped += count  # the same would be refused again
            self._fail(f"HTTP status {answer.status}: the spans are dropped")
            return None
        refused, why = self._refused_in(answer.body)
        self._spans.exported += max(0, count - refused)
        if refused:
            self._spans.dropped += min(refused, count)
            self._fail(f"{refused} of {count} spans are refused: {why}")
        elif self._is_failing:
            self._is_failing = False
            self._emit(TracesExported(dropped=self._spans.dropped))
        return None

    def _fail(self, words: str) -> None:
        if not self._is_failing:
            self._is_failing = True
            self._emit(TracesUnexported(error=words))
