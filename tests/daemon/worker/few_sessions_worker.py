"""
few_sessions_worker - a worker whose queue has mail for one host, until none of it waits or the breaker opens

It prints the statuses of all recipients, what the queue knows of the destination, and its token buckets, as JSON.  A
program of its own, because a worker patches its process.
"""

import json
import sys
from pathlib import Path

import gevent

from tests.daemon.worker.slow_worker import SlowWorker


def main(config_file: Path) -> None:
    worker = SlowWorker(config_file)
    while worker.statuses() and not worker.queue.select("SELECT 1 FROM _destination WHERE breaker_until > 0"):
        gevent.sleep(0.02)
    statuses = worker.queue.select("SELECT status, count(*), max(attempts) FROM _recipient GROUP BY status")
    seen = worker.queue.select("SELECT lease_window, breaker_until IS NULL, is_failing FROM _destination")
    buckets = [name for (name,) in worker.queue.select("SELECT name FROM _bucket")]
    print(json.dumps([statuses, seen, buckets]), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
