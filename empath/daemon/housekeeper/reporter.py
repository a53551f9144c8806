"""
reporter - the duty that reports failures and delays to senders

A round looks at the open notices and makes the reports that are due, one after another: read, compose, commit.  The
commit decides: of two reporters, or of one that died and its successor, only one gets its report into the queue.
"""

import hashlib
import os
import time

from empath.daemon.process.runtime import Runtime
from empath.daemon.process.threads import in_thread
from empath.errors import EmpathError, StorageFailure
from empath.mail.envelope import BodyType, Envelope, Recipient
from empath.mail.identity import QueueId, Timestamp
from empath.message.report.compose import (
    MAX_RETURNED_OCTETS,
    START_OCTETS,
    Original,
    Report,
    ReportKind,
    compose,
    returns_whole,
)
from empath.net.wakeup import wake
from empath.policy.bounce import Addressee, find_addressee
from empath.storage.engine import Reader
from empath.storage.queue.accept import INLINE, Accept, NewMessage
from empath.storage.queue.reports import Case, CloseNotices, due_reports, read_case, read_file_start, read_start
from empath.telemetry.occurrences.housekeeper import ReportDiscarded, ReportFailed, ReportQueued, ReportWithoutContent

_LISTENER = "report"  # in place of the listener that other messages name


class Reporter:
    """Makes the reports that are due."""

    def __init__(self, runtime: Runtime, reader: Reader) -> None:
        """*reader* reads the queue, in the hub."""
        self._runtime = runtime
        self._reader = reader

    def report(self) -> None:
        """
        Make the reports that are due.

        Raises:
            QueueBusy, StorageFailure: the queue cannot be read.
        """
        for due in due_reports(self._reader, time.time()):
            if self._runtime.draining.is_set():
                return
            case = read_case(self._reader, due)
            if case is None:
                continue
            try:
                self._close(case)
            except EmpathError as exc:  # the next report may succeed; this one stays due
                self._runtime.emit(ReportFailed(queue_id=case.message.queue_id, error=str(exc)))

    def _close(self, case: Case) -> None:
        config, now = self._runtime.config, self._runtime.now()
        addressee = find_addressee(case.due.kind, case.reverse_path, config.hostname, config.postmaster)
        if addressee is None or not case.recipients:
            # A failure must leave a trace. A delay that is over, or that has no sender, needs none.
            is_discarded = case.due.kind is ReportKind.FAILURE and bool(case.recipients)
            work = self._runtime.writer.commit(CloseNotices(case, None, now=now, is_discarded=is_discarded))
            if is_discarded and not work.is_stale:
                self._runtime.emit(
                    ReportDiscarded(
                        queue_id=case.message.queue_id,
                        sender=case.reverse_path,
                        recipients=len(case.recipients),
                    )
                )
            return
        message = self._compose(case, addressee, now)
        work = self._runtime.writer.commit(CloseNotices(case, Accept(message), now=now))
        if work.is_stale:
            return
        wake(self._runtime.child.wake_fds)
        self._runtime.emit(
            ReportQueued(
                queue_id=case.message.queue_id,
                report=str(message.queue_id),
                kind=case.due.kind,
                recipients=len(case.recipients),
                to=str(addressee.to),
                is_double_bounce=addressee.is_postmaster,
            )
        )

    def _compose(self, case: Case, addressee: Addressee, now: Timestamp) -> NewMessage:
        config = self._runtime.config
        queue_id = QueueId.make(now, os.urandom(10))
        report = Report(
            kind=case.due.kind,
            message=case.message,
            recipients=case.recipients,
            original=self._original(case),
            hostname=str(config.hostname),
            to=str(addressee.to),
            queue_id=str(queue_id),
            at=now,
            boundary=os.urandom(16).hex(),
            is_for_postmaster=addressee.is_postmaster,
        )
        content = compose(report)
        has_8bit = not content.isascii()
        route = config.find_route(str(addressee.to), addressee.to.domain)
        domain = str(addressee.to.domain)
        return NewMessage(
            queue_id=queue_id,
            node=config.node.name,
            envelope=Envelope(
                reverse_path=addressee.reverse_path,
                recipients=(Recipient(addressee.to),),
                body_type=BodyType.EIGHT_BIT_MIME if has_8bit else BodyType.SEVEN_BIT,
                is_smtputf8=case.message.is_smtputf8 or not addressee.to.is_ascii,
            ),
            # Without a route the report waits under its domain until it expires; then the postmaster gets a report.
            destinations=(route.destination(domain) if route is not None else domain,),
            content=content,
            locator=INLINE,
            size=len(content),
            digest=hashlib.sha256(content).hexdigest(),
            has_8bit=has_8bit,
            received_at=now,
            expires_at=Timestamp(now + config.retry.bounce_lifetime_s),
            listener=_LISTENER,
            client_address="",
            client_name=str(config.hostname),
            header_message_id=f"<{queue_id}@{config.hostname}>",
            subject=None,
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
