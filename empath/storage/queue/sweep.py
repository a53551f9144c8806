"""
sweep - rows that are forgotten when their time is over, and of too many those that go first

The greylist, the answers about recipients, the keys of messages and MTA-STS policies are such rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from empath.storage.engine import Reader, Session
from empath.storage.write import Write

SLICE: Final = 1_000  # rows removed by one Write


@dataclass(frozen=True, slots=True)
class Kept:
    """
    The statements of one kind of rows.

    Shape: expired gives keys of rows that are over, first_to_go those of rows that are too many, which only rows with a
    bound have; forget removes rows by their keys.
    """

    expired: str
    forget: str
    number_of_rows: str | None = None
    first_to_go: str | None = None


GREYLIST: Final = Kept("greylist.expired", "greylist.forget", "greylist.number_of_rows", "greylist.first_to_go")
VERIFICATIONS: Final = Kept(
    "verifications.expired", "verifications.forget", "verifications.number_of_rows", "verifications.first_to_go"
)
PLAN_RECIPIENTS: Final = Kept("plans.recipients_expired", "plans.forget_recipients")
PLANS: Final = Kept("plans.expired", "plans.forget")
STS_POLICIES: Final = Kept("sts_policies.expired", "sts_policies.forget")
DEDUP: Final = Kept("dedup.expired", "dedup.forget")
SUPPRESSIONS: Final = Kept(
    "suppression.expired", "suppression.forget", "suppression.number_of_rows", "suppression.first_to_go"
)


class ForgetRows(Write):
    """Remove rows by their *keys*."""

    def __init__(self, kept: Kept, keys: Sequence[object]) -> None:
        super().__init__()
        self.rows = len(keys)
        self._statement = kept.forget
        self._keys = {"keys": keys}

    def run(self, session: Session) -> None:
        session.run(self._statement, self._keys)


def outdated(reader: Reader, kept: Kept, now: float, *, most: int = 0) -> ForgetRows | None:
    """
    The Write that removes some rows that are over or, where they have a bound, more than *most*; None if there are
    none.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    found = reader.rows(kept.expired, {"now": now, "limit": SLICE})
    if not found and kept.number_of_rows is not None and kept.first_to_go is not None:
        surplus = int(reader.value(kept.number_of_rows)) - most
        found = reader.rows(kept.first_to_go, {"limit": min(surplus, SLICE)}) if surplus > 0 else []
    return ForgetRows(kept, [key for (key,) in found]) if found else None
