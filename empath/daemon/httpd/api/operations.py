"""
operations - what the API offers, as a table: path, role, parameters, bodies, and the function that answers

An operation runs in a thread, on a connection of its own: it reads one instant, or carries an order out by the code of
empath-admin. docs/api.md and the schema have what is in this table.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import BaseModel

from empath.config.effective import settings as effective
from empath.config.model import Config
from empath.daemon.httpd.api import models
from empath.daemon.httpd.api.message_models import InjectionAnswer, MessageRequest
from empath.daemon.httpd.api.models import ChangeRequest, OrderRequest, Record, RerouteRequest
from empath.daemon.httpd.problems import Problem
from empath.errors import EmpathError, ServiceUnavailable, SyntaxViolation, UsageError
from empath.mail.identity import Timestamp
from empath.mail.status import LIVE, RecipientStatus
from empath.policy.api_token import TokenRole
from empath.policy.router import Router
from empath.policy.units import parse_duration
from empath.storage.admin import explanation, rerouting, sessions, view_changes, view_rows
from empath.storage.admin.destination_rules import all_rules
from empath.storage.admin.json_form import as_json
from empath.storage.admin.liveness import liveness
from empath.storage.admin.order_totals import OrderTotals
from empath.storage.admin.orders import Order, Verb
from empath.storage.admin.records import Change, Reference
from empath.storage.admin.selection import READERS, Selection
from empath.storage.admin.short_ids import whole_selection
from empath.storage.admin.snapshot import Snapshot
from empath.storage.admin.stats_record import stats_record
from empath.storage.admin.steering import Steering
from empath.storage.admin.suppression import suppression_page
from empath.storage.engine import Engine
from empath.storage.open_views import OPEN_VIEWS, OpenView

MOST_ROWS: Final = 1000
_MAX_NUMBER: Final = 2**63 - 1
_LOCK_S: Final = 10.0  # wait of an order for the write lock
_LIVE: Final = tuple(status.value for status in RecipientStatus if status in LIVE)
_UNDELETABLE: Final = (RecipientStatus.CANCELLED.value, RecipientStatus.BOUNCED.value)


@dataclass(frozen=True, slots=True)
class Backend:
    """What operations work on. *is_ending* says that this process is about to end, at a reload for example."""

    engine: Engine
    config: Config
    router: Callable[[], Router]
    is_ending: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Parameter:
    """
    One parameter of the query, or of the path.

    Shape: read raises SyntaxViolation; schema is the JSON schema of its text; default is None where it may be missing.
    """

    name: str
    text: str
    read: Callable[[str], Any]
    schema: Mapping[str, Any]
    default: Any = None
    is_list: bool = False
    is_in_path: bool = False
    place: str = "query"


Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. *run* gets the arguments, or the body, and the name for the audit."""

    method: str
    path: str
    text: str
    role: TokenRole
    answer: type[BaseModel]
    run: Callable[[Backend, Any, str], Record]
    parameters: tuple[Parameter, ...] = ()
    body: type[BaseModel] | None = None
    status: int = 200
    role_of: Callable[[Any], TokenRole] | None = None  # what this body needs besides
    media: tuple[str, ...] = ("application/json",)  # of the body; what is not JSON is octets


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 20 and least <= int(text) <= most):
            raise SyntaxViolation(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return read


def _word(text: str) -> str:
    if not 0 < len(text) <= 1024 or not text.isprintable():
        raise SyntaxViolation(f"not a value: {text[:100]!r}")
    return text


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise SyntaxViolation(f"{text[:100]!r} is none of {', '.join(words)}")
        return text

    return read


def _truth(text: str) -> bool:
    return _one_of("true", "false")(text) == "true"


def _number(name: str, text: str, least: int = 1, most: int = _MAX_NUMBER, default: int | None = None) -> Parameter:
    schema = {"type": "integer", "minimum": least, "maximum": most}
    return Parameter(name, text, _whole(least, most), schema, default)


def _text(name: str, text: str, read: Callable[[str], str] = _word, **schema: Any) -> Parameter:
    return Parameter(name, text, read, {"type": "string", **schema})


_LIMIT: Final = _number("limit", "most rows", 1, MOST_ROWS, 50)
_AFTER: Final = _number("after", "continue after this number, `next_after` of the page before", 0, _MAX_NUMBER, 0)
_AFTER_NAME: Final = replace(_text("after", "continue after this one, `next_after` of the page before"), default="")
_ID: Final = _text("id", "queue id of the message", lambda text: str(_message(text)))
_RECIPIENT_ID: Final = _number("recipient_id", "number of the recipient")
_ADDRESSES: Final = (
    _text("domain", "domain of the recipient", READERS["domain"]),
    _text("sender", "reverse-path; `<>` is the null path", READERS["sender"]),
    _text("recipient", "forward-path", READERS["recipient"]),
)
_DESTINATION: Final = _text("destination", "next hop or queue key")
_FINAL: Final = tuple(status.value for status in RecipientStatus if status not in LIVE)
_SETTLED: Final = (
    RecipientStatus.DELIVERED,
    RecipientStatus.DEFERRED,
    RecipientStatus.BOUNCED,
    RecipientStatus.EXPIRED,
)
_OUTCOMES: Final = (*(status.value for status in _SETTLED), "next_host", "unknown", "maybe_delivered")


def _message(text: str) -> Any:
    reference = Reference.parse(text)
    if reference.queue_id is None:
        raise SyntaxViolation(f"{text!r} is not a queue id of 26 characters")
    return reference.queue_id


def _paged(name: str, found: list[Any], limit: int, key: str) -> Record:
    page = found[:limit]
    return {name: as_json(page), "next_after": getattr(page[-1], key) if len(found) > limit else None}


def _queue(on: Backend, given: Arguments, _: str) -> Record:
    before = None if given["older_than"] is None else time.time() - given["older_than"]
    names = ("domain", "sender", "recipient", "status", "destination")
    selection = Selection(tuple(given["id"]), **{name: given[name] for name in names}, received_before=before)
    now = time.time()
    with Snapshot(on.engine) as snapshot:
        snapshot.check_names(selection)
        found = snapshot.list_live(selection, after=given["after"], limit=given["limit"] + 1, now=now)
        frozen_since = snapshot.pauses(now).frozen_since
    return _paged("recipients", found, given["limit"], "recipient_id") | {"frozen_since": frozen_since}


def _one_message(on: Backend, given: Arguments, _: str) -> Record:
    now = time.time()
    with Snapshot(on.engine) as snapshot:
        found = snapshot.find_message(given["id"], now)
        frozen_since = snapshot.pauses(now).frozen_since
    if found is None:
        raise Problem(404, f"no message or recipient {given['id']}: it never existed, or its retention is over")
    return {"message": as_json(found), "frozen_since": frozen_since}


def _explanation(on: Backend, given: Arguments, _: str) -> Record:
    with on.engine.visiting(None) as visit:
        waiting, settled = explanation.waiting_of(visit, given["id"]), explanation.settled_of(visit, given["id"])
    if not (waiting or settled):
        raise Problem(404, f"no message or recipient {given['id']}: it never existed, or its retention is over")
    return {"waiting": as_json(waiting), "settled": as_json(settled)}


def _filters(given: Arguments) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in ("after", "limit")}


def _attempts(on: Backend, given: Arguments, _: str) -> Record:
    with on.engine.visiting(None) as visit:
        found = view_rows.attempt_page(visit, _filters(given), after=given["after"], limit=given["limit"] + 1)
    return _paged("attempts", found, given["limit"], "attempt_id")


def _history(on: Backend, given: Arguments, _: str) -> Record:
    with on.engine.visiting(None) as visit:
        found = view_rows.history_page(visit, _filters(given), after=given["after"], limit=given["limit"] + 1)
    return _paged("recipients", found, given["limit"], "recipient_id")


def _destinations(on: Backend, given: Arguments, _: str) -> Record:
    with on.engine.visiting(None) as visit:
        found = view_rows.destination_page(visit, after=given["after"], limit=given["limit"] + 1)
    return _paged("destinations", found, given["limit"], "destination")


def _audit(on: Backend, given: Arguments, _: str) -> Record:
    with on.engine.visiting(None) as visit:
        found = view_rows.audit_page(visit, _filters(given), after=given["after"], limit=given["limit"] + 1)
    return _paged("changes", found, given["limit"], "audit_id")


def _processes(on: Backend, given: Arguments, _: str) -> Record:
    limit, now, here = given["limit"], time.time(), on.config.node.name
    with Snapshot(on.engine) as snapshot:
        found = snapshot.processes(before=given["after"], limit=limit + 1, has_ended=given["all"])
    page = [{"process": as_json(run), "liveness": liveness(run, now, here)} for run in found[:limit]]
    return {"processes": page, "next_after": found[limit - 1].process_id if len(found) > limit else None}


def _sessions(on: Backend, _given: Arguments, _: str) -> Record:
    return {"sessions": as_json(sessions.open_sessions(on.engine))}


def _rules(on: Backend, _given: Arguments, _: str) -> Record:
    return {"rules": as_json(all_rules(on.engine))}


def _suppressions(on: Backend, given: Arguments, _: str) -> Record:
    with on.engine.visiting(None) as visit:
        found = suppression_page(visit, after=given["after"], limit=given["limit"] + 1)
    return _paged("suppressions", found, given["limit"], "address")


def _stats(on: Backend, given: Arguments, _: str) -> Record:
    now = Timestamp(time.time())
    with Snapshot(on.engine) as snapshot:
        record: Record = as_json(stats_record(snapshot.stats(given["top"], now), now))
    return record


def _order(on: Backend, request: OrderRequest, who: str) -> Record:
    now = time.time()
    selection = whole_selection(on.engine, _selection(request, now))
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
    given = request.filter
    statuses = _UNDELETABLE if request.order is Verb.UNDELETE else _LIVE
    if given.status is not None:
        _one_of(*statuses)(given.status)
    read = {name: None if (text := getattr(given, name)) is None else READERS[name](text) for name in READERS}
    selection = Selection(
        tuple(map(Reference.parse, given.id)),
        domain=read["domain"],
        sender=read["sender"],
        recipient=read["recipient"],
        status=given.status,
        destination=given.destination,
        received_before=None if given.older_than is None else now - parse_duration(given.older_than),
    )
    if not (request.all or selection.has_conditions):
        raise UsageError("no recipients selected: give a filter, or `all`: true")
    return selection


def _reroute(on: Backend, request: RerouteRequest, who: str) -> Record:
    if request.dry_run:
        moves = rerouting.find_moves(on.engine, on.router())
    else:
        moves = rerouting.move(on.engine, on.router(), who=who, deadline_s=_LOCK_S)
    found = [
        {"recipients": number, "from_destination": old, "to_destination": new}
        for (old, new), number in moves.most_common()
    ]
    return {"is_dry_run": request.dry_run, "moves": found}


def _view_rows(on: Backend, given: Arguments, _: str) -> Record:
    view, limit = OPEN_VIEWS[given["view"]], given["limit"]
    after = _key_of(view, given["after"]) if given["after"] else None
    found = view_changes.view_page(on.engine, view, after=after, limit=limit + 1)
    last = [found[limit - 1][name] for name in view.key] if len(found) > limit else None
    return {"rows": found[:limit], "next_after": None if last is None else json.dumps(last)}


def _key_of(view: OpenView, text: str) -> list[Any]:
    try:
        key = json.loads(text)
    except (ValueError, RecursionError):
        key = None
    if isinstance(key, list) and len(key) == len(view.key) and all(map(_is_key, key)):
        return list(key)
    raise UsageError("after: this is no `next_after` of a page of this view")


def _is_key(part: Any) -> bool:
    if isinstance(part, str):
        return part.isprintable()
    return type(part) is int and abs(part) <= _MAX_NUMBER


def _change(on: Backend, request: ChangeRequest, who: str) -> Record:
    change = view_changes.ViewChange(OPEN_VIEWS[request.view], request.change, request.key, request.values)
    rows = view_changes.change_view(on.engine, change, who=who, is_rehearsal=request.dry_run, deadline_s=_LOCK_S)
    return {"view": request.view, "change": request.change, "is_dry_run": request.dry_run, "rows": rows}


def _role_of_change(request: ChangeRequest) -> TokenRole:
    return TokenRole.ADMIN if OPEN_VIEWS[request.view].is_guarded else TokenRole.OPERATE


def _config(on: Backend, _given: Arguments, _: str) -> Record:
    return {"config": effective(on.config)}


_READ, _OPERATE = TokenRole.READ, TokenRole.OPERATE
PREFIX: Final = "/api/v1"
OPERATIONS: Final = (
    Operation(
        *("GET", "/queue", "Live recipients, by number", _READ, models.QueuePage, _queue),
        (
            Parameter(
                *("id", "queue ids, or numbers of recipients; more than once", Reference.parse, {"type": "string"}),
                is_list=True,
            ),
            *_ADDRESSES,
            _text("status", "status", _one_of(*_LIVE), enum=[*_LIVE]),
            Parameter("older_than", "accepted longer ago, such as 2h", parse_duration, {"type": "string"}),
            *(_DESTINATION, _AFTER, _LIMIT),
        ),
    ),
    Operation(
        *("GET", "/messages/{id}", "One message, its recipients and their attempts", _READ),
        *(models.MessageWithRecipients, _one_message),
        (
            Parameter(
                *("id", "queue id, or the number of one recipient", Reference.parse, {"type": "string"}),
                is_in_path=True,
            ),
        ),
    ),
    Operation(
        *("GET", "/messages/{id}/explanation", "Why a message waits and until when, or how it ended", _READ),
        *(models.Explanation, _explanation),
        (
            Parameter(
                *("id", "queue id, or the number of one recipient", Reference.parse, {"type": "string"}),
                is_in_path=True,
            ),
        ),
    ),
    Operation(
        *("GET", "/attempts", "Attempts, by number", _READ, models.AttemptPage, _attempts),
        (
            *(_ID, _RECIPIENT_ID, _DESTINATION, _text("outcome", "outcome", _one_of(*_OUTCOMES), enum=[*_OUTCOMES])),
            *(_AFTER, _LIMIT),
        ),
    ),
    Operation(
        *("GET", "/history", "Recipients with a final status, by number", _READ, models.HistoryPage, _history),
        (
            *(_ID, *_ADDRESSES, _text("status", "status", _one_of(*_FINAL), enum=[*_FINAL]), _DESTINATION),
            *(_AFTER, _LIMIT),
        ),
    ),
    Operation(
        *("GET", "/destinations", "Destinations, by name", _READ, models.DestinationPage, _destinations),
        (_AFTER_NAME, _LIMIT),
    ),
    Operation(
        *("GET", "/processes", "Processes, newest first", _READ, models.ProcessPage, _processes),
        (
            Parameter("all", "those that have ended, too", _truth, {"type": "boolean"}, default=False),
            *(_number("after", "continue after this one"), _LIMIT),
        ),
    ),
    Operation("GET", "/sessions", "Sessions of clients, the oldest first", _READ, models.SessionList, _sessions),
    Operation(
        *("GET", "/audit", "Changes, by number", _READ, models.AuditPage, _audit),
        (
            *(_ID, _RECIPIENT_ID, _text("who", "author"), _text("what", "what changed"), _text("object", "row")),
            *(_AFTER, _LIMIT),
        ),
    ),
    Operation("GET", "/rules", "Rules of destinations that are rows", _READ, models.RuleList, _rules),
    Operation(
        *("GET", "/suppressions", "Suppressed addresses, by address", _READ, models.SuppressionPage, _suppressions),
        (_AFTER_NAME, _LIMIT),
    ),
    Operation(
        *("GET", "/stats", "Counts of messages, recipients and destinations", _READ, models.Totals, _stats),
        (_number("top", "destinations to name", 0, MOST_ROWS, 10),),
    ),
    Operation(
        *("GET", "/views/{view}", "Rows of a view, by key", _READ, models.ViewPage, _view_rows),
        (
            replace(_text("view", "name of the view", _one_of(*OPEN_VIEWS), enum=[*OPEN_VIEWS]), is_in_path=True),
            replace(_AFTER_NAME, text="`next_after` of the page before"),
            _LIMIT,
        ),
    ),
    Operation(
        *("POST", "/changes", "A change of one row of a view", _OPERATE, models.ChangeResult, _change),
        body=ChangeRequest,
        role_of=_role_of_change,
    ),
    Operation("GET", "/config", "The configuration in force", TokenRole.ADMIN, models.Effective, _config),
    Operation(*("POST", "/orders", "An order to recipients", _OPERATE, models.OrderResult, _order), body=OrderRequest),
    Operation(
        *("POST", "/reroute", "Move waiting mail by the routes of now", _OPERATE, models.RerouteResult, _reroute),
        body=RerouteRequest,
    ),
)


def _by_its_own_resource(_: Backend, _given: Any, _who: str) -> Record:
    raise AssertionError("this operation has a resource of its own")


_RAW: Final = "with `message/rfc822`: "
# What `injection.resource` serves, for the description of the API.
INJECTION: Final = Operation(
    *("POST", "/messages", "Send mail", TokenRole.INJECT, InjectionAnswer, _by_its_own_resource),
    (
        _text("from", f"{_RAW}the reverse-path; without it the address in From"),
        replace(_text("to", f"{_RAW}recipients; without it those in To, Cc and Bcc"), is_list=True),
        _text("send_at", f"{_RAW}instant of the first attempt"),
        _number("priority", f"{_RAW}as MT-PRIORITY of RFC 6710", -9, 9),
        _text("metadata", f"{_RAW}a JSON object"),
        Parameter("all_or_none", f"{_RAW}queue nothing if one is refused", _truth, {"type": "boolean"}, False),
        replace(
            _text("Idempotency-Key", "the same key gets the same answer, and its mail is queued once"), place="header"
        ),
    ),
    MessageRequest,
    status=202,
    media=("application/json", "message/rfc822"),
)
DESCRIBED: Final = (*OPERATIONS, INJECTION)
