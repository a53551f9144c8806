"""
slow_worker - a worker of one slot whose clock the script turns: `CONFIG`, whose queue has mail for four silent hosts

The script waits until three are under way, then accepts mail to a destination that had mail before, and waits for its
delivery.  It prints the statuses of what waits as JSON, before and after a minute of the worker's clock.  A program of
its own, because a worker patches its process.
"""

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
from gevent.event import Event

import empath.daemon.worker.__main__ as program
from empath.config import load_config
from empath.daemon.process.client_access import client_access
from empath.daemon.process.dialogues import unheard
from empath.daemon.process.hub_writer import HubWriter
from empath.daemon.process.shared_reader import SharedReader
from empath.mail.identity import QueueId, Timestamp
from empath.net.stream import Deadlines
from empath.policy.hold_rules import HoldBook
from empath.telemetry.subscribers import emitter
from tests.kit.queue import Queue

STEP_S = 2.0  # a lease is stuck after one second
MINUTE_S = 61.0


class SlowWorker:
    """The worker, its queue and its clock."""

    def __init__(self, config_file: Path) -> None:
        config = load_config(config_file)
        self.queue = Queue(config.queue.path, max_leases=20, slot="tests")
        self.ahead_s = 0.0
        deadlines = Deadlines()
        gevent.spawn(deadlines.run)
        runtime: Any = SimpleNamespace(
            config=config,
            reader=SharedReader(self.queue.engine.open_reader),
            process_id=self.queue.process_id,
            emit=emitter("worker-1"),
            writer=HubWriter(self.queue.engine, deadline_s=5.0),
            deadlines=deadlines,
            modules=(),
            ledger=None,
            tracing=None,
            draining=Event(),
            child=SimpleNamespace(wake_fds=()),
            dialogues=unheard(),
            serve_traces=lambda: None,
            is_trusted_alive=True,
            now=lambda: Timestamp(time.time()),
            rules=SimpleNamespace(book=config.rule_book(), router=config.router, holds=HoldBook()),
            client_access=client_access(config, {}),
            ready=lambda: None,
            keep=gevent.spawn,
        )
        worker = program.Worker(runtime, clock=lambda: time.monotonic() + self.ahead_s)
        gevent.spawn(worker.run)

    def statuses(self) -> list[tuple[Any, ...]]:
        """Status and last reply of each live recipient."""
        return self.queue.select("SELECT status, last_reply FROM queue ORDER BY recipient_id")

    def wait_for(self, status: str, count: int) -> None:
        """Wait until *count* recipients have *status*; the test that runs this sets the deadline."""
        while sum(found == status for found, _ in self.statuses()) < count:
            gevent.sleep(0.01)


def main(config_file: Path) -> None:
    slow = SlowWorker(config_file)
    for leased in range(1, 4):
        slow.wait_for("leased", leased)
        slow.ahead_s += STEP_S
    slow.queue.accept("discard:", at=time.time(), queue_id=QueueId.make(Timestamp(time.time()), bytes(10)))
    while len(slow.queue.select("SELECT 1 FROM history WHERE status = 'delivered'")) < 2:
        gevent.sleep(0.01)
    print(json.dumps(slow.statuses()))
    slow.ahead_s += MINUTE_S
    slow.wait_for("deferred", 1)
    slow.wait_for("leased", 3)
    print(json.dumps(slow.statuses()), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
