"""
fate - what an outcome makes of a recipient

A deferral after the end of the lifetime expires; one before it gets its next instant from the retry schedule.
"""

from collections.abc import Callable
from typing import Final, Protocol

from empath.mail.fate import Fate, Said
from empath.mail.identity import Timestamp
from empath.mail.outcome import Handover, Outcome
from empath.mail.status import RecipientStatus
from empath.message.report.facts import ReportKind
from empath.policy.bounce import wants_notice
from empath.policy.retry import RetrySchedule, is_expired

# What each message needs: Python finds a name of the module in a fifth of the time of a member of an enum.
_WAS_DELIVERED: Final = Outcome.DELIVERED
_DELIVERED: Final = RecipientStatus.DELIVERED


class Tried(Protocol):
    """What a fate depends on of its recipient. Shape: as storage/queue/lease.LeasedRecipient."""

    @property
    def recipient_id(self) -> int: ...
    @property
    def domain(self) -> str: ...
    @property
    def attempts(self) -> int: ...
    @property
    def expires_at(self) -> Timestamp: ...
    @property
    def notify(self) -> str | None: ...


def decide_fate(
    recipient: Tried,
    said: Said,
    outcome: Outcome,
    *,
    now: Timestamp,
    schedule_of: Callable[[str], RetrySchedule],
    uniform: float,
    report_at: Timestamp | None = None,
    retry_after_s: float | None = None,
    handover: Handover = Handover.FINAL,
) -> Fate:
    """
    The fate after an attempt that ended at *now* with *outcome*, which is not NEXT_HOST.

    *schedule_of* gives the retry schedule of the recipient's domain; *uniform* in 0..1 picks the place in its jitter.
    An attempt is made at the end of the lifetime, and at *report_at*, from which the client wants to hear of a delay:
    it decides what the report says. *retry_after_s* is how long the host wants to be left alone. *handover* counts
    where the mail was delivered.
    """
    if outcome is _WAS_DELIVERED:
        if recipient.notify is None:  # nearly all
            return Fate(recipient.recipient_id, _DELIVERED, said, None, False, handover)
        is_told = handover is not Handover.REPORTING and wants_notice(recipient.notify, ReportKind.SUCCESS)
        return Fate(recipient.recipient_id, _DELIVERED, said, None, is_told, handover)
    if outcome is Outcome.DEFERRED and not is_expired(now, recipient.expires_at):
        schedule = schedule_of(recipient.domain)
        next_retry_at = schedule.next_retry_at(now, recipient.attempts + 1, uniform)
        if retry_after_s is not None:
            next_retry_at = max(next_retry_at, Timestamp(now + retry_after_s))
        next_retry_at = min(next_retry_at, recipient.expires_at)
        if report_at is not None and now < report_at:
            next_retry_at = min(next_retry_at, report_at)
        return Fate(recipient.recipient_id, RecipientStatus.DEFERRED, said, next_retry_at)
    status = RecipientStatus.BOUNCED if outcome is Outcome.BOUNCED else RecipientStatus.EXPIRED
    return Fate(recipient.recipient_id, status, said, wants_notice=wants_notice(recipient.notify, ReportKind.FAILURE))
