"""
The command: ``python -m tests.bench.engines [--messages N] [--repeat N] [--json FILE]``

What a message costs in each engine, in CPU of this process and of the server: to accept it, 20 of 4 KiB to a commit,
over a thousand destinations; and to deliver it, by leases of up to 20 messages that are settled round by round, a fate
of each lease to a commit. The engines take turns. Tables go to stdout. Exit codes: 0; 1 if a floor is missed and
`--gate` is given; 69 if the programs of PostgreSQL are missing.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from empath.mail.status import RecipientStatus
from empath.storage.queue.accept import Accept
from empath.storage.queue.put_back import EndLease

from ..kit.postgresql import Server, programs
from ..kit.queue import T0, Queue
from .__main__ import EX_UNAVAILABLE, Parser, positive

DESTINATIONS: Final = 1_000
A_COMMIT: Final = 20
CONTENT: Final = b"Subject: bench\r\n\r\n" + b"0123456789abcdef" * 4 * 63 + b"\r\n"
FLOORS: Final = {"accept": 90.0, "drain": 190.0}  # microseconds a message in PostgreSQL, of both sides
_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")
Cost = tuple[float, float]  # CPU seconds of this process, and of the server


def main() -> int:
    """Measure both engines by turns, and report."""
    parser = Parser(prog="python -m tests.bench.engines", description="What a message costs in each engine.")
    parser.add_argument("--messages", type=positive, default=4_000, help="a turn; 4000 by default")
    parser.add_argument("--repeat", type=positive, default=3, help="turns of each engine; 3 by default")
    parser.add_argument("--json", type=Path, help="also write the figures of each turn to this file")
    parser.add_argument("--gate", action="store_true", help="exit with 1 if a floor is missed")
    options = parser.parse_args()
    if programs() is None:
        print("bench: the programs of PostgreSQL are not installed (Debian: postgresql)", file=sys.stderr)
        return EX_UNAVAILABLE
    found: dict[str, list[dict[str, Cost]]] = {"sqlite": [], "postgresql": []}
    server = Server("fsync = on", "autovacuum = on", "shared_buffers = 256MB")
    try:
        server.make_queue()
        for _ in range(options.repeat):
            with tempfile.TemporaryDirectory() as folder:
                made = Queue(Path(folder) / "queue.db")
                found["sqlite"].append(_turn(made, options.messages, lambda: 0.0))
                made.close()
            there = server.queue()
            found["postgresql"].append(_turn(there, options.messages, lambda: _cpu_of(server.process.pid)))
            there.close()
    finally:
        server.stop()
    return _report(found, options)


def _turn(queue: Queue, messages: int, server_s: Callable[[], float]) -> dict[str, Cost]:
    """Accept *messages* and deliver them; the cost of each in microseconds a message."""
    queue.lease()  # connects
    accepts = [queue.new_accept(f"d{number % DESTINATIONS}.example", content=CONTENT) for number in range(messages)]
    accepted = _measured(lambda: _accept(queue, accepts), server_s, messages)
    drained = _measured(lambda: _drain(queue, messages), server_s, messages)
    return {"accept": accepted, "drain": drained}


def _accept(queue: Queue, accepts: list[Accept]) -> None:
    for first in range(0, len(accepts), A_COMMIT):
        queue.run(*accepts[first : first + A_COMMIT])


def _drain(queue: Queue, messages: int) -> None:
    left, now = messages, T0 + 1.0
    while left:
        take = queue.done(queue.new_lease(now=now, limit=A_COMMIT))
        leases = take.leases
        assert leases or take.has_more, f"{left} messages wait, and no lease is given"
        for number in range(max((len(lease.messages) for lease in leases), default=0)):
            rounds = [lease for lease in leases if number < len(lease.messages)]
            queue.run(*(queue.new_settle(lease, RecipientStatus.DELIVERED, message=number) for lease in rounds))
        left -= sum(len(lease.messages) for lease in leases)
        queue.run(
            *(EndLease(each.lease_id, destination=each.destination, is_failing=False, now=now) for each in leases)
        )
        now += 0.001


def _measured(work: Callable[[], None], server_s: Callable[[], float], messages: int) -> Cost:
    ours, theirs = time.process_time(), server_s()
    work()
    return tuple(each * 1e6 / messages for each in (time.process_time() - ours, server_s() - theirs))  # type: ignore[return-value]


def _cpu_of(server: int) -> float:
    """CPU seconds of a server and its processes so far, those that have ended included."""
    return sum(_ticks(pid) for pid in (server, *_children(server))) * _TICK_S


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15]))  # user and system, then those of children that were waited for


def _children(pid: int) -> Iterator[int]:
    return map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def _report(found: dict[str, list[dict[str, Cost]]], options: argparse.Namespace) -> int:
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    is_missed = False
    print(f"{'':8}{'engine':12}{'here':>8}{'server':>8}{'both':>8}  us of CPU a message, median of {options.repeat}")
    for scenario, most in FLOORS.items():
        for engine, turns in found.items():
            ours, theirs = (statistics.median(turn[scenario][side] for turn in turns) for side in (0, 1))
            both = statistics.median(sum(turn[scenario]) for turn in turns)
            verdict = ""
            if engine == "postgresql":
                verdict = f"floor {most:.0f}: {'met' if both <= most else 'missed'}"
                is_missed |= both > most
            print(f"{scenario:8}{engine:12}{ours:8.0f}{theirs:8.0f}{both:8.0f}  {verdict}".rstrip())
    return int(is_missed and options.gate)


if __name__ == "__main__":
    sys.exit(main())
