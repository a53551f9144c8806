"""
destination_ids - the numbers of destinations that a writer has seen

A destination is never deleted, so a number that was committed stays true. A roll-back frees the number of a destination
that its transaction inserted, for another name: such a number is used until the transaction ends, and kept only if that
commits.
"""

from typing import Protocol

from empath.storage.engine import Bindings


class _Session(Protocol):
    def value(self, name: str, bindings: Bindings = ()) -> int | None: ...
    def insert(self, name: str, bindings: Bindings = ()) -> int: ...


class DestinationIds:
    """Numbers by name; new destinations get *max_leases* slots. Used in the writer's thread only."""

    MAX_NAMES = 10_000

    def __init__(self, max_leases: int) -> None:
        self.max_leases = max_leases
        self._committed: dict[str, int] = {}
        self._uncommitted: dict[str, int] = {}

    def __len__(self) -> int:
        """How many committed numbers are remembered."""
        return len(self._committed)

    def find(self, session: _Session, name: str) -> int:
        """Number of *name*; a name that is new is inserted."""
        number = self._committed.get(name) or self._uncommitted.get(name)
        if number is None:
            number = session.value("accept.find_destination", {"name": name})
            if number is None:
                number = session.insert("accept.insert_destination", {"name": name, "max_leases": self.max_leases})
            self._uncommitted[name] = number
        return number

    def keep(self) -> None:
        """The transaction was committed."""
        if self._uncommitted:
            if len(self._committed) + len(self._uncommitted) > self.MAX_NAMES:
                self._committed.clear()
            self._committed.update(self._uncommitted)
            self._uncommitted.clear()

    def forget(self) -> None:
        """The transaction, or a part of it, was rolled back."""
        self._uncommitted.clear()
