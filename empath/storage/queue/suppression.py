"""
suppression - the rows of addresses that get no more mail
"""

from collections.abc import Sequence

from empath.policy.suppression import Suppressed
from empath.storage.engine import Selects


def is_any_suppressed(reader: Selects) -> bool:
    """
    Whether there is a row at all.

    Raises:
        QueueBusy, StorageFailure: it cannot be read.
    """
    return bool(reader.value("suppression.is_any"))


def find_suppressed(reader: Selects, keys: Sequence[str], now: float) -> list[Suppressed]:
    """
    The rows of *keys* that hold at *now*.

    Raises:
        QueueBusy, StorageFailure: they cannot be read.
    """
    return [Suppressed(*row) for row in reader.rows("suppression.find", {"keys": list(keys), "now": now})]
