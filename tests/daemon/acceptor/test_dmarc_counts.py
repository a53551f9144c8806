"""What an acceptor counts for reports of DMARC."""

from types import SimpleNamespace
from typing import Any

import pytest

from empath.authentication.disposition import Action, Disposition
from empath.daemon.acceptor.dmarc_counts import DmarcCounts
from empath.errors import QueueBusy
from empath.telemetry.occurrences.acceptor import DmarcCountsLeftOut
from tests.authentication.test_counted import found, verdict
from tests.kit.queue import T0, Queue

TAG = Disposition(Action.TAG, "")
DAY = 86_400


class Bench:
    """The counts, and the queue that they go to."""

    def __init__(self, queue):
        self.now = T0
        self.counts = DmarcCounts(DAY, lambda: self.now, most_rows=2)
        self.reported: list[Any] = []
        self.error = None
        self._queue = queue
        writer = SimpleNamespace(commit=self._commit)
        self._runtime: Any = SimpleNamespace(writer=writer, emit=self.reported.append)

    def _commit(self, work):
        if self.error is not None:
            raise self.error
        self._queue.run(work)
        return work

    def note(self, dmarc=None):
        """One message."""
        self.counts.note(found(dmarc or verdict()), TAG)

    def write(self):
        """What happens every few seconds."""
        self.counts.write(self._runtime)


@pytest.fixture
def queue(tmp_path):
    """A queue."""
    made = Queue(tmp_path / "queue.db")
    yield made
    made.close()


@pytest.fixture
def bench(queue):
    """The counts."""
    return Bench(queue)


def test_messages_are_counted_for_their_day(queue, bench):
    """
    Those before midnight and those after it are in two reports.
    """
    bench.note()
    bench.note()
    bench.now += DAY
    bench.note()
    bench.note(verdict("v=DMARC1; p=none"))
    bench.write()
    bench.write()
    begin = T0 // DAY * DAY
    rows = queue.select("SELECT domain, begin_unix, messages FROM report_sent ORDER BY begin_unix")
    assert [("a.test", begin, 2), ("a.test", begin + DAY, 1)] == rows
    assert [] == bench.reported


def test_what_cannot_be_written_is_told(bench):
    """
    The report would be wrong without a word.
    """
    bench.note()
    bench.error = QueueBusy("busy")
    bench.write()
    assert [DmarcCountsLeftOut(messages=1, error="busy")] == bench.reported


def test_the_memory_has_a_bound(bench):
    """
    A flood of different results fills no memory.
    """
    for _ in range(2):
        bench.note()
        bench.note(verdict(spf=None))
        bench.note(verdict(dkim=["a.test"]))
    bench.write()
    assert [DmarcCountsLeftOut(messages=2, error="too many different results")] == bench.reported
