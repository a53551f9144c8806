"""
session - named statements on one connection to PostgreSQL

The texts come from sql/. `:name` and `?` become parameters of psycopg, and a list that the text names by `IN (:name[])`
becomes an array. A PostgresSession lets the errors of psycopg through, because the Writer distinguishes them; a
TranslatingSession turns each into one of ours.
"""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

import psycopg

from empath.storage.engine import Bindings, Numbered, Row, Session, T
from empath.storage.postgresql.connection import Connection, translated
from empath.storage.postgresql.destination_ids import DestinationIds
from empath.storage.postgresql.numbers import Tail
from empath.storage.queries import all_queries

ENGINE: Final = "postgresql"
_TYPES: Final = {"": "bigint", "text": "text"}
_NOT_IN = re.compile(r"\bNOT IN \(:(\w+)\[(text)?\]\)")
_IN = re.compile(r"\bIN \(:(\w+)\[(text)?\]\)")
_OCTETS = re.compile(r"(?<![:\w]):([a-z]\w*)(?=::bytea\[\])")
_NAMED = re.compile(r"(?<![:\w]):([a-z]\w*)")
_TEXT = re.compile(r"('(?:[^']|'')*')")  # a literal, in which nothing is a parameter


@cache
def statements() -> Mapping[str, str]:
    """All named statements, by `file.name`, as psycopg takes them."""
    return {name: compiled(text) for name, text in all_queries(ENGINE).items()}


def compiled(text: str) -> str:
    """The statement for a *text* of sql/."""
    text = text.replace("%", "%%")
    text = _NOT_IN.sub(lambda match: f"<> ALL(%({match[1]})s::{_TYPES[match[2] or '']}[])", text)
    text = _IN.sub(lambda match: f"= ANY(%({match[1]})s::{_TYPES[match[2] or '']}[])", text)
    pieces = _TEXT.split(text)
    pieces[::2] = [_NAMED.sub(r"%(\1)s", piece).replace("?", "%s") for piece in map(_octets, pieces[::2])]
    return "".join(pieces)


def _octets(piece: str) -> str:
    """Lists of octets go as they are: as text they would be twice as long."""
    return _OCTETS.sub(r"%(\1)b", piece)


class PostgresSession:
    """Named statements on *connection*; destinations have their numbers from *destination_ids*."""

    def __init__(self, connection: Connection, location: str, destination_ids: DestinationIds) -> None:
        self.connection = connection
        self.destination_ids = destination_ids
        self._location = location
        self._statements = statements()

    @property
    def location(self) -> str:
        """Server and database."""
        return self._location

    def rows(self, name: str, bindings: Bindings = ()) -> list[Row]:
        """See `engine.Selects`."""
        cursor = self._execute(name, bindings)
        return cursor.fetchall() if cursor.description is not None else []

    def value(self, name: str, bindings: Bindings = ()) -> Any:
        """See `engine.Selects`."""
        found = self.rows(name, bindings)
        return found[0][0] if found else None

    def records(self, name: str, bindings: Bindings = ()) -> Iterator[dict[str, Any]]:
        """See `engine.Selects`."""
        cursor = self._execute(name, bindings)
        names = [column.name for column in cursor.description or ()]
        for row in cursor:
            yield dict(zip(names, row, strict=True))

    @contextlib.contextmanager
    def one_instant(self) -> Iterator[None]:
        """See `engine.Selects`."""
        self.connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield
        finally:
            if not self.connection.broken:
                self.connection.execute("COMMIT")

    def run(self, name: str, bindings: Bindings = ()) -> int:
        """See `engine.Session`."""
        return max(self._execute(name, bindings).rowcount, 0)

    def run_each(self, name: str, rows: Iterable[Bindings]) -> None:
        """See `engine.Session`."""
        with self.connection.cursor() as cursor:
            cursor.executemany(self._statements[name], rows)

    def insert(self, name: str, bindings: Bindings = ()) -> int:
        """See `engine.Session`."""
        [(number,)] = self.rows(name, bindings)
        return int(number)

    def destination_id(self, name: str) -> int:
        """See `engine.Session`; the Writer has found the numbers of all that its writes name."""
        return self.destination_ids.known.get(name) or self.destination_ids.find(self, name)

    def at_end(self, act: Callable[[Session, list[T]], None], subject: T) -> None:
        """See `engine.Session`; its Writer says by itself what is said for many at once."""
        act(self, [subject])

    def _execute(self, name: str, bindings: Bindings) -> "psycopg.Cursor[Row]":
        return self.connection.execute(self._statements[name], bound(bindings))


class TranslatingSession(PostgresSession):
    """The same with errors of ours; it is a Reader."""

    def rows(self, name: str, bindings: Bindings = ()) -> list[Row]:
        """See `engine.Selects`."""
        with translated(self.location):
            return super().rows(name, bindings)

    def records(self, name: str, bindings: Bindings = ()) -> Iterator[dict[str, Any]]:
        """See `engine.Selects`."""
        with translated(self.location):
            yield from super().records(name, bindings)

    def run(self, name: str, bindings: Bindings = ()) -> int:
        """See `engine.Session`."""
        with translated(self.location):
            return super().run(name, bindings)

    def insert(self, name: str, bindings: Bindings = ()) -> int:
        """See `engine.Session`."""
        with translated(self.location):
            return super().insert(name, bindings)

    def run_each(self, name: str, rows: Iterable[Bindings]) -> None:
        """See `engine.Session`."""
        with translated(self.location):
            super().run_each(name, rows)

    @contextlib.contextmanager
    def one_instant(self) -> Iterator[None]:
        """See `engine.Selects`."""
        with translated(self.location), super().one_instant():
            yield

    def news(self) -> int:
        """See `engine.Reader`."""
        return int(self.value("lease.news"))

    def _last(self, table: Numbered) -> int:
        return int(self.value(f"numbers.last_{table}"))

    def _writers(self, table: Numbered) -> frozenset[str]:
        return frozenset(writer for (writer,) in self.rows("numbers.writers", {"name": f"_{table}"}))

    def close(self) -> None:
        """See `engine.Reader`."""
        self.connection.close()


class KeptReader(TranslatingSession):
    """A Reader that a process keeps for its whole life: it connects anew once the server has ended its connection."""

    def __init__(self, connect: Callable[[], Connection], location: str, destination_ids: DestinationIds) -> None:
        """*connect* makes a connection."""
        super().__init__(connect(), location, destination_ids)
        self._connect = connect
        self._is_at_one_instant = False
        self._tails: dict[Numbered, Tail] = {}

    def settled(self, table: Numbered) -> int:
        """See `engine.Reader`; each call is one look, see `numbers`."""
        assert not self._is_at_one_instant, "an old snapshot does not show who has committed since"
        tail = self._tails.setdefault(table, Tail())
        last = self._last(table)
        if last > tail.settled:
            tail.look(last, self._writers(table))
        return tail.settled

    @contextlib.contextmanager
    def one_instant(self) -> Iterator[None]:
        """See `engine.Selects`."""
        if self.connection.closed:
            self.connection = self._connect()
        self._is_at_one_instant = True
        try:
            with super().one_instant():
                yield
        finally:
            self._is_at_one_instant = False

    def _execute(self, name: str, bindings: Bindings) -> "psycopg.Cursor[Row]":
        if self.connection.closed and not self._is_at_one_instant:
            self.connection = self._connect()
        try:
            return super()._execute(name, bindings)
        except psycopg.OperationalError:
            if self._is_at_one_instant or not self.connection.closed:
                raise
        self.connection = self._connect()
        return super()._execute(name, bindings)


def bound(bindings: Bindings) -> Bindings:
    """A tuple is a row for psycopg, and a list an array."""
    if isinstance(bindings, Mapping):
        return {
            name: list(value) if isinstance(value, Sequence) and not isinstance(value, str | bytes) else value
            for name, value in bindings.items()
        }
    return bindings
