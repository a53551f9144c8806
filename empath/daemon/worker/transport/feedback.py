"""
feedback - the transport of reports about mail that went out: they are read, kept and dropped

A report comes to a sender by VERP, whose hash was checked at RCPT, or to the address for complaints.  It waits in the
queue as any mail, so that none is lost and no session waits while it is read.
"""

import time
from collections.abc import Callable, Iterator
from typing import Final

from empath.authentication.verp import SentTo, said_by
from empath.config import Config
from empath.daemon.process.hub_writer import HubWriter
from empath.daemon.process.threads import in_thread
from empath.daemon.worker.connection import Abandoned
from empath.daemon.worker.transport.carrier import Answer, DeliveryJob, HostAttempt
from empath.errors import EmpathError, SyntaxViolation
from empath.mail.address import Address
from empath.mail.fate import Attempt, Said
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.mail.status import RecipientStatus
from empath.message.report.received import Kind, ReceivedReport, Reported, read_report
from empath.policy.attempt import outcome_of
from empath.policy.recipients import folded
from empath.policy.replies.bounce_class import BounceClass
from empath.storage.queue.feedback import Entry, KeepFeedback
from empath.telemetry.occurrence import Emitter
from empath.telemetry.occurrences.worker import FeedbackHeard

_COMPLAINT: Final = "complaint"  # source of a row of suppression
_LEARNED: Final = "250 2.0.0 report kept"

Classify = Callable[[Attempt, Said], BounceClass]


class FeedbackCarrier:
    """Keeps what reports say, by the rules of suppression that there are."""

    is_failing = False
    waits_for_hosts = False
    exchangers: tuple[str, ...] = ()

    def __init__(self, config: Config, writer: HubWriter, emit: Emitter, classify: Classify, destination: str) -> None:
        self._config = config
        self._writer = writer
        self._emit = emit
        self._classify = classify
        self._destination = destination

    def carry(self, job: DeliveryJob) -> Iterator[HostAttempt]:
        """See Carrier."""
        started_at, began = time.time(), time.monotonic()
        report = in_thread(read_report, job.body.pieces())
        for recipient in job.recipients:
            if not job.may_end():
                raise Abandoned("given up before the report was kept")
            sent_to = self._sent_to(recipient.address)
            entries = self._entries(report, sent_to)
            keep = KeepFeedback(
                job.message.queue_id, entries, reporter=report.reporter, form=report.form, now=time.time()
            )
            try:
                self._writer.commit(keep)
            except EmpathError as exc:
                raise Abandoned(f"the report {job.message.queue_id} cannot be kept now: {exc}") from exc
            self._tell(job.message.queue_id, entries, keep)
            said = Said(Stage.LOCAL, Reply.of(_LEARNED))
            attempt = Attempt(self._destination, started_at, time.monotonic() - began)
            yield HostAttempt(attempt, [Answer(recipient, said, outcome_of(said))])

    def _sent_to(self, address: str) -> SentTo | None:
        """What a sender by VERP says; None for another address."""
        try:
            parsed = Address.parse(address)
        except SyntaxViolation:
            return None
        return said_by(parsed) if parsed.domain == self._config.verp.domain else None

    def _entries(self, report: ReceivedReport, sent_to: SentTo | None) -> list[Entry]:
        if sent_to is not None:
            address = str(sent_to.address)
            return [self._entry(report, _about(report, address), (sent_to.queue_id,), address, is_proven=True)]
        senders = [found for each in report.senders if (found := _said_by_text(each)) is not None]
        ids = tuple(dict.fromkeys([*(each.queue_id for each in senders), *report.queue_ids]))
        named = str(senders[0].address) if len(senders) == 1 else None
        return [self._entry(report, each, ids, each.recipient or named, is_proven=False) for each in report.reported]

    def _entry(
        self, report: ReceivedReport, reported: Reported, ids: tuple[str, ...], address: str | None, *, is_proven: bool
    ) -> Entry:
        reply, now = reported.reply, time.time()
        if reported.kind is Kind.COMPLAINT:
            words = f"complaint ({report.feedback_type}) by {report.reporter or 'a feedback loop'}"
            complained_until = now + self._config.feedback.complaint_lifetime_s
            return Entry(
                str(reported.kind), ids, address, is_proven, None, None, None, words, complained_until, _COMPLAINT
            )
        if reply is None or reported.kind not in (Kind.FAILURE, Kind.DELAY):
            return Entry(str(reported.kind), ids, address, is_proven, None, None, None, None)
        said = Said(Stage.END_OF_DATA, reply)
        bounce_class = self._classify(Attempt(self._destination, now, 0.0, report.reporter), said)
        until = None
        if reported.kind is Kind.FAILURE and self._config.suppression.classes:
            until = self._config.suppression.rules.until(RecipientStatus.BOUNCED, said, bounce_class, now)
        enhanced = None if reply.enhanced is None else str(reply.enhanced)
        return Entry(
            str(reported.kind), ids, address, is_proven, str(bounce_class), reply.code, enhanced, reply.escaped(), until
        )

    def _tell(self, report_id: str, entries: list[Entry], keep: KeepFeedback) -> None:
        by_address = {entry.address: entry for entry in entries}
        for outcome in keep.kept:
            entry = by_address.get(outcome.address) or entries[0]
            self._emit(
                FeedbackHeard(
                    queue_id=report_id,
                    kind=entry.kind,
                    about=outcome.queue_id,
                    recipient=outcome.address,
                    bounce_class=entry.bounce_class,
                    reply=entry.reply,
                    is_suppressed=outcome.is_suppressed,
                )
            )


def _about(report: ReceivedReport, address: str) -> Reported:
    """What a report says of *address*, which is known: a host may name another one, to which its user forwards."""
    here = folded(address)
    named = (each for each in report.reported if each.recipient is not None and folded(each.recipient) == here)
    failed = (each for each in report.reported if each.kind in (Kind.FAILURE, Kind.COMPLAINT))
    return next(named, None) or next(failed, None) or report.reported[0]


def _said_by_text(text: str) -> SentTo | None:
    try:
        return said_by(Address.parse(text))
    except SyntaxViolation:
        return None
