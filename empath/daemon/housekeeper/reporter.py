"""
reporter - the duty that reports failures and delays to senders

A round looks at the open notices and makes the reports that are due, one after another: read, compose, commit.  The
commit decides: if two reporters make the same report, or one dies and its successor makes it again, only one of the two
reports gets into the queue.
"""

import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from empath.config.report_templates import read_report_templates
from empath.daemon.housekeeper.own_mail import OwnMail
from empath.daemon.process.runtime import Runtime
from empath.daemon.process.threads import in_thread
from empath.errors import EmpathError, StorageFailure
from empath.mail.address import Address, ReversePath
from empath.mail.envelope import Recipient
from empath.mail.identity import QueueId, Timestamp
from empath.message.fields import Fields
from empath.message.header import header_section
from empath.message.report.compose import MAX_RETURNED_OCTETS, START_OCTETS, compose, headers_only, returns_whole
from empath.message.report.digest import DigestEntry, compose_digest
from empath.message.report.facts import Original, Report, ReportedRecipient, ReportKind
from empath.message.report.language import wanted_languages
from empath.net.wakeup import wake
from empath.policy.bounce import Addressee, double_bounce_address, find_addressee
from empath.storage.engine import Reader
from empath.storage.queue.accept import INLINE, Accept, NewMessage
from empath.storage.queue.reports import (
    Case,
    CloseInDigest,
    CloseNotices,
    DueReport,
    due_reports,
    read_case,
    read_file_start,
    read_start,
)
from empath.telemetry.occurrences.housekeeper import (
    DigestQueued,
    ReportDiscarded,
    ReportFailed,
    ReportQueued,
    ReportShortened,
    ReportTemplateUnusable,
    ReportWithoutContent,
)

if TYPE_CHECKING:  # only what is configured is imported
    from empath.daemon.housekeeper.report_trace import ReportTrace
    from empath.daemon.process.tracing import Tracing

_LISTENER = "report"  # in place of the listener that other messages name


class DigestQueue:
    """
    Messages that wait for the next digest, by their numbers in the queue.

    `unnamed` counts the messages that did not fit. A new housekeeper begins with an empty queue, and finds the notices
    again.
    """

    def __init__(self) -> None:
        self.unnamed = 0
        self._waiting: dict[int, None] = {}
        self._since: float | None = None

    def __contains__(self, message_id: int) -> bool:
        return message_id in self._waiting

    def add(self, message_id: int, limit: int) -> bool:
        """Let a message wait; False if *limit* wait already."""
        if len(self._waiting) >= limit:
            return False
        self._waiting[message_id] = None
        return True

    def is_due(self, now: float, period_s: float) -> bool:
        """Whether the period is over at *now*, in monotonic seconds. It begins when a look finds the first message."""
        if not self._waiting:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        return now >= self._since + period_s

    def take(self) -> list[int]:
        """Take all messages; the next period begins."""
        taken = list(self._waiting)
        self._waiting.clear()
        self._since = None
        return taken


class Reporter:
    """Makes the reports that are due."""

    def __init__(self, runtime: Runtime, reader: Reader, *, clock: Callable[[], float] = time.monotonic) -> None:
        """*reader* reads the queue, in the hub; *clock* gives monotonic seconds."""
        self._runtime = runtime
        self._reader = reader
        self._clock = clock
        self._digest = DigestQueue()
        self._templates, faults = read_report_templates(runtime.config.reports.templates)
        for fault in faults:
            runtime.emit(ReportTemplateUnusable(error=fault))
        self._mail = OwnMail(runtime, reader)

    def report(self) -> None:
        """
        Make the reports that are due.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read.
        """
        for due in due_reports(self._reader, time.time()):
            if self._runtime.draining.is_set():
                return
            case = None if due.message_id in self._digest else read_case(self._reader, due)
            if case is None:
                continue
            try:
                self._close(case)
            except EmpathError as exc:  # the next report may succeed; this one stays due
                self._runtime.emit(ReportFailed(queue_id=case.message.queue_id, error=str(exc)))
        if self._digest.is_due(self._clock(), self._runtime.config.reports.digest_period_s):
            self._send_digest()

    def _close(self, case: Case) -> None:
        now = self._runtime.now()
        if case.listener == _LISTENER and case.is_refused_for_form and case.recipients and self._shorten(case, now):
            return
        addressee = find_addressee(case.reverse_path, self._runtime.config.hostname)
        if addressee is None or not case.recipients:
            self._close_without_report(case, now)
            return
        queue_id = QueueId.make(now, os.urandom(10))
        trace = None if self._runtime.tracing is None else _trace(self._runtime.tracing, case, queue_id)
        message = self._compose(case, addressee, now, queue_id, None if trace is None else trace.traceparent)
        work = self._runtime.writer.commit(CloseNotices(case, Accept(message), now=now))
        if work.is_stale:
            return
        wake(self._runtime.child.wake_fds)
        if trace is not None:
            trace.queued(message)
        self._runtime.emit(
            ReportQueued(
                queue_id=case.message.queue_id,
                report=str(message.queue_id),
                kind=case.due.kind,
                recipients=len(case.recipients),
                to=str(addressee.to),
            )
        )

    def _close_without_report(self, case: Case, now: Timestamp) -> None:
        # A failure always leaves a trace. A delay that is over, or of mail without a sender, needs no report.
        is_failure = case.due.kind is ReportKind.FAILURE and bool(case.recipients)
        # The failure of a digest goes into no digest.
        reports = self._runtime.config.reports
        if is_failure and not case.reverse_path and reports.without_sender == "digest":
            if self._digest.add(case.due.message_id, reports.digest_messages):
                return
            self._digest.unnamed += 1
        work = self._runtime.writer.commit(CloseNotices(case, None, now=now, is_discarded=is_failure))
        if is_failure and not work.is_stale:
            self._runtime.emit(
                ReportDiscarded(
                    queue_id=case.message.queue_id,
                    sender=case.reverse_path,
                    recipients=len(case.recipients),
                )
            )

    def _shorten(self, case: Case, now: Timestamp) -> bool:
        """Queue the report that failed again in a shorter form; False if there is none."""
        whole = read_start(self._reader, case, case.size)
        content = None if whole is None else headers_only(whole)
        if content is None:
            return False
        to = dict.fromkeys(Address.parse(recipient.address) for recipient in case.recipients)
        message = self._message(
            QueueId.make(now, os.urandom(10)),
            tuple(map(Recipient, to)),
            ReversePath.parse(case.reverse_path),
            content,
            is_smtputf8=case.message.is_smtputf8,
        )
        work = self._runtime.writer.commit(CloseNotices(case, Accept(message), now=now))
        if not work.is_stale:
            wake(self._runtime.child.wake_fds)
            self._runtime.emit(
                ReportShortened(
                    queue_id=case.message.queue_id, report=str(message.queue_id), to=", ".join(map(str, to))[:1000]
                )
            )
        return True

    def _send_digest(self) -> None:
        config, now = self._runtime.config, self._runtime.now()
        taken = self._digest.take()
        found = (read_case(self._reader, DueReport(number, ReportKind.FAILURE)) for number in taken)
        cases = [case for case in found if case is not None and case.recipients]
        if not cases:
            return
        queue_id = QueueId.make(now, os.urandom(10))
        content = compose_digest(
            [
                DigestEntry(
                    case.message.queue_id,
                    case.message.received_at,
                    case.recipients[0].address,
                    _why(case.recipients[0]),
                )
                for case in cases
            ],
            self._digest.unnamed,
            hostname=str(config.hostname),
            to=str(config.postmaster),
            queue_id=str(queue_id),
            at=now,
        )
        sender = ReversePath(double_bounce_address(config.hostname))
        message = self._message(queue_id, self._mail.recipients_for(config.postmaster), sender, content)
        if self._runtime.writer.commit(CloseInDigest(cases, Accept(message), now=now)).is_stale:
            return
        wake(self._runtime.child.wake_fds)
        self._runtime.emit(
            DigestQueued(
                report=str(queue_id), messages=len(cases), unnamed=self._digest.unnamed, to=str(config.postmaster)
            )
        )
        self._digest.unnamed = 0

    def _compose(
        self, case: Case, addressee: Addressee, now: Timestamp, queue_id: QueueId, traceparent: str | None
    ) -> NewMessage:
        original = self._original(case)
        header = b"" if original is None else header_section(original.octets, START_OCTETS)
        template = self._templates.find(case.due.kind, wanted_languages(Fields.of(header)))
        report = Report(
            kind=case.due.kind,
            message=case.message,
            recipients=case.recipients,
            original=original,
            hostname=str(self._runtime.config.hostname),
            to=str(addressee.to),
            queue_id=str(queue_id),
            at=now,
            boundary=os.urandom(16).hex(),
        )
        return self._message(
            queue_id,
            self._mail.recipients_for(addressee.to),
            addressee.reverse_path,
            compose(report, template),
            is_smtputf8=case.message.is_smtputf8,
            traceparent=traceparent,
        )

    def _message(
        self,
        queue_id: QueueId,
        recipients: tuple[Recipient, ...],
        reverse_path: ReversePath,
        content: bytes,
        *,
        is_smtputf8: bool = False,
        traceparent: str | None = None,
    ) -> NewMessage:
        return self._mail.message(
            queue_id,
            recipients,
            reverse_path,
            content,
            listener=_LISTENER,
            is_smtputf8=is_smtputf8,
            traceparent=traceparent,
        )

    def _original(self, case: Case) -> Original | None:
        """The part of the original that the report returns: all of it, or its header; None if the content is gone."""
        is_whole = returns_whole(case.due.kind, case.dsn_return, case.size)
        octets = MAX_RETURNED_OCTETS if is_whole else START_OCTETS
        start = read_start(self._reader, case, octets)
        if start is None and case.locator is not None and case.locator != INLINE:
            try:
                start = in_thread(read_file_start, self._runtime.config.queue.spool, case, octets)
            except StorageFailure as exc:  # the sender must get the report without it
                self._runtime.emit(ReportWithoutContent(queue_id=case.message.queue_id, error=str(exc)))
        return None if start is None else Original(start, is_whole)


def _trace(tracing: "Tracing", case: Case, queue_id: QueueId) -> "ReportTrace":
    from empath.daemon.housekeeper.report_trace import ReportTrace  # noqa: PLC0415 - only what is configured

    return ReportTrace(tracing, case, str(queue_id))


def _why(recipient: ReportedRecipient) -> str:
    if recipient.reason is not None or recipient.last_attempt is None:
        return recipient.reason or ""
    return recipient.last_attempt.reply
