"""reading - the operations of the API that read"""

import json
import time
from dataclasses import replace
from typing import Any

from empath.config.effective import settings as effective
from empath.daemon.httpd.api.models import Record
from empath.daemon.httpd.api.operation import Arguments, Backend
from empath.daemon.httpd.api.parameters import MAX_NUMBER
from empath.daemon.httpd.problems import Problem
from empath.errors import UsageError
from empath.mail.identity import Timestamp
from empath.storage.admin import explanation, sessions, view_changes, view_rows
from empath.storage.admin.destination_rules import all_rules
from empath.storage.admin.json_form import as_json
from empath.storage.admin.liveness import liveness
from empath.storage.admin.selection import Selection
from empath.storage.admin.snapshot import Snapshot
from empath.storage.admin.stats_record import stats_record
from empath.storage.admin.suppression import suppression_page
from empath.storage.open_views import OPEN_VIEWS, OpenView


def _paged(name: str, found: list[Any], limit: int, key: str) -> Record:
    page = found[:limit]
    return {name: as_json(page), "next_after": getattr(page[-1], key) if len(found) > limit else None}


def queue(on: Backend, given: Arguments, _: str) -> Record:
    """A page of live recipients."""
    before = None if given["older_than"] is None else time.time() - given["older_than"]
    names = ("domain", "sender", "recipient", "status", "destination")
    selection = Selection(tuple(given["id"]), **{name: given[name] for name in names}, received_before=before)
    now = time.time()
    with Snapshot(on.engine) as snapshot:
        snapshot.check_names(selection)
        found = snapshot.list_live(selection, after=given["after"], limit=given["limit"] + 1, now=now)
        frozen_since = snapshot.pauses(now).frozen_since
    return _paged("recipients", found, given["limit"], "recipient_id") | {"frozen_since": frozen_since}


def one_message(on: Backend, given: Arguments, _: str) -> Record:
    """One message, its recipients and their attempts."""
    now = time.time()
    with Snapshot(on.engine) as snapshot:
        found = snapshot.find_message(given["id"], now)
        frozen_since = snapshot.pauses(now).frozen_since
    if found is None:
        raise Problem(404, f"no message or recipient {given['id']}: it never existed, or its retention is over")
    return {"message": as_json(found), "frozen_since": frozen_since}


def explain(on: Backend, given: Arguments, _: str) -> Record:
    """Why a message waits, or how it ended."""
    with on.engine.visiting(None) as visit:
        waiting, settled = explanation.waiting_of(visit, given["id"]), explanation.settled_of(visit, given["id"])
    if not (waiting or settled):
        raise Problem(404, f"no message or recipient {given['id']}: it never existed, or its retention is over")
    return {"waiting": as_json(waiting), "settled": as_json(settled)}


def _filters(given: Arguments) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in ("after", "limit")}


def attempts(on: Backend, given: Arguments, _: str) -> Record:
    """A page of attempts."""
    with on.engine.visiting(None) as visit:
        found = view_rows.attempt_page(visit, _filters(given), after=given["after"], limit=given["limit"] + 1)
    return _paged("attempts", found, given["limit"], "attempt_id")


def history(on: Backend, given: Arguments, _: str) -> Record:
    """A page of recipients with a final status."""
    with on.engine.visiting(None) as visit:
        found = view_rows.history_page(visit, _filters(given), after=given["after"], limit=given["limit"] + 1)
    return _paged("recipients", found, given["limit"], "recipient_id")


def destinations(on: Backend, given: Arguments, _: str) -> Record:
    """A page of destinations."""
    with on.engine.visiting(None) as visit:
        found = view_rows.destination_page(visit, after=given["after"], limit=given["limit"] + 1)
    return _paged("destinations", found, given["limit"], "destination")


def audit(on: Backend, given: Arguments, _: str) -> Record:
    """A page of changes."""
    with on.engine.visiting(None) as visit:
        found = view_rows.audit_page(visit, _filters(given), after=given["after"], limit=given["limit"] + 1)
    return _paged("changes", found, given["limit"], "audit_id")


def processes(on: Backend, given: Arguments, _: str) -> Record:
    """A page of processes, newest first."""
    limit, now, here = given["limit"], time.time(), on.config.node.name
    with Snapshot(on.engine) as snapshot:
        found = snapshot.processes(before=given["after"], limit=limit + 1, has_ended=given["all"])
    page = [{"process": as_json(run), "liveness": liveness(run, now, here)} for run in found[:limit]]
    return {"processes": page, "next_after": found[limit - 1].process_id if len(found) > limit else None}


def open_sessions(on: Backend, _given: Arguments, _: str) -> Record:
    """The sessions of clients."""
    return {"sessions": as_json(sessions.open_sessions(on.engine))}


def rules(on: Backend, _given: Arguments, _: str) -> Record:
    """The rules of destinations that are rows."""
    return {"rules": as_json(all_rules(on.engine))}


def suppressions(on: Backend, given: Arguments, _: str) -> Record:
    """A page of suppressed addresses."""
    with on.engine.visiting(None) as visit:
        found = suppression_page(visit, after=given["after"], limit=given["limit"] + 1)
    return _paged("suppressions", found, given["limit"], "address")


def stats(on: Backend, given: Arguments, _: str) -> Record:
    """Counts of messages, recipients and destinations; of a deep queue those that were read last."""
    known = on.stats(given["top"])
    if known is None:
        now = time.time()
        with Snapshot(on.engine) as snapshot:
            known = snapshot.stats(given["top"], now), now
    counted, at = known
    named = replace(counted, top_destinations=counted.top_destinations[: given["top"]])
    record: Record = as_json(stats_record(named, Timestamp(at)))
    return record


def rows_of_view(on: Backend, given: Arguments, _: str) -> Record:
    """A page of the rows of a view."""
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
    return type(part) is int and abs(part) <= MAX_NUMBER


def config(on: Backend, _given: Arguments, _: str) -> Record:
    """The configuration in force."""
    return {"config": effective(on.config)}
