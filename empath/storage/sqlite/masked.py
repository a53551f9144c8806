"""
masked - the views of a queue for people who may not see whose mail it is

THEORY
    The person's SQL runs in a database of its own, in memory, that has nothing but virtual tables: one for each public
    view, with the same columns.  These read the queue by another connection.  So no name, comment or trick of SQL leads
    to a table of the queue: its file is not open where the SQL runs, and an authorizer refuses to open any other.

    In every text the local parts of addresses are masked, and so are names of accounts (policy/masking.py).  Columns
    that repeat what people wrote are empty, and members of JSON with such a name are left out.  A condition is checked
    on what is shown; only those on numbers, ids and the like also narrow what is read, because a mask never changes
    these.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import apsw

from empath.policy.masking import masked_value
from empath.storage.sqlite.migration import public_views

NARROWING: Final = frozenset({
    "id", "recipient_id", "attempt_id", "audit_id", "event_id", "plan_id", "feedback_id", "refusal_id", "process_id",
    "transcript_id", "status", "domain", "destination", "revision", "number",
})  # fmt: skip
_SHOWN: Final = {("audit", "object"): "iif(what LIKE 'account%', substr(object, 1, 1) || '…', object)"}  # its name
_OPERATORS: Final = {
    apsw.SQLITE_INDEX_CONSTRAINT_EQ: "=",
    apsw.SQLITE_INDEX_CONSTRAINT_GT: ">",
    apsw.SQLITE_INDEX_CONSTRAINT_GE: ">=",
    apsw.SQLITE_INDEX_CONSTRAINT_LT: "<",
    apsw.SQLITE_INDEX_CONSTRAINT_LE: "<=",
}
_READING: Final = frozenset({apsw.SQLITE_SELECT, apsw.SQLITE_READ, apsw.SQLITE_FUNCTION, apsw.SQLITE_RECURSIVE})
_LISTS: Final = frozenset({"function_list", "collation_list"})  # what the shell of apsw asks for, to complete words
_MOST_COLUMNS: Final = 63  # above this number SQLite does not tell columns apart


def masked_connection(queue: apsw.Connection) -> apsw.Connection:
    """A connection that has the public views of *queue*, masked, and nothing else."""
    connection = apsw.Connection(":memory:")
    connection.enable_load_extension(False)
    for name in public_views():
        module: Any = _Module(queue)  # apsw's protocol names parameters that are of no use here
        connection.create_module(name, module, use_bestindex_object=True, eponymous_only=True, read_only=True)
    connection.authorizer = _authorize
    return connection


def _authorize(operation: int, name: str | None, *_: str | None) -> int:
    is_list = operation == apsw.SQLITE_PRAGMA and name in _LISTS
    return apsw.SQLITE_OK if operation in _READING or is_list else apsw.SQLITE_DENY


class _Module:
    """The virtual tables; each has the columns of the view whose name it has."""

    def __init__(self, queue: apsw.Connection) -> None:
        self._queue = queue

    def Connect(
        self, _connection: apsw.Connection, name: str, _database: str, _table: str, *_: Any
    ) -> "tuple[str, _Table]":
        """Columns and table."""
        columns = [column for (column,) in self._queue.execute("SELECT name FROM pragma_table_info(?)", (name,))]
        return f"CREATE TABLE x ({', '.join(map(_quoted, columns))})", _Table(self._queue, name, columns)

    Create = Connect


class _Table:
    """One view."""

    def __init__(self, queue: apsw.Connection, name: str, columns: Sequence[str]) -> None:
        self._queue = queue
        self._name = name
        self._columns = columns

    def BestIndexObject(self, index: Any) -> bool:
        """Have the conditions that narrow what is read, and the columns that are wanted."""
        terms = []
        for number in range(index.nConstraint):
            column, operator = index.get_aConstraint_iColumn(number), index.get_aConstraint_op(number)
            if column < 0 or operator not in _OPERATORS or not index.get_aConstraint_usable(number):
                continue
            name = self._columns[column]
            is_binary = index.get_aConstraint_collation(number) == "BINARY"  # as the queue compares
            if is_binary and (name in NARROWING or name.endswith("_unix")):
                terms.append([name, _OPERATORS[operator]])
                index.set_aConstraintUsage_argvIndex(number, len(terms))
        used = [n for n in range(len(self._columns)) if min(n, _MOST_COLUMNS) in index.colUsed]
        index.idxStr = json.dumps([used, terms])
        index.estimatedCost = 1e6 / 1000 ** min(len(terms), 2)
        return True

    def Open(self) -> "_Cursor":
        """A look at it."""
        return _Cursor(self._queue, self._name, self._columns)

    def Disconnect(self) -> None:
        """Nothing is kept."""

    Destroy = Disconnect


class _Cursor:
    """The rows of one look."""

    def __init__(self, queue: apsw.Connection, name: str, columns: Sequence[str]) -> None:
        self._queue = queue
        self._name = name
        self._columns = columns
        self._places: dict[int, int] = {}
        self._rows: Iterator[Any] = iter(())
        self._row: Any = None
        self._number = 0

    def Filter(self, _number: int, plan: str, values: Sequence[Any] | None) -> None:
        """Begin to read, as `BestIndexObject` has planned."""
        used, terms = json.loads(plan)
        self._places = {column: place for place, column in enumerate(used)}
        names = [self._columns[column] for column in used]
        wanted = ", ".join(_SHOWN.get((self._name, name), _quoted(name)) for name in names) or "1"
        where = " AND ".join(f"{_quoted(name)} {operator} ?" for name, operator in terms) or "1"
        statement = f"SELECT {wanted} FROM main.{_quoted(self._name)} WHERE {where}"
        self._rows = iter(self._queue.execute(statement, tuple(values or ())))
        self._number = 0
        self.Next()

    def Next(self) -> None:
        """The next row."""
        self._row = next(self._rows, None)
        self._number += 1

    def Eof(self) -> bool:
        """Whether there is none."""
        return self._row is None

    def Rowid(self) -> int:
        """Its place."""
        return self._number

    def Column(self, number: int) -> Any:
        """One value, masked."""
        if number < 0:
            return self._number
        name = self._columns[number]
        of_account = self._name == "account" and name == "name"
        return masked_value("account" if of_account else name, self._row[self._places[number]])

    def Close(self) -> None:
        """End."""
        self._rows = iter(())


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
