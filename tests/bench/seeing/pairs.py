"""pairs - two servers that run at once and carry bursts of mail by turns"""

import math
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..accounting import name_of
from ..machine import cpu_of_process_s
from ..server import Factory, Server, Setup, running
from ..traffic import Load, Sink, send

BURST: Final = 250  # mails of one turn
_IDLE_S: Final = 3.0
_OF_HTTPD: Final = "httpd"


@dataclass(slots=True)
class Side:
    """One server with its next hop."""

    server: Server
    sink: Sink
    sent: int = 0
    idle_cpu: float = 0.0  # CPU seconds of each second without mail
    httpd_at: float = 0.0

    def cpu_s(self) -> float:
        """CPU of the processes that carry mail: without httpd, whose work is that of its clients."""
        return self.server.account.cpu_s() - self.httpd_cpu_s()

    def httpd_cpu_s(self) -> float:
        """CPU of httpd."""
        return sum(cpu_of_process_s(pid) for pid in self.server.account.pids() if _OF_HTTPD in name_of(pid))

    def carry(self, mails: int) -> None:
        """Take mails and deliver them."""
        send(self.server.port, Load(mails, is_reused=True))
        self.sent += mails
        self.sink.wait(self.sent, 60)
        self.server.wait_queued(0, 30)


@dataclass(frozen=True, slots=True)
class Compared:
    """The ratios of all turns, and the CPU ms of a mail of both."""

    ratios: Sequence[float]
    plain_ms: float
    seen_ms: float

    @property
    def median(self) -> float:
        """The ratio."""
        return statistics.median(self.ratios)

    @property
    def error(self) -> float:
        """By how much the median of as many turns is wrong by chance: half of the middle half, over the root."""
        first, _, third = statistics.quantiles(self.ratios, n=4)
        return (third - first) / 2 / math.sqrt(len(self.ratios))


@contextmanager
def pair(plain: Factory, seen: Factory, scratch: Path, extras: tuple[str | None, str | None]) -> Iterator[list[Side]]:
    """Both servers, started and warm; each with one of *extras*."""
    with ExitStack() as stack:
        sides = []
        for name, factory, extra in zip(("plain", "seen"), (plain, seen), extras, strict=True):
            sink = stack.enter_context(Sink(scratch))
            server = stack.enter_context(running(factory, name, scratch, Setup(sink.port, extra=extra)))
            side = Side(server, sink)
            side.carry(BURST)
            sides.append(side)
        yield sides


def compare(sides: Sequence[Side], turns: int) -> Compared:
    """Bursts by turns. What a side does between its bursts, such as to export spans, counts for the burst before."""
    starts = [side.cpu_s() for side in sides]
    time.sleep(_IDLE_S)
    for side, start in zip(sides, starts, strict=True):
        side.idle_cpu = (side.cpu_s() - start) / _IDLE_S
    spent: list[list[float]] = [[], []]
    before = [(side.cpu_s(), time.monotonic()) for side in sides]
    for turn in range(turns):
        for at in (0, 1) if turn % 2 == 0 else (1, 0):
            sides[at].carry(BURST)
        for at, side in enumerate(sides):
            cpu_s, now = side.cpu_s(), time.monotonic()
            then_s, then = before[at]
            spent[at].append((cpu_s - then_s - side.idle_cpu * (now - then)) / BURST * 1e3)
            before[at] = cpu_s, now
    ratios = [seen / plain for plain, seen in zip(*spent, strict=True)]
    return Compared(ratios, statistics.median(spent[0]), statistics.median(spent[1]))
