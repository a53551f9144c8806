"""
queue - queues for tests: make, fill and inspect them

A Queue is a real database in a directory of the test's own; its writes run in the calling thread through a Writer, as
the writer's thread would run them. It keeps two connections open between calls, the Writer's and one for what other
programs read and write, because each has to parse the schema first, which takes 5 ms. `close()` ends both, so that a
test may fork. Until then the functions that take a path look by the second one, too.

fsck and MORE_VIOLATIONS say what is wrong with a queue, at any instant between two transactions.
"""

import contextlib
import hashlib
import os
import tempfile
import threading
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar
from weakref import WeakValueDictionary

import apsw

from empath.errors import EmpathError
from empath.mail.address import Address, ReversePath
from empath.mail.envelope import Envelope, Recipient
from empath.mail.fate import Attempt, Fate, Said
from empath.mail.identity import QueueId, Timestamp
from empath.mail.outcome import Stage
from empath.mail.reply import Reply
from empath.mail.status import RecipientStatus
from empath.policy.limits.delivery import DeliveryRates
from empath.storage.admin.fsck import examine
from empath.storage.engine import Session
from empath.storage.queue.accept import INLINE, Accept, NewMessage
from empath.storage.queue.lease import Lease, TakeLeases
from empath.storage.queue.process import Register
from empath.storage.queue.settle import Settle
from empath.storage.spool_owner import OWNER
from empath.storage.sqlite.destination_ids import DestinationIds
from empath.storage.sqlite.engine import SqliteEngine
from empath.storage.sqlite.schema import SCHEMA_VERSION, prepare
from empath.storage.sqlite.session import SqliteSession, TranslatingSession
from empath.storage.write import Write
from tests.kit.waiting import kept

W = TypeVar("W", bound=Write)
Dump = dict[str, list[tuple[Any, ...]]]
T0 = 1_700_000_000.0  # the instant at which these queues begin
LIFETIME_S = 0.0  # zero, so that any attempt may expire a recipient


def said_by_host(line: str) -> Reply:
    """The reply in *line*, as if another host had sent it."""
    return replace(Reply.of(line), is_from_host=True)


REPLIES = {
    RecipientStatus.DELIVERED: said_by_host("250 2.0.0 Ok"),
    RecipientStatus.DEFERRED: said_by_host("451 4.7.1 greylisted"),
    RecipientStatus.BOUNCED: said_by_host("550 5.1.1 no such mailbox"),
    RecipientStatus.EXPIRED: said_by_host("451 4.7.1 greylisted"),
}

# States that fsck leaves to time or to people. No operation of Empath may cause them.
MORE_VIOLATIONS = {
    "held recipient without content": """
        SELECT recipient_id FROM _recipient AS r JOIN _message AS m USING (message_id)
         WHERE r.status = 'held'
           AND (m.content_locator IS NULL
                OR m.content_locator = 'inline'
                   AND NOT EXISTS (SELECT 1 FROM _content WHERE message_id = m.message_id))""",
}


def new_queue(path: Path, slot: str = "") -> bytes:
    """
    Make the database at *path* as `prepare` makes it: a copy, because to run the schema's SQL costs much more. It has
    process 1 in *slot*, if that has a name. Returns the octets of the file.
    """
    octets = _octets_of_a_new_queue(slot)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640), "wb") as file:
        file.write(octets)
    return octets


@cache
def _octets_of_a_new_queue(slot: str = "") -> bytes:
    """With a process in *slot*, if it has a name; that process has the number 1."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "queue.db"
        prepare(path)
        if slot:
            Queue(path, slot=slot).close()
        return path.read_bytes()


def select(path: Path, statement: str, *bindings: Any) -> list[tuple[Any, ...]]:
    """
    Rows of one statement, by a connection that lives only for it, for a wait that asks again and again, or as long as
    the `Queue` at *path*. A statement that sets up its connection has one of its own.
    """
    with _opening(path) if "PRAGMA" in statement else _looking(path) as connection:
        return connection.execute(statement, bindings).fetchall()


def write(path: Path, statement: str, *bindings: Any) -> None:
    """Change the file by a foreign connection."""
    select(path, statement, *bindings)


def connection_of(session: Session) -> apsw.Connection:
    """The connection of the writer, for a test's own write."""
    assert isinstance(session, SqliteSession)
    return session.connection


def give_spool(path: Path, at: float = 0.0) -> None:
    """Make the spool next to *path* that of the queue since the instant *at*: older files are not its own."""
    key = str(QueueId.make(Timestamp(at), bytes(10)))
    write(path, "INSERT OR REPLACE INTO _setting (name, value) VALUES ('spool_owner', ?)", key)
    (path.parent / "spool").mkdir(mode=0o750, exist_ok=True)
    (path.parent / "spool" / OWNER).write_text(f"{key}\n")


def violations(path: Path) -> Dump:
    """What is wrong with the database at *path*; empty if nothing is."""
    return inspect(path)[1]


def dump(path: Path) -> Dump:
    """Every row of every table, with what defines them and the settings that the file carries."""
    with _looking(path) as connection:
        return _rows_of(connection)


def inspect(path: Path) -> tuple[Dump, Dump]:
    """
    `dump` and `violations` in one look; a file of an older schema has no violations, because no check understands it.
    """
    with _looking(path) as connection:
        is_of_today = connection.pragma("user_version") == SCHEMA_VERSION
        return _rows_of(connection), wrong_with(connection) if is_of_today else {}


def _rows_of(connection: apsw.Connection) -> Dump:
    schema = connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name").fetchall()
    tables = [str(name) for kind, name, _ in schema if kind == "table"]
    whole: Dump = {name: connection.execute(f'SELECT * FROM "{name}" ORDER BY 1').fetchall() for name in tables}
    pragmas = ("user_version", "application_id", "journal_mode", "page_size", "auto_vacuum")
    return {**whole, "schema": schema, "pragmas": [(name, connection.pragma(name)) for name in pragmas]}


def wrong_with(connection: apsw.Connection) -> Dump:
    """`violations` by an existing connection."""
    wrong: Dump = {}
    session = TranslatingSession(connection, Path(connection.filename), DestinationIds(0))
    for finding in examine(session, now=0.0, spool=None):
        wrong.setdefault(finding.check, []).append((finding.explanation,))
    for claim, statement in MORE_VIOLATIONS.items():
        if found := connection.execute(statement).fetchall():
            wrong[claim] = found
    return wrong


def _looking(path: Path) -> contextlib.AbstractContextManager[apsw.Connection]:
    queue = _QUEUES.get(path)
    if queue is not None and queue.is_open_here():
        return contextlib.nullcontext(queue.foreign())
    return kept((path, _inode(path)), lambda: _opening(path))


def _opening(path: Path) -> contextlib.AbstractContextManager[apsw.Connection]:
    return contextlib.closing(_opened(path))


def _inode(path: Path) -> int:
    """Another file at this place is another queue."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0  # the opening says what is wrong


def _opened(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(10_000)  # a running instance writes too
    connection.pragma("synchronous", 0)  # its checkpoint may be lost, because it reads a copy
    return connection


def _here() -> tuple[int, int]:
    return os.getpid(), threading.get_ident()


class Queue:
    """
    One queue at *path*, with one process registered in *slot* as `process_id`.

    Destinations have *max_leases* slots.
    """

    def __init__(self, path: Path, *, max_leases: int = 20, slot: str = "worker-1") -> None:
        self.path = path
        self._made = b"" if path.exists() else new_queue(path, slot)
        if not self._made:
            prepare(path)
        self.engine = SqliteEngine(path, max_leases=max_leases)
        self._writer = self.engine.open_writer(deadline_s=5.0, notify=lambda: None)
        self.destination_ids = self._writer.destination_ids
        self._messages = 0
        self._foreign: tuple[apsw.Connection, os.stat_result] | None = None
        self._open_in: tuple[int, int] | None = None
        _QUEUES[path] = self
        self.process_id = 1 if self._made else self.register(slot)

    def is_untouched(self) -> bool:
        """Whether the queue is closed, and the file still as it was made."""
        return not os.path.exists(f"{self.path}-wal") and self.path.exists() and self.path.read_bytes() == self._made

    def is_open_here(self) -> bool:
        """Whether this thread of this process has connections open, and may use them."""
        return self._open_in == _here()

    def close(self) -> None:
        """End the connections; the next write or look makes a new one."""
        self._open_in = None
        self._writer.close()
        if self._foreign is not None:
            self._foreign[0].close()
            self._foreign = None

    def foreign(self) -> apsw.Connection:
        """The connection of another program to the file that is now at the queue's path."""
        self._open_in = _here()
        file = self.path.stat()
        if self._foreign is not None and not os.path.samestat(self._foreign[1], file):
            self._foreign[0].close()
            self._foreign = None
        if self._foreign is None:
            self._foreign = _opened(self.path), file
        return self._foreign[0]

    def compiled(self) -> list[str]:
        """The tables that statements name when they are compiled, from now on, by the connection that writes."""
        tables: list[str] = []

        class Watch(Write):
            """Notes the statements that the connection compiles after it."""

            def run(self, session: Session) -> None:
                connection_of(session).authorizer = note

        def note(_code: int, first: str | None, *_more: str | None) -> int:
            tables.append(first or "")
            return apsw.SQLITE_OK

        self.run(Watch())
        tables.clear()
        return tables

    def run(self, *writes: Write) -> None:
        """
        Commit *writes* together.

        Raises:
            EmpathError: the first error.
        """
        for error in self.outcome(*writes):
            if error is not None:
                raise error

    def outcome(self, *writes: Write) -> list[EmpathError | None]:
        """Commit *writes* together; their errors."""
        self._open_in = _here()
        self._writer.execute(list(writes))
        return [write.error for write in writes]

    def done(self, wanted: W) -> W:
        """Commit one write and return it."""
        self.run(wanted)
        return wanted

    def register(self, slot: str, generation: int = 1) -> int:
        """Number of a new process."""
        row: dict[str, Any] = {"node": "mx.example.test", "instance": "run", "slot": slot, "generation": generation}
        return self.done(Register(**row, pid=1, now=T0)).process_id

    def new_message(
        self,
        *destinations: str,
        priority: int = 2,
        at: float = T0,
        content: bytes | None = b"Subject: x\r\n\r\ny\r\n",
        size: int | None = None,
        locator: str = INLINE,
        subject: str = "x",
        queue_id: QueueId | None = None,
        added_fields: bytes = b"",
    ) -> NewMessage:
        """A message with one recipient for each of *destinations*, by default one for `a.example`."""
        self._messages += 1
        keys = destinations or ("a.example",)
        domains = [key if ":" not in key else "example.test" for key in keys]
        recipients = tuple(
            Recipient(Address.parse(f"r{n}@{domain}"), "FAILURE") for n, domain in enumerate(domains, start=1)
        )
        return NewMessage(
            queue_id=queue_id or QueueId.make(Timestamp(T0), self._messages.to_bytes(10, "big")),
            node="mx.example.test",
            envelope=Envelope(ReversePath.parse("sender@example.test"), recipients),
            destinations=keys,
            content=content,
            locator=locator,
            size=len(added_fields + (content or b"")) if size is None else size,
            digest=hashlib.sha256(content or b"").hexdigest(),
            has_8bit=False,
            received_at=Timestamp(at),
            expires_at=Timestamp(at + LIFETIME_S),
            listener="127.0.0.1:2525",
            client_address="192.0.2.1",
            client_name="client.example",
            header_message_id="<1@example.test>",
            subject=subject,
            priority=priority,
            added_fields=added_fields,
        )

    def new_accept(self, *destinations: str, **attributes: Any) -> Accept:
        """The write that accepts `new_message(…)`."""
        return Accept(self.new_message(*destinations, **attributes))

    def accept(self, *destinations: str, count: int = 1, **attributes: Any) -> None:
        """Accept *count* messages in one commit."""
        self.run(*(self.new_accept(*destinations, **attributes) for _ in range(count)))

    def new_lease(
        self,
        *,
        now: float = T0,
        limit: int = 100,
        failing_limit: int = 25,
        further_limit: int = 100,
        ignores_class: bool = False,
        with_new: bool = True,
        workers: int = 1,
        process_id: int | None = None,
        rates: DeliveryRates | None = None,
    ) -> TakeLeases:
        """The write that takes leases, for the queue's process unless another is named."""
        return TakeLeases(
            process_id=process_id or self.process_id,
            now=now,
            limit=limit,
            failing_limit=failing_limit,
            further_limit=further_limit,
            workers=workers,
            ignores_class=ignores_class,
            with_new=with_new,
            rates=rates,
        )

    def lease(self, **attributes: Any) -> list[Lease]:
        """Take leases."""
        return self.done(self.new_lease(**attributes)).leases

    def new_settle(
        self,
        lease: Lease,
        status: RecipientStatus,
        *,
        message: int = 0,
        now: float = T0 + 1,
        next_retry_at: float = T0 + 3600,
        recipients: Iterable[int] | None = None,
        is_delayed: bool = False,
        clears_delay: bool = False,
    ) -> Settle:
        """The write that gives one *status* to recipients of the lease's *message*-th message, by default all."""
        leased = lease.messages[message]
        numbers = [r.recipient_id for r in leased.recipients] if recipients is None else recipients
        fates = tuple(
            Fate(
                recipient_id,
                status,
                Said(Stage.END_OF_DATA, REPLIES[status]),
                next_retry_at if status is RecipientStatus.DEFERRED else None,
                wants_notice=status in (RecipientStatus.BOUNCED, RecipientStatus.EXPIRED),
            )
            for recipient_id in numbers
        )
        return Settle(
            process_id=self.process_id,
            lease_id=lease.lease_id,
            message_id=leased.message_id,
            now=now,
            attempt=Attempt(lease.destination, now - 0.5, 0.5, "mx.a.example", "192.0.2.2:25"),
            fates=fates,
            is_delayed=is_delayed,
            clears_delay=clears_delay,
        )

    def select(self, statement: str, *bindings: Any) -> list[tuple[Any, ...]]:
        """Rows, as another process sees them."""
        return self.foreign().execute(statement, bindings).fetchall()

    def write(self, statement: str, *bindings: Any) -> None:
        """Change the file as another program does."""
        self.select(statement, *bindings)

    def forge(self, statement: str, *bindings: Any) -> None:
        """Change rows as somebody who may do all: without the triggers that forbid it."""
        connection = self.foreign()
        triggers = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement, bindings)
        for _, text in triggers:
            connection.execute(str(text))

    def dump(self) -> Dump:
        """Every row of every table, as the function `dump` gives them."""
        return _rows_of(self.foreign())

    def violations(self) -> Dump:
        """What is wrong with the queue; empty if nothing is."""
        return wrong_with(self.foreign())

    def statuses(self) -> list[str]:
        """Status of every recipient, in their order."""
        return [status for (status,) in self.select("SELECT status FROM _recipient ORDER BY recipient_id")]


_QUEUES: Final = WeakValueDictionary[Path, Queue]()  # the last one at each path


def ids(lease: Lease) -> list[int]:
    """Numbers of the recipients that a lease holds."""
    return [recipient.recipient_id for message in lease.messages for recipient in message.recipients]
