"""
event_choice - the keys that the tables of all consumers of events have in common
"""

from typing import ClassVar

from pydantic import field_validator

from empath.config.fields import Count, EventParty, EventType, Text
from empath.config.reading import problem, setting
from empath.config.tables.redaction_way import RedactionWay
from empath.config.tables.table import Table
from empath.policy.events.filter import EventFilter
from empath.policy.redaction import Redaction, Way

_MOST_AT_ONCE = 1_000


class Choice(Table):
    """Which events are sent: the keys that the tables of consumers have in common."""

    is_base: ClassVar = True  # its keys are among those of each table of its own, in docs/configuration.md, too

    types: tuple[EventType, ...] = setting([])
    """Types of events, such as "bounced"; see docs/events.md. Empty: all but "audited"."""

    senders: tuple[EventParty, ...] = setting([])
    """Addresses or domains of senders. Empty: all."""

    recipients: tuple[EventParty, ...] = setting([])
    """Addresses or domains of recipients. Empty: all."""

    accounts: tuple[Text, ...] = setting([])
    """Accounts by which clients logged in. Empty: all mail."""

    batch: Count = setting(100)
    """Most events that are sent at once."""

    addresses: RedactionWay = setting("keep")
    """What becomes of addresses, also in replies: "keep", "mask" (`j…@example.org`), "hmac" (digits that are the same
    for the same address, by a key in the queue, and the domain), or "drop"."""

    subjects: RedactionWay = setting("keep")
    """What becomes of Subject fields, as for `addresses`; "mask" keeps the first letter."""

    clients: RedactionWay = setting("keep")
    """What becomes of IP addresses and names of clients, as for `addresses`; "mask" keeps the network."""

    @field_validator("batch")
    @classmethod
    def _batch_fits_into_memory(cls, value: int) -> int:
        if value > _MOST_AT_ONCE:
            raise problem(f"must be at most {_MOST_AT_ONCE}, not {value}")
        return value

    @property
    def filter(self) -> EventFilter:
        """The filter that these settings make."""
        return EventFilter.of(self.types, self.senders, self.recipients, self.accounts)

    def redaction(self, key: bytes) -> Redaction:
        """What is left out of the events, with pseudonyms by *key*."""
        return Redaction(Way(self.addresses), Way(self.subjects), Way(self.clients), key)
