"""
admin - what a person asks of the queue and orders in it

THEORY
    A Snapshot is one instant of the queue: all of an answer is read inside one transaction that takes no lock and
    keeps no writer waiting.  An order is a Work that `carry_out` commits alone; running workers see the commit by
    `PRAGMA data_version`, so nobody needs to be told.
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import apsw

from empath.errors import StorageFailure
from empath.message.header import HeaderGuard
from empath.storage.accept import INLINE
from empath.storage.admin_records import (
    FINAL,
    LIVE,
    WAITING,
    Attempt,
    DestinationLoad,
    Effect,
    LiveRecipient,
    Message,
    Recipient,
    Reference,
    Retried,
    Stats,
)
from empath.storage.connection import rows, transaction, value
from empath.storage.queries import queries
from empath.storage.schema import check_current
from empath.storage.spool import open_content
from empath.storage.visit import visiting
from empath.storage.writer import Work

_SQL = queries("admin")
_MAX_HEADER_OCTETS = 1024 * 1024


class Snapshot:
    """
    One instant of the queue at *path*, to be used in a `with`.

    Raises:
        MissingInput: there is no such file.
        PermissionRefused: this user may not read it.
        UnusableQueue, ServiceUnavailable, QueueBusy, StorageFailure: see `carry_out`; so do all methods.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._exit = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._connection = stack.enter_context(visiting(self._path, None))
            self._connection.execute("BEGIN")
            check_current(self._connection, self._path)
            self._exit = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._exit.__exit__(kind, error, traceback)

    def list_live(self, *, after: int, status: str | None, domain: str | None, limit: int) -> list[LiveRecipient]:
        """Up to *limit* live recipients whose number is above *after*, by number; *domain* in A-labels."""
        wanted = {"after": after, "status": status, "domain": domain, "limit": limit}
        return [LiveRecipient(*row) for row in rows(self._connection, _SQL["list_live"], wanted)]

    def find_message(self, reference: Reference) -> Message | None:
        """The message that is named, with all its recipients, or the message of the recipient that is named."""
        by = "message_by_ulid" if reference.recipient_id is None else "message_by_recipient"
        message_id = value(self._connection, _SQL[by], reference.keys)
        if message_id is None:
            return None
        keys = {"message_id": message_id, "recipient_id": reference.recipient_id}
        [row] = rows(self._connection, _SQL["message"], keys)
        recipients = {row[0]: Recipient(*row) for row in rows(self._connection, _SQL["recipients"], keys)}
        for recipient_id, *attempt in rows(self._connection, _SQL["attempts"], keys):
            recipients[recipient_id].attempt_log.append(Attempt(*attempt))
        message = Message(*row)
        message.recipients.extend(recipients.values())
        return message

    def header(self, message: Message, spool: Path) -> bytes | None:
        """The header section of the message's content, each line ended by CRLF; None where that was removed."""
        if message.content_locator is None:
            return None
        if message.content_locator == INLINE:
            message_id = value(self._connection, _SQL["message_by_ulid"], {"ulid": message.id})
            wanted = {"message_id": message_id, "limit": _MAX_HEADER_OCTETS}
            octets = value(self._connection, _SQL["inline_start"], wanted)
        else:
            try:
                with open_content(spool, message.content_locator) as file:
                    octets = file.read(_MAX_HEADER_OCTETS)
            except OSError as exc:
                raise StorageFailure(f"{spool}: {exc.strerror}") from exc
        guard = HeaderGuard(_MAX_HEADER_OCTETS)
        guard.feed(octets or b"")
        return guard.header

    def frozen_since(self) -> str | None:
        """The instant at which delivery was stopped, in ISO 8601; None while it is not."""
        return _frozen_since(self._connection)

    def stats(self, top: int) -> Stats:
        """Count; *top* destinations are named."""
        found = dict(rows(self._connection, _SQL["count_by_status"]))
        [(messages, octets, oldest)] = rows(self._connection, _SQL["live_messages"])
        busiest = rows(self._connection, _SQL["busiest_destinations"], {"limit": top})
        return Stats(
            frozen_since=self.frozen_since(),
            messages=messages,
            size_octets=octets,
            oldest_received_at=oldest,
            recipients={status: found.get(status, 0) for status in (*LIVE, *FINAL)},
            destination_count=value(self._connection, _SQL["count_destinations"]),
            top_destinations=[DestinationLoad(*row) for row in busiest],
        )


class RetryNow(Work):
    """
    Make waiting recipients due at *now*.

    After it `retried` has every recipient that was named, once, and `not_found` the references that name no row;
    `frozen_since` tells that nothing will be delivered all the same.
    """

    def __init__(self, references: Sequence[Reference], *, now: float) -> None:
        super().__init__()
        self.retried: list[Retried] = []
        self.not_found: list[Reference] = []
        self.frozen_since: str | None = None
        self._references = list(dict.fromkeys(references))
        self._now = now

    def run(self, connection: apsw.Connection) -> None:
        chosen: dict[int, Retried] = {}
        self.not_found = []
        for reference in self._references:
            found = rows(connection, _SQL["retry_candidates"], reference.keys)
            if not found:
                self.not_found.append(reference)
            for recipient_id, *row in found:
                if recipient_id not in chosen:
                    chosen[recipient_id] = self._judge(recipient_id, *row)
        self.retried = list(chosen.values())
        connection.executemany(
            _SQL["make_due"],
            ({"recipient_id": r.recipient_id, "now": self._now} for r in self.retried if r.effect is Effect.MADE_DUE),
        )
        self.frozen_since = _frozen_since(connection)

    def _judge(self, recipient_id: int, ulid: str, address: str, status: str, next_retry_at: float) -> Retried:
        if status in WAITING:
            effect = Effect.MADE_DUE if next_retry_at > self._now else Effect.DUE_ALREADY
        elif status in FINAL:
            effect = Effect.FINAL
        else:
            effect = Effect.HELD if status == "held" else Effect.BEING_DELIVERED
        due_at = self._now if effect is Effect.MADE_DUE else next_retry_at
        return Retried(recipient_id, ulid, address, status, effect, next_retry_at, due_at)


class Freeze(Work):
    """Stop delivery from *at* (ISO 8601) on; `is_changed` is False and `since` older if it was stopped before."""

    def __init__(self, *, at: str) -> None:
        super().__init__()
        self.since = at
        self.is_changed = False
        self._at = at

    def run(self, connection: apsw.Connection) -> None:
        connection.execute(_SQL["freeze"], {"at": self._at})
        self.is_changed = connection.changes() > 0
        self.since = _frozen_since(connection) or self._at


class Thaw(Work):
    """Let delivery go on; `since` is the instant at which it was stopped, None if it was not."""

    def __init__(self) -> None:
        super().__init__()
        self.since: str | None = None

    def run(self, connection: apsw.Connection) -> None:
        self.since = _frozen_since(connection)
        connection.execute(_SQL["thaw"])


def carry_out(path: Path, order: Work, *, deadline_s: float) -> None:
    """
    Commit *order* to the queue at *path*, waiting at most *deadline_s* for the write lock.

    Raises:
        MissingInput: there is no such file.
        PermissionRefused: this user may not write it.
        UnusableQueue: it is no queue database, or one of another schema.
        ServiceUnavailable: the SQLite library could corrupt it.
        QueueBusy: another process held the write lock until the deadline.
        StorageFailure: the disk failed.
    """
    with visiting(path, deadline_s) as connection, transaction(connection):
        check_current(connection, path)
        order.run(connection)


def _frozen_since(connection: apsw.Connection) -> str | None:
    since: str | None = value(connection, _SQL["frozen_since"])
    return since
