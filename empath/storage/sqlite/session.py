"""
session - named statements on one SQLite connection

The texts come from sql/. A list parameter is passed as JSON: the text says `IN (:name[])`, and the bound Python list is
encoded when the statement runs. A SqliteSession lets the errors of apsw through, because the Writer distinguishes them;
a TranslatingSession turns each into one of ours.
"""

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import orjson

from empath.storage import view_text
from empath.storage.engine import Bindings, Condition, Numbered, Row, Session, T
from empath.storage.open_views import OpenView
from empath.storage.queries import all_queries, queries
from empath.storage.sqlite import guard
from empath.storage.sqlite.connection import transaction, translated
from empath.storage.sqlite.destination_ids import DestinationIds

ENGINE = "sqlite"
_CONDITION = re.compile(r"\s+AND \{condition\}")
_PARAMETER = re.compile(r":(\w+)")
_LIST = re.compile(r"\(:(\w+)\[(?:text)?\]\)")


class Statement(NamedTuple):
    """A statement's text for SQLite, and the names of its list parameters."""

    text: str
    lists: tuple[str, ...]


class Statements(dict[str, Statement]):
    """
    The named statements, by `file.name`. The first use of one reads its file, because a command needs a few of them.

    Raises:
        KeyError: on look-up of a name that is in no file.
    """

    def __missing__(self, name: str) -> Statement:
        file, _, word = name.partition(".")
        texts = queries(file, ENGINE)
        found = compiled(texts[word])
        self.update({f"{file}.{each}": compiled(text) for each, text in texts.items()})
        return found

    def read_all(self) -> None:
        """Read each file that is there, for a process that lives long."""
        self.update({name: compiled(text) for name, text in all_queries(ENGINE).items()})


@cache
def statements() -> Statements:
    """Those of this process."""
    return Statements()


def compiled(text: str) -> Statement:
    """The statement for a *text* of sql/."""
    names = tuple(dict.fromkeys(_LIST.findall(text)))
    return Statement(_LIST.sub(r"(SELECT value FROM json_each(:\1))", text), names)


class SqliteSession:
    """
    Named statements on *connection*; new destinations get their numbers by *destination_ids*.

    `execute` runs a text, one after another: the session belongs to one thread, which finishes each before the next. It
    has one cursor for all, because to make one for each costs a third of a short statement.
    """

    def __init__(self, connection: apsw.Connection, path: Path, destination_ids: DestinationIds) -> None:
        self.connection = connection
        self.path = path
        self.destination_ids = destination_ids
        cursor = connection.cursor()
        self.execute: Callable[..., apsw.Cursor] = cursor.execute
        self.execute_many: Callable[..., apsw.Cursor] = cursor.executemany
        self._statements = statements()
        self._changes = connection.changes
        self._last_rowid = connection.last_insert_rowid

    @property
    def location(self) -> str:
        """The file."""
        return str(self.path)

    def rows(self, name: str, bindings: Bindings = ()) -> list[Row]:
        """See `engine.Selects`; the cursor ends here, in the thread that made it."""
        text, lists = self._statements[name]
        return self.execute(text, _packed(bindings, lists) if lists else bindings).fetchall()

    def value(self, name: str, bindings: Bindings = ()) -> Any:
        """See `engine.Selects`."""
        found = self.rows(name, bindings)
        return found[0][0] if found else None

    def records(self, name: str, bindings: Bindings = ()) -> Iterator[dict[str, Any]]:
        """See `engine.Selects`; between two rows other statements may run."""
        text, lists = self._statements[name]
        cursor = self.connection.execute(text, _packed(bindings, lists) if lists else bindings)
        for row in cursor:
            yield dict(zip((column[0] for column in cursor.get_description()), row, strict=True))

    @contextlib.contextmanager
    def one_instant(self) -> Iterator[None]:
        """See `engine.Selects`."""
        self.execute("BEGIN")
        try:
            yield
        finally:
            if self.connection.in_transaction:
                self.execute("COMMIT")

    def run(self, name: str, bindings: Bindings = ()) -> int:
        """See `engine.Session`."""
        text, lists = self._statements[name]
        self.execute(text, _packed(bindings, lists) if lists else bindings)
        return self._changes()

    def run_each(self, name: str, rows: Iterable[Bindings]) -> None:
        """See `engine.Session`; its statements take no lists."""
        self.execute_many(self._statements[name].text, rows)

    def insert(self, name: str, bindings: Bindings = ()) -> int:
        """See `engine.Session`; the number is the rowid where SQLite's own text has no RETURNING."""
        found: list[Row] = self.execute(self._statements[name].text, bindings).fetchall()
        return found[0][0] if found else self._last_rowid()

    def destination_id(self, name: str) -> int:
        """See `engine.Session`."""
        return self.destination_ids.known.get(name) or self.destination_ids.find(self, name)

    def at_end(self, act: Callable[[Session, list[T]], None], subject: T) -> None:
        """See `engine.Session`."""
        act(self, [subject])


class WritingSession(SqliteSession):
    """That of a Writer: what many writes of a transaction end with is one statement for all of them."""

    def __init__(self, connection: apsw.Connection, path: Path, destination_ids: DestinationIds) -> None:
        super().__init__(connection, path, destination_ids)
        self._subjects: dict[Callable[[Session, list[Any]], None], list[Any]] = {}

    def at_end(self, act: Callable[[Session, list[T]], None], subject: T) -> None:
        """See `engine.Session`."""
        self._subjects.setdefault(act, []).append(subject)

    def end(self) -> None:
        """Do what was left to the end."""
        subjects, self._subjects = self._subjects, {}
        for act, those in subjects.items():
            act(self, those)

    def drop_end(self) -> None:
        """Forget what was left to the end: the transaction is rolled back."""
        self._subjects.clear()


class TranslatingSession(SqliteSession):
    """The same with errors of ours; it is a Reader, or a Visit. `close` calls *at_close*."""

    def __init__(
        self,
        connection: apsw.Connection,
        path: Path,
        destination_ids: DestinationIds,
        *,
        at_close: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(connection, path, destination_ids)
        # A wait for a lock may let another greenlet of the hub use the connection, so that each statement has a cursor.
        self.execute = connection.execute
        self.execute_many = connection.executemany
        self._at_close = at_close

    def rows(self, name: str, bindings: Bindings = ()) -> list[Row]:
        """See `engine.Selects`."""
        with translated(self.path):
            return super().rows(name, bindings)

    def records(self, name: str, bindings: Bindings = ()) -> Iterator[dict[str, Any]]:
        """See `engine.Selects`."""
        with translated(self.path):
            yield from super().records(name, bindings)

    def run(self, name: str, bindings: Bindings = ()) -> int:
        """See `engine.Session`."""
        with translated(self.path):
            return super().run(name, bindings)

    def insert(self, name: str, bindings: Bindings = ()) -> int:
        """See `engine.Session`."""
        with translated(self.path):
            return super().insert(name, bindings)

    def transaction(self) -> contextlib.AbstractContextManager[None]:
        """See `engine.Visit`."""
        return transaction(self.connection)

    def rows_where(self, name: str, condition: Condition, bindings: Mapping[str, Any]) -> list[Row]:
        """See `engine.Visit`."""
        parts = ["1", *(self._statements[f"selection.{word}"].text for word in condition.names)]
        lists = {name for word in condition.names for name in self._statements[f"selection.{word}"].lists}
        if condition.where is not None:
            parts.append(f"(\n{condition.where}\n)")
        text, own_lists = self._statements[name]
        text = text.replace("{condition}", " AND ".join(parts))
        bound = _packed({**condition.bindings, **bindings}, (*lists, *own_lists))
        with translated(self.path):
            if condition.where is None:
                return self.execute(text, bound).fetchall()
            with guard.reading_only(self.connection, condition.view):
                return self.execute(text, bound).fetchall()

    def view_page(self, view: OpenView, after: Sequence[Any] | None, limit: int) -> list[dict[str, Any]]:
        """See `engine.Visit`."""
        return self._view_rows(view, *view_text.page_text(view, after, limit))

    def view_rows(self, view: OpenView, key: Mapping[str, Any]) -> list[dict[str, Any]]:
        """See `engine.Visit`."""
        return self._view_rows(view, *view_text.rows_text(view, key))

    def last_key(self, view: OpenView) -> Any:
        """See `engine.Visit`."""
        with translated(self.path):
            return self.execute(*view_text.last_text(view)).fetchall()[0][0]

    def insert_row(self, view: OpenView, values: Mapping[str, Any]) -> None:
        """See `engine.Visit`."""
        self._change(*view_text.insert_text(view, values))

    def update_row(self, view: OpenView, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """See `engine.Visit`."""
        self._change(*view_text.update_text(view, key, values))

    def delete_row(self, view: OpenView, key: Mapping[str, Any]) -> None:
        """See `engine.Visit`."""
        self._change(*view_text.delete_text(view, key))

    def _view_rows(self, view: OpenView, text: str, bindings: Mapping[str, Any]) -> list[dict[str, Any]]:
        with translated(self.path):
            return [dict(zip(view.columns, row, strict=True)) for row in self.execute(text, dict(bindings)).fetchall()]

    def _change(self, text: str, bindings: Mapping[str, Any]) -> None:
        with translated(self.path):
            self.execute(text, dict(bindings)).fetchall()

    def text_of(self, name: str, bindings: Mapping[str, Any], condition: Condition | None = None) -> str:
        """See `engine.Visit`."""
        text = self._statements[name].text
        values = dict(bindings)
        if condition is not None:
            parts = [self._statements[f"selection.{word}"].text for word in condition.names]
            text = _CONDITION.sub("".join(f"\n   AND {part}" for part in parts), text)
            values |= condition.bindings
        return _PARAMETER.sub(lambda match: apsw.format_sql_value(values[match[1]]), text)

    def check_condition(self, condition: Condition) -> None:
        """See `engine.Visit`."""
        if condition.where is not None:
            guard.check_instants(condition.where)
            text = self._statements[f"selection.probe_of_{condition.view}"].text
            with translated(self.path), guard.reading_only(self.connection, condition.view):
                self.execute(text.replace("{condition}", condition.where), {}).fetchall()

    def news(self) -> int:
        """See `engine.Reader`."""
        return int(self.value("lease.data_version"))

    def settled(self, table: Numbered) -> int:
        """See `engine.Reader`; with one writer at a time, numbers come in the order of commits."""
        return int(self.value(f"numbers.last_{table}"))

    def close(self) -> None:
        """See `engine.Reader`."""
        self.connection.close()
        self._at_close()


def _packed(bindings: Bindings, lists: Iterable[str]) -> dict[str, Any]:
    assert isinstance(bindings, Mapping), "a statement with a list has named parameters"
    return {**bindings, **{name: _json(list(bindings[name])) for name in lists}}


def _json(values: list[Any]) -> str:
    try:
        return orjson.dumps(values).decode()
    except TypeError:  # text with a lone surrogate, which is equal to no text of the queue
        return json.dumps(values)
