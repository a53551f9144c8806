"""
live_traces - `empath-admin trace` and the console see the dialogues of this process while they happen

THEORY
    Each process that speaks SMTP has a socket in the directory `queue.db-traces` (see `process_socket`). Who connects
    sends one line of JSON, such as {"scope": "client", "pattern": "192.0.2.0/24", "for_s": 300, "who": "root"}, and
    gets a line of JSON for each line of a dialogue from then on. A trace is this connection and nothing else: it ends
    when its time is over, when it has given MOST_OCTETS, or when the other side closes, also because it was killed.

    Mail never waits for a trace. Lines wait in memory, up to QUEUED_OCTETS and at most LINES_A_SECOND of them; what
    comes beyond that is counted, and the trace says so.
"""

import json
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import gevent
from gevent import socket
from gevent.event import Event

from empath.daemon.process.dialogues import Dialogue, Dialogues
from empath.daemon.process.process_socket import ProcessSocket
from empath.daemon.process.trace_sockets import MOST_S, traces_directory
from empath.errors import SyntaxViolation
from empath.mail.printable import printable
from empath.policy.service_part import Scope, ServicePart
from empath.smtp.transcript import TranscriptLine
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.process import TraceBegan, TraceEnded, TracesUnserved

MOST_TRACES: Final = 8
MOST_OCTETS: Final = 64 * 1_048_576
QUEUED_OCTETS: Final = 262_144
LINES_A_SECOND: Final = 2_000
_REQUEST_OCTETS: Final = 4_096
_REQUEST_S: Final = 2.0
_SEND_S: Final = 5.0  # time for a reader that does not read


class LiveTrace:
    """One trace, as an `Ear` of the dialogues."""

    def __init__(self, part: ServicePart, process: str, ends_at: float, clock: Callable[[], float]) -> None:
        """*ends_at* is an instant of *clock*, in monotonic seconds."""
        self.part = part
        self.lines = 0
        self.left_out = 0
        self._process = process
        self._ends_at = ends_at
        self._clock = clock
        self._waiting: deque[bytes] = deque()
        self.waiting_octets = 0
        self._unsaid = 0  # lines left out that the reader does not know of
        self._octets = 0
        self._second = -1
        self._lines_of_second = 0
        self._news = Event()
        self._end: str | None = None

    def hear(self, dialogue: Dialogue, lines: Sequence[TranscriptLine]) -> None:
        """Take lines of a dialogue."""
        at, second = round(time.time(), 3), int(self._clock())
        if second != self._second:
            self._second, self._lines_of_second = second, 0
        for line in lines:
            if self._lines_of_second >= LINES_A_SECOND or self.waiting_octets >= QUEUED_OCTETS:
                self.left_out += 1
                self._unsaid += 1
                continue
            self._lines_of_second += 1
            self._put(
                {
                    "at": at, "process": self._process, "peer": dialogue.peer, "session": dialogue.number,
                    "destination": dialogue.destination, "queue_id": dialogue.queue_id, "speaker": line.speaker,
                    "text": printable(line.text),
                }
            )  # fmt: skip
            self.lines += 1
        self._news.set()

    def end(self, reason: str) -> None:
        """Let `run` return."""
        self._end = self._end or reason
        self._news.set()

    def run(self, client: socket.socket) -> str:
        """Send to *client* until the trace ends; why it did."""
        watching = gevent.spawn(self._watch, client)
        try:
            self._put({"process": self._process, "begun": str(self.part)})
            while self._end is None and self._octets < MOST_OCTETS:
                self._send(client)
                left_s = self._ends_at - self._clock()
                if left_s <= 0:
                    self._end = "its time is over"
                elif not self._news.wait(left_s):
                    continue
                self._news.clear()
            reason = self._end or "it was too much"
            self._put({"process": self._process, "ended": reason, "left_out": self.left_out})
            self._send(client)
        except OSError:
            reason = self._end or "its reader does not read"
        finally:
            watching.kill(block=False)
        return reason

    def _put(self, record: dict[str, Any]) -> None:
        octets = json.dumps(record, separators=(",", ":")).encode() + b"\n"
        self._waiting.append(octets)
        self.waiting_octets += len(octets)

    def _send(self, client: socket.socket) -> None:
        if self._unsaid:
            left_out, self._unsaid = self._unsaid, 0
            self._put({"process": self._process, "left_out": left_out})
        while self._waiting:
            octets = b"".join(self._waiting)
            self._waiting.clear()
            self.waiting_octets = 0
            self._octets += len(octets)
            client.settimeout(_SEND_S)
            client.sendall(octets)

    def _watch(self, client: socket.socket) -> None:
        """End the trace when its reader has closed."""
        try:
            while True:
                gevent.socket.wait_read(client.fileno())
                if not client.recv(_REQUEST_OCTETS, socket.MSG_DONTWAIT):
                    break
        except OSError:
            pass
        self.end("its reader has gone")


class LiveTraces:
    """The traces of this process, and the socket by which they come."""

    def __init__(
        self,
        queue: Path,
        name: tuple[str, int],
        dialogues: Dialogues,
        emit: Emitter,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """*name* is the slot and the generation of the process."""
        process, generation = name
        self._process = process
        self._dialogues = dialogues
        self._emit = emit
        self._clock = clock
        self.traces: set[LiveTrace] = set()
        self._clients = 0
        self._socket = ProcessSocket(traces_directory(queue), f"{process}.{generation}", self._begin)

    def serve(self, keep: Callable[[Callable[[], object]], object]) -> None:
        """Make the socket, and have it served in the background by *keep*."""
        try:
            self._socket.listen()
        except OSError as exc:
            self._emit(TracesUnserved(file=str(self._socket.path), error=exc.strerror or str(exc)))
            return
        keep(self._socket.run)

    def end(self) -> None:
        """End the traces, and remove the socket."""
        self._socket.close()
        for trace in self.traces:
            trace.end("the process ends")
        gevent.sleep(0)  # they say so

    def _begin(self, client: socket.socket) -> None:
        if self._clients >= 2 * MOST_TRACES:
            client.close()
            return
        self._clients += 1
        gevent.spawn(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        try:
            with client:
                self._trace(client)
        except OSError:
            pass  # it went away
        finally:
            self._clients -= 1

    def _trace(self, client: socket.socket) -> None:
        try:
            part, for_s, who = _request(client)
        except (SyntaxViolation, ValueError) as exc:
            client.sendall(json.dumps({"error": str(exc)}).encode() + b"\n")
            return
        if len(self.traces) >= MOST_TRACES:
            client.sendall(json.dumps({"error": f"{MOST_TRACES} traces are under way already"}).encode() + b"\n")
            return
        trace = LiveTrace(part, self._process, self._clock() + for_s, self._clock)
        self.traces.add(trace)
        self._dialogues.add(trace)
        self._emit(TraceBegan(part=str(part), for_s=round(for_s), who=who))
        reason = "the process ends"
        try:
            reason = trace.run(client)
        finally:
            self._dialogues.remove(trace)
            self.traces.discard(trace)
            self._emit(TraceEnded(part=str(part), who=who, lines=trace.lines, left_out=trace.left_out, reason=reason))


def _request(client: socket.socket) -> tuple[ServicePart, float, str]:
    """
    What the client asks for: a part, for how long, and who asks.

    Raises:
        SyntaxViolation, ValueError: it is no request.
        OSError: it does not come in time.
    """
    with gevent.Timeout(_REQUEST_S, TimeoutError()):
        octets = b""
        while b"\n" not in octets:
            more = client.recv(_REQUEST_OCTETS)
            octets += more
            if not more or len(octets) > _REQUEST_OCTETS:
                raise ValueError("a request is one line of JSON")
    request = json.loads(octets.split(b"\n")[0])
    if not isinstance(request, dict):
        raise ValueError("a request is a JSON object")
    scope, pattern, for_s, who = (request.get(key) for key in ("scope", "pattern", "for_s", "who"))
    if not isinstance(scope, str) or not isinstance(pattern, str) or not isinstance(for_s, (int, float)):
        raise ValueError("a request has scope, pattern and for_s")
    if scope == Scope.AREA or not 0 < for_s <= MOST_S:
        raise ValueError(f"a trace is of a client, a destination or a message, for at most {MOST_S:.0f} s")
    return ServicePart.parse(scope, pattern), float(for_s), printable(str(who))[:100]
