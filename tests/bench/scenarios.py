"""
scenarios - one run each: a fresh server, a warm-up, a measurement, and a check that no mail was lost

Those about time and about what a server needs are in modules of their own.
"""

import os
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from enum import Enum
from functools import partial
from types import MappingProxyType
from typing import Final

from .accounting import name_of, peak_octets, reset_peaks, resident_octets
from .collector import RATIOS
from .footprint import footprint, syncs
from .injection import inject_mail
from .judged import signed_mail
from .latency import first_attempt, reply
from .machine import LOOPBACK, BenchFailure, busy_s, cpu_of_harness_s, cpu_of_process_s
from .plan import WARM_UP, WORST_SHOWN, Plan, Sample
from .server import Factory, Server, Setup, running
from .traffic import Load, Sink, send
from .tunnel import SecureSink, Stunnel, Tunnel


class Tls(Enum):
    """How a connection within TLS begins."""

    NEW = "by a full handshake"
    RESUMED = "by the session of the one before"


class Meter:
    """CPU of a server and of all other processes, from its making to `read`."""

    def __init__(self, server: Server, sink: Sink | None = None, *tunnels: Stunnel) -> None:
        self._server, self._sink, self._tunnels = server, sink, tunnels
        self._start = self._now()

    def read(self, messages: int) -> dict[str, float]:
        """CPU ms for each of *messages*, and what neither server nor harness used, in percent of all cores."""
        at, server, harness, machine = (now - then for now, then in zip(self._now(), self._start, strict=True))
        cores = at * (os.cpu_count() or 1)
        return {"cpu_ms": server / messages * 1e3, "others": max(0.0, machine - server - harness) / cores * 100}

    def _now(self) -> tuple[float, float, float, float]:
        peers = cpu_of_process_s(self._sink.process.pid) if self._sink else 0.0
        peers += sum(tunnel.cpu_s() for tunnel in self._tunnels)
        return time.perf_counter(), self._server.account.cpu_s(), cpu_of_harness_s() + peers, busy_s()


def accept(
    factory: Factory,
    name: str,
    plan: Plan,
    *,
    is_reused: bool = False,
    tls: Tls | None = None,
    extra: str | None = None,
    is_signed: bool = False,
) -> Sample:
    """
    Mail comes in over 20 sessions and delivery is held: the cost of taking it durably. With *is_signed* each must be
    signed.
    """
    with ExitStack() as stack:
        sink = stack.enter_context(Sink(plan.scratch))
        setup = Setup(sink.port, is_held=True, has_tls=tls is not None, extra=extra)
        server = stack.enter_context(running(factory, name, plan.scratch, setup))
        port, tunnels = server.port, []
        if tls is not None:
            tunnels = [stack.enter_context(Tunnel(server.port, plan.scratch, resumes=tls is Tls.RESUMED))]
            port = tunnels[0].port
        send(port, Load(WARM_UP, is_reused=is_reused))
        server.wait_queued(WARM_UP, 10)
        meter = Meter(server, None, *tunnels)
        seconds = send(port, Load(plan.messages, is_reused=is_reused))
        figures = meter.read(plan.messages)
        server.wait_queued(WARM_UP + plan.messages, 10)
        if sink.messages:
            raise BenchFailure(f"{name} delivered {sink.messages} messages though delivery is held")
        if is_signed and (signed := server.signed()) != WARM_UP + plan.messages:
            raise BenchFailure(f"{name} has signed {signed} of {WARM_UP + plan.messages} messages")
        return Sample({"rate": plan.messages / seconds} | figures)


def accept_reused(factory: Factory, name: str, plan: Plan) -> Sample:
    """As `accept`, with many mails over each connection."""
    return accept(factory, name, plan, is_reused=True)


def accept_metrics(factory: Factory, name: str, plan: Plan) -> Sample:
    """As `accept`, with metrics that nobody asks for; a checkout without metrics is measured without."""
    return accept(factory, name, plan, extra="metrics")


def accept_authenticated(factory: Factory, name: str, plan: Plan) -> Sample:
    """
    As `accept`, and each mail is judged by SPF, DKIM and DMARC: one signature of RSA, answers of a name server near by.
    """
    with ExitStack() as stack:
        mail = stack.enter_context(signed_mail(plan.scratch))
        sink = stack.enter_context(Sink(plan.scratch))
        setup = Setup(sink.port, is_held=True, extra="judged")
        server = stack.enter_context(running(factory, name, plan.scratch, setup))
        send(server.port, Load(WARM_UP, content=mail.file))
        server.wait_queued(WARM_UP, 10)
        meter = Meter(server)
        seconds = send(server.port, Load(plan.messages, content=mail.file))
        figures = meter.read(plan.messages)
        server.wait_queued(WARM_UP + plan.messages, 10)
        if (proven := server.proven()) != WARM_UP + plan.messages:
            raise BenchFailure(f"{name} has proven the author of {proven} of {WARM_UP + plan.messages} messages")
        return Sample({"rate": plan.messages / seconds} | figures)


def accept_signed(factory: Factory, name: str, plan: Plan, *, is_submission: bool = False) -> Sample:
    """As `accept`, and each mail is signed by RSA and Ed25519; *is_submission*: as `submission`."""
    extra, tls = ("signed-submission", Tls.NEW) if is_submission else ("signed", None)
    return accept(factory, name, plan, extra=extra, tls=tls, is_signed=True)


def submission(factory: Factory, name: str, plan: Plan) -> Sample:
    """As `accept_tls` with the rules of the role submission, whose default asks for TLS."""
    return accept(factory, name, plan, extra="submission", tls=Tls.NEW)


def inject(factory: Factory, name: str, plan: Plan) -> Sample:
    """Mail of 4 KiB comes in by HTTP, in requests of 100 messages with values of their own, and delivery is held."""
    with ExitStack() as stack:
        sink = stack.enter_context(Sink(plan.scratch))
        setup = Setup(sink.port, is_held=True, extra="inject")
        server = stack.enter_context(running(factory, name, plan.scratch, setup))
        token = server.token()
        inject_mail(server.http_port, token, WARM_UP)
        server.wait_queued(WARM_UP, 10)
        meter = Meter(server)
        seconds = inject_mail(server.http_port, token, plan.messages)
        figures = meter.read(plan.messages)
        server.wait_queued(WARM_UP + plan.messages, 10)
        return Sample({"rate": plan.messages / seconds} | figures)


def accept_tls(factory: Factory, name: str, plan: Plan) -> Sample:
    """As `accept` after STARTTLS, with a full handshake for each mail: TLS 1.3, ECDSA on P-256."""
    return accept(factory, name, plan, tls=Tls.NEW)


def accept_tls_resumed(factory: Factory, name: str, plan: Plan) -> Sample:
    """As `accept_tls`; each connection resumes the session of the one before."""
    return accept(factory, name, plan, tls=Tls.RESUMED)


def accept_tls_reused(factory: Factory, name: str, plan: Plan) -> Sample:
    """As `accept_tls`, with many mails over each connection."""
    return accept(factory, name, plan, is_reused=True, tls=Tls.NEW)


def relay(factory: Factory, name: str, plan: Plan, extra: str | None = None, *, is_reused: bool = False) -> Sample:
    """
    Mail comes in over 20 sessions and goes on to a fixed next hop; the clock stops when the next hop has the last one.
    """
    with ExitStack() as stack:
        sink = stack.enter_context(Sink(plan.scratch))
        setup = Setup(sink.port, extra=extra)
        server = stack.enter_context(running(factory, name, plan.scratch, setup))
        # The warm-up uses the same sink: a cached connection to a sink that is gone would cost a deferral.
        send(server.port, Load(WARM_UP, is_reused=is_reused))
        sink.wait(WARM_UP, 30)
        server.wait_queued(0, 30)
        meter = Meter(server, sink)
        start = time.perf_counter()
        accepting_s = send(server.port, Load(plan.messages, is_reused=is_reused))
        sink.wait(WARM_UP + plan.messages, 120)
        seconds = time.perf_counter() - start
        server.wait_queued(0, 30)
        rates = {"rate": plan.messages / seconds, "accept_rate": plan.messages / accepting_s}
        return Sample(rates | meter.read(plan.messages))


def relay_reused(factory: Factory, name: str, plan: Plan) -> Sample:
    """As `relay`, with many mails over each connection that comes in."""
    return relay(factory, name, plan, is_reused=True)


def relay_rates(factory: Factory, name: str, plan: Plan) -> Sample:
    """As `relay`, with a rate of each destination; a checkout without such rates is measured without."""
    return relay(factory, name, plan, extra="rates")


def relay_metrics(factory: Factory, name: str, plan: Plan) -> Sample:
    """As `relay`, with metrics that nobody asks for; a checkout without metrics is measured without."""
    return relay(factory, name, plan, extra="metrics")


def relay_tls(factory: Factory, name: str, plan: Plan) -> Sample:
    """As `relay` with TLS 1.3 on both sides, and with many mails over each connection that comes in."""
    with ExitStack() as stack:
        sink = stack.enter_context(Sink(plan.scratch))
        secure_sink = stack.enter_context(SecureSink(sink.port, plan.scratch))
        setup = Setup(secure_sink.port, has_tls=True)
        server = stack.enter_context(running(factory, name, plan.scratch, setup))
        tunnel = stack.enter_context(Tunnel(server.port, plan.scratch))
        send(tunnel.port, Load(WARM_UP, is_reused=True))
        sink.wait(WARM_UP, 30)
        server.wait_queued(0, 30)
        meter = Meter(server, sink, tunnel, secure_sink)
        start = time.perf_counter()
        accepting_s = send(tunnel.port, Load(plan.messages, is_reused=True))
        sink.wait(WARM_UP + plan.messages, 120)
        seconds = time.perf_counter() - start
        server.wait_queued(0, 30)
        rates = {"rate": plan.messages / seconds, "accept_rate": plan.messages / accepting_s}
        return Sample(rates | meter.read(plan.messages))


def drain(factory: Factory, name: str, plan: Plan, extra: str | None = None) -> Sample:
    """Mail that was queued while delivery was held goes out; the clock runs from the order to deliver."""
    with ExitStack() as stack:
        sink = stack.enter_context(Sink(plan.scratch))
        setup = Setup(sink.port, is_held=True, extra=extra)
        server = stack.enter_context(running(factory, name, plan.scratch, setup))
        send(server.port, Load(plan.drained, is_reused=True))
        server.wait_queued(plan.drained, 30)
        meter = Meter(server, sink)
        start = time.perf_counter()
        server.release()
        sink.wait(plan.drained, 180)
        seconds = time.perf_counter() - start
        server.wait_queued(0, 30)
        return Sample({"rate": plan.drained / seconds} | meter.read(plan.drained))


def drain_rates(factory: Factory, name: str, plan: Plan) -> Sample:
    """As `drain`, with a rate of each destination; a checkout without such rates is measured without."""
    return drain(factory, name, plan, extra="rates")


def idle(factory: Factory, name: str, plan: Plan, has_tls: bool = False) -> Sample:
    """Memory for each of many sessions that have said EHLO and nothing since."""
    with Sink(plan.scratch) as sink, ExitStack() as sockets:
        setup = Setup(sink.port, sessions=plan.idle_sessions, has_tls=has_tls)
        server = sockets.enter_context(running(factory, name, plan.scratch, setup))
        before = resident_octets(server.account.pids())
        port = sockets.enter_context(Tunnel(server.port, plan.scratch)).port if has_tls else server.port
        for _ in range(plan.idle_sessions):
            session = sockets.enter_context(socket.create_connection((LOOPBACK, port), 30))
            _expect(session, b"220")
            session.sendall(b"EHLO idle.bench.example\r\n")
            _expect(session, b"250")
        pids = server.account.pids()
        octets = resident_octets(pids) - before
        note = (
            f"{name}: {before / 1e6:.0f} MB before, {octets / 1e6:.0f} MB more with {plan.idle_sessions} sessions (PSS)"
        )
        return Sample({"session_kb": octets / plan.idle_sessions / 1e3, "processes": float(len(pids))}, [note])


def idle_tls(factory: Factory, name: str, plan: Plan) -> Sample:
    """As `idle`, within TLS."""
    return idle(factory, name, plan, has_tls=True)


def large(factory: Factory, name: str, plan: Plan) -> Sample:
    """One large message in and out: by how much the highest resident size of each process grows."""
    setup_octets = 2 * plan.large_octets
    with (
        Sink(plan.scratch) as sink,
        running(factory, name, plan.scratch, Setup(sink.port, message_octets=setup_octets)) as server,
    ):
        send(server.port, Load(WARM_UP))
        sink.wait(WARM_UP, 30)
        server.wait_queued(0, 30)
        reset_peaks(server.account.pids())
        before = peak_octets(server.account.pids())
        start = time.perf_counter()
        send(server.port, Load(1, octets=plan.large_octets, sessions=1))
        sink.wait(WARM_UP + 1, 120)
        seconds = time.perf_counter() - start
        server.wait_queued(0, 30)
        # A new process counts as a whole, so that no memory can hide in a child.
        growth = {pid: peak - before.get(pid, 0) for pid, peak in peak_octets(server.account.pids()).items()}
        notes = [
            f"{name}: {name_of(pid)}[{pid}] {before.get(pid, 0) / 1e6:.1f} MB, grew by {octets / 1e6:.1f} MB"
            for pid, octets in sorted(growth.items(), key=lambda each: -each[1])[:WORST_SHOWN]
        ]
        return Sample({"growth_mb": max(growth.values()) / 1e6, "seconds": seconds}, notes)


def _expect(session: socket.socket, code: bytes) -> None:
    """Read a whole reply, whose last line has a space after the code (RFC 5321 §4.2.1)."""
    reply = b""
    while not (reply.endswith(b"\r\n") and reply.splitlines()[-1][3:4] == b" "):
        octets = session.recv(4096)
        if not octets:
            break
        reply += octets
    if not reply.startswith(code):
        raise BenchFailure(f"expected {code.decode()}, got {reply[:80]!r}")


Scenario = Callable[[Factory, str, Plan], Sample]
SCENARIOS: Final[Mapping[str, Scenario]] = MappingProxyType(
    {
        "accept": accept,
        "accept-reused": accept_reused,
        "relay": relay,
        "relay-reused": relay_reused,
        "drain": drain,
        "first-attempt": first_attempt,
        "reply-20": partial(reply, sessions=20),
        "reply-200": partial(reply, sessions=200),
        "footprint": footprint,
        "syncs-one": partial(syncs, sessions=1),
        "syncs-20": partial(syncs, sessions=20),
        "accept-metrics": accept_metrics,
        "relay-metrics": relay_metrics,
        **{f"accept-traces-{ratio}": partial(accept, extra=f"traces-{ratio}") for ratio in RATIOS},
        **{f"drain-traces-{ratio}": partial(drain, extra=f"traces-{ratio}") for ratio in RATIOS},
        "accept-authenticated": accept_authenticated,
        "accept-signed": accept_signed,
        "submission": submission,
        "submission-signed": partial(accept_signed, is_submission=True),
        "inject": inject,
        "relay-rates": relay_rates,
        "drain-rates": drain_rates,
        "accept-tls": accept_tls,
        "accept-tls-resumed": accept_tls_resumed,
        "accept-tls-reused": accept_tls_reused,
        "relay-tls": relay_tls,
        "idle": idle,
        "idle-tls": idle_tls,
        "large": large,
    }
)
