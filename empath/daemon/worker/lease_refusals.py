"""
lease_refusals - recipients that no host is asked about

Their address is suppressed, or a module refuses the attempt.  Each gets an answer as if a host had given it.
"""

import time
from typing import TYPE_CHECKING

from empath.config import Config
from empath.daemon.process.suppressions import Suppressions
from empath.daemon.worker.lease_ways import Way
from empath.daemon.worker.transport.carrier import Answer, HostAttempt
from empath.mail.fate import Attempt, Said
from empath.mail.outcome import Outcome, Stage
from empath.policy.attempt import outcome_of
from empath.policy.suppression import refusal
from empath.storage.queue.lease import LeasedMessage

if TYPE_CHECKING:  # only what is configured is imported
    from empath.daemon.worker.hooks import DeliveryHooks


class LeaseRefusals:
    """The refusals of one lease. The methods give the ways that are left, and add the answers to *refused*."""

    def __init__(self, config: Config, destination: str) -> None:
        self._config = config
        self._destination = destination

    def without_suppressed(self, suppressions: Suppressions, ways: list[Way], refused: list[HostAttempt]) -> list[Way]:
        """Leave out the recipients that get no more mail; they bounce."""
        found = suppressions.find([r.address for _, those in ways for r in those])
        if not found:
            return ways
        answers, left = [], []
        for route, those in ways:
            rest = []
            for recipient in those:
                row = found.get(recipient.address)
                if row is None or self._config.is_never_suppressed(recipient.address):
                    rest.append(recipient)
                else:
                    answers.append(Answer(recipient, Said(Stage.LOCAL, refusal(row)), Outcome.BOUNCED))
            if rest:
                left.append((route, rest))
        if answers:
            refused.append(self._unasked(answers))
        return left

    def unless_refused(
        self, hooks: "DeliveryHooks", message: LeasedMessage, ways: list[Way], refused: list[HostAttempt]
    ) -> list[Way]:
        """*ways*; none if a module refuses the attempt."""
        recipients = [recipient for _, those in ways for recipient in those]
        reply = hooks.refusal(message, recipients, self._destination) if recipients else None
        if reply is None:
            return ways
        said = Said(Stage.LOCAL, reply)
        refused.append(self._unasked([Answer(recipient, said, outcome_of(said)) for recipient in recipients]))
        return []

    def _unasked(self, answers: list[Answer]) -> HostAttempt:
        return HostAttempt(Attempt(self._destination, time.time(), duration_s=0.0), answers)
