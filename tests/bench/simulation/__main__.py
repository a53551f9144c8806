"""
The command: ``python -m tests.bench.simulation [--seconds S]``

What the model says of measured work, then of machines that were not there to measure: one SQLite file on more cores,
and one PostgreSQL server with more nodes. Tables go to stdout. Exit codes: 0; 1 if the model contradicts what was
measured.
"""

import argparse
import sys
from collections.abc import Iterator
from typing import Final

from ..report import table
from .costs import POSTGRESQL, SQLITE, Engine
from .model import Machines, Model, Work
from .points import POINTS, TOLERANCE

REPLY_S: Final = 0.005  # a next hop in the same region
REPLICATION_S: Final = 0.002
_ROOMY: Final = 256  # cores of the nodes, more than any run uses
_SHARES: Final = (3, 4, 5)  # eighths of the cores for acceptors


def main() -> int:
    """Simulate, and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.simulation", description="How far a queue scales.")
    parser.add_argument(
        "--seconds", type=float, default=0.5, help="of each run, in the time of the model; 0.5 by default"
    )
    seconds: float = parser.parse_args().seconds
    is_right = True
    rows = []
    for point in POINTS:
        rate = point.simulated(seconds)
        is_right &= point.is_met(rate)
        measured = f"{point.least:,}" if point.least == point.most else f"{point.least:,} to {point.most:,}"
        rows.append([point.what, measured, f"{rate:,.0f}", "yes" if point.is_met(rate) else "NO"])
    _print("Mails a second, measured and simulated", ["work", "measured", "model", f"within {TOLERANCE}"], rows)
    _print(
        "One SQLite file: mail in and out",
        ["cores", "acceptors", "workers", "mails/s", "file locked", "cores in use"],
        list(_one_file(seconds)),
    )
    heads = ["cores of the server", "acceptors and workers, each", "mails/s", "server in use"]
    _print("One PostgreSQL server, a standby 2 ms away", heads, list(_one_server(seconds)))
    heads = ["connections", "messages a lease", "workers", "mails/s", "takes/s"]
    _print(
        "The same with 32 cores, all mail for one next hop that takes 50 ms for each", heads, list(_one_hop(seconds))
    )
    return 0 if is_right else 1


def _one_file(seconds: float) -> Iterator[list[str]]:
    for cores in (2, 4, 8, 16, 32):
        best: tuple[float, list[str]] = (-1.0, [])
        for eighths in _SHARES:
            acceptors = max(1, cores * eighths // 8)
            rate, model = _in_and_out(SQLITE, Machines(cores), acceptors, cores - acceptors, seconds)
            used, locked = model.use(seconds)
            row = [str(cores), str(acceptors), str(cores - acceptors), f"{rate:,.0f}", f"{locked:.0%}", f"{used:.0%}"]
            best = max(best, (rate, row))
        yield best[1]


def _one_server(seconds: float) -> Iterator[list[str]]:
    for cores in (1, 4, 16):
        for each in (4, 16, 64):
            machines = Machines(cores, _ROOMY, replication=REPLICATION_S)
            rate, model = _in_and_out(POSTGRESQL, machines, each, each, seconds)
            yield [str(cores), str(each), f"{rate:,.0f}", f"{model.use(seconds)[0]:.0%}"]


def _in_and_out(
    engine: Engine, machines: Machines, acceptors: int, workers: int, seconds: float
) -> tuple[float, Model]:
    """Mails a second that go all the way, and the run."""
    work = Work(acceptors=acceptors, workers=workers, sessions=50, reply=REPLY_S)
    model = Model(engine, machines, work)
    return min(model.rates(seconds)), model


def _one_hop(seconds: float) -> Iterator[list[str]]:
    machines = Machines(32, _ROOMY, replication=REPLICATION_S)
    for concurrency in (20, 100, 500):
        for messages in (1, 20):
            for workers in (4, 16):
                work = Work(
                    workers=workers,
                    sessions=200,
                    messages=messages,
                    destinations=1,
                    concurrency=concurrency,
                    reply=0.05,
                    is_drain=True,
                )
                model = Model(POSTGRESQL, machines, work)
                _, rate = model.rates(8 * seconds)  # a lease takes a second
                takes = model.seen.takes / (8 * seconds)
                yield [str(concurrency), str(messages), str(workers), f"{rate:,.0f}", f"{takes:,.0f}"]


def _print(title: str, heads: list[str], rows: list[list[str]]) -> None:
    print(f"### {title}\n\n{table(heads, rows)}\n")


if __name__ == "__main__":
    sys.exit(main())
