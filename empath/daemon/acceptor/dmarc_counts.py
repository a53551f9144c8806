"""
dmarc_counts - what this process has seen of the mail of domains that want reports of DMARC

Messages are counted in memory, refused ones too, and written every two seconds in one commit: a message costs no write
of its own. What a process that dies has not written is missing in a report, which is about thousands of messages.
"""

import time
from collections import Counter
from collections.abc import Callable
from typing import Final

import gevent

from empath.authentication.counted import CountedRow, counted_row
from empath.authentication.disposition import Disposition
from empath.authentication.findings import Findings
from empath.daemon.process.runtime import Runtime
from empath.errors import EmpathError
from empath.storage.queue.domain_reports import CountDmarc, Period
from empath.telemetry.occurrences.acceptor import DmarcCountsLeftOut

_PERIOD_S: Final = 2.0
_MOST_ROWS: Final = 2_000  # of one commit


class DmarcCounts:
    """The messages that are not written yet."""

    def __init__(
        self, interval_s: float, clock: Callable[[], float] = time.time, *, most_rows: int = _MOST_ROWS
    ) -> None:
        """*interval_s* is the time that a report is about; *clock* gives Unix seconds."""
        self._most_rows = most_rows
        self._interval_s = interval_s
        self._clock = clock
        self._period = Period.around(clock(), interval_s)
        self._waiting: dict[Period, Counter[CountedRow]] = {}
        self._rows = 0
        self._left_out = 0

    def note(self, findings: Findings, disposition: Disposition) -> None:
        """Count a message."""
        row = counted_row(findings, disposition)
        if row is None:
            return
        now = self._clock()
        if not self._period.begin_at <= now < self._period.end_at:
            self._period = Period.around(now, self._interval_s)
        counts = self._waiting.setdefault(self._period, Counter())
        if row not in counts:
            if self._rows >= self._most_rows:
                self._left_out += 1
                return
            self._rows += 1
        counts[row] += 1

    def run(self, runtime: Runtime) -> None:
        """Body of a greenlet, as long as the process lives."""
        while True:
            gevent.sleep(_PERIOD_S)
            self.write(runtime)

    def write(self, runtime: Runtime) -> None:
        """Commit what came. What cannot be written is lost: the log has how much."""
        waiting, left_out = self._waiting, self._left_out
        self._waiting, self._rows, self._left_out = {}, 0, 0
        error = ""
        for period, counts in waiting.items():
            try:
                left_out += runtime.writer.commit(CountDmarc(counts, period)).left_out
            except EmpathError as exc:
                left_out += counts.total()
                error = str(exc)
        if left_out:
            runtime.emit(DmarcCountsLeftOut(messages=left_out, error=error or "too many different results"))
