"""
reports - open obligations to report, and their end

THEORY
    A notice commits with the fate that it reports.  The reporter reads what it needs without the write lock, composes
    the report, and submits a CloseNotices.  That inserts the report and removes its notices in one transaction, if all
    of them are still there.  If a notice is missing, another reporter was faster or an operator reversed the fate.
    Then nothing is written, and the notices that are still open are found again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from empath.errors import StorageFailure
from empath.mail.identity import Timestamp
from empath.mail.outcome import Stage
from empath.mail.status import RecipientStatus
from empath.message.report.facts import LastAttempt, ReportedMessage, ReportedRecipient, ReportKind
from empath.policy.bounce import TOLD_OF, action_of, is_refusal_of_form
from empath.storage.engine import Reader, Session
from empath.storage.queue.accept import INLINE, Accept
from empath.storage.queue.settle import forget_contents
from empath.storage.spool import open_content
from empath.storage.write import Write

SOON_S = 5.0  # time within which a recipient must be due for a report to wait for its fate
PATIENCE_S = 60.0  # longest time that a report waits for other recipients
RECIPIENTS = 10_000  # most recipients of one report; further ones go into another report
_SLICE = 200
_WITHOUT_HOST = frozenset({Stage.DNS, Stage.CONNECT, Stage.LOCAL})  # stages at which no host has spoken


@dataclass(frozen=True, slots=True)
class DueReport:
    """A report that is due now."""

    message_id: int
    kind: ReportKind


@dataclass(frozen=True, slots=True)
class Case:
    """
    All that the queue knows for one report.

    Shape: reverse_path is the text form, empty for null; recipients are those whose status still fits the kind, perhaps
    none; listener is that of the message; is_refused_for_form: hosts refused the content, not the recipients; notices
    has the numbers of all notices that the report meets, recipient_ids the numbers of their recipients; traceparent is
    the place of the message in its trace, None where it is in none.
    """

    due: DueReport
    message: ReportedMessage
    reverse_path: str
    size: int
    dsn_return: str | None
    locator: str | None
    added_fields: bytes
    listener: str
    recipients: tuple[ReportedRecipient, ...]
    is_refused_for_form: bool
    notices: tuple[int, ...]
    recipient_ids: tuple[int, ...]
    traceparent: str | None = None


def due_reports(reader: Reader, now: float) -> Iterator[DueReport]:
    """
    Reports to be made at *now* (Unix seconds), found slice by slice with the reading *connection*.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    after: tuple[int, str] = (0, "")
    while True:
        keys = {
            "message_id": after[0],
            "kind": after[1],
            "now": now,
            "soon": now + SOON_S,
            "patience": PATIENCE_S,
            "limit": _SLICE,
        }
        found = reader.rows("reports.open_notices", keys)
        for message_id, kind, is_due in found:
            if is_due:
                yield DueReport(message_id, ReportKind(kind))
        if len(found) < _SLICE:
            return
        after = found[-1][:2]


def read_case(reader: Reader, due: DueReport) -> Case | None:
    """
    The case of a report; None if nothing is left to report.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    keys = {"message_id": due.message_id, "kind": due.kind, "limit": RECIPIENTS}
    messages = reader.rows("reports.reported_message", keys)
    found = reader.rows("reports.reported_recipients", keys)
    if not messages or not found:
        return None
    (ulid, received_at, is_smtputf8, envelope_id, header_message_id, subject, *more) = messages[0]
    reverse_path, size, dsn_return, locator, added_fields, listener, traceparent = more
    return Case(
        due=due,
        message=ReportedMessage(
            ulid, Timestamp(received_at), bool(is_smtputf8), envelope_id, header_message_id, subject
        ),
        reverse_path=reverse_path,
        size=size,
        dsn_return=dsn_return,
        locator=locator,
        added_fields=added_fields,
        listener=listener,
        recipients=tuple(_recipient(due.kind, row[2:]) for row in found if row[5] in TOLD_OF[due.kind]),
        is_refused_for_form=all(map(_is_refused_for_form, found)),
        notices=tuple(row[0] for row in found),
        recipient_ids=tuple(row[1] for row in found),
        traceparent=traceparent,
    )


def read_start(reader: Reader, case: Case, octets: int) -> bytes | None:
    """
    The first *octets* of a message whose content is inline; None if it was removed or lies elsewhere.

    Raises:
        QueueBusy, StorageFailure: the queue cannot be read.
    """
    if case.locator != INLINE:
        return None
    start: bytes | None = reader.value("reports.content_start", {"message_id": case.due.message_id, "limit": octets})
    return None if start is None else (case.added_fields + start)[:octets]


def read_file_start(spool: Path, case: Case, octets: int) -> bytes:
    """
    The first *octets* of a message whose content is spooled; blocks on the disk.

    Raises:
        StorageFailure: the file is not there or cannot be read.
    """
    try:
        with open_content(spool, str(case.locator)) as file:
            start = case.added_fields[:octets]
            while len(start) < octets and (piece := file.read(octets - len(start))):
                start += piece
            return start
    except OSError as exc:
        raise StorageFailure(f"{case.locator}: {exc.strerror}") from exc


class CloseNotices(Write):
    """
    Meet the notices of a case, with the report that tells of them, or without one.

    Without a *report* no message is sent; *is_discarded* then records that in the audit. `is_stale` tells after the
    commit that some notice was no longer open, and nothing was written.
    """

    def __init__(self, case: Case, report: Accept | None, *, now: float, is_discarded: bool = False) -> None:
        super().__init__()
        self.rows = 2 * len(case.notices)
        self.octets = report.octets if report is not None else 0
        self.is_stale = False
        self._case = case
        self._report = report
        self._is_discarded = is_discarded
        self._keys = {
            "notices": case.notices,
            "count": len(case.notices),
            "message_id": case.due.message_id,
            "now": now,
        }

    def run(self, session: Session) -> None:
        case = self._case
        # The notices go first, and only all together: of two reporters the second finds none, and inserts no report.
        self.is_stale = session.run("reports.meet_notices", self._keys) < len(case.notices)
        if self.is_stale:
            return
        report_id = None if self._report is None else str(self._report.message.queue_id)
        session.run("events.report", {**self._keys, "report_id": report_id})
        session.run("reports.close_notices", self._keys)
        if self._report is not None:
            self._report.run(session)
        if case.due.kind is ReportKind.DELAY:
            session.run("reports.mark_delay_reported", self._keys)
        elif case.due.kind is ReportKind.SUCCESS:
            session.at_end(forget_contents, case.due.message_id)
        if self._is_discarded:
            session.run_each(
                "reports.record_discarded",
                ({"recipient_id": number, "kind": case.due.kind} for number in case.recipient_ids),
            )

    def after_commit(self, session: Session) -> None:
        if self._report is not None and not self.is_stale:
            self._report.after_commit(session)


class CloseInDigest(Write):
    """
    Meet the notices of all *cases* with one digest that tells of them.

    `is_stale` tells after the commit that none of them was still open, and nothing was written.
    """

    def __init__(self, cases: Sequence[Case], digest: Accept, *, now: float) -> None:
        super().__init__()
        self._closes = [CloseNotices(case, None, now=now) for case in cases]
        self._digest = digest
        self.rows = sum(close.rows for close in self._closes)
        self.octets = digest.octets
        self.is_stale = False

    def run(self, session: Session) -> None:
        for close in self._closes:
            close.run(session)
        self.is_stale = all(close.is_stale for close in self._closes)
        if not self.is_stale:
            self._digest.run(session)

    def after_commit(self, session: Session) -> None:
        if not self.is_stale:
            self._digest.after_commit(session)


def _is_refused_for_form(row: tuple[Any, ...]) -> bool:
    status, reason, stage, enhanced = row[5], row[6], row[11], row[13]
    return status == RecipientStatus.BOUNCED and reason is None and is_refusal_of_form(stage, enhanced)


def _recipient(kind: ReportKind, row: tuple[Any, ...]) -> ReportedRecipient:
    address, original, original_recipient, status, reason, expires_at, action, *attempt = row
    ended_at, host, stage, code, enhanced, text = attempt
    last = None
    if ended_at is not None:
        reached = None if stage in _WITHOUT_HOST else host
        is_from_host = code is not None and reached is not None
        last = LastAttempt(Timestamp(ended_at), enhanced, text, reached, is_from_host)
    return ReportedRecipient(
        address=address,
        action=action_of(kind, action),
        original=original,
        original_recipient=original_recipient,
        is_expired=status == RecipientStatus.EXPIRED,
        reason=reason if kind is ReportKind.FAILURE else None,
        last_attempt=last,
        retry_until=Timestamp(expires_at) if kind is ReportKind.DELAY else None,
    )
