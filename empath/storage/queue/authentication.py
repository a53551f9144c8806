"""
authentication - the rows about mail that is treated more mildly where DMARC finds it to be false
"""

from empath.storage.engine import Selects


def overrides_in_force(reader: Selects, now: float) -> list[tuple[str, str]]:
    """
    Pattern and `at_most` of each row that holds at *now*.

    Raises:
        QueueBusy, StorageFailure: they cannot be read.
    """
    return [(str(pattern), str(at_most)) for pattern, at_most in reader.rows("authentication.overrides", {"now": now})]
