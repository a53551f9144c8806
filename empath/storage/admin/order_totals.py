"""order_totals - what an order did, in numbers: the same for empath-admin and for the API"""

from collections.abc import Sequence
from typing import Any

from empath.storage.admin.records import Change, Effect
from empath.storage.admin.steering import Steering


class OrderTotals:
    """How many recipients an order found, changed, and left an order for the end of their delivery with."""

    def __init__(self) -> None:
        self.matched = 0
        self.changed = 0
        self.ordered = 0

    def add(self, page: Sequence[Change]) -> None:
        """Count one page."""
        self.matched += len(page)
        self.changed += sum(change.effect is Effect.CHANGED for change in page)
        self.ordered += sum(change.effect is Effect.ORDERED for change in page)

    def record(self, steering: Steering, *, is_complete: bool) -> dict[str, Any]:
        """The end of the JSON of an order."""
        return {
            "matched": self.matched,
            "changed": self.changed,
            "ordered": self.ordered,
            "not_found": [str(reference) for reference in steering.not_found],
            "frozen_since": steering.frozen_since,
            "transactions": steering.transactions,
            "is_complete": is_complete,
        }
