"""course - one run from its start to its verdict"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

from tests.chaos.ledger import Answer, Ledger
from tests.chaos.load import Load
from tests.chaos.mischief import Mischief
from tests.chaos.sink import Behaviour, Sink
from tests.kit.process import Empathd
from tests.kit.queue import violations
from tests.kit.waiting import eventually

REFUSAL = 0.1
CLIENTS = 4
_WORDS = 1_000  # most characters of the evidence
_EMPTY_S = 300.0  # time after the load until the queue is empty
# Rates are lower than what the load brings at times, so that mail waits for tokens, too.
_SETTINGS = """
[delivery]
workers = 2
rate = "1000/1s"
[destinations."*"]
rate = "300/1s burst 100"
[destinations."smtp:127.0.0.1:{secured}"]
tls = "encrypt"
[retry]
base = "1s"
max = "2s"
[receiving.limits]
connections_per_client = 100
"""


@dataclass(frozen=True)
class Verdict:
    """
    The result of a run. `broken` names each broken promise and its evidence; it is empty if all were kept.

    Shape: counts are of recipients; in_flight is of transactions, at the kills of workers.
    """

    deeds: Counter[str]
    taken: int
    refused: int
    unknown: int
    arrived: int
    doubled: int
    in_flight: int
    doubts: int
    broken: dict[str, Any] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """The verdict for people."""
        kills = sum(count for deed, count in self.deeds.items() if deed.startswith("kill"))
        stops = sum(self.deeds.values()) - kills
        by_deed = ", ".join(f"{deed} {count}" for deed, count in sorted(self.deeds.items()))
        return [
            f"{kills} kills and {stops} stops: {by_deed}",
            f"recipients: {self.taken} taken, {self.refused} refused, {self.unknown} without an answer",
            f"arrived: {self.arrived}, of them {self.doubled} more than once",
            f"transactions of the killed: at most {self.in_flight}; attempts recorded as in doubt: {self.doubts}",
            *(f"BROKEN {promise}: {str(what)[:_WORDS]}" for promise, what in self.broken.items()),
            "all promises were kept" if not self.broken else "promises were broken",
        ]


def run(directory: Path, *, kills: int, seed: int, refusal: float = REFUSAL, clients: int = CLIENTS) -> Verdict:
    """One run with its instance in *directory*. A *seed* draws the same actions each time, though at other instants."""
    ledger = Ledger()
    sinks = [Sink(ledger, refusal, seed + number, behaviour) for number, behaviour in enumerate(Behaviour)]
    domains = [f"d{number}.test" for number in range(len(sinks))]
    routes = "\n".join(f'"{name}" = "smtp://127.0.0.1:{sink.port}"' for name, sink in zip(domains, sinks, strict=True))
    [secured] = [sink.port for sink in sinks if sink.behaviour is Behaviour.SECURED]
    instance = Empathd(directory, _SETTINGS.format(secured=secured), routes)
    mischief = Mischief(instance, seed)
    try:
        instance.start()
        load = Load(ledger, instance.port, domains, clients=clients, seed=seed)
        try:
            mischief.do(kills)
        finally:
            load.stop()
        is_empty = _wait_until_empty(instance.queue)
        exit_code = instance.stop()
        return _judge(ledger, instance, mischief, is_empty=is_empty, exit_code=exit_code)
    finally:
        instance.clean_up()
        for sink in sinks:
            sink.shutdown()
            sink.server_close()


def _wait_until_empty(queue: Path) -> bool:
    """Until nothing is live. What is held because three workers died of it is released: here it is not to blame."""

    def is_empty() -> bool:
        connection = apsw.Connection(str(queue))
        try:
            connection.set_busy_timeout(10_000)
            connection.wal_autocheckpoint(0)
            [(has_held,)] = connection.execute("SELECT EXISTS (SELECT 1 FROM queue WHERE status = 'held')").fetchall()
            if has_held:
                connection.execute("UPDATE queue SET status = 'queued' WHERE status = 'held'")
            [(is_live,)] = connection.execute("SELECT EXISTS (SELECT 1 FROM queue)").fetchall()
            return not is_live
        finally:
            connection.close()

    try:
        return eventually(is_empty, "an empty queue", _EMPTY_S)
    except AssertionError:
        return False


def _judge(ledger: Ledger, instance: Empathd, mischief: Mischief, *, is_empty: bool, exit_code: int) -> Verdict:
    doubts = _doubts(instance.queue)
    waiting = {recipient for (recipient,) in _select(instance.queue, "SELECT recipient FROM queue")}
    twice = ledger.twice()
    unrecorded = {r: extra for r, extra in twice.items() if doubts[r] < extra}
    # One transaction has up to five recipients; its number is in the local part after the dot.
    transactions = {(r.partition(".")[2], extra) for r, extra in twice.items()}
    found = {
        "nothing is lost": [recipient for recipient in ledger.lost() if recipient not in waiting],
        "nothing that was refused is delivered": ledger.unasked(),
        "content arrives as it was sent": ledger.damaged,
        "each duplicate is recorded": unrecorded,
        "no more duplicates than transactions in flight": (
            f"{len(transactions)} of {mischief.in_flight}" if len(transactions) > mischief.in_flight else None
        ),
        "the queue drains": None if is_empty else f"{len(waiting)} recipients are left",
        "the queue is sound": violations(instance.queue),
        "the database is sound": [row for row in _integrity(instance.queue) if row != "ok"],
        "the end is in order": exit_code or None,
    }
    return Verdict(
        deeds=mischief.done,
        taken=ledger.count(Answer.TAKEN),
        refused=ledger.count(Answer.REFUSED),
        unknown=ledger.count(Answer.UNKNOWN),
        arrived=len(ledger.arrivals),
        doubled=len(twice),
        in_flight=mischief.in_flight,
        doubts=doubts.total(),
        broken={promise: what for promise, what in found.items() if what},
    )


def _doubts(queue: Path) -> Counter[str]:
    statement = """
        SELECT recipient, count(*) FROM attempt
         WHERE outcome IN ('unknown', 'maybe_delivered') GROUP BY recipient_id"""
    return Counter(dict(_select(queue, statement)))


def _integrity(queue: Path) -> list[str]:
    return [row for (row,) in _select(queue, "PRAGMA integrity_check")]


def _select(queue: Path, statement: str) -> list[tuple[Any, ...]]:
    connection = apsw.Connection(str(queue))
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()
