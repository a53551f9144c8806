"""
serving - a deep queue while mail flows: the cost of its depth, of dead next hops and dead zones, and the share of each
worker

Each function is a scenario and gives verdicts. Rates and latencies depend on other load on the machine. The gates are
CPU per mail, memory, and shares.
"""

import smtplib
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Final

from tests.kit.dns import ScriptedDns

from ..floors import Verdict
from ..machine import LOOPBACK, BenchFailure, free_port, wait_for
from ..plan import WARM_UP, Plan
from ..rounds import run_rounds
from ..server import Setup, running
from ..traffic import RECIPIENT, SENDER, Load, Sink, send
from .served import Deep, DeepEmpath
from .unwilling_hosts import Behaviour, drips, silent, silent_after_the_dot, unwilling_hosts
from .verdicts import at_least, at_most, percentile, shown

EMPTY: Final = "empty"
LOSS: Final = 1.25
START_S: Final = 2.0
RESIDENT_MB: Final = 200.0
# The page caches of a process's connections fill with a deep queue, but not with an empty one.
GROWTH_MB: Final = 40.0
OTHERS: Final = 500  # destinations that lead nowhere
MESSAGES: Final = 4  # messages for each of OTHERS
PROBES: Final = 300
BUSY: Final = 40  # healthy destinations with a backlog
BACKLOG: Final = 200  # mails for each of BUSY
BUSY_MAIL_S: Final = 0.6  # time of one mail at each of BUSY
CROWDED_PROBES: Final = 100
CROWDED_MS: Final = 500.0
WORKERS: Final = 4
SHARE: Final = 0.5


def depth(tree: Path, templates: Mapping[str, Path], plan: Plan, repeat: int) -> list[Verdict]:
    """Accept and relay on empty and on deep queues by turns; start and memory of all of these."""
    servers = {EMPTY: Deep(tree)} | {name: Deep(tree, template) for name, template in templates.items()}
    results = run_rounds(["accept", "relay"], {_slug(name): deep for name, deep in servers.items()}, plan, repeat)
    if results.failures:
        raise BenchFailure(results.failures[0])
    found = []
    for name, deep in servers.items():
        for scenario in ("accept", "relay"):
            ms, rate = (
                statistics.median(results.figures(scenario, _slug(name), metric)) for metric in ("cpu_ms", "rate")
            )
            found.append(shown(name, f"{scenario}, CPU ms/mail", ms))
            found.append(shown(name, f"{scenario}, mails/s", rate))
            if name != EMPTY:
                base = statistics.median(results.figures(scenario, EMPTY, "cpu_ms"))
                found.append(at_most(name, f"{scenario}, CPU to that of an empty queue", ms / base, LOSS))
                base = statistics.median(results.figures(scenario, EMPTY, "rate"))
                found.append(
                    at_least(name, f"{scenario}, rate to that of an empty queue", rate / base, 0.75, is_gate=False)
                )
        found.append(at_most(name, "start to first greeting, s", min(deep.observed.start_s), START_S))
        if deep.observed.behind_s:
            found.append(shown(name, "from there until the housekeeper has caught up, s", min(deep.observed.behind_s)))
            found.append(shown(name, "and what that took, CPU s", min(deep.observed.behind_cpu_s)))
        for kind, octets in sorted(deep.observed.peaks.items()):
            found.append(at_most(name, f"{kind}, resident at most, MB", octets / 1e6, RESIDENT_MB))
        if name != EMPTY:
            more = (deep.observed.largest - servers[EMPTY].observed.largest) / 1e6
            found.append(at_most(name, "largest process, more than with an empty queue, MB", more, GROWTH_MB))
    return found


def hanging(tree: Path, plan: Plan) -> list[Verdict]:
    """A healthy next hop next to 500 that accept connections and say nothing."""
    return _beside_hosts(f"{OTHERS} hanging destinations", (silent,), tree, plan)


def dripping(tree: Path, plan: Plan) -> list[Verdict]:
    """A healthy next hop next to 500 that drip their greeting, or never answer the final dot."""
    return _beside_hosts(f"{OTHERS} dripping destinations", (drips, silent_after_the_dot), tree, plan)


def crowded(tree: Path, plan: Plan) -> list[Verdict]:
    """Mail to an idle next hop, one after another, while 40 healthy ones with a backlog take 0.6 s for each mail."""
    with _slow(BUSY) as addresses, Sink(plan.scratch) as sink:
        routes = "".join(f'"{_domain(n)}" = "smtp://{host}:{port}"\n' for n, (host, port) in enumerate(addresses))
        with running(Deep(tree, routes=routes), "crowded", plan.scratch, Setup(sink.port)) as server:
            send(server.port, Load(WARM_UP))
            sink.wait(WARM_UP, 30)
            _give_work(server.port, BUSY, BACKLOG)
            assert isinstance(server, DeepEmpath)
            wait_for(partial(_has_leases, server), 60, "leases of the busy next hops")
            found = _latencies_s(server.port, sink, CROWDED_PROBES)
            [(left,)] = server.rows("SELECT count(*) FROM _recipient WHERE status IN ('queued', 'deferred')")
    name = f"{BUSY} busy destinations"
    return [
        shown(name, "mails that still wait for them, at the end", left),
        shown(name, "from SMTP to an idle next hop, median, ms", statistics.median(found) * 1e3),
        at_most(name, "99th percentile, ms", percentile(found, 0.99) * 1e3, CROWDED_MS),
    ]


def dead_zone(tree: Path, plan: Plan) -> list[Verdict]:
    """A healthy next hop, which is looked up too, next to 500 domains whose name servers never answer."""
    names = ScriptedDns().a("sink.bench.example", LOOPBACK)
    for number in range(OTHERS):
        names.ignore(_domain(number), "MX")
    with names, Sink(plan.scratch) as sink:
        routes = "".join(f'"{_domain(n)}" = "mx"\n' for n in range(OTHERS))
        routes += f'"{RECIPIENT.partition("@")[2]}" = "smtp://sink.bench.example:{sink.port}"\n'
        tables = f'[dns]\nnameservers = ["{names.address}"]\n'
        return _beside(f"{OTHERS} domains without an answer", Deep(tree, routes=routes, tables=tables), plan, sink)


def workers(tree: Path, plan: Plan) -> list[Verdict]:
    """Four workers drain one queue: the share of the slowest worker, compared with the mean."""
    deep = Deep(tree, workers=WORKERS)
    with Sink(plan.scratch) as sink, running(deep, "workers", plan.scratch, Setup(sink.port, is_held=True)) as server:
        send(server.port, Load(plan.drained, is_reused=True))
        server.wait_queued(plan.drained, 30)
        server.release()
        sink.wait(plan.drained, 180)
        server.wait_queued(0, 30)
        assert isinstance(server, DeepEmpath)
        counts = [count for (count,) in server.rows("SELECT count(*) FROM attempt GROUP BY process_id")]
    counts += [0] * (WORKERS - len(counts))
    name = f"{WORKERS} workers"
    return [
        shown(name, "mails of the busiest", max(counts)),
        at_least(name, "mails of the slowest to the mean", min(counts) / statistics.mean(counts), SHARE),
    ]


def _beside_hosts(name: str, behaviours: Sequence[Behaviour], tree: Path, plan: Plan) -> list[Verdict]:
    with unwilling_hosts(OTHERS, behaviours) as addresses, Sink(plan.scratch) as sink:
        routes = "".join(f'"{_domain(n)}" = "smtp://{host}:{port}"\n' for n, (host, port) in enumerate(addresses))
        return _beside(name, Deep(tree, routes=routes), plan, sink)


def _beside(name: str, deep: Deep, plan: Plan, sink: Sink) -> list[Verdict]:
    """Mails to the healthy next hop, one after another, before and after the others got mail."""
    with running(deep, "beside", plan.scratch, Setup(sink.port)) as server:
        send(server.port, Load(WARM_UP))
        sink.wait(WARM_UP, 30)
        alone = _latencies_s(server.port, sink)
        _give_work(server.port, OTHERS, MESSAGES)
        beside = _latencies_s(server.port, sink)
        assert isinstance(server, DeepEmpath)
        [(leased,)] = server.rows("SELECT count(*) FROM _lease")
    base, now = percentile(alone, 0.99), percentile(beside, 0.99)
    return [
        shown(name, "leases that wait for them, at the end", leased),
        shown(name, "from SMTP to next hop, median before, ms", statistics.median(alone) * 1e3),
        shown(name, "median next to them, ms", statistics.median(beside) * 1e3),
        shown(name, "99th percentile before, ms", base * 1e3),
        at_most(name, "99th percentile next to them, ms", now * 1e3, round(max(2 * base, base + 0.1) * 1e3, 1)),
    ]


def _domain(number: int) -> str:
    return f"h{number}.example"


def _latencies_s(port: int, sink: Sink, probes: int = PROBES) -> list[float]:
    """Seconds from the final 250 of a mail until the next hop has it, one mail after another."""
    found = []
    with smtplib.SMTP(LOOPBACK, port, timeout=30) as client:
        for _ in range(probes):
            before = sink.messages
            client.sendmail(SENDER, [RECIPIENT], b"Subject: probe\r\n\r\nprobe\r\n")
            start = time.perf_counter()
            wait_for(partial(_has_more_than, sink, before), 60, "a mail to the healthy next hop", 0.002)
            found.append(time.perf_counter() - start)
    return found


def _has_more_than(sink: Sink, messages: int) -> bool:
    return sink.messages > messages


def _has_leases(server: DeepEmpath) -> bool:
    [(leases,)] = server.rows("SELECT count(*) FROM _lease")
    return bool(leases >= BUSY)


def _give_work(port: int, destinations: int, messages: int) -> None:
    with smtplib.SMTP(LOOPBACK, port, timeout=30) as client:
        for _ in range(messages):
            recipients = [f"user@{_domain(n)}" for n in range(destinations)]
            client.sendmail(SENDER, recipients, b"Subject: lost\r\n\r\nlost\r\n")


@contextmanager
def _slow(count: int) -> Iterator[list[tuple[str, int]]]:
    """Next hops that take every mail, and BUSY_MAIL_S for it: each an address of its own in 127/8."""
    port = free_port()
    with ExitStack() as stack:
        hosts = [f"127.78.0.{n + 1}" for n in range(count)]
        for host in hosts:
            server = _SlowServer((host, port), _SlowSession)
            Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
        yield [(host, port) for host in hosts]


class _SlowServer(ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128


class _SlowSession(StreamRequestHandler):
    """Says yes to everything; the final dot waits."""

    def handle(self) -> None:
        self._say("220 slow.bench.example")
        is_content = False
        for line in self.rfile:
            if is_content:
                if line == b".\r\n":
                    is_content = False
                    time.sleep(BUSY_MAIL_S)
                    self._say("250 2.0.0 Ok")
            elif line.upper().startswith(b"DATA"):
                is_content = True
                self._say("354 go on")
            else:
                self._say("250 Ok")

    def _say(self, text: str) -> None:
        with suppress(OSError):
            self.wfile.write(text.encode() + b"\r\n")


def _slug(name: str) -> str:
    return name.replace(",", "").replace(" ", "-")
