"""
destination_ids - the numbers of destinations that a process has seen

A destination stays, so a number that is known is right. New destinations are inserted before the transaction that
needs them, sorted by name, and committed at once: two transactions that waited for each other's new names would be a
deadlock.
"""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from empath.storage.engine import Bindings, NewDestination, Row


class _Session(Protocol):
    def rows(self, name: str, bindings: Bindings = ()) -> list[Row]: ...
    def run(self, name: str, bindings: Bindings = ()) -> int: ...
    def value(self, name: str, bindings: Bindings = ()) -> Any: ...
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

    def learn(self, session: _Session, names: Iterable[str]) -> None:
        """Know the numbers of *names*; outside a transaction."""
        if len(self.known) > self.MAX_NAMES:
            self.known.clear()
        missing = sorted({name for name in names if name not in self.known})
        if not missing:
            return
        self.known.update(session.rows("accept.find_destinations", {"names": missing}))
        missing = [name for name in missing if name not in self.known]
        if missing:
            begins = [self._begin(name) for name in missing]
            columns = {key: [getattr(begin, key) for begin in begins] for key in NewDestination._fields}
            session.run("accept.insert_destinations", {"name": missing, **columns})
            self.known.update(session.rows("accept.find_destinations", {"names": missing}))

    def find(self, session: _Session, name: str) -> int:
        """Number of *name* inside a transaction, which may be rolled back: it is not remembered."""
        number = session.value("accept.find_destination", {"name": name})
        if number is None:
            number = session.insert("accept.insert_destination", {"name": name, **self._begin(name)._asdict()})
        return int(number)

    def _begin(self, name: str) -> NewDestination:
        return NewDestination(self.max_leases) if self._begin_with is None else self._begin_with(name)
