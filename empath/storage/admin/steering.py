"""
steering - carry an order out on all recipients of a selection

THEORY
    An order goes through its recipients by number, page by page. A page is found without the write lock and written in
    a transaction of its own. That transaction checks the conditions again, because a recipient may have moved
    meanwhile. A page is as large as can be written in a twentieth of a second, so that clients do not wait for their
    250. A committed page stays if a later one fails. A rehearsal does the same inside one snapshot, and says what would
    happen.
"""

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Final, Self

from empath.policy.authorship import statement_of
from empath.storage.admin import selection as select
from empath.storage.admin.orders import TARGETS, Order, Verb
from empath.storage.admin.pauses import frozen_since
from empath.storage.admin.records import Change, Effect, Reference, State
from empath.storage.admin.selection import Selection
from empath.storage.engine import Engine, PublicView, Row, Session

_ROWS: Final = 500  # size of the first page, and of one of recipients that are named
_LEAST_ROWS: Final = 50
_MOST_ROWS: Final = 5_000
_LONG_S: Final = 0.05  # time of a page above which the next one has half the rows
_SHORT_S: Final = 0.02  # time of a page below which the next one has twice the rows


class Steering:
    """
    *order* for all of *selection* in the queue of *engine*, to be used in a `with`.

    *deadline_s* bounds each wait for the write lock; None is a rehearsal, which takes no lock and changes nothing.
    `not_found` has the references that name no row. If `frozen_since` is set, delivery is stopped. `transactions`
    counts the commits.

    Raises:
        UsageError: the selection's SQL is not an expression, or does not only read.
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, QueueBusy, StorageFailure: see
            `carry_out`; so do all methods.
    """

    def __init__(self, engine: Engine, order: Order, selection: Selection, *, deadline_s: float | None) -> None:
        self.not_found: list[Reference] = []
        self.frozen_since: str | None = None
        self.transactions = 0
        self._engine = engine
        self._order = order
        self._selection = selection
        self._view: PublicView = "history" if order.verb is Verb.UNDELETE else "queue"
        self._deadline_s = deadline_s
        self._numbers: list[int] | None = None
        self._rows = _ROWS
        self._exit = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._visit = stack.enter_context(self._engine.visiting(self._deadline_s))
            if self._deadline_s is None:
                stack.enter_context(self._visit.one_instant())
            select.probe(self._visit, self._view, self._selection)
            select.require_destination(self._visit, self._selection.destination)
            if self._selection.references:
                numbers, self._messages, self.not_found = select.named(self._visit, self._selection.references)
                self._numbers = numbers if self._selection.is_by_name else None
            self.frozen_since = frozen_since(self._visit)
            self._exit = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._exit.__exit__(kind, error, traceback)

    def count(self) -> tuple[int, int]:
        """Numbers of the selected recipients and of their messages at this instant."""
        if self._numbers is not None:
            return len(self._numbers), self._messages
        return select.count(self._visit, self._view, self._selection)

    def changes(self) -> Iterator[list[Change]]:
        """Carry out, page by page; what is given is committed, unless it is a rehearsal."""
        for numbers in self._pages():
            if self._deadline_s is None:
                yield self._judged(numbers)
                continue
            with self._visit.transaction():
                began = time.monotonic()
                found = self._carried_out(numbers)
            self.transactions += 1
            self._adapt(time.monotonic() - began)
            yield found

    def _adapt(self, took_s: float) -> None:
        if took_s > _LONG_S:
            self._rows = max(self._rows // 2, _LEAST_ROWS)
        elif took_s < _SHORT_S:
            self._rows = min(self._rows * 2, _MOST_ROWS)

    def _pages(self) -> Iterator[Sequence[int]]:
        if self._numbers is not None:
            for start in range(0, len(self._numbers), _ROWS):
                yield self._numbers[start : start + _ROWS]
            return
        after, last = 0, select.last_recipient(self._visit)
        while True:
            limit = self._rows
            found = select.page(self._visit, self._view, self._selection, after=after, last=last, limit=limit)
            if found:
                yield found
            if len(found) < limit:
                return
            after = found[-1]

    def _judged(self, numbers: Sequence[int]) -> list[Change]:
        judged = []
        for recipient_id, ulid, address, has_content, destination, until, *columns in self._states(numbers):
            before = State(*columns)
            effect = self._order.effect(before, has_content=bool(has_content))
            after = self._order.expected(before, effect)
            judged.append(Change(recipient_id, ulid, address, destination, until, effect, before, after))
        return judged

    def _states(self, numbers: Sequence[int]) -> list[Row]:
        return self._visit.rows("orders.states", {"page": numbers, "now": self._order.now})

    def _carried_out(self, numbers: Sequence[int]) -> list[Change]:
        if self._numbers is None and not self._selection.may_run_long:
            kept = select.still(self._visit, self._view, self._selection, numbers)
            numbers = [number for number in numbers if number in kept]
        judged = self._judged(numbers)
        chosen = [c.recipient_id for c in judged if c.effect in (Effect.CHANGED, Effect.ORDERED)]
        with acting(self._visit, self._order.who):
            self._write(chosen)
        after = {row[0]: State(*row[6:]) for row in self._states(chosen)}
        return [replace(change, after=after.get(change.recipient_id, change.after)) for change in judged]

    def _write(self, chosen: list[int]) -> None:
        match self._order.verb:
            case Verb.RETRY:
                self._visit.run("orders.set_due", {"page": chosen, "now": self._order.now})
            case Verb.DELETE:
                self._visit.run("orders.cancel", {"page": chosen})
            case Verb.UNDELETE:
                self._visit.run("orders.revive", {"page": chosen})
            case verb:
                self._visit.run("orders.set_status", {"page": chosen, "status": TARGETS[verb]})


@contextlib.contextmanager
def acting(session: Session, who: str) -> Iterator[None]:
    """
    Let the audit name *who* for the writes of the body, and the statement of an Author; inside a transaction.

    The statement is a row of the audit behind the others. So seals, redaction, exports and retention have it as they
    have these, and an order about a hundred thousand recipients keeps it once for each transaction.
    """
    statement = statement_of(who)
    first = 0 if statement is None else int(session.value("orders.last_audit") or 0) + 1
    session.run("orders.set_actor", {"who": str(who)})
    yield
    session.run("orders.clear_actor")
    if statement is not None:
        session.run("orders.record_statement", {"who": str(who), "first": first, "statement": statement})
