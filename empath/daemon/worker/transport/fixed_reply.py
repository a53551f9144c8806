"""fixed_reply - the transport without a host: every recipient gets the same reply"""

import time
from collections.abc import Iterator

from empath.daemon.worker.connection import Abandoned
from empath.daemon.worker.transport.carrier import Answer, DeliveryJob, HostAttempt
from empath.mail.fate import Attempt, Said
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.policy.attempt import outcome_of
from empath.policy.routing import Route, route_text

DISCARDED = Said(Stage.LOCAL, Reply.of("250 2.0.0 discarded"))
NO_ROUTE = Said(Stage.DNS, Reply.of("451 4.3.5 no route to this domain is configured"))


def not_configured(route: Route) -> Said:
    """The answer for mail whose route names a table that the configuration does not have (any more)."""
    return Said(Stage.LOCAL, Reply.of(f"451 4.3.5 {route_text(route)} is not configured"))


class FixedReplyCarrier:
    """Give every recipient the same answer."""

    is_failing = False
    waits_for_hosts = False
    exchangers: tuple[str, ...] = ()

    def __init__(self, said: Said, destination: str) -> None:
        self._said = said
        self._destination = destination

    def carry(self, job: DeliveryJob) -> Iterator[HostAttempt]:
        """See Carrier."""
        if not job.may_end():
            raise Abandoned("given up before the fate was written")
        said = self._said
        attempt = Attempt(self._destination, time.time(), duration_s=0.0)
        yield HostAttempt(attempt, [Answer(recipient, said, outcome_of(said)) for recipient in job.recipients])
