"""
tracing - what a process needs to trace mail: which messages, where spans go, and which messages are under way

A process has it only where [tracing] names a collector; elsewhere each place that traces compares one attribute with
None.
"""

import os
import random
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from empath import __version__
from empath.config import Config
from empath.config.workable.tracing import MISSING
from empath.daemon.process.child import Child
from empath.daemon.process.trace_export import TraceExport
from empath.errors import ConfigError, SyntaxViolation
from empath.mail.url import parse_url
from empath.net.http_client import HttpEndpoint
from empath.policy.tracing.context import TraceContext, span_id_of
from empath.policy.tracing.headers import parse_headers
from empath.policy.tracing.spans import Span
from empath.telemetry.occurrence import Emitter, words_of
from empath.telemetry.occurrences.process import TracesUnexported
from empath.telemetry.tracing.span_queue import SpanQueue
from empath.telemetry.tracing.traced import TracedMessages

_ID_BITS: Final = 64
# What makes requests, and what reads answers.
_Format = tuple[Callable[[Iterable[Span], Mapping[str, str]], bytes], Callable[[bytes], tuple[int, str]]]


class Tracing:
    """
    Traces of one process.

    `sampling` says which messages are traced; `traced` has those that are under way, for the log and the metrics;
    `spans` counts what became of spans.
    """

    def __init__(self, config: Config) -> None:
        self.sampling = config.tracing.sampling
        self.traced = TracedMessages()
        self.spans = SpanQueue()
        self._config = config
        self._export: TraceExport | None = None
        self._emit: Emitter | None = None

    def begin(self, child: Child, emit: Emitter) -> None:
        """
        Send spans from now on.

        Raises:
            ConfigError: the file of header fields cannot be used, or a library is missing.
        """
        self._emit = emit
        settings = self._config.tracing
        resource = {
            "service.name": "empath",
            "service.version": __version__,
            "service.instance.id": f"{self._config.node.name}/{child.slot}.{child.generation}",
            "host.name": str(self._config.hostname),
            "process.pid": str(os.getpid()),
            **settings.resource,
        }
        fields = _fields(self._config)
        endpoint = HttpEndpoint(parse_url(settings.url), ca_file=settings.ca_file)
        self._export = TraceExport(
            self.spans, endpoint, preloaded_format(), resource=resource, fields=fields, emit=emit
        )
        self._export.start()

    def end(self) -> None:
        """Send what is left; takes less than a second."""
        if self._export is not None:
            self._export.end()

    def record(self, spans: Iterable[Span]) -> None:
        """Let *spans* go to the collector. Never waits."""
        self.spans.add(spans)
        if self._export is not None and self.spans.has_batch:
            self._export.ring()

    def fail(self, error: Exception) -> None:
        """Say a fault in what makes spans, which then ends nothing: no mail depends on its trace."""
        if self._emit is not None:
            self._emit(TracesUnexported(error=words_of(error)))

    def new_span_id(self) -> str:
        """An id that no other span has."""
        return span_id_of(random.getrandbits(_ID_BITS))

    def below(self, context: TraceContext) -> TraceContext:
        """A new span of the trace of *context*."""
        return TraceContext(context.trace_id, self.new_span_id(), True)


def preloaded_format() -> _Format:
    """
    What makes requests and reads answers. The first call imports it, which a process does before its privileges go.

    Raises:
        ConfigError: the package is not there.
    """
    try:
        from empath.telemetry.tracing.otlp import refused_in, request_of  # noqa: PLC0415 - only what is configured
    except ImportError as exc:
        raise ConfigError(f"tracing.endpoint: {MISSING}") from exc
    return request_of, refused_in


def _fields(config: Config) -> tuple[tuple[str, str], ...]:
    file = config.tracing.headers_file
    if file is None:
        return ()
    try:
        return parse_headers(file.read_bytes())
    except OSError as exc:
        raise ConfigError(f"tracing.headers_file: {file} cannot be read: {exc.strerror or exc}") from exc
    except SyntaxViolation as exc:
        raise ConfigError(f"tracing.headers_file: {file} {exc}") from exc
