"""domain_reports - what a person sees of reports about a period, and orders for them"""

from dataclasses import dataclass

from empath.errors import MissingInput
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Session
from empath.storage.write import Write


@dataclass(frozen=True, slots=True)
class SentReport:
    """One row of the view report_sent. Shape: instants in Unix seconds."""

    number: int
    kind: str
    domain: str
    begin_at: float
    end_at: float
    state: str
    due_at: float
    tries: int
    messages: int
    left_out: int
    report_id: str | None
    sent_to: str | None
    id: str | None
    octets: int | None
    reason: str | None


def sent_reports(engine: Engine, limit: int, kind: str | None = None) -> list[SentReport]:
    """
    Up to *limit* reports to other domains, of *kind* or of both, the newest first.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        return [SentReport(**record) for record in visit.records("domain_reports.list", {"limit": limit, "kind": kind})]


@dataclass(frozen=True, slots=True)
class ReceivedSummary:
    """What one reporter has told of one domain. Shape: last_at in Unix seconds."""

    kind: str
    domain: str
    org_name: str
    reports: int
    messages: int
    failed: int
    last_at: float


def received_reports(engine: Engine, kind: str | None = None) -> list[ReceivedSummary]:
    """All reporters, of *kind* or of both. Raises as `sent_reports`."""
    with engine.visiting(None) as visit:
        return [ReceivedSummary(**record) for record in visit.records("received_reports.summary", {"kind": kind})]


class BringReportForward(Write):
    """
    Let the open reports about *domain* be made at *now*, in the name of *who*.

    Raises:
        MissingInput: there is none.
    """

    def __init__(self, kind: str, domain: str, *, now: float, who: str) -> None:
        super().__init__()
        self._keys = {"kind": kind, "domain": domain, "due_unix": now}
        self._who = who

    def run(self, session: Session) -> None:
        keys = {"kind": self._keys["kind"], "domain": self._keys["domain"]}
        if not session.rows("domain_reports.of_domain", keys):
            raise MissingInput(f"no report about {keys['domain']} is open; `empath-admin reports list` shows all")
        with acting(session, self._who):
            session.run("domain_reports.bring_forward", self._keys)
