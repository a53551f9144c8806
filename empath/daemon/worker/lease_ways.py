"""
lease_ways - which recipients of a lease still belong to its destination, and which route they take

A message is routed again before it goes out, because the routes may have changed since it came.  Recipients whose mail
now waits elsewhere go back under their new destination.
"""

from typing import Final

from empath.daemon.process.rules import Rules
from empath.mail.domain import parse_stored
from empath.policy.router import ROUTE_KEY, SentBy
from empath.policy.routing import Route
from empath.storage.queue.lease import LeasedMessage, LeasedRecipient

Way = tuple[Route | None, list[LeasedRecipient]]  # a route, and the recipients that take it


_MOST_FOUND: Final = 10_000


class LeaseWays:
    """The ways of the messages of all leases of a worker, by the rules of now."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._router = rules.router
        self._found: dict[str, tuple[Route | None, str]] = {}  # route and destination, by domain

    def divide(self, message: LeasedMessage, here: str) -> tuple[list[Way], dict[int, str]]:
        """
        The recipients that still belong to the destination *here*, by their route, and the new ones of the others.

        Two routes with the same first hosts share a destination, though only one of them may have a backup.
        """
        ways: list[Way] = []
        moved: dict[int, str] = {}
        for recipient in message.recipients:
            route, destination = self._way_of(message, recipient)
            if destination != here:
                moved[recipient.recipient_id] = destination
                continue
            for known, those in ways:
                if known is route or known == route:
                    those.append(recipient)
                    break
            else:
                ways.append((route, [recipient]))
        return ways, moved

    def _way_of(self, message: LeasedMessage, recipient: LeasedRecipient) -> tuple[Route | None, str]:
        """The route and the destination of one recipient; worked out once for each domain, if nothing else counts."""
        domain, metadata = recipient.domain, message.metadata
        router = self._rules.router
        if router is not self._router:  # a row has changed
            self._router = router
            self._found.clear()
        way = None if ROUTE_KEY in metadata else self._found.get(domain)
        if way is None:
            sent_by = SentBy(message.reverse_path, message.account, metadata)
            decision = router.decide(recipient.address, parse_stored(domain), sent_by)
            way = decision.route, decision.destination(domain)
            if not router.depends_on(domain, metadata):
                if len(self._found) >= _MOST_FOUND:
                    self._found.clear()
                self._found[domain] = way
        return way
