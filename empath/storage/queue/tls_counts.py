"""
tls_counts - the sessions of TLS of a period, from the attempts, for reports to the domains that they went to

THEORY
    The housekeeper counts the attempts that are new since the last look, by their numbers, as throughput.py does: the
    mail path writes nothing for it, and each attempt counts once, whatever process dies.  An attempt for several
    recipients has a row for each, which are one session.

    A policy of MTA-STS that cannot be read leaves no attempt: the worker that tried writes that it failed.

    The mail that carries a report is left out: else each report would be followed by one about itself (RFC 8460 §3).
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

from empath.policy.tls_results import TlsResult, tls_result
from empath.storage.engine import Reader, Selects, Session
from empath.storage.queue.domain_reports import BOUNDS, Bounds, DuePeriod, Period, Places
from empath.storage.write import Write

SLICE: Final = 5_000  # attempts that are read at a time
DAY_S: Final = 86_400.0  # RFC 8460 §4.1: a report is about a day


class TlsCount(NamedTuple):
    """Sessions that count together. Shape: as the columns of _tls_count."""

    domain: str
    kind: str
    result: str
    host: str
    receiving_ip: str
    reason: str


class CountTls(Write):
    """
    Add what was read between two marks, unless it is counted already; `is_slice_full` tells that there may be more.
    """

    def __init__(
        self, before: int | None, after: int, counts: Mapping[Period, Mapping[TlsCount, int]], bounds: Bounds = BOUNDS
    ) -> None:
        super().__init__()
        self.is_slice_full = before is not None and after - before == SLICE
        self.rows = 1 + 2 * sum(map(len, counts.values()))
        self._marks = (before, after)
        self._counts = counts
        self._bounds = bounds

    def run(self, session: Session) -> None:
        before, after = self._marks
        if _mark(session) != before:
            return
        for period, counts in self._counts.items():
            places = Places(session, "tls", period, self._bounds)
            for count, sessions in counts.items():
                _add(session, places, count, sessions)
        session.run("tls_counts.set_mark", {"mark": str(after)})


class CountPolicyFailure(Write):
    """Count one attempt, at *now*, to read the policy of *domain*, which ended with *failed*. Twice counts twice."""

    def __init__(self, domain: str, failed: TlsResult, now: float, bounds: Bounds = BOUNDS) -> None:
        super().__init__()
        self._count = TlsCount(domain, failed.kind, failed.result, "", "", failed.reason)
        self._period = Period.around(now, DAY_S)
        self._bounds = bounds

    def run(self, session: Session) -> None:
        _add(session, Places(session, "tls", self._period, self._bounds), self._count, 1)


def _add(session: Session, places: Places, count: TlsCount, sessions: int) -> None:
    period_id = places.find(count.domain, "")
    if period_id is None:
        return
    values = {**count._asdict(), "id": period_id, "sessions": sessions}
    del values["domain"]
    is_new = not session.run("tls_counts.count", values)
    has_place = not is_new or places.take(period_id)
    if is_new and has_place:
        session.run("tls_counts.add", values)
    told = {"messages": sessions if has_place else 0, "left_out": 0 if has_place else sessions}
    note = {"id": period_id, "policy": "", "row_count": int(is_new and has_place)}
    session.run("domain_reports.note_period", note | told)


def count_tls(reader: Reader, interval_s: float, bounds: Bounds = BOUNDS) -> CountTls | None:
    """
    The Write that adds the next slice of what is not counted yet; None if there is nothing. The first look begins with
    the attempts of then: older ones may be of any day.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    with reader.one_instant():
        last = reader.value("tls_counts.last_attempt") or 0
        before = _mark(reader)
        if before is None:
            return CountTls(None, last, {}, bounds)
        after = min(last, before + SLICE)
        if after <= before:
            return None
        rows = reader.rows("tls_counts.attempts", {"after": before, "last": after})
    counts: dict[Period, Counter[TlsCount]] = {}
    for destination, host, peer, policy, version, failure, stage, reply, started_at in rows:
        found = tls_result(policy, version, failure, stage, reply)
        if found is None:
            continue
        failing = (host or "", _address(peer or ""), found.reason) if found.result else ("", "", "")
        count = TlsCount(destination, found.kind, found.result, *failing)
        counts.setdefault(Period.around(started_at, interval_s), Counter())[count] += 1
    return CountTls(before, after, counts, bounds)


def tls_rows(reader: Selects, period: DuePeriod) -> list[tuple[TlsCount, int]]:
    """
    What is counted for a *period*.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    rows = reader.rows("tls_counts.rows", {"id": period.id})
    return [(TlsCount(period.domain, *row[:-1]), row[-1]) for row in rows]


def _mark(selects: Selects) -> int | None:
    text = selects.value("tls_counts.mark")
    return None if text is None else int(text)


def _address(peer: str) -> str:
    """The address in `192.0.2.1:25` or `[2001:db8::1]:25`."""
    return peer.rpartition(":")[0].strip("[]")


class ForgetPeriod(Write):
    """Forget an open *period*, of a domain that wants no reports."""

    def __init__(self, period: DuePeriod) -> None:
        super().__init__()
        self._keys = {"id": period.id}

    def run(self, session: Session) -> None:
        if session.run("tls_counts.forget_period", self._keys):
            session.run("tls_counts.forget_rows", self._keys)
