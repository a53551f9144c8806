"""
content - the content of one message while it arrives

It stays in memory while it is small and the process holds little.  Otherwise it streams to the spool, in a thread, so
that a slow disk stops one session and not the hub.
"""

import hashlib

from empath.daemon.process.threads import in_thread
from empath.mail.identity import QueueId, Timestamp
from empath.message.header import HeaderGuard
from empath.storage.queue.accept import INLINE
from empath.storage.spool import SpoolFile

_CHUNK_OCTETS = 256 * 1024  # size of one write to the spool


class ContentBudget:
    """Octets of unfinished content that one process holds in memory, and its limits."""

    __slots__ = ("held_octets", "inline_octets", "limit_octets")

    def __init__(self, *, inline_octets: int, limit_octets: int) -> None:
        self.inline_octets = inline_octets
        self.limit_octets = limit_octets
        self.held_octets = 0


class IncomingContent:
    """
    Content from DATA to its end, under the queue id that its message gets. Call `close` last, however it ended.

    After `finish`: size in octets, digest (hexadecimal SHA-256), has_8bit, and either content whole with locator
    `inline`, or content None and the locator of a durable spool file.
    """

    __slots__ = (
        "_budget", "_guard", "_hash", "_held", "_pieces", "_spool_file", "begun_at", "content", "has_8bit",
        "is_accepted", "is_closed", "locator", "queue_id", "size",
    )  # fmt: skip

    def __init__(
        self,
        budget: ContentBudget,
        spool_file: SpoolFile,
        *,
        queue_id: QueueId,
        begun_at: Timestamp,
        header_octets: int,
    ) -> None:
        self.queue_id = queue_id
        self.begun_at = begun_at
        self._budget = budget
        self._guard = HeaderGuard(header_octets)
        self._hash = hashlib.sha256()
        self._held = 0
        self._pieces: list[bytes] = []
        self._spool_file = spool_file
        self.content: bytes | None = None
        self.has_8bit = False
        self.is_accepted = False
        self.is_closed = False
        self.locator = INLINE
        self.size = 0

    @property
    def header(self) -> bytes:
        """The header section as received, bounded."""
        return self._guard.header

    @property
    def digest(self) -> str:
        """Hexadecimal SHA-256 of the content."""
        return self._hash.hexdigest()

    def add(self, octets: bytes) -> None:
        """
        Take the next piece.

        Raises:
            StorageFailure: the spool cannot be written.
        """
        self._hash.update(octets)
        self._keep(self._guard.feed(octets))
        if not self.has_8bit and not octets.isascii():
            self.has_8bit = True
        if self.locator is not INLINE:
            if self._held >= _CHUNK_OCTETS:
                self._spill()
        elif self._is_too_much():
            self.locator = self._spool_file.locator

    def finish(self) -> None:
        """
        The end of data was seen: complete the content.

        Raises:
            StorageFailure: the spool cannot be written.
        """
        if self.locator is INLINE:
            self.content = b"".join(self._pieces)
        else:
            self._spill()
            in_thread(self._spool_file.complete)

    def close(self) -> None:
        """Give the memory back, and remove the spool file unless `is_accepted` says that a row names it."""
        if self.is_closed:
            return
        self.is_closed = True
        self._budget.held_octets -= self._held
        self._held = 0
        self._pieces.clear()
        if self.is_accepted:
            self._spool_file.close()
        elif self.locator is not INLINE:
            in_thread(self._spool_file.discard)

    def _is_too_much(self) -> bool:
        budget = self._budget
        return self.size > budget.inline_octets or budget.held_octets > budget.limit_octets

    def _keep(self, octets: bytes) -> None:
        self._pieces.append(octets)
        self._held += len(octets)
        self._budget.held_octets += len(octets)
        self.size += len(octets)

    def _spill(self) -> None:
        chunk = b"".join(self._pieces)
        self._pieces.clear()
        in_thread(self._spool_file.write, chunk)
        self._budget.held_octets -= self._held
        self._held = 0
