"""
incoming - the content of one message while it arrives

It stays in memory as long as it is small and the process holds little; beyond that it streams to the spool, in a
thread, so that a slow disk stops one session and not the hub.
"""

import hashlib
from collections.abc import Callable

from empath.daemon.process.threads import in_thread
from empath.message.header import HeaderGuard
from empath.storage.queue.accept import INLINE
from empath.storage.spool import SpoolFile

_CHUNK_OCTETS = 256 * 1024  # written to the spool at once


class ContentBudget:
    """Octets of unfinished content that one process holds in memory, and how many it may."""

    __slots__ = ("held_octets", "inline_octets", "limit_octets")

    def __init__(self, *, inline_octets: int, limit_octets: int) -> None:
        self.inline_octets = inline_octets
        self.limit_octets = limit_octets
        self.held_octets = 0


class IncomingContent:
    """
    Content from DATA to its end. Call `release` last, whatever became of it.

    *top* composes, from the header section as received, the fields that this host puts above it.
    After `finish`: size in octets with those fields, digest (hexadecimal SHA-256) of what was received, has_8bit, and
    either content whole with locator `inline`, or content None and the locator of a durable spool file.
    """

    __slots__ = (
        "_budget", "_guard", "_hash", "_held", "_pieces", "_spool_file", "_top", "content", "has_8bit", "locator",
        "size",
    )  # fmt: skip

    def __init__(
        self, budget: ContentBudget, spool_file: SpoolFile, *, header_octets: int, top: Callable[[bytes], bytes]
    ) -> None:
        self._budget = budget
        self._guard = HeaderGuard(header_octets)
        self._hash = hashlib.sha256()
        self._held = 0
        self._pieces: list[bytes] = []
        self._spool_file = spool_file
        self._top = top
        self.content: bytes | None = None
        self.has_8bit = False
        self.locator = INLINE
        self.size = 0

    @property
    def header(self) -> bytes:
        """The header section as received, bounded."""
        return self._guard.header

    @property
    def digest(self) -> str:
        """Hexadecimal SHA-256 of what was received."""
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
        elif self._guard.is_settled and self._is_too_much():
            self.locator = self._spool_file.locator
            self._put_top()

    def finish(self) -> None:
        """
        The end of data was seen: complete the content.

        Raises:
            StorageFailure: the spool cannot be written.
        """
        if self.locator is INLINE:
            self._put_top()
            self.content = b"".join(self._pieces)
        else:
            self._spill()
            in_thread(self._spool_file.complete)

    def release(self, *, is_accepted: bool) -> None:
        """Give the memory back, and the spool file where no row names it."""
        self._budget.held_octets -= self._held
        self._held = 0
        self._pieces.clear()
        if not is_accepted and self.locator is not INLINE:
            in_thread(self._spool_file.discard)

    def _is_too_much(self) -> bool:
        budget = self._budget
        return self.size > budget.inline_octets or budget.held_octets > budget.limit_octets

    def _keep(self, octets: bytes) -> None:
        self._pieces.append(octets)
        self._held += len(octets)
        self._budget.held_octets += len(octets)
        self.size += len(octets)

    def _put_top(self) -> None:
        self._keep(self._top(self._guard.header))
        self._pieces.insert(0, self._pieces.pop())

    def _spill(self) -> None:
        chunk = b"".join(self._pieces)
        self._pieces.clear()
        in_thread(self._spool_file.write, chunk)
        self._budget.held_octets -= self._held
        self._held = 0
