"""fixed_reply - the transport that asks nobody: every recipient gets the same reply"""

import time
from collections.abc import Iterator

from empath.daemon.worker.transport.carrier import Answer, DeliveryJob
from empath.mail.fate import Attempt
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.policy.classify import classify
from empath.smtp.client.events import RecipientResult

DISCARDED = RecipientResult(Stage.LOCAL, Reply.of("250 2.0.0 discarded"))
NO_ROUTE = RecipientResult(Stage.DNS, Reply.of("451 4.3.5 no route to this domain is configured any more"))


class FixedReplyCarrier:
    """Answer for every recipient with *said*."""

    is_failing = False

    def __init__(self, said: RecipientResult, destination: str) -> None:
        self._said = said
        self._destination = destination

    def carry(self, job: DeliveryJob) -> Iterator[list[Answer]]:
        """See Carrier."""
        said = self._said
        attempt = Attempt(self._destination, time.time(), duration_s=0.0)
        outcome = classify(said.stage, said.reply, is_last_host=True)
        yield [Answer(recipient, attempt, said.stage, said.reply, outcome) for recipient in job.recipients]
