"""changing - the operations of the API that change the queue, by the code of empath-admin"""

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from empath.daemon.httpd.api.models import ChangeRequest, OrderFilter, OrderRequest, Record, RerouteRequest
from empath.daemon.httpd.api.operation import Backend
from empath.daemon.httpd.api.parameters import LIVE_STATUSES, one_of
from empath.daemon.httpd.problems import Problem
from empath.errors import EmpathError, ServiceUnavailable, UsageError
from empath.mail.status import RecipientStatus
from empath.policy.api_token import TokenRole
from empath.policy.units import parse_duration
from empath.storage.admin import rerouting, view_changes
from empath.storage.admin.json_form import as_json
from empath.storage.admin.order_totals import OrderTotals
from empath.storage.admin.orders import Order, Verb
from empath.storage.admin.records import Change, Reference
from empath.storage.admin.selection import READERS, Selection
from empath.storage.admin.short_ids import whole_selection
from empath.storage.admin.steering import Steering
from empath.storage.open_views import OPEN_VIEWS

_LOCK_S: Final = 10.0  # wait of an order for the write lock
_UNDELETABLE: Final = (RecipientStatus.CANCELLED.value, RecipientStatus.BOUNCED.value)


def order(on: Backend, request: OrderRequest, who: str) -> Record:
    """Carry an order out, or rehearse it."""
    now = time.time()
    selection = _selection(request, now)
    if not (request.all or selection.has_conditions):
        raise UsageError("no recipients selected: give a filter, or `all`: true")
    selection = whole_selection(on.engine, selection)
    order = Order(request.order, who, now, takes=selection.status or RecipientStatus.CANCELLED)
    if request.order is Verb.UNDELETE and not selection.is_by_name:
        selection = replace(selection, status=order.takes)
    totals, shown = OrderTotals(), list[Change]()
    head = {"verb": str(order.verb), "is_dry_run": request.dry_run}
    with Steering(on.engine, order, selection, deadline_s=None if request.dry_run else _LOCK_S) as steering:
        try:
            for page in steering.changes():
                totals.add(page)
                shown += page[: request.show - len(shown)]
                if on.is_ending():
                    raise ServiceUnavailable("the service ends or reloads; give the order again")
        except EmpathError as exc:
            if not totals.matched:
                raise
            problem = Problem(503, f"not finished, what was committed stays: {exc}")
            problem.more = head | totals.record(steering, is_complete=False)
            raise problem from exc
        if steering.not_found and not totals.matched:
            missing = ", ".join(map(str, steering.not_found[:10]))
            raise Problem(404, f"not in the queue database: {missing}")
        return head | {"recipients": as_json(shown)} | totals.record(steering, is_complete=True)


def _selection(request: OrderRequest, now: float) -> Selection:
    return read_filter(request.filter, _UNDELETABLE if request.order is Verb.UNDELETE else LIVE_STATUSES, now)


def read_filter(given: OrderFilter, statuses: Sequence[str], now: float) -> Selection:
    """
    What *given* selects at *now*; *statuses* are those that it may name.

    Raises:
        SyntaxViolation: a value is none.
    """
    if given.status is not None:
        one_of(*statuses)(given.status)
    read = {name: None if (text := getattr(given, name)) is None else READERS[name](text) for name in READERS}
    return Selection(
        tuple(map(Reference.parse, given.id)),
        domain=read["domain"],
        sender=read["sender"],
        recipient=read["recipient"],
        status=given.status,
        destination=given.destination,
        received_before=None if given.older_than is None else now - parse_duration(given.older_than),
    )


def reroute(on: Backend, request: RerouteRequest, who: str) -> Record:
    """Move waiting mail by the routes of now."""
    if request.dry_run:
        moves = rerouting.find_moves(on.engine, on.router())
    else:
        moves = rerouting.move(on.engine, on.router(), who=who, deadline_s=_LOCK_S)
    found = [
        {"recipients": number, "from_destination": old, "to_destination": new}
        for (old, new), number in moves.most_common()
    ]
    return {"is_dry_run": request.dry_run, "moves": found}


def change(on: Backend, request: ChangeRequest, who: str) -> Record:
    """Change one row of a view."""
    change = view_changes.ViewChange(OPEN_VIEWS[request.view], request.change, request.key, request.values)
    rows = view_changes.change_view(on.engine, change, who=who, is_rehearsal=request.dry_run, deadline_s=_LOCK_S)
    return {"view": request.view, "change": request.change, "is_dry_run": request.dry_run, "rows": rows}


def role_of_change(request: ChangeRequest) -> TokenRole:
    """The role that a change of this view needs."""
    return TokenRole.ADMIN if OPEN_VIEWS[request.view].is_guarded else TokenRole.OPERATE
