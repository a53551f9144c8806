"""
top - the queue at a glance, again and again

A Sight is one instant, read in one transaction from indexes, so that a deep queue may be looked at each second.  Rates
come from the rows that are new since the sight before.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from empath.storage.admin.pauses import frozen_since
from empath.storage.engine import Selects

_MINUTE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Busy:
    """A destination with mail that waits; the fields are as in the views destination and stuck."""

    destination: str
    waiting: int
    due: int
    leases: int
    lease_limit: int
    oldest_at: float | None
    blocked_by: str | None


@dataclass(frozen=True, slots=True)
class Running:
    """A process that has not ended: its leases, and the recipients in them."""

    slot: str
    pid: int
    beat_at: float
    leases: int
    recipients: int


@dataclass(frozen=True, slots=True)
class Sight:
    """
    The queue at the instant seen_at.

    Shape: refused counts the clients turned away in the last minute; attempt and message are the highest numbers;
    per_s has rates since the sight before, by outcome of an attempt, and `accepted`, empty in the first one.
    """

    seen_at: float
    frozen_since: str | None
    waiting: int
    due: int
    leased: int
    held: int
    oldest_at: float | None
    sessions: int
    refused: int
    attempt: int
    message: int
    destinations: list[Busy] = field(default_factory=list)
    processes: list[Running] = field(default_factory=list)
    per_s: Mapping[str, float] = field(default_factory=dict)


def look(selects: Selects, before: Sight | None, *, most: int) -> Sight:
    """
    The queue now, with *most* destinations.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    with selects.one_instant():
        now = time.time()
        keys = {"now": now, "limit": most, "minute_ago": now - _MINUTE_S}
        [totals] = selects.records("top.totals", keys)
        return Sight(
            seen_at=now,
            frozen_since=frozen_since(selects),
            **totals,
            destinations=[Busy(**row) for row in selects.records("top.destinations", keys)],
            processes=[Running(**row) for row in selects.records("top.workers")],
            per_s={} if before is None else _rates(selects, before, now),
        )


def _rates(selects: Selects, before: Sight, now: float) -> Mapping[str, float]:
    seconds = max(now - before.seen_at, 0.001)
    counts: dict[str, int] = dict(selects.rows("top.attempts_since", {"after": before.attempt}))
    counts["accepted"] = selects.value("top.messages_since", {"after": before.message})
    return {name: number / seconds for name, number in counts.items()}
