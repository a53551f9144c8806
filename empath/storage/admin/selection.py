"""
selection - which recipients an order or a list is about

THEORY
    A person names recipients by conditions that must all hold. They become one expression over the columns of the view
    `queue` (or `history`), so that a list, a rehearsal and the order itself mean the same rows. A condition in SQL of
    the person's own is compiled and run under an authorizer that lets nothing but reading through, and must be one
    whole expression: it cannot end the statement that it stands in, nor its parentheses.
"""

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import apsw

from empath.errors import UsageError
from empath.storage.admin.records import Reference
from empath.storage.sqlite.connection import rows, value
from empath.storage.sqlite.queries import queries

View = Literal["queue", "history"]

_SQL = queries("selection")
_READING: Final = {apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_FUNCTION, apsw.SQLITE_RECURSIVE}
_STEPS: Final = 100_000  # of SQLite's machine, some milliseconds
_COLUMNS: Final = ("domain", "sender", "recipient", "status", "destination", "received_before")


@dataclass(frozen=True, slots=True)
class Selection:
    """
    Conditions that must all hold; None is no condition, and without any all recipients of the view are meant.

    Shape: domain in A-labels; sender and recipient as the queue has them, an empty sender is the null path;
    received_before in Unix seconds; where is SQL, an expression over the columns of the view.
    """

    references: tuple[Reference, ...] = ()
    domain: str | None = None
    sender: str | None = None
    recipient: str | None = None
    status: str | None = None
    destination: str | None = None
    received_before: float | None = None
    where: str | None = None

    @property
    def has_conditions(self) -> bool:
        """Whether there is any condition."""
        return self != Selection()

    @property
    def is_by_name(self) -> bool:
        """Whether recipients are named, and nothing else is said of them."""
        return bool(self.references) and self == Selection(references=self.references)

    @property
    def may_run_long(self) -> bool:
        """Whether the person's SQL reads more than the row it is asked about."""
        return self.where is not None and "select" in self.where.lower()

    def names(self) -> dict[str, str]:
        """The references as the statements take them: two JSON arrays."""
        keys = [reference.keys for reference in self.references]
        return {
            "numbers": json.dumps([key["recipient_id"] for key in keys if key["recipient_id"] is not None]),
            "ulids": json.dumps([key["ulid"] for key in keys if key["ulid"] is not None]),
        }

    def condition(self) -> tuple[str, dict[str, Any]]:
        """One expression, and the values of its parameters."""
        parts, bindings = ["1"], dict[str, Any]()
        if self.references:
            parts.append(_SQL["condition_references"])
            bindings |= self.names()
        for name in _COLUMNS:
            wanted = getattr(self, name)
            if wanted is not None:
                parts.append(_SQL[f"condition_{name}"])
                bindings[name] = wanted
        if self.where is not None:
            parts.append(f"(\n{self.where}\n)")
        return " AND ".join(parts), bindings


def probe(connection: apsw.Connection, view: View, selection: Selection) -> None:
    """
    Hold that the person's SQL is one expression that only reads.

    Raises:
        UsageError: it is not.
    """
    if selection.where is not None:
        with _guarded(connection, view, selection):
            statement = _SQL[f"probe_of_{view}"].replace("{condition}", selection.where)
            rows(connection, statement, {})


def page(
    connection: apsw.Connection, view: View, selection: Selection, *, after: int, last: int, limit: int
) -> list[int]:
    """Numbers of up to *limit* recipients behind *after*, not above *last*, rising."""
    bindings = {"after": after, "last": last, "limit": limit}
    return [number for (number,) in _run(connection, f"page_of_{view}", view, selection, bindings)]


def still(connection: apsw.Connection, view: View, selection: Selection, numbers: Sequence[int]) -> set[int]:
    """Those of *numbers* for which all conditions hold now."""
    bindings = {"page": json.dumps(numbers)}
    return {number for (number,) in _run(connection, f"still_of_{view}", view, selection, bindings)}


def count(connection: apsw.Connection, view: View, selection: Selection) -> tuple[int, int]:
    """How many recipients, of how many messages."""
    [(recipients, messages)] = _run(connection, f"count_of_{view}", view, selection, {})
    return recipients, messages


def list_rows(connection: apsw.Connection, selection: Selection, *, after: int, limit: int) -> list[tuple[Any, ...]]:
    """Rows of LiveRecipient, up to *limit* behind *after*."""
    return _run(connection, "list_live", "queue", selection, {"after": after, "limit": limit})


def named(connection: apsw.Connection, references: Sequence[Reference]) -> tuple[list[int], int, list[Reference]]:
    """Numbers of the recipients that are named, with any status; of how many messages; and who is not found."""
    found = rows(connection, _SQL["named"], Selection(tuple(references)).names())
    known = {number for number, _, _ in found} | {ulid for _, _, ulid in found}
    missing = [r for r in dict.fromkeys(references) if (r.recipient_id or str(r.queue_id)) not in known]
    return [number for number, _, _ in found], len({message_id for _, message_id, _ in found}), missing


def last_recipient(connection: apsw.Connection) -> int:
    """The highest number so far; 0 if there is none."""
    return value(connection, _SQL["last_recipient"]) or 0


def _run(
    connection: apsw.Connection, name: str, view: View, selection: Selection, bindings: dict[str, Any]
) -> list[tuple[Any, ...]]:
    condition, wanted = selection.condition()
    statement = _SQL[name].replace("{condition}", condition)
    if selection.where is None:
        return rows(connection, statement, wanted | bindings)
    with _guarded(connection, view, selection):
        return rows(connection, statement, wanted | bindings)


@contextlib.contextmanager
def _guarded(connection: apsw.Connection, view: View, selection: Selection) -> Iterator[None]:
    connection.authorizer = _authorize
    connection.set_progress_handler(_go_on, _STEPS)
    try:
        yield
    except (apsw.SQLError, apsw.AuthError, apsw.BindingsError, apsw.MismatchError, apsw.TooBigError, KeyError) as exc:
        raise UsageError(_sentence(exc, view)) from exc
    except UnicodeEncodeError as exc:
        raise UsageError("--where: the text is no UTF-8") from exc
    finally:
        connection.authorizer = None
        connection.set_progress_handler(None)


def _sentence(exc: Exception, view: View) -> str:
    if isinstance(exc, apsw.AuthError):
        return "--where: it may only read: an expression without PRAGMA, ATTACH or a write"
    if isinstance(exc, KeyError | apsw.BindingsError):
        return "--where: it takes no parameter; write the value itself, text in single quotes"
    words = str(exc).partition("\n")[0]
    return f'--where: {words}; it takes one SQL expression over the columns of {view}, such as "attempts > 3"'


def _authorize(operation: int, *_: str | None) -> int:
    return apsw.SQLITE_OK if operation in _READING else apsw.SQLITE_DENY


def _go_on() -> bool:
    """Python looks at signals before it calls this, so that Ctrl-C ends a statement that takes long."""
    return False
