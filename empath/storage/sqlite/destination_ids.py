"""
destination_ids - the numbers of destinations that a writer has seen

A number is never given twice, so a remembered one is right, or it is that of a destination that was removed: a trigger
refuses the recipient then.  After any roll-back, also one for that reason, nothing is remembered.  After a roll-back
another name may get the number of a destination that the transaction had inserted.
"""

from collections.abc import Callable
from typing import Protocol

from empath.storage.engine import Bindings, NewDestination


class _Session(Protocol):
    def value(self, name: str, bindings: Bindings = ()) -> int | None: ...
    def insert(self, name: str, bindings: Bindings = ()) -> int: ...


class DestinationIds:
    """
    Numbers by name. Used in the writer's thread only.

    A new destination begins as *begin_with* says for its name, or with *max_leases* slots where nothing knows more.
    """

    MAX_NAMES = 10_000

    def __init__(self, max_leases: int, begin_with: Callable[[str], NewDestination] | None = None) -> None:
        self.max_leases = max_leases
        self._begin_with = begin_with
        self.known: dict[str, int] = {}

    def __len__(self) -> int:
        """How many numbers are remembered."""
        return len(self.known)

    def find(self, session: _Session, name: str) -> int:
        """Number of *name*, which is not in `known`; a new destination is inserted."""
        number = session.value("accept.find_destination", {"name": name})
        if number is None:
            new = NewDestination(self.max_leases) if self._begin_with is None else self._begin_with(name)
            number = session.insert("accept.insert_destination", {"name": name, **new._asdict()})
        self.known[name] = number
        return number

    def keep(self) -> None:
        """The transaction was committed."""
        if len(self.known) > self.MAX_NAMES:
            self.known.clear()

    def forget(self) -> None:
        """The transaction, or a part of it, was rolled back."""
        self.known.clear()
