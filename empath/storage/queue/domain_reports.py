"""
domain_reports - reports about a period to other domains, as rows: what is counted for them, and what became of them

THEORY
    A period is a row.  It is open while results are counted for it.  When it is over, its report is made once: the row
    is closed, the counts go, and the message comes into the queue in one transaction.  So a process that dies between
    makes no second report, whatever it had composed.

    Strangers choose the domains and the results.  So there is a bound of periods, of rows of a period, and of all rows.
    What is beyond it is counted, and the report says so.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any, Final, NamedTuple

from empath.authentication.counted import CountedRow
from empath.storage.engine import Selects, Session
from empath.storage.queue.accept import Accept
from empath.storage.queue.sweep import Kept
from empath.storage.write import Write

_GRACE_S: Final = 600.0  # after the end, in which the last counts come
_SPREAD_S: Final = 4 * 3600.0
CLOSED: Final = Kept("domain_reports.expired", "domain_reports.forget")


class Bounds(NamedTuple):
    """The most periods that are open, rows of one of them, and rows of all."""

    periods: int = 10_000
    rows: int = 5_000
    all_rows: int = 200_000


BOUNDS: Final = Bounds()


@dataclass(frozen=True, slots=True)
class Period:
    """The time that reports are about. Shape: whole Unix seconds."""

    begin_at: int
    end_at: int

    @classmethod
    def around(cls, now: float, interval_s: float) -> "Period":
        """The one with *now* in it, of those that begin at midnight UTC and each *interval_s* after it."""
        length = int(interval_s)
        begin_at = int(now // length) * length
        return cls(begin_at, begin_at + length)

    def due_at(self, domain: str) -> float:
        """When the report to *domain* is made: not those of all domains at once."""
        spread_s = min(_SPREAD_S, (self.end_at - self.begin_at) / 2)
        share = int.from_bytes(sha256(domain.encode()).digest()[:4], "big") / 2**32
        return self.end_at + _GRACE_S + spread_s * share


@dataclass(frozen=True, slots=True)
class DuePeriod:
    """A period whose report is to be made. Shape: as the columns of _report_period."""

    id: int
    kind: str
    domain: str
    begin_at: int
    end_at: int
    policy: str
    tries: int
    messages: int
    left_out: int


class CountDmarc(Write):
    """Add messages to the *counts* of DMARC reports of a *period*; `left_out` are those beyond the bounds."""

    def __init__(self, counts: Mapping[CountedRow, int], period: Period, bounds: Bounds = BOUNDS) -> None:
        super().__init__()
        self.rows = 2 * len(counts)
        self.left_out = 0
        self._counts = counts
        self._period = period
        self._bounds = bounds

    def run(self, session: Session) -> None:
        self.left_out = 0
        places = Places(session, "dmarc", self._period, self._bounds)
        for row, messages in self._counts.items():
            period_id = places.find(row.domain, row.record)
            if period_id is None:
                self.left_out += messages
                continue
            values = {**asdict(row), "id": period_id, "messages": messages}
            del values["domain"], values["record"]
            is_new = not session.run("domain_reports.count_dmarc", values)
            has_place = not is_new or places.take(period_id)
            if is_new and has_place:
                session.run("domain_reports.add_dmarc", values)
            self.left_out += 0 if has_place else messages
            note = {"id": period_id, "policy": row.record, "row_count": int(is_new and has_place)}
            told = {"messages": messages if has_place else 0, "left_out": 0 if has_place else messages}
            session.run("domain_reports.note_period", note | told)


class Places:
    """The open periods of a kind, with the room that they have."""

    def __init__(self, session: Session, kind: str, period: Period, bounds: Bounds) -> None:
        self._session = session
        self._bounds = bounds
        self._kind = kind
        self._period = period
        self._ids: dict[str, int | None] = {}
        self._rows: dict[int, int] = {}
        self._all_rows = int(session.value("domain_reports.open_rows"))
        self._periods = int(session.value("domain_reports.open_periods"))

    def find(self, domain: str, policy: str) -> int | None:
        """The number of the period of *domain*; None if its report is made already, or there are too many."""
        if domain not in self._ids:
            self._ids[domain] = self._found(domain, policy)
        return self._ids[domain]

    def take(self, period_id: int) -> bool:
        """Whether there is room for one more row."""
        if self._rows[period_id] >= self._bounds.rows or self._all_rows >= self._bounds.all_rows:
            return False
        self._rows[period_id] += 1
        self._all_rows += 1
        return True

    def _found(self, domain: str, policy: str) -> int | None:
        period = self._period
        keys = {"kind": self._kind, "domain": domain, "begin_at": period.begin_at}
        for number, state, rows in self._session.rows("domain_reports.period", keys):
            self._rows[number] = rows
            return int(number) if state == "open" else None
        if self._periods >= self._bounds.periods:
            return None
        self._periods += 1
        more = {"end_at": period.end_at, "policy": policy, "due_at": period.due_at(domain)}
        number = self._session.insert("domain_reports.add_period", keys | more)
        self._rows[number] = 0
        return number


class CloseReport(Write):
    """
    Close a period: with the *message* of its report, or without one and a *reason*.

    `is_stale` tells after the commit that another process had closed it, and nothing was written.
    """

    def __init__(
        self, period: DuePeriod, message: Accept | None, *, now: float, report_id: str | None = None,
        sent_to: Iterable[str] = (), octets: int | None = None, reason: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.is_stale = False
        self.sent_to = addresses = " ".join(sent_to)
        self.ulid = None if message is None else str(message.message.queue_id)
        self.reason = reason
        self.rows = 2 + BOUNDS.rows // 10
        self.octets = 0 if message is None else message.octets
        self._message = message
        self._keys = {
            "id": period.id,
            "state": "sent" if addresses else "dropped",
            "report_id": report_id,
            "sent_to": addresses or None,
            "ulid": self.ulid,
            "octets": octets,
            "reason": reason,
            "now": now,
        }

    def run(self, session: Session) -> None:
        # The period goes first: of two processes the second finds it closed, and sends no report.
        self.is_stale = not session.run("domain_reports.close", self._keys)
        if self.is_stale:
            return
        session.run("domain_reports.forget_dmarc_rows", {"id": self._keys["id"]})
        session.run("tls_counts.forget_rows", {"id": self._keys["id"]})
        if self._message is not None:
            self._message.run(session)

    def after_commit(self, session: Session) -> None:
        if self._message is not None and not self.is_stale:
            self._message.after_commit(session)


class PutOffReport(Write):
    """Try the report of a period again at *due_at*, because of *reason*."""

    def __init__(self, period: DuePeriod, due_at: float, reason: str) -> None:
        super().__init__()
        self._keys = {"id": period.id, "due_at": due_at, "reason": reason}

    def run(self, session: Session) -> None:
        session.run("domain_reports.put_off", self._keys)


def due_period(reader: Selects, now: float, under_way: Collection[int] = ()) -> DuePeriod | None:
    """
    The period whose report is due longest, but for those *under_way*; None if none is.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    rows = reader.records("domain_reports.due", {"now": now, "limit": len(under_way) + 1})
    return next((DuePeriod(**row) for row in rows if row["id"] not in under_way), None)


def open_period(reader: Selects, kind: str, domain: str) -> DuePeriod | None:
    """The oldest open period of a *domain*, whether its report is due or not. Raises as `due_period`."""
    keys = {"kind": kind, "domain": domain}
    return next((DuePeriod(**row) for row in reader.records("domain_reports.of_domain", keys)), None)


def dmarc_rows(reader: Selects, period: DuePeriod) -> list[dict[str, Any]]:
    """What is counted for a *period*, with the names of _dmarc_count. Raises as `due_period`."""
    return list(reader.records("domain_reports.dmarc_rows", {"id": period.id}))
