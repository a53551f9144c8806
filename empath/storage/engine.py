"""
engine - the interface of the database that keeps the queue

THEORY
    An Engine is one queue as one process sees it.  It is made after the fork, and opens nothing until it is used.  It
    gives Readers, which a process may keep for its whole life; one Writer, which runs Writes in transactions; and
    Visits, which are the connections of people's commands.  All of them run the statements of sql/ by name,
    `file.name`.  Every engine understands the statements in sql/queries/; those in sql/<engine>/queries/ are for one
    engine.

HOUSE RULES
    No module here, in `queue` or in `admin` imports an engine, except `open.py`, which imports the engine in use.  A
    list is bound as a Python list where the statement says `IN (:name[])` or `IN (:name[text])`.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeVar

from empath.policy.health import Diagnosis
from empath.policy.long_transactions import Holder
from empath.storage.open_views import OpenView

if TYPE_CHECKING:  # a Write runs against a Session: each knows the other by its type only
    from empath.storage.write import Write

T = TypeVar("T")
Bindings = Mapping[str, Any] | Sequence[Any]
Row = tuple[Any, ...]
Sleep = Callable[[float], object]
Numbered = Literal["audit", "attempt", "message"]  # tables whose rows are followed by their numbers
PublicView = Literal["queue", "history", "attempt", "destination", "audit"]


class NewDestination(NamedTuple):
    """What the row of a new destination begins with; suspended_until in Unix seconds."""

    max_leases: int
    suspended_until: float | None = None
    suspended_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """
    Conditions over the columns of a public view, which must all hold.

    Shape: names are statements of sql/queries/selection.sql, bindings their values; where is SQL that a person wrote.
    """

    view: PublicView
    names: tuple[str, ...]
    bindings: Mapping[str, Any]
    where: str | None = None


class Selects(Protocol):
    """Named statements that read."""

    @property
    def location(self) -> str:
        """The place of the queue, as messages to people name it."""

    def rows(self, name: str, bindings: Bindings = ()) -> list[Row]:
        """All rows."""

    def value(self, name: str, bindings: Bindings = ()) -> Any:
        """The value of a statement that gives at most one row of one column; None if it gives no row."""

    def records(self, name: str, bindings: Bindings = ()) -> Iterator[dict[str, Any]]:
        """All rows, each as a dict by column name."""

    def one_instant(self) -> AbstractContextManager[None]:
        """Let all statements in the `with` see the queue as it was at one instant."""


class Reader(Selects, Protocol):
    """
    A connection that only reads, which a process may keep for its whole life.

    Raises:
        QueueBusy, StorageFailure, UnusableQueue: the queue cannot be read; every method may raise these.
    """

    def news(self) -> int:
        """A number that changes when another connection, of any program, has committed."""

    def settled(self, table: Numbered) -> int:
        """
        The number up to which no row will be added to *table* any more; 0: there was none.

        Who has read up to it, and reads on from it later, misses no row. Not to be asked inside `one_instant`.
        """

    def close(self) -> None:
        """Close the connection."""


class Session(Selects, Protocol):
    """Named statements that write, inside the transaction of a Writer or a Visit."""

    def run(self, name: str, bindings: Bindings = ()) -> int:
        """Run, and return the number of rows that the last statement changed."""

    def run_each(self, name: str, rows: Iterable[Bindings]) -> None:
        """Run once for each of *rows*."""

    def insert(self, name: str, bindings: Bindings = ()) -> int:
        """Insert one row and return its number; a statement of sql/queries/ gives the number by RETURNING."""

    def destination_id(self, name: str) -> int:
        """Number of the destination *name*; a new destination is inserted."""

    def at_end(self, act: "Callable[[Session, list[T]], None]", subject: T) -> None:
        """
        Let *act* have all subjects that were given with it, in their order, once every write of the transaction has
        run; an engine may do it at once with each.
        """


class Visit(Session, Protocol):
    """The connection of a person's command; the queue has the schema of this program."""

    def transaction(self) -> AbstractContextManager[None]:
        """Commit the writes in the `with` at its end, or roll them back if it raises."""

    def settled(self, table: Numbered) -> int:
        """
        As `Reader.settled`, for the last row that is there now: it waits for those who write.

        Raises:
            QueueBusy: somebody did not end for some seconds.
        """

    def rows_where(self, name: str, condition: Condition, bindings: Mapping[str, Any]) -> list[Row]:
        """
        Rows of a statement with *condition* in the place of `{condition}`.

        Raises:
            UsageError: the person's SQL is not an expression over the view, or does not only read.
        """

    def view_page(self, view: OpenView, after: Sequence[Any] | None, limit: int) -> list[dict[str, Any]]:
        """Up to *limit* rows of *view* behind the key *after*, by key; None: from the first on."""

    def view_rows(self, view: OpenView, key: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows of *view* with *key*, some of its columns or all."""

    def last_key(self, view: OpenView) -> Any:
        """The greatest key of *view*, whose key has one column; None without rows."""

    def insert_row(self, view: OpenView, values: Mapping[str, Any]) -> None:
        """Add a row to *view*."""

    def update_row(self, view: OpenView, key: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """Set *values* of the row of *view* with *key*."""

    def delete_row(self, view: OpenView, key: Mapping[str, Any]) -> None:
        """Remove the row of *view* with *key*."""

    def text_of(self, name: str, bindings: Mapping[str, Any], condition: Condition | None = None) -> str:
        """The statement with its values in it, for a person to run; *condition* has no SQL of a person."""

    def check_condition(self, condition: Condition) -> None:
        """
        Check that the person's SQL, if there is any, is one expression that only reads.

        Raises:
            UsageError: it is not.
        """


class Writer(Protocol):
    """The write side of the queue in one process: many Writes to a commit, in one thread."""

    def submit(self, *writes: "Write") -> None:
        """Add writes, which share a commit unless it gets too heavy; each comes back through `finished()`."""

    def stop(self) -> None:
        """End `run()` after the writes submitted so far."""

    def finished(self) -> "deque[Write]":
        """Finished writes, oldest first; the reader removes them from the left."""

    def run(self) -> None:
        """Body of the thread: commit until `stop()`."""

    def execute(self, batch: "list[Write]") -> None:
        """Run *batch* in one transaction, in the calling thread; each write's `error` tells how it went."""


class Engine(Protocol):
    """
    A queue, as one process sees it.

    Shape: has_one_instance is True where the lock of an instance keeps every other process away from the queue, those
    of other hosts included. destinations_stay is True where no destination is ever removed.
    """

    has_one_instance: bool
    destinations_stay: bool

    @property
    def location(self) -> str:
        """The place of the queue, as messages to people name it."""

    def begin_destinations(self, begin_with: Callable[[str], NewDestination]) -> None:
        """
        From now on a new destination begins as *begin_with* says for its name.

        It is called in the thread of the writer, and counts for writers and visits that are opened after this.
        """

    def prepare(self, user: str | None, *, say: Callable[[str], object]) -> None:
        """
        Check that the queue can be used, and make or migrate it; *user* owns it when root starts Empath.

        *say* is called with each sentence for the person who starts Empath.

        Raises:
            EmpathError: the queue cannot be used; the text says why and what to do.
        """

    def open_reader(self, *, deadline_s: float = 5.0) -> Reader:
        """
        Open a connection that only reads.

        Raises:
            UnusableQueue: the queue has the schema of another version.
            StorageFailure: it cannot be opened.
        """

    def open_writer(self, *, deadline_s: float, notify: Callable[[], object], sleep: Sleep, look_s: float) -> Writer:
        """
        Make the writer; it connects when it first writes.

        *deadline_s* bounds the wait for other writers. *notify* is called after each transaction. *sleep* must block
        only the calling thread. *look_s* is the least time between two looks whether the queue is where it was.
        """

    def visiting(self, write_deadline_s: float | None) -> AbstractContextManager[Visit]:
        """
        A person's connection for the time of a `with`.

        It writes, waiting at most *write_deadline_s* for other writers, or reads only if that is None.

        Raises:
            MissingInput: there is no such queue.
            PermissionRefused: this user may not use it as asked.
            UnusableQueue: it is not a queue, or one of another schema.
            ServiceUnavailable: the engine cannot be trusted with it.
            QueueBusy: others wrote until the deadline.
            StorageFailure: it cannot be read or written.
        """

    def visiting_any_version(self) -> AbstractContextManager[Visit]:
        """
        As `visiting(None)`, also for a queue of an older schema: for statements that every schema understands.

        Raises:
            EmpathError: see `visiting`.
        """

    def copy(self, visit: Selects, target: Path, on_progress: Callable[[int, int], object]) -> None:
        """
        Copy the queue as *visit* sees it to the new file *target*, durably; *visit* is in `one_instant`.

        *on_progress* is called with the part that is done, and the whole.

        Raises:
            CannotCreate: *target* exists, or cannot be made.
            StorageFailure: the disk is full or failed.
        """

    def export_message(self, target: Path, message_id: int) -> None:
        """
        Make the queue *target* from one message, and what decides about it.

        Raises:
            CannotCreate, StorageFailure: it cannot be made.
        """

    def leave_out(self, stand_in: bytes, digest: str, masks: Mapping[str, str]) -> None:
        """
        Put *stand_in*, whose SHA-256 is *digest*, in the place of all content, and mask the addresses in *masks*.

        Raises:
            StorageFailure: it cannot be changed.
        """

    def close_log(self) -> None:
        """
        Put all of the queue, which nobody has open, into its one file.

        Raises:
            UnusableQueue, StorageFailure: it cannot be done.
        """

    def known_schema(self) -> int:
        """The newest schema that this program knows."""

    def check_version(self) -> None:
        """
        Check that a start would take the queue: there is none, or it has a schema that this program knows.

        Raises:
            UnusableQueue: it is newer, or not a queue.
            EmpathError: see `visiting`.
        """

    def run_shell(self, statements: Sequence[str], *, write_deadline_s: float | None, masks: bool = False) -> None:
        """
        Run SQL that a person wrote: *statements*, or standard input if there are none.

        *masks*: it reads the public views only, and addresses in them are masked.

        Raises:
            StatementRefused: a statement failed; those before it are done.
            EmpathError: see `visiting`.
        """

    def system_shell(self, arguments: Sequence[str], *, writes: bool) -> list[str]:
        """
        Program and arguments of the system's own SQL shell on the queue; it can only read unless it *writes*.

        Raises:
            MissingInput: the shell, its settings or the queue is not there.
            PermissionRefused, UnusableQueue, StorageFailure: see `visiting`.
        """

    def diagnose_place(self, user: str | None, *, wanted_octets: int, log_limit_octets: int) -> Iterator[Diagnosis]:
        """Whether engine, place and disk are fit; nothing is made or changed."""

    def diagnose_owners(self, user: str | None) -> Iterator[Diagnosis]:
        """The part of `diagnose_place` about the place itself: its kind, owners and modes."""

    def diagnose_editors(self, visit: Selects) -> Diagnosis:
        """Whether programs that could damage the queue have changed it."""

    def differing_objects(self, visit: Selects) -> list[str]:
        """Views and triggers of Empath that were dropped or changed."""

    def diagnose_schema(self, visit: Selects) -> Diagnosis:
        """Whether the views and triggers are those of this version."""

    def diagnose_free_pages(self, visit: Selects) -> Diagnosis:
        """Whether the space of removed mail can be given back to the disk."""

    def check_place(self) -> None:
        """
        Check that the queue is still the one that this process began with. Each commit checks it, too.

        Raises:
            StorageFailure: it was removed or replaced; nothing that this process writes would last.
        """

    def lock_waits(self) -> int:
        """How often this process found the write lock taken by another one, or another thread."""

    def free_octets(self) -> int:
        """
        Octets by which the queue may still grow.

        Raises:
            OSError: the disk cannot be asked.
        """

    def log_octets(self) -> int:
        """Octets in the log: changes that are committed and not yet in the database file."""

    def cut_log(self, *, deadline_s: float, sleep: Sleep) -> bool:
        """
        Copy the log into the database file and truncate it, blocking; False if a reader needs the log.

        Raises:
            StorageFailure: the disk failed.
        """

    def log_keepers(self) -> tuple[str, ...]:
        """Other processes that may need the log now, each as `pid (name)`."""

    def transactions(self) -> frozenset[Holder]:
        """Other processes that have a transaction now, as far as the system shows them."""

    def unused_octets(self, reader: Reader) -> int:
        """Octets of the disk that the queue has and does not use."""

    def return_space(self) -> "Write":
        """The write that returns some unused octets to the disk."""

    def number_events(self, reader: Reader) -> "Write | None":
        """The write that gives numbers to some events that were committed without one; None if there are none."""

    def keep_plans(self, reader: Reader) -> "Write | None":
        """The write that removes statistics, if there are any: they would change the tested query plans."""
