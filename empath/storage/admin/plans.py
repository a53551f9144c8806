"""
plans - an order that is prepared, looked at, carried out and taken back

THEORY
    A plan keeps how its recipients were selected, and their numbers.  `apply` selects again: if other recipients would
    be meant now, it says which, and does nothing unless it may leave those alone.  What it does is one UPDATE of the
    view plan_recipient for each page of recipients, and the triggers of that view (sql/sqlite/control/plan.sql) do the
    rest: so a plan acts in the same way in any shell.  A page is a transaction of its own, and each row knows if it
    has been carried out, so that an apply that was interrupted goes on.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final

from empath.errors import MissingInput, StatementRefused, SyntaxViolation
from empath.mail.status import WAITING, RecipientStatus
from empath.policy.router import Router
from empath.storage.admin import selection as select
from empath.storage.admin.records import Reference
from empath.storage.admin.selection import Selection
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Selects, Visit
from empath.storage.queue.rerouting import elsewhere, waiting_of

_ROWS: Final = 500  # of one transaction, which others wait for
_READ_ROWS: Final = 10_000
_FORM: Final = 1  # of the predicate


class PlanVerb(StrEnum):
    """What a plan can do."""

    RETRY = "retry"
    HOLD = "hold"
    RELEASE = "release"
    DELETE = "delete"
    BOUNCE = "bounce"
    EXPIRE = "expire"
    PRIORITY = "priority"
    REROUTE = "reroute"


_HOLDABLE: Final = WAITING | {RecipientStatus.HELD}
ACTS_ON: Final = {
    PlanVerb.RETRY: WAITING,
    PlanVerb.HOLD: WAITING,
    PlanVerb.RELEASE: frozenset({RecipientStatus.HELD}),
    PlanVerb.DELETE: _HOLDABLE,
    PlanVerb.BOUNCE: _HOLDABLE,
    PlanVerb.EXPIRE: _HOLDABLE,
    PlanVerb.PRIORITY: _HOLDABLE,
    PlanVerb.REROUTE: _HOLDABLE,
}
ENDS: Final = frozenset({PlanVerb.DELETE, PlanVerb.BOUNCE, PlanVerb.EXPIRE})
NO_WAY_BACK: Final = {
    PlanVerb.BOUNCE: "senders may have got reports; see undelete",
    PlanVerb.EXPIRE: "senders may have got reports; see undelete",
    PlanVerb.REROUTE: "routes decide where mail goes, and would move it again: set them back, and reroute",
}


@dataclass(frozen=True, slots=True)
class PlanRow:
    """
    A plan, as the view `plan` has it.

    Shape: argument is the class of the verb priority; predicate is JSON of this module, or another program's text; hash
    is None for a plan of another program; created_at and expires_at are Unix seconds; planned, applied and undone count
    recipients by their state, changed those that are not as the plan expects them.
    """

    plan_id: int
    verb: str
    argument: str | None
    predicate: str | None
    hash: str | None
    state: str
    who: str
    created_at: float
    expires_at: float
    recipients: int
    planned: int
    applied: int
    undone: int
    changed: int


@dataclass(frozen=True, slots=True)
class Planned:
    """
    A recipient of a plan; status and recipient are None where it is forgotten. before is its status before it.

    A plan to reroute moves it from one destination to the other; for other verbs these are None.
    """

    recipient_id: int
    id: str | None
    recipient: str | None
    state: str
    before: str
    status: str | None
    is_changed: bool
    from_destination: str | None
    to_destination: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Numbers of recipients that are selected now and not planned, and the reverse."""

    joined: tuple[int, ...]
    left: tuple[int, ...]


def make_plan(
    engine: Engine,
    verb: PlanVerb,
    argument: str | None,
    selection: Selection,
    *,
    who: str,
    expires_at: float,
    deadline_s: float,
    router: Router | None = None,
) -> int:
    """
    Plan *verb* for *selection*, in the name of *who*, until *expires_at* (Unix seconds); the number of the plan.

    A plan to reroute is of what *router* gives another destination.

    Raises:
        MissingInput: no recipient of the selection is one that the verb acts on.
        UsageError: the selection's SQL is not an expression, or does not only read.
        PermissionRefused, UnusableQueue, ServiceUnavailable, QueueBusy, StorageFailure: see `carry_out`.
    """
    with engine.visiting(deadline_s) as visit:
        numbers = selected(visit, ACTS_ON[verb], selection)
        moves = {} if router is None else _moves(visit, numbers, router)
        numbers = numbers if router is None else sorted(moves)
        if not numbers:
            raise MissingInput(f"no recipient to {verb} is selected; `empath-admin list` shows the queue")
        row = {"verb": verb, "argument": argument, "predicate": predicate_of(selection), "expires_at": expires_at}
        with visit.transaction(), acting(visit, who):
            plan_id = int(visit.insert("plans.insert", row | {"hash": _hash(numbers)}))
        for page in _pages(numbers):
            with visit.transaction():
                if router is None:
                    visit.run("plans.add", {"plan_id": plan_id, "page": page})
                else:
                    keys = {"plan_id": plan_id}
                    visit.run_each("plans.add_move", [keys | {"recipient_id": n, "target": moves[n]} for n in page])
    return plan_id


def _moves(visit: Visit, numbers: Sequence[int], router: Router) -> dict[int, str]:
    """The destinations that *router* gives those of the recipients *numbers* that wait elsewhere."""
    return {
        each.recipient_id: target
        for page in _pages(numbers)
        for each, target in elsewhere(router, waiting_of(visit, page))
    }


def all_plans(engine: Engine) -> list[PlanRow]:
    """
    Every plan, the newest first.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        return [PlanRow(*row) for row in visit.rows("plans.all")]


def find_plan(selects: Selects, plan_id: int) -> PlanRow:
    """
    The plan with this number.

    Raises:
        MissingInput: there is none.
    """
    rows = selects.rows("plans.find", {"plan_id": plan_id})
    if not rows:
        raise MissingInput(f"there is no plan {plan_id}; `empath-admin plan list` shows all")
    return PlanRow(*rows[0])


def recipients_of(selects: Selects, plan_id: int, *, after: int = 0, limit: int) -> list[Planned]:
    """Up to *limit* recipients of a plan numbered above *after*."""
    rows = selects.rows("plans.recipients", {"plan_id": plan_id, "after": after, "limit": limit})
    return [Planned(*row) for row in rows]


def difference_of(visit: Visit, plan: PlanRow, router: Router | None = None) -> Difference:
    """
    What the selection of *plan* means now and did not mean then, of what has not been carried out.

    A plan to reroute is compared with what *router* decides: a recipient whose route leads elsewhere by now is left.

    Raises:
        UsageError: the selection's SQL is not valid any more.
    """
    planned = {number for (number,) in visit.rows("plans.numbers", {"plan_id": plan.plan_id, "state": "planned"})}
    selection = read_predicate(plan.predicate)
    if selection is None:  # of another program: only the recipients themselves can be looked at
        left = {number for (number,) in visit.rows("plans.changed", {"plan_id": plan.plan_id, "state": "planned"})}
        return Difference((), tuple(sorted(left)))
    if plan.hash is not None and plan.planned == plan.recipients and _hash(sorted(planned)) != plan.hash:
        raise MissingInput(f"plan {plan.plan_id} is not whole: it was interrupted, or changed; make another")
    chosen = selected(visit, ACTS_ON[PlanVerb(plan.verb)], selection)
    now = set(chosen)
    if router is not None:
        moves = _moves(visit, chosen, router)
        wanted: dict[int, str] = dict(visit.rows("plans.moves", {"plan_id": plan.plan_id}))
        now = {number for number, target in moves.items() if wanted.get(number, target) == target}
    applied = {number for (number,) in visit.rows("plans.numbers", {"plan_id": plan.plan_id, "state": "applied"})}
    return Difference(tuple(sorted(now - planned - applied)), tuple(sorted(planned - now)))


class Carrying:
    """
    Carry *plan* out, or take it back if *undoes*, in the name of *who*; `leaves` are recipients to be left alone.

    `done` counts recipients while `pages` is read.
    """

    def __init__(self, visit: Visit, plan: PlanRow, *, who: str, undoes: bool, leaves: Iterable[int] = ()) -> None:
        self.done = 0
        self._visit = visit
        self._plan = plan
        self._who = who
        self._from, self._to = ("applied", "undone") if undoes else ("planned", "applied")
        self._leaves = frozenset(leaves)

    def run(self) -> Iterator[int]:
        """
        Carry out, page by page; each gives the number of recipients so far, which are committed.

        Raises:
            StatementRefused: the plan is over.
            QueueBusy, StorageFailure: what was carried out before stays so.
        """
        if self._plan.expires_at <= time.time():
            raise StatementRefused(f"plan {self._plan.plan_id} is over; make another")
        keys = {"plan_id": self._plan.plan_id, "state": self._from}
        numbers = [number for (number,) in self._visit.rows("plans.numbers", keys) if number not in self._leaves]
        for page in _pages(numbers):
            page_keys = {"plan_id": self._plan.plan_id, "page": page, "state": self._to}
            with self._visit.transaction(), acting(self._visit, self._who):
                for (target,) in self._visit.rows("plans.targets_of", page_keys):
                    self._visit.destination_id(target)  # which is made where no mail went there yet
                self._visit.run("plans.set_state", page_keys)
            self.done += int(self._visit.value("plans.count_of", page_keys))
            yield self.done


def forget_plan(engine: Engine, plan_id: int, *, who: str, deadline_s: float) -> None:
    """
    Remove the plan, in the name of *who*; what it has changed stays.

    Raises:
        MissingInput: there is none.
        PermissionRefused, UnusableQueue, ServiceUnavailable, QueueBusy, StorageFailure: see `carry_out`.
    """
    with engine.visiting(deadline_s) as visit, visit.transaction(), acting(visit, who):
        find_plan(visit, plan_id)
        visit.run("plans.remove", {"plan_id": plan_id})


def read_predicate(text: str | None) -> Selection | None:
    """The selection in *text*; None for the text of another program."""
    try:
        found: Any = json.loads(text or "")
        if not isinstance(found, dict) or found.pop("form", None) != _FORM:
            return None
        references = tuple(Reference.parse(str(each)) for each in found.pop("references", ()))
        if not found.keys() <= {field.name for field in fields(Selection)}:
            return None
        return Selection(references, **found)
    except (ValueError, TypeError, RecursionError, SyntaxViolation):
        return None


def predicate_of(selection: Selection) -> str:
    """*selection* as a plan keeps it."""
    found = {
        field.name: value
        for field in fields(Selection)
        if field.name != "references" and (value := getattr(selection, field.name)) is not None
    }
    if selection.references:
        found["references"] = [str(reference) for reference in selection.references]
    return json.dumps({"form": _FORM, **found}, ensure_ascii=False)


def selected(visit: Visit, statuses: Iterable[RecipientStatus], selection: Selection) -> list[int]:
    """
    Numbers of the selected recipients with one of *statuses*, rising.

    Raises:
        UsageError: the selection's SQL is not an expression, or does not only read.
        MissingInput: the queue does not know its destination.
    """
    select.probe(visit, "queue", selection)
    select.require_destination(visit, selection.destination)
    found: list[int] = []
    after, last = 0, select.last_recipient(visit)
    wanted = sorted(statuses)
    while page := select.page(visit, "queue", selection, after=after, last=last, limit=_READ_ROWS):
        found += [number for (number,) in visit.rows("plans.with_status", {"page": page, "statuses": wanted})]
        after = page[-1]
    return found


def _hash(numbers: Sequence[int]) -> str:
    return hashlib.sha256(",".join(map(str, numbers)).encode()).hexdigest()


def _pages(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(numbers), _ROWS):
        yield numbers[start : start + _ROWS]
