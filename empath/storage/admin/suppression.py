"""suppression - what a person does with the list of suppressed addresses"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from empath.errors import MissingInput
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Selects, Session
from empath.storage.write import Write

_PAGE: Final = 1_000  # rows that one read gives


@dataclass(frozen=True, slots=True)
class SuppressionRow:
    """One row. Shape: as the columns of the view `suppression`; instants in Unix seconds."""

    address: str
    source: str
    reason: str | None
    bounce_class: str | None
    created_at: float
    expires_at: float | None


@dataclass(frozen=True, slots=True)
class NewSuppression:
    """A row to add. Shape: address is folded, or `@domain`; expires_at in Unix seconds, None: never."""

    address: str
    reason: str | None = None
    bounce_class: str | None = None
    expires_at: float | None = None


class AddSuppressions(Write):
    """Add *rows*, in the name of *who*; an address that is suppressed already stays as it is. `added` counts others."""

    def __init__(self, rows: Sequence[NewSuppression], *, who: str) -> None:
        super().__init__()
        self.added = 0
        self._rows = rows
        self._who = who

    def run(self, session: Session) -> None:
        self.added = 0
        with acting(session, self._who):
            for row in self._rows:
                if session.value("suppression.source_of", {"address": row.address}) is None:
                    keys = {"address": row.address, "reason": row.reason}
                    session.run("suppression.add", keys | {"class": row.bounce_class, "expires_at": row.expires_at})
                    self.added += 1


class RemoveSuppressions(Write):
    """
    Let *addresses* get mail again, in the name of *who*, all or none.

    Raises:
        MissingInput: one is not suppressed.
    """

    def __init__(self, addresses: Sequence[str], *, who: str) -> None:
        super().__init__()
        self._addresses = addresses
        self._who = who

    def run(self, session: Session) -> None:
        with acting(session, self._who):
            for address in self._addresses:
                if session.value("suppression.source_of", {"address": address}) is None:
                    raise MissingInput(f"{address!r} is not suppressed; `empath-admin suppress list` shows what is")
                session.run("suppression.remove", {"address": address})


def suppression_page(visit: Selects, *, after: str, limit: int) -> list[SuppressionRow]:
    """Up to *limit* rows whose addresses come behind *after*."""
    keys = {"after": after, "address": None, "class": None, "limit": limit}
    return [SuppressionRow(**record) for record in visit.records("suppression.shown", keys)]


def suppressions(
    engine: Engine, *, address: str | None = None, of_class: str | None = None
) -> Iterator[SuppressionRow]:
    """
    The rows by address, of *address* and of *of_class* only where these are given.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    after = ""
    with engine.visiting(None) as visit:
        while True:
            keys = {"after": after, "address": address, "class": of_class, "limit": _PAGE}
            page = [SuppressionRow(**record) for record in visit.records("suppression.shown", keys)]
            yield from page
            if len(page) < _PAGE:
                return
            after = page[-1].address
