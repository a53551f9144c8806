"""
received_reports - reports of other hosts about domains of ours, as rows

A report that comes twice is one report: it has the same id, and tells of the same time.  Anybody may send some, so
there is a bound of reports and of all their rows: the oldest report goes for a new one, and the rows of a report for
which there is no room are left out.
"""

import json
from dataclasses import asdict
from typing import Any, Final, NamedTuple

from empath.message.aggregate.dmarc import DmarcReport
from empath.message.aggregate.tls import TlsReport
from empath.storage.engine import Session
from empath.storage.queue.sweep import Kept
from empath.storage.write import Write

_MOST_POLICIES: Final = 10  # whose lines are kept
_MOST_POLICY_OCTETS: Final = 8_000

RECEIVED: Final = Kept("received_reports.expired", "received_reports.forget")


class ReceivedBounds(NamedTuple):
    """The most reports, and rows of all of them."""

    reports: int = 20_000
    rows: int = 1_000_000


BOUNDS: Final = ReceivedBounds()


class _KeepReport(Write):
    """Keep a report with its rows; `is_known` tells after the commit that it was here before."""

    def __init__(
        self, report: dict[str, Any], statement: str, rows: list[dict[str, Any]], bounds: ReceivedBounds
    ) -> None:
        super().__init__()
        self.rows = 2 + len(rows)
        self.is_known = False
        self._report = report
        self._statement = statement
        self._rows = rows
        self._bounds = bounds

    def run(self, session: Session) -> None:
        keys = {name: self._report[name] for name in ("kind", "domain", "org_name", "report_id", "begin_at")}
        self.is_known = session.value("received_reports.is_known", keys) is not None
        if self.is_known:
            return
        if session.value("received_reports.number_of_reports") >= self._bounds.reports:
            session.run("received_reports.forget_oldest")
        room = self._bounds.rows - int(session.value("received_reports.number_of_rows"))
        kept = self._rows[: max(0, room)]
        left_out = self._report["left_out"] + sum(row["messages"] for row in self._rows[len(kept) :])
        number = session.insert("received_reports.add", self._report | {"left_out": left_out, "row_count": len(kept)})
        session.run_each(self._statement, [{**row, "id": number, "number": place} for place, row in enumerate(kept)])


class KeepDmarcReport(_KeepReport):
    """A report of DMARC that *sender* sent in the message *queue_id*."""

    def __init__(
        self, report: DmarcReport, *, sender: str, queue_id: str, now: float, bounds: ReceivedBounds = BOUNDS
    ) -> None:
        rows = [asdict(row) | {"dkim_results": json.dumps(row.dkim_results)} for row in report.rows]
        failed = sum(row.messages for row in report.rows if "pass" not in (row.dkim, row.spf))
        whole = {
            "kind": "dmarc", "domain": report.domain, "org_name": report.org_name, "report_id": report.report_id,
            "contact": report.email, "begin_at": report.begin_at, "end_at": report.end_at,
            "policy": json.dumps(report.policy), "messages": report.messages, "failed": failed,
            "left_out": report.left_out, "error": report.error or None, "sender": sender, "ulid": queue_id, "now": now,
        }  # fmt: skip
        super().__init__(whole, "received_reports.add_dmarc", rows, bounds)


class KeepTlsReport(_KeepReport):
    """
    A report about TLS that *sender* sent in the message *queue_id*. `domain` is that of its first policy.

    Sessions without a failure are a row, too, for each policy.
    """

    def __init__(
        self, report: TlsReport, *, sender: str, queue_id: str, now: float, bounds: ReceivedBounds = BOUNDS
    ) -> None:
        self.domain = report.policies[0].domain if report.policies else ""
        rows = []
        for policy in report.policies:
            shared = {"policy_type": policy.kind, "policy_domain": policy.domain}
            nothing = {"host": "", "sending_ip": "", "receiving_ip": "", "reason": ""}
            rows.append({**shared, "result": "", "messages": policy.successes, **nothing})
            for failure in policy.failures:
                told = asdict(failure)
                rows.append({**shared, **told, "messages": told.pop("sessions")} | {"result": failure.result})
        for row in rows:
            row.pop("sessions", None)
        whole = {
            "kind": "tls", "domain": self.domain, "org_name": report.org_name, "report_id": report.report_id,
            "contact": report.contact, "begin_at": report.begin_at, "end_at": report.end_at,
            "policy": _policies_text(report),
            "messages": report.sessions, "failed": sum(each.failed for each in report.policies),
            "left_out": report.left_out, "error": None, "sender": sender, "ulid": queue_id, "now": now,
        }  # fmt: skip
        super().__init__(whole, "received_reports.add_tls", rows, bounds)


def _policies_text(report: TlsReport) -> str:
    """The lines of the policies, a JSON list of lists, as many as there is room for."""
    kept: list[list[str]] = []
    room = _MOST_POLICY_OCTETS
    for policy in report.policies[:_MOST_POLICIES]:
        kept.append([])
        for line in policy.lines:
            room -= len(json.dumps(line)) + len(", ")
            if room < 0:
                return json.dumps(kept)
            kept[-1].append(line)
    return json.dumps(kept)
