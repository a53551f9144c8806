"""lease_probe - whether a worker can take a lease, read without the write lock"""

from empath.storage.engine import Reader


class LeaseProbe:
    """Tells a worker whether taking the write lock is worth it. A call runs in the hub and costs a few index seeks."""

    def __init__(self, reader: Reader, *, process_id: int, workers: int) -> None:
        """*workers* as for TakeLeases."""
        self._reader = reader
        self._mine = {"process_id": process_id, "workers": workers}

    def close(self) -> None:
        """Close the reader."""
        self._reader.close()

    def news(self) -> int:
        """A number that changes when another connection, of any program, has committed."""
        return self._reader.news()

    def outlook(self, now: float, *, with_failing: bool, with_leased: bool, with_new: bool = True) -> tuple[bool, bool]:
        """
        Whether an operator stopped delivery, and whether a lease can be taken at *now*.

        *with_failing*: also of a failing destination; *with_leased*: also a further one of a destination; *with_new*:
        also of a destination that never had one.
        """
        wanted = {**self._mine, "has_lease": int(with_leased), "with_new": int(with_new), "now": now}
        [(is_frozen, has_healthy, has_failing)] = self._reader.rows("lease.outlook", wanted)
        return bool(is_frozen), bool(has_healthy or (with_failing and has_failing))

    def next_ready_at(self) -> float | None:
        """When a lease can next be taken; None: nothing waits."""
        at: float | None = self._reader.value("lease.next_ready_at")
        return at
