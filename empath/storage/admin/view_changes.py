"""
view_changes - rows of public views that a program reads, adds, changes or removes

It is the SQL that a person would type, in the name of a program: the triggers of the view decide and write the audit. A
rehearsal does the same, and is rolled back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from empath.errors import MissingInput, StatementRefused, StorageFailure, UsageError
from empath.storage.admin.steering import acting
from empath.storage.engine import Engine, Visit
from empath.storage.open_views import OpenView

_REFUSAL: Final = ": empath: "  # before the sentence of a trigger
Values = Mapping[str, Any]
ViewRow = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ViewChange:
    """
    One change.

    Shape: verb is insert, update or delete; key has all columns of the key for the latter two.
    """

    view: OpenView
    verb: str
    key: Values
    values: Values


def view_page(engine: Engine, view: OpenView, *, after: Sequence[Any] | None, limit: int) -> list[ViewRow]:
    """
    Up to *limit* rows behind the key *after*.

    Raises:
        MissingInput, PermissionRefused, UnusableQueue, ServiceUnavailable, StorageFailure: see `carry_out`.
    """
    with engine.visiting(None) as visit:
        return visit.view_page(view, after, limit)


def change_view(
    engine: Engine, change: ViewChange, *, who: str, is_rehearsal: bool, deadline_s: float
) -> list[ViewRow]:
    """
    Carry *change* out in the name of *who*; the row as it is afterwards, of a removed one as it was.

    Raises:
        UsageError: the view does not take such a change.
        MissingInput: there is no such row.
        StatementRefused: a value cannot be; the text is the sentence of the view.
        PermissionRefused, UnusableQueue, ServiceUnavailable, QueueBusy, StorageFailure: see `carry_out`.
    """
    _check(change)
    rows: list[ViewRow] = []
    try:
        with engine.visiting(deadline_s) as visit, visit.transaction():
            with acting(visit, who):
                rows += _carried_out(visit, change)
            if is_rehearsal:
                raise _Rehearsed
    except _Rehearsed:
        pass
    except StorageFailure as exc:
        _, mark, sentence = str(exc).partition(_REFUSAL)
        if mark:
            raise StatementRefused(sentence) from exc
        raise
    return rows


class _Rehearsed(Exception):
    """All is to be rolled back."""


def _check(change: ViewChange) -> None:
    view = change.view
    allowed = {"insert": view.inserts, "update": view.updates, "delete": ()}[change.verb]
    if not (view.is_deletable if change.verb == "delete" else allowed):
        raise UsageError(f"{view.name} takes no {change.verb}")
    if unknown := [name for name in change.values if name not in allowed]:
        takes = f"takes {', '.join(allowed)}" if allowed else "takes no values"
        raise UsageError(f"{change.verb} of {view.name} {takes}, and not {unknown[0]!r}")
    if change.verb != "delete" and not change.values:
        raise UsageError(f"there are no values; {change.verb} of {view.name} takes {', '.join(allowed)}")
    if change.verb == "insert":
        if change.key:
            raise UsageError("an insert has values, and no key")
    elif set(change.key) != set(view.key):
        raise UsageError(f"the key of {view.name} is {', '.join(view.key)}")


def _carried_out(visit: Visit, change: ViewChange) -> list[ViewRow]:
    view = change.view
    if change.verb == "insert":
        last = visit.last_key(view) if view.key[0] not in view.inserts else None
        visit.insert_row(view, change.values)
        if view.key[0] not in view.inserts:
            return visit.view_page(view, None if last is None else (last,), 1)
        given = {name: change.values[name] for name in view.key if name in change.values}
        return visit.view_rows(view, given) or visit.view_rows(view, _as_kept(given))
    before = visit.view_rows(view, change.key)
    if not before:
        named = ", ".join(f"{name} {value!r}" for name, value in change.key.items())
        raise MissingInput(f"{view.name} has no row with {named}")
    if change.verb == "delete":
        visit.delete_row(view, change.key)
        return before
    visit.update_row(view, change.key, change.values)
    moved = {name: change.values[name] for name in view.key if name in change.values}
    return visit.view_rows(view, {**change.key, **moved})


def _as_kept(key: Values) -> Values:
    """A key as most views keep it."""
    return {name: value.lower() if isinstance(value, str) else value for name, value in key.items()}
