"""
carrier - what every transport takes and gives

A carrier belongs to one lease.  It takes one message at a time and answers for each of its recipients: what was tried,
what was said, and what that means.  settling.py makes fates and writes of it.
"""

import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from empath.daemon.process.threads import in_thread
from empath.daemon.worker.connection import Permission
from empath.daemon.worker.marks import Marks
from empath.errors import ContentGone, StorageFailure
from empath.mail.fate import Attempt, Said
from empath.mail.outcome import Handover, Outcome
from empath.policy.destinations.settings import BUILT_IN, DestinationSettings
from empath.storage.queue.lease import LeasedMessage, LeasedRecipient
from empath.storage.spool import open_content

_CHUNK_OCTETS = 256 * 1024
_DELIVERED = Outcome.DELIVERED  # each message needs it: a name of the module is found at once


class Body(NamedTuple):
    """
    The octets to send of one message: added_fields, then the content, which is in memory or in a spool file.

    Shape: size counts the octets of both as they were accepted, digest is the hexadecimal SHA-256 of the content; None
    for a message of schema version 1, whose content has this host's fields in it.
    """

    content: bytes | None
    spool: Path
    locator: str | None
    size: int
    digest: str | None = None
    added_fields: bytes = b""

    def pieces(self) -> Iterator[bytes]:
        """
        Read it from the beginning, blocking; for a thread.

        Raises:
            ContentGone: it is not there, or after the last piece: it is not what was accepted.
            StorageFailure: it cannot be read now.
        """
        return self._whole() if self.content is not None else self._checked(self._in_file())

    def pieces_in_hub(self) -> Iterator[bytes]:
        """Read it from the beginning, the disk in a thread; for a greenlet. Raises as `pieces`."""
        if self.content is not None:
            return self._whole()
        return self._checked(iter(partial(in_thread, next, self._in_file(), b""), b""))

    def _whole(self) -> Iterator[bytes]:
        """One piece: it is small, and each piece has its cost on the way out."""
        content, added_fields = self.content, self.added_fields
        assert content is not None
        self._check(len(added_fields) + len(content), hashlib.sha256(content))
        return iter((added_fields + content,))

    def _checked(self, file: Iterator[bytes]) -> Iterator[bytes]:
        if self.added_fields:
            yield self.added_fields
        octets, hashed = len(self.added_fields), hashlib.sha256()
        for piece in file:
            octets += len(piece)
            hashed.update(piece)
            yield piece
        self._check(octets, hashed)

    def _check(self, octets: int, hashed: "hashlib._Hash") -> None:
        if octets != self.size:
            raise ContentGone(f"it has {octets} octets, and {self.size} were accepted")
        if self.digest is not None and hashed.hexdigest() != self.digest:
            raise ContentGone("its octets are not those that were accepted")

    def _in_file(self) -> Iterator[bytes]:
        with open_content(self.spool, str(self.locator)) as file:
            try:
                while octets := file.read(_CHUNK_OCTETS):
                    yield octets
            except OSError as exc:
                raise StorageFailure(f"{self.locator}: {exc.strerror}") from exc


def _built_in(_exchangers: tuple[str, ...]) -> DestinationSettings:
    return BUILT_IN


class DeliveryJob(NamedTuple):
    """
    One message with its recipients for one carrier.

    may_end is asked before its point of no return; settings_of gives what holds of the destination, by the names of its
    MX hosts where the carrier has found them.
    """

    message: LeasedMessage
    recipients: list[LeasedRecipient]
    body: Body
    may_end: Permission
    settings_of: Callable[[tuple[str, ...]], DestinationSettings] = _built_in


class Answer(NamedTuple):
    """
    What one host's reply means for one recipient.

    is_in_doubt tells that the host may have the message though it is deferred. retry_after_s is how long the host wants
    to be left alone, None if it did not say.
    """

    recipient: LeasedRecipient
    said: Said
    outcome: Outcome
    is_in_doubt: bool = False
    retry_after_s: float | None = None


class HostAttempt(NamedTuple):
    """
    One transaction, or a transport without hosts, with its answer for each recipient that it decided about.

    handover says who has the mail of those whose answer is DELIVERED; marks has the times of its stages, None where
    mail is not traced or the way has none.
    """

    attempt: Attempt
    answers: list[Answer]
    handover: Handover = Handover.FINAL
    marks: Marks | None = None

    @property
    def undelivered(self) -> list[Answer]:
        """The answers that are no success; nearly always none."""
        return [answer for answer in self.answers if answer.outcome is not _DELIVERED]


class Carrier(Protocol):
    """
    One way out of the queue.

    waits_for_hosts: a carrier that waits for others in the hub, where an exception may end its wait. exchangers: names
    of the MX hosts of the destination, best first; empty if it has none, or before they are known.
    """

    waits_for_hosts: bool

    @property
    def exchangers(self) -> tuple[str, ...]: ...

    @property
    def is_failing(self) -> bool:
        """Whether the last message reached no host at all."""

    def carry(self, job: DeliveryJob) -> Iterator[HostAttempt]:
        """
        Give the answers host by host; the last one of every recipient is not NEXT_HOST.

        Raises:
            Abandoned: *may_end* of the job said no, or an error came that says nothing about this message.
            OutOfResources: this process can open no connection now.
            ContentGone: the content is not there, or damaged.
            StorageFailure: the content cannot be read now.
        """
