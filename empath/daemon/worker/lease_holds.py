"""lease_holds - the recipients of a lease that rules of the view hold_rule are about"""

from collections.abc import Sequence

from empath.daemon.worker.lease_ways import Way
from empath.policy.hold_rules import Held, HoldBook, HoldRule
from empath.storage.queue.lease import LeasedMessage


def held_by_rules(book: HoldBook, destination: str, message: LeasedMessage, ways: Sequence[Way]) -> dict[int, HoldRule]:
    """The rule that holds each recipient of *ways*, by its number; those without one are left out."""
    found = {}
    for _, those in ways:
        for recipient in those:
            mail = Held(
                message.reverse_path, recipient.address, recipient.domain, destination, message.account,
                message.client_address,
            )  # fmt: skip
            rule = book.find(mail)
            if rule is not None:
                found[recipient.recipient_id] = rule
    return found
