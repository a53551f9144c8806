"""
visit - the connection of a person's command to a queue in PostgreSQL

Conditions and rows of views are those of SQLite. A condition that a person wrote as SQL is refused: to let it only read
takes a role of its own, because a function such as pg_terminate_backend() is a read to PostgreSQL.
"""

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from psycopg import sql

from empath.errors import QueueBusy, UsageError
from empath.storage import view_text
from empath.storage.engine import Bindings, Condition, Numbered, Row
from empath.storage.open_views import OpenView
from empath.storage.postgresql.connection import LOCK_S, Connection, translated
from empath.storage.postgresql.destination_ids import DestinationIds
from empath.storage.postgresql.numbers import Tail
from empath.storage.postgresql.session import ENGINE, TranslatingSession, bound, compiled
from empath.storage.queries import all_queries

_LOOK_S: Final = 0.02  # between two looks at who writes
_CONDITION: Final = re.compile(r"\s+AND \{condition\}")
_PARAMETER: Final = re.compile(r"(?<![:\w]):(\w+)")
_LIST: Final = re.compile(r"\(:(\w+)\[(?:text)?\]\)")


class PostgresVisit(TranslatingSession):
    """See `engine.Visit`."""

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """See `engine.Visit`."""
        with translated(self.location), self.connection.transaction():
            yield

    def settled(self, table: Numbered) -> int:
        """See `engine.Visit`."""
        tail, last, until = Tail(), self._last(table), time.monotonic() + LOCK_S
        while tail.settled < last:
            tail.look(last, self._writers(table))
            if tail.settled < last:
                if time.monotonic() > until:
                    raise QueueBusy(f"{self.location}: another transaction adds to {table}; try again")
                time.sleep(_LOOK_S)
        return last

    def rows_where(self, name: str, condition: Condition, bindings: Mapping[str, Any]) -> list[Row]:
        """See `engine.Visit`."""
        self.check_condition(condition)
        parts = ["true", *(self._statements[f"selection.{word}"] for word in condition.names)]
        text = self._statements[name].replace("{condition}", " AND ".join(parts))
        return self._select(text, {**condition.bindings, **bindings})

    def check_condition(self, condition: Condition) -> None:
        """See `engine.Visit`."""
        if condition.where is not None:
            raise UsageError(f"{self.location}: --where is not built for PostgreSQL yet; use other filters, or psql")

    def text_of(self, name: str, bindings: Mapping[str, Any], condition: Condition | None = None) -> str:
        """See `engine.Visit`."""
        texts, values = all_queries(ENGINE), dict(bindings)
        text = texts[name]
        if condition is not None:
            parts = (texts[f"selection.{word}"] for word in condition.names)
            text = _CONDITION.sub("".join(f"\n   AND {part}" for part in parts), text)
            values |= condition.bindings
        text = _LIST.sub(lambda match: f"({', '.join(map(self._literal, values[match[1]])) or 'NULL'})", text)
        return _PARAMETER.sub(lambda match: self._literal(values[match[1]]), text)

    def view_page(self, view: OpenView, after: Sequence[Any] | None, limit: int) -> list[dict[str, Any]]:
        """See `engine.Visit`."""
        return self._view_rows(view, *view_text.page_text(view, after, limit))

    def view_rows(self, view: OpenView, key: Mapping[str, Any]) -> list[dict[str, Any]]:
        """See `engine.Visit`."""
        return self._view_rows(view, *view_text.rows_text(view, key))

    def last_key(self, view: OpenView) -> Any:
        """See `engine.Visit`."""
        text, bindings = view_text.last_text(view)
        return self._select(compiled(text), bindings)[0][0]

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
        rows = self._select(compiled(text), bindings)
        return [dict(zip(view.columns, row, strict=True)) for row in rows]

    def _change(self, text: str, bindings: Bindings) -> None:
        with translated(self.location):
            self.connection.execute(compiled(text).encode(), bound(bindings))

    def _select(self, text: str, bindings: Bindings) -> list[Row]:
        with translated(self.location):
            return self.connection.execute(text.encode(), bound(bindings)).fetchall()

    def _literal(self, value: Any) -> str:
        return sql.Literal(value).as_string(self.connection)


@contextlib.contextmanager
def visiting(
    connect: Callable[[], Connection], location: str, destination_ids: DestinationIds
) -> Iterator[PostgresVisit]:
    """A connection for the time of a `with`, by *connect*, which raises errors of ours."""
    connection = connect()
    try:
        with translated(location):
            yield PostgresVisit(connection, location, destination_ids)
    finally:
        connection.close()
