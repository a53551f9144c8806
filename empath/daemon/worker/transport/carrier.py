"""
carrier - what every transport takes and gives

A carrier belongs to one lease.  It takes one message at a time and answers for each of its recipients: what was tried,
what was said, and what that means.  settling.py makes fates and writes of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from empath.daemon.process.threads import in_thread
from empath.daemon.worker.connection import Permission
from empath.mail.fate import Attempt, Said
from empath.mail.outcome import Outcome
from empath.storage.queue.lease import LeasedMessage, LeasedRecipient
from empath.storage.spool import open_content

_CHUNK_OCTETS = 256 * 1024


@dataclass(frozen=True, slots=True)
class Body:
    """What goes on of one message: added_fields, then the content, which is in memory or in a spool file."""

    content: bytes | None
    spool: Path
    locator: str | None
    added_fields: bytes = b""

    def pieces(self) -> Iterator[bytes]:
        """Read it from the beginning, blocking; for a thread."""
        yield from self._in_memory()
        if self.content is None:
            yield from self._in_file()

    def pieces_in_hub(self) -> Iterator[bytes]:
        """Read it from the beginning, the disk in a thread; for a greenlet."""
        yield from self._in_memory()
        if self.content is None:
            yield from iter(partial(in_thread, next, self._in_file(), b""), b"")

    def _in_memory(self) -> Iterator[bytes]:
        if self.added_fields:
            yield self.added_fields
        if self.content is not None:
            yield self.content

    def _in_file(self) -> Iterator[bytes]:
        with open_content(self.spool, str(self.locator)) as file:
            while octets := file.read(_CHUNK_OCTETS):
                yield octets


@dataclass(frozen=True, slots=True)
class DeliveryJob:
    """One message with its recipients for one carrier. may_end is asked before the final dot."""

    message: LeasedMessage
    recipients: list[LeasedRecipient]
    body: Body
    may_end: Permission


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What one host's reply means for one recipient.

    is_in_doubt tells that the host may have the message though it is deferred.
    """

    recipient: LeasedRecipient
    said: Said
    outcome: Outcome
    is_in_doubt: bool = False


@dataclass(frozen=True, slots=True)
class HostAttempt:
    """One host, or a transport without hosts, with its answer for each recipient that it was asked about."""

    attempt: Attempt
    answers: list[Answer]


class Carrier(Protocol):
    """One way out of the queue."""

    @property
    def is_failing(self) -> bool:
        """Whether the last message reached no host at all."""

    def carry(self, job: DeliveryJob) -> Iterator[HostAttempt]:
        """Give the answers host by host; the last one of every recipient is not NEXT_HOST. Raises Abandoned."""
