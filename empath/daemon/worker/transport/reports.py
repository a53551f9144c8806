"""
reports - the transport that reads reports of other hosts about domains of ours, and keeps them as rows

A report is read in a thread, because a large one takes seconds; one after another, because it takes a hundred
megabytes, and others need the threads.  What cannot be read is logged and dropped: whoever sent it is a program, and a
report of failure would go to an address that anybody may have written.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Final

from gevent.lock import BoundedSemaphore

from empath.daemon.process.threads import in_thread
from empath.daemon.worker.connection import Abandoned
from empath.daemon.worker.transport.carrier import Answer, Body, DeliveryJob, HostAttempt
from empath.errors import EmpathError, SyntaxViolation, WriteRefused
from empath.mail.fate import Attempt, Said
from empath.mail.outcome import Stage
from empath.mail.printable import printable
from empath.mail.reply import Reply
from empath.message.aggregate.carried import MOST_MAIL_OCTETS, find_report, told_domain
from empath.message.aggregate.dmarc import DmarcReport
from empath.message.aggregate.dmarc_reading import read_xml
from empath.message.aggregate.tls import TlsReport, read_json
from empath.policy.attempt import outcome_of
from empath.storage.queue.received_reports import KeepDmarcReport, KeepTlsReport
from empath.storage.write import Write
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.worker import DomainReportReceived, DomainReportUnreadable

_KEPT: Final = Said(Stage.LOCAL, Reply.of("250 2.0.0 the report is read"))
_KNOWN: Final = Said(Stage.LOCAL, Reply.of("250 2.0.0 the report was here before"))
_UNREADABLE: Final = Said(Stage.LOCAL, Reply.of("250 2.0.0 there is no report that can be read"))


class ReportsCarrier:
    """Read the report in a message, once for all recipients."""

    is_failing = False
    waits_for_hosts = False
    exchangers: tuple[str, ...] = ()

    def __init__(
        self, destination: str, commit: Callable[[Write], object], emit: Emitter, turn: BoundedSemaphore
    ) -> None:
        """*turn* is had by who reads a report, in the whole process."""
        self._destination = destination
        self._turn = turn
        self._commit = commit
        self._emit = emit

    def carry(self, job: DeliveryJob) -> Iterator[HostAttempt]:
        """See Carrier."""
        started_at, began = time.time(), time.monotonic()
        said = self._read(job)
        attempt = Attempt(self._destination, started_at, time.monotonic() - began)
        yield HostAttempt(attempt, [Answer(recipient, said, outcome_of(said)) for recipient in job.recipients])

    def _read(self, job: DeliveryJob) -> Said:
        sender, queue_id = job.message.reverse_path, job.message.queue_id
        try:
            with self._turn:
                report = in_thread(partial(_report_in, job.body))
        except SyntaxViolation as exc:
            if not job.may_end():
                raise Abandoned("given up before the report was dropped") from exc
            return self._unreadable(job, exc)
        if not job.may_end():
            raise Abandoned("given up before the report was kept")
        now = time.time()
        work: KeepDmarcReport | KeepTlsReport
        if isinstance(report, DmarcReport):
            work = KeepDmarcReport(report, sender=sender, queue_id=queue_id, now=now)
            kind, domain, messages = "dmarc", report.domain, report.messages
        else:
            work = KeepTlsReport(report, sender=sender, queue_id=queue_id, now=now)
            kind, domain, messages = "tls", work.domain, report.sessions
        try:
            self._commit(work)
        except WriteRefused as exc:  # today and tomorrow
            return self._unreadable(job, exc)
        except EmpathError as exc:
            raise Abandoned(f"the report {queue_id} cannot be kept now: {exc}") from exc
        if work.is_known:
            return _KNOWN
        self._emit(
            DomainReportReceived(
                queue_id=queue_id, kind=kind, domain=domain, org_name=report.org_name, messages=messages
            )
        )
        return _KEPT

    def _unreadable(self, job: DeliveryJob, error: EmpathError) -> Said:
        sender, queue_id = job.message.reverse_path, job.message.queue_id
        self._emit(DomainReportUnreadable(queue_id=queue_id, sender=sender, error=printable(str(error))[:500]))
        return _UNREADABLE


def _report_in(body: Body) -> DmarcReport | TlsReport:
    if body.size > MOST_MAIL_OCTETS:
        raise SyntaxViolation(f"it has more than {MOST_MAIL_OCTETS} octets")
    octets = find_report(body.pieces())
    if not octets.startswith(b"{"):
        return read_xml(octets)
    report = read_json(octets)
    if all(each.domain for each in report.policies):
        return report
    # Postfix leaves it out where there was no policy.
    domain = told_domain(body.pieces())
    policies = tuple(each if each.domain else replace(each, domain=domain) for each in report.policies)
    return replace(report, policies=policies)
