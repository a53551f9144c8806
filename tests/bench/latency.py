"""
latency - how long a client waits for its 250, and a mail for its first attempt, while the server has little to do

Clients are paced: a server that is flooded only tells how large the flood is.
"""

import asyncio
import smtplib
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any, Final

from .machine import LOOPBACK, BenchFailure, free_port
from .plan import WARM_UP, Plan, Sample
from .server import Factory, Setup, running
from .traffic import RECIPIENT, SENDER, Load, send

PROBES: Final = 300
PACE: Final = 200  # mails a second of all sessions together
REPLIES: Final = 2_000  # mails of a run
_CONTENT: Final = b"Subject: probe\r\n\r\n" + b"0123456789abcde\r\n" * 240
_PATIENCE_S: Final = 30.0


def first_attempt(factory: Factory, name: str, plan: Plan) -> Sample:
    """Mails of 4 KiB one after another, to an idle server: from the final 250 to the final dot at the next hop."""
    with _stamping_sink() as sink, running(factory, name, plan.scratch, Setup(sink.port)) as server:
        found = []
        with smtplib.SMTP(LOOPBACK, server.port, timeout=_PATIENCE_S) as client:
            for number in range(WARM_UP + PROBES):
                client.sendmail(SENDER, [RECIPIENT], _CONTENT)
                answered_at = time.perf_counter()
                sink.wait(number + 1)
                found.append(max(0.0, sink.instants[number] - answered_at))
        return Sample(_spread(found[WARM_UP:]))


def reply(factory: Factory, name: str, plan: Plan, *, sessions: int) -> Sample:
    """
    Mails of 4 KiB over *sessions* that stay open, PACE a second in all, while delivery is held: from the final dot to
    its 250.
    """
    with _stamping_sink() as sink:
        setup = Setup(sink.port, is_held=True, sessions=sessions + 20)
        with running(factory, name, plan.scratch, setup) as server:
            send(server.port, Load(WARM_UP))
            found = asyncio.run(_paced(server.port, sessions))
            server.wait_queued(WARM_UP + len(found), 10)
            return Sample(_spread(found))


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {"p50_ms": statistics.median(ordered) * 1e3, "p99_ms": ordered[int(0.99 * len(ordered))] * 1e3}


async def _paced(port: int, sessions: int) -> list[float]:
    found: list[float] = []
    each = REPLIES // sessions
    await asyncio.gather(*(_session(port, each, sessions / PACE, number / PACE, found) for number in range(sessions)))
    return found


async def _session(port: int, mails: int, every_s: float, begins_s: float, found: list[float]) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)

    async def say(octets: bytes, code: bytes) -> None:
        writer.write(octets)
        while (line := await asyncio.wait_for(reader.readline(), _PATIENCE_S))[3:4] == b"-":
            pass
        if not line.startswith(code):
            raise BenchFailure(f"expected {code.decode()}, got {line[:80]!r}")

    await say(b"", b"220")
    await say(b"EHLO paced.bench.example\r\n", b"250")
    due_at = time.perf_counter() + begins_s
    for _ in range(mails):
        await asyncio.sleep(max(0.0, due_at - time.perf_counter()))
        due_at += every_s
        await say(b"MAIL FROM:<" + SENDER.encode() + b">\r\n", b"250")
        await say(b"RCPT TO:<" + RECIPIENT.encode() + b">\r\n", b"250")
        await say(b"DATA\r\n", b"354")
        began_at = time.perf_counter()
        await say(_CONTENT + b".\r\n", b"250")
        found.append(time.perf_counter() - began_at)
    await say(b"QUIT\r\n", b"221")
    writer.close()


class _StampingSink(ThreadingTCPServer):
    """A next hop that notes when it has each mail."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        self.port = free_port()
        self.instants: list[float] = []
        super().__init__((LOOPBACK, self.port), _Session)

    def wait(self, mails: int) -> None:
        """Wait until there are so many."""
        ends_at = time.monotonic() + _PATIENCE_S
        while len(self.instants) < mails:
            if time.monotonic() > ends_at:
                raise BenchFailure(f"the next hop has {len(self.instants)} of {mails} mails after {_PATIENCE_S:g} s")
            time.sleep(0.0005)


class _Session(StreamRequestHandler):
    disable_nagle_algorithm = True
    server: Any

    def handle(self) -> None:
        with suppress(OSError):
            self.wfile.write(b"220 sink.bench.example\r\n")
            is_content = False
            for line in self.rfile:
                if is_content and line != b".\r\n":
                    continue
                if is_content:
                    self.server.instants.append(time.perf_counter())
                is_content = line[:4].upper() == b"DATA"
                self.wfile.write(b"354 go on\r\n" if is_content else b"250 2.0.0 Ok\r\n")


@contextmanager
def _stamping_sink() -> Iterator[_StampingSink]:
    with _StampingSink() as sink:
        Thread(target=sink.serve_forever, daemon=True).start()
        try:
            yield sink
        finally:
            sink.shutdown()
