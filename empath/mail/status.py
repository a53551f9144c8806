"""
status - the states of a recipient in the queue, and the moves between them

The schema holds the same table, `_recipient_transition`, and refuses every other move; a test keeps both equal.
"""

from enum import StrEnum
from typing import Final


class RecipientStatus(StrEnum):
    """Status of a recipient."""

    QUEUED = "queued"  # not tried yet
    DEFERRED = "deferred"  # tried, and to be tried again
    LEASED = "leased"  # assigned to a worker
    HELD = "held"  # waiting for a person
    DELIVERED = "delivered"
    BOUNCED = "bounced"  # refused for good
    EXPIRED = "expired"  # undeliverable within its lifetime
    CANCELLED = "cancelled"  # removed by a person


WAITING: Final = frozenset({RecipientStatus.QUEUED, RecipientStatus.DEFERRED})  # due at an instant
LIVE: Final = WAITING | {RecipientStatus.LEASED, RecipientStatus.HELD}
FINAL: Final = frozenset(RecipientStatus) - LIVE
FATES: Final = frozenset(  # what an attempt can lead to
    {RecipientStatus.DELIVERED, RecipientStatus.DEFERRED, RecipientStatus.BOUNCED, RecipientStatus.EXPIRED}
)

MOVES: Final = {  # every move that a recipient can make; `_recipient_transition` also says who may make it
    RecipientStatus.QUEUED: frozenset({RecipientStatus.LEASED, RecipientStatus.HELD})
    | (FINAL - {RecipientStatus.DELIVERED}),
    RecipientStatus.LEASED: frozenset(RecipientStatus) - {RecipientStatus.LEASED},
    RecipientStatus.DEFERRED: frozenset({RecipientStatus.QUEUED, RecipientStatus.LEASED, RecipientStatus.HELD})
    | (FINAL - {RecipientStatus.DELIVERED}),
    RecipientStatus.HELD: WAITING | (FINAL - {RecipientStatus.DELIVERED}),
    RecipientStatus.DELIVERED: frozenset[RecipientStatus](),
    RecipientStatus.BOUNCED: frozenset({RecipientStatus.QUEUED}),
    RecipientStatus.EXPIRED: frozenset[RecipientStatus](),
    RecipientStatus.CANCELLED: frozenset({RecipientStatus.QUEUED}),
}
