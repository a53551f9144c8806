"""
redacted - an event without what a consumer is not to know of people
"""

from collections.abc import Mapping
from typing import Final

from empath.policy.events.form import Event
from empath.policy.redaction import Kind, Redaction

# Members that are no plain text; of all others, text may quote addresses.
MEMBERS: Final[Mapping[str, Kind]] = {
    "subject": Kind.SUBJECT,
    "client_address": Kind.CLIENT,
    "client_name": Kind.CLIENT,
    "original": Kind.ADDRESS,
    "message_id": Kind.PLAIN,
}


def redacted(event: Event, redaction: Redaction) -> Event:
    """*event* as *redaction* leaves it."""

    def address(value: str | None) -> str | None:
        return None if value is None else redaction.left(Kind.ADDRESS, value)

    return event._replace(
        sender=address(event.sender),
        recipient=address(event.recipient),
        account=address(event.account),
        detail=redaction.left_of(event.detail, MEMBERS),
    )
