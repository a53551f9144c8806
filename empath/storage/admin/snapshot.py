"""
snapshot - read the queue at one instant, and commit a person's order

THEORY
    A Snapshot is one instant of the queue: the whole answer is read inside one transaction, which takes no lock and
    does not keep a writer waiting.  An order is a Write that `carry_out` commits alone.  Running workers see the commit
    by `Reader.news`, so they need no message.
"""

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from empath.errors import StorageFailure
from empath.mail.identity import QueueId
from empath.mail.status import RecipientStatus
from empath.message.header import header_section
from empath.policy.destinations.rulebook import RuleRow
from empath.storage.admin.destination_rules import exchangers_of
from empath.storage.admin.listings import (
    Listing,
    Reason,
    changes_of,
    judgement_of,
    list_found,
    list_mail_to,
    list_queue,
    list_view,
    reason_of,
)
from empath.storage.admin.pauses import Pauses, find_pauses, frozen_since
from empath.storage.admin.records import (
    AttemptRow,
    Beat,
    ClassLoad,
    DestinationLoad,
    LiveRecipient,
    Message,
    ProcessRun,
    Recipient,
    Reference,
    Stats,
)
from empath.storage.admin.selection import Selection, list_rows, named, probe, require_destination
from empath.storage.admin.short_ids import whole
from empath.storage.admin.tracking import trace_id
from empath.storage.admin.transcripts import MOST_OF_MESSAGE, FailedDialogue, failed_dialogues
from empath.storage.engine import Engine, Row, Selects
from empath.storage.past_mail import PastMail
from empath.storage.queue.accept import INLINE
from empath.storage.queue.destination_rules import rules_in_force
from empath.storage.queue.listener_limits import limits_in_force
from empath.storage.spool import open_content
from empath.storage.write import Write

T = TypeVar("T")

_AGES: Final = ("60", "300", "3600", "21600", "86400", "432000", "+Inf")  # as in the statement
_MAX_HEADER_OCTETS = 1024 * 1024
_PIECE_OCTETS = 64 * 1024
_UNTIL: Final = re.compile(r"^((?:suspended|breaker open) until \S+) (\S+)")  # as in the view _blocked


def _readable(row: Sequence[Any]) -> tuple[Any, ...]:
    """*row* with the instant in its last column, blocked_by, as empath-admin writes all instants."""
    *others, blocked_by = row
    return (*others, blocked_by and _UNTIL.sub(r"\1T\2Z", blocked_by))


class Snapshot:
    """
    One instant of the queue of *engine*, to be used in a `with`.

    Raises:
        MissingInput: there is no such file.
        PermissionRefused: this user may not read it.
        UnusableQueue, ServiceUnavailable, QueueBusy, StorageFailure: see `carry_out`; so do all methods.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._exit = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._visit = stack.enter_context(self._engine.visiting(None))
            stack.enter_context(self._visit.one_instant())
            self._exit = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._exit.__exit__(kind, error, traceback)

    def list_live(self, selection: Selection, *, after: int, limit: int, now: float) -> list[LiveRecipient]:
        """
        Up to *limit* live recipients of *selection* whose number is above *after*, by number, as they are at *now*.

        Raises:
            UsageError: the selection's SQL is not an expression, or does not only read.
        """
        probe(self._visit, "queue", selection)
        rows = list_rows(self._visit, selection, after=after, limit=limit, now=now)
        return [LiveRecipient(*_readable(row)) for row in rows]

    def rules(self, now: float) -> list[RuleRow]:
        """The rules of destinations in force at *now*."""
        return rules_in_force(self._visit, now)

    def exchangers(self, destination: str) -> tuple[str, ...]:
        """The MX hosts of *destination*, best first, as far as they are known."""
        return exchangers_of(self._visit, destination)

    def processes(self, *, before: int | None, limit: int, has_ended: bool) -> list[ProcessRun]:
        """Up to *limit* runs of processes numbered below *before*, newest first; ended ones only if *has_ended*."""
        wanted = {"before": before, "limit": limit, "has_ended": has_ended}
        return [ProcessRun(*row) for row in self._visit.rows("admin.processes", wanted)]

    def whole(self, reference: Reference) -> Reference:
        """
        *reference* with the whole queue id.

        Raises:
            MissingInput, UsageError: see `short_ids.whole`.
        """
        return whole(self._visit, reference)

    def find_message(self, reference: Reference, now: float) -> Message | None:
        """The named message with all its recipients, or the message of the named recipient, as it is at *now*."""
        by = "admin.message_by_ulid" if reference.recipient_id is None else "admin.message_by_recipient"
        message_id = self._visit.value(by, reference.keys)
        if message_id is None:
            return None
        keys = {"message_id": message_id, "recipient_id": reference.recipient_id, "now": now}
        [row] = self._visit.rows("admin.message", keys)
        recipients = {row[0]: Recipient(*_readable(row)) for row in self._visit.rows("admin.recipients", keys)}
        for recipient_id, *attempt in self._visit.rows("admin.attempts", keys):
            recipients[recipient_id].attempt_log.append(AttemptRow(*attempt))
        message = Message(*row)
        message.recipients.extend(recipients.values())
        return message

    def trace_id(self, reference: Reference) -> str | None:
        """The id of the trace of a message, or of that of a recipient; None where it is in none."""
        return trace_id(self._visit, reference)

    def transcripts_of(self, queue_id: str) -> list[FailedDialogue]:
        """The last dialogues with hosts that failed about a message, the newest first."""
        return failed_dialogues(self._visit, message=queue_id, limit=MOST_OF_MESSAGE)

    def find_live(self, queue_id: QueueId, address: str) -> int | None:
        """Number of the live recipient *address* of a message; None if there is none."""
        keys = {"ulid": str(queue_id), "address": address}
        number: int | None = self._visit.value("admin.live_recipient", keys)
        return number

    def check_names(self, selection: Selection) -> list[Reference]:
        """
        The ids in *selection* that no row has.

        Raises:
            MissingInput: its destination is not in the queue.
        """
        require_destination(self._visit, selection.destination)
        return named(self._visit, selection.references)[2] if selection.references else []

    def header(self, message: Message, spool: Path) -> bytes | None:
        """The header section of the message as it goes on, each line ended by CRLF; None where it was removed."""
        if message.content_locator is None:
            return None
        if message.content_locator == INLINE:
            message_id = self._visit.value("admin.message_by_ulid", {"ulid": message.id})
            wanted = {"message_id": message_id, "limit": _MAX_HEADER_OCTETS}
            octets = self._visit.value("admin.inline_start", wanted)
        else:
            try:
                with open_content(spool, message.content_locator) as file:
                    octets = file.read(_MAX_HEADER_OCTETS)
            except OSError as exc:
                raise StorageFailure(f"{spool}: {exc.strerror}") from exc
        added_fields: bytes = self._visit.value("admin.added_fields", {"ulid": message.id})
        return header_section(added_fields + (octets or b""), _MAX_HEADER_OCTETS)

    def content(self, message: Message, spool: Path) -> Iterator[bytes]:
        """
        The octets of the message as it goes on, piece by piece; none where they were removed.

        Raises:
            StorageFailure: the file cannot be read.
        """
        if message.content_locator is None:
            return
        yield self._visit.value("admin.added_fields", {"ulid": message.id})
        if message.content_locator == INLINE:
            message_id = self._visit.value("admin.message_by_ulid", {"ulid": message.id})
            yield self._visit.value("lease.inline_content", {"message_id": message_id}) or b""
            return
        try:
            with open_content(spool, message.content_locator) as file:
                while piece := file.read(_PIECE_OCTETS):
                    yield piece
        except OSError as exc:
            raise StorageFailure(f"{spool}: {exc.strerror}") from exc

    def pauses(self, now: float) -> Pauses:
        """The orders that keep due mail from going out at *now*."""
        return find_pauses(self._visit, now)

    def listener_limits(self, now: float) -> int:
        """The number of limits of listeners that stand above the file at *now*."""
        return len(limits_in_force(self._visit, now))

    def beats(self) -> list[Beat]:
        """The last signs of life of the processes that have not ended."""
        return [Beat(*row) for row in self._visit.rows("doctor.beats")]

    def last_activity(self, now: float) -> float | None:
        """
        The latest instant, in Unix seconds, at which a process gave a sign of life or a message came in. While delivery
        is frozen, only what was before that counts: after a restore this is the state of the backup.
        """
        since = frozen_since(self._visit)
        before = now if since is None else datetime.fromisoformat(since).timestamp()
        at: float | None = self._visit.value("admin.last_activity", {"before": before})
        return at

    def stats(self, top: int, now: float) -> Stats:
        """Count at *now*; *top* destinations are named."""
        found: dict[str, int] = dict(self._visit.rows("admin.count_by_status"))
        [(messages, octets, oldest)] = self._visit.rows("admin.live_messages")
        busiest = self._visit.rows("admin.busiest_destinations", {"limit": top, "now": now})
        return Stats(
            pauses=self.pauses(now),
            messages=messages,
            size_octets=octets,
            oldest_received_at=oldest,
            recipients={status.value: found.get(status, 0) for status in RecipientStatus},
            destination_count=self._visit.value("admin.count_destinations"),
            top_destinations=[DestinationLoad(*_readable(row)) for row in busiest],
        )

    def ages(self, now: float) -> dict[str, int]:
        """How many messages with a live recipient are younger at *now* than so many seconds, `+Inf` for all."""
        [counts] = self._visit.rows("admin.live_ages", {"now": now})
        return dict(zip(_AGES, counts, strict=True))

    def page(self, view: str, key: str | None) -> Listing:
        """See `list_view`."""
        return list_view(self._visit, view, key)

    def ask(self, question: Callable[[Selects], T]) -> T:
        """What *question* finds, at the instant of this snapshot."""
        return question(self._visit)

    def queue_page(self, selection: Selection, key: str | None) -> Listing:
        """See `list_queue`."""
        return list_queue(self._visit, selection, key)

    def mail_to(self, address: str) -> Listing:
        """See `list_mail_to`."""
        return list_mail_to(self._visit, address)

    def found(self, past: PastMail, text: str) -> Listing:
        """See `list_found`."""
        return list_found(self._visit, past, text)

    def reason_of(self, recipient_id: int) -> Reason | None:
        """See `listings.reason_of`."""
        return reason_of(self._visit, recipient_id)

    def judgement_of(self, queue_id: str) -> dict[str, Any]:
        """See `listings.judgement_of`."""
        return judgement_of(self._visit, queue_id)

    def changes_of(self, recipient_id: int) -> list[Row]:
        """See `listings.changes_of`."""
        return changes_of(self._visit, recipient_id)

    def classes(self) -> list[ClassLoad]:
        """The attempts on record by class of failure, the most frequent first."""
        return [ClassLoad(**record) for record in self._visit.records("admin.count_by_class")]


def carry_out(engine: Engine, order: Write, *, deadline_s: float) -> None:
    """
    Commit *order* to the queue of *engine*, waiting at most *deadline_s* for the write lock.

    Raises:
        MissingInput: there is no such file.
        PermissionRefused: this user may not write it.
        UnusableQueue: it is not a queue database, or has another schema.
        ServiceUnavailable: the SQLite library could corrupt it.
        QueueBusy: another process held the write lock until the deadline.
        StorageFailure: the disk failed.
    """
    with engine.visiting(deadline_s) as visit, visit.transaction():
        order.run(visit)
