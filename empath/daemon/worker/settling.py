"""
settling - from replies of hosts to fates, log lines and writes

Each host that was asked gives one Settle, in the order of asking.  It holds the fates that the host decided, and as
evidence the replies to recipients that another host decided.
"""

import random
from typing import Any, Final

from empath.daemon.process.runtime import Runtime
from empath.daemon.worker.reply_rules import ReplyRules
from empath.daemon.worker.transport.carrier import Answer, HostAttempt
from empath.mail.fate import Attempt, Fate, Passed
from empath.mail.identity import Timestamp
from empath.mail.outcome import Outcome, Stage
from empath.mail.status import RecipientStatus
from empath.message.report.facts import ReportKind
from empath.policy.bounce import is_delayed, wants_notice
from empath.policy.fate import decide_fate
from empath.policy.replies.shaping import Action
from empath.policy.retry import RetrySchedule
from empath.policy.soft_bounce import soft_outcome
from empath.storage.queue.lease import Lease, LeasedMessage, LeasedRecipient
from empath.storage.queue.reply_rules import Shape
from empath.storage.queue.settle import Settle
from empath.storage.write import Write
from empath.telemetry.occurrences.worker import (
    Bounced,
    Deferred,
    Delivered,
    DeliveryInDoubt,
    Expired,
    HostFailed,
    LoginRefused,
    Shaped,
    Suppressed,
)

# What each message needs: Python finds a name of the module in a fifth of the time of a member of an enum.
_NEXT_HOST: Final = Outcome.NEXT_HOST
_DELIVERED: Final = RecipientStatus.DELIVERED
_FAILURE_OF: Final = {
    RecipientStatus.DEFERRED: Deferred,
    RecipientStatus.BOUNCED: Bounced,
    RecipientStatus.EXPIRED: Expired,
}


def with_fate(tried: list[HostAttempt]) -> set[int]:
    """The recipients that have an outcome which no further host can change."""
    return {
        answer.recipient.recipient_id
        for host_attempt in tried
        for answer in host_attempt.answers
        if answer.outcome is not Outcome.NEXT_HOST
    }


class Settling:
    """Settles the messages of one lease."""

    def __init__(self, runtime: Runtime, lease: Lease, reply_rules: ReplyRules) -> None:
        self._runtime = runtime
        self._lease = lease
        self._reply_rules = reply_rules
        self._is_soft = runtime.config.delivery.soft_bounce
        self._warning_s = runtime.config.retry.delay_warning_s
        self._clears_delay = runtime.config.reports.delay_cleared
        self._effects: dict[str, Shape] = {}  # of the message, by rule and source
        self.exchangers: tuple[str, ...] = ()  # MX hosts of the destination, where they are known

    def settle(self, message: LeasedMessage, tried: list[HostAttempt]) -> list[Write]:
        """
        Decide the fates of a message's recipients, log them, and give the writes that record them, and what replies
        lead to for the destination.
        """
        now = self._runtime.now()
        report_at, is_soft, clears_delay = message.delay_report_at, self._is_soft, self._clears_delay
        fated = with_fate(tried) if len(tried) > 1 else ()  # what one host said to all is either a fate or no attempt
        settles: list[Write] = []
        for host_attempt in tried:
            fates, passed = [], []
            is_deferred = is_delivered = False
            for answer in host_attempt.answers:
                recipient, said = answer.recipient, answer.said
                if answer.outcome is not _NEXT_HOST:
                    fate = decide_fate(
                        recipient,
                        said,
                        soft_outcome(answer.outcome) if is_soft else answer.outcome,
                        now=now,
                        schedule_of=self.schedule_of,
                        uniform=random.random(),
                        report_at=report_at,
                        retry_after_s=answer.retry_after_s,
                        handover=host_attempt.handover,
                    )
                    if fate.status is _DELIVERED:
                        is_delivered = True
                    else:
                        fate = self._classified(fate, host_attempt.attempt, recipient, now)
                        is_deferred = is_deferred or fate.status is RecipientStatus.DEFERRED
                    fates.append(fate)
                    self._log_fate(message, host_attempt.attempt, answer, fate, now)
                # Without a fate no attempt was made: what hosts said is left to the log.
                elif recipient.recipient_id in fated:
                    bounce_class = self._reply_rules.class_of(host_attempt.attempt, said)
                    passed.append(Passed(recipient.recipient_id, said, bounce_class))
            if fates or passed:
                # Mail that is delivered at once does not ask how late it is.
                is_late = (is_deferred or (clears_delay and is_delivered)) and is_delayed(
                    now, message.received_at, self._warning_s, message.reverse_path, report_at
                )
                settle = Settle(
                    process_id=self._runtime.process_id,
                    lease_id=self._lease.lease_id,
                    message_id=message.message_id,
                    now=now,
                    attempt=host_attempt.attempt,
                    fates=tuple(fates),
                    passed=tuple(passed),
                    is_delayed=is_deferred and is_late,
                    clears_delay=clears_delay and is_delivered and is_late,
                )
                settles.append(settle)
        if self._effects:
            settles += self._effects.values()
            self._effects = {}
        return settles

    def schedule_of(self, domain: str | None) -> RetrySchedule:
        """The schedule of retries for recipients in *domain*; None: of the destination, whatever the domain."""
        usual = self._runtime.config.retry.schedule
        return self._runtime.rules.book.retries_of(usual, self._lease.destination, domain, self.exchangers)

    def log_host(self, message: LeasedMessage, attempt: Attempt, answers: list[Answer]) -> None:
        """Log what a host did that did not deliver: a doubt, and every recipient that goes on to the next host."""
        doubtful = [answer for answer in answers if answer.is_in_doubt]
        if doubtful:
            self._runtime.emit(
                DeliveryInDoubt(
                    queue_id=message.queue_id,
                    recipients=len(doubtful),
                    destination=self._lease.destination,
                    host=attempt.peer_address,
                    reply=doubtful[0].said.reply.escaped(),
                )
            )
        refused = next((answer.said.reply for answer in answers if answer.said.stage is Stage.AUTH), None)
        if refused is not None:
            self._runtime.emit(
                LoginRefused(
                    queue_id=message.queue_id,
                    destination=self._lease.destination,
                    host=attempt.host,
                    reply=refused.escaped(),
                )
            )
        for answer in answers:
            if answer.outcome is Outcome.NEXT_HOST:
                self._runtime.emit(
                    HostFailed(
                        queue_id=message.queue_id,
                        recipient=answer.recipient.address,
                        destination=self._lease.destination,
                        host=attempt.host,
                        stage=answer.said.stage.value,
                        reply=answer.said.reply.escaped(),
                        duration_s=round(attempt.duration_s, 4),
                        bounce_class=self._reply_rules.class_of(attempt, answer.said),
                    )
                )

    def _classified(self, fate: Fate, attempt: Attempt, recipient: LeasedRecipient, now: Timestamp) -> Fate:
        """A failure with its class, and with what follows from that for the destination and the address."""
        bounce_class = self._reply_rules.class_of(attempt, fate.said)
        effect = self._reply_rules.effect_of(attempt, fate.said, bounce_class)
        if effect is not None and effect.action is not Action.BOUNCE:
            reply = fate.said.reply.escaped()
            source = attempt.source
            company = self._company(source) if source is not None and effect.action is Action.REST else ()
            shape = Shape(self._lease.destination, effect, now=now, reply=reply, source=source, company=company)
            self._effects.setdefault(f"{effect.rule} {shape.source}", shape)
        elif effect is not None and self._may_bounce(fate):
            self._runtime.emit(
                Shaped(
                    destination=self._lease.destination,
                    rule=effect.rule,
                    action=str(effect.action),
                    source=None,
                    until=None,
                    reply=fate.said.reply.escaped(),
                )
            )
            wants = wants_notice(recipient.notify, ReportKind.FAILURE)
            fate = fate._replace(status=RecipientStatus.BOUNCED, next_retry_at=None, wants_notice=wants)
        suppression = self._runtime.config.suppression
        until = suppression.rules.until(fate.status, fate.said, bounce_class, now) if suppression.classes else None
        return fate._replace(bounce_class=bounce_class, suppressed_until=until)

    def _company(self, source: str) -> list[tuple[str, ...]]:
        """The other addresses of each pool that *source* is in."""
        found = (pool.company(source) for pool in self._runtime.config.source_pools.values())
        return [others for others in found if others is not None]

    def _may_bounce(self, fate: Fate) -> bool:
        """Whether a rule may end a recipient: a host has put it off, and nothing keeps all mail from bouncing."""
        is_put_off = fate.status is RecipientStatus.DEFERRED and fate.said.reply.is_from_host
        return is_put_off and not self._runtime.config.delivery.soft_bounce

    def _log_fate(self, message: LeasedMessage, attempt: Attempt, answer: Answer, fate: Fate, now: Timestamp) -> None:
        tls = attempt.tls
        fields: dict[str, Any] = {
            "queue_id": message.queue_id,
            "recipient": answer.recipient.address,
            "destination": self._lease.destination,
            "host": attempt.peer_address,
            "attempt": answer.recipient.attempts + 1,
            "stage": str(answer.said.stage),
            "reply": answer.said.reply.escaped(),
            "tls_version": None if tls is None else tls.version,
            "tls_failure": None if tls is None else tls.failure,
            "source": attempt.source,
            "next_retry_at": None if fate.next_retry_at is None else Timestamp(fate.next_retry_at).iso8601(),
            "duration_s": round(attempt.duration_s, 4),
        }
        if fate.bounce_class is None:
            fields["age_s"] = round(now - message.received_at, 3)
            self._runtime.emit(Delivered(**fields))
        else:
            fields["bounce_class"] = fate.bounce_class
            self._runtime.emit(_FAILURE_OF[fate.status](**fields))
        if fate.suppressed_until is not None:
            until = Timestamp(fate.suppressed_until).iso8601()
            address = answer.recipient.address
            self._runtime.emit(Suppressed(recipient=address, bounce_class=str(fate.bounce_class), until=until))
